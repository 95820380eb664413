"""Ranges of a file that were asked for again, merged, taken from the front."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

RANGES_LIMIT = 16_384  # as many as a receiver's stretches; what is beyond is asked for again


class Ranges:
    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, start: int, end: int) -> None:
        """Merge with what touches; forget what would be one range too many."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        elif len(self._starts) >= RANGES_LIMIT:
            return
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def take(self, octets: int) -> tuple[int, int]:
        """At most so many octets off the front: start and end."""
        start, end = self._starts[0], self._ends[0]
        if end - start > octets:
            end = self._starts[0] = start + octets
        else:
            del self._starts[0], self._ends[0]
        return start, end

    def clear(self) -> None:
        self._starts.clear()
        self._ends.clear()
