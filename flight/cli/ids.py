"""`skyrack-flight ids`: does the mission's `ids.lock` fit its declarations, and bring it up to date."""

from __future__ import annotations

from flight.app import load_mission, make_modules, with_own_row
from flight.dictionary import IdsError, differences, read_lock, update, wanted_ids, write_lock
from flight.mission import Mission


def check(name: str) -> list[str]:
    """What differs, one line each; nothing if the lock fits."""
    mission, wanted = _wanted(name)
    return differences(read_lock(_text(mission), str(mission.ids_path)), wanted)


def write(name: str) -> str:
    """Number what is new, retire what is gone.  A changed layout keeps its number; its hash in the lock changes."""
    mission, wanted = _wanted(name)
    old = read_lock(_text(mission), str(mission.ids_path))
    new = update(old, wanted)
    mission.ids_path.write_text(write_lock(new))
    added = sum(key not in old for key in new)
    changed = sum(key in old and old[key] != new[key] for key in new)
    return f"{mission.ids_path}: {added} new, {changed} changed or retired, {len(new)} in all"


def _wanted(name: str) -> tuple[Mission, dict[tuple[str, str], str]]:
    mission = with_own_row(load_mission(name))
    return mission, wanted_ids(make_modules(mission))


def _text(mission: Mission) -> str:
    return mission.ids_path.read_text() if mission.ids_path.exists() else ""


__all__ = ["IdsError", "check", "write"]
