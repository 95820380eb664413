"""The runner in virtual time: what it does without an executive, what its end costs, and what a power cut costs."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from random import Random

import pytest

from flight.declare.running import ExitReason, JobFolders, JobLimits, JobState, JobToRun, Refusal, RunnerKind
from flight.jobs import Brief, brief_of
from flight.runners.modelled import Behaviour
from sim.disk import PowerCut, SimulatedDisk
from sim.payload.checkpoints import JobCheckpoints
from sim.payload.history import JobHistory
from sim.payload.runner import BACK_OFF_NS, UNWATCHED_NS, VirtualRunner
from sim.scenario import Fault
from tests.flight.jobs.made import MANIFEST

SECOND = 1_000_000_000
FULL = 1_000
LIMITS = JobLimits(memory_octets=2**20, disk_octets=2**20)
NAMES = ("package", "models", "outputs", "checkpoints", "scratch", "control", "record")
AHEAD = 7 * SECOND  # of mission time
INTERVAL_NS = 60 * SECOND
WORK_S = 600
CUTS = 300


def folders(number: int) -> JobFolders:
    return JobFolders(*(f"/jobs/{number}/{name}" for name in NAMES))


def begin(runner: VirtualRunner, number: int, now: int, work_s: int = WORK_S) -> Refusal | None:
    job = JobToRun(number, RunnerKind.MODELLED, ("train",), work_ns=work_s * SECOND)
    return runner.start(job, LIMITS, folders(number), now)


def brief(name: str) -> Brief:
    return replace(brief_of(MANIFEST), owner="acme", name=name)


@pytest.fixture
def runner() -> VirtualRunner:
    made = VirtualRunner(0, SimulatedDisk(Random(1)))
    made.met(AHEAD)
    return made


def state(runner: VirtualRunner, number: int, now: int) -> JobState:
    return next(one.state for one in runner.inventory(now).entries if one.job == number)


def test_the_executive_sees_its_own_time_and_a_new_one_hears_all(runner: VirtualRunner) -> None:
    begin(runner, 1, AHEAD)
    (entry,) = runner.poll(AHEAD)
    assert (entry.state, entry.started_at) == (JobState.STARTING, AHEAD)
    (entry,) = runner.poll(AHEAD + 5 * SECOND)
    assert (entry.state, entry.progress_milli) == (JobState.RUNNING, 8)
    assert runner.poll(AHEAD + 6 * SECOND) == ()
    runner.met(2 * AHEAD)  # the clock was set on by a restart
    (entry,) = runner.poll(2 * AHEAD + 7 * SECOND)
    assert entry.started_at == 2 * AHEAD
    assert runner.inventory(2 * AHEAD + 7 * SECOND).began_at == 2 * AHEAD


def test_jobs_go_on_without_an_executive_and_are_frozen_when_nobody_comes(runner: VirtualRunner) -> None:
    begin(runner, 1, AHEAD)
    runner.poll(AHEAD)
    for second in range(1, UNWATCHED_NS // SECOND + 10):
        runner.tend(second * SECOND, watched=False)
    assert runner.at_work() == []
    runner.met(0)
    (entry,) = runner.poll(40 * SECOND)
    assert (entry.state, entry.progress_milli) == (JobState.FROZEN, 49)


def test_nobody_but_an_executive_starts_another_runner(runner: VirtualRunner) -> None:
    runner.die(SECOND)
    runner.tend(SECOND + 100 * BACK_OFF_NS, watched=False)
    assert (runner.lives, runner.down_until) == (1, SECOND + BACK_OFF_NS)
    runner.tend(SECOND + 100 * BACK_OFF_NS, watched=True)
    assert (runner.lives, runner.down_until) == (2, -1)


def test_a_runner_that_dies_takes_its_jobs_along_and_another_one_comes(runner: VirtualRunner) -> None:
    begin(runner, 1, AHEAD)
    runner.poll(AHEAD + 200 * SECOND)
    before = runner.inventory(AHEAD).began_at
    runner.die(200 * SECOND)
    assert runner.at_work() == []
    assert runner.kill(1, AHEAD + 200 * SECOND) is Refusal.UNREACHABLE
    (entry,) = runner.poll(AHEAD + 200 * SECOND + BACK_OFF_NS)
    assert (entry.state, entry.reason) == (JobState.ENDED, ExitReason.LOST)
    assert runner.inventory(AHEAD + 202 * SECOND).began_at > before
    assert begin(runner, 1, AHEAD + 202 * SECOND) is Refusal.NUMBER_IN_USE
    assert runner.forget(1, AHEAD + 202 * SECOND) is None
    assert begin(runner, 1, AHEAD + 202 * SECOND) is None
    runner.poll(AHEAD + 203 * SECOND)
    assert runner.inventory(AHEAD + 203 * SECOND).entries[0].progress_milli >= 180_000 // WORK_S
    assert runner.lives == 2


def test_one_that_stands_still_does_as_told_when_it_goes_on(runner: VirtualRunner) -> None:
    begin(runner, 1, AHEAD)
    runner.poll(AHEAD + SECOND)
    runner.hung = True
    assert runner.freeze(1, AHEAD + 2 * SECOND) is None
    assert runner.poll(AHEAD + 10 * SECOND) == ()
    runner.release(10 * SECOND)
    runner.poll(AHEAD + 11 * SECOND)
    assert state(runner, 1, AHEAD + 12 * SECOND) is JobState.FROZEN


def test_a_fault_of_a_job_strikes_it_while_it_runs_and_outlives_the_runner(runner: VirtualRunner) -> None:
    runner.named(1, brief("train"), 0)
    begin(runner, 1, AHEAD)
    runner.poll(AHEAD + 5 * SECOND)
    over = runner.afflictions.begin(Fault(5, 1, "job", "acme/train", "crash", None))
    runner.afflict()
    (entry,) = runner.poll(AHEAD + 6 * SECOND)
    assert (entry.state, entry.reason) == (JobState.ENDED, ExitReason.SIGNALLED)
    runner.die(6 * SECOND)
    runner.poll(AHEAD + 9 * SECOND)
    runner.forget(1, AHEAD + 9 * SECOND)
    assert runner.names == {}
    runner.named(1, brief("train"), 0)
    begin(runner, 1, AHEAD + 9 * SECOND)
    runner.poll(AHEAD + 12 * SECOND)
    assert state(runner, 1, AHEAD + 12 * SECOND) is JobState.ENDED
    over()
    runner.forget(1, AHEAD + 12 * SECOND)
    runner.named(1, brief("train"), 0)
    begin(runner, 1, AHEAD + 12 * SECOND)
    runner.poll(AHEAD + 13 * SECOND)
    assert state(runner, 1, AHEAD + 13 * SECOND) is JobState.RUNNING


def test_a_slow_one_is_slow_and_a_flipped_bit_meets_one_copy(runner: VirtualRunner) -> None:
    for kind, value in (("slow", 0.5), ("wrong_bits", None)):
        runner.afflictions.begin(Fault(5, 1, "job", f"acme/{kind}", kind, value))
    for number, label, stage in ((1, "slow", 0), (2, "wrong_bits", 0), (3, "wrong_bits", 1)):
        runner.named(number, brief(label), stage)
        begin(runner, number, AHEAD)
    runner.poll(AHEAD + WORK_S * SECOND // 2)
    assert runner.process.jobs[1].entry.progress_milli == 249
    runner.poll(AHEAD + (WORK_S + 1) * SECOND)
    assert [runner.process.jobs[number].wrong for number in (2, 3)] == [True, False]


def test_a_disk_that_takes_no_checkpoint_does_not_end_the_job() -> None:
    disk = SimulatedDisk(Random(1))
    runner = VirtualRunner(0, disk)
    begin(runner, 1, 0)
    disk.set_capacity(0)
    runner.poll(100 * SECOND)
    assert state(runner, 1, 100 * SECOND) is JobState.RUNNING
    assert runner.checkpoints.failed == 1
    disk.set_capacity(1 << 20)
    runner.poll(200 * SECOND)
    assert runner.checkpoints["/jobs/1/checkpoints"] == 180 * SECOND * FULL


def test_checkpoints_take_turns_and_a_damaged_one_costs_one_interval() -> None:
    disk = SimulatedDisk(Random(1))
    checkpoints = JobCheckpoints(disk)
    assert "/jobs/1/checkpoints" not in checkpoints
    for done in (1, 2, 3):
        checkpoints["/jobs/1/checkpoints"] = done
    assert list(checkpoints) == ["jobs!1!checkpoints"]
    assert len(checkpoints) == 1
    disk.flip("jobs!1!checkpoints!checkpoint-1", 300)
    assert checkpoints["/jobs/1/checkpoints"] == 2
    checkpoints.pop("/jobs/1/checkpoints")  # as the modelled runner does at the end
    assert checkpoints["/jobs/1/checkpoints"] == 2


# ---------------------------------------------------------------- power cuts


@dataclass
class Life:
    """Of one job between two power cuts: what it began with, and what it had done at the end; ns times thousandths."""

    disk: SimulatedDisk
    world_s: int
    found: int = -1
    done: int = 0

    def fly(self) -> None:
        """Until the job or the power has ended."""
        runner = VirtualRunner(
            self.world_s * SECOND, self.disk, None, None, Behaviour(checkpoint_every_ns=INTERVAL_NS)
        )
        begin(runner, 1, self.world_s * SECOND)
        job = runner.process.jobs[1]
        self.found = self.done = job.kept
        while job.entry.state is not JobState.ENDED:
            self.world_s += 1
            try:
                runner.poll(self.world_s * SECOND)
            finally:
                self.done = job.done


def cut_again_and_again(seed: int) -> int:
    """One job, its power cut at random operations of the disk until it is through.  Gives how many cuts there were."""
    rng = Random(seed)
    disk, world_s, before, cuts = SimulatedDisk(rng), 0, 0, 0
    while before < WORK_S * SECOND * FULL:
        disk.cut_at(disk.operations + rng.randint(1, 60))
        life = Life(disk, world_s)
        with contextlib.suppress(PowerCut):
            life.fly()
        world_s, disk = life.world_s, disk.reboot()
        cuts += 1
        if life.found >= 0:  # else the cut met it in its start
            lost = before - life.found
            assert 0 <= lost <= (INTERVAL_NS + SECOND) * FULL, (seed, cuts)  # a second between two looks
            before = life.done
    return cuts


def test_a_power_cut_at_any_operation_costs_one_interval_at_most() -> None:
    cuts = seed = 0
    while cuts < CUTS:
        cuts += cut_again_and_again(seed)
        seed += 1


@pytest.mark.long
def test_ten_thousand_power_cuts() -> None:
    cuts, seed = 0, 1_000_000
    while cuts < 10_000:
        cuts += cut_again_and_again(seed)
        seed += 1


# ---------------------------------------------------------------- what truly ran


def test_the_history_says_how_each_run_ended(runner: VirtualRunner) -> None:
    for number in (8, 16, 24):
        runner.named(number, brief(f"job-{number}"), 0)
        begin(runner, number, AHEAD, work_s=30)
    runner.kill(16, AHEAD + 10 * SECOND)
    runner.poll(AHEAD + 40 * SECOND)
    runner.named(32, brief("late"), 1)
    begin(runner, 32, AHEAD + 40 * SECOND)
    runner.poll(AHEAD + 50 * SECOND)
    runner.die(60 * SECOND)
    ends = [(run.label, run.stage, run.reason) for run in runner.history.runs]
    assert ends == [
        ("acme/job-8", 0, ExitReason.COMPLETED),
        ("acme/job-16", 0, ExitReason.KILLED),
        ("acme/job-24", 0, ExitReason.COMPLETED),
        ("acme/late", 1, ExitReason.LOST),
    ]
    assert all(run.over for run in runner.history.runs)
    assert runner.history.of("acme/late")[0].began_ns == 40 * SECOND


def test_a_power_cut_ends_what_ran_without_a_reason() -> None:
    history = JobHistory()
    history.begin(8, 0, brief("a"), 5)
    history.progress(8, 300)
    history.end_all(9)
    (run,) = history.runs
    assert (run.ended_ns, run.reason, run.progress_milli) == (9, ExitReason.NONE, 300)
