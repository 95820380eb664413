"""What jobs ask of the planner: rows of the book as jobs of a problem.

Seconds become slots, always on the safe side.  Watts are those of the board's level that covers the job's, since that
is what the board will draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flight.declare import SECOND
from flight.declare.running import SPEED_FULL
from flight.declare.shelving import VERIFIER
from flight.jobs import Brief, Redundancy
from flight.modules.jobs.row import Row, Usable
from flight.modules.jobs.stages import WITH_RUNNER
from flight.planning import Job, Level

MILLI = 1000
PLACED_FIRST = 10**9  # added to the value of a job that has waited too long: above every sum of others
COPIES = {Redundancy.NONE: 1, Redundancy.DUPLICATE: 2, Redundancy.VOTE: 2, Redundancy.VERIFY: 1}


@dataclass(frozen=True, slots=True)
class Lane:
    """A compute board that jobs run on.  `watts` by level, the first is off.  `switch` is that of its level; `amps` and
    `volts` name sensors that measure what it draws.  `capped`: the compute module tells its highest levels."""

    name: str
    switch: int
    watts: tuple[float, ...]
    amps: str = ""
    volts: str = ""
    capped: bool = False

    @property
    def top(self) -> int:
        return len(self.watts) - 1


class Slots(NamedTuple):
    """The time grid of a problem whose slot 0 begins at `first_ns`; `utc_s` is UTC then, 0 if it is not known."""

    first_ns: int
    slot_s: int
    many: int
    utc_s: int


def usable(brief: Brief, lane: Lane) -> tuple[Usable, ...]:
    """Levels that a board can feed; none if the job draws more at each."""
    found = []
    fastest = max(level.speed_milli for level in brief.levels)  # at which nothing is held back
    for number, level in enumerate(brief.levels):
        covering = [index for index, watts in enumerate(lane.watts) if index and watts >= level.power_w]
        if covering:
            pace_milli = max(1, level.speed_milli * SPEED_FULL // fastest)
            watts = lane.watts[covering[0]]
            found.append(Usable(number, covering[0], watts, level.speed_milli, pace_milli))
    return tuple(found)


def copies_of(brief: Brief) -> int:
    """Runs that a result needs.  The third of `vote` is wanted only if two differ, which a plan must not count on."""
    return COPIES[brief.redundancy]


def remaining(row: Row, slot_s: int) -> tuple[int, int]:
    """Work and what is done of it, in thousandths of a slot, over all copies."""
    brief = row.known
    each = _up(brief.work_s * MILLI, slot_s)
    if row.stage == VERIFIER:
        return MILLI, 0  # nobody says how long it takes; most are quick
    copies = max(copies_of(brief), row.stage + 1)
    work = copies * each
    done = row.stage * each + row.progress_milli * each // MILLI
    return work, min(done, work - 1)


def job_of(
    row: Row, uses: Sequence[Usable], slots: Slots, weight: float, *, starved: bool, loop: int = -1
) -> Job:
    """`uses` as `usable` gives them; `weight` is of the fair shares; `loop` is that of the board that it runs on.

    A job without a deadline, or where UTC is not known, has that of the horizon.
    """
    brief = row.known
    work, done = remaining(row, slots.slot_s)
    deadline = slots.many
    if brief.deadline_utc_s and slots.utc_s:
        deadline = max(0, (brief.deadline_utc_s - slots.utc_s) // slots.slot_s)
    return Job(
        name=f"{row.name}/{brief.serial}",
        levels=tuple(Level(one.watts, one.speed_milli) for one in uses),
        work_milli=work,
        release=release_of(brief, slots),
        deadline=deadline,
        value=max(1, int(brief.value * weight)) + (PLACED_FIRST if starved else 0),
        preemptible=brief.preemptible,
        resume_milli=_up(brief.resume_s * MILLI, slots.slot_s),
        anomaly_allowed=brief.anomaly_allowed,
        memory_mb=brief.resources.memory_mb,
        output_mb=brief.output_octets / 1e6,
        done_milli=done,
        running=row.state in WITH_RUNNER,
        loop=loop,
    )


def at_work(row: Row, uses: Sequence[Usable]) -> Job:
    """What the guard must know of a job that runs: it is there, and what it draws at each level."""
    brief = row.known
    return Job(
        name=row.name,
        levels=tuple(Level(one.watts, one.speed_milli) for one in uses),
        work_milli=MILLI,
        release=0,
        deadline=1,
        value=1,
        preemptible=brief.preemptible,
        resume_milli=0,
        anomaly_allowed=brief.anomaly_allowed,
        memory_mb=brief.resources.memory_mb,
        output_mb=0.0,
        running=True,
    )


def release_of(brief: Brief, slots: Slots) -> int:
    """First slot; beyond the horizon while the release cannot be told."""
    if not brief.release_utc_s:
        return 0
    if not slots.utc_s:
        return slots.many
    return max(0, _up(brief.release_utc_s - slots.utc_s, slots.slot_s))


def worked(brief: Brief, ran_ns: int, speed_milli: int) -> int:
    """Thousandths of the work that a run should have done, for a job that does not tell."""
    return ran_ns * speed_milli // (brief.work_s * SECOND)


def _up(value: int, divisor: int) -> int:
    return -(-value // divisor)
