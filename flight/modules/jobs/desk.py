"""What the parts of the jobs module share: the book, its way to the disk, and answers of workers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flight.declare import SECOND, Outbox
from flight.modules.jobs.book import Book
from flight.modules.jobs.demand import Lane, usable
from flight.modules.jobs.packets import Declared, Numbers, Status
from flight.modules.jobs.row import REASON_LETTERS, Row, Usable
from flight.modules.jobs.saving import Saver
from flight.planning import Limits, Outlook

Answered = Callable[[int, object, Outbox], None]


class Desk:
    """`own` is the module, for its events and parameters."""

    def __init__(self, own: Declared, lanes: tuple[Lane, ...], status: Status, kept: Numbers) -> None:
        self.own, self.lanes, self.status = own, lanes, status
        self.book = Book()
        self.saver = Saver(self.book, kept)
        self.outlook: Outlook | None = None
        self.asked: dict[int, Answered] = {}  # tickets of workers
        self.judging: set[int] = set()  # just come: the next plan says whether they stay
        self.caps = (lanes[0].top,) * len(lanes)  # highest levels that were commanded
        self.replan = ""  # why a new plan is wanted, empty if none is

    def ask(self, request: object, within_ns: int, then: Answered, out: Outbox) -> int:
        ticket = out.submit(request, within_ns)
        self.asked[ticket] = then
        return ticket

    def answered(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        then = self.asked.pop(ticket, None)
        if then is not None:
            then(now, result, out)

    def uses(self, row: Row) -> tuple[Usable, ...]:
        """Levels at which any board can run it: all boards have the same."""
        if row.uses is None:
            row.uses = usable(row.known, self.lanes[0])
        return row.uses

    def command(self, caps: tuple[int, ...]) -> None:
        """Highest levels of the boards, as they are in force by command."""
        if caps != self.caps:
            self.caps = caps
            self.replan = self.replan or "other levels were commanded"

    def loop_of(self, lane: int) -> int:
        loops = len(self.outlook.limits.boards) if self.outlook is not None else 1
        return lane * loops // len(self.lanes)

    def limits(self, told: Limits) -> Limits:
        """Without the boards that are off by command."""
        if all(self.caps):
            return told
        boards = [0] * len(told.boards)
        for lane, cap in enumerate(self.caps):
            boards[self.loop_of(lane)] += cap > 0
        return replace(told, lanes=sum(boards), loops=tuple(boards) if told.loops else ())

    def steady_ns(self) -> int:
        """A thermal time constant: between two rises of one job's level."""
        limits = self.outlook.limits if self.outlook is not None else None
        return 0 if limits is None else int(limits.slot_s * SECOND / (1.0 - limits.decay))

    def utc_s(self, now: int) -> int:
        """0 while it is not known."""
        outlook = self.outlook
        if outlook is None or not outlook.utc_0_s:
            return 0
        return outlook.utc_0_s + (now - outlook.slot_0_ns) // 10**9

    def say(self, reason: str) -> bytes:
        return reason[:REASON_LETTERS].encode("latin-1", "replace")

    def end(self, row: Row, how: str, reason: str) -> None:
        """`how` is the name of a `flight.jobs.Ended`."""
        row.ended, row.reason = how, reason[:REASON_LETTERS]
        self.book.touch()
        self.replan = self.replan or "a job has ended"
