"""Jobs in virtual time: progress by speed, checkpoints that outlive a runner, faults as told, the same each run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flight.declare.running import ExitReason, JobFolders, JobLimits, JobState, JobToRun, Refusal, RunnerKind
from flight.runners.modelled import EFFECT_NS, START_NS, Behaviour, FaultKind, ModelledFault, ModelledRunner

SECOND = 10**9
LIMITS = JobLimits(memory_octets=2**27, disk_octets=2**22)
NAMES = ("package", "models", "outputs", "checkpoints", "scratch", "control", "record")


def folders(number: int) -> JobFolders:
    return JobFolders(*(f"/jobs/{number}/{name}" for name in NAMES))


def job(number: int = 1, seconds: int = 100) -> JobToRun:
    return JobToRun(number, RunnerKind.MODELLED, ("train",), work_ns=seconds * SECOND)


def runner(
    *faults: ModelledFault, disk: dict[str, int] | None = None, seconds: int = 100, **limits: int
) -> ModelledRunner:
    made = ModelledRunner(0, {} if disk is None else disk, faults)
    assert made.start(job(seconds=seconds), replace(LIMITS, **limits), folders(1), 0) is None
    return made


def entry(made: ModelledRunner, now: int):
    return next(one for one in made.inventory(now).entries if one.job == 1)


def test_it_ends_when_its_work_is_done():
    made = runner()
    assert entry(made, 100 * SECOND + START_NS - 1).state is JobState.RUNNING
    ended = entry(made, 200 * SECOND)
    assert (ended.reason, ended.changed_at, ended.progress_milli) == (
        ExitReason.COMPLETED,
        100 * SECOND + START_NS,
        1000,
    )
    assert ended.usage.cpu_time_ns == 100 * SECOND


def test_half_the_speed_is_twice_the_time():
    made = runner()
    made.pace(1, 500, 50 * SECOND + START_NS)
    assert entry(made, 300 * SECOND).changed_at == 150 * SECOND + START_NS


def test_frozen_time_does_no_work():
    made = runner()
    made.freeze(1, 10 * SECOND)
    assert entry(made, 10 * SECOND + EFFECT_NS).state is JobState.FROZEN
    made.thaw(1, 40 * SECOND)
    assert entry(made, 500 * SECOND).changed_at == 130 * SECOND + START_NS


def test_a_stop_keeps_what_was_done_and_the_next_run_goes_on():
    disk: dict[str, int] = {}
    made = runner(disk=disk)
    made.stop(1, 5 * SECOND, 30 * SECOND)
    assert entry(made, 40 * SECOND).reason is ExitReason.STOPPED
    again = runner(disk=disk)
    assert entry(again, 500 * SECOND).changed_at < 71 * SECOND
    assert not disk  # what is done needs no checkpoint


def test_a_stop_without_time_is_a_kill_that_loses_one_interval_at_most():
    disk: dict[str, int] = {}
    made = runner(disk=disk)
    made.stop(1, SECOND // 10, 70 * SECOND)
    assert entry(made, 80 * SECOND).reason is ExitReason.OVERRAN
    assert disk == {"/jobs/1/checkpoints": 60 * SECOND * 1000}


@pytest.mark.parametrize(
    ("kind", "reason", "code"),
    [
        (FaultKind.CRASH, ExitReason.SIGNALLED, 11),
        (FaultKind.HANG, ExitReason.SILENT, 9),
        (FaultKind.WRONG_BITS, ExitReason.COMPLETED, 0),
    ],
)
def test_faults(kind, reason, code):
    made = runner(ModelledFault(1, kind, 50 * SECOND), silence_ns=5 * SECOND)
    ended = entry(made, 1000 * SECOND)
    assert (ended.reason, ended.code) == (reason, code)
    right = runner()
    entry(right, 1000 * SECOND)
    assert (made.result(1) == right.result(1)) is False
    assert (len(made.result(1)) == 32) is (kind is FaultKind.WRONG_BITS)
    assert len(right.result(1)) == 32


def test_a_crash_comes_when_it_is_told():
    ended = entry(runner(ModelledFault(1, FaultKind.CRASH, 50 * SECOND)), 1000 * SECOND)
    assert ended.changed_at == 50 * SECOND + START_NS


def test_slow_from_the_middle():
    made = runner(ModelledFault(1, FaultKind.SLOW, 50 * SECOND, speed_milli=250))
    assert entry(made, 1000 * SECOND).changed_at == 250 * SECOND + START_NS


def test_what_hangs_does_not_stop_when_asked():
    made = runner(ModelledFault(1, FaultKind.HANG, 5 * SECOND))
    made.stop(1, 3 * SECOND, 20 * SECOND)
    ended = entry(made, 30 * SECOND)
    assert (ended.reason, ended.changed_at) == (ExitReason.OVERRAN, 23 * SECOND + EFFECT_NS)


def test_stuck():
    made = runner(ModelledFault(1, FaultKind.STUCK))
    made.kill(1, SECOND)
    assert entry(made, 1000 * SECOND).state is JobState.STUCK
    assert made.forget(1, 1000 * SECOND) is Refusal.WRONG_STATE


def test_limits():
    assert entry(runner(lifetime_ns=7 * SECOND), 100 * SECOND).reason is ExitReason.LIFETIME
    over = entry(runner(cpu_time_ns=7 * SECOND, cores_milli=2000), 100 * SECOND)
    assert (over.reason, over.changed_at) == (ExitReason.CPU_TIME, 7 * SECOND // 2 + 1 + START_NS + EFFECT_NS)


def history(step_ns: int) -> list[tuple[int, JobState, ExitReason, int]]:
    """Every entry that was told, looked at in steps of this length."""
    made = runner(ModelledFault(2, FaultKind.CRASH, 33 * SECOND), seconds=60)
    made.start(job(2), LIMITS, folders(2), 0)
    told: list[tuple[int, JobState, ExitReason, int]] = []
    for now in range(0, 200 * SECOND, step_ns):
        if now == 20 * SECOND:
            made.freeze(1, now)
        if now == 30 * SECOND:
            made.thaw(1, now)
        told += [(one.job, one.state, one.reason, one.changed_at) for one in made.poll(now)]
    return told


def test_the_same_each_time():
    assert history(SECOND // 10) == history(SECOND // 10)


def test_how_often_one_looks_changes_nothing_but_what_is_missed():
    often, seldom = history(SECOND // 10), history(10 * SECOND)
    assert [one for one in often if one[1] is JobState.ENDED] == [
        one for one in seldom if one[1] is JobState.ENDED
    ]


def test_only_so_many():
    made = ModelledRunner(0, {}, behaviour=Behaviour())
    for number in range(32):
        assert made.start(job(number), LIMITS, folders(number), 0) is None
    assert made.start(job(99), LIMITS, folders(99), 0) is Refusal.TOO_MANY_JOBS
