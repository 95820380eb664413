"""The ground's clock: UTC, or that of a simulation which runs faster."""

from __future__ import annotations

import time
from typing import Protocol

from ground.server.ask import Moment


class Clock(Protocol):
    """What a server needs of one; `speed` in seconds of the ground's clock for each second."""

    speed: float

    def now(self) -> Moment: ...


class GroundClock(Clock):
    """`start_ns` is what it shows when it is made (ns since 1970); from then on it runs `speed` times real time.

    It never goes back, whatever is done to this computer's own clock.
    """

    def __init__(self, speed: float = 1.0, start_ns: int | None = None) -> None:
        assert speed > 0
        self.speed = speed
        self._real_ns = time.monotonic_ns()
        self._start_ns = time.time_ns() if start_ns is None else start_ns

    def now(self) -> Moment:
        real_ns = time.monotonic_ns()
        passed = real_ns - self._real_ns
        ground_ns = self._start_ns + (passed if self.speed == 1.0 else int(passed * self.speed))
        return Moment(ground_ns, real_ns, time.time_ns())


def real_until(ground_ns: int, now: Moment, speed: float) -> int:
    """This computer's monotonic time when the ground's clock will show `ground_ns`."""
    return now.real_ns + int((ground_ns - now.ground_ns) / speed)
