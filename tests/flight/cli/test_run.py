"""`skyrack-flight run`: what it refuses, each in one line, and what it makes of the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flight.__main__ import main, parser
from flight.app import MissionError
from flight.cli.own_program import own_program
from flight.cli.run import SHARED_MEMORY, FlightOptions, RunError, checked, guardian_command, page_path

UMBILICAL = "tcp://127.0.0.1:1"


def options(**changes: object) -> FlightOptions:
    return FlightOptions("pathfinder", "pc", "state")._replace(**changes)  # type: ignore[arg-type]


def refused(changes: dict[str, object]) -> str:
    with pytest.raises((RunError, MissionError)) as caught:
        checked(options(**changes))
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"umbilical": UMBILICAL},
            "board pc is a flight configuration and takes no umbilical; use --board bench",
        ),
        ({"speed": 2}, "board pc is a flight configuration and flies in real time, not at --speed"),
        ({"board": "bench"}, "board bench needs --umbilical tcp://HOST:PORT, serial:DEVICE@BAUD or channel"),
        (
            {"board": "bench", "umbilical": "here"},
            "--umbilical 'here': expected tcp://HOST:PORT, serial:DEVICE@BAUD or channel",
        ),
        ({"board": "toaster"}, "there is no board 'toaster', expected pc or bench"),
        ({"board": "bench", "umbilical": UMBILICAL, "speed": 0}, "--speed 0: expected 1 to 1000"),
        ({"board": "bench", "umbilical": UMBILICAL, "speed": 1001}, "--speed 1001: expected 1 to 1000"),
        (
            {"link": "tty:1"},
            "--link 'tty:1' is no link, expected serial:DEVICE@BAUD, tcp:HOST:PORT or udp:HOST:PORT",
        ),
        ({"mission": "nowhere"}, "mission 'nowhere' is no package that can be imported, and no folder"),
    ],
)
def test_what_cannot_fly_is_refused_in_one_line(changes: dict[str, object], says: str) -> None:
    assert refused(changes) == says


def test_the_program_refuses_before_it_starts_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    words = ["run", "pathfinder", "--board", "pc", "--state", str(state), "--umbilical", UMBILICAL]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("skyrack-flight: board pc is a flight configuration")
    assert said.count("\n") == 1
    assert not state.exists()


@pytest.mark.slow
def test_the_executive_refuses_too_whoever_starts_it(tmp_path: Path) -> None:
    words = [
        "executive",
        "pathfinder",
        "--board",
        "pc",
        "--state",
        str(tmp_path),
        "--page",
        str(tmp_path / "page"),
    ]
    command = [sys.executable, "-m", "flight", *words, "--umbilical", UMBILICAL]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("skyrack-flight: board pc is a flight configuration")
    assert ended.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_state_folder_that_cannot_be_made_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["run", "pathfinder", "--board", "pc", "--state", str(tmp_path / "file")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("skyrack-flight: ")
    assert said.count("\n") == 1


def test_the_guardian_is_given_what_the_executive_needs(tmp_path: Path) -> None:
    given = options(board="bench", umbilical=UMBILICAL, speed=60, link="tcp:localhost:5", state=str(tmp_path))
    flyable = checked(given)
    assert flyable.link in {"tcp:127.0.0.1:5", "tcp:::1:5"}
    command = guardian_command(flyable, "")
    split = command.index("--")
    begins = len(own_program("flight.guardian"))
    assert command[:begins] == own_program("flight.guardian")
    assert command[split + 1 : split + 1 + begins] == own_program("flight")
    page, watchdog, lock = command[begins:split]
    assert (page, watchdog, lock) == (
        str(page_path(tmp_path)),
        f"{tmp_path}/watchdog",
        f"{tmp_path}/guardian.lock",
    )
    parsed = parser().parse_args([*command[split + 1 + begins :], "--page", page])
    assert FlightOptions._make(getattr(parsed, name) for name in FlightOptions._fields) == flyable
    assert "--fifo" not in command
    fifo = guardian_command(flyable._replace(fifo=True), "/dev/watchdog")
    assert fifo[begins + 1] == "/dev/watchdog"
    assert fifo.count("--fifo") == 2, "for both, so that none can keep the other from the processor"


def test_the_page_lies_in_memory_and_is_the_folders_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.access(SHARED_MEMORY, os.W_OK):
        assert page_path(tmp_path).parent == SHARED_MEMORY
        assert page_path(tmp_path) == page_path(tmp_path / "x" / "..")
        assert page_path(tmp_path) != page_path(tmp_path / "x")
    monkeypatch.setattr("flight.cli.run.SHARED_MEMORY", tmp_path / "absent")
    assert page_path(tmp_path) == tmp_path / "page"
