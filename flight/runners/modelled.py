"""The modelled runner: jobs in virtual time that progress by speed, fail as told, and end with the same bits each run.

Whole numbers alone, nothing from outside but `now`: two runs of one order of calls agree bit for bit.  What a
checkpoint holds is in `checkpoints`, by the job's folder: hand the same mapping to the next runner and it is a disk
that has survived a reboot.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from flight.declare.running import (
    JOBS_MAX,
    NO_PROTECTION,
    SPEED_FULL,
    ExitReason,
    Inventory,
    JobEntry,
    JobFolders,
    JobLimits,
    JobState,
    JobToRun,
    Refusal,
    RunnerKind,
)
from flight.jobs.control import STOPPED_STATUS

MILLISECOND = 1_000_000
START_NS = 100 * MILLISECOND  # measured for bubblewrap with Python: 60 to 140 ms
EFFECT_NS = 2 * MILLISECOND  # of a freeze, a thaw or a kill, as measured
SIGNAL_SEGV, SIGNAL_KILL = 11, 9
NEVER = 1 << 62
PHASE = "modelled"
LIVE = (JobState.RUNNING, JobState.FREEZING, JobState.STOPPING)  # states in which work is done
ENDING = (JobState.KILLING, JobState.STUCK, JobState.ENDED)


class FaultKind(enum.Enum):
    CRASH = "ends by a signal"
    HANG = "goes on without progress or heartbeat, and does not stop when asked"
    SLOW = "progresses at a share of its speed"
    WRONG_BITS = "ends well with a wrong result"
    STUCK = "cannot be killed"


@dataclass(frozen=True, slots=True)
class ModelledFault:
    """Strikes job `job` when it has done `after_ns` of its work.  `speed_milli` is for SLOW."""

    job: int
    kind: FaultKind
    after_ns: int = 0
    speed_milli: int = SPEED_FULL


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How every job of this runner behaves: work between two checkpoints of its own, and how long writing one takes."""

    checkpoint_every_ns: int = 60_000 * MILLISECOND
    checkpoint_ns: int = 500 * MILLISECOND


@dataclass(slots=True)
class _Job:
    order: JobToRun
    limits: JobLimits
    folders: JobFolders
    entry: JobEntry
    done: int  # of its work, ns times thousandths, with what an earlier run had done
    kept: int  # of that, in a checkpoint
    at: int  # how far this has been worked out
    due: int  # when what was ordered takes effect; -1 for nothing
    asked_at: int
    used: int = 0  # processor time, ns times millionths: whole however often one looks
    kill_at: int = -1
    wrong: bool = False
    changed: bool = True


