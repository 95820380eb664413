"""When the Sun shines on the array, and how long the next eclipse will be, learned from the array power.

Only an edge seen with good readings on both sides is learned from.  Until then the worst case is assumed.
"""

from __future__ import annotations

import math
from collections import deque

from flight.declare import SECOND, Parameter

PERSISTENCE_NS = 5 * SECOND  # a flash off another satellite or a wire swinging past is no sunrise
GAP_NS = 5 * SECOND  # an edge with a longer hole beside it has no exact time
UNKNOWN_NS = 30 * SECOND  # without array power for longer, the battery current says whether the Sun shines
SPELL_NS = 120 * SECOND  # shorter darkness is the spacecraft's own shadow, shorter light a glint
PERIOD_LOW, PERIOD_HIGH = 0.85, 1.15  # of the expected period: other sunrises are no orbit apart
ECLIPSE_PART = 0.6  # no eclipse is a longer part of an orbit
ECLIPSES_KEPT = 3  # the longest of the last three counts
SEASON_ORBITS = 2.0  # sunlight for longer means that there are no eclipses now


class SunSettings:
    """Parameters of the eclipse watch, inherited by the power module."""

    sunlit_above_w = Parameter(20.0, unit="W", low=0, high=1e7, about="array power that means sunlight")
    sunlit_below_w = Parameter(10.0, unit="W", low=0, high=1e7, about="array power that means darkness")
    worst_eclipse_s = Parameter(
        2160.0, unit="s", low=0, high=7200, about="assumed until an eclipse was measured"
    )
    orbit_period_s = Parameter(
        5760.0, unit="s", low=4800, high=90000, about="expected; a measured one within 15 % replaces it"
    )
    season_eclipse_s = Parameter(600.0, unit="s", low=0, high=7200, about="assumed while no eclipses occur")
    eclipse_margin_s = Parameter(
        60.0, unit="s", low=0, high=1200, about="added to the longest measured eclipse"
    )


class SunWatch:
    """`sunlit` now, since when, and what to expect of the next eclipse."""

    def __init__(self, settings: SunSettings) -> None:
        self.settings = settings
        self.sunlit = False
        self.eclipses = 0
        self.sunrise_at: int | None = None  # of the sunlight now, if its edge was seen
        self.sunset_at: int | None = None
        self.last_sunrise: int | None = None
        self.durations: deque[int] = deque(maxlen=ECLIPSES_KEPT)
        self.longest_ns = 0
        self.period_ns = 0  # measured
        self.period_s = self.eclipse_s = 0.0  # to expect
        self.left_s = (
            0.0  # of the light or darkness now; 0 of light and the worst case of darkness if not known
        )
        self.edge_at = 0  # of the last exact edge, 0 for none
        self.flip_since: int | None = None
        self.flip_clean = False
        self.flipped_at = 0
        self.measured_at: int | None = None
        self.lit_since: int | None = None  # measured light without any hole
        self.lit_measured = self.dark_measured = False

    def update(self, now: int, array_w: float, current: float) -> bool:
        """Once a second.  True at the moment of a sunrise or sunset."""
        turned = self._see(now, array_w, current)
        self._expect(now)
        return turned

    def _see(self, now: int, array_w: float, current: float) -> bool:
        if 0 <= array_w < math.inf:
            return self._measured(now, array_w)
        self.lit_measured = self.dark_measured = False
        self.lit_since = None
        if self.measured_at is None or now - self.measured_at > UNKNOWN_NS:
            return self._guess(now, current)
        self.flip_since = None
        return False

    def _measured(self, now: int, array_w: float) -> bool:
        hole = self.measured_at is None or now - self.measured_at > GAP_NS
        self.measured_at = now
        above = self.settings.sunlit_below_w if self.sunlit else self.settings.sunlit_above_w
        self.lit_measured = array_w > above
        self.dark_measured = not self.lit_measured
        if self.lit_measured is self.sunlit:
            self.flip_since = None
            if self.sunlit and (hole or self.lit_since is None):
                self.lit_since = now
            return False
        if self.flip_since is None:
            self.flip_since, self.flip_clean = now, not hole
        if now - self.flip_since < PERSISTENCE_NS:
            return False
        self._flip(self.flip_since, self.flip_clean)
        self.flip_since = None
        return True

    def _flip(self, at: int, clean: bool) -> None:
        short = at - self.flipped_at < SPELL_NS
        self.sunlit = not self.sunlit
        self.lit_since = at if self.sunlit else None
        self.flipped_at = at
        if short:  # the sunlight or eclipse that was interrupted goes on
            return
        if clean:
            self.edge_at = at
        if not self.sunlit:
            self.sunset_at = at if clean else None
        elif not clean:
            self.sunrise_at = self.last_sunrise = None
        else:
            self._sunrise(at)

    def _sunrise(self, at: int) -> None:
        """Learn from a sunrise, unless it comes too soon after the last one to be the next orbit's."""
        expected = self.settings.orbit_period_s * SECOND
        since = at - self.last_sunrise if self.last_sunrise is not None else 0
        if self.last_sunrise is not None and since < PERIOD_LOW * expected:
            return
        if PERIOD_LOW * expected <= since <= PERIOD_HIGH * expected:
            self.period_ns = since
        if self.sunset_at is not None and SPELL_NS <= at - self.sunset_at <= ECLIPSE_PART * expected:
            self.durations.append(at - self.sunset_at)
            self.longest_ns = max(self.durations)
            self.eclipses += 1
        self.sunrise_at = self.last_sunrise = at

    def _guess(self, now: int, current: float) -> bool:
        """No array power: charging means light; all else counts as darkness, and no edge is exact."""
        charging = 0 < current < math.inf
        self.sunrise_at = self.sunset_at = self.last_sunrise = None
        if charging is self.sunlit:
            self.flip_since = None
            return False
        if self.flip_since is None:
            self.flip_since = now
        if now - self.flip_since < PERSISTENCE_NS:
            return False
        self.sunlit, self.flipped_at, self.flip_since = charging, now, None
        return True

    def _expect(self, now: int) -> None:
        """What is left of the light or darkness now, and what comes after it."""
        settings = self.settings
        period_s = self.period_s = self.period_ns / SECOND if self.period_ns else settings.orbit_period_s
        if self.lit_since is not None and now - self.lit_since > SEASON_ORBITS * SECOND * period_s:
            self.eclipse_s = settings.season_eclipse_s
        elif self.durations:
            self.eclipse_s = self.longest_ns / SECOND + settings.eclipse_margin_s
        else:
            self.eclipse_s = settings.worst_eclipse_s
        if self.sunlit:
            left = (
                period_s - self.eclipse_s - (now - self.sunrise_at) / SECOND
                if self.sunrise_at is not None
                else 0.0
            )
        elif self.sunset_at is None:
            left = max(self.eclipse_s, settings.worst_eclipse_s)
        else:
            elapsed = (now - self.sunset_at) / SECOND
            left = (self.eclipse_s if elapsed < self.eclipse_s else settings.worst_eclipse_s) - elapsed
        self.left_s = left if left > 0 else 0.0
