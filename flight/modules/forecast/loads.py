"""What is measured over one slot, and the watts of the boards in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

WATTS_MAX = 1e7  # no spacecraft's; keeps a mad reading out of the sums


@dataclass(frozen=True, slots=True)
class BoardLoad:
    """A compute board's switch, and what each of its levels draws from the bus, W."""

    switch: int
    watts: tuple[float, ...]

    def drawn_w(self, levels: tuple[int, ...]) -> float:
        level = levels[self.switch] if self.switch < len(levels) else 0
        return self.watts[min(max(level, 0), len(self.watts) - 1)]


class SlotMeans(NamedTuple):
    """Means over a slot; NaN where too little was measured.  `lit`, `free` and `contact` are shares of its seconds."""

    array_w: float
    load_w: float
    jobs_w: float
    lit: float
    free: float  # in which the array gave all that it could
    contact: float


class Sums:
    """Of the slot under way; `add` once a second."""

    __slots__ = ("array", "arrays", "contact", "free", "jobs", "lit", "load", "loads", "seconds")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.seconds = self.arrays = self.loads = self.lit = self.free = self.contact = 0
        self.array = self.load = self.jobs = 0.0

    def add(self, array_w: float, load_w: float, jobs_w: float, lit: bool, free: bool, contact: bool) -> None:
        self.seconds += 1
        if -WATTS_MAX <= array_w <= WATTS_MAX:
            self.array += array_w
            self.arrays += 1
        if 0.0 <= load_w <= WATTS_MAX:
            self.load += load_w
            self.loads += 1
        self.jobs += jobs_w
        if lit:
            self.lit += 1
        if free:
            self.free += 1
        if contact:
            self.contact += 1

    def means(self, least: int) -> SlotMeans:
        """With at least so many good readings each."""
        seconds = max(1, self.seconds)
        return SlotMeans(
            max(0.0, self.array / self.arrays) if self.arrays >= least else math.nan,
            self.load / self.loads if self.loads >= least else math.nan,
            self.jobs / seconds,
            self.lit / seconds,
            self.free / seconds,
            self.contact / seconds,
        )
