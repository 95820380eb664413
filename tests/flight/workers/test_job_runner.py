"""A job runner behind the port of the workers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flight.declare import SECOND, Failed
from flight.declare.running import (
    JobFolders,
    JobsSeen,
    JobState,
    JobToRun,
    OrderTaken,
    Refusal,
    RunnerKind,
    StartJob,
    SteerJob,
    Verb,
    WatchJobs,
)
from flight.declare.shelving import VERIFIER
from flight.jobs import Brief, Level, brief_octets, brief_of
from flight.runners.modelled import ModelledRunner
from flight.workers.job_runner import SILENT_NS, WATCH_NS, JobMeans, JobRunnerWorker
from flight.workers.job_shelf import folders_of
from tests.flight.jobs.made import CATALOGUE, MANIFEST


def folders(job: int, stage: int) -> JobFolders:
    return folders_of("/jobs", job, stage)


def brief(**changes: object) -> Brief:
    return replace(brief_of(replace(MANIFEST, libraries=(), models=())), **changes)  # type: ignore[arg-type]


class Kept(ModelledRunner):
    """Remembers what it was given."""

    def __init__(self) -> None:
        super().__init__(0, {})
        self.given: list[JobToRun] = []

    def start(self, job, limits, folders, now):
        self.given.append(job)
        return super().start(replace(job, kind=RunnerKind.MODELLED), limits, folders, now)


class Alone:
    def __init__(self, **means: object) -> None:
        self.runner = Kept()
        self.worker = JobRunnerWorker(self.runner, replace(JobMeans(CATALOGUE, folders), **means))  # type: ignore[arg-type]
        self.ticket = 0

    def ask(self, request: object, now: int = 0) -> object:
        """Its answer, or None."""
        self.ticket += 1
        assert self.worker.submit(self.ticket, request, now)
        return dict(self.worker.poll(now)).get(self.ticket)

    def start(self, one: Brief, stage: int = 0, speed: int = 1000) -> object:
        return self.ask(StartJob(0, 7, stage, brief_octets(one), speed))


def test_a_start_makes_of_the_brief_what_a_runner_takes() -> None:
    alone = Alone(interpreter="/usr/bin/python3")
    one = brief(work_s=100, levels=(Level(5.0, 500), Level(9.0, 2000)), arguments=("a", "b"), seed=3)
    assert alone.start(one) == OrderTaken(0)
    (job,) = alone.runner.given
    assert (job.job, job.kind) == (56, RunnerKind.PROCESS)
    assert job.words == ("/usr/bin/python3", "{package}/main.py", "a", "b")
    assert (job.work_ns, job.seed, job.environment) == (50 * SECOND, 3, ())


def test_the_verifier_is_a_program_of_the_package_without_words() -> None:
    alone = Alone(interpreter="/usr/bin/python3")
    one = brief(verifier="data/input.bin", arguments=("a",), redundancy=brief().redundancy.__class__.VERIFY)
    alone.start(one, VERIFIER)
    (job,) = alone.runner.given
    assert (job.job, job.words) == (59, ("/usr/bin/python3", "{package}/data/input.bin"))


def test_libraries_are_folders_or_come_with_the_interpreter() -> None:
    alone = Alone(libraries={"numpy": "/opt/numpy"})
    alone.start(brief(libraries=("numpy==2.4.6",)))
    (job,) = alone.runner.given
    assert (job.libraries, job.environment) == (("/opt/numpy",), (("PYTHONPATH", "/opt/numpy"),))
    with_python = Alone(libraries={"numpy": ""})
    with_python.start(brief(libraries=("numpy",)))
    assert with_python.runner.given[0].libraries == ()


@pytest.mark.parametrize(
    ("one", "refusal"),
    [
        (brief(libraries=("numpy",)), Refusal.LIBRARY),
        (brief(runtime="fortran"), Refusal.RUNTIME),
    ],
)
def test_what_is_not_there_is_refused(one: Brief, refusal: Refusal) -> None:
    assert Alone().start(one) == OrderTaken(refusal)


def test_devices_are_for_who_asked_for_an_accelerator() -> None:
    alone = Alone(devices=("/dev/nvidia0",))
    alone.start(brief(resources=replace(brief().resources, accelerator_milli=0)))
    needs = replace(brief().resources, accelerator_milli=500)
    alone.ask(StartJob(0, 8, 0, brief_octets(brief(resources=needs)), 1000))
    assert [job.devices for job in alone.runner.given] == [(), ("/dev/nvidia0",)]


def test_nonsense_is_refused() -> None:
    alone = Alone()
    assert alone.ask(StartJob(0, 7, 0, b"nonsense", 1000)) == OrderTaken(Refusal.INVALID)
    assert alone.ask(SteerJob(0, 7, 99)) == OrderTaken(Refusal.INVALID)
    assert isinstance(alone.ask(("what",)), Failed)


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb is not Verb.FORGET])
def test_verbs_reach_the_runner(verb: Verb) -> None:
    alone = Alone()
    assert alone.ask(SteerJob(0, 56, verb, 5)) == OrderTaken(Refusal.UNKNOWN_JOB)
    alone.start(brief())
    alone.worker.tend(SECOND)
    assert alone.ask(SteerJob(0, 56, verb, 5 * SECOND if verb is not Verb.PACE else 500), SECOND) in (
        OrderTaken(0),
        OrderTaken(Refusal.WRONG_STATE),  # a thaw of what runs
    )


def test_a_pace_at_the_start() -> None:
    alone = Alone()
    alone.start(brief(), speed=250)
    assert alone.runner.jobs[56].entry.speed_milli == 250


def test_a_watch_is_answered_by_news_or_with_everything_at_once() -> None:
    alone = Alone()
    assert alone.ask(WatchJobs(0, True)) == JobsSeen(0, ())
    assert alone.ask(WatchJobs(0, False)) is None
    waiting = alone.ticket
    alone.worker.submit(99, StartJob(0, 7, 0, brief_octets(brief()), 1000), 0)
    told = dict(alone.worker.poll(0))
    assert told[99] == OrderTaken(0)
    seen = told[waiting]
    assert isinstance(seen, JobsSeen)
    assert [entry.job for entry in seen.entries] == [56]
    everything = alone.ask(WatchJobs(0, True))
    assert isinstance(everything, JobsSeen)
    assert len(everything.entries) == 1


def test_a_watch_without_news_is_answered_in_time() -> None:
    alone = Alone()
    alone.ask(WatchJobs(0, False))
    assert alone.worker.poll(WATCH_NS - 1) == []
    assert alone.worker.poll(WATCH_NS) == [(1, JobsSeen(0, ()))]


def test_a_second_watch_ends_the_first() -> None:
    alone = Alone()
    alone.ask(WatchJobs(0, False))
    alone.worker.submit(50, WatchJobs(0, False), 0)
    assert alone.worker.poll(0) == [(1, JobsSeen(-1, ()))]


def test_when_nobody_asks_any_more_all_jobs_are_frozen() -> None:
    alone = Alone()
    alone.start(brief(work_s=1000))
    alone.worker.poll(SECOND)
    alone.worker.poll(SILENT_NS)
    assert alone.runner.jobs[56].entry.state is JobState.RUNNING
    alone.worker.poll(SILENT_NS + SECOND)
    alone.worker.poll(SILENT_NS + 2 * SECOND)
    assert alone.runner.jobs[56].entry.state is JobState.FROZEN
