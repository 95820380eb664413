"""Faults of jobs, of the processes that run and plan them, and hostile packages, as a scenario begins and ends them."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from flight.declare.running import JobLimits, JobToRun, RunnerKind
from flight.jobs import brief_of
from flight.runners.modelled import FaultKind
from flight.workers.job_shelf import folders_of
from flight.workers.process import BACK_OFF_NS, LOST
from sim.computer import VirtualProcess
from sim.disk import PowerCut, SimulatedDisk
from sim.fault_kinds import PACKAGES
from sim.faults import BEGIN, CUT_IN_BOOK_WITHIN, CUT_WITHIN
from sim.payload.faults import begin_of_jobs
from sim.payload.runner import VirtualRunner
from sim.simulation import NS, Simulation
from tests.flight.jobs.made import MANIFEST
from tests.sim.faulted import FROM, fault, fly, module

JOB = "acme/train"
BRIEF = replace(brief_of(MANIFEST), owner="acme", name="train")
HOSTILE = ("forged", "stranger", "damaged", "truncated", "bomb", "escape", "noise")


@pytest.fixture(scope="module")
def flown() -> Simulation:
    return fly()


@pytest.fixture
def simulation(flown: Simulation) -> Iterator[Simulation]:
    flown.computer.runner = VirtualRunner(FROM * NS, flown.file_disk, flown.afflictions)
    flown.computer.runner.named(8, BRIEF, 0)
    yield flown
    flown.computer.runner = flown.computer.planning = flown.send_hostile = None


def runner_of(simulation: Simulation) -> VirtualRunner:
    assert simulation.computer.runner is not None
    return simulation.computer.runner


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("crash", None, FaultKind.CRASH),
        ("hang", None, FaultKind.HANG),
        ("slow", 0.25, FaultKind.SLOW),
        ("wrong_bits", None, FaultKind.WRONG_BITS),
    ],
)
def test_a_job_is_struck_and_healed(simulation, kind, value, found) -> None:
    undo = begin_of_jobs(simulation, fault("job", kind, JOB, value), random.Random(1))
    struck = runner_of(simulation).faults[8]
    assert (struck.job, struck.kind) == (8, found)
    assert struck.speed_milli == (250 if kind == "slow" else 1000)
    undo()
    assert runner_of(simulation).faults == {}


def test_one_that_lies_draws_more_until_it_is_over(simulation) -> None:
    undo = begin_of_jobs(simulation, fault("job", "lie", JOB, 12.0), random.Random(1))
    assert simulation.afflictions.lying_w == {JOB: 12.0}
    undo()
    assert simulation.afflictions.lying_w == {}


@pytest.mark.parametrize(
    ("struck", "over", "cuts"), [(JOB, False, True), (JOB, True, False), ("acme/x", False, False)]
)
def test_a_start_takes_the_bus_down_once(struck, over, cuts) -> None:
    flown = fly()
    runner = flown.computer.runner = VirtualRunner(FROM * NS, flown.file_disk, flown.afflictions)
    runner.named(8, BRIEF, 0)
    undo = begin_of_jobs(flown, fault("job", "sag", struck), random.Random(1))
    if over:
        undo()
    job = JobToRun(8, RunnerKind.MODELLED, ("train",), work_ns=60 * NS)
    limits = JobLimits(memory_octets=1 << 20, disk_octets=1 << 20)
    assert runner.start(job, limits, folders_of("/jobs", 1, 0), FROM * NS) is None
    flown.run(FROM + 10)
    assert (flown.computer.kernel is None) is cuts
    flown.run(FROM + 60)
    assert flown.computer.boots == 1 + cuts


def test_the_runner_is_killed_or_stands_still(simulation) -> None:
    undo = begin_of_jobs(simulation, fault("process.runner", "stop"), random.Random(1))
    assert runner_of(simulation).hung
    undo()
    assert not runner_of(simulation).hung
    begin_of_jobs(simulation, fault("process.runner", "kill"), random.Random(1))
    assert runner_of(simulation).down_until > 0


class Echo(VirtualProcess):
    def perform(self, request: object) -> object:
        return request

    def begin(self, now: int) -> bool:
        return True


def test_the_planning_worker_is_late_or_killed_and_what_it_had_is_lost(simulation) -> None:
    planning = simulation.computer.planning = Echo()
    now = simulation.now_s * NS + simulation.computer.offset
    planning.submit(1, "a plan", now)
    undo = begin_of_jobs(simulation, fault("process.planning", "stop"), random.Random(1))
    assert planning.poll(now) == ()
    undo()
    assert planning.poll(now) == [(1, "a plan")]
    planning.submit(2, "another", now)
    begin_of_jobs(simulation, fault("process.planning", "kill"), random.Random(1))
    assert planning.poll(now) == [(2, LOST)]
    assert not planning.submit(3, "a third", now)
    assert planning.submit(3, "a third", now + BACK_OFF_NS[0])


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_package_is_sent_when_its_time_has_come(simulation, kind) -> None:
    sent = []
    simulation.send_hostile = lambda what, second, _rng: sent.append((what, second))
    begin_of_jobs(simulation, fault("package", kind), random.Random(1))()
    assert sent == [(kind, simulation.now_s)]
    assert kind in PACKAGES


@pytest.mark.parametrize("target", ["process.runner", "process.planning", "package"])
def test_where_there_are_no_jobs_nothing_happens(simulation, target) -> None:
    simulation.computer.runner = None
    begin_of_jobs(simulation, fault(target, "kill"), random.Random(1))()


@pytest.mark.parametrize(("over", "boots"), [(False, 2), (True, 1)])
def test_a_power_cut_comes_while_the_book_is_saved(over, boots) -> None:
    """Each save is a write, a sync and two renames; other files of the disk do not count."""
    simulation = fly()
    begun = BEGIN["disk"](simulation, fault("disk", "cut_in_book"), random.Random(1))
    simulation.run(FROM + 20)
    assert simulation.computer.boots == 1, "nothing to save"
    if over:
        begun.undo()
    for second in range(CUT_IN_BOOK_WITHIN // 4 + 1):
        if simulation.computer.kernel is not None:
            module(simulation, "jobs").desk.book.touch()
        simulation.run(FROM + 21 + second)
    simulation.run(FROM + 60)
    assert simulation.computer.boots == boots


def use(disk: SimulatedDisk) -> None:
    for _ in range(CUT_WITHIN + 20):
        with contextlib.suppress(OSError):
            disk.size("a")


def test_the_disk_of_jobs_is_full_fails_and_loses_its_power(simulation) -> None:
    disk = simulation.job_disk
    begun = BEGIN["disk.jobs"](simulation, fault("disk.jobs", "full"), random.Random(1))
    with pytest.raises(OSError, match="No space left"):
        disk.write("a", 0, b"octets")
    begun.undo()
    disk.write("a", 0, b"octets")
    BEGIN["disk.jobs"](simulation, fault("disk.jobs", "error"), random.Random(1))
    with pytest.raises(OSError, match="Input/output"):
        disk.size("a")
    BEGIN["disk.jobs"](simulation, fault("disk.jobs", "power_cut"), random.Random(1))
    with pytest.raises(PowerCut):
        use(disk)
    simulation.job_disk = simulation.computer.job_disk = disk.reboot()
