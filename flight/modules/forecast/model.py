"""Charge and temperature some slots on, by what is learned: the planner's own model, and how a full battery tapers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from flight.modules.forecast.fits import Fits
from flight.planning import Limits, gain_wh


class Outside(NamedTuple):
    """What the slots to come bring, whatever the boards do: W of the array and of the base load, shares of shadow."""

    harvest_w: tuple[float, ...]
    base_w: tuple[float, ...]
    eclipse: tuple[float, ...]


class Warm(NamedTuple):
    """A loop: how warm it is without what follows its boards' watts quickly, and the watts that have been followed."""

    slow_c: float
    quick_w: float


class Model(NamedTuple):
    limits: Limits
    heat: tuple[tuple[float, float], ...]  # of each loop: idle degC, K/W
    shadow_k: float
    quick_k_w: float  # of all K/W
    quick_s: float
    taper_w: float
    charge_limit_w: float

    def charged(self, charge: float, surplus_w: float, slots: float) -> float:
        """Charge (0 to 1) after so many slots, or a part of one."""
        surplus_w = min(surplus_w, self.charge_limit_w, self.taper_w * (1.0 - charge))
        return min(1.0, max(0.0, charge + slots * gain_wh(self.limits, surplus_w) / self.limits.capacity_wh))

    def warmed(self, loop: int, now: Warm, watts: float, eclipse: float, decay: tuple[float, float]) -> Warm:
        """After a time of these decays, as `decays` gives them."""
        (idle_c, resistance_k_w), (slow, quick) = self.heat[loop], decay
        towards_c = idle_c + (resistance_k_w - self.quick_k_w) * watts - self.shadow_k * eclipse
        return Warm(slow * now.slow_c + (1.0 - slow) * towards_c, quick * now.quick_w + (1.0 - quick) * watts)

    def hot_c(self, warm: Warm) -> float:
        return warm.slow_c + self.quick_k_w * warm.quick_w

    def decays(self, share: float) -> tuple[float, float]:
        """In a share of a slot."""
        limits = self.limits
        return limits.decay**share, math.exp(-share * limits.slot_s / self.quick_s)

    def after(
        self,
        charge: float,
        loops: Sequence[Warm],
        outside: Outside,
        loops_w: Sequence[tuple[float, ...]],
    ) -> tuple[float, float]:
        """Charge and degC of the hottest loop at the end of slots with these means, none of which may be NaN.

        `loops_w` is what the boards of each loop draw; there are as many slots as it has.
        """
        for harvest, base, watts in zip(outside.harvest_w, outside.base_w, loops_w, strict=False):
            charge = self.charged(charge, harvest - base - sum(watts), 1.0)
        decay, hottest_c = self.decays(1.0), -math.inf
        for loop, begin in enumerate(loops):
            warm = begin
            for watts, eclipse in zip(loops_w, outside.eclipse, strict=False):
                warm = self.warmed(loop, warm, watts[loop], eclipse, decay)
            hottest_c = max(hottest_c, self.hot_c(warm))
        return charge, hottest_c


def model_of(fits: Fits, limits: Limits) -> Model:
    heat = tuple((loop.base, loop.slope) for loop in fits.loops)
    table = fits.table
    quick = table.quick_k_w, table.quick_s
    return Model(limits, heat, table.shadow_k, *quick, fits.taper_w, table.charge_limit_w)
