"""`skyrack-sim run`: the folder it leaves, the lines it says, and that a run is a scenario and a seed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sim.__main__ import main
from sim.configuration import ConfigurationError
from sim.run import fly
from sim.scenario import SCENARIOS, load_scenario

ROOT = Path(__file__).parents[2]
NEEDED = "import sys, numpy, scipy, sgp4, erfa, cbor2, rich; print(sys.version_info[:2])"
SHORT_S = 1200.0  # the first pass begins at 795 s


def test_a_run_leaves_everything_that_reproduces_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    assert main(["run", "reference", "--duration", "20 min", "--seed", "5", "--out", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "packets received" in out
    assert "x real time; report:" in out
    names = {path.name for path in folder.iterdir()}
    assert names == {"archive", "dictionary.json", "frames.bin", "report.html", "run.json", "scenario.toml"}
    facts = json.loads((folder / "run.json").read_text())
    assert facts["seed"] == 5
    assert facts["reproduce"] == "skyrack-sim run reference --seed 5 --duration 1200s"
    assert (folder / "scenario.toml").read_text() == (SCENARIOS / "reference.toml").read_text()
    frames = (folder / "frames.bin").read_bytes()
    assert len(frames) % 227 == 0
    assert frames.startswith(b"\x1a\xcf\xfc\x1d")
    assert not folder.with_name("run.unfinished").exists()


def test_a_second_run_takes_the_place_of_the_first(tmp_path: Path) -> None:
    scenario, folder = load_scenario("reference"), tmp_path / "run"
    first = fly(scenario, duration_s=60.0, folder=folder)
    second = fly(scenario, duration_s=60.0, folder=folder)
    assert first.result.trace_hash == second.result.trace_hash
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_another_seed_is_another_run() -> None:
    scenario = load_scenario("reference")
    hashes = {fly(scenario, duration_s=SHORT_S, seed=seed).result.trace_hash for seed in (1, 2)}
    assert len(hashes) == 2


def other_python() -> str | None:
    """Of another version, with the simulator's libraries: from `make PYTHON=python3.13 run`, or the system's."""
    for program in (*map(str, sorted(ROOT.glob(".venv*/bin/python"))), shutil.which("python3.13")):
        if program is None:
            continue
        done = subprocess.run([program, "-c", NEEDED], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() != str(sys.version_info[:2]):
            return program
    return None


@pytest.mark.slow
@pytest.mark.parametrize("python", ["this", "other"])
def test_the_trace_is_the_same_under_another_hash_seed_and_python(python: str) -> None:
    here = fly(load_scenario("reference"), duration_s=SHORT_S).result.trace_hash
    program = sys.executable if python == "this" else other_python()
    if program is None:
        pytest.skip(
            "no other Python has the libraries of the simulator; make PYTHON=python3.13 run gets them"
        )
    code = (
        "from sim.run import fly; from sim.scenario import load_scenario; "
        f"print(fly(load_scenario('reference'), duration_s={SHORT_S}).result.trace_hash)"
    )
    environment = os.environ | {"PYTHONHASHSEED": "4242", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [program, "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    assert done.stdout.strip() == here, done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "nowhere"], "no such scenario"),
        (["run", "missing.toml"], "missing.toml"),
        (["run", "--duration", "3 kg"], "--duration '3 kg': is a mass, expected a time such as"),
        (["run", "--duration", "soon"], "--duration 'soon': is not a number with a unit"),
        (["run", "--duration", "0 s"], "expected 1 s to"),
        (["run", "--mission", "nosuch"], "mission 'nosuch'"),
    ],
)
def test_what_cannot_run_is_one_line(
    arguments: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert error.startswith("skyrack-sim: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ('name = "power.swich"', "no such command"),
        ('name = "power.switch"\narguments = { rail = "navigatoin", on = true }', "navigatoin"),
        ('name = "power.switch"\narguments = { rail = "navigation" }', "on is missing"),
    ],
)
def test_a_scenario_command_that_does_not_fit_names_file_and_line(
    tmp_path: Path, command: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (SCENARIOS / "reference.toml").read_text().split("# ------")[0]
    path = tmp_path / "mine.toml"
    path.write_text(text + f'\n[[command]]\nat = "1 h"\n{command}\n')
    line = len(text.split("\n")) + 1
    with pytest.raises(ConfigurationError) as caught:
        fly(load_scenario(path), duration_s=10.0)
    assert str(caught.value).startswith(f"{path}:{line}: command: ")
    assert says in str(caught.value)
    assert main(["run", str(path), "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err == f"skyrack-sim: {caught.value}\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_fault_of_a_module_that_does_not_fly_names_file_and_line(tmp_path: Path) -> None:
    text = (SCENARIOS / "reference.toml").read_text().split("# ------")[0]
    path = tmp_path / "mine.toml"
    path.write_text(text + '\n[[fault]]\nat = "1 h"\ntarget = "module.powr"\nkind = "crash"\n')
    with pytest.raises(ConfigurationError) as caught:
        fly(load_scenario(path), duration_s=10.0)
    says = 'fault.target: no module is called "powr", did you mean "power"?'
    assert str(caught.value) == f"{path}:{len(text.split(chr(10))) + 1}: {says}"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("raised", "status"), [(KeyboardInterrupt, 130), (OSError("the disk is full"), 2)])
def test_a_run_cut_short_leaves_what_was_there_and_nothing_else(
    raised: BaseException, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strike(*_: object) -> None:
        raise raised

    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setattr("sim.run.Commander.look", strike)
    assert main(["run", "--duration", "60 s", "--quiet", "--out", str(folder)]) == status
    assert list(tmp_path.iterdir()) == [folder]
    assert not list(folder.iterdir())


def test_a_file_is_no_folder_for_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "precious.toml"
    path.touch()
    assert main(["run", "--duration", "60 s", "--out", str(path)]) == 2
    assert capsys.readouterr().err == f"skyrack-sim: {path}: is a file, expected a folder for the results\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("seed", ["-1", "x", str(2**63), "9" * 50])
def test_a_seed_is_what_a_scenario_may_have(seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--seed", seed])
    assert ended.value.code == 2
    assert f"{seed!r}: expected a whole number from 0 to {2**63 - 1}" in capsys.readouterr().err


def test_a_check_that_fails_makes_the_exit_code_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.checks.state import StoredWithinBudget

    inner = StoredWithinBudget.__init__

    def no_budget(self: StoredWithinBudget, simulation: object) -> None:
        inner(self, simulation)  # type: ignore[arg-type]
        self.budget = 0

    monkeypatch.setattr(StoredWithinBudget, "__init__", no_budget)
    assert main(["run", "--duration", "60 s", "--quiet", "--out", str(tmp_path / "r")]) == 1
