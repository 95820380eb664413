"""What every `JobRunner` does, whoever runs the jobs: in this process, in one of its own, in virtual time."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Protocol

import pytest

from flight.boards.clock import monotonic
from flight.declare.running import (
    ExitReason,
    Isolation,
    JobEntry,
    JobFolders,
    JobLimits,
    JobState,
    JobToRun,
    Refusal,
    RunnerKind,
)
from flight.ports import JobRunner
from flight.runners.client import RunnerClient
from flight.runners.modelled import ModelledRunner
from flight.runners.processes import of_user
from flight.runners.settings import RunnerSettings, find_machine
from sim.disk import SimulatedDisk
from sim.payload.runner import VirtualRunner

pytestmark = pytest.mark.slow
SECOND = 10**9
LIMITS = JobLimits(memory_octets=2**27, disk_octets=2**22)
NAMES = ("package", "models", "outputs", "checkpoints", "scratch", "control", "record")
LONG, SHORT = "while True: pass", "pass"


class World(Protocol):
    """A runner with its time, and jobs for it: `endless` ones, and such that end at once."""

    runner: JobRunner

    def now(self) -> int: ...

    def wait(self) -> None: ...

    def job(self, number: int, *, endless: bool) -> tuple[JobToRun, JobFolders]: ...


class Virtual:
    def __init__(self) -> None:
        self.time = 5 * SECOND
        self.runner: JobRunner = ModelledRunner(self.time, {})

    def now(self) -> int:
        return self.time

    def wait(self) -> None:
        self.time += SECOND // 1000

    def job(self, number: int, *, endless: bool) -> tuple[JobToRun, JobFolders]:
        work_ns = 3600 * SECOND if endless else SECOND // 10
        folders = JobFolders(*(f"/jobs/{number}/{name}" for name in NAMES))
        return JobToRun(number, RunnerKind.MODELLED, ("modelled",), work_ns=work_ns), folders


class Simulated(Virtual):
    """The runner of a simulated spacecraft, whose mission time is ahead of the world's."""

    def __init__(self) -> None:
        super().__init__()
        virtual = VirtualRunner(self.time - 3 * SECOND, SimulatedDisk(Random(1)))
        virtual.met(3 * SECOND)
        self.runner = virtual


class Real:
    def __init__(self, runner: JobRunner, root: Path) -> None:
        self.runner, self.root = runner, root

    def now(self) -> int:
        return monotonic()

    def wait(self) -> None:
        select.select([], [], [], 0.002)

    def job(self, number: int, *, endless: bool) -> tuple[JobToRun, JobFolders]:
        place = self.root / f"job-{number}"
        for name in NAMES:
            (place / name).mkdir(parents=True, exist_ok=True)
        place.chmod(0o711)
        words = ("sh", "-c", "while :; do :; done" if endless else ":")
        return JobToRun(number, RunnerKind.PROCESS, words), JobFolders(*(str(place / name) for name in NAMES))


@contextlib.contextmanager
def client_of(state: Path) -> Iterator[RunnerClient]:
    client = RunnerClient([sys.executable, "-m", "flight", "runner", "--state", str(state)], str(state))
    wait_for(client, lambda: client.reachable)
    try:
        yield client
    finally:
        wait_for(client, lambda: client.reachable)
        client.end_runner()
        wait_for(client, lambda: client.child == 0 and client.socket is None, start=False)
        client.close()


def wait_for(client: RunnerClient, condition: Callable[[], object], *, start: bool = True) -> None:
    end = monotonic() + 60 * SECOND
    if not start:
        client.start_at = end * 2  # no other runner
    while not condition():
        assert monotonic() < end
        client.tend(monotonic())
        select.select([], [], [], 0.002)


@pytest.fixture(params=["process", "client", "modelled", "simulated"])
def world(request: pytest.FixtureRequest, place: Path) -> Iterator[World]:
    if request.param == "modelled":
        yield Virtual()
    elif request.param == "simulated":
        yield Simulated()
    elif request.param == "client":
        with client_of(place / "runner") as client:
            yield Real(client, place)
    else:
        yield Real(request.getfixturevalue("best").runner, place)


def until(world: World, number: int, *states: JobState) -> JobEntry:
    end = world.now() + 60 * SECOND
    entry = None
    while entry is None or entry.state not in states:
        assert world.now() < end, entry
        world.runner.poll(world.now())
        entry = next((one for one in world.runner.inventory(world.now()).entries if one.job == number), None)
        if entry is None or entry.state not in states:
            world.wait()
    return entry


