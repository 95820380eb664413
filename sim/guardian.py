"""The guardian and the hardware watchdog in virtual time: the judge that flies, without its processes.

Machine time here is world time in ns; it goes on while the power is off, which the judge does not see: it begins anew
with each power cycle, as its process does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flight.judge import EXECUTIVE_DIED, EXECUTIVE_SILENT, POWER_ON, Judge
from flight.page import NOBODY, Shown
from flight.watched import WatchedKernel

NS = 1_000_000_000
LOOK_EVERY_NS = NS // 10
BITES_AFTER_S = 15  # a hardware watchdog that nobody feeds; the shortest of our boards
WATCHDOG = 4  # the reset reason, as flight.modules.health names it


@dataclass(frozen=True, slots=True)
class Orders:
    """What the guardian tells an executive that it starts.  Modules by index."""

    reason: int = POWER_ON
    charges: Mapping[int, int] = field(default_factory=dict)
    charged: int = NOBODY
    safe: bool = False
    clock_floor: int = 0  # mission time that the executive before had reached, ns


class VirtualGuardian:
    """One life of the guardian's process.  While it is `away` (killed or stopped) it neither looks nor feeds."""

    def __init__(self, now: int) -> None:
        self.judge = Judge(now)
        self.orders = Orders()
        self.fed_s = now // NS
        self.away = False
        self.clock_floor = 0  # the latest mission time on the page, ns

    def bites(self, second: int, kernel: WatchedKernel | None) -> bool:
        """Once a second: the watchdog has not been fed for too long."""
        if kernel is not None and not self.away:
            now = kernel.emitter.now
            starving = self.judge.restarts and self.judge.starving(second * NS)
            if not starving and kernel.met_until(now) > now:
                self.fed_s = second
        return second - self.fed_s > BITES_AFTER_S

    def hung(self, now: int, ticks: int, module: int) -> int:
        """The executive stands still in a module, or NOBODY.  Gives the seconds from the hang to the next start."""
        judge = self.judge
        shown = Shown(1, 1, max(ticks, 1), now, module, now, 0, ending=False)
        at, verdict = now, judge.look(now, shown, alive=True)
        while not verdict.restart:
            at += LOOK_EVERY_NS
            verdict = judge.look(at, shown, alive=True)
        assert verdict.restart == EXECUTIVE_SILENT
        return self._restart(now, at, verdict.restart, verdict.charged)

    def died(self, now: int) -> int:
        """The executive's process has ended between two modules.  Gives the seconds to the next start."""
        verdict = self.judge.look(now, None, alive=False)
        assert verdict.restart == EXECUTIVE_DIED
        return self._restart(now, now, verdict.restart, verdict.charged)

    def _restart(self, since: int, now: int, reason: int, charged: int) -> int:
        wait = self.judge.restarting(now)
        self.orders = Orders(reason, self.judge.charged(now), charged, self.judge.safe(now), self.clock_floor)
        return -(-(now + wait - since) // NS)

    def started(self, now: int) -> None:
        self.judge.begin(now)
