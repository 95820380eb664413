"""What was forecast for 30 minutes later against what came.

Of each forecast two errors are kept: of the one that took the jobs to go on as they did, and, once the 30 minutes are
over, of the same one with the loads that came.  What is between the two is what nobody could know: who will work.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

from flight.modules.forecast.loads import SlotMeans
from flight.modules.forecast.model import Model

AHEAD_S = 1800
COUNTED_MAX = 1440  # a day of minutes: then older ones are forgotten bit by bit


class Told(NamedTuple):
    """A forecast: the model then, where it began, the sun it expected, and what it gave."""

    model: Model
    charge: float
    temperature_c: float
    harvest_w: tuple[float, ...]
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
        loads, jobs = [one.load_w for one in self.came], [one.jobs_w for one in self.came]
        if not math.isfinite(sum(loads)):  # not measured
            return
        given = told.model.after(told.charge, told.temperature_c, told.harvest_w, loads, jobs)
        self.charge_given_load.add(100.0 * (given[0] - charge))
        self.temperature_given_load.add(given[1] - temperature_c)

    def tell(
        self,
        model: Model,
        charge: float,
        temperature_c: float,
        harvest_w: tuple[float, ...],
        base_w: tuple[float, ...],
        jobs_w: float,
    ) -> None:
        """`harvest_w` and `base_w` of the slots to come; nothing is told if they do not reach so far, or of a NaN."""
        known = math.isfinite(charge) and math.isfinite(temperature_c)
        if not known or len(harvest_w) < self.slots or len(base_w) < self.slots:
            self.tell_nothing()
            return
        harvest_w = harvest_w[: self.slots]
        loads = [base + jobs_w for base in base_w[: self.slots]]
        forecast = model.after(charge, temperature_c, harvest_w, loads, [jobs_w] * self.slots)
        self.told.append(Told(model, charge, temperature_c, harvest_w, forecast))
