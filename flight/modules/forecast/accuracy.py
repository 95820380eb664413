"""What was forecast for 30 minutes later against what came.

Of each forecast two errors are kept: of the one that took the boards to do what was planned, or to work on as they did,
but for what the ladder does to hot ones, and, once the 30 minutes are over, of the same one with the loads that came.
What is between the two is what was not known: who would work.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from flight.modules.forecast.loads import SlotMeans
from flight.modules.forecast.model import Model, Outside, Warm

AHEAD_S = 1800
COUNTED_MAX = 1440  # a day of minutes: then older ones are forgotten bit by bit


class Told(NamedTuple):
    """A forecast: the model then, where it began, what it expected from outside, and what it gave."""

    model: Model
    charge: float
    loops: tuple[Warm, ...]
    outside: Outside
    forecast: tuple[float, float]


class Errors:
    """Of one quantity: forecast less what came."""

    __slots__ = ("count", "last", "mean", "square")

    def __init__(self) -> None:
        self.count = 0
        self.last = self.mean = self.square = 0.0

    def add(self, error: float) -> None:
        if not math.isfinite(error):
            return
        self.count += 1
        share = 1.0 / min(self.count, COUNTED_MAX)
        self.last = error
        self.mean += share * (error - self.mean)
        self.square += share * (error * error - self.square)

    @property
    def rms(self) -> float:
        return math.sqrt(self.square)


class Accuracy:
    """At each slot `see` and then `tell` or `tell_nothing`; charge in percent, temperature in K."""

    def __init__(self, slot_s: int) -> None:
        self.slots = max(1, AHEAD_S // slot_s)
        self.begin()
        self.charge, self.temperature = Errors(), Errors()
        self.charge_given_load, self.temperature_given_load = Errors(), Errors()

    def begin(self) -> None:
        """Nothing has been told that could be compared."""
        self.told: deque[Told | None] = deque(maxlen=self.slots)
        self.came: deque[SlotMeans] = deque(maxlen=self.slots)

    def tell_nothing(self) -> None:
        self.told.append(None)

    def see(self, means: SlotMeans, charge: float, temperature_c: float) -> None:
        """The slot that just ended, and what is measured at its end.  Before `tell` of the same moment."""
        self.came.append(means)
        if len(self.told) < self.slots or (told := self.told[0]) is None:
            return
        self.charge.add(100.0 * (told.forecast[0] - charge))
        self.temperature.add(told.forecast[1] - temperature_c)
        loads, loops = [one.load_w for one in self.came], [one.loops_w for one in self.came]
        if not math.isfinite(sum(loads)):  # not measured
            return
        base = tuple(load - sum(watts) for load, watts in zip(loads, loops, strict=True))
        outside = told.outside._replace(base_w=base)
        given = told.model.after(told.charge, told.loops, outside, loops)
        self.charge_given_load.add(100.0 * (given[0] - charge))
        self.temperature_given_load.add(given[1] - temperature_c)

    def tell(
        self,
        model: Model,
        charge: float,
        loops: tuple[Warm, ...],
        outside: Outside,
        loops_w: Sequence[tuple[float, ...]],
    ) -> None:
        """What is expected of the slots to come; nothing is told if that does not reach so far, or of a NaN."""
        known = math.isfinite(charge) and all(math.isfinite(one.slow_c) for one in loops)
        if not known or min(len(loops_w), *(len(row) for row in outside)) < self.slots:
            self.tell_nothing()
            return
        forecast = model.after(charge, loops, outside, loops_w[: self.slots])
        self.told.append(Told(model, charge, loops, outside, forecast))
