"""What runs now: at each slot the plan or the greedy rule asks, the guard admits, and the ladder always wins.

Within a slot nothing new is admitted but what a new plan asks for; what got worse is held against the guard again, and
what must not run in the next slot is asked for its checkpoint before that begins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from flight.declare import COMPUTE, SECOND, Outbox
from flight.modules.jobs.boards import Boards
from flight.modules.jobs.book import Standing
from flight.modules.jobs.crew import Crew
from flight.modules.jobs.demand import Slots, at_work
from flight.modules.jobs.desk import Desk
from flight.modules.jobs.planning import Measured, Planner, slots_of
from flight.modules.jobs.row import Row, Usable
from flight.modules.jobs.runs import Run, Wish
from flight.modules.jobs.stages import TO_RUN, Bound, JobStage, Why, bound_of
from flight.planning import Binding, Job, Outlook, Problem, Request, Verdict, admit, greedy

STALE_NS = 3 * SECOND  # mode and rung of three periods ago are no leave to work
STOP_RUNG, HOLD_RUNG = 3, 4
LOOK_EVERY_NS = 5 * SECOND  # within a slot: what is measured against the guard again
NOISE_SHARE, NOISE_C = (
    0.001,
    0.2,
)  # of capacity, and K: what a measurement may differ by from one second to the next
DARK_NS = 3 * SECOND  # a board has answered within two readings, or it is off
NO_LEVEL = 255
END_LEAST_S = 5  # a job looks for requests now and then, and its interpreter may be swapped out
WHYS = {Binding.ANOMALY: Why.ANOMALY, Binding.QUIET: Why.QUIET}


class Seen(NamedTuple):
    """Of the module's inputs, what decides here.  `boards` are read-backs of the boards' levels, -1 unknown; `caps` the
    highest that they may have now; `drawn_w` what they draw, NaN where nobody measures it."""

    mode: int
    mode_age: int
    rung: int
    rung_age: int
    energy_wh: float
    loops_c: tuple[float, ...]
    in_anomaly: bool
    boards: tuple[int, ...]
    caps: tuple[int, ...]
    drawn_w: tuple[float, ...]
    ending: bool = False  # the flight program ends in order, or the power is about to go


class Place(NamedTuple):
    lane: int
    use: Usable


class Dispatch:
    def __init__(self, desk: Desk, crew: Crew, planner: Planner) -> None:
        self.desk, self.crew, self.planner = desk, crew, planner
        self.admitted: dict[int, Place] = {}
        self.bound: dict[int, Bound] = {}  # why the guard admitted less than was asked for
        self.slot = -1  # since the mission clock's zero
        self.slot_end_ns = 0
        self.look_at = 0
        self.dark: dict[int, int] = {}  # a lane that should be on, and since when it is not
        self.stepped_at = 0
        self.safe_before = True
        self.away = False  # from the plan, until a mode comes back or flight goes on: no rung is why
        self.refusals = 0
        self.greedy = False

    def step(self, now: int, sees: Seen, standing: Standing, out: Outbox) -> None:
        """While there is a job that has not ended."""
        elapsed, self.stepped_at = now - self.stepped_at, now
        for run in self.crew.runs.values():
            run.second(elapsed, self._watts(run), in_anomaly=sees.in_anomaly)
        if self._safing(now, sees):
            self.safe_before = False
            return
        outlook = self.desk.outlook
        slots = slots_of(outlook, now) if outlook is not None else None
        slot_ns = outlook.limits.slot_s * SECOND if outlook is not None else SECOND
        if self.slot != now // slot_ns or self.planner.arrived or not self.safe_before or slots is None:
            self.slot, self.safe_before = now // slot_ns, True
            self.slot_end_ns = (self.slot + 1) * slot_ns
            self.planner.arrived = False
            self._decide(now, sees, standing)
            self.look_at = now + LOOK_EVERY_NS
        elif now >= self.look_at and self.crew.runs and outlook is not None:
            self.look_at = now + LOOK_EVERY_NS
            self._look_again(now, sees, outlook, slots)
        if outlook is not None and slots is not None:
            self._ahead(now, self.slot_end_ns, outlook)
        self._anomaly(now, sees)
        self._boards(now, sees)
        self._lies(now, sees, out)
        self._start(now, sees, out)

    def levels(self, standing: Standing) -> list[int]:
        """Of the boards, for the compute module."""
        if not standing.unfinished:
            return [NO_LEVEL] * len(self.desk.lanes)
        found = [0] * len(self.desk.lanes)
        for place in self.admitted.values():
            found[place.lane] = place.use.board_level
        for run in self.crew.runs.values():
            found[run.lane] = max(found[run.lane], run.use.board_level)
        return found

    def _watts(self, run: Run) -> float:
        return self.desk.lanes[run.lane].watts[run.use.board_level] if run.sent else 0.0

    # ---------------------------------------------------------------- safing

    def _safing(self, now: int, sees: Seen) -> bool:
        """Whether nothing may run.  Rung 3 leaves time for a checkpoint; above, boards lose their supply at once."""
        fresh = sees.mode_age <= STALE_NS and sees.rung_age <= STALE_NS and sees.rung >= 0
        self.away = not fresh or sees.mode != COMPUTE or sees.ending
        hold = not fresh or sees.mode != COMPUTE or sees.rung >= HOLD_RUNG
        if not hold and sees.rung < STOP_RUNG:
            return sees.ending and self._end(now)
        self.admitted.clear()
        until = now + self.desk.own.checkpoint_s * SECOND
        for run in self.crew.runs.values():
            if hold:
                run.hold(Why.SAFING, until)
            else:
                self._stop(run, Why.SAFING, now)
        return True

    def _end(self, now: int) -> bool:
        """Of flight: each has as long as a stop costs it by its manifest, and no longer than for any stop."""
        self.admitted.clear()
        for run in self.crew.runs.values():
            least_s = max(END_LEAST_S, run.row.known.resume_s)
            self._stop(run, Why.END, now, now + min(least_s, self.desk.own.checkpoint_s) * SECOND)
        return True

    def _stop(self, run: Run, why: Why, now: int, until: int = 0) -> None:
        """With a checkpoint where that helps.  It is not begun again within the slot."""
        self.crew.rests[run.row.number] = max(self.slot_end_ns, until)
        if run.row.known.preemptible:
            run.want(Wish.STOP, why, until or now + self.desk.own.checkpoint_s * SECOND)
        else:
            run.want(Wish.KILL, why)

    # ---------------------------------------------------------------- slots

    def _decide(self, now: int, sees: Seen, standing: Standing) -> None:
        """Who runs in this slot, by the plan and the guard."""
        rows = [row for row in standing.unfinished if self._may_ask(row, now, sees)]
        self.admitted, self.bound = {}, {}
        if any(self.planner.missed(row, self.planner.slot(now)) for row in rows):
            self.desk.replan = self.desk.replan or "its slots have passed unused"
        measured = (sees.energy_wh, sees.loops_c)
        found = self.planner.problem(now, rows, measured, 0.0)
        lanes: dict[int, int] = {}
        if found is None:
            asked: list[Request] = []
            verdicts: tuple[Verdict, ...] = ()
        else:
            asked, lanes = self._seated(rows, self._requests(rows, found[1], now), sees)
            verdicts = self._verdicts(found[1], asked, measured, now)
        for verdict in verdicts:
            row = rows[verdict.request.job]
            if verdict.level != verdict.request.level:
                self.refusals += 1
                self.bound[row.number] = bound_of(verdict.binding)
            if verdict.level >= 0:
                self.admitted[row.number] = Place(lanes[row.number], self.desk.uses(row)[verdict.level])
        whys = {rows[one.request.job].number: WHYS.get(one.binding, Why.GUARD) for one in verdicts}
        for run in self.crew.runs.values():
            number = run.row.number
            if number in self.admitted:
                run.change(self.admitted[number].use, now, self.desk.steady_ns())
                run.want(Wish.RUN, Why.PLAN)
            else:
                nothing = Why.GUARD if found is None else Why.PLAN
                self._stop(run, whys.get(number, nothing), now)

    def _may_ask(self, row: Row, now: int, sees: Seen) -> bool:
        if row.cancelled or row.number in self.desk.judging or not self.desk.uses(row):
            return False
        if self.crew.rests.get(row.number, 0) > now:
            return False
        return row.known.anomaly_allowed or not sees.in_anomaly

    def _requests(self, rows: list[Row], problem: Problem, now: int) -> list[Request]:
        slot = self.planner.slot(now)
        self.greedy = slot < 0
        if slot < 0:
            return list(self._greedy(rows, problem))
        wanted = []
        for index, row in enumerate(rows):
            told = self.planner.told.get(row.number)
            runs = row.number in self.crew.runs
            held = runs and (not row.known.preemptible or row.number not in self.planner.numbers)
            if held or (told is not None and (slot in told.slots or self.planner.late(row, slot))):
                use = told.use if told is not None and told.planned else self._use(row)
                wanted.append((not held, not runs, -row.known.value, index, use))
        return [
            Request(index, min(use, len(problem.jobs[index].levels) - 1)) for *_, index, use in sorted(wanted)
        ]

    def _use(self, row: Row) -> int:
        """Of one that the plan does not know: as it runs."""
        run = self.crew.runs.get(row.number)
        return self.desk.uses(row).index(run.use) if run is not None else 0

    def _greedy(self, rows: list[Row], problem: Problem) -> tuple[Request, ...]:
        """Without a plan.  What cannot be stopped is not begun if it would have to be, for the anomaly or a reset."""
        barred = {
            index
            for index, job in enumerate(problem.jobs)
            if not job.preemptible and rows[index].number not in self.crew.runs and _meets_bar(job, problem)
        }
        return tuple(request for request in greedy(problem) if request.job not in barred)

    def _verdicts(
        self, problem: Problem, asked: list[Request], measured: Measured, now: int
    ) -> tuple[Verdict, ...]:
        outlook = self.desk.outlook
        assert outlook is not None
        survives = self.planner.rest_of(outlook, problem.slots).survives
        return admit(problem.limits, problem.forecast, survives, 0, measured, problem.jobs, asked)

    def _seated(
        self, rows: list[Row], asked: list[Request], sees: Seen
    ) -> tuple[list[Request], dict[int, int]]:
        """The same requests with a board each, in their order, without those that no board is left for.

        What runs stays where it is.
        """
        desk, runs = self.desk, self.crew.runs
        boards = Boards(tuple(map(desk.loop_of, range(len(desk.lanes)))), sees.loops_c, sees.caps)
        taken = {run.lane for run in runs.values()}
        found, lanes = [], {}
        for request in asked:
            row = rows[request.job]
            run, told = runs.get(row.number), self.planner.told.get(row.number)
            free = [run.lane] if run else [lane for lane in range(len(desk.lanes)) if lane not in taken]
            best = boards.best(free, desk.uses(row), request.level, told.loop if told else 0)
            if best is None:
                self.bound[row.number] = Bound.LANES
                continue
            lanes[row.number], level = best
            taken.add(best[0])
            found.append(Request(request.job, level, boards.loops[best[0]]))
        return found, lanes

    def _look_again(self, now: int, sees: Seen, outlook: Outlook, slots: Slots) -> None:
        """Within a slot: the rest of it against the guard, with what is measured now."""
        runs = [run for run in self.crew.runs.values() if run.wish is Wish.RUN]
        measured = (
            sees.energy_wh + NOISE_SHARE * outlook.limits.capacity_wh,
            tuple(one - NOISE_C for one in sees.loops_c),
        )
        slot_ns = slots.slot_s * SECOND
        left_ns = max(SECOND, slots.first_ns + slot_ns - now)
        share = min(1.0, left_ns / slot_ns)
        limits = replace(
            outlook.limits,
            slot_s=max(1, left_ns // SECOND),
            decay=1.0 - (1.0 - outlook.limits.decay) * share,
        )
        jobs = [at_work(run.row, self.desk.uses(run.row)) for run in runs]
        asked = [
            Request(index, self.desk.uses(run.row).index(run.use), self.desk.loop_of(run.lane))
            for index, run in enumerate(runs)
        ]
        rest = self.planner.rest_of(outlook, slots.many)
        for verdict in admit(limits, rest.forecast, rest.survives, 0, measured, jobs, asked):
            run = runs[verdict.request.job]
            row = run.row
            if verdict.level < 0:
                self.refusals += 1
                self.bound[row.number] = bound_of(verdict.binding)
                self.admitted.pop(row.number, None)
                self._stop(run, WHYS.get(verdict.binding, Why.GUARD), now)
            elif verdict.level != verdict.request.level:
                self.refusals += 1
                run.change(self.desk.uses(row)[verdict.level], now, 0)

    def _ahead(self, now: int, end_ns: int, outlook: Outlook) -> None:
        """Before the slot ends: who must not run in the next is asked for a checkpoint in time."""
        if end_ns - now > self.desk.own.checkpoint_s * SECOND:
            return
        following = slots_of(outlook, end_ns)
        if following is None:
            return
        place = len(outlook.forecast.base_w) - following.many
        slot = self.planner.slot(end_ns)
        for run in self.crew.runs.values():
            row = run.row
            if run.wish is not Wish.RUN or not row.known.preemptible:
                continue
            if outlook.forecast.anomaly[place] and not row.known.anomaly_allowed:
                self._leave(run, Why.ANOMALY, now, end_ns)
            elif place in outlook.forecast.quiet:
                self._leave(run, Why.QUIET, now, end_ns)
            elif slot >= 0:
                told = self.planner.told.get(row.number)
                if told is not None and told.planned and told.finish > slot and slot not in told.slots:
                    self._leave(run, Why.PLAN, now, end_ns)

    def _leave(self, run: Run, why: Why, now: int, end_ns: int) -> None:
        self.admitted.pop(run.row.number, None)
        self._stop(run, why, now, end_ns)

    # ---------------------------------------------------------------- each second

    def _anomaly(self, now: int, sees: Seen) -> None:
        """We are in it, whatever was forecast."""
        if not sees.in_anomaly:
            return
        for run in self.crew.runs.values():
            if not run.row.known.anomaly_allowed and run.wish is Wish.RUN:
                self._leave(run, Why.ANOMALY, now, now + self.desk.own.checkpoint_s * SECOND)

    def _boards(self, now: int, sees: Seen) -> None:
        """A job whose board has no supply is held, and lost if that stays so."""
        for run in self.crew.runs.values():
            if sees.boards[run.lane] != 0 or not run.sent:
                self.dark.pop(run.lane, None)
                if run.wish is Wish.HOLD and run.why is Why.BOARD:
                    run.want(Wish.RUN, Why.PLAN)
                continue
            since = self.dark.setdefault(run.lane, now)
            if now - since >= DARK_NS and run.wish is Wish.RUN:
                run.hold(Why.BOARD, now + self.desk.own.checkpoint_s * SECOND)

    def _lies(self, now: int, sees: Seen, out: Outbox) -> None:
        """A board that draws far above its level does what its job did not say: slowed first, then stopped."""
        own = self.desk.own
        for run in self.crew.runs.values():
            lane, level = self.desk.lanes[run.lane], sees.boards[run.lane]
            told_w = lane.watts[level] if 0 < level < len(lane.watts) else self._watts(run)
            drawn_w = sees.drawn_w[run.lane]
            if not drawn_w > told_w * (1.0 + own.lying_share) or run.row.state is not JobStage.RUNNING:
                run.above_since = 0
                continue
            run.above_since = run.above_since or now
            if now - run.above_since < own.lying_s * SECOND or run.wish is not Wish.RUN:
                continue
            out.event(own.lies, run.row.number, run.lane, drawn_w, told_w)
            slower = [use for use in self.desk.uses(run.row) if use.watts < run.use.watts]
            if slower and not run.slowed:
                run.change(slower[0], now, 0)
                run.slowed, run.above_since = True, now
            else:
                self._leave(run, Why.LYING, now, now + own.checkpoint_s * SECOND)

    def _start(self, now: int, sees: Seen, out: Outbox) -> None:
        """Not at the end of a slot: what is not wanted in the next would be stopped before it has done anything."""
        if not self.crew.adopted or self.slot_end_ns - now <= self.desk.own.checkpoint_s * SECOND:
            return
        for number, place in self.admitted.items():
            row = self.desk.book.rows.get(number)
            if row is None or row.state not in TO_RUN or number in self.crew.runs:
                continue
            if sees.boards[place.lane] != 0:
                self.crew.start(row, place.lane, place.use, now, out)


def _meets_bar(job: Job, problem: Problem) -> bool:
    """Whether a slot that it must not run in comes before it would be done at its first level."""
    last = -(-(job.work_milli - job.done_milli) // job.levels[0].speed_milli)
    slots = range(min(last, problem.slots))
    anomaly = problem.forecast.anomaly
    return any(
        (anomaly[slot] and not job.anomaly_allowed) or slot in problem.forecast.quiet for slot in slots
    )
