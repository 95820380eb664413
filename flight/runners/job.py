"""One job that runs as processes: from its start to the moment when nothing of it is left.

It never waits: `tend` moves it on, and `next_deadline` says when that is due.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice

from flight.declare.running import (
    SPEED_FULL,
    ExitReason,
    JobEntry,
    JobFolders,
    JobLimits,
    JobState,
    JobToRun,
    Protection,
)
from flight.jobs.control import Wanted
from flight.runners.control import Control
from flight.runners.endings import reason_of
from flight.runners.holds import Grip
from flight.runners.output import write_record
from flight.runners.processes import send
from flight.runners.scratch import measure, take_back
from flight.runners.spawn import Spawned

MILLISECOND = 1_000_000
WATCH_NS = 250 * MILLISECOND  # a disk of 100 MB/s writes 25 MB in it: what a job may overrun its limit by
CLOSE_WATCH_NS = 100 * MILLISECOND  # where no control group holds memory and processes
WATCH_NS_PER_FILE = 500_000  # looking at a file takes about 10 us: this makes it 2 % of a core at most
TAKEN_AT_ONCE = (
    20  # entries of its folders, 0.2 to 60 ms (a rmdir was seen to take 3 ms): others wait so long
)
NOTE_MAX = 200  # characters
BACK_NS = 1 * MILLISECOND  # between two looks whether an order has taken effect
SLOW_BACK_NS = 50 * MILLISECOND
PROMPT_NS = 100 * MILLISECOND  # what a freeze or a kill is expected to take; after that every means is used
STUCK_NS = 5_000 * MILLISECOND
GOING = (JobState.RUNNING, JobState.FREEZING, JobState.FROZEN, JobState.THAWING, JobState.STOPPING)


class RunningJob:
    def __init__(
        self,
        job: JobToRun,
        limits: JobLimits,
        folders: JobFolders,
        protection: Protection,
        grip: Grip,
        spawned: Spawned,
        control: Control,
        now: int,
    ) -> None:
        self.limits, self.folders = limits, folders
        self.grip, self.group, self.spawned, self.control = grip, grip.group, spawned, control
        self.entry = JobEntry(
            job.job, job.kind, JobState.STARTING, protection, started_at=now, changed_at=now
        )
        self.changed = True
        self.intent = ExitReason.NONE  # why we end it
        self.due = now + BACK_NS
        self.watch_at = self.disk_at = now + WATCH_NS
        self.asked_at = now  # the last order
        self.terminate_at = self.kill_at = 0  # of a stop
        self.attempts = 0
        self.taking: Iterator[int] | None = None  # its folders, step by step
        self.removed = 0
        self.count = 0  # of its processes, where no control group holds it to a number
        self.lingering = False  # its groups, for a moment, with dead processes that nobody has buried yet

    # ---------------------------------------------------------------- orders

    def freeze(self, now: int) -> bool:
        if self.entry.state in (JobState.FREEZING, JobState.FROZEN):
            return True
        if self.entry.state not in (JobState.STARTING, JobState.RUNNING, JobState.THAWING):
            return False
        self._order(JobState.FREEZING, now)
        self.grip.freeze(True)
        self._read_back(now)
        return True

    def thaw(self, now: int) -> bool:
        if self.entry.state not in (JobState.FREEZING, JobState.FROZEN):
            return self.entry.state in (JobState.RUNNING, JobState.THAWING)
        self._order(JobState.THAWING, now)
        self._let_go()
        self._read_back(now)
        return True

    def ask_checkpoint(self, within_ns: int, now: int) -> bool:
        return self.entry.state is JobState.RUNNING and self.control.ask(Wanted.CHECKPOINT, within_ns)

    def stop(self, within_ns: int, now: int) -> bool:
        """A second stop may shorten the time, never lengthen it."""
        state = self.entry.state
        if state is JobState.STOPPING:
            self.kill_at = min(self.kill_at, now + within_ns)
            self.due = now
            return True
        if state in (JobState.ENDED, JobState.STUCK, JobState.KILLING):
            return True
        if state in (JobState.FREEZING, JobState.FROZEN):
            self._let_go()
        self.intent = ExitReason.OVERRAN
        self.kill_at, self.terminate_at = now + within_ns, now + within_ns // 2
        self._order(JobState.STOPPING, now)
        if not self.control.ask(Wanted.STOP, within_ns):
            self.terminate_at = now
        return True

    def kill(self, now: int, reason: ExitReason = ExitReason.KILLED) -> None:
        if self.entry.state in (JobState.KILLING, JobState.STUCK, JobState.ENDED):
            return
        self.intent = reason
        self._order(JobState.KILLING, now)
        self.attempts = 0
        self._kill(now)

    def pace(self, speed_milli: int, cores_milli: int) -> bool:
        if not self.group.limit_cpu(cores_milli * speed_milli // SPEED_FULL):
            return False
        self.entry = replace(self.entry, speed_milli=speed_milli)
        self.changed = True
        return True

    def _order(self, state: JobState, now: int) -> None:
        self.asked_at = now
        self._become(state, now)

    def _become(self, state: JobState, now: int) -> None:
        self.entry = replace(self.entry, state=state, changed_at=now)
        self.changed = True
        self.due = now

    def _let_go(self) -> None:
        self.grip.freeze(False)

    # ---------------------------------------------------------------- as time goes by

    def next_deadline(self) -> int:
        return min(self.due, self.watch_at)

    def tend(self, now: int) -> None:
        if self.entry.state is JobState.ENDED:
            return
        for output in self.spawned.outputs:
            output.drain()
        if self.entry.state is JobState.STARTING:
            self.spawned.hear()
            self.grip.know_first(self.spawned.first)
            if self.spawned.up:
                self._become(JobState.RUNNING, now)
        if self.grip.bury():
            self._wind_up(now)
            return
        if now >= self.watch_at:
            self._watch(now)
        if now >= self.due:
            self._move_on(now)

    def _move_on(self, now: int) -> None:
        state = self.entry.state
        if state in (JobState.FREEZING, JobState.THAWING):
            self._read_back(now)
        elif state is JobState.STOPPING:
            self._press(now)
        elif state in (JobState.KILLING, JobState.STUCK):
            self._kill(now)
        elif state is JobState.STARTING:
            self.due = now + BACK_NS
        else:
            self.due = self.watch_at

    def _read_back(self, now: int) -> None:
        """Has the order taken effect?  If it takes long, signals go to each process beside it."""
        state = self.entry.state
        wanted = state is JobState.FREEZING
        if self.grip.frozen() is wanted:
            self.entry = replace(self.entry, took_ns=now - self.asked_at)
            self._become(JobState.FROZEN if wanted else JobState.RUNNING, now)
            self.due = self.watch_at
            if not wanted and self.entry.heard_at:
                self.entry = replace(self.entry, heard_at=now)  # silence begins anew
            return
        late = now - self.asked_at > PROMPT_NS
        if late or not self.group.freeze(wanted):
            self.grip.freeze(wanted, by_signals=True)
        self.due = now + (SLOW_BACK_NS if late else BACK_NS)

    def _press(self, now: int) -> None:
        if now >= self.kill_at:
            self.kill(now, ExitReason.OVERRAN)
        elif now >= self.terminate_at:
            send(self.grip.programs(), signal.SIGTERM)
            self.terminate_at = self.due = self.kill_at
        else:
            self.due = self.terminate_at

    def _kill(self, now: int) -> None:
        self.grip.kill(self.attempts)
        self.attempts += 1
        late = now - self.asked_at
        if late > STUCK_NS and self.entry.state is not JobState.STUCK:
            self._become(JobState.STUCK, now)
        self.due = now + (SLOW_BACK_NS if late > PROMPT_NS else 5 * BACK_NS)

    # ---------------------------------------------------------------- limits that nobody else holds

    def _watch(self, now: int) -> None:
        watched = not {"memory", "pids"} <= self.group.held
        self.watch_at = now + (CLOSE_WATCH_NS if watched else WATCH_NS)
        if self.entry.state not in GOING:
            return
        self._hear(now)
        self._account()
        reason = self._overrun(now)
        if reason is not ExitReason.NONE:
            self.kill(now, reason)

    def _hear(self, now: int) -> None:
        status = self.control.look()
        if status is None:
            return
        said = (status.progress_milli, status.checkpoint, status.phase_name)
        self.changed |= said != (self.entry.progress_milli, self.entry.checkpoints, self.entry.phase)
        self.entry = replace(
            self.entry, heard_at=now, progress_milli=said[0], checkpoints=said[1], phase=said[2]
        )

    def _account(self) -> None:
        usage, cpu_ns, memory = self.entry.usage, self.group.cpu_time_ns(), self.group.memory_peak_octets()
        if cpu_ns is None or memory is None or "pids" not in self.group.held:
            shown = self.grip.seen()
            self.count = len(shown)
            cpu_ns = sum(one.cpu_time_ns for one in shown) if cpu_ns is None else cpu_ns
            memory = sum(one.resident_octets for one in shown) if memory is None else memory
        self.entry = replace(
            self.entry,
            usage=replace(
                usage,
                cpu_time_ns=max(usage.cpu_time_ns, cpu_ns, self.grip.buried_ns),
                memory_peak_octets=max(usage.memory_peak_octets, memory),
                output_octets=sum(output.octets for output in self.spawned.outputs),
            ),
        )

    def _overrun(self, now: int) -> ExitReason:
        limits, entry = self.limits, self.entry
        if limits.lifetime_ns and now - entry.started_at > limits.lifetime_ns:
            return ExitReason.LIFETIME
        if limits.cpu_time_ns and entry.usage.cpu_time_ns > limits.cpu_time_ns:
            return ExitReason.CPU_TIME
        if "memory" not in self.group.held and entry.usage.memory_peak_octets > limits.memory_octets:
            return ExitReason.MEMORY
        if "pids" not in self.group.held and self.count > limits.processes:
            return ExitReason.PROCESSES
        waits = limits.silence_ns and entry.heard_at and entry.state is JobState.RUNNING
        if waits and now - entry.heard_at > limits.silence_ns:
            return ExitReason.SILENT
        return self._disk_overrun(now) if now >= self.disk_at else ExitReason.NONE

    def _disk_overrun(self, now: int) -> ExitReason:
        try:
            found = measure(self.folders.written, self.limits.files)
        except OSError:
            return ExitReason.DISK  # a folder that its own runner cannot open
        self.disk_at = now + max(WATCH_NS, found.files * WATCH_NS_PER_FILE)
        self.entry = replace(self.entry, usage=replace(self.entry.usage, disk_octets=found.octets))
        over = found.octets > self.limits.disk_octets or found.files > self.limits.files or found.hidden
        return ExitReason.DISK if over else ExitReason.NONE

    # ---------------------------------------------------------------- the end

    def _wind_up(self, now: int) -> None:
        """The leader is dead.  Whatever the job has left behind dies, too, before anything is said of its end."""
        if self.entry.reason is ExitReason.NONE:
            self._account()
            self._judge()
        if self.grip.gone():
            self._end(now)
            return
        if self.entry.state not in (JobState.KILLING, JobState.STUCK):
            self.asked_at, self.attempts = now, 0
            self._become(JobState.KILLING, now)
        if now >= self.due:
            self._kill(now)

    def _judge(self) -> None:
        self._hear(self.entry.heard_at)
        self.spawned.hear()
        self.grip.know_first(self.spawned.first)
        for output in self.spawned.outputs:
            output.drain()
        assert self.grip.status is not None
        code = os.waitstatus_to_exitcode(self.grip.status)
        memory = self.group.memory_kills() > 0
        reason, code, note = reason_of(
            self.entry.kind, code, self.intent, memory=memory, complaint=self.spawned.complaint
        )
        self.entry = replace(self.entry, reason=reason, code=code, note=note)

    def _end(self, now: int) -> None:
        """Nothing of it lives: take its folders back, some at a time, then say so."""
        if self.taking is None:
            for output in self.spawned.outputs:
                output.drain()
            self._disk_overrun(now)
            self.taking = chain.from_iterable(map(take_back, self.folders.written))
        note = self.entry.note
        try:
            steps = list(islice(self.taking, TAKEN_AT_ONCE))
            self.removed += sum(steps)
            if len(steps) == TAKEN_AT_ONCE:
                self.due = now
                return
            write_record(self.folders.record, self.spawned.outputs)
        except OSError as error:
            note = f"{note}; its folders: {error}".lstrip("; ")
        if self.removed:
            note = f"{note}; {self.removed} links or special files removed".lstrip("; ")
        self.entry = replace(self.entry, note=note[:NOTE_MAX], took_ns=now - self.asked_at)
        self.lingering = not self.group.remove()
        self.control.close()
        self.grip.close()
        self.spawned.close()
        self._become(JobState.ENDED, now)
