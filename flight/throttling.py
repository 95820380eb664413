"""How heat and a low charge become a lower level: a rung is asked for, the ladder takes it up, a board yields.

Pure rules.  The modules power, thermal, safing and compute fly them; the forecast looks ahead with the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

from flight.declare import SECOND

FIRST_RUNG, LAST_RUNG = 2, 4  # that heat and the energy guard ask for: caps, freeze, stop
LONG_RUNG = 4  # from here on a rung of the ladder dwells at least one orbit

Steps = tuple[float, float, float]
"""degC from which a node asks for rungs 2, 3 and 4"""

HOUR_S = 3600.0
LOAD_RISE, LOAD_FALL = 0.2, 0.01  # of the difference a second: quick to see more load, slow to see less
PERSISTENCE_NS = 10 * SECOND  # of the energy guard


class Sun(Protocol):
    """`left_s` of the light or the darkness now; what the next eclipse and an orbit last."""

    @property
    def sunlit(self) -> bool: ...
    @property
    def left_s(self) -> float: ...
    @property
    def eclipse_s(self) -> float: ...
    @property
    def period_s(self) -> float: ...


def charge_after_eclipse(
    charge: float,
    load_w: float,
    capacity_wh: float,
    sun: Sun,
    array_w: float,
    most_w: float,
    efficiency: float,
) -> float:
    """Charge at the end of the next eclipse, or of this one if lower; below 0 is a dead battery.

    `array_w` is that of the light, of which `most_w` at most go into the battery.
    """
    surplus_w = array_w - load_w
    if surplus_w > 0:
        surplus_w = min(most_w, surplus_w * efficiency)
    gain, drain = surplus_w / (capacity_wh * HOUR_S), load_w / (capacity_wh * HOUR_S)
    if sun.sunlit:
        return min(charge + gain * sun.left_s, 1.0) - drain * sun.eclipse_s
    low = charge - drain * sun.left_s
    after = min(low + gain * (sun.period_s - sun.eclipse_s), 1.0) - drain * sun.eclipse_s
    return min(after, low)  # NaN stays NaN, and counts as low


def rung_of_heat(steps: Steps, hot_c: float) -> int:
    """Asked for by a node at this temperature, whatever it asked for before."""
    rung = 1 + sum(hot_c >= step for step in steps)
    return rung if rung >= FIRST_RUNG else 0


def is_cool(steps: Steps, rung: int, hot_c: float, margin_k: float) -> bool:
    """Far enough below the threshold of the rung that a node asks for."""
    return hot_c <= steps[rung - FIRST_RUNG] - margin_k


def rung_below(rung: int) -> int:
    """What a node asks for when it is cool again: one rung less, of which 1 is none."""
    return rung - 1 if rung > FIRST_RUNG else 0


def rung_of_charge(thresholds: Sequence[float], charge: float) -> int:
    """Asked for by the charge alone, whatever it asked for before; a NaN asks for the last."""
    return sum(not charge >= threshold for threshold in thresholds)


def is_charged(thresholds: Sequence[float], rung: int, charge: float, margin: float) -> bool:
    """Far enough above the threshold of the rung that the charge asks for."""
    return charge >= thresholds[rung - 1] + margin


def dwell_left_s(rung: int, asked_ago_ns: int, dwell_s: float, long_dwell_s: float) -> float:
    """Of a rung of the ladder that somebody asked for so long ago; 0 and less: one rung better."""
    return (long_dwell_s if rung >= LONG_RUNG else dwell_s) - asked_ago_ns / SECOND


def level_limit(rung: int, top: int, level: int, cap_level: int) -> int:
    """The highest level that a board at `level` may work at.  Rung 1 forbids a rise, rung 2 caps, rung 3 keeps warm."""
    if rung <= 0:
        return top
    if rung == 1:
        return level
    if rung == 2:
        return min(top, cap_level)
    return 1 if rung == 3 else 0


def may_rise(may_ago_ns: int, changed_ago_ns: int, dwell_s: float) -> bool:
    """One level more, when it was wanted and allowed for a whole dwell, and the last change was a dwell ago."""
    dwell_ns = dwell_s * SECOND
    return may_ago_ns >= dwell_ns and changed_ago_ns >= dwell_ns


class GuardLimits(Protocol):
    """Of the energy guard; the parameters of the power module say what they are."""

    @property
    def floor(self) -> float: ...
    @property
    def forecast_margin(self) -> float: ...
    @property
    def guard_step_s(self) -> float: ...


class EnergyGuard:
    """When the energy guard asks for a rung, for the next one, and for none.

    The power module flies it, the forecast runs it ahead.  `rung` is 0, or 2 to 4; beyond, the charge itself decides.
    """

    __slots__ = (
        "forecast",
        "held_load_w",
        "high_since",
        "load_w",
        "low_since",
        "relax_at",
        "rung",
        "step_at",
    )

    def __init__(self, load_w: float = math.nan, held_load_w: float = 0.0) -> None:
        self.rung = 0
        self.forecast = 0.0
        self.load_w = load_w
        # The load that the guard was raised for: it must be affordable before it may return.
        self.held_load_w = held_load_w
        self.low_since: int | None = None
        self.high_since: int | None = None
        self.step_at = self.relax_at = 0

    def follow(self, seconds: float, load_w: float) -> None:
        share = LOAD_RISE if load_w > self.load_w else LOAD_FALL
        self.load_w += (load_w - self.load_w) * min(1.0, seconds * share)

    def judge(
        self, now: int, limits: GuardLimits, period_s: float, foresees: Callable[[float], float]
    ) -> int:
        """`foresees`: the charge at the end of the next eclipse under so much load; a NaN counts as low."""
        self.forecast = foresees(self.load_w)
        low = not self.forecast >= limits.floor
        self.low_since = (self.low_since or now) if low else None
        if self.low_since is not None:
            self.high_since = None
            if self.rung < LAST_RUNG and now - self.low_since >= PERSISTENCE_NS and now >= self.step_at:
                self.rung = max(FIRST_RUNG, self.rung + 1)
                self.held_load_w = max(self.held_load_w, self.load_w)
                self.step_at = now + int(limits.guard_step_s * SECOND)
                self.relax_at = now + int(period_s * SECOND)
        elif self.rung:
            self._relax(now, limits.floor + limits.forecast_margin, period_s, foresees)
        return self.rung

    def _relax(self, now: int, enough: float, period_s: float, foresees: Callable[[float], float]) -> None:
        """Let go when the load that raised the guard is affordable again; else one rung an orbit, as a trial."""
        if foresees(max(self.load_w, self.held_load_w)) >= enough:
            self.high_since = self.high_since or now
            if now - self.high_since >= PERSISTENCE_NS:
                self._let_go()
            return
        self.high_since = None
        if now >= self.relax_at and self.forecast >= enough:
            self.relax_at = now + int(period_s * SECOND)
            if self.rung == FIRST_RUNG:
                self._let_go()
            else:
                self.rung -= 1

    def _let_go(self) -> None:
        self.rung, self.held_load_w, self.high_since = 0, 0.0, None
