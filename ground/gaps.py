"""Record numbers: which have come, which never will, and which to ask for again.

A set of numbers is kept as its intervals, so that a year of telemetry without loss is one interval.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from flight.wire import UNSTORED_COUNT
from flight.wire.packet_stores import RANGE

INTERVALS_MAX = 4096  # of one set: some hundred lossy passes; 64 kB of numbers

Interval = tuple[int, int]


class IntervalSet:
    """A set of whole numbers from 0 up as disjoint intervals, both ends included, that do not touch.

    When there are too many, the shortest is forgotten: what it named is asked for again, and comes twice, but is
    never taken for received.
    """

    __slots__ = ("_ends", "_hint", "_starts", "forgotten", "most")

    def __init__(self, intervals: Iterable[Interval] = (), most: int = INTERVALS_MAX) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._hint = 0  # the interval that grew last: the next number mostly follows it
        assert most >= 3, "the newest, the one under way, and one to forget"
        self.most = most
        self.forgotten = 0
        for first, last in intervals:
            self.add_range(first, last)

    def __len__(self) -> int:
        """Of intervals."""
        return len(self._starts)

    def __iter__(self) -> Iterator[Interval]:
        return iter(zip(self._starts, self._ends, strict=True))

    def __contains__(self, number: int) -> bool:
        index = bisect_right(self._starts, number) - 1
        return index >= 0 and number <= self._ends[index]

    @property
    def total(self) -> int:
        return sum(self._ends) - sum(self._starts) + len(self._starts)

    @property
    def highest(self) -> int:
        """-1 of an empty set."""
        return self._ends[-1] if self._ends else -1

    def add(self, number: int) -> bool:
        """False if it was there."""
        hint, starts, ends = self._hint, self._starts, self._ends
        if (
            hint < len(ends)
            and ends[hint] + 1 == number
            and (hint + 1 == len(starts) or starts[hint + 1] > number + 1)
        ):
            ends[hint] = number
            return True
        if number in self:
            return False
        self.add_range(number, number)
        return True

    def add_range(self, first: int, last: int) -> None:
        """Join with whatever it overlaps or touches."""
        assert 0 <= first <= last
        starts, ends = self._starts, self._ends
        low = bisect_right(starts, first) - 1
        if low < 0 or ends[low] + 1 < first:
            low += 1
        high = bisect_right(starts, last + 1)
        if low < high:
            first, last = min(first, starts[low]), max(last, ends[high - 1])
        starts[low:high] = [first]
        ends[low:high] = [last]
        self._hint = low
        if len(starts) > self.most:
            self._forget_shortest(low)

    def _forget_shortest(self, grown: int) -> None:
        """Not the newest, which says how far the spacecraft is, nor the one under way, which would never grow."""
        old = [index for index in range(len(self._starts) - 1) if index != grown]
        index = min(old, key=lambda i: self._ends[i] - self._starts[i])
        self.forgotten += self._ends[index] - self._starts[index] + 1
        del self._starts[index], self._ends[index]
        self._hint -= index < grown

    def highest_below(self, limit: int) -> int:
        """-1 if there is none."""
        index = bisect_right(self._starts, limit - 1) - 1
        return min(self._ends[index], limit - 1) if index >= 0 else -1

    def holes(self, first: int, last: int) -> Iterator[Interval]:
        """The intervals of first..last that are not in the set, ascending."""
        index = bisect_right(self._starts, first) - 1
        if index >= 0 and self._ends[index] >= first:
            first = self._ends[index] + 1
        for at in range(index + 1, len(self._starts)):
            if first > last:
                return
            if self._starts[at] > first:
                yield first, min(last, self._starts[at] - 1)
            first = self._ends[at] + 1
        if first <= last:
            yield first, last


class Coverage:
    """Of one store: what has been received, and what the spacecraft has said to hold nothing."""

    __slots__ = ("absent", "received")

    def __init__(self, received: Iterable[Interval] = (), absent: Iterable[Interval] = ()) -> None:
        self.received = IntervalSet(received)
        self.absent = IntervalSet(absent)

    def gaps(self) -> Iterator[Interval]:
        """What lies below the highest number received and is neither received nor absent, ascending.

        Numbers that are never stored are in no sequence: there are no gaps below or between them.
        """
        for first, last in self.received.holes(0, self.received.highest_below(UNSTORED_COUNT)):
            yield from self.absent.holes(first, last)

    def missing(self) -> int:
        return sum(last - first + 1 for first, last in self.gaps())


def note_absent(coverage: Sequence[Coverage], body: bytes) -> bool:
    """TM[15,130].  False if it makes no sense."""
    if len(body) != RANGE.size:
        return False
    store, first, last = RANGE.unpack(body)
    if store >= len(coverage) or first > last:
        return False
    coverage[store].absent.add_range(first, last)
    return True
