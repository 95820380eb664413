"""The jobs module: takes jobs in, runs them as the plan says and the guard admits, and sends their results down.

One book on the disk, and five parts that work on it: `taking` (in), `planning` (when), `dispatch` (now), `crew` (the
runner), `results` (out).  While there is no job a step costs next to nothing.
"""

from __future__ import annotations

from collections import namedtuple
from typing import NamedTuple, cast

from flight.declare import (
    DONE,
    SECOND,
    U8,
    U32,
    Access,
    Boot,
    Call,
    Inbox,
    Octets,
    Outbox,
    Outcome,
    Overflow,
    Refused,
    Signals,
    command,
)
from flight.declare.filing import FileNotice
from flight.declare.shelving import KeepOnly
from flight.modules.jobs.admitting import Admitting
from flight.modules.jobs.book import DOCUMENT, read_book
from flight.modules.jobs.crew import Crew
from flight.modules.jobs.demand import Lane
from flight.modules.jobs.desk import Desk
from flight.modules.jobs.dispatch import NO_LEVEL, Dispatch, Seen
from flight.modules.jobs.loads import Loads
from flight.modules.jobs.packets import Declared, JobRow, Numbers, Status
from flight.modules.jobs.planning import Planner
from flight.modules.jobs.results import SHELF_WITHIN_NS, Results
from flight.modules.jobs.row import Row
from flight.modules.jobs.saving import Saver
from flight.modules.jobs.signing import Signing
from flight.modules.jobs.stages import OVER, TO_RUN, UNFINISHED, WITH_RESULT, Bound, JobStage, Why
from flight.modules.jobs.taking import Taking
from flight.planning import Outlook

NAN = float("nan")
NOTICES_MAX = 64  # of files, in one second
LATE_EVERY_NS = 10 * SECOND


class JobsInputs(NamedTuple):
    """The first inputs of every jobs module; temperatures of cooling loops, highest levels and sensors of boards
    follow."""

    mode: int
    mode_age: int
    rung: int
    rung_age: int
    planning_energy_wh: float
    in_anomaly: bool
    carrier: bool
    ending: bool
    shutting_down: bool
    levels: tuple[int, ...]


class Outputs(Signals):
    """`jobs_level_<board>` of each board, from the mission's table: 255 while there are no jobs."""