def test_the_life_of_a_job(world):
    runner = world.runner
    job, folders = world.job(1, endless=True)
    assert runner.start(job, LIMITS, folders, world.now()) is None
    assert runner.start(job, LIMITS, folders, world.now()) is Refusal.NUMBER_IN_USE
    assert until(world, 1, JobState.RUNNING).reason is ExitReason.NONE
    assert runner.freeze(1, world.now()) is None
    frozen = until(world, 1, JobState.FROZEN)
    assert runner.freeze(1, world.now()) is None
    assert frozen.took_ns < SECOND
    assert runner.thaw(1, world.now()) is None
    until(world, 1, JobState.RUNNING)
    assert runner.thaw(1, world.now()) is None
    assert runner.book(1, 1234, world.now()) is None
    assert runner.forget(1, world.now()) is Refusal.WRONG_STATE
    assert runner.kill(1, world.now()) is None
    ended = until(world, 1, JobState.ENDED)
    assert (ended.reason, ended.code) == (ExitReason.KILLED, signal.SIGKILL)
    assert ended.usage.energy_mj == 1234
    assert ended.usage.cpu_time_ns > 0
    assert ended.changed_at >= ended.started_at
    assert runner.kill(1, world.now()) is None  # twice is the same
    assert runner.forget(1, world.now()) is None
    assert runner.forget(1, world.now()) is Refusal.UNKNOWN_JOB


@pytest.mark.long
def test_two_jobs_one_ends(world):
    runner = world.runner
    for number in (1, 2):
        job, folders = world.job(number, endless=number == 1)
        assert runner.start(job, LIMITS, folders, world.now()) is None
    assert until(world, 2, JobState.ENDED).reason is ExitReason.COMPLETED
    assert until(world, 1, JobState.RUNNING, JobState.STARTING).reason is ExitReason.NONE
    assert runner.stop(1, SECOND // 10, world.now()) is None
    ended = until(world, 1, JobState.ENDED)
    assert ended.reason is ExitReason.OVERRAN
    assert {entry.job for entry in runner.inventory(world.now()).entries} == {1, 2}


@pytest.mark.long
def test_changes_are_told_once(world):
    job, folders = world.job(3, endless=False)
    world.runner.start(job, LIMITS, folders, world.now())
    told = list[JobEntry]()
    end = world.now() + 60 * SECOND
    while not told or told[-1].state is not JobState.ENDED:
        assert world.now() < end
        told += world.runner.poll(world.now())
        world.wait()
    states = [entry.state for entry in told]
    assert states == sorted(states)
    assert not world.runner.poll(world.now())


@pytest.mark.long
def test_what_nobody_knows(world):
    runner = world.runner
    for order in (runner.freeze, runner.thaw, runner.kill, runner.forget):
        assert order(9, world.now()) is Refusal.UNKNOWN_JOB
    for with_value in (runner.checkpoint, runner.stop, runner.pace, runner.book):
        assert with_value(9, 1, world.now()) is Refusal.UNKNOWN_JOB


# ---------------------------------------------------------------- the process of its own


def test_it_outlives_the_executive(place):
    """The executive goes without a word; the next one is told what runs, and with what energy."""
    with client_of(place / "runner") as first:
        world = Real(first, place)
        job, folders = world.job(1, endless=True)
        assert first.start(job, LIMITS, folders, monotonic()) is None
        until(world, 1, JobState.RUNNING)
        first.book(1, 77, monotonic())
        wait_for(first, lambda: first.known[1].usage.energy_mj)
        first.close()
        second = RunnerClient(first.command, first.state)
        wait_for(second, lambda: second.reachable)
        (entry,) = second.inventory(monotonic()).entries
        assert (entry.state, entry.usage.energy_mj) == (JobState.RUNNING, 77)
        assert second.starts == 0
        assert second.began_at == first.began_at
        second.close()


@pytest.mark.long
def test_a_new_executive_takes_the_old_ones_place(place):
    with client_of(place / "runner") as first:
        second = RunnerClient(first.command, first.state)
        wait_for(second, lambda: second.reachable)
        wait_for(first, lambda: first.lost == 1)
        second.close()


@pytest.mark.long
def test_a_runner_that_dies_takes_its_jobs_along_and_another_one_comes(place):
    with client_of(place / "runner") as client:
        world = Real(client, place)
        job, folders = world.job(1, endless=True)
        client.start(job, LIMITS, folders, monotonic())
        until(world, 1, JobState.RUNNING)
        began = client.began_at
        os.kill(client.child, signal.SIGKILL)
        ended = until(world, 1, JobState.ENDED)
        assert ended.reason is ExitReason.LOST
        assert client.began_at > began
        assert client.starts == 2
        user = RunnerSettings(client.state).user_of(1, find_machine(), Isolation.USER)
        if os.geteuid() == 0:
            wait_for(client, lambda: not of_user(user))


@pytest.mark.long
def test_a_refused_start_shows_as_an_entry(place):
    with client_of(place / "runner") as client:
        world = Real(client, place)
        job, folders = world.job(1, endless=False)
        assert client.start(replace(job, devices=("/dev/kmsg",)), LIMITS, folders, monotonic()) is None
        entry = until(world, 1, JobState.ENDED)
        assert (entry.reason, entry.note) == (ExitReason.NOT_STARTED, "device")
        assert client.refused == 1


def test_nobody_there_is_no_error(place):
    client = RunnerClient([sys.executable, "-c", "pass"], str(place / "nobody"))
    job, folders = Real(client, place).job(1, endless=False)
    for _ in range(3):
        client.tend(monotonic())
    assert client.start(job, LIMITS, folders, monotonic()) is Refusal.UNREACHABLE
    assert client.inventory(0).began_at == -1
    wait_for(client, lambda: client.child == 0)
