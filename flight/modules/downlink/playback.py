"""Playback (service 15): reads from the recorder, by priority, a little ahead of the line.

What somebody has asked for comes first, then what no pass has seen: in the standard's words by-time-range retrieval,
and open retrieval, which can be suspended.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from flight.declare import READ_LIMIT_BYTES, SECOND, Outbox, Priority, Read, Records
from flight.modules.downlink.ranges import Ranges
from flight.wire.packet_stores import ABSENT, RANGE, SERVICE

READ_WITHIN_NS = 30 * SECOND
# Of a range in which the medium had something that could not be read: an error that passes must not become a report
# that the records do not exist, for then nobody asks for them again.
READ_ATTEMPTS = 3
READY_OCTETS_MAX = (
    512 * 1024
)  # waiting for the line: 0.4 s of 10 Mbit/s, twice what one read brings; one more may be under way
STORES = len(Priority)


class Playback:
    """One read under way at a time; its packets wait here until the line takes them."""

    def __init__(self) -> None:
        self.unseen = [Ranges() for _ in range(STORES)]
        self.asked = [Ranges() for _ in range(STORES)]
        self.suspended = 0  # stores whose `unseen` waits, a bit each
        self.ready: deque[bytes] = deque()
        self.ready_bytes = 0
        self.reading: tuple[int, int, int, int] | None = None  # ticket, store, first, last
        self.attempts = 0  # of the range that is to be read next
        self.played = 0
        self.absent = 0
        self.failed = 0

    def want(self, store: int, first: int, last: int) -> None:
        self.unseen[store].add(first, last)

    def ask(self, store: int, first: int, last: int) -> None:
        self.asked[store].add(first, last)

    def abort(self, stores: Sequence[int]) -> None:
        """What was asked for and has not been read; what no pass has seen still waits for its turn."""
        for store in stores:
            self.asked[store] = Ranges()
            if self.reading is not None and self.reading[1] == store:
                self.reading = None  # its answer is not waited for; what is still wanted is read again
                self.attempts = 0

    def forget(self, store: int, before: int) -> None:
        """Records below `before` are deleted."""
        for ranges in (self.asked[store], self.unseen[store]):
            ranges.remove_through(0, before - 1)

    @property
    def wants(self) -> bool:
        """There is something to send, or to be read."""
        return bool(self.ready) or self._first_wanted() is not None

    def _first_wanted(self) -> tuple[int, Ranges] | None:
        for store, asked in enumerate(self.asked):
            if asked.items:
                return store, asked
            if self.unseen[store].items and not self.suspended >> store & 1:
                return store, self.unseen[store]
        return None

    def fetch(self, budget: int, out: Outbox) -> None:
        """Ask for the next records, highest priority first, if the line will want them soon."""
        if self.reading is not None or self.ready_bytes >= min(budget, READY_OCTETS_MAX):
            return
        wanted = self._first_wanted()
        if wanted is not None:
            store, ranges = wanted
            first, last = ranges.items[0]
            ticket = out.submit(Read(store, first, last, min(budget, READ_LIMIT_BYTES)), READ_WITHIN_NS)
            self.reading = (ticket, store, first, last)

    def completed(self, ticket: int, result: object, out: Outbox) -> None:
        if self.reading is None or self.reading[0] != ticket:
            return
        _, store, first, last = self.reading
        self.reading = None
        if not isinstance(result, Records):
            self.failed += 1  # the range stays wanted; the next fetch asks again
            return
        if self._again(result, first):
            return
        if result.records:
            last = result.records[-1][
                0
            ]  # what follows is asked for again; an empty answer says that it is absent
        self.unseen[store].remove_through(first, last)
        self.asked[store].remove_through(first, last)
        for _, packet in result.records:
            self.ready.append(packet)
            self.ready_bytes += len(packet)
        for low, high in missing(first, last, [count for count, _ in result.records]):
            self.absent += high - low + 1
            out.report(SERVICE, ABSENT, RANGE.pack(store, low, high), Priority.CRITICAL)

    def _again(self, result: Records, first: int) -> bool:
        """Whether what is missing in the answer is worth another look; the range then stays wanted."""
        counts = [count for count, _ in result.records]
        whole = bool(counts) and counts == list(range(first, counts[-1] + 1))
        if whole or not result.damaged_octets or self.attempts + 1 >= READ_ATTEMPTS:
            self.attempts = 0
            return False
        self.attempts += 1
        return True

    def take(self) -> bytes:
        packet = self.ready.popleft()
        self.ready_bytes -= len(packet)
        self.played += 1
        return packet

    def backlog(self) -> int:
        return sum(ranges.total() for ranges in self.unseen)


def missing(first: int, last: int, present: Sequence[int]) -> list[tuple[int, int]]:
    """The ranges within first..last that `present` (ascending) leaves out."""
    gaps = []
    expected = first
    for count in present:
        if count > expected:
            gaps.append((expected, count - 1))
        expected = count + 1
    if expected <= last:
        gaps.append((expected, last))
    return gaps
