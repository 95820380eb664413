"""The energy guard of the power module, run ahead: what it will ask for as charge, load and light go on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from flight.modules.forecast.outlooks import Phase
from flight.throttling import EnergyGuard, charge_after_eclipse


class Energy(NamedTuple):
    """What the guard goes by: the light as the power module tells it, and what the array gives in it."""

    phase: Phase
    array_w: float


@dataclass(frozen=True, slots=True)
class GuardRules:
    """Parameters of the power module; without a floor there is no guard."""

    floor: float = -math.inf
    forecast_margin: float = 0.03
    guard_step_s: float = 60.0
    charge_limit_w: float = 200.0
    charge_efficiency: float = 0.92
    capacity_wh: float = 1.0

    def foresees(self, charge: float, load_w: float, energy: Energy) -> float:
        """Charge at the end of the next eclipse."""
        most_w, efficiency = self.charge_limit_w, self.charge_efficiency
        return charge_after_eclipse(
            charge, load_w, self.capacity_wh, energy.phase, energy.array_w, most_w, efficiency
        )


NO_GUARD = GuardRules()


def later(phase: Phase, seconds: float) -> Phase:
    """The light, when so many seconds have gone by."""
    left_s = phase.left_s - seconds
    if left_s > 0.0:
        return phase._replace(left_s=left_s)
    lasts_s = phase.eclipse_s if phase.sunlit else phase.period_s - phase.eclipse_s
    return phase._replace(sunlit=not phase.sunlit, left_s=max(0.0, lasts_s + left_s))


class Guarded(EnergyGuard):
    """`step` as the power module does once a second."""

    __slots__ = ("energy", "rules")

    def __init__(self, rules: GuardRules, energy: Energy, load_w: float, held_load_w: float) -> None:
        super().__init__(load_w, held_load_w)
        self.rules, self.energy = rules, energy

    def step(self, now: int, seconds: float, charge: float, load_w: float) -> int:
        self.energy = energy = self.energy._replace(phase=later(self.energy.phase, seconds))
        self.follow(seconds, load_w)
        return self.judge(
            now, self.rules, energy.phase.period_s, lambda watts: self.rules.foresees(charge, watts, energy)
        )
