"""What the runner's process does by itself: jobs that nobody watches are frozen, strays end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from types import SimpleNamespace
from typing import ClassVar

import pytest

from flight.boards.clock import monotonic
from flight.declare.running import ExitReason, JobFolders, JobState, JobToRun, Refusal, RunnerKind
from flight.runners.endings import reason_of
from flight.runners.messages import Answer, End, Start, Steer, Unpacker, pack
from flight.runners.service import ALONE_NS, Executive, Service, perform
from tests.flight.runners.conftest import LIMITS

FOLDERS = JobFolders(*(f"/{name}" for name in "abcdefg"))


def bare(runner, folder, monkeypatch) -> Service:
    """Without its socket and its signals, which are the process's own."""
    service = Service.__new__(Service)
    service.runner, service.executive, service.left_at, service.stopping = runner, None, monotonic(), False
    service.terminated, service.end_at = False, 0
    service.folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    monkeypatch.setattr(service, "_wait", lambda now: None)
    monkeypatch.setattr(service, "_accept", lambda now: None)
    return service


@pytest.mark.slow
def test_without_an_executive_jobs_are_frozen(best, tmp_path, monkeypatch):
    number = best.start("while True: pass", LIMITS)
    best.until(lambda: best.entry(number).state is JobState.RUNNING)
    service = bare(best.runner, tmp_path, monkeypatch)
    service.turn(monotonic())
    assert best.entry(number).state is JobState.RUNNING
    service.left_at = monotonic() - ALONE_NS - 1
    service.turn(monotonic())
    best.until_state(number, JobState.FROZEN)


@pytest.mark.parametrize("there", [True, False])
def test_each_turn_tends_the_jobs_once(tmp_path, monkeypatch, there):
    tended = []

    class Counted:
        jobs: ClassVar[dict[int, object]] = {}

        def tend(self, now):
            tended.append(now)

        def poll(self, now):
            self.tend(now)
            return []

    service = bare(Counted(), tmp_path, monkeypatch)
    ours, theirs = socket.socketpair()
    with theirs, ours:
        if there:
            service.executive = Executive(ours)
        service.turn(monotonic())
    assert len(tended) == 1


class Idle:
    jobs: ClassVar[dict[int, object]] = {}

    def tend(self, now):
        pass


def test_without_jobs_and_without_an_executive_it_ends(tmp_path, monkeypatch):
    service = bare(Idle(), tmp_path, monkeypatch)
    service.turn(monotonic())
    assert not service.stopping
    service.left_at -= ALONE_NS + 1
    service.turn(monotonic())
    assert service.stopping


class Told:
    """A runner of two jobs that takes orders, and carries out none by itself."""

    def __init__(self):
        states = {1: JobState.RUNNING, 2: JobState.FROZEN}
        self.jobs = {
            job: SimpleNamespace(entry=SimpleNamespace(state=state)) for job, state in states.items()
        }
        self.orders = []

    def stop(self, job, within_ns, now):
        self.orders.append(("stop", job))

    def kill(self, job, now):
        self.orders.append(("kill", job))

    def tend(self, now):
        pass

    def poll(self, now):
        return []


def test_after_sigterm_jobs_are_asked_once_and_the_runner_stays_until_its_executive_has_noted_their_ends(
    tmp_path, monkeypatch
):
    runner = Told()
    service = bare(runner, tmp_path, monkeypatch)
    ours, theirs = socket.socketpair()
    with theirs, ours:
        service.executive = Executive(ours)
        service._stop()
        service.turn(monotonic())
        service.turn(monotonic())
        assert runner.orders == [("stop", 1), ("kill", 2)], "what is frozen has no watt for a checkpoint"
        for found in runner.jobs.values():
            found.entry.state = JobState.ENDED
        service.turn(monotonic())
        assert not service.stopping
        runner.jobs.clear()  # the executive has told it to forget them
        service.turn(monotonic())
        assert service.stopping


def test_after_sigterm_nobody_is_waited_for_without_end(tmp_path, monkeypatch):
    service = bare(Told(), tmp_path, monkeypatch)
    service._stop()
    service.turn(monotonic())
    assert not service.stopping
    service.end_at = monotonic()
    service.turn(monotonic())
    assert service.stopping


def test_after_sigterm_no_job_is_begun(tmp_path, monkeypatch):
    service = bare(Idle(), tmp_path, monkeypatch)
    service.end_at = 1
    ours, theirs = socket.socketpair()
    with theirs, ours:
        service.executive = Executive(ours)
        start = Start(JobToRun(1, RunnerKind.PROCESS, ("true",)), LIMITS, FOLDERS)
        theirs.sendall(pack(5, start))
        service._listen(service.executive, 0)
        assert Unpacker().feed(theirs.recv(1000)) == [(5, Answer(int(Refusal.UNREACHABLE)))]


def test_a_runner_whose_folder_is_removed_ends(tmp_path, monkeypatch):
    """As no executive can ever reach it."""
    state = tmp_path / "runner"
    state.mkdir()
    service = bare(Idle(), state, monkeypatch)
    service.turn(monotonic())
    assert not service.stopping
    state.rmdir()
    service.turn(monotonic())
    assert service.stopping


STRAY = """
import subprocess, sys
from flight.declare.running import Isolation
from flight.runners.process import ProcessRunner
from flight.runners.settings import RunnerSettings, find_machine
runner = ProcessRunner(RunnerSettings(sys.argv[1]), find_machine(), Isolation.NONE, 0, adopts=True)
stray = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
while stray.poll() is None:
    runner.tend(0)
print("gone")
"""


@pytest.mark.slow
def test_a_child_that_is_no_job_ends(place):
    """It has slipped out of a job whose keeper was killed, and come to us."""
    command = [sys.executable, "-c", STRAY, str(place)]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout == "gone\n"


def test_orders_that_are_none():
    class Nobody:
        pass

    assert perform(Nobody(), End(), 0) is None  # type: ignore[arg-type]
    assert perform(Nobody(), Answer(0), 0) is Refusal.INVALID  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        perform(Nobody(), Steer("freeze", 1), 0)  # type: ignore[arg-type]


KILLED = 137
CASES = [
    (0, ExitReason.NONE, False, ExitReason.COMPLETED),
    (0, ExitReason.OVERRAN, False, ExitReason.COMPLETED),  # it was done before it saw the request
    (75, ExitReason.OVERRAN, False, ExitReason.STOPPED),
    (75, ExitReason.NONE, False, ExitReason.FAILED),
    (3, ExitReason.OVERRAN, False, ExitReason.FAILED),
    (KILLED, ExitReason.NONE, True, ExitReason.MEMORY),
    (KILLED, ExitReason.NONE, False, ExitReason.SIGNALLED),
    (KILLED, ExitReason.DISK, False, ExitReason.DISK),
    (KILLED, ExitReason.KILLED, True, ExitReason.KILLED),
    (-9, ExitReason.NONE, True, ExitReason.MEMORY),
    (152, ExitReason.NONE, False, ExitReason.CPU_TIME),  # SIGXCPU
    (153, ExitReason.NONE, False, ExitReason.DISK),  # SIGXFSZ
]


@pytest.mark.parametrize(("code", "intent", "memory", "reason"), CASES)
def test_why_it_ended(code, intent, memory, reason):
    from flight.declare.running import RunnerKind

    assert reason_of(RunnerKind.PROCESS, code, intent, memory=memory, complaint="")[0] is reason
