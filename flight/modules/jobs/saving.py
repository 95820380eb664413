"""When the book goes to the disk, and who waits for that.

What must not be done twice (a start) and what would make the runner forget an end is done after the book that says so
is stored.  A start that may never come twice also waits for the version of that book in a critical slot: if damage
brings an older book back at a boot, its version says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flight.declare import SECOND, Outbox, SaveDocument, Stored
from flight.modules.jobs.book import DOCUMENT, Book
from flight.modules.jobs.packets import Numbers
from flight.modules.jobs.row import NUMBER_MAX

STORE_WITHIN_NS = 30 * SECOND  # an SD card was measured to stall a sync for many seconds
AGAIN_AFTER_NS = SECOND
RESERVE = 32  # numbers at once: 2^24 last for half a million boots that give out none
LOW = 8  # left, and more are reserved: what comes in one pass while the slot is written

Then = Callable[[int, Outbox], None]


class Waiting(NamedTuple):
    version: int
    marked: bool  # also for the critical slot
    then: Then


class Saver:
    """The book's way to the disk; numbers for jobs, reserved ahead so that none is ever given out twice."""

    def __init__(self, book: Book, kept: Numbers) -> None:
        self.book, self.kept = book, kept
        self.stored = book.version  # that is on the disk
        self.writing = self.written = 0  # ticket of the save under way, 0 for none, and its version
        self.keeping = 0  # ticket of the critical slot
        self.again_at = 0
        self.failures = 0
        self.waiting: list[Waiting] = []
        highest = max(book.rows, default=0)
        self.next = max(1, kept.reserved, highest + 1)
        self.reserved, self.newest = self.next, kept.newest  # as they are on the disk

    def number(self) -> int | None:
        """Of a new job; None while none is reserved."""
        if self.next >= self.reserved:
            return None
        self.next += 1
        return self.next - 1

    def when_stored(self, then: Then, *, marked: bool = False) -> None:
        """After the book as it is now is on the disk; `marked`: and its version in the critical slot."""
        self.waiting.append(Waiting(self.book.version, marked, then))

    def tend(self, now: int, out: Outbox) -> None:
        if self.waiting:
            self._release(now, out)
        if now < self.again_at:
            return
        if not self.writing and self.book.version > self.stored:
            self.written = self.book.version
            self.writing = out.submit(SaveDocument(DOCUMENT, self.book.octets()), STORE_WITHIN_NS)
        if not self.keeping:
            self._keep(out)

    def _keep(self, out: Outbox) -> None:
        short = self.next + LOW > self.reserved
        reserved = min(self.next + RESERVE, NUMBER_MAX) if short else self.reserved
        wanted = any(one.marked and one.version > self.newest for one in self.waiting)
        newest = self.stored if wanted else self.newest
        if (reserved, newest) != (self.reserved, self.newest):
            self.kept.reserved, self.kept.newest = reserved, newest
            self.keeping = out.keep()

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> bool:
        """Whether it was ours."""
        if not ticket or ticket not in (self.writing, self.keeping):
            return False
        good = isinstance(result, Stored)
        if not good:
            self.failures += 1
            self.again_at = now + AGAIN_AFTER_NS
        if ticket == self.writing:
            self.writing = 0
            if good:
                self.stored = self.written
        else:
            self.keeping = 0
            if good:
                self.reserved, self.newest = self.kept.reserved, self.kept.newest
        self.tend(now, out)
        return True

    def _release(self, now: int, out: Outbox) -> None:
        due = [one for one in self.waiting if one.version <= (self.newest if one.marked else self.stored)]
        self.waiting = [one for one in self.waiting if one not in due]
        for one in due:
            one.then(now, out)
