"""The plan: when one is asked for, what it says of each job, and what is refused by it.

The planner runs in a worker and proposes; `slots.py` holds what it proposes against the guard.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from flight.declare import SECOND, Failed, Outbox
from flight.jobs import Fault
from flight.modules.jobs.book import Standing
from flight.modules.jobs.demand import Slots, job_of
from flight.modules.jobs.desk import Desk
from flight.modules.jobs.row import Row
from flight.modules.jobs.runs import Run
from flight.modules.jobs.stages import TO_RUN, WITH_RUNNER, Bound, JobStage, bound_of
from flight.planning import (
    Binding,
    Decision,
    Envelope,
    Forecast,
    Job,
    MakePlan,
    Outlook,
    Placement,
    Plan,
    Planned,
    PlanRecord,
    Problem,
    State,
    read_record,
    record_octets,
)

Measured = tuple[float, tuple[float, ...]]
"""Energy in Wh, and each cooling loop in degC"""

PLAN_WITHIN_NS = 60 * SECOND  # a plan takes 5 s at most; then its worker hangs
BACK_OFF_NS = 60 * SECOND  # after a plan that failed
STALE_SLOTS = 60  # a plan older than that is no plan: the greedy rule decides
APART_SHARE = 0.005  # of the battery's capacity, off the plan: a new one
APART_C = 0.5
ABSOLUTE_ZERO_C = -273.15


class Told(NamedTuple):
    """What the plan says of one job.  Slots are counted from the plan's first, which begins at `Planner.first_ns`."""

    planned: bool
    use: int  # of the levels that a board can feed
    slots: frozenset[int]
    first: int
    finish: int
    bound: Bound
    slot: int
    station_pass: int
    words: str
    loop: int  # of the board that it is planned for


@dataclass(slots=True)
class Asked:
    """A plan that is being made."""

    numbers: tuple[int, ...]
    first_ns: int
    problem: Problem
    values: dict[int, int]
    uses: tuple[tuple[int, ...], ...]  # of each job, the levels that the planner may choose from


class Rest(NamedTuple):
    """An outlook without its first `past` slots."""

    outlook: Outlook
    past: int
    forecast: Forecast
    survives: Envelope


