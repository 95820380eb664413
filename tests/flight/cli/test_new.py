"""`skyrack-flight new`: what it writes outside of this repository flies, takes commands and passes its own test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flight.cli.new import TEMPLATES, NewMissionError, new_mission
from sim.live.orchestra import WHERE_FILE

ROOT = Path(__file__).parents[3]
NAME = "our_first"


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """As its owner would, with Skyrack installed, in the folder of the mission."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTEST_ADDOPTS", None)
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parent = tmp_path_factory.mktemp("elsewhere")
    made = python(parent, "-m", "flight", "new", NAME)
    assert made.returncode == 0, made.stderr
    assert made.stderr == ""
    written = {str(path.relative_to(parent)) for path in parent.rglob("*") if path.is_file()}
    assert written - {one for one in written if "__pycache__" in one} == set(made.stdout.split())
    return parent / NAME


@pytest.mark.slow
def test_it_stands_outside_and_every_name_is_filled_in(project: Path) -> None:
    assert not project.is_relative_to(ROOT)
    for path in project.rglob("*"):
        if path.is_file() and "__pycache__" not in str(path):
            assert "$" not in path.read_text()
            assert "MISSION" not in path.name
            assert "DOT_" not in path.name
    assert "runs/" in (project / ".gitignore").read_text()
    assert (project / NAME / "blinker.py").read_text().count("\n") < 80


@pytest.mark.slow
def test_its_numbers_fit(project: Path) -> None:
    checked = python(project, "-m", "flight", "ids", NAME)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.slow
def test_its_own_test_passes(project: Path) -> None:
    ran = python(project, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert ran.returncode == 0, ran.stdout
    assert "2 passed" in ran.stdout


@pytest.mark.slow
def test_its_own_test_notices_a_broken_module(project: Path) -> None:
    module = project / NAME / "blinker.py"
    text = module.read_text()
    module.write_text(text.replace("sees.sunlit and now", "now"))
    try:
        assert python(project, "-m", "pytest", "-q", "-p", "no:cacheprovider").returncode == 1
    finally:
        module.write_text(text)


@pytest.mark.slow
def test_its_scenario_flies_for_an_hour_and_its_command_completes(project: Path) -> None:
    out = project.parent / "out"
    ran = python(
        project, "-m", "sim", "run", "scenario.toml", "--mission", f"./{NAME}", "--quiet", "--out", str(out)
    )
    assert ran.returncode == 0, ran.stderr
    facts = json.loads((out / "run.json").read_text())
    assert facts["duration_s"] == 3600
    ground = ("-m", "ground", "--folder", str(out), "export")
    commands = python(project, *ground, "--commands", "--format", "jsonl")
    sent = [json.loads(line) for line in commands.stdout.splitlines()]
    assert [(one["text"], one["stage"]) for one in sent if one["source"] == "scenario"] == [
        ("blinker.pause seconds=60", "completed")
    ]
    events = python(project, *ground, "--events").stdout
    assert "blinked 100 times" in events


@pytest.mark.parametrize("name", ["", "My", "my-mission", "1st", "my mission", "../up", "class/x"])
def test_what_is_no_package_name_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(NewMissionError, match="is no package name"):
        new_mission(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.py").write_text("precious")
    with pytest.raises(NewMissionError, match="exists already"):
        new_mission("mine", tmp_path)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["work.py"]


def test_templates_are_all_that_is_there() -> None:
    files = [path for path in TEMPLATES.rglob("*") if path.is_file()]
    assert all(path.suffix == ".txt" for path in files)
    assert not any(path.name.startswith(".") for path in files), "a wheel would leave it behind"


@pytest.mark.slow
def test_its_readme_says_what_works(project: Path) -> None:
    """Word for word, but for the two that last until somebody ends them: those must be understood."""
    blocks = (project / "README.md").read_text().split("```console\n")[1:]
    lines = [line for block in blocks for line in block.split("```")[0].splitlines()]
    tests, run, live, shell = (line.split() for line in lines)
    assert (tests[:3], run[:2], live[:2], shell) == (
        ["python", "-m", "pytest"],
        ["skyrack-sim", "run"],
        ["skyrack-sim", "live"],
        ["skyrack-ground", "shell"],
    )
    assert python(project, *tests[1:], "--collect-only", "-q", "-p", "no:cacheprovider").returncode == 0
    assert (
        python(project, "-m", "sim", *run[1:], "--quiet", "--out", str(project.parent / "flown")).returncode
        == 0
    )
    taken = project.parent / "taken"
    taken.mkdir()
    (taken / WHERE_FILE).touch()
    refused = python(project, "-m", "sim", *live[1:], "--out", str(taken))
    assert refused.returncode == 2
    assert "holds another live run" in refused.stderr, "all else about it was right"
