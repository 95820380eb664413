"""What becomes of a job that has ended: its copies compared, its result kept, sent, and told as delivered."""

from __future__ import annotations

from flight.declare import SECOND, Failed, Outbox
from flight.declare.filing import FileNotice, Ordered, RemoveFile, SendFile
from flight.declare.shelving import (
    VERIFIER,
    CompareCopies,
    CopiesCompared,
    DropJob,
    KeepFile,
    KeepResult,
    NoRoom,
    ResultKept,
)
from flight.jobs import Redundancy
from flight.modules.jobs.book import DELIVERED_MAX, Standing
from flight.modules.jobs.desk import Desk
from flight.modules.jobs.row import Row
from flight.modules.jobs.stages import JobStage

SHELF_WITHIN_NS = 120 * SECOND  # hashing the outputs of a great job on a slow card
AGAIN_AFTER_NS = 30 * SECOND
TRIES = 5  # then the result is given up
SENDING_MAX = 2  # under way: a third would only share the line with one of more worth
SEND_AGAIN_NS = 24 * 3600 * SECOND  # without a word of the file's end: its transaction is no more
NEVER_UTC_S = 2**62
FILES_ORDERED = "files.ordered"  # its inbox: an idle files module takes a turn at once
PLANS_KEPT = 16
SENT, FAILED = "SENT", "FAILED"  # notices of CFDP


