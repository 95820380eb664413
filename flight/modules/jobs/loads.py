"""What the plan will have the boards do, for the forecast: told when it changes, and when it is not kept to.

The first step is what the jobs want of the boards now; those behind it are the plan's.  So a job that has ended early,
or that the guard keeps out, is no reason to doubt what comes behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

from flight.declare import SECOND, Outbox
from flight.declare.shelving import VERIFIER
from flight.jobs import Redundancy
from flight.modules.jobs.boards import fit
from flight.modules.jobs.book import Standing
from flight.modules.jobs.demand import remaining
from flight.modules.jobs.desk import Desk
from flight.modules.jobs.planning import Planner
from flight.modules.jobs.row import Row
from flight.modules.jobs.runs import Wish
from flight.planning import LOADS_SLOTS, LoadStep, PlannedLoads, steps_of

NEVER = LOADS_SLOTS + 1  # beyond all that is told
NOTHING = PlannedLoads((), 0)
Key = tuple[int, int, int, bool, tuple[int, ...]]


class Loads:
    """`tend` each second in which there is something to do; `inbox` is the forecast's, "" for none."""

    def __init__(self, desk: Desk, planner: Planner, inbox: str) -> None:
        self.desk, self.planner, self.inbox = desk, planner, inbox
        self.key: Key | None = None  # of what was told last
        self.told, self.place = NOTHING, 0  # with the step that is in force
        self.seen: tuple[object, ...] = ()
        self.look_at = 0  # as the next slot begins

    def forget(self) -> None:
        """Who was told may have been restarted: once more."""
        self.key, self.look_at = None, 0

    def tend(self, now: int, levels: list[int], standing: Standing, out: Outbox, *, away: bool) -> None:
        """`levels` as the jobs want them now; `away`: the plan is not followed, and nobody knows for how long."""
        if not self.inbox or self.desk.outlook is None:
            return
        caps = self.desk.caps
        status, first_ns = self.desk.status, self.planner.first_ns
        seen = (levels, status.plans, first_ns, len(standing.unfinished), away, caps)
        if now < self.look_at and seen == self.seen:
            return
        slot_ns = self.desk.outlook.limits.slot_s * SECOND
        self.seen, self.look_at = seen, (now // slot_ns + 1) * slot_ns
        planned = self.planner.slot(now) >= 0
        plans = status.plans if planned else -1
        key = (plans, first_ns, len(standing.unfinished), away, caps)
        wanted = tuple(map(min, levels, caps))
        if key == self.key and self._kept_to(now, wanted):
            return
        self.key, self.place = key, 0
        self.told = self.loads(now, wanted, standing.unfinished, away=away)
        out.post(self.inbox, self.told)

    def _kept_to(self, now: int, wanted: tuple[int, ...]) -> bool:
        """What was told of this moment is what is wanted of the boards."""
        steps = self.told.steps
        while self.place + 1 < len(steps) and steps[self.place + 1].from_ns <= now:
            self.place += 1
        return not steps or steps[self.place].levels == wanted

    def loads(self, now: int, wanted: tuple[int, ...], rows: Sequence[Row], *, away: bool) -> PlannedLoads:
        """`wanted` of each board now."""
        outlook, caps, place = self.desk.outlook, self.desk.caps, self.planner.slot(now)
        assert outlook is not None
        slot_ns = outlook.limits.slot_s * SECOND
        begin = now // slot_ns
        until_ns = (begin + LOADS_SLOTS) * slot_ns
        if not rows:
            return PlannedLoads((LoadStep(now, wanted, False),), until_ns)
        if away or place < 0:
            return NOTHING
        steps = [LoadStep(now, wanted, True)]
        course, ends = self._course(now, rows, place)
        for slot in range(1, LOADS_SLOTS):
            left = slot < ends
            steps.append(LoadStep((begin + slot) * slot_ns, tuple(course[slot]) if left else caps, left))
        return PlannedLoads(steps_of(steps), until_ns)

    def _course(self, now: int, rows: Sequence[Row], place: int) -> tuple[list[list[int]], int]:
        """Of each slot counted from this one the boards' levels, and the slot from which no job is left."""
        runs, desk = self.planner.runs, self.desk
        course = [[0] * len(desk.lanes) for _ in range(LOADS_SLOTS)]
        ends = 0
        for row in sorted(rows, key=lambda row: row.number not in runs):  # what runs stays on its board
            use, slots, end = self._slots(now, row, place)
            ends = max(ends, end)
            lanes, uses = self._lanes(row), desk.uses(row)
            for slot in slots:
                lane = next((one for one in lanes if not course[slot][one]), None)
                if lane is None:
                    continue
                fitting = fit(uses, use, desk.caps[lane])
                course[slot][lane] = uses[fitting].board_level if fitting >= 0 else 0
        return course, ends

    def _slots(self, now: int, row: Row, place: int) -> tuple[int, Sequence[int], int]:
        """Level, slots behind this one, and the first slot after the job; never done if the plan does not say.

        Nobody says how long a verifier takes: one that runs is taken to go on, and its job is not done before.
        """
        run, told = self.planner.runs.get(row.number), self.planner.told.get(row.number)
        if row.stage == VERIFIER and run is not None and run.wish is Wish.RUN:
            return self.desk.uses(row).index(run.use), range(1, LOADS_SLOTS), NEVER
        if told is not None and told.planned and told.finish > place:
            slots = [slot - place for slot in sorted(told.slots) if place < slot < place + LOADS_SLOTS]
            verified = row.known.redundancy is Redundancy.VERIFY
            return told.use, slots, NEVER if verified else told.finish - place
        if run is None or run.wish is not Wish.RUN:
            return 0, (), NEVER
        left = self._left(now, row, run.use.speed_milli)
        return self.desk.uses(row).index(run.use), range(1, min(LOADS_SLOTS, 1 + left)), 1 + left

    def _left(self, now: int, row: Row, speed_milli: int) -> int:
        """Slots behind this one that a job needs which the plan does not know, or took to be done by now."""
        assert self.desk.outlook is not None
        slot_s = self.desk.outlook.limits.slot_s
        work, done = remaining(row, slot_s)
        of_slot_ns = slot_s * SECOND - now % (slot_s * SECOND)
        left = work - done - speed_milli * of_slot_ns // (slot_s * SECOND)
        return max(0, -(-left // speed_milli))

    def _lanes(self, row: Row) -> list[int]:
        """Those that it may be on, the likeliest first."""
        run, told = self.planner.runs.get(row.number), self.planner.told.get(row.number)
        own = run.lane if run is not None else -1
        loop = self.desk.loop_of(own) if run is not None else told.loop if told is not None else 0
        lanes = [lane for lane in range(len(self.desk.lanes)) if self.desk.loop_of(lane) == loop]
        return sorted(lanes, key=lambda lane: lane != own)
