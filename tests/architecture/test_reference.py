"""The reference in docs/dictionary is what the declarations say today."""

from __future__ import annotations

import pytest

from checks.findings import ROOT
from flight.app import build, load_mission
from flight.dictionary import to_markdown

MISSIONS = sorted(path.parent.name for path in ROOT.glob("flight/missions/*/__init__.py"))
DICTIONARIES = ROOT / "docs" / "dictionary"


def command(mission: str) -> str:
    return f"skyrack-flight dictionary {mission} --format markdown -o docs/dictionary/{mission}.md"


@pytest.mark.parametrize("mission", MISSIONS)
def test_written_reference_is_up_to_date(mission: str) -> None:
    path = DICTIONARIES / f"{mission}.md"
    assert path.exists(), f"run: {command(mission)}"
    wanted = to_markdown(build(load_mission(mission)).dictionary)
    lines = zip(path.read_text().splitlines(), wanted.splitlines(), strict=False)
    first = next(((found, line) for found, line in lines if found != line), None)
    assert first is None, f"{path.name} says {first[0]!r}, should say {first[1]!r}; run: {command(mission)}"
    assert path.read_text() == wanted, f"run: {command(mission)}"


def test_there_is_no_reference_of_a_mission_that_is_gone() -> None:
    assert sorted(path.stem for path in DICTIONARIES.glob("*.md")) == MISSIONS
