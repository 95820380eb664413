"""The energy guard: the charge at the end of the next eclipse under the present load, and what it sheds.

It looks through the next eclipse also while in one: what is left of this eclipse, the recharge in the sunlight
after it, then the next (payload.md 4.1).  A guard that sees the present eclipse only lets each orbit end lower
than the last.
"""

from __future__ import annotations

import math

from flight.declare import U8, Event, Outbox, Parameter, Severity
from flight.modules.power.sunlight import SunWatch
from flight.throttling import EnergyGuard, charge_after_eclipse


class GuardSettings:
    """Parameters and events of the guard, inherited by the power module."""

    floor = Parameter(0.70, low=0.1, high=0.98, about="Emin: lowest forecast charge, of present capacity")
    forecast_margin = Parameter(0.03, low=0, high=0.3, about="above the floor before the guard lets go")
    guard_step_s = Parameter(60.0, unit="s", low=10, high=3600, about="for a rung to show in the forecast")
    charge_limit_w = Parameter(
        200.0, unit="W", low=0.1, high=1e7, about="the most that goes into the battery"
    )
    charge_efficiency = Parameter(0.92, low=0.3, high=1, about="energy stored per energy put in")
    array_expected_w = Parameter(
        0.0, unit="W", low=0, high=1e7, about="mean sunlit power until it was measured"
    )
    array_mean_s = Parameter(600.0, unit="s", low=10, high=7200, about="time constant of the measured mean")

    guarded = Event(
        Severity.MEDIUM,
        "charge at the end of the next eclipse is forecast as {forecast:.2f} at {load:.0f} W: rung {rung}",
        forecast=float,
        load=float,
        rung=U8,
    )
    unguarded = Event(
        Severity.INFO, "forecast charge is {forecast:.2f}: energy guard lets go", forecast=float
    )


class Guard(EnergyGuard):
    """`update` is called once a second."""

    __slots__ = ("array_w", "settings")

    def __init__(self, settings: GuardSettings) -> None:
        super().__init__()
        self.settings = settings
        self.array_w = math.nan  # mean of the sunlit array while the battery takes all that it gives

    def measure(self, seconds: float, load_w: float, array_w: float, taking: bool, limited: bool) -> None:
        """Follow the load, and the array while `taking`: sunlit, measured, and the battery not full.

        While the charger is `limited` the array gives less than it could, and what it gives is a lower bound: to
        follow it down would forecast the next orbit from a load that is throttled in this one, and never let go.
        """
        if not math.isfinite(self.load_w):
            self.load_w = load_w
        self.follow(seconds, load_w)
        if taking:
            if not math.isfinite(self.array_w):
                self.array_w = self.settings.array_expected_w or array_w
            if array_w > self.array_w or not limited:
                self.array_w += (array_w - self.array_w) * min(1.0, seconds / self.settings.array_mean_s)

    @property
    def expected_w(self) -> float:
        """Of the array in sunlight."""
        return self.array_w if math.isfinite(self.array_w) else self.settings.array_expected_w

    def predict(self, charge: float, load_w: float, capacity_wh: float, sun: SunWatch) -> float:
        """Charge at the end of the next eclipse, or of this one if lower; below 0 is a dead battery."""
        limits = self.settings
        array_w = self.expected_w
        most_w, efficiency = limits.charge_limit_w, limits.charge_efficiency
        return charge_after_eclipse(charge, load_w, capacity_wh, sun, array_w, most_w, efficiency)

    def update(self, now: int, charge: float, capacity_wh: float, sun: SunWatch, out: Outbox) -> int:
        before, settings = self.rung, self.settings
        self.judge(now, settings, sun.period_s, lambda load_w: self.predict(charge, load_w, capacity_wh, sun))
        if self.rung > before:
            out.event(settings.guarded, self.forecast, self.load_w, self.rung)
        elif before and not self.rung:
            out.event(settings.unguarded, self.forecast)
        return self.rung
