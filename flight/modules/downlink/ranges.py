"""Ranges of record counts that still have to go down, oldest first, in bounded memory."""

from __future__ import annotations

RANGES_MAX = 64  # a day without contact is one range; a lossy pass makes a few dozen holes


class Ranges:
    """Disjoint, ascending ranges of counts, both ends included."""

    def __init__(self) -> None:
        self.items: list[tuple[int, int]] = []
        self.coarsened = 0  # times two ranges were joined over counts already sent, for want of room

    def add(self, first: int, last: int) -> None:
        """Join with what touches it.  When there are too many, the two nearest become one: sent twice, never lost."""
        assert first <= last
        keep = []
        for low, high in self.items:
            if high + 1 < first or last + 1 < low:
                keep.append((low, high))
            else:
                first, last = min(first, low), max(last, high)
        self.items = sorted([*keep, (first, last)])
        if len(self.items) > RANGES_MAX:
            self._join_nearest()

    def append(self, count: int) -> None:
        """The common case, cheap: one more at the end."""
        if self.items and self.items[-1][1] == count - 1:
            self.items[-1] = (self.items[-1][0], count)
        else:
            self.add(count, count)

    def _join_nearest(self) -> None:
        gaps = [(self.items[i + 1][0] - self.items[i][1], i) for i in range(len(self.items) - 1)]
        _, index = min(gaps)
        self.items[index : index + 2] = [(self.items[index][0], self.items[index + 1][1])]
        self.coarsened += 1

    def remove_through(self, first: int, last: int) -> None:
        """`first` to `last` have been taken for sending."""
        rest = []
        for low, high in self.items:
            if low < first:
                rest.append((low, min(high, first - 1)))
            if high > last:
                rest.append((max(low, last + 1), high))
        self.items = [(low, high) for low, high in rest if low <= high]

    def total(self) -> int:
        return sum(high - low + 1 for low, high in self.items)
