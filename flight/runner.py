"""Real time: ticks at absolute moments, missed ones counted, garbage collected when there is time for it.

Garbage policy: everything made at start is frozen, automatic collection is off, and the young generation is collected
every ten seconds right after a tick; the old ones once an hour.  The executive makes almost no cycles, so this bounds
the pause (measured in docs/performance.md) without letting a leak of cycles grow for ever.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

from flight.kernel import Kernel
from flight.page import Page
from flight.ports import Clock

OUTSIDE = 255  # no module: the machine, or whoever stopped the process
COLLECT_YOUNG_EVERY = 100  # ticks
COLLECT_ALL_EVERY = 36_000


class Runner:
    """Drives a kernel from a clock.  `sleep(ns)` may return early."""

    def __init__(self, kernel: Kernel, clock: Clock, page: Page, sleep: Callable[[int], None]) -> None:
        self.kernel, self.clock, self.page, self.sleep = kernel, clock, page, sleep
        self.base = kernel.mission.base_tick_ns
        self.next_tick = 0
        self.lateness: list[int] | None = None  # a bench may put a list here

    def start(self) -> None:
        now = self.clock.now()
        self.next_tick = -(-now // self.base) * self.base
        self.kernel.start(self.next_tick)
        gc.collect()
        gc.freeze()
        gc.disable()

    def once(self) -> None:
        """Wait for the next tick and do it.  Ticks whose whole time has passed are missed, and counted."""
        wait = self.next_tick - self.clock.now()
        while wait > 0:
            self.sleep(wait)
            wait = self.next_tick - self.clock.now()
        late = -wait
        missed = late // self.base
        if missed:
            self.kernel.missed(missed, self._culprit())
            self.next_tick += missed * self.base
        self._note(late - missed * self.base)
        self.kernel.tick(self.next_tick)
        now = self.next_tick
        self.page.beat(now, self.kernel.ticks, self.kernel.critical_met(now))
        self.next_tick += self.base
        self._collect(self.kernel.ticks)

    def _culprit(self) -> int:
        """The module that alone took longer than a tick in the last one, or nobody of ours."""
        kernel = self.kernel
        return kernel.slowest if kernel.slowest_ns > self.base else OUTSIDE

    def _note(self, late: int) -> None:
        figures = self.kernel.figures
        figures.worst_late_ns = max(figures.worst_late_ns, late)
        if self.lateness is not None:
            self.lateness.append(late)

    @staticmethod
    def _collect(ticks: int) -> None:
        if ticks % COLLECT_ALL_EVERY == 0:
            gc.collect()
        elif ticks % COLLECT_YOUNG_EVERY == 0:
            gc.collect(0)
