"""`skyrack-hil` as a user types it: what makes no sense is one line, and a run leaves the simulator's folder."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hil.__main__ import main

SCENARIO = str(Path(__file__).parents[1] / "ground" / "in_sight.toml")
HANG_S = 60
FILES = """
[[file]]
at = "15 s"
name = "tables/plan"
way = "up"
octets = 2000

[[file]]
at = "60 s"
name = "tables/plan"
way = "down"
"""
RUN = ["run", SCENARIO, "--board", "pty"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", SCENARIO, "--board", "toaster"], "--board 'toaster': expected pty"),
        ([*RUN, "--speed", "0"], "--speed 0: expected 1 to 100"),
        ([*RUN, "--duration", "soon"], "--duration 'soon': "),
        ([*RUN, "--duration", "0 s"], "--duration '0 s': expected 1 s or more"),
        ([*RUN, "--seed", "-1"], "--seed -1: expected 0 or more"),
        ([*RUN, "--flip", "2"], "flip 2.0: expected 0 to 1"),
        ([*RUN, "--baud", "-5"], "--baud -5: expected 0 to"),
        ([*RUN, "--delay", "nan"], "--delay nan: expected 0 to"),
        ([*RUN, "--pull-every", "x"], "--pull-every 'x': "),
        ([*RUN, "--umbilical", "cord"], "--umbilical 'cord': expected line or channel"),
        ([*RUN, "--umbilical", "channel", "--pull-every", "9 s"], "--pull-every pulls out the umbilical too"),
        ([*RUN, "--mission", "nowhere"], "mission 'nowhere' is no package"),
        (["run", "nowhere", "--board", "pty"], '"nowhere": no such scenario'),
        (["line", "/proc/a", "/proc/b"], "[Errno "),
    ],
)
def test_what_makes_no_sense_is_one_line(
    words: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"skyrack-hil: {says}")
    assert said.err.count("\n") == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["line", "--help"]])
def test_help_helps(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    assert "serial" in capsys.readouterr().out


@pytest.mark.slow
def test_two_programs_are_joined_by_a_line(tmp_path: Path) -> None:
    left, right = tmp_path / "left", tmp_path / "right"
    command = [sys.executable, "-m", "hil", "line", str(left), str(right), "--baud", "0", "--console", "1e-9"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert "are joined" in process.stdout.readline()
        ends = [os.open(path, os.O_RDWR | os.O_NOCTTY) for path in (left, right)]
        os.write(ends[0], bytes(range(256)))
        got = b""
        while len(got) < 256:
            assert select.select([ends[1]], [], [], HANG_S)[0]
            got += os.read(ends[1], 1000)
        assert got == bytes(range(256))
        for end in ends:
            os.close(end)
    finally:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=HANG_S)
    assert process.returncode == 0
    assert "left to right: 256 octets, 0 lost" in out
    assert not left.is_symlink()


@pytest.mark.long
def test_a_run_leaves_the_folder_of_the_simulator_and_measures_its_drills(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, scenario = tmp_path / "run", tmp_path / "files.toml"
    scenario.write_text(Path(SCENARIO).read_text() + FILES)
    words = [
        "run",
        str(scenario),
        "--board",
        "pty",
        "--duration",
        "150 s",
        "--speed",
        "3",
        "--out",
        str(folder),
    ]
    code = main([*words, "--pull-every", "20 s", "--console", "1e-4", "--flip", "1e-6"])
    assert "telemetry again after" in capsys.readouterr().out
    names = {path.name for path in folder.iterdir()}
    assert names == {"archive", "dictionary.json", "flight.log", "report.html", "run.json", "scenario.toml"}
    facts = json.loads((folder / "run.json").read_text())
    assert facts["board"] == "pty"
    assert len(facts["back_s"]["pull"]) >= 3
    back = "telemetry again within 2 s of a plug"
    assert facts["checks"][back][0] >= 3
    assert facts["checks"]["a file received is the file sent"] == [2, 0]
    failed = {name for name, (_, count) in facts["checks"].items() if count}
    assert failed <= {back}, (
        "how soon it is back is measured, and judged by who reads it: this machine may be busy"
    )
    assert code == bool(failed)
    assert not folder.with_name("run.unfinished").exists()


@pytest.mark.long
def test_a_run_with_the_umbilical_on_the_one_line(tmp_path: Path) -> None:
    """What spoils the radio's octets spoils none of the umbilical's: the board flies as if it had two lines."""
    folder, scenario = tmp_path / "run", tmp_path / "files.toml"
    scenario.write_text(Path(SCENARIO).read_text() + FILES)
    words = ["run", str(scenario), "--board", "pty", "--duration", "150 s", "--speed", "3", "--quiet"]
    words += ["--out", str(folder), "--umbilical", "channel", "--console", "1e-4", "--flip", "1e-6"]
    assert main([*words, "--kill-every", "60 s"]) == 0
    facts = json.loads((folder / "run.json").read_text())
    assert facts["checks"]["a file received is the file sent"] == [2, 0]
    assert facts["checks"]["the board obeys no switch that there is not"][0] > 100
    assert len(facts["back_s"]["kill"]) >= 1


JOBS = str(Path(__file__).parent / "jobs.toml")


@pytest.mark.long
def test_the_jobs_of_a_scenario_are_run_by_the_board_and_come_down_verified(tmp_path: Path) -> None:
    """As processes in the board's sandbox, over a line with flips."""
    folder = tmp_path / "run"
    words = ["run", JOBS, "--board", "pty", "--speed", "4", "--quiet", "--out", str(folder)]
    code = main([*words, "--flip", "1e-7"])
    facts = json.loads((folder / "run.json").read_text())
    assert code == 0, (facts["totals"], facts["jobs"], facts["checks"])
    assert facts["jobs"]["jobs submitted, taken"] == "2, 2"
    assert facts["jobs"]["results delivered"].startswith("2 done, 0 not, ")
    assert facts["jobs"]["packages refused"].startswith("1 (acme/hostile-forged: ")
    assert facts["checks"]["a delivered result verifies and is true"] == [2, 0]
    assert facts["checks"]["no result goes under another tenant's name"] == [2, 0]
    assert facts["left_out"] == []
    assert "acme/train" in (folder / "report.html").read_text()