class Results:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.busy: set[int] = set()  # jobs for which the files worker is asked something
        self.not_before: dict[int, int] = {}
        self.tries: dict[int, int] = {}
        self.sending: dict[int, int] = {}  # since when
        self.carrier = False
        self.plan_file = ""  # the newest one kept
        self.plan_sent = True
        self.plan_wanted = False  # by command: the next one, also in a pass that had one
        self.delivered = self.failed = 0

    # ---------------------------------------------------------------- each second

    def tend(self, now: int, carrier: bool, standing: Standing, out: Outbox) -> None:
        rose, self.carrier = carrier and not self.carrier, carrier
        for row in standing.over:
            if self._may(row, now):
                self._over(row, now, out)
        for row in standing.results:
            if row.state is JobStage.SENDING and self._may(row, now):
                since = self.sending.setdefault(row.number, now)
                if now - since > SEND_AGAIN_NS:
                    self._unsent(row, now)
        if carrier:
            if standing.results:
                self._send(now, standing.results, out)
            if rose:
                self.plan_sent = not self.plan_file
            if not self.plan_sent and not standing.results:
                self._send_plan(now, out)

    def _may(self, row: Row, now: int) -> bool:
        """Nothing is under way for it, and it need not wait."""
        return row.number not in self.busy and now >= self.not_before.get(row.number, 0)

    # ---------------------------------------------------------------- from its end to its result

    def _over(self, row: Row, now: int, out: Outbox) -> None:
        if row.state is JobStage.ENDED and not row.ended:
            self._next_stage(row, now, out)
        else:
            self._keep(row, now, out)

    def _next_stage(self, row: Row, now: int, out: Outbox) -> None:
        """A run has ended well."""
        redundancy = row.known.redundancy
        if redundancy is Redundancy.VERIFY and row.stage == 0:
            self._go_on(row, VERIFIER, now)
        elif redundancy is Redundancy.VERIFY:
            row.checks.append(("verify", True))
            self._done(row, 0)
        elif redundancy is Redundancy.NONE:
            self._done(row, 0)
        elif row.stage == 0:
            self._go_on(row, 1, now)
        else:
            stages = tuple(range(row.stage + 1))
            request = CompareCopies(now, row.number, stages)
            self._ask(row, request, self._compared, out)

    def _go_on(self, row: Row, stage: int, now: int) -> None:
        row.stage, row.begun, row.continues, row.progress_milli = stage, 0, False, 0
        row.state, row.ready_ns = JobStage.WAITING, now
        self.desk.book.touch()
        self.desk.replan = self.desk.replan or "another copy"

    def _done(self, row: Row, good: int) -> None:
        row.good_stage = good
        self.desk.end(row, "DONE", "")

    def _compared(self, row: Row, result: object, now: int, out: Outbox) -> None:
        if not isinstance(result, CopiesCompared):
            self._again(row, result, now, out)
            return
        name = row.known.redundancy.value
        if len(result.agreeing) >= 2:
            row.checks.append((name, True))
            self._done(row, result.agreeing[0])
        elif row.known.redundancy is Redundancy.VOTE and row.stage == 1:
            self._go_on(row, 2, now)
        else:
            row.checks.append((name, False))
            row.state = JobStage.FAILED
            self.desk.end(row, "FAILED", "no two copies made the same outputs")

    def _keep(self, row: Row, now: int, out: Outbox) -> None:
        request = KeepResult(
            now, row.number, row.ended, row.reason, row.good_stage, tuple(row.runs), tuple(row.checks)
        )
        self._ask(row, request, self._kept, out)

    def _kept(self, row: Row, result: object, now: int, out: Outbox) -> None:
        if isinstance(result, NoRoom):  # what it has made is not given up for want of room
            self.not_before[row.number] = now + AGAIN_AFTER_NS
            return
        if not isinstance(result, ResultKept):
            self._again(row, result, now, out)
            return
        row.ended, row.result, row.result_octets = result.ended, result.file, result.octets
        row.state = JobStage.RESULT
        self.failed += row.ended != "DONE"
        own = self.desk.own
        words = row.ended.lower() + (f": {row.reason}" if row.reason else "")
        out.event(own.cancelled, row.number) if row.cancelled else None
        out.event(own.ended, row.number, self.desk.say(words))
        out.event(own.kept_result, row.number, row.result_octets)
        self.tries.pop(row.number, None)
        self.desk.book.touch()

    def _ask(self, row: Row, request: object, then: object, out: Outbox) -> None:
        """Once the book says what the row says: what the worker does must not be ahead of it."""
        assert callable(then)
        self.busy.add(row.number)

        def stored(_now: int, box: Outbox) -> None:
            self.desk.ask(request, SHELF_WITHIN_NS, told, box)

        def told(now: int, result: object, box: Outbox) -> None:
            self.busy.discard(row.number)
            if self.desk.book.rows.get(row.number) is row:
                then(row, result, now, box)

        self.desk.saver.when_stored(stored)

    def _again(self, row: Row, result: object, now: int, out: Outbox) -> None:
        tries = self.tries[row.number] = self.tries.get(row.number, 0) + 1
        self.not_before[row.number] = now + AGAIN_AFTER_NS
        if tries < TRIES:
            return
        why = result.reason if isinstance(result, Failed) else "the files worker does not answer"
        out.event(self.desk.own.lost, row.number, self.desk.say(why))
        self.failed += 1
        self._drop(row, out)
        self.desk.book.remove(row)

    def _drop(self, row: Row, out: Outbox) -> None:
        number = row.number

        def stored(now: int, box: Outbox) -> None:
            self.desk.ask(DropJob(now, number), SHELF_WITHIN_NS, _nothing, box)

        self.desk.saver.when_stored(stored)

    # ---------------------------------------------------------------- down

    def _send(self, now: int, rows: list[Row], out: Outbox) -> None:
        """In order of value and deadline, few at a time."""
        under_way = sum(row.state is JobStage.SENDING for row in rows)
        ready = [row for row in rows if row.state is JobStage.RESULT and self._may(row, now)]
        for row in sorted(ready, key=_rank)[: max(0, SENDING_MAX - under_way)]:
            row.state = JobStage.SENDING
            self.sending[row.number] = now
            self.desk.book.touch()
            self._ask(row, SendFile(now, row.result, True), self._began, out)

    def _began(self, row: Row, result: object, now: int, out: Outbox) -> None:
        if isinstance(result, Ordered):
            out.post(FILES_ORDERED, None)
        if isinstance(result, Ordered) or row.state is not JobStage.SENDING:
            return
        self._unsent(row, now)
        tries = self.tries[row.number] = self.tries.get(row.number, 0) + 1
        if isinstance(result, Failed) and tries >= TRIES:
            self.tries.pop(row.number)
            row.state = {"DONE": JobStage.ENDED, "KILLED": JobStage.CANCELLED}.get(row.ended, JobStage.FAILED)

    def _unsent(self, row: Row, now: int) -> None:
        row.state = JobStage.RESULT
        self.sending.pop(row.number, None)
        self.not_before[row.number] = now + AGAIN_AFTER_NS
        self.desk.book.touch()

    def notice(self, notice: FileNotice, now: int, out: Outbox) -> None:
        """Of the files module, by the name of the file."""
        if notice.what not in (SENT, FAILED):
            return
        for row in list(self.desk.book):
            if row.result == notice.name and row.state is JobStage.SENDING:
                if notice.what == SENT:
                    self._delivered(row, out)
                else:
                    self._unsent(row, now)

    def _delivered(self, row: Row, out: Outbox) -> None:
        row.state = JobStage.DELIVERED
        self.delivered += 1
        self.sending.pop(row.number, None)
        self.desk.book.touch()
        out.event(self.desk.own.delivered, row.number)
        self._drop(row, out)
        old = [one for one in self.desk.book if one.state is JobStage.DELIVERED][:-DELIVERED_MAX]
        for one in old:
            self.desk.book.remove(one)
            self._remove(one.result)

    def _remove(self, file: str) -> None:
        def stored(now: int, box: Outbox) -> None:
            self.desk.ask(RemoveFile(now, file), SHELF_WITHIN_NS, _nothing, box)

        self.desk.saver.when_stored(stored)

    # ---------------------------------------------------------------- records of plans

    def keep_plan(self, record: bytes, now: int, out: Outbox) -> None:
        """By its mission time, so that a later one has a later name."""
        name = f"plans/{now // SECOND:010d}.plan"

        def told(_now: int, result: object, _out: Outbox) -> None:
            if not isinstance(result, Failed):
                self.plan_file = name
                self.plan_sent = self.plan_sent and not self.plan_wanted
                self.plan_wanted = False

        self.desk.ask(KeepFile(now, name, record, PLANS_KEPT), SHELF_WITHIN_NS, told, out)

    def _send_plan(self, now: int, out: Outbox) -> None:
        self.plan_sent = True
        self.desk.ask(SendFile(now, self.plan_file, True), SHELF_WITHIN_NS, _sent, out)


def _sent(_now: int, result: object, out: Outbox) -> None:
    if isinstance(result, Ordered):
        out.post(FILES_ORDERED, None)


def _rank(row: Row) -> tuple[int, int, int]:
    return -row.known.value, row.known.deadline_utc_s or NEVER_UTC_S, row.number


def _nothing(now: int, result: object, out: Outbox) -> None:
    """What it was asked for is tried again at the next start, or costs room alone."""
