"""Sensors and switches of the simulated board: the plant's, with faults laid over them."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from flight.mission import Mission
from sim.plant import Plant

Distort = Callable[[float], float]
"""True reading -> what the sensor says."""

Pick = Callable[[Sequence[Any]], Sequence[Any]]


def picker(places: Sequence[int]) -> Pick:
    """A function that takes the values at these places, in this order."""
    if len(places) > 1:
        return itemgetter(*places)  # a fifth of what a loop costs; twice each simulated second
    return lambda values: tuple(values[place] for place in places)


class SimulatedSensors:
    """`flight.ports.Sensors` over a plant: read once a step, handed out by rate group in the mission's order."""

    def __init__(self, mission: Mission, plant: Plant) -> None:
        self.plant = plant
        names = {name: place for place, name in enumerate(plant.sensors.names)}
        extra = [sensor.name for sensor in mission.sensors if sensor.name not in names]
        self.extra: dict[str, float] = dict.fromkeys(
            extra, 0.0
        )  # what no plant model gives, such as upset counters
        names |= {name: len(names) + place for place, name in enumerate(extra)}
        self.names = {
            every: [sensor.name for sensor in mission.sensors if sensor.every == every]
            for every in sorted({sensor.every for sensor in mission.sensors})
        }
        self._pick = {every: picker([names[name] for name in group]) for every, group in self.names.items()}
        self.distortions: dict[str, Distort] = {}
        self.readings: dict[int, Sequence[float]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Take new readings; between two of them flight reads the same values."""
        values = [*self.plant.read_sensors(), *self.extra.values()]
        readings = self.readings
        for every, pick in self._pick.items():
            readings[every] = pick(values)
        if self.distortions:
            self._distort()

    def _distort(self) -> None:
        for every, names in self.names.items():
            row = list(self.readings[every])
            for index, name in enumerate(names):
                distort = self.distortions.get(name)
                if distort is not None:
                    row[index] = distort(row[index])
            self.readings[every] = row

    def read(self, every: int) -> Sequence[float]:
        return self.readings[every]

    # Faults.

    def dead(self, name: str) -> None:
        self.distortions[name] = lambda _value: math.nan

    def stuck(self, name: str, at: float | None = None) -> None:
        """At a value, or at the next true reading."""
        held: list[float] = [] if at is None else [at]

        def hold(value: float) -> float:
            if not held:
                held.append(value)
            return held[0]

        self.distortions[name] = hold

    def offset(self, name: str, by: float) -> None:
        self.distortions[name] = lambda value: value + by

    def noise(self, name: str, deviation: float, rng: random.Random) -> None:
        self.distortions[name] = lambda value: value + rng.gauss(0.0, deviation)

    def late(self, name: str, seconds: int) -> None:
        """Readings arrive that many seconds after they were taken; until the first one there is none."""
        held: deque[float] = deque([math.nan] * seconds)

        def delay(value: float) -> float:
            held.append(value)
            return held.popleft()

        self.distortions[name] = delay

    def garbage(self, name: str, rng: random.Random) -> None:
        """Anything a converter or a bus may say, now and then the truth."""

        def lie(value: float) -> float:
            return rng.choice(
                (value, math.nan, math.inf, -math.inf, 0.0, -value, 1e30, rng.gauss(value, 100.0))
            )

        self.distortions[name] = lie

    def heal(self, name: str) -> None:
        self.distortions.pop(name, None)


class SimulatedSwitches:
    """`flight.ports.Switches` over a plant, in the mission's order of switches."""

    def __init__(self, mission: Mission, plant: Plant) -> None:
        names = plant.form.switches()
        self.plant = plant
        self.places = [names.index(switch.name) for switch in mission.switches]
        self._pick = picker(self.places)
        self.names = [switch.name for switch in mission.switches]
        self.jammed: set[str] = set()  # these do not obey
        self.commanded = 0

    def set(self, index: int, level: int) -> None:
        self.commanded += 1
        if self.names[index] not in self.jammed:
            self.plant.set_switch(self.places[index], level)

    def levels(self) -> Sequence[int]:
        return self._pick(self.plant.switch_levels())
