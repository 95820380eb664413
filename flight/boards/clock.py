"""Real time, or on a bench real time times a whole number, as mission time."""

from __future__ import annotations

import os
import time

NS = 1_000_000_000
LINE_MAX = 96  # three numbers of 64 bits
monotonic = time.monotonic_ns


class CoreTaken:
    """Time in which this thread was ready and others had the core, in ns, as Linux counts it.

    It is the second number of `schedstat` (Documentation/scheduler/sched-stats.rst); one read costs 1.3 us.  Where
    there is none it stands still.
    """

    def __init__(self, path: str = "/proc/thread-self/schedstat") -> None:
        self.last = 0
        try:
            self.file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.file = -1

    def read(self) -> int:
        if self.file >= 0:
            try:
                self.last = int(os.pread(self.file, LINE_MAX, 0).split()[1])
            except (OSError, ValueError, IndexError):
                os.close(self.file)
                self.file = -1
        return self.last


class RealClock:
    """`flight.ports.Clock`: mission time goes on from `start` (ns), `speed` times as fast as the machine's clock."""

    measures = True

    def __init__(self, start: int, speed: int = 1) -> None:
        assert speed >= 1
        self.start, self.speed = start, speed
        self.origin = monotonic()
        self.waited = CoreTaken().read

    def now(self) -> int:
        return self.start + (monotonic() - self.origin) * self.speed

    def cost(self) -> int:
        """Of the machine, not of the mission: a step takes what it takes at any speed."""
        return monotonic()

    def sleep(self, mission: int) -> None:
        """Until `mission` (ns) from now on; a signal may end it early."""
        time.sleep(mission / self.speed / NS)
