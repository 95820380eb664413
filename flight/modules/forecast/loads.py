"""What is measured over one slot, and the watts of the boards in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from flight.throttling import Steps

WATTS_MAX = 1e7  # no spacecraft's; keeps a mad reading out of the sums


@dataclass(frozen=True, slots=True)
class BoardLoad:
    """A compute board's switch, and what each of its levels draws from the bus, W."""

    switch: int
    watts: tuple[float, ...]
    name: str = ""  # of the board, whose aim the compute module tells; empty: it works on as it does
    node: str = ""  # of the thermal table
    steps: Steps | None = None  # from where its node asks for rungs

    @property
    def signals(self) -> tuple[str, str]:
        return f"compute_aim_{self.name}", f"thermal_rung_{self.node}"


class SlotMeans(NamedTuple):
    """Means over a slot; NaN where too little was measured.  `lit`, `free` and `contact` are shares of its seconds."""

    array_w: float
    load_w: float
    loops_w: tuple[float, ...]  # of the boards of each cooling loop
    lit: float
    free: float  # in which the array gave all that it could
    contact: float

    @property
    def jobs_w(self) -> float:
        return sum(self.loops_w)


class Sums:
    """Of the slot under way; `add` once a second."""

    __slots__ = (
        "array",
        "arrays",
        "contact",
        "free",
        "jobs",
        "lit",
        "load",
        "loads",
        "seconds",
        "since",
        "watts",
    )

    def __init__(self, loops: int) -> None:
        self.watts = (0.0,) * loops
        self.begin()

    def begin(self) -> None:
        self.seconds = self.arrays = self.loads = self.lit = self.free = self.contact = 0
        self.array = self.load = 0.0
        self.jobs = [0.0] * len(self.watts)
        self.since = 0

    def add(
        self,
        array_w: float,
        load_w: float,
        watts: tuple[float, ...],
        lit: bool,
        free: bool,
        contact: bool,
    ) -> None:
        """`watts` is of each loop's boards, and the same object while it does not change."""
        if watts is not self.watts:
            self._count()
            self.watts = watts
        self.seconds += 1
        if -WATTS_MAX <= array_w <= WATTS_MAX:
            self.array += array_w
            self.arrays += 1
        if 0.0 <= load_w <= WATTS_MAX:
            self.load += load_w
            self.loads += 1
        if lit:
            self.lit += 1
        if free:
            self.free += 1
        if contact:
            self.contact += 1

    def _count(self) -> None:
        """What the boards drew since they changed."""
        lasted = self.seconds - self.since
        self.jobs = [sum_w + lasted * one for sum_w, one in zip(self.jobs, self.watts, strict=True)]
        self.since = self.seconds

    def means(self, least: int) -> SlotMeans:
        """With at least so many good readings each."""
        self._count()
        seconds = max(1, self.seconds)
        return SlotMeans(
            max(0.0, self.array / self.arrays) if self.arrays >= least else math.nan,
            self.load / self.loads if self.loads >= least else math.nan,
            tuple(one / seconds for one in self.jobs),
            self.lit / seconds,
            self.free / seconds,
            self.contact / seconds,
        )
