"""Which octets of a file are there, with the checksum of each stretch.

Sorted lists of starts and ends.  Data in order costs O(1), any other a binary search and the move of at most
`STRETCHES_LIMIT` list entries (8 octets each, one memmove): measured flat up to the limit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from flight.wire.cfdp.checksums import CHECKSUMS, Checksum
from flight.wire.cfdp.fields import ChecksumType

STRETCHES_LIMIT = 16_384  # 1.5 MB of lists at worst; a 16 MB file of 1 KiB segments with every other one lost

Stretch = tuple[int, int]


class ReceivedOctets:
    """Stretches never touch or overlap; what does not fit any more is refused and counted, to be asked for again."""

    def __init__(self, kind: ChecksumType = ChecksumType.NULL, limit: int = STRETCHES_LIMIT) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._sums: list[int] = []
        self._limit = limit
        self._checksum: Checksum = CHECKSUMS[kind]
        self.octets = 0
        self.refused = 0

    @property
    def end(self) -> int:
        """One past the last octet."""
        return self._ends[-1] if self._ends else 0

    @property
    def contiguous(self) -> int:
        """How many octets are there from the file's beginning."""
        return self._ends[0] if self._ends and self._starts[0] == 0 else 0

    @property
    def count(self) -> int:
        return len(self._starts)

    def stretches(self) -> list[Stretch]:
        return list(zip(self._starts, self._ends, strict=True))

    def whole(self, size: int) -> bool:
        return self.octets == size and self.end == size

    def checksum(self) -> int:
        """Of the file, once it is whole."""
        assert len(self._sums) <= 1
        return self._sums[0] if self._sums else 0

    def fresh(self, offset: int, data: bytes) -> Sequence[tuple[int, bytes]]:
        """The pieces of `data` that are not there yet, each inside one gap."""
        ends = self._ends
        if not ends or offset >= ends[-1]:
            if ends and offset > ends[-1] and len(ends) >= self._limit:
                self.refused += 1
                return ()
            return ((offset, data),) if data else ()
        if len(ends) + 2 > self._limit:
            self.refused += 1
            return self._fresh(offset, data, joining=True)
        return self._fresh(offset, data)

    def _fresh(self, offset: int, data: bytes, *, joining: bool = False) -> list[tuple[int, bytes]]:
        """`joining`: only pieces that make no further stretch."""
        pieces = []
        last = offset + len(data)
        for start, end in self.gaps(offset, last):
            if joining and not self._touches(start, end):
                continue
            pieces.append((start, data[start - offset : end - offset]))
        return pieces

    def _touches(self, start: int, end: int) -> bool:
        after = bisect_right(self._starts, start)
        before = after > 0 and self._ends[after - 1] == start
        return before or (after < len(self._starts) and self._starts[after] == end)

    def insert(self, offset: int, data: bytes) -> None:
        """A piece from `fresh`, once it is stored."""
        starts, ends, sums = self._starts, self._ends, self._sums
        length = len(data)
        last = offset + length
        self.octets += length
        if ends and offset == ends[-1]:
            sums[-1] = self._checksum.extend(sums[-1], offset, data)
            ends[-1] = last
            return
        after = bisect_right(starts, offset)
        if after and ends[after - 1] == offset:
            before = after - 1
            sums[before] = self._checksum.extend(sums[before], offset, data)
            ends[before] = last
            if after < len(starts) and starts[after] == last:
                octets = ends[after] - last
                sums[before] = self._checksum.join(sums[before], sums[after], octets)
                ends[before] = ends[after]
                del starts[after], ends[after], sums[after]
            return
        total = self._checksum.extend(0, offset, data)
        if after < len(starts) and starts[after] == last:
            sums[after] = self._checksum.join(total, sums[after], ends[after] - last)
            starts[after] = offset
        else:
            starts.insert(after, offset)
            ends.insert(after, last)
            sums.insert(after, total)

    def gaps(self, start: int, end: int) -> Iterator[Stretch]:
        """What is missing of start..end, in order."""
        starts, ends = self._starts, self._ends
        index = bisect_right(starts, start) - 1
        if index >= 0:
            start = max(start, ends[index])
        index += 1
        while start < end and index < len(starts) and starts[index] < end:
            if start < starts[index]:
                yield start, starts[index]
            start = ends[index]
            index += 1
        if start < end:
            yield start, end

    def restore(self, stretches: Sequence[Stretch]) -> None:
        """From a journal, in order and apart; their sums are not known."""
        self._starts = [start for start, _ in stretches]
        self._ends = [end for _, end in stretches]
        self._sums = [0] * len(stretches)
        self.octets = sum(end - start for start, end in stretches)
