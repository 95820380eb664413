"""`skyrack-sim live` as a user starts it: real processes, operated by the real client."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flight.page import SharedPage
from ground import connect
from sim.live.orchestra import LiveError, LiveOptions, live, new_folder
from sim.scenario import SCENARIOS
from tests.realtime.flying import alive

PATIENCE_S = 90.0
SPEED = 20


class Live:
    """One live run and its folder."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder / "run"
        # The reference mission, begun a moment before its first contact.
        text = (SCENARIOS / "reference.toml").read_text()
        scenario = folder / "near.toml"
        scenario.write_text(re.sub(r"epoch = \S+", "epoch = 2026-04-24T06:29:00Z", text))
        command = [
            sys.executable,
            "-m",
            "sim",
            "live",
            str(scenario),
            "--speed",
            str(SPEED),
            "--out",
            str(self.folder),
        ]
        self.process = subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.until((self.folder / "live.json").exists)
        self.where = json.loads((self.folder / "live.json").read_text())

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end or self.process.poll() is not None:
                self.process.terminate()
                logs = {path.name: path.read_text()[-2000:] for path in self.folder.glob("*.log")}
                raise AssertionError(f"never; {self.process.communicate()} {logs}")
            time.sleep(0.02)

    def pids(self) -> dict[str, int]:
        return dict(self.where["processes"])

    def executive(self) -> int:
        page = SharedPage(str(self.where["page"]))
        shown = page.read()
        page.close()
        assert shown is not None
        return shown.pid

    @staticmethod
    def until_gone(pid: int) -> None:
        end = time.monotonic() + PATIENCE_S
        while alive(pid):
            assert time.monotonic() < end, "it flies on"
            time.sleep(0.02)

    def stop(self) -> tuple[int, str, str]:
        self.process.send_signal(signal.SIGINT)
        out, errors = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out, errors


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Live]]:
    """`begin(*arguments)` starts a run, which is ended with the test."""
    begun: list[Live] = []

    def start(*arguments: str) -> Live:
        begun.append(Live(tmp_path, *arguments))
        return begun[-1]

    yield start
    for run in begun:
        if run.process.poll() is None:
            run.stop()


def typed(run: Live, *words: str) -> subprocess.CompletedProcess[str]:
    """What `skyrack-ground` says to that."""
    command = [sys.executable, "-m", "ground", "--folder", str(run.folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


@pytest.mark.long
def test_a_person_moves_files(begin: Callable[..., Live], tmp_path: Path) -> None:
    run = begin()
    plan, big, back = tmp_path / "plan.bin", tmp_path / "big.bin", tmp_path / "back.bin"
    plan.write_bytes(bytes(range(256)) * 20)
    big.write_bytes(bytes(1 << 20))
    put = typed(run, "put", str(plan), "tables/")
    assert (put.returncode, put.stdout[:37]) == (0, "tables/plan.bin: 5,120 octets on boar")
    assert typed(run, "ls").stdout.split() == ["5,120", "tables/plan.bin"]
    assert typed(run, "get", "file", "tables/plan.bin", str(back)).returncode == 0
    assert back.read_bytes() == plan.read_bytes()
    command = [sys.executable, "-m", "ground", "--folder", str(run.folder), "put", str(big)]
    waiting = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with connect(run.where["server"], "test") as craft:
        run.until(lambda: any(one.done for one in craft.files.transfers() if one.name == "big.bin"))
        number = craft.files.transfers()[-1].number
    waiting.send_signal(signal.SIGINT)
    out, errors = waiting.communicate(timeout=PATIENCE_S)
    assert (waiting.returncode, errors) == (130, "")
    assert "the transfer goes on without you" in out
    assert " active " in typed(run, "files").stdout
    assert typed(run, "files", "cancel", str(number)).returncode == 0
    assert "cancelled" in typed(run, "files").stdout
    assert typed(run, "rm", "tables/plan.bin").returncode == 0
    assert typed(run, "ls").stdout == "no files\n"
    code, out, errors = run.stop()
    assert (code, errors) == (0, "")
    gone = typed(run, "put", str(plan))
    assert (gone.returncode, gone.stderr.count("\n")) == (2, 1)


@pytest.mark.slow
def test_a_person_operates_it(begin: Callable[..., Live]) -> None:
    run = begin()
    with connect(run.where["server"], "test") as craft:
        sent = craft.command("commands.nothing").wait()
        assert sent.completed, sent.reason
        craft.wait_for(lambda: craft.get("executive.status.boot_count") == 1, 600, "housekeeping")
        craft.wait_for(
            lambda: 20.0 < float(craft.get("power.status.battery_voltage")) < 36.0,
            600,
            "a voltage of the plant",
        )
        craft.put(b"octets", "tables/small")
        assert craft.fetch("tables/small") == b"octets"
        assert craft.ls() == [("tables/small", 6)]
    pids = run.pids()
    assert set(pids) == {"world", "flight", "ground"}
    code, out, errors = run.stop()
    assert (code, errors) == (0, "")
    assert f"{SPEED} x real time" in out
    assert "contact over Inuvik" in out
    assert not any(alive(pid) for pid in pids.values())
    assert (run.folder / "state" / "watchdog").read_bytes().endswith(b"V"), "flight ended in order"
    assert not Path(run.where["page"]).exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["world", "flight"])
def test_a_child_that_dies_ends_the_others_in_one_line(begin: Callable[..., Live], name: str) -> None:
    run = begin("--no-ground")
    pids, executive = run.pids(), run.executive()
    os.kill(pids[name], signal.SIGKILL)
    _, errors = run.process.communicate(timeout=PATIENCE_S)
    assert run.process.returncode == 2
    assert errors.startswith(f"skyrack-sim: {name} has ended (signal SIGKILL)")
    assert errors.count("\n") == 1
    assert not any(alive(pid) for pid in pids.values())
    run.until_gone(executive)


def test_one_line_for_what_makes_no_sense(tmp_path: Path) -> None:
    with pytest.raises(LiveError, match="--speed 0: expected a whole number, 1 to 1000"):
        live(LiveOptions(speed=0), print)
    (tmp_path / "live.json").write_text("{}")
    with pytest.raises(LiveError, match="holds another live run"):
        new_folder(tmp_path, "reference")


def test_each_run_has_a_folder_and_the_newest_is_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = new_folder(None, "reference"), new_folder(None, "reference")
    assert (first.name, second.name) == ("live-reference-1", "live-reference-2")
    assert (tmp_path / "runs" / "live").resolve() == second
