"""What the guardian decides, without processes: looks at the page in, verdicts out.

The arithmetic that has to fit into the hardware watchdog's patience (15 s on a Raspberry Pi, which has the least):
silent 1 s, back-off 5 s, start of the executive 3 s on a cold card.  So a restart does not cost a reset of the board,
and an executive that cannot be started does.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from flight.page import NOBODY, Shown

NS = 1_000_000_000
SILENT_NS = 1 * NS  # ten ticks; the longest pause of a healthy executive was measured at 65 ms
START_WITHIN_NS = 20 * NS  # imports and storage on a cold card, with room
AWAY_NS = (
    SILENT_NS // 2
)  # a guardian that did not look for so long was stopped itself, and judges nobody for it
CHARGES_TO_ISOLATE = 3
CHARGED_FOR_NS = 6 * 3600 * NS  # four orbits, as the executive forgives crashes
SAFE_AFTER = 5  # restarts within the window: then only the safe set runs
STARVE_AFTER = 10  # restarts within the window: then the watchdog is no longer fed
WINDOW_NS = 600 * NS
END_WITHIN_NS = 10 * NS  # for an orderly end: storage has this long to write what is left
JOBS_WITHIN_NS = 32 * NS  # before that, while the executive flies on: jobs write their last checkpoints
BACK_OFF_NS = (0, NS // 2, NS, 2 * NS, 5 * NS)  # before the n-th restart within the window
POWER_ON, EXECUTIVE_DIED, EXECUTIVE_SILENT = 1, 2, 3  # reset reasons, as flight.modules.health names them
NAMES = {POWER_ON: "power on", EXECUTIVE_DIED: "died", EXECUTIVE_SILENT: "silent"}


class Verdict(NamedTuple):
    """What is to be done after one look.  `charged` is the index of the module that was stepping, or NOBODY."""

    feed: bool = False
    restart: int = 0  # a reset reason, 0 for none
    charged: int = NOBODY


class Judge:
    """One executive at a time.  Times are monotonic machine time in ns; looks come in order."""

    def __init__(self, now: int) -> None:
        self.charges: dict[int, deque[int]] = {}
        self.restarts: deque[int] = deque(maxlen=STARVE_AFTER)
        self.begin(now)

    def begin(self, now: int) -> None:
        """A new executive has been started."""
        self.started = self.moved = self.looked = now
        self.ticks = 0

    def look(self, now: int, shown: Shown | None, alive: bool) -> Verdict:
        away, self.looked = now - self.looked > AWAY_NS, now
        if not alive:
            return self._restart(now, EXECUTIVE_DIED, shown)
        if shown is not None and shown.ticks != self.ticks:
            self.ticks, self.moved = shown.ticks, now
        if away:
            self.moved = now
        if now - self.moved > (SILENT_NS if self.ticks else START_WITHIN_NS):
            return self._restart(now, EXECUTIVE_SILENT, shown)
        met = shown is not None and not shown.ending and now < shown.met_until
        return Verdict(feed=met and not self.starving(now))

    def _restart(self, now: int, reason: int, shown: Shown | None) -> Verdict:
        charged = NOBODY if shown is None else shown.stepping
        if charged != NOBODY:
            self.charges.setdefault(charged, deque(maxlen=CHARGES_TO_ISOLATE)).append(now)
        return Verdict(restart=reason, charged=charged)

    def restarting(self, now: int) -> int:
        """Note a restart; how long to wait before it, ns."""
        self.restarts.append(now)
        return BACK_OFF_NS[min(self.recent(now), len(BACK_OFF_NS)) - 1]

    def recent(self, now: int) -> int:
        return sum(now - at < WINDOW_NS for at in self.restarts)

    def safe(self, now: int) -> bool:
        return self.recent(now) >= SAFE_AFTER

    def starving(self, now: int) -> bool:
        return self.recent(now) >= STARVE_AFTER

    def charged(self, now: int) -> dict[int, int]:
        """Charges not yet forgiven, by module."""
        counts = {
            index: sum(now - at < CHARGED_FOR_NS for at in times) for index, times in self.charges.items()
        }
        return {index: count for index, count in sorted(counts.items()) if count}


class Ending:
    """An orderly end, from the moment when the executive was asked for it."""

    def __init__(self, now: int) -> None:
        self.began, self.until = now, now + END_WITHIN_NS

    def look(self, now: int, *, flies: bool) -> bool:
        """Whether to kill it.  `flies`: it still meets its deadlines, and waits for its jobs."""
        if flies and now - self.began < JOBS_WITHIN_NS:
            self.until = now + END_WITHIN_NS
        late = now > self.until
        if late:
            self.until = now + END_WITHIN_NS
        return late
