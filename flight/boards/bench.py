"""A board on a bench: it flies a simulated orbit.  Readings, switches and the state of the radio come and go over the
umbilical, the octets of the link over a line.  Never a flight configuration.

    skyrack-flight run pathfinder --board bench --link tcp:127.0.0.1:5000 --umbilical tcp://127.0.0.1:5001 --speed 60
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from flight.drivers.umbilical import Umbilical
from flight.mission import Mission
from flight.ports import LineState, Link

NS = 1_000_000_000
# A world steps once a second of mission time, and any machine may pause for some tenths of a second of its own.
STALE_MISSION_NS = 2 * NS
STALE_MACHINE_NS = NS // 2


def umbilical_names(mission: Mission) -> list[str]:
    return [sensor.name for sensor in mission.sensors] + [switch.name for switch in mission.switches]


class Bench:
    """Sensors and switches over the umbilical.  `tend` once a tick, before anything reads."""

    def __init__(self, mission: Mission, umbilical: Umbilical, speed: int) -> None:
        self.umbilical = umbilical
        self.stale_ns = STALE_MISSION_NS + STALE_MACHINE_NS * speed
        sensors = mission.sensors
        self.places = {
            every: [place for place, sensor in enumerate(sensors) if sensor.every == every]
            for every in {sensor.every for sensor in sensors}
        }
        self.values = self.missing = (math.nan,) * len(sensors)
        self.present = self.off = (0,) * len(mission.switches)
        self.carrier = False
        self.room = 0
        self.number = -1

    def tend(self, now: int) -> None:
        umbilical = self.umbilical
        umbilical.exchange(now)
        readings = umbilical.readings
        if readings is None or now - umbilical.heard > self.stale_ns:
            self.values, self.carrier, self.room = self.missing, False, 0
            self.number = -1
        elif readings.number != self.number:
            self.number, self.room, self.carrier = readings.number, readings.room, readings.carrier
            if len(readings.values) == len(self.missing) and len(readings.levels) == len(self.off):
                self.values, self.present = readings.values, readings.levels

    # Sensors and switches, as `flight.ports` has them.

    def read(self, every: int) -> Sequence[float]:
        values = self.values
        return [values[place] for place in self.places[every]]

    def set(self, index: int, level: int) -> None:
        self.umbilical.command(index, level)

    def levels(self) -> Sequence[int]:
        return self.present


class BenchLink:
    """Octets over a line; whether a station is in sight, and what the transmitter takes, from the world."""

    def __init__(self, octets: Link, bench: Bench) -> None:
        self.octets, self.bench = octets, bench

    def carrier(self) -> bool:
        return self.bench.carrier and self.octets.carrier()

    def receive(self) -> bytes:
        return self.octets.receive()

    def room(self) -> int:
        return max(0, min(self.bench.room, self.octets.room()))

    def send(self, data: bytes) -> None:
        self.bench.room -= len(data)
        self.octets.send(data)

    def line(self) -> LineState:
        return self.octets.line()
