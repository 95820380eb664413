"""Charge and temperature some slots on, by what is learned: the planner's own model, and how a full battery tapers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flight.modules.forecast.fits import Fits
from flight.planning import Limits, gain_wh


class Model(NamedTuple):
    limits: Limits
    idle_c: float
    resistance_k_w: float
    taper_w: float
    charge_limit_w: float

    def after(
        self,
        charge: float,
        temperature_c: float,
        harvest_w: Sequence[float],
        load_w: Sequence[float],
        jobs_w: Sequence[float],
    ) -> tuple[float, float]:
        """Charge (0 to 1) and degC at the end of slots with these means, none of which may be NaN."""
        limits, decay = self.limits, self.limits.decay
        capacity_wh = limits.capacity_wh
        for harvest, load, jobs in zip(harvest_w, load_w, jobs_w, strict=True):
            surplus = min(harvest - load, self.charge_limit_w, self.taper_w * (1.0 - charge))
            charge = min(1.0, max(0.0, charge + gain_wh(limits, surplus) / capacity_wh))
            warmed = self.idle_c + self.resistance_k_w * jobs
            temperature_c = decay * temperature_c + (1.0 - decay) * warmed
        return charge, temperature_c


def model_of(fits: Fits, limits: Limits) -> Model:
    heat = fits.heat
    return Model(limits, heat.base, heat.slope, fits.taper_w, fits.table.charge_limit_w)
