"""The plugin as a user's project has it: one suite, the board by an option."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "tests" / "hil" / "suite"


def run(*words: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=900)


@pytest.mark.long
def test_the_suite_passes_on_a_pseudo_serial_board() -> None:
    ended = run("--board", "pty", str(SUITE))
    assert ended.returncode == 0, ended.stdout
    assert "6 passed" in ended.stdout


@pytest.mark.slow
def test_a_project_of_its_own_flies_its_scenario_and_says_what_a_marker_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    scenario = (ROOT / "tests" / "ground" / "in_sight.toml").read_text()
    (tmp_path / "near.toml").write_text(scenario)
    (tmp_path / "pytest.ini").write_text("[pytest]\nskyrack_scenario = near.toml\n")
    (tmp_path / "test_mine.py").write_text(
        "import pytest\n"
        "def test_it_answers(craft):\n"
        "    assert craft.command('commands.nothing').wait().completed\n"
        "@pytest.mark.skyrack(colour='red')\n"
        "def test_of_a_slip(craft):\n"
        "    pass\n"
    )
    ended = run("-p", "hil.pytest_plugin", folder=tmp_path)
    assert "1 passed, 1 error" in ended.stdout
    assert "takes mission, scenario, seed, speed, by name" in ended.stdout
    ended = run("-p", "hil.pytest_plugin", "--board", "toaster", folder=tmp_path)
    assert ended.returncode == 4
    assert "invalid choice: 'toaster'" in ended.stderr