class Planner:
    """`steps` of the first plan, and of those that go on from one."""

    def __init__(self, desk: Desk, runs: dict[int, Run], steps: int, steps_again: int) -> None:
        self.desk, self.runs, self.steps, self.steps_again = desk, runs, steps, steps_again
        self.told: dict[int, Told] = {}
        self.first_ns = -1  # no plan
        self.made: Plan | None = None
        self.value = 0
        self.numbers: tuple[int, ...] = ()
        self.under_way: Asked | None = None
        self.not_before = 0
        self.seed = 1
        self.record = b""  # of the newest plan
        self.arrived = False  # since it was looked at last
        self.lacks = Bound.NONE  # what is not measured, and no plan is without it
        self.rest: Rest | None = None  # as it was asked for last

    # ---------------------------------------------------------------- when

    def slot(self, now: int) -> int:
        """Of the plan; -1 without one, or with one that is too old."""
        outlook = self.desk.outlook
        if outlook is None or self.first_ns < 0 or now < self.first_ns:
            return -1
        slot = (now - self.first_ns) // (outlook.limits.slot_s * SECOND)
        return slot if slot < STALE_SLOTS else -1

    def tend(self, now: int, measured: Measured, standing: Standing, out: Outbox) -> None:
        """Ask for a plan if one is due.  `measured`: energy in Wh, loops in degC."""
        desk = self.desk
        if self.under_way is not None or now < self.not_before or desk.outlook is None:
            return
        if not standing.unfinished:
            self.drop()
            desk.replan = ""
            return
        reason = desk.replan or self._drifted(now, measured)
        if not reason:
            return
        self.lacks = _lacking(measured)
        if self.lacks:
            return
        desk.replan = ""
        rows = [row for row in standing.unfinished if self._open(row, now)]
        if not rows:
            self.drop()
            return
        waiting_mb = sum(row.result_octets for row in standing.results) / 1e6
        self._request(now, rows, measured, waiting_mb, out)

    def _drifted(self, now: int, measured: Measured) -> str:
        made, slot = self.made, self.slot(now)
        if made is None or slot < 0:
            return "there is none"
        if slot >= self.desk.own.replan_slots:
            return "its time"
        if slot < self.desk.own.rest_slots or slot + 1 >= len(made.energy_wh):
            return ""
        outlook = self.desk.outlook
        assert outlook is not None
        apart_wh = abs(measured[0] - made.energy_wh[slot])
        apart_c = abs(max(measured[1]) - made.temperature_c[slot])
        off = apart_wh > APART_SHARE * outlook.limits.capacity_wh or apart_c > APART_C
        return "drift" if off and now % (outlook.limits.slot_s * SECOND) < SECOND else ""

    def drop(self) -> None:
        """Nothing to plan."""
        self.told, self.first_ns, self.made, self.value, self.numbers = {}, -1, None, 0, ()

    # ---------------------------------------------------------------- asking

    def problem(
        self, now: int, rows: list[Row], measured: Measured, waiting_mb: float
    ) -> tuple[Slots, Problem] | None:
        """Of the rest of the outlook; its slot 0 is the one that we are in.  None if that is over."""
        outlook = self.desk.outlook
        slots = slots_of(outlook, now) if outlook is not None else None
        if outlook is None or slots is None:
            return None
        forecast = self.rest_of(outlook, slots.many).forecast
        jobs = self.jobs(rows, slots, now)
        return slots, Problem(self.desk.limits(outlook.limits), forecast, State(*measured, waiting_mb), jobs)

    def rest_of(self, outlook: Outlook, many: int) -> Rest:
        """Its last `many` slots: the same ones for as long as a slot lasts."""
        past = len(outlook.forecast.base_w) - many
        if self.rest is None or self.rest.outlook is not outlook or self.rest.past != past:
            self.rest = rest_of(outlook, past)
        return self.rest

    def jobs(self, rows: list[Row], slots: Slots, now: int) -> tuple[Job, ...]:
        desk = self.desk
        owners = frozenset(row.known.owner for row in rows)
        weights = desk.book.shares.weights(owners, desk.own.fair_floor, now)
        starve_ns = desk.own.starve_after_s * SECOND
        return tuple(
            job_of(
                row,
                desk.uses(row),
                slots,
                weights[row.known.owner],
                starved=row.state in TO_RUN and now - row.ready_ns >= starve_ns,
                loop=desk.loop_of(self.runs[row.number].lane) if row.number in self.runs else -1,
            )
            for row in rows
        )

    def _request(self, now: int, rows: list[Row], measured: Measured, waiting_mb: float, out: Outbox) -> None:
        found = self.problem(now, rows, measured, waiting_mb)
        if found is None:
            return
        slots, problem = found
        numbers = tuple(row.number for row in rows)
        uses = tuple(self._open(row, now) for row in rows)
        jobs = tuple(
            replace(job, levels=tuple(job.levels[use] for use in open_to))
            for job, open_to in zip(problem.jobs, uses, strict=True)
        )
        problem = replace(problem, jobs=jobs)
        previous = self._previous(numbers, uses, slots)
        self.seed += 1
        outlook = self.desk.outlook
        assert outlook is not None
        record = PlanRecord(
            problem,
            self.steps_again if previous else self.steps,
            self.seed,
            previous,
            slots.first_ns,
            slots.utc_s,
            outlook.eclipse[len(outlook.eclipse) - slots.many :],
        )
        values = {row.number: row.known.value for row in rows}
        self.under_way = asked = Asked(numbers, slots.first_ns, problem, values, uses)
        request = MakePlan(record_octets(record))
        self.desk.ask(
            request, PLAN_WITHIN_NS, lambda at, result, box: self._done(asked, result, at, box), out
        )

    def kept_out_by(self, row: Row, now: int) -> Bound:
        """Why it is in no plan: by command no board may work at any of its levels, or there can be no plan."""
        if row.state not in TO_RUN or row.brief is None:
            return Bound.NONE
        return self.lacks if self._open(row, now) else Bound.LANES

    def _open(self, row: Row, now: int) -> tuple[int, ...]:
        """Levels that a plan may choose from: those that were not forbidden by command; what runs keeps its own for a
        thermal time constant."""
        cap = max(self.desk.caps)
        every = tuple(index for index, use in enumerate(self.desk.uses(row)) if use.board_level <= cap)
        run = self.runs.get(row.number)
        if run is None or now - run.level_at >= self.desk.steady_ns():
            return every
        return (self.desk.uses(row).index(run.use),)

    def _previous(
        self, numbers: tuple[int, ...], uses: tuple[tuple[int, ...], ...], slots: Slots
    ) -> tuple[Placement, ...]:
        """Placements of the plan in force, moved to the new problem's slots."""
        if self.first_ns < 0:
            return ()
        moved = (slots.first_ns - self.first_ns) // (slots.slot_s * SECOND)
        found = []
        for index, number in enumerate(numbers):
            told = self.told.get(number)
            if told is None or not told.planned or told.use not in uses[index]:
                continue
            rest = tuple(sorted(slot - moved for slot in told.slots if slot >= moved))
            if rest and rest[-1] < slots.many:
                use = uses[index].index(told.use)
                found.append(Placement(index, use, rest, rest[-1] + 1, told.loop))
        return tuple(found)

    # ---------------------------------------------------------------- the answer

    def _done(self, asked: Asked, result: object, now: int, out: Outbox) -> None:
        if self.under_way is not asked:
            return
        self.under_way = None
        record = read_record(result.record) if isinstance(result, Planned) else None
        if not isinstance(record, PlanRecord) or record.plan is None or record.problem != asked.problem:
            self.not_before = now + BACK_OFF_NS
            self.desk.replan = self.desk.replan or "the last one failed"
            out.event(self.desk.own.no_plan, self.desk.say(_why(result, record)))
            return
        self.made, self.first_ns, self.numbers = record.plan, asked.first_ns, asked.numbers
        assert isinstance(result, Planned)
        self.record = result.record
        self.told = told_of(record, asked.numbers, asked.uses)
        planned = [number for number, told in self.told.items() if told.planned]
        self.value = sum(asked.values[number] for number in planned)
        self.arrived = True
        self.desk.status.plans += 1
        out.event(self.desk.own.planned, len(planned), self.value, record.plan.steps)
        self.mark()

    def mark(self) -> None:
        """Which of the waiting are planned.  It is worked out anew after a reboot, so the book need not be written."""
        for row in self.desk.book:
            if row.state in TO_RUN:
                told = self.told.get(row.number)
                row.state = JobStage.PLANNED if told is not None and told.planned else JobStage.WAITING

    def late(self, row: Row, slot: int) -> bool:
        """By the plan it is done, and it is not: it goes on while the guard lets it."""
        told = self.told.get(row.number)
        return told is not None and told.planned and told.finish <= slot and row.state in WITH_RUNNER

    def missed(self, row: Row, slot: int) -> bool:
        """By the plan it is done, and it was not even begun: in another mode, or behind a plan that came too late."""
        told = self.told.get(row.number)
        return told is not None and told.planned and told.finish <= slot and row.state in TO_RUN


