"""Jobs that run: orders to the runner, what it tells, and what becomes of a job whose run has ended.

Orders are given again until their effect is seen, so that a lost answer costs a moment and a double one nothing.  A
start is the one thing that is never repeated: it is in the book, on the disk, before the runner hears of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from flight.declare import SECOND, Outbox
from flight.declare.running import (
    NUMBERS_EACH,
    ExitReason,
    JobEntry,
    JobsSeen,
    JobState,
    OrderTaken,
    Refusal,
    StartJob,
    SteerJob,
    Verb,
    WatchJobs,
    runner_number,
)
from flight.declare.shelving import VERIFIER
from flight.modules.jobs.desk import Desk
from flight.modules.jobs.row import Row, Usable
from flight.modules.jobs.runs import STUCK_NS, Run, Wish
from flight.modules.jobs.stages import ORDERED, UNFINISHED, UNLUCKY, WITH_RUNNER, JobStage, Why

ORDER_WITHIN_NS = 10 * SECOND
WATCH_WITHIN_NS = 120 * SECOND  # then the whole inventory is asked for
AGAIN_AFTER_NS = SECOND  # after a watch that failed
REST_NS = 30 * SECOND  # after a start that the runner could not take
BOOK_EVERY_MJ = 1_000_000  # of energy between two bookings with the runner
LATER = (Refusal.TOO_MANY_JOBS, Refusal.UNREACHABLE, Refusal.WRONG_STATE, Refusal.UNKNOWN_JOB)


@dataclass(slots=True, eq=False)
class Watch:
    """A question for news that is under way."""

    everything: bool


class Crew:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.runs: dict[int, Run] = {}  # by the book's number
        self.rests: dict[int, int] = {}  # not to be started before
        self.forgetting: dict[
            int, int
        ] = {}  # ended entries, by the runner's number, and when they are told again
        self.giving_up: dict[int, str] = {}  # jobs that fail when their run is over, and why
        self.watching: Watch | None = None
        self.everything = True  # the whole inventory is wanted: after a start, or when an answer was lost
        self.watch_at = 0
        self.began_at: int | None = None
        self.restarts = 0
        self.adopted = False

    # ---------------------------------------------------------------- starting

    def start(self, row: Row, lane: int, use: Usable, now: int, out: Outbox) -> None:
        """The book says so first."""
        counted = not row.continues
        if counted:
            row.begun += 1
            row.progress_milli = row.progress_milli if row.known.preemptible else 0
        row.continues = False
        row.state = JobStage.STARTING
        desk = self.desk
        run = Run(row, lane, use, now, desk.utc_s(now), row.progress_milli, counted, level_at=now)
        self.runs[row.number] = run
        desk.book.touch()
        once = row.known.attempts == 1
        desk.saver.when_stored(lambda at, box: self._send_start(run, at, box), marked=once)

    def _send_start(self, run: Run, now: int, out: Outbox) -> None:
        row = run.row
        if self.runs.get(row.number) is not run or run.sent:
            return
        if run.wish is not Wish.RUN:
            self._not_started(run, "not wanted any more", now)
            return
        run.sent, run.began_ns, run.utc_s = True, now, self.desk.utc_s(now)
        run.paced = run.use.pace_milli
        request = StartJob(now, row.number, row.stage, row.octets, run.paced)
        self.desk.ask(request, ORDER_WITHIN_NS, lambda at, result, _: self._start_told(run, result, at), out)

    def _start_told(self, run: Run, result: object, now: int) -> None:
        if self.runs.get(run.row.number) is not run or run.seen is not None:
            return
        if not isinstance(result, OrderTaken):
            self.everything = True  # nobody knows whether it runs: the inventory says
            self.watching = None
            return
        if not result.refusal:
            return
        refusal = Refusal(result.refusal) if result.refusal in list(Refusal) else Refusal.INVALID
        if refusal is Refusal.NUMBER_IN_USE:
            self.everything, self.watching = True, None
            return
        self._not_started(run, refusal.name.lower().replace("_", " "), now)
        if refusal not in LATER:
            row = run.row
            row.state = JobStage.FAILED
            self.desk.end(row, "FAILED", f"the runner refuses it: {refusal.name.lower().replace('_', ' ')}")

    def _not_started(self, run: Run, why: str, now: int) -> None:
        """For sure: the attempt does not count."""
        row = run.row
        row.begun -= run.counted
        row.continues = not run.counted
        row.state = JobStage.WAITING
        self.rests[row.number] = now + REST_NS
        del self.runs[row.number]
        self.desk.book.touch()
        self.desk.replan = self.desk.replan or f"a job did not start: {why}"

    def give_up(self, run: Run, reason: str, why: Why) -> None:
        """It fails when its run is over, which it now soon is."""
        self.giving_up[run.row.number] = reason
        run.want(Wish.KILL, why)

    # ---------------------------------------------------------------- each second

    def tend(self, now: int, out: Outbox) -> None:
        for run in list(self.runs.values()):
            if not run.sent:
                if run.wish is not Wish.RUN:
                    self._not_started(run, "not wanted any more", now)
                continue
            order = run.order(now)
            if order is not None:
                self._steer(run.row, *order, now, out)
            self._pace(run, now, out)
            if run.energy_mj - run.booked_mj >= BOOK_EVERY_MJ:
                self._steer(run.row, Verb.BOOK, run.energy_mj - run.booked_mj, now, out)
                run.booked_mj = run.energy_mj
            if run.killed_at and not run.told_stuck and now - run.killed_at >= STUCK_NS:
                run.told_stuck = True
                out.event(self.desk.own.stuck, run.row.number)
        for number, again_at in list(self.forgetting.items()):
            if now >= again_at:
                self._forget(number, now, out)
        self._watch(now, out)

    def _pace(self, run: Run, now: int, out: Outbox) -> None:
        pace = run.use.pace_milli
        if pace != run.paced and run.wish is Wish.RUN and run.row.state is JobStage.RUNNING:
            run.paced = pace
            self._steer(run.row, Verb.PACE, pace, now, out)

    def _steer(self, row: Row, verb: Verb, amount: int, now: int, out: Outbox) -> None:
        request = SteerJob(now, runner_number(row.number, row.stage), verb, amount)
        self.desk.ask(request, ORDER_WITHIN_NS, self._steer_told, out)

    def _steer_told(self, now: int, result: object, out: Outbox) -> None:
        if isinstance(result, OrderTaken) and result.refusal == Refusal.UNKNOWN_JOB:
            self.everything, self.watching = True, None

    def _forget(self, number: int, now: int, out: Outbox) -> None:
        """Of the runner's numbers; told again until it is gone from the inventory or the order was taken."""
        self.forgetting[number] = now + ORDER_WITHIN_NS

        def told(_now: int, result: object, _out: Outbox) -> None:
            if isinstance(result, OrderTaken) and result.refusal in (0, Refusal.UNKNOWN_JOB):
                self.forgetting.pop(number, None)

        self.desk.ask(SteerJob(now, number, Verb.FORGET), ORDER_WITHIN_NS, told, out)

    # ---------------------------------------------------------------- what the runner tells

    def _watch(self, now: int, out: Outbox) -> None:
        if self.watching or now < self.watch_at:
            return
        if not (self.runs or self.everything):
            return
        asked = self.watching = Watch(self.everything)
        self.everything = False
        request = WatchJobs(now, asked.everything)
        self.desk.ask(
            request, WATCH_WITHIN_NS, lambda at, result, box: self._watch_told(asked, result, at, box), out
        )

    def _watch_told(self, asked: Watch, result: object, now: int, out: Outbox) -> None:
        if self.watching is not asked:
            return  # another was asked since
        self.watching = None
        if isinstance(result, JobsSeen):
            self._seen(result, asked.everything, now, out)
            self._watch(now, out)
        else:
            self.everything, self.watch_at = True, now + AGAIN_AFTER_NS

    def _seen(self, told: JobsSeen, everything: bool, now: int, out: Outbox) -> None:
        if self.began_at not in (None, told.began_at):
            self.restarts += 1
            self.everything = not everything
        self.began_at = told.began_at
        there = set()
        for entry in told.entries:
            there.add(entry.job)
            self._entry(entry, now, out)
        if everything and told.began_at >= 0:
            self.adopted = True
            self._lost(there, now, out)
        elif everything:
            self.everything, self.watch_at = True, now + AGAIN_AFTER_NS  # no runner has been heard so far

    def _lost(self, there: set[int], now: int, out: Outbox) -> None:
        """What the book says is with the runner, and is not."""
        for row in self.desk.book.unfinished():
            run = self.runs.get(row.number)
            if row.state not in WITH_RUNNER or (run is not None and not run.sent):
                continue
            number = runner_number(row.number, row.stage)
            if number not in there and not (run is not None and run.began_ns == now):
                self._over(row, ExitReason.LOST, 0, now, out)
        self.forgetting = {number: at for number, at in self.forgetting.items() if number in there}

    def _entry(self, entry: JobEntry, now: int, out: Outbox) -> None:
        number, stage = divmod(entry.job, NUMBERS_EACH)
        row = self.desk.book.rows.get(number)
        if row is None or row.state not in UNFINISHED or row.stage != stage or row.state not in WITH_RUNNER:
            self._orphan(entry, now, out)
            return
        run = self.runs.get(number) or self._adopt(row, entry, now)
        first = run.seen is None
        run.sent = True
        run.see(entry)
        if entry.state is JobState.ENDED:
            self._ended(run, entry, now, out)
        elif first:
            out.event(self.desk.own.started, number, run.lane, len(row.runs) + 1)

    def _orphan(self, entry: JobEntry, now: int, out: Outbox) -> None:
        """Of an older life, or of a book that was lost: nobody waits for it."""
        if entry.job in self.forgetting:
            return
        if entry.state is JobState.ENDED:
            self._forget(entry.job, now, out)
        else:
            self.desk.ask(SteerJob(now, entry.job, Verb.KILL), ORDER_WITHIN_NS, self._steer_told, out)
            self.everything = True  # its end is asked for
            self.watch_at = now + AGAIN_AFTER_NS

    def _adopt(self, row: Row, entry: JobEntry, now: int) -> Run:
        """It ran on without us: on which board, and how fast, is settled at the next slot."""
        taken = {run.lane for run in self.runs.values()}
        lane = next((one for one in range(len(self.desk.lanes)) if one not in taken), 0)
        use = self.desk.uses(row)[0]
        run = Run(row, lane, use, now, self.desk.utc_s(now), row.progress_milli, level_at=now)
        run.paced, run.booked_mj = entry.speed_milli, entry.usage.energy_mj
        self.runs[row.number] = run
        return run

    # ---------------------------------------------------------------- ends

    def _ended(self, run: Run, entry: JobEntry, now: int, out: Outbox) -> None:
        row, desk = run.row, self.desk
        board = desk.lanes[run.lane].name if run.lane < len(desk.lanes) else ""
        row.add(run.told(board, entry, now))
        row.energy_mj += run.energy_mj
        desk.book.shares.add(row.known.owner, run.energy_mj, now)
        self.forgetting[entry.job] = now + 2**62  # until the book says so
        ordered = run.wish is not Wish.RUN
        self._over(row, entry.reason, entry.code, now, out, ordered=ordered)
        if ordered:
            out.event(desk.own.halted, row.number, run.why, entry.reason, row.progress_milli)
        desk.saver.when_stored(lambda at, box: self._forget(entry.job, at, box))

    def _over(
        self, row: Row, reason: ExitReason, code: int, now: int, out: Outbox, *, ordered: bool = False
    ) -> None:
        """What becomes of a job whose run is over."""
        desk = self.desk
        run = self.runs.pop(row.number, None)
        row.ready_ns = now
        desk.book.touch()
        desk.replan = desk.replan or "a run has ended"
        if reason is ExitReason.COMPLETED:
            out.event(desk.own.ran, row.number, len(row.runs))
            row.progress_milli = 1000
            row.state = JobStage.ENDED  # the results' part says what comes next
            return
        row.state = JobStage.WAITING
        given_up = self.giving_up.pop(row.number, "")
        if run is not None and run.why is Why.LYING:
            given_up = "its board drew much more than it said"
        if row.cancelled:
            row.state = JobStage.CANCELLED
            desk.end(row, "KILLED", "cancelled")
        elif given_up:
            row.state = JobStage.FAILED
            desk.end(row, "KILLED", given_up)
        elif reason is ExitReason.STOPPED:
            row.continues = True
        elif reason in ORDERED and ordered:
            self._killed(row, run)
        else:
            out.event(desk.own.failed_run, row.number, reason, abs(code), row.begun)
            self._failed(row, reason, code)

    def _killed(self, row: Row, run: Run | None) -> None:
        """By us, and without a checkpoint at its end: it goes on from the one before, if it may."""
        if not row.known.preemptible:
            row.progress_milli = 0
        if row.known.attempts > 1:
            row.continues = True
        else:
            why = run.why.name.lower() if run is not None else "safing"
            row.state = JobStage.FAILED
            self.desk.end(row, "KILLED", f"stopped without a checkpoint ({why}), and may not be begun again")

    def _failed(self, row: Row, reason: ExitReason, code: int) -> None:
        word = reason.name.lower().replace("_", " ")
        if reason in UNLUCKY and row.begun < row.known.attempts:
            if not row.known.preemptible:
                row.progress_milli = 0
            return
        row.state = JobStage.FAILED
        if row.stage == VERIFIER and reason is ExitReason.FAILED:
            row.checks.append(("verify", False))
            self.desk.end(row, "FAILED", f"its verifier says no: {code}")
            return
        times = f", begun {row.begun} times" if reason in UNLUCKY else ""
        self.desk.end(row, "FAILED", f"{word} {code}{times}" if code else f"{word}{times}")
