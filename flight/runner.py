"""Real time: ticks at absolute moments, missed ones counted, garbage collected when there is time for it.

Garbage policy: everything made at start is frozen, automatic collection is off, and the young generation is collected
every ten seconds right after a tick, all generations once an hour.  The executive makes almost no cycles, so this
bounds the pause (measured in docs/performance-realtime.md) without letting a leak of cycles grow for ever.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Callable
from typing import Protocol

from flight.page import Page
from flight.ports import Clock
from flight.watched import WatchedKernel

OUTSIDE = 255  # no module: the machine, or whoever stopped the process
# A bench in a hurry makes up for so much machine time: at 60 times real time, a pause of 0.1 s that any desktop has now
# and then would be a hole of six seconds in the life of the spacecraft.  As long as the bench believes its readings.
CATCH_UP_NS = 500_000_000
COLLECT_YOUNG_EVERY = 100  # ticks
COLLECT_ALL_EVERY = 36_000


class ScaledClock(Clock, Protocol):
    """A clock that can also wait.  `cost` is machine time in ns; mission time runs `speed` times as fast."""

    speed: int

    def sleep(self, mission: int) -> None:
        """For so much mission time (ns); may return early."""
        ...


class TickLog:
    """For a bench: three numbers for each tick (mission time, machine time, late by; ns), its end (machine time), and
    two for each collection (generation, ns)."""

    def __init__(self) -> None:
        self.ticks, self.ends, self.pauses = array("q"), array("q"), array("q")

    def parts(self) -> dict[str, bytes]:
        return {name: vars(self)[name].tobytes() for name in ("ticks", "ends", "pauses")}


class Runner:
    """Drives a kernel from a clock.  `before` does what has to be done ahead of each tick, such as moving octets."""

    def __init__(
        self, kernel: WatchedKernel, clock: ScaledClock, page: Page, before: Callable[[int], None]
    ) -> None:
        self.kernel, self.clock, self.page, self.before = kernel, clock, page, before
        self.base = kernel.mission.base_tick_ns
        self.patience = self.base if clock.speed == 1 else CATCH_UP_NS * clock.speed
        self.next_tick = 0
        self.log: TickLog | None = None  # a bench may put one here

    def start(self, begin: Callable[[int], None]) -> None:
        """`begin(now)` starts the kernel; the first tick is the next whole one after that."""
        begin(self._whole(self.clock.now()))
        gc.collect()
        gc.freeze()
        gc.disable()
        self.next_tick = self._whole(self.clock.now())

    def once(self) -> None:
        """Wait for the next tick and do it.  Ticks whose whole time has passed are missed, and counted."""
        wait = self.next_tick - self.clock.now()
        while wait > 0:
            self.clock.sleep(wait)
            wait = self.next_tick - self.clock.now()
        late = -wait
        if late >= self.patience:
            missed = late // self.base
            self.kernel.missed(missed, self._culprit())
            self.next_tick += missed * self.base
            late -= missed * self.base
        self._do(self.next_tick, late)
        self.next_tick += self.base

    def _do(self, now: int, late: int) -> None:
        kernel, figures = self.kernel, self.kernel.figures
        machine = self.clock.cost()
        if self.log is not None:
            self.log.ticks.extend((now, machine, late // self.clock.speed))
        figures.worst_late_ns = max(figures.worst_late_ns, late // self.clock.speed)
        self.before(now)
        kernel.tick(now)
        # What is left of the deadlines is left in machine time: a bench in a hurry is judged as a spacecraft is.
        self.page.beat(now, kernel.ticks, machine + kernel.met_until(now) - now)
        self._collect(kernel.ticks)
        if self.log is not None:
            self.log.ends.append(self.clock.cost())

    def _whole(self, now: int) -> int:
        return -(-now // self.base) * self.base

    def _culprit(self) -> int:
        """The module that alone took longer than a tick in the last one, or nobody of ours."""
        kernel = self.kernel
        return kernel.slowest if kernel.slowest_ns > self.base else OUTSIDE

    def _collect(self, ticks: int) -> None:
        if ticks % COLLECT_YOUNG_EVERY:
            return
        started = self.clock.cost()
        generation = 0 if ticks % COLLECT_ALL_EVERY else 2
        gc.collect(generation)
        if self.log is not None:
            self.log.pauses.extend((generation, self.clock.cost() - started))
