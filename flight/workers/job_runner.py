"""A job runner behind the port of the workers: orders and news as requests and answers (`flight.declare.running`).

Nothing here waits: a runner takes an order or refuses it at once, and what comes of it shows in the job's entry.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from flight.declare import SECOND, Failed
from flight.declare.running import (
    SPEED_FULL,
    JobEntry,
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
    runner_number,
)
from flight.declare.shelving import VERIFIER
from flight.jobs import Brief, Installed, find_installed, read_brief
from flight.jobs.catalogue import RUNTIMES
from flight.ports import JobRunner
from flight.runners.manifests import NS, job_of, limits_of

WATCH_NS = 10 * SECOND  # a watch is answered by then, also without news
SILENT_NS = 30 * SECOND  # without an order or a watch: nobody keeps the jobs within power and heat
Folders = Callable[[int, int], JobFolders]


@dataclass(frozen=True, slots=True)
class JobMeans:
    """What this computer has for jobs.

    `libraries` are folders by the names of the catalogue, empty for what comes with the interpreter; `devices` are for
    jobs that ask for a share of an accelerator.  `kind` is for a runner that takes no other, as the modelled one.
    """

    catalogue: tuple[Installed, ...]
    folders: Folders  # by the book's number and the stage
    libraries: Mapping[str, str] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    interpreter: str = sys.executable
    kind: RunnerKind | None = None


class JobRunnerWorker:
    """`flight.ports.Worker` over a `JobRunner`.  Of several watches the last one is answered by news.

    When nobody has asked for anything for half a minute, all jobs are frozen, as the runner's process does itself when
    the executive is gone: the module that orders them may be.
    """

    def __init__(self, runner: JobRunner, means: JobMeans) -> None:
        self.runner, self.means = runner, means
        self.results: list[tuple[int, object]] = []
        self.changed: dict[int, JobEntry] = {}
        self.watch = 0  # the ticket of who waits for news, 0 for nobody
        self.asked_at = 0  # the last request
        self.watched_at = 0  # that watch

    def submit(self, ticket: int, request: object, now: int) -> bool:
        self.asked_at = now
        match request:
            case WatchJobs(_, everything):
                self._watch(ticket, everything, now)
            case StartJob() | SteerJob():
                refusal = (
                    self._start(request, now) if isinstance(request, StartJob) else self._steer(request, now)
                )
                self.results.append((ticket, OrderTaken(int(refusal or 0))))
            case _:
                self.results.append((ticket, Failed(f"no request about jobs: {type(request).__name__}")))
        return True

    def tend(self, now: int) -> None:
        """Each tick, on a board: also when nobody waits for an answer."""
        for entry in self.runner.poll(now):
            self.changed[entry.job] = entry
        if now - self.asked_at > SILENT_NS:
            self._freeze_all(now)

    def _freeze_all(self, now: int) -> None:
        self.asked_at = now
        for entry in self.runner.inventory(now).entries:
            if entry.state is JobState.RUNNING:
                self.runner.freeze(entry.job, now)

    def poll(self, now: int) -> Sequence[tuple[int, object]]:
        self.tend(now)
        if self.watch and (self.changed or now - self.watched_at >= WATCH_NS):
            self._answer(self.runner.inventory(now).began_at, tuple(self.changed.values()))
        results, self.results = self.results, []
        return results

    def due(self, now: int) -> int:
        return now

    def _watch(self, ticket: int, everything: bool, now: int) -> None:
        if self.watch:
            self._answer(-1, ())
        self.watch, self.watched_at = ticket, now
        if everything:
            self.tend(now)  # told with the inventory
            told = self.runner.inventory(now)
            self._answer(told.began_at, told.entries)

    def _answer(self, began_at: int, entries: tuple[JobEntry, ...]) -> None:
        self.results.append((self.watch, JobsSeen(began_at, entries)))
        self.watch = 0
        self.changed.clear()

    # ---------------------------------------------------------------- orders

    def _start(self, order: StartJob, now: int) -> Refusal | None:
        brief = read_brief(order.brief)
        if not isinstance(brief, Brief):
            return Refusal.INVALID
        job = self._job(brief, order)
        if isinstance(job, Refusal):
            return job
        try:
            limits = limits_of(brief)
        except ValueError:
            return Refusal.INVALID
        refusal = self.runner.start(job, limits, self.means.folders(order.job, order.stage), now)
        if refusal is None and order.speed_milli != SPEED_FULL:
            self.runner.pace(job.job, order.speed_milli, now)  # without means for that it runs unpaced
        return refusal

    def _job(self, brief: Brief, order: StartJob) -> JobToRun | Refusal:
        means = self.means
        if order.stage == VERIFIER:
            brief = replace(brief, entry=brief.verifier, arguments=())
        runtime = find_installed(means.catalogue, brief.runtime, RUNTIMES)
        if runtime is None:
            return Refusal.RUNTIME
        names = [library.partition("==")[0] for library in brief.libraries]
        if any(name not in means.libraries for name in names):
            return Refusal.LIBRARY
        libraries = tuple(folder for name in names if (folder := means.libraries[name]))
        try:
            job = job_of(runner_number(order.job, order.stage), brief, runtime.kind, means.interpreter)
        except ValueError:
            return Refusal.INVALID
        fastest = max(level.speed_milli for level in brief.levels)
        return replace(
            job,
            kind=job.kind if means.kind is None else means.kind,
            environment=(("PYTHONPATH", ":".join(libraries)),) if libraries else (),
            libraries=libraries,
            devices=means.devices if brief.resources.accelerator_milli else (),
            work_ns=brief.work_s * NS * SPEED_FULL // fastest,
        )

    def _steer(self, order: SteerJob, now: int) -> Refusal | None:
        runner, job, amount = self.runner, order.job, order.amount
        match order.verb:
            case Verb.FREEZE:
                return runner.freeze(job, now)
            case Verb.THAW:
                return runner.thaw(job, now)
            case Verb.KILL:
                return runner.kill(job, now)
            case Verb.FORGET:
                return runner.forget(job, now)
            case Verb.CHECKPOINT:
                return runner.checkpoint(job, amount, now)
            case Verb.STOP:
                return runner.stop(job, amount, now)
            case Verb.PACE:
                return runner.pace(job, amount, now)
            case Verb.BOOK:
                return runner.book(job, amount, now)
            case _:
                return Refusal.INVALID
