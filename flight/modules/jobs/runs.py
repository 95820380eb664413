"""One run of a job, from the order to start it until the runner has told its end."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from flight.declare import SECOND
from flight.declare.running import ExitReason, JobEntry, JobState, Verb
from flight.declare.shelving import RunTold
from flight.jobs import Ended
from flight.modules.jobs.demand import worked
from flight.modules.jobs.row import Row, Usable
from flight.modules.jobs.stages import JobStage, Why

AGAIN_NS = 2 * SECOND  # an order whose effect is not seen is given again this often
OVERDUE_NS = 5 * SECOND  # beyond the time that a job had for its checkpoint: then it is killed
STUCK_NS = 60 * SECOND  # after the first kill: told once
STATUS_LEAST, STATUS_MOST = -128, 255  # of an exit in a receipt
DONE_MOST = 990  # thousandths that are guessed of a job which does not tell; it ends when it ends


class Wish(enum.IntEnum):
    """What is wanted of a run; a greater one is never taken back, but HOLD within its time."""

    RUN = 0
    HOLD = 1  # frozen at once; killed when `until` is over
    STOP = 2  # to checkpoint and end until `until`, then killed
    KILL = 3


SEEN = {
    JobState.STARTING: JobStage.RUNNING,
    JobState.RUNNING: JobStage.RUNNING,
    JobState.THAWING: JobStage.RUNNING,
    JobState.FREEZING: JobStage.FROZEN,
    JobState.FROZEN: JobStage.FROZEN,
    JobState.STOPPING: JobStage.STOPPING,
    JobState.KILLING: JobStage.STOPPING,
    JobState.STUCK: JobStage.STOPPING,
}


@dataclass(slots=True)
class Run:
    """`lane` and `use`: its board, by the mission's table, and the level.  `seen` is what the runner said last."""

    row: Row
    lane: int
    use: Usable
    began_ns: int
    utc_s: int
    base_milli: int  # progress before this run
    counted: bool = False  # as one of the times that it may be begun
    sent: bool = False  # the runner has been asked to start it
    wish: Wish = Wish.RUN
    why: Why = Why.PLAN
    until: int = 0
    again_at: int = 0
    killed_at: int = 0
    told_stuck: bool = False
    seen: JobState | None = None
    paced: int = 0  # as the runner was told last
    level_at: int = 0  # when its level was changed last
    energy_mj: int = 0
    booked_mj: int = 0
    ran_work: int = 0  # ns of running, times speed
    anomaly_ns: int = 0
    above_since: int = 0  # its board draws more than told, 0 if not
    slowed: bool = False
    tells: bool = False  # its progress, by itself

    def want(self, wish: Wish, why: Why, until: int = 0) -> None:
        """Worse at once; a hold may be taken back."""
        if wish > self.wish or (self.wish is Wish.HOLD and wish is Wish.RUN):
            self.wish, self.why, self.until, self.again_at = wish, why, until, 0
        elif wish is self.wish and until and until < self.until:
            self.until = until

    def change(self, use: Usable, now: int, steady_ns: int) -> None:
        """Another level.  Less at once; more only a thermal time constant after the last change, or it would go to and
        fro between a plan and a guard."""
        if use == self.use:
            return
        more = use.watts > self.use.watts or (
            use.watts == self.use.watts and use.speed_milli > self.use.speed_milli
        )
        if more and (self.slowed or now - self.level_at < steady_ns):
            return
        self.use, self.level_at = use, now

    def hold(self, why: Why, until: int) -> None:
        """Frozen at once, also one that had time for a checkpoint: its supply is going."""
        if self.wish is Wish.STOP and self.seen not in (JobState.STOPPING, JobState.KILLING, JobState.STUCK):
            self.wish = Wish.RUN
        self.want(Wish.HOLD, why, until)

    def order(self, now: int) -> tuple[Verb, int] | None:
        """What to tell the runner now, if anything."""
        if not self.sent or self.seen is JobState.ENDED:
            return None
        if self.wish in (Wish.HOLD, Wish.STOP) and now >= self.until + (
            OVERDUE_NS if self.wish is Wish.STOP else 0
        ):
            self.wish, self.again_at = Wish.KILL, 0
        verb = self._verb()
        if verb is None or now < self.again_at:
            return None
        self.again_at = now + AGAIN_NS
        if verb is Verb.KILL and not self.killed_at:
            self.killed_at = now
        return verb, max(1, self.until - now) if verb is Verb.STOP else 0

    def _verb(self) -> Verb | None:
        seen = self.seen
        if self.wish is Wish.KILL:
            return Verb.KILL
        if self.wish is Wish.STOP:
            return Verb.STOP if seen not in (JobState.STOPPING, JobState.KILLING, JobState.STUCK) else None
        if self.wish is Wish.HOLD:
            return (
                Verb.FREEZE if seen in (None, JobState.STARTING, JobState.RUNNING, JobState.THAWING) else None
            )
        return Verb.THAW if seen in (JobState.FREEZING, JobState.FROZEN) else None

    def see(self, entry: JobEntry) -> None:
        if entry.state is not self.seen:
            self.seen, self.again_at = entry.state, 0
        if entry.state in SEEN:
            self.row.state = SEEN[entry.state]
        if entry.progress_milli:
            self.row.progress_milli, self.tells = entry.progress_milli, True
        self.energy_mj = max(self.energy_mj, entry.usage.energy_mj)

    def second(self, elapsed_ns: int, watts: float, *, in_anomaly: bool) -> None:
        """Accounts of the time since the step before."""
        self.energy_mj += int(watts * elapsed_ns / 1e6)
        if self.row.state is not JobStage.RUNNING or self.seen is None:
            return
        self.ran_work += elapsed_ns * self.use.speed_milli
        self.anomaly_ns += elapsed_ns * in_anomaly
        if not self.tells:
            done = self.base_milli + worked(self.row.known, self.ran_work, 1)
            self.row.progress_milli = min(DONE_MOST, done)

    def told(self, board: str, entry: JobEntry, now: int) -> RunTold:
        """For the receipt."""
        ended = ENDED.get(entry.reason, Ended.FAILED)
        status = -entry.code if entry.reason is ExitReason.SIGNALLED else entry.code
        return RunTold(
            self.row.stage,
            board,
            self.began_ns,
            max(now, self.began_ns),
            self.utc_s,
            ended.name,
            max(STATUS_LEAST, min(STATUS_MOST, status)),
            self.energy_mj // 1000,
            self.anomaly_ns // SECOND,
        )


ENDED = {
    ExitReason.COMPLETED: Ended.DONE,
    ExitReason.STOPPED: Ended.STOPPED,
    ExitReason.KILLED: Ended.KILLED,
    ExitReason.OVERRAN: Ended.KILLED,
}
