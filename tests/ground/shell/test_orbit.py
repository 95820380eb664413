"""`elements FILE`: told to the spacecraft, or said in one line what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ground.protocol import UsageError
from ground.shell.desk import DONE, USAGE
from ground.shell.orbit import FILE_OCTETS, two_lines_of
from sim.scenario import load_scenario

SCENARIO = load_scenario("reference")
LINES = (SCENARIO.line1, SCENARIO.line2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "worldview.tle"
    path.write_text("\n".join(LINES))
    return path


@pytest.mark.parametrize("text", ["{}\n{}", "WORLDVIEW-3\n{}\n{}\n", "\r\n{}  \r\n{}\r\n\r\n"])
def test_with_a_name_or_without(file: Path, text: str) -> None:
    file.write_text(text.format(*LINES))
    assert two_lines_of(file) == LINES


@pytest.mark.parametrize("text", ["", "{}", "a\n{}\n{}\nb", "{}\n{}\n{}\n{}", "{}\n{}" + " " * FILE_OCTETS])
def test_no_two_lines(file: Path, text: str) -> None:
    file.write_text(text.format(*LINES, *LINES))
    with pytest.raises(UsageError, match="worldview.tle: expected one two-line set"):
        two_lines_of(file)


@pytest.mark.slow
def test_they_are_taken_on_board(shell, craft, file: Path) -> None:
    code, lines = shell.answer(f"elements {file}")
    assert code == DONE
    assert lines[-1].endswith("completed")
    craft.wait_for(lambda: craft.events(prefix="forecast.elements_taken"), 60)
    assert craft.events(prefix="forecast")[-1].text == "elements of satellite 40115 taken"


@pytest.mark.slow
def test_wrong_ones_are_not_sent(shell, craft, file: Path) -> None:
    file.write_text("\n".join(LINES).replace("97.8579", "97.8578"))
    code, lines = shell.answer(f"elements {file}")
    assert code == USAGE
    assert "worldview.tle: line 2: checksum is" in lines[-1]
    assert not craft.history()
    assert shell.answer("elements gone.tle")[0] == USAGE
