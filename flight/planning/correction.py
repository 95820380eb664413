"""What telemetry says about the forecast: how much sun there really is, and how good the radiator really is.

Two numbers, corrected slot by slot.  They serve the plan alone; the guard's worst case stays that of the nominal
forecast, so that a sensor that lies cannot talk the guard into anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from flight.planning.problem import Forecast, Limits

LEARNING = 0.5  # share of each new measurement: a single bad one is half forgotten a slot later
ENOUGH_W = 20.0  # forecast harvest below which a ratio says little
LOWEST, HIGHEST = 0.5, 1.5  # a factor outside is a broken sensor's


@dataclass(frozen=True, slots=True)
class Correction:
    harvest: float = 1.0
    resistance: float = 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Means over the slot that just ended, and the temperature at both its ends."""

    slot: int
    harvest_w: float
    load_w: float
    before_c: float
    after_c: float


def corrected(old: Correction, limits: Limits, forecast: Forecast, measured: Measured) -> Correction:
    """With what one slot showed; a measurement that makes no sense changes nothing."""
    harvest, resistance = old.harvest, old.resistance
    told_w = forecast.nominal_harvest_w[measured.slot]
    if told_w >= ENOUGH_W:
        harvest = _towards(harvest, measured.harvest_w / told_w)
    equilibrium_c = (measured.after_c - limits.decay * measured.before_c) / (1.0 - limits.decay)
    warming_c = forecast.nominal_resistance_k_w * measured.load_w
    if warming_c > 0.0:
        resistance = _towards(resistance, (equilibrium_c - forecast.sink_c[measured.slot]) / warming_c)
    return Correction(harvest, resistance)


def _towards(old: float, seen: float) -> float:
    return old + LEARNING * (seen - old) if LOWEST <= seen <= HIGHEST else old


def apply(correction: Correction, forecast: Forecast) -> Forecast:
    return replace(
        forecast,
        harvest_w=tuple(correction.harvest * watts for watts in forecast.nominal_harvest_w),
        resistance_k_w=correction.resistance * forecast.nominal_resistance_k_w,
    )
