"""The runner's process in virtual time: it owns the jobs, outlives the executive, and dies with the power.

To the executive it is what `flight.runners.client` is: an order that could be sent is taken, jobs of a runner that died
are told as lost, and a new executive hears the whole inventory first.  Behind it is the modelled runner, on world time:
mission time stands still while nobody flies, and the jobs do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from flight.declare.running import (
    ExitReason,
    Inventory,
    JobEntry,
    JobFolders,
    JobLimits,
    JobState,
    JobToRun,
    Refusal,
)
from flight.jobs import Brief
from flight.ports import Disk
from flight.runners.modelled import Behaviour, FaultKind, ModelledFault, ModelledRunner
from sim.disk import NEVER, ProcessKilled
from sim.payload.afflictions import Afflictions
from sim.payload.checkpoints import JobCheckpoints
from sim.payload.history import JobHistory
from sim.payload.shelf import wrong_name

NS = 1_000_000_000
BACK_OFF_NS = NS  # from the end of a runner to the next one, as `flight.runners.client` starts it
UNWATCHED_NS = 30 * NS  # without an executive: then all jobs are frozen (docs/runners.md)
AT_WORK = (JobState.RUNNING, JobState.FREEZING, JobState.STOPPING, JobState.KILLING, JobState.STUCK)
USUAL = Behaviour()

Order = Callable[[ModelledRunner, int], Refusal | None]


class VirtualRunner:
    """A `flight.ports.JobRunner`.  `now` of its calls is mission time, `offset` what that is ahead of the world's.

    `afflictions` are faults of jobs by their label, `names` says which number is whose and which stage of it, and
    `history` keeps what truly ran; `lives` counts the runners so far.
    """

    def __init__(
        self,
        world_ns: int,
        disk: Disk,
        afflictions: Afflictions | None = None,
        history: JobHistory | None = None,
        behaviour: Behaviour = USUAL,
    ) -> None:
        self.disk = disk
        self.checkpoints = JobCheckpoints(disk)
        self.afflictions = afflictions or Afflictions()
        self.history = history or JobHistory()
        self.behaviour = behaviour
        self.names: dict[int, tuple[Brief, int]] = {}
        self.faults: dict[int, ModelledFault] = {}
        self.offset = 0
        self.watched_at = world_ns
        self.lives = 0
        self.down_until = -1  # below zero while it runs
        self.hung = False
        self.queued: list[Order] = []
        self.known: dict[int, JobEntry] = {}
        self.changed: dict[int, JobEntry] = {}
        self.due = 0  # before, nothing happens in the process by itself
        self._begin(world_ns)

    def _begin(self, world_ns: int) -> None:
        self.process = ModelledRunner(world_ns, self.checkpoints, behaviour=self.behaviour)
        self.process.faults = self.faults
        self.lives += 1
        self.down_until, self.due = -1, 0

    # ---------------------------------------------------------------- the port

    def start(self, job: JobToRun, limits: JobLimits, folders: JobFolders, now: int) -> Refusal | None:
        if job.job in self.known:
            return Refusal.NUMBER_IN_USE
        return self._order(now, lambda runner, at: self._start(runner, job, limits, folders, at))

    def _start(
        self, runner: ModelledRunner, job: JobToRun, limits: JobLimits, folders: JobFolders, at: int
    ) -> Refusal | None:
        refusal = runner.start(job, limits, folders, at)
        named = self.names.get(job.job)
        if refusal is None and named is not None:
            brief, stage = named
            self.history.begin(job.job, stage, brief, at)
            self.afflictions.started(f"{brief.owner}/{brief.name}")
        return refusal

    def freeze(self, job: int, now: int) -> Refusal | None:
        return self._order(now, lambda runner, at: runner.freeze(job, at))

    def thaw(self, job: int, now: int) -> Refusal | None:
        return self._order(now, lambda runner, at: runner.thaw(job, at))

    def checkpoint(self, job: int, within_ns: int, now: int) -> Refusal | None:
        return self._order(now, lambda runner, at: runner.checkpoint(job, within_ns, at))

    def stop(self, job: int, within_ns: int, now: int) -> Refusal | None:
        return self._order(now, lambda runner, at: runner.stop(job, within_ns, at))

    def kill(self, job: int, now: int) -> Refusal | None:
        return self._order(now, lambda runner, at: runner.kill(job, at))

    def pace(self, job: int, speed_milli: int, now: int) -> Refusal | None:
        return self._order(now, lambda runner, at: runner.pace(job, speed_milli, at))

    def book(self, job: int, energy_mj: int, now: int) -> Refusal | None:
        return self._order(now, lambda runner, at: runner.book(job, energy_mj, at))

    def forget(self, job: int, now: int) -> Refusal | None:
        refusal = self._order(now, lambda runner, at: runner.forget(job, at))
        lost = self.known.get(job)
        if refusal is None or (refusal is Refusal.UNKNOWN_JOB and lost is not None):
            for kept in (self.known, self.changed, self.names, self.faults):
                kept.pop(job, None)
            return None
        return refusal

    def poll(self, now: int) -> Sequence[JobEntry]:
        self.tend(now - self.offset, watched=True)
        if not self.changed:
            return ()
        entries = list(self.changed.values())
        self.changed.clear()
        return entries

    def inventory(self, now: int) -> Inventory:
        """As last heard."""
        self.tend(now - self.offset, watched=True)
        return Inventory(self.process.began_at + self.offset, tuple(self.known.values()))

    def _order(self, now: int, order: Order) -> Refusal | None:
        at = now - self.offset
        self.tend(at, watched=True)
        if self.down_until >= 0:
            return Refusal.UNREACHABLE
        if self.hung:
            self.queued.append(order)
            return None
        try:
            refusal = order(self.process, at)
        except ProcessKilled:
            self.die(at)
            return None
        self._learn(at)
        return refusal

    def quiet(self, now: int) -> bool:
        """A poll would give nothing."""
        at = now - self.offset
        self.watched_at = at
        return not self.changed and self.down_until < 0 and at < self.due

    def due_at(self, now: int) -> int:
        """When a poll may give something; a fault may bring that forward, at a whole second."""
        return now if self.changed or self.down_until >= 0 else self.due + self.offset

    # ---------------------------------------------------------------- its life

    def met(self, offset: int) -> None:
        """A new executive is there: it hears everything."""
        self.offset = offset
        self.known = {number: entry for number, entry in self.known.items() if number in self.process.jobs}
        self.due = 0
        for found in self.process.jobs.values():
            found.changed = True

    def tend(self, world_ns: int, *, watched: bool) -> None:
        """Once a second at least: what the process does by itself."""
        if watched:
            self.watched_at = world_ns
        if self.hung:
            return
        if self.down_until >= 0:
            if world_ns < self.down_until or not watched:  # who starts a runner is the executive
                return
            self._begin(world_ns)
            self._tell_lost(world_ns)
        try:
            if world_ns - self.watched_at >= UNWATCHED_NS:
                for number in list(self.process.jobs):
                    self.process.freeze(number, world_ns)
            elif world_ns < self.due:
                return
            self._learn(world_ns)
        except ProcessKilled:
            self.die(world_ns)

    def die(self, world_ns: int) -> None:
        """The process ends, and its jobs with it."""
        if self.down_until < 0:
            self.down_until = world_ns + BACK_OFF_NS
            self.hung = False
            self.queued.clear()
            self.process.jobs.clear()
            self.history.end_all(world_ns, ExitReason.LOST)

    def release(self, world_ns: int) -> None:
        """A process that stood still goes on, with what it was told meanwhile."""
        if self.hung:
            self.hung, self.due = False, 0
            for order in self.queued:
                order(self.process, world_ns)
            self.queued.clear()

    def named(self, number: int, brief: Brief, stage: int) -> None:
        """The job that will be started with that number."""
        self.names[number] = (brief, stage)
        self.afflict()

    def afflict(self) -> None:
        """Faults have begun or ended.  A flipped bit meets one copy alone."""
        self.faults.clear()
        for number, (brief, stage) in self.names.items():
            fault = self.afflictions.struck.get(f"{brief.owner}/{brief.name}")
            if fault is not None and not (stage and fault.kind is FaultKind.WRONG_BITS):
                self.faults[number] = replace(fault, job=number)
        self.due = 0

    def at_work(self) -> list[int]:
        """Numbers of the jobs that draw power now."""
        return [number for number, found in self.process.jobs.items() if found.entry.state in AT_WORK]

    def _learn(self, world_ns: int) -> None:
        for entry in self.process.poll(world_ns):
            self.history.progress(entry.job, entry.progress_milli)
            if entry.state is JobState.ENDED:
                self.history.end(entry.job, entry.changed_at, entry.reason)
                self._leave(entry)
            heard = entry.heard_at + self.offset if entry.heard_at else 0
            told = replace(
                entry,
                started_at=entry.started_at + self.offset,
                changed_at=entry.changed_at + self.offset,
                heard_at=heard,
            )
            self.known[entry.job] = self.changed[entry.job] = told
        self.due = min((self.process.due(number) for number in self.process.jobs), default=NEVER)

    def _leave(self, entry: JobEntry) -> None:
        """What a job leaves in its outputs: a flipped bit, where a fault has struck it."""
        found = self.process.jobs[entry.job]
        name = wrong_name(found.folders.outputs)
        try:
            if found.wrong:
                self.disk.write(name, 0, bytes([1 << entry.job % 8]))
                self.disk.sync(name)
                self.disk.sync_directory()
            elif entry.reason is ExitReason.COMPLETED and name in self.disk.names():
                self.disk.remove(name)
                self.disk.sync_directory()
        except OSError:
            self.checkpoints.failed += 1

    def _tell_lost(self, world_ns: int) -> None:
        for number, entry in self.known.items():
            if entry.state is not JobState.ENDED:
                lost = replace(
                    entry, state=JobState.ENDED, reason=ExitReason.LOST, changed_at=world_ns + self.offset
                )
                self.changed[number] = lost
        self.known.update(self.changed)