def slots_of(outlook: Outlook, now: int) -> Slots | None:
    """From the slot that we are in to the end of the outlook; None outside of it."""
    slot_s, count = outlook.limits.slot_s, len(outlook.forecast.base_w)
    slot = (now - outlook.slot_0_ns) // (slot_s * SECOND)
    if not 0 <= slot < count:
        return None
    utc_s = outlook.utc_0_s + slot * slot_s if outlook.utc_0_s else 0
    return Slots(outlook.slot_0_ns + slot * slot_s * SECOND, slot_s, count - slot, utc_s)


def rest_of(outlook: Outlook, past: int) -> Rest:
    """What is told of the slots behind the first `past`."""
    survives = Envelope(outlook.survives.energy_wh[past:], outlook.survives.temperature_c[past:])
    return Rest(outlook, past, outlook.forecast.after(past), survives)


def told_of(
    record: PlanRecord, numbers: tuple[int, ...], uses: tuple[tuple[int, ...], ...]
) -> dict[int, Told]:
    assert record.plan is not None
    placed = {one.job: one for one in record.plan.placements}
    found = {}
    for one in record.plan.decisions:
        placement = placed.get(one.job)
        found[numbers[one.job]] = Told(
            placement is not None,
            uses[one.job][placement.level] if placement else 0,
            frozenset(placement.slots) if placement else frozenset(),
            max(0, one.first),
            max(0, one.finish),
            bound_of(one.binding),
            max(0, one.slot),
            one.station_pass,
            words_of(one),
            placement.loop if placement else 0,
        )
    return found


def words_of(one: Decision) -> str:
    """Why it is in no plan, for whoever sent it."""
    if one.binding is Binding.DOWNLINK:
        return f"misses its deadline: downlink volume of pass {one.station_pass}"
    return f"misses its deadline: {one.binding.value}"


def _why(result: object, record: object) -> str:
    if isinstance(result, Failed):
        return result.reason
    if isinstance(record, Fault):
        return str(record)
    return "the planning worker did not answer" if record is None else "the answer is another plan's"


def _lacking(measured: Measured) -> Bound:
    """A NaN plans nothing."""
    energy_wh, loops_c = measured
    if not energy_wh > 0.0:
        return Bound.ENERGY
    return Bound.NONE if all(one > ABSOLUTE_ZERO_C for one in loops_c) else Bound.TEMPERATURE
