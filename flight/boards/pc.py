"""Any computer with Linux and nothing attached: no sensor reads, no switch moves, the link is a line or absent.

skyrack-flight run pathfinder --board pc --link serial:/dev/ttyUSB0@921600
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from flight.mission import Mission
from flight.ports import LineState

ABSENT = LineState(connected=False, sent=0, received=0, lost=0, connections=0, failures=0, queued=0)


class NoSensors:
    """Every reading is missing."""

    def __init__(self, mission: Mission) -> None:
        rates = {sensor.every for sensor in mission.sensors}
        self.missing = {
            every: (math.nan,) * sum(sensor.every == every for sensor in mission.sensors) for every in rates
        }

    def read(self, every: int) -> Sequence[float]:
        return self.missing[every]


class NoSwitches:
    """Nothing obeys, and all reads back as off."""

    def __init__(self, mission: Mission) -> None:
        self.off = (0,) * len(mission.switches)
        self.ignored = 0

    def set(self, index: int, level: int) -> None:
        self.ignored += 1

    def levels(self) -> Sequence[int]:
        return self.off


class NoLink:
    """Nobody to talk to."""

    def carrier(self) -> bool:
        return False

    def receive(self) -> bytes:
        return b""

    def room(self) -> int:
        return 0

    def send(self, data: bytes) -> None:
        pass

    def line(self) -> LineState:
        return ABSENT
