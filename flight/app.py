"""The composition root: a mission and a board become a running system."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from flight.boot import Resumed
from flight.declare import Module
from flight.dictionary import Dictionary, build_dictionary, read_lock
from flight.kernel import Board, Kernel, Loaded, NoPage, Page
from flight.kernel.own import NAME, executive
from flight.mission import Mission, Row

OWN_BUDGET_US = 2_000


class MissionError(ValueError):
    """A mission package that cannot be used; one line says why."""


@dataclass(frozen=True)
class Built:
    """A mission with its module objects and its dictionary: what ground, simulator and board start from."""

    mission: Mission
    modules: dict[str, Module]
    dictionary: Dictionary


def load_mission(name: str) -> Mission:
    """By import name (`flight.missions.pathfinder`), short name (`pathfinder`), or path of a package folder."""
    module = _import(name)
    mission = getattr(module, "MISSION", None)
    if not isinstance(mission, Mission):
        raise MissionError(f"{name}: the package defines no MISSION of type flight.mission.Mission")
    return mission


def _import(name: str) -> ModuleType:
    path = Path(name)
    if path.is_dir():
        return _import_folder(path.resolve())
    candidates = [name, f"flight.missions.{name}"] if name.isidentifier() else [name]
    for candidate in candidates:
        try:
            if importlib.util.find_spec(candidate) is not None:
                return importlib.import_module(candidate)
        except ModuleNotFoundError:
            continue
    raise MissionError(f"mission {name!r} is no package that can be imported, and no folder")


def _import_folder(folder: Path) -> ModuleType:
    if not (folder / "__init__.py").is_file():
        raise MissionError(f"{folder} is no package: it has no __init__.py")
    parent = str(folder.parent)
    if parent not in sys.path:
        sys.path.insert(0, parent)
    return importlib.import_module(folder.name)


def with_own_row(mission: Mission) -> Mission:
    """The executive reports about itself like any module; its row comes first."""
    if mission.rows and mission.rows[0].name == NAME:
        return mission
    names = (NAME, *(row.name for row in mission.rows))
    every = 1_000_000_000 // mission.base_tick_ns
    own = Row(NAME, lambda: executive(names), every, critical=True, budget_us=OWN_BUDGET_US)
    return replace(mission, rows=(own, *mission.rows))


def make_modules(mission: Mission) -> dict[str, Module]:
    return {row.name: row.make() for row in mission.rows}


def build(mission: Mission, only: Sequence[str] | None = None) -> Built:
    """Make the modules and the dictionary.  IdsError if `ids.lock` does not fit.

    `only` names the rows to run (the safe set); the dictionary always covers the whole mission.
    """
    mission = with_own_row(mission)
    modules = make_modules(mission)
    lock = read_lock(mission.ids_path.read_text(), str(mission.ids_path)) if mission.ids_path.exists() else {}
    dictionary = build_dictionary(
        mission.name,
        mission.spacecraft_id,
        mission.coding,
        modules,
        lock,
        mission.telecommand,
        mission.telemetry,
    )
    if only is not None:
        modules = {name: module for name, module in modules.items() if name in only or name == NAME}
    return Built(mission, modules, dictionary)


def safe_rows(mission: Mission) -> list[str]:
    """The small set that runs after repeated restarts."""
    return [row.name for row in mission.rows if row.safe]


def assemble(
    built: Built, board: Board, resumed: Resumed, loaded: Loaded, page: Page | None = None
) -> Kernel:
    """Everything joined, not yet started."""
    return Kernel(
        built.mission, built.dictionary, built.modules, board, loaded, resumed.boot, page or NoPage()
    )
