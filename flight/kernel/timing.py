"""How long the steps of one module take: count, min, mean, max and p99 without keeping samples."""

from __future__ import annotations

BUCKETS = 64  # quarter octaves from 1 us up: the last begins at 55 s
FIRST_NS = 1_000


class StepTimes:
    """A histogram in quarter octaves: p99 is right within 19 %, min, mean and max exactly.  All in nanoseconds."""

    __slots__ = ("buckets", "count", "largest", "smallest", "total")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.count = self.total = self.largest = 0
        self.smallest = 2**63
        self.buckets = [0] * BUCKETS

    def add(self, spent: int) -> None:
        self.count += 1
        self.total += spent
        self.largest = max(self.largest, spent)
        self.smallest = min(self.smallest, spent)
        self.buckets[bucket_of(spent)] += 1

    def mean(self) -> int:
        return self.total // self.count if self.count else 0

    def least(self) -> int:
        return self.smallest if self.count else 0

    def quantile(self, share: float) -> int:
        """The upper edge of the bucket in which that share of the steps has ended; 0 without steps."""
        wanted = share * self.count
        seen = 0
        for index, number in enumerate(self.buckets):
            seen += number
            if number and seen >= wanted:
                return min(upper_edge(index), self.largest)
        return 0


def bucket_of(spent: int) -> int:
    """Index of the quarter octave that holds `spent`."""
    scaled = spent // (FIRST_NS // 8)  # 8 is 1 us: three bits below the octave give its quarters
    if scaled < 8:
        return 0
    octave = scaled.bit_length() - 4
    quarter = (scaled >> octave + 1) & 3
    return min(BUCKETS - 1, 4 * octave + quarter)


def upper_edge(index: int) -> int:
    """Where bucket `index` ends, ns."""
    octave, quarter = divmod(index, 4)
    return ((5 + quarter) << octave + 1) * (FIRST_NS // 8)