class ModelledRunner:
    def __init__(
        self,
        now: int,
        checkpoints: MutableMapping[str, int],
        faults: Iterable[ModelledFault] = (),
        behaviour: Behaviour = Behaviour(),
    ) -> None:
        self.began_at, self.checkpoints, self.behaviour = now, checkpoints, behaviour
        self.faults = {fault.job: fault for fault in faults}
        self.jobs: dict[int, _Job] = {}

    # ---------------------------------------------------------------- the port

    def start(self, job: JobToRun, limits: JobLimits, folders: JobFolders, now: int) -> Refusal | None:
        if job.job in self.jobs:
            return Refusal.NUMBER_IN_USE
        if len(self.jobs) >= JOBS_MAX:
            return Refusal.TOO_MANY_JOBS
        if job.kind is not RunnerKind.MODELLED:
            return Refusal.RUNTIME
        done = min(self.checkpoints.get(folders.checkpoints, 0), job.work_ns * SPEED_FULL)
        entry = JobEntry(
            job.job, job.kind, JobState.STARTING, NO_PROTECTION, started_at=now, changed_at=now, phase=PHASE
        )
        self.jobs[job.job] = _Job(job, limits, folders, entry, done, done, now, now + START_NS, now)
        return None

    def freeze(self, job: int, now: int) -> Refusal | None:
        wanted = (JobState.STARTING, JobState.RUNNING, JobState.THAWING)
        return self._order(job, JobState.FREEZING, wanted, (JobState.FREEZING, JobState.FROZEN), now)

    def thaw(self, job: int, now: int) -> Refusal | None:
        wanted = (JobState.FREEZING, JobState.FROZEN)
        return self._order(job, JobState.THAWING, wanted, (JobState.RUNNING, JobState.THAWING), now)

    def checkpoint(self, job: int, within_ns: int, now: int) -> Refusal | None:
        found = self._worked(job, now)
        if found is None:
            return Refusal.UNKNOWN_JOB
        if found.entry.state is not JobState.RUNNING:
            return Refusal.WRONG_STATE
        if not self._hangs(found) and self.behaviour.checkpoint_ns <= within_ns:
            self._keep(found, found.done)
        return None

    def stop(self, job: int, within_ns: int, now: int) -> Refusal | None:
        found = self._worked(job, now)
        if found is None:
            return Refusal.UNKNOWN_JOB
        if found.entry.state is JobState.STOPPING:
            found.kill_at = min(found.kill_at, now + within_ns)
            return None
        if found.entry.state not in ENDING:
            self._become(found, JobState.STOPPING, now)
            found.asked_at, found.kill_at = now, now + within_ns
            found.due = -1 if self._hangs(found) else now + self.behaviour.checkpoint_ns
        return None

    def kill(self, job: int, now: int) -> Refusal | None:
        found = self._worked(job, now)
        if found is None:
            return Refusal.UNKNOWN_JOB
        self._kill(found, ExitReason.KILLED, now)
        return None

    def pace(self, job: int, speed_milli: int, now: int) -> Refusal | None:
        found = self._worked(job, now)
        if found is None:
            return Refusal.UNKNOWN_JOB
        if not 1 <= speed_milli <= SPEED_FULL:
            return Refusal.INVALID
        found.entry, found.changed = replace(found.entry, speed_milli=speed_milli), True
        return None

    def book(self, job: int, energy_mj: int, now: int) -> Refusal | None:
        found = self._worked(job, now)
        if found is None:
            return Refusal.UNKNOWN_JOB
        if energy_mj < 0:
            return Refusal.INVALID
        usage = found.entry.usage
        found.entry = replace(found.entry, usage=replace(usage, energy_mj=usage.energy_mj + energy_mj))
        found.changed = True
        return None

    def forget(self, job: int, now: int) -> Refusal | None:
        found = self._worked(job, now)
        if found is None:
            return Refusal.UNKNOWN_JOB
        if found.entry.state is not JobState.ENDED:
            return Refusal.WRONG_STATE
        del self.jobs[job]
        return None

    def poll(self, now: int) -> Sequence[JobEntry]:
        for found in self.jobs.values():
            self._work(found, now)
        changed = [found for found in self.jobs.values() if found.changed]
        for found in changed:
            found.changed = False
        return [found.entry for found in changed]

    def inventory(self, now: int) -> Inventory:
        for found in self.jobs.values():
            self._work(found, now)
        return Inventory(self.began_at, tuple(found.entry for found in self.jobs.values()))

    def due(self, job: int) -> int:
        """When something happens to a job by itself, at the earliest: until then nobody need look."""
        found = self.jobs[job]
        if found.entry.state is JobState.ENDED:
            return NEVER
        times = [time for time in self._events(found) if time > found.at]
        speed = self._speed(found)
        if speed and found.entry.state in LIVE:
            left = self.behaviour.checkpoint_every_ns * SPEED_FULL - (found.done - found.kept)
            times.append(found.at + max(1, -(-left // speed)))
        return min(times, default=NEVER)

    def result(self, job: int) -> bytes:
        """32 octets that stand for the outputs of a job that has completed: the same each time, unless a fault made
        them wrong.  Empty before."""
        found = self.jobs.get(job)
        if found is None or found.entry.reason is not ExitReason.COMPLETED:
            return b""
        text = "\0".join((*found.order.words, found.folders.package, str(found.order.seed)))
        right = sha256(text.encode()).digest()
        return bytes([right[0] ^ 1 << job % 8, *right[1:]]) if found.wrong else right

    # ---------------------------------------------------------------- as time goes by

    def _worked(self, job: int, now: int) -> _Job | None:
        found = self.jobs.get(job)
        if found is not None:
            self._work(found, now)
        return found

    def _work(self, found: _Job, now: int) -> None:
        """From where it was to `now`, from one event to the next; there are at most four of them in a row."""
        while found.at < now and found.entry.state is not JobState.ENDED:
            until = min([now, *(time for time in self._events(found) if time > found.at)])
            self._progress(found, until)
            found.at = until
            self._happen(found)
        found.at = now

    def _events(self, found: _Job) -> list[int]:
        entry, limits = found.entry, found.limits
        times = [time for time in (found.due, found.kill_at) if time >= 0]
        speed = self._speed(found)
        if speed and entry.state in LIVE:
            left = found.order.work_ns * SPEED_FULL - found.done
            times.append(found.at + max(1, -(-left // speed)))
            fault = self.faults.get(entry.job)
            if fault is not None and found.done < fault.after_ns * SPEED_FULL:
                times.append(found.at - (found.done - fault.after_ns * SPEED_FULL) // speed)
        if limits.lifetime_ns:
            times.append(entry.started_at + limits.lifetime_ns)
        rate = limits.cores_milli * entry.speed_milli
        if limits.cpu_time_ns and rate and entry.state in LIVE:
            over = (limits.cpu_time_ns + 1) * SPEED_FULL**2 - found.used
            times.append(found.at + max(1, -(-over // rate)))
        if limits.silence_ns and entry.heard_at:
            times.append(entry.heard_at + limits.silence_ns)
        return times

    def _speed(self, found: _Job) -> int:
        """Thousandths of a nanosecond's work in a nanosecond."""
        fault = self._struck(found)
        if fault is None:
            return found.entry.speed_milli
        if fault.kind is FaultKind.HANG:
            return 0
        slowed = fault.speed_milli if fault.kind is FaultKind.SLOW else SPEED_FULL
        return max(1, found.entry.speed_milli * slowed // SPEED_FULL)

    def _struck(self, found: _Job) -> ModelledFault | None:
        fault = self.faults.get(found.entry.job)
        return fault if fault is not None and found.done >= fault.after_ns * SPEED_FULL else None

    def _hangs(self, found: _Job) -> bool:
        fault = self._struck(found)
        return fault is not None and fault.kind is FaultKind.HANG

    def _progress(self, found: _Job, until: int) -> None:
        if found.entry.state not in LIVE:
            return
        speed, whole = self._speed(found), found.order.work_ns * SPEED_FULL
        found.done = min(whole, found.done + (until - found.at) * speed)
        every = self.behaviour.checkpoint_every_ns * SPEED_FULL
        if found.done - found.kept >= every:
            self._keep(found, found.done - found.done % every)
        usage = found.entry.usage
        found.used += (until - found.at) * found.limits.cores_milli * found.entry.speed_milli
        found.entry = replace(
            found.entry,
            heard_at=found.entry.heard_at if self._hangs(found) else until,
            progress_milli=found.done * 1_000 // whole if whole else 1_000,
            usage=replace(
                usage,
                cpu_time_ns=found.used // SPEED_FULL**2,
                memory_peak_octets=found.limits.memory_octets // 2,
            ),
        )

    def _keep(self, found: _Job, done: int) -> None:
        if done > found.kept:
            found.kept = self.checkpoints[found.folders.checkpoints] = done
            found.entry = replace(found.entry, checkpoints=found.entry.checkpoints + 1)
            found.changed = True

    def _happen(self, found: _Job) -> None:
        """What is due at `found.at`."""
        entry, limits, now = found.entry, found.limits, found.at
        fault = self._struck(found)
        if entry.state in LIVE and fault is not None and fault.kind is FaultKind.CRASH:
            self._end(found, ExitReason.SIGNALLED, SIGNAL_SEGV)
        elif entry.state in LIVE and found.done >= found.order.work_ns * SPEED_FULL:
            found.wrong = fault is not None and fault.kind is FaultKind.WRONG_BITS
            self._end(found, ExitReason.COMPLETED, 0)
        elif 0 <= found.due <= now:
            self._take_effect(found)
        elif 0 <= found.kill_at <= now:
            self._kill(found, ExitReason.OVERRAN, now)
        elif entry.state in ENDING:
            return
        elif limits.lifetime_ns and now - entry.started_at >= limits.lifetime_ns:
            self._kill(found, ExitReason.LIFETIME, now)
        elif limits.cpu_time_ns and entry.usage.cpu_time_ns > limits.cpu_time_ns:
            self._kill(found, ExitReason.CPU_TIME, now)
        elif (
            limits.silence_ns
            and entry.state is JobState.RUNNING
            and now - entry.heard_at >= limits.silence_ns > 0
        ):
            self._kill(found, ExitReason.SILENT, now)

    def _take_effect(self, found: _Job) -> None:
        state = found.entry.state
        found.entry = replace(found.entry, took_ns=found.due - found.asked_at)
        found.due = -1
        if state is JobState.STOPPING:
            self._keep(found, found.done)
            self._end(found, ExitReason.STOPPED, STOPPED_STATUS)
        elif state is JobState.KILLING:
            self._end(found, found.entry.reason, SIGNAL_KILL)
        else:
            self._become(found, JobState.FROZEN if state is JobState.FREEZING else JobState.RUNNING, found.at)
            found.entry = replace(found.entry, heard_at=found.at)

    def _order(
        self, job: int, state: JobState, wanted: tuple[JobState, ...], already: tuple[JobState, ...], now: int
    ) -> Refusal | None:
        found = self._worked(job, now)
        if found is None:
            return Refusal.UNKNOWN_JOB
        if found.entry.state in wanted:
            found.asked_at, found.due = now, now + EFFECT_NS
            self._become(found, state, now)
            return None
        return None if found.entry.state in already else Refusal.WRONG_STATE

    def _kill(self, found: _Job, reason: ExitReason, now: int) -> None:
        if found.entry.state in ENDING:
            return
        fault = self._struck(found)
        stuck = fault is not None and fault.kind is FaultKind.STUCK
        found.asked_at, found.kill_at, found.due = now, -1, -1 if stuck else now + EFFECT_NS
        found.entry = replace(found.entry, reason=reason)
        self._become(found, JobState.STUCK if stuck else JobState.KILLING, now)

    def _end(self, found: _Job, reason: ExitReason, code: int) -> None:
        found.entry = replace(found.entry, reason=reason, code=code)
        found.due = found.kill_at = -1
        if reason is ExitReason.COMPLETED:
            self.checkpoints.pop(found.folders.checkpoints, None)
        self._become(found, JobState.ENDED, found.at)

    def _become(self, found: _Job, state: JobState, now: int) -> None:
        found.entry = replace(found.entry, state=state, changed_at=now)
        found.changed = True
