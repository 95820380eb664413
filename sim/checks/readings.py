"""Invariant of sensors: a reading that is missing, out of range or stuck is not believed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flight.kernel import Kernel
from flight.mission import Mission, Sensor
from sim.checks.check import Check
from sim.simulation import Simulation

LATE_S = 5  # beyond three periods, or beyond the time after which a reading counts as stuck


@dataclass(slots=True)
class Watched:
    """A sensor that a fault distorts: what it says, and since when that is so."""

    sensor: Sensor
    place: int
    said: float = math.nan
    same_for_s: int = 0
    bad_for_s: int = 0


class BadReadingsDoubted(Check):
    """A reading that is out of range, missing, or the same for longer than its sensor may, is NaN to all modules.

    Exercised: a distorted reading was bad for that long.
    """

    def __init__(self, mission: Mission) -> None:
        super().__init__("a bad reading is not believed")
        self.known: dict[str, tuple[Sensor, int]] = {}
        for every in {sensor.every for sensor in mission.sensors}:
            group = [sensor for sensor in mission.sensors if sensor.every == every]
            self.known |= {sensor.name: (sensor, place) for place, sensor in enumerate(group)}
        self.watched: dict[str, Watched] = {}

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.watched.clear()

    def look(self, simulation: Simulation, second: int) -> None:
        distorted = simulation.sensors.distortions
        kernel = simulation.computer.kernel
        if not distorted or kernel is None:
            self.watched.clear()
            return
        for name in [name for name in self.watched if name not in distorted]:
            del self.watched[name]
        for name in distorted:
            if name in self.known:
                watched = self.watched.setdefault(name, Watched(*self.known[name]))
                reading = simulation.sensors.readings[watched.sensor.every][watched.place]
                self._judge(watched, reading, vars(kernel.bus)[name])

    def _judge(self, watched: Watched, reading: float, believed: float) -> None:
        sensor = watched.sensor
        good = sensor.low <= reading <= sensor.high
        watched.bad_for_s = 0 if good else watched.bad_for_s + 1
        watched.same_for_s = watched.same_for_s + 1 if reading == watched.said else 0
        watched.said = reading
        stuck_s = sensor.stuck_after_s + LATE_S if sensor.stuck_after_s else math.inf
        if watched.bad_for_s == 3 + LATE_S or watched.same_for_s == math.ceil(min(stuck_s, 1e9)):
            self.expect(believed != believed, f"{sensor.name} says {reading} and {believed} is believed")