class Jobs(Declared):
    """Made by `jobs`, for the boards of a mission."""

    def __init__(
        self, lanes: tuple[Lane, ...], steps: int, steps_again: int, loops: int, planned: str
    ) -> None:
        sensors = [name for lane in lanes for name in (lane.amps, lane.volts) if name]
        warm = [f"planning_loop_{loop + 1}_c" for loop in range(loops)]
        capped = all(lane.capped for lane in lanes)
        caps = [f"compute_{what}_{lane.name}" for what in ("cap", "limit") for lane in lanes if capped]
        fields = [*JobsInputs._fields, *warm, *caps, *dict.fromkeys(sensors)]
        self.Inputs = namedtuple("Inputs", fields)  # type: ignore[misc]  # noqa: PYI024
        place = {name: index for index, name in enumerate(fields)}
        # Places of each board's amps and volts among the inputs; 0 where nobody measures them.
        self.meters = [(place.get(lane.amps, 0), place.get(lane.volts, 0)) for lane in lanes]
        first = len(JobsInputs._fields)
        self.loops = slice(first, first + loops)
        self.caps = slice(first + loops, first + loops + len(caps))
        self.status, self.row = Status(), JobRow()
        self.status.refresh, self.row.refresh = self._show, self._show_row
        self.row.silent = self.status.silent = True
        self.outputs = _outputs(lanes)()
        self.level_names = [f"jobs_level_{lane.name}" for lane in lanes]
        self.kept = Numbers()
        self.outlook: Inbox[Outlook] = Inbox(2, Overflow.DROP_OLDEST)
        self.notices: Inbox[FileNotice] = Inbox(NOTICES_MAX)
        self.desk = Desk(self, lanes, self.status, self.kept)
        self.crew = Crew(self.desk)
        self.planner = Planner(self.desk, self.crew.runs, steps, steps_again)
        self.dispatch = Dispatch(self.desk, self.crew, self.planner)
        self.loads = Loads(self.desk, self.planner, planned)
        self.taking = Taking(self.desk, self.crew, self.planner)
        self.results = Results(self.desk)
        self.admitting = Admitting(self.desk)
        self.questions = (self.admitting.which, Signing(self.desk).which)
        self.document: bytes | None = None
        self.losses = 0
        self.shown = 0  # the number of the row told last
        self.late_at = 0
        self._levels([NO_LEVEL] * len(lanes))

    # ---------------------------------------------------------------- start

    def connect(self, access: Access) -> None:
        self.document = access.documents.get(DOCUMENT)

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        """The book as it was; what the runner still has is asked for before anything is started."""
        book = self.desk.book = read_book(self.document)
        older = book.version < self.kept.newest
        self.losses = book.losses + older
        book.version = max(book.version, self.kept.newest)
        self.desk.saver = Saver(book, self.kept)
        for row in list(book):
            if row.state is JobStage.PLANNED:
                row.state = JobStage.WAITING
            if older and row.state in TO_RUN and row.brief is not None and row.brief.attempts == 1:
                row.state = JobStage.FAILED  # the book that said more is lost: it may have been begun
                self.desk.end(row, "FAILED", "may have been begun, and may not be begun again")
        if self.losses:
            out.event(self.book_lost, self.losses)
        if self.document is not None:
            numbers = tuple(book.rows)
            self.desk.ask(KeepOnly(now, numbers), SHELF_WITHIN_NS, lambda *_: None, out)
        for question in self.questions:
            question.ask(now, out)
        self.taking.resume(now)
        self.dispatch.stepped_at = self.late_at = now
        self.desk.replan = "a new start" if book.rows else ""

    # ---------------------------------------------------------------- each second

    def step(self, now: int, sees: JobsInputs, out: Outbox) -> None:
        if self.outlook.items:
            self.desk.outlook = self.outlook.drain()[-1]
            self.loads.forget()
            if not 0 <= self.planner.slot(now) < self.rest_slots:
                self.desk.replan = self.desk.replan or "a new outlook"
        for question in self.questions:
            if now >= question.due:
                question.ask(now, out)
        desk = self.desk
        if desk.book.rows or self.crew.everything or self.crew.forgetting or self.crew.watching:
            self._work(now, sees, out)
        elif self.notices.items:
            self.notices.drain()
        if desk.saver.next + 1 > desk.saver.reserved or desk.book.version > desk.saver.stored:
            desk.saver.tend(now, out)

    def _work(self, now: int, sees: JobsInputs, out: Outbox) -> None:
        for notice in self.notices.drain():
            self.results.notice(notice, now, out)
        if now >= self.late_at:
            self.late_at = now + LATE_EVERY_NS
            self._late(now)
        standing = self.desk.book.standing()
        if standing.unfinished or self.crew.runs or self.taking.coming:
            self.dispatch.step(now, self._seen(sees), standing, out)
        else:
            self.dispatch.stepped_at = now
        levels = self.dispatch.levels(standing)
        self._levels(levels)
        self.loads.tend(now, levels, standing, out, away=self.dispatch.away)
        measured = (sees.planning_energy_wh, cast("tuple[float, ...]", sees)[self.loops])
        self.planner.tend(now, measured, standing, out)
        if self.planner.record:
            self.results.keep_plan(self.planner.record, now, out)
            self.planner.record = b""
        self.taking.tend(now, out)
        self.crew.tend(now, out)
        self.results.tend(now, sees.carrier, standing, out)
        self.desk.saver.tend(now, out)
        self.row.silent = self.status.silent = not self.desk.book.rows

    def _seen(self, sees: JobsInputs) -> Seen:
        levels, every = sees.levels, cast("tuple[float, ...]", sees)
        drawn = [every[amps] * every[volts] if amps and volts else NAN for amps, volts in self.meters]
        lanes, told = self.desk.lanes, cast("tuple[int, ...]", sees)[self.caps]
        boards = [levels[lane.switch] if lane.switch < len(levels) else -1 for lane in lanes]
        caps = self.desk.caps
        if told:
            self.desk.command(caps := told[: len(lanes)])
            caps = tuple(map(min, caps, told[len(lanes) :]))
        return Seen(
            sees.mode,
            sees.mode_age,
            sees.rung,
            sees.rung_age,
            sees.planning_energy_wh,
            every[self.loops],
            sees.in_anomaly,
            tuple(boards),
            caps,
            tuple(drawn),
            sees.ending or sees.shutting_down,
        )

    def _late(self, now: int) -> None:
        """A job whose deadline is over is worth nothing."""
        utc_s = self.desk.utc_s(now)
        for row in self.desk.book.unfinished() if utc_s else []:
            deadline = row.known.deadline_utc_s
            if not deadline or utc_s < deadline:
                continue
            told = self.planner.told.get(row.number)
            reason = told.words if told is not None and not told.planned else "its deadline is over"
            run = self.crew.runs.get(row.number)
            if run is None and row.state in TO_RUN:
                row.state = JobStage.FAILED
                self.desk.end(row, "FAILED", reason)
            elif run is not None:
                self.crew.give_up(run, "its deadline is over", Why.PLAN)

    def _levels(self, levels: list[int]) -> None:
        for name, level in zip(self.level_names, levels, strict=True):
            setattr(self.outputs, name, level)

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        if not self.desk.saver.completed(now, ticket, result, out):
            self.desk.answered(now, ticket, result, out)
            self.desk.saver.tend(now, out)

    # ---------------------------------------------------------------- telemetry

    def _show(self) -> None:
        status, book = self.status, self.desk.book
        states = [row.state for row in book]
        status.jobs = sum(state in UNFINISHED for state in states)
        status.waiting, status.planned = states.count(JobStage.WAITING), states.count(JobStage.PLANNED)
        status.running = states.count(JobStage.RUNNING) + states.count(JobStage.STARTING)
        status.stopped = states.count(JobStage.FROZEN) + states.count(JobStage.STOPPING)
        waiting = book.standing().results
        status.results = len(waiting) + sum(state in OVER for state in states)
        status.result_octets = sum(row.result_octets for row in waiting)
        status.delivered, status.failed = self.results.delivered, self.results.failed
        status.refused = self.taking.refused
        planner = self.planner
        made = planner.first_ns if planner.first_ns >= 0 else self.dispatch.stepped_at
        status.plan_age_s = max(0, self.dispatch.stepped_at - made) // SECOND
        status.plan_value, status.greedy = planner.value, self.dispatch.greedy and bool(status.jobs)
        status.guard_refusals = self.dispatch.refusals
        runs = self.crew.runs.values()
        status.energy_j = (sum(row.energy_mj for row in book) + sum(run.energy_mj for run in runs)) // 1000
        status.runner_restarts, status.book_losses = self.crew.restarts, self.losses
        status.failed_saves = self.desk.saver.failures

    def _show_row(self) -> None:
        """The next one after that told last, in the order of their numbers."""
        numbers = sorted(self.desk.book.rows)
        if not numbers:
            self.shown = self.row.job = 0
            return
        self.shown = next((number for number in numbers if number > self.shown), numbers[0])
        self._tell(self.desk.book.rows[self.shown])

    def _tell(self, row: Row) -> None:
        shown, run = self.row, self.crew.runs.get(row.number)
        shown.job, shown.state, shown.stage = row.number, row.state, row.stage
        shown.board = run.lane if run is not None else NO_LEVEL
        shown.level = run.use.level if run is not None else NO_LEVEL
        shown.progress_milli = row.progress_milli
        shown.energy_j = (row.energy_mj + (run.energy_mj if run is not None else 0)) // 1000
        shown.attempts, shown.runs = row.begun, len(row.runs)
        shown.value = row.brief.value if row.brief is not None else 0
        shown.octets = row.result_octets if row.state in WITH_RESULT else 0
        told, outlook = self.planner.told.get(row.number), self.desk.outlook
        guarded = self.dispatch.bound.get(row.number, Bound.NONE)
        if told is None or outlook is None or row.state not in UNFINISHED:
            shown.first_s = shown.finish_s = shown.binding_s = shown.station_pass = 0
            shown.binding = guarded or (
                self.planner.kept_out_by(row, self.dispatch.stepped_at) if told is None else Bound.NONE
            )
            return
        first_s, slot_s = self.planner.first_ns // SECOND, outlook.limits.slot_s
        shown.first_s = first_s + told.first * slot_s if told.planned else 0
        shown.finish_s = first_s + told.finish * slot_s if told.planned else 0
        shown.binding = guarded or told.bound
        shown.binding_s = first_s + told.slot * slot_s
        shown.station_pass = told.station_pass

    # ---------------------------------------------------------------- commands

    @command()
    def take(self, call: Call, out: Outbox, file: Octets) -> Outcome:
        """Take a job package of the file store; completed when it is on board, and the plan has not refused it."""
        return self.taking.take(call, out, file)

    @command()
    def tenants(self, call: Call, out: Outbox, file: Octets) -> Outcome:
        """Put a table of tenants in force, in place of the one before; without a name the mission's own."""
        return self.admitting.put_in_force(call, out, file)

    @command()
    def cancel(self, call: Call, out: Outbox, job: U32) -> Outcome:
        """Cancel a job that has not ended; it gets a result without outputs."""
        return self.taking.cancel(call, out, job)

    @command()
    def plan(self, call: Call, out: Outbox) -> Outcome:
        """Make a new plan; its record goes down when nothing of more worth waits."""
        if self.desk.outlook is None:
            return Refused("nothing is known of the hours to come")
        if not self.desk.book.unfinished():
            return Refused("there is nothing to plan")
        self.desk.replan, self.planner.not_before = "by command", 0
        self.results.plan_wanted = True
        return DONE

    @command()
    def send(self, call: Call, out: Outbox, job: U32) -> Outcome:
        """Send a result once more."""
        row = self.desk.book.rows.get(job)
        if row is None or row.state not in WITH_RESULT:
            return Refused(f"there is no result of job {job}")
        if row.state is JobStage.DELIVERED:
            row.state = JobStage.RESULT
            self.desk.book.touch()
        self.results.not_before.pop(job, None)
        return DONE


def _outputs(lanes: tuple[Lane, ...]) -> type[Outputs]:
    fields = {f"jobs_level_{lane.name}": U8 for lane in lanes}
    made = type("Outputs", (Outputs,), {"__annotations__": fields, "__module__": __name__})
    assert issubclass(made, Outputs)
    return made


def jobs(
    lanes: tuple[Lane, ...],
    steps: int,
    steps_again: int,
    loops: int = 1,
    planned: str = "forecast.planned",
) -> Jobs:
    """The jobs module of a mission.  All boards have the same levels: a job may run on any.

    Each of `loops` cooling loops has as many of the boards, in their order; `planned` is the inbox that is told what
    the plan will have them do, "" for none.
    """
    assert lanes
    assert all(lane.watts == lanes[0].watts for lane in lanes), "boards with different levels"
    return Jobs(lanes, steps, steps_again, loops, planned)
