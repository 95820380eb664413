"""Radiation watch: from the count of corrected memory errors to a rate, and to bursts.

The count is the kernel's, since boot.  It may be missing, stand still, jump by nonsense or start anew; only what has
been seen for a second is believed when it contradicts what was known.
"""

import math
from typing import Annotated, NamedTuple

from flight.declare import (
    SECOND,
    U16,
    U32,
    Boot,
    Event,
    Module,
    Outbox,
    Parameter,
    Severity,
    Signals,
    Telemetry,
    limits,
    unit,
)

BINS = 12  # the window moves in twelfths
MINUTE_S = 60
JUMP_MAX = 10_000  # corrected errors in a tenth of a second that a memory controller can report at all
BELIEVE_NS = SECOND  # a count that went backwards or jumped is taken for a new one after so long
MISSING_NS = 10 * SECOND  # then the rate is unknown, and whoever reads it assumes the worst
RESET_EVENT_EVERY_NS = 60 * SECOND  # a count that is noise is counted each time, and told once a minute
BUCKET = 2  # burst sizes that the bucket holds: a storm is over when it has drained
EVENTS_MAX = 4  # burst events in store; each comes back after EVENT_EVERY_NS
EVENT_EVERY_NS = 600 * SECOND


class Radiation(Module):
    """Rate of corrected memory errors, and bursts of them."""

    class Inputs(NamedTuple):
        upsets: float

    Glance = Inputs

    class Outputs(Signals):
        upset_rate: float

    class Status(Telemetry, period=2):
        """Corrected memory errors."""

        upsets: Annotated[U32, unit("1")]
        upset_rate: Annotated[float, unit("1/min"), limits(yellow_high=10, red_high=60)]
        in_burst: bool
        bursts: U16
        bursts_untold: U16
        counter_resets: U16
        strange: U16
        missing: bool

    window_s = Parameter(60, unit="s", low=12, high=3_600, about="the rate is an average over this")
    burst_size = Parameter(20, low=2, high=10_000, about="errors beyond the drain that make a burst")
    burst_drain = Parameter(
        1.0, unit="1/s", low=0.001, high=1_000, about="errors a second that make no burst"
    )

    burst = Event(
        Severity.MEDIUM, "burst of {size:.0f} corrected errors, {untold} not told", size=float, untold=U16
    )
    counter_reset = Event(
        Severity.LOW, "count of corrected errors went from {old:.0f} to {new:.0f}", old=float, new=float
    )
    counter_missing = Event(Severity.MEDIUM, "count of corrected errors is missing")

    def __init__(self) -> None:
        self.outputs = self.Outputs()
        self.status = self.Status()
        self.last = math.nan  # nothing counted yet
        self.seen_at = 0
        self.strange_since: int | None = None
        self.missing = False
        self.bins = [0] * BINS
        self.bin = 0
        self.next_bin = 0
        self.level = 0.0  # of the burst bucket, at level_at
        self.level_at = 0
        self.tokens = float(EVENTS_MAX)
        self.tokens_at = 0
        self.tell_reset_at = 0

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        self.seen_at = self.level_at = self.tokens_at = now
        self.next_bin = now + self._bin_ns()

    def glance(self, now: int, count: float) -> bool:
        """Most of the time nothing has changed."""
        if count != self.last or now >= self.next_bin or self.strange_since is not None or self.missing:
            return True
        self.seen_at = now
        return False

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        count = sees.upsets
        if count == self.last:
            self.seen_at = now
            if self.strange_since is not None or self.missing:
                self._settled(now)
        else:
            self._changed(now, count, out)
        if now >= self.next_bin:
            self._roll(now)

    # ---------------------------------------------------------------- the count

    def _changed(self, now: int, count: float, out: Outbox) -> None:
        grown = count - self.last
        if 0 <= grown <= JUMP_MAX:
            self.last, self.seen_at = count, now
            self._settled(now)
            self._add(now, int(grown), out)
        elif 0 <= count < math.inf:
            self.seen_at = now
            self._strange(now, count, out)
        elif now - self.seen_at >= MISSING_NS and not self.missing:
            self.missing = self.status.missing = True
            out.event(self.counter_missing)
            self._show()

    def _strange(self, now: int, count: float, out: Outbox) -> None:
        """The first count, one that went backwards, or one that jumped."""
        if math.isnan(self.last):
            self.last = count
            self._settled(now)
            return
        if self.strange_since is None:
            self.strange_since = now
            self.status.strange += 1
        if now - self.strange_since >= BELIEVE_NS:
            old, self.last = self.last, count
            self._settled(now)
            self.status.counter_resets += 1
            if now >= self.tell_reset_at:
                self.tell_reset_at = now + RESET_EVENT_EVERY_NS
                out.event(self.counter_reset, old, count)
            if count < old:
                self._add(now, int(min(count, JUMP_MAX)), out)

    def _settled(self, now: int) -> None:
        self.strange_since = None
        if self.missing:
            self.missing = self.status.missing = False
            self._show()

    # ---------------------------------------------------------------- rate and bursts

    def _add(self, now: int, upsets: int, out: Outbox) -> None:
        self.status.upsets += upsets
        self.bins[self.bin] += upsets
        self._show()
        drained = self.burst_drain * (now - self.level_at) / SECOND
        self.level_at = now
        before = max(0.0, self.level - drained)
        level = before + upsets
        self.level = min(level, BUCKET * self.burst_size)
        if before == 0.0:
            self.status.in_burst = False
        if level > self.burst_size and not self.status.in_burst:
            self.status.in_burst = True
            self.status.bursts += 1
            self._tell(now, level, out)

    def _tell(self, now: int, level: float, out: Outbox) -> None:
        """A burst is counted always, and told while there are tokens."""
        self.tokens = min(EVENTS_MAX, self.tokens + (now - self.tokens_at) / EVENT_EVERY_NS)
        self.tokens_at = now
        if self.tokens < 1:
            self.status.bursts_untold += 1
            return
        self.tokens -= 1
        out.event(self.burst, level, self.status.bursts_untold)
        self.status.bursts_untold = 0

    def _roll(self, now: int) -> None:
        """Begin a new bin, and empty it; after a gap several."""
        width = self._bin_ns()
        passed = 1 + (now - self.next_bin) // width
        for _ in range(min(BINS, passed)):
            self.bin = (self.bin + 1) % BINS
            self.bins[self.bin] = 0
        self.next_bin += passed * width
        if self.status.in_burst and self.level <= self.burst_drain * (now - self.level_at) / SECOND:
            self.status.in_burst = False
        self._show()

    def _show(self) -> None:
        rate = math.nan if self.missing else sum(self.bins) * MINUTE_S / self.window_s
        self.outputs.upset_rate = self.status.upset_rate = rate

    def _bin_ns(self) -> int:
        return self.window_s * SECOND // BINS
