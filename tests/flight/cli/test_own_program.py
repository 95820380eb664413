"""A child is of the same Skyrack, whatever stands in the folder where it is started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flight.app import load_mission
from flight.cli.executive import files_command, worker_command
from flight.cli.own_program import own_program
from flight.wire.file_packets import FileSettings
from sim.live.orchestra import flight_command, ground_command

ROOT = Path(__file__).parents[3]
WHERE = {
    "mission": "pathfinder",
    "link": "none",
    "umbilical": "none",
    "speed": 1,
    "station": "none",
    "up_bit_s": 1,
    "epoch": "2026-01-01T00:00:00+00:00",
}


@pytest.fixture
def decoys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with packages of our names."""
    for name in ("flight", "ground", "sim", "hil"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise RuntimeError('the {name} of somebody else')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


def commands(folder: Path) -> dict[str, list[str]]:
    mission = load_mission("pathfinder")
    return {
        "storage": worker_command(mission, folder),
        "files": files_command(FileSettings(1, 1115), folder),
        "flight": flight_command(WHERE, folder, fifo=False),
        "ground": ground_command(WHERE, folder, folder, 0),
    }


def said_by(command: list[str]) -> str:
    """Only how the program's own help begins: what it would do takes a mission, a link or a disk."""
    module = command[command.index("-m") + 2 :][0]
    begins = command[: command.index(module)]
    ran = subprocess.run([*begins, module, "--help"], capture_output=True, text=True, check=False)
    return ran.stdout + ran.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["storage", "files", "flight", "ground"])
def test_a_child_is_ours_in_a_folder_with_packages_of_our_names(decoys: Path, name: str) -> None:
    command = commands(decoys)[name]
    assert "usage: skyrack-" in said_by(command)
    unsafe = [word for word in command if word != "-P"]
    assert "of somebody else" in said_by(unsafe), "and would not be without -P"


def test_every_command_of_ours_begins_so(decoys: Path) -> None:
    for name, command in commands(decoys).items():
        module = "ground" if name == "ground" else "flight"
        assert command[:4] == own_program(module) == [sys.executable, "-P", "-m", module]


def test_a_checkout_that_is_not_installed_is_found_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert own_program("flight") == [sys.executable, "-m", "flight"]


def test_a_working_folder_that_is_gone_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert own_program("flight")[1] == "-P"
    monkeypatch.chdir(tmp_path)
