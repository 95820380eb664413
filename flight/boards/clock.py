"""Real time, or on a bench real time times a whole number, as mission time."""

from __future__ import annotations

import time

NS = 1_000_000_000
monotonic = time.monotonic_ns


class RealClock:
    """`flight.ports.Clock`: mission time goes on from `start` (ns), `speed` times as fast as the machine's clock."""

    measures = True

    def __init__(self, start: int, speed: int = 1) -> None:
        assert speed >= 1
        self.start, self.speed = start, speed
        self.origin = monotonic()

    def now(self) -> int:
        return self.start + (monotonic() - self.origin) * self.speed

    def cost(self) -> int:
        """Of the machine, not of the mission: a step takes what it takes at any speed."""
        return monotonic()

    def sleep(self, mission: int) -> None:
        """Until `mission` (ns) from now on; a signal may end it early."""
        time.sleep(mission / self.speed / NS)
