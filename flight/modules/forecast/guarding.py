"""The energy guard of the power module, run ahead: what it will ask for as charge, load and light go on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from flight.declare import SECOND
from flight.modules.forecast.outlooks import Phase
from flight.throttling import charge_after_eclipse

FIRST_RUNG, LAST_RUNG = 2, 4  # that the guard asks for
PERSISTENCE_NS = 10 * SECOND
LOAD_FALL = 0.01  # of the difference a second: the guard is slow to see less load


class Energy(NamedTuple):
    """What the guard goes by: the light as the power module tells it, and what the array gives in it."""

    phase: Phase
    array_w: float


@dataclass(frozen=True, slots=True)
class GuardRules:
    """Parameters of the power module; without a floor there is no guard."""

    floor: float = -math.inf
    margin: float = 0.03
    step_s: float = 60.0
    most_w: float = 200.0
    efficiency: float = 0.92
    capacity_wh: float = 1.0

    def foresees(self, charge: float, load_w: float, energy: Energy) -> float:
        """Charge at the end of the next eclipse."""
        return charge_after_eclipse(
            charge, load_w, self.capacity_wh, energy.phase, energy.array_w, self.most_w, self.efficiency
        )


NO_GUARD = GuardRules()


def later(phase: Phase, seconds: float) -> Phase:
    """The light, when so many seconds have gone by."""
    left_s = phase.left_s - seconds
    if left_s > 0.0:
        return phase._replace(left_s=left_s)
    lasts_s = phase.eclipse_s if phase.sunlit else phase.period_s - phase.eclipse_s
    return phase._replace(sunlit=not phase.sunlit, left_s=max(0.0, lasts_s + left_s))


@dataclass(slots=True)
class Guarded:
    """Its state; `step` as the power module does once a second."""

    rules: GuardRules
    energy: Energy
    load_w: float
    held_w: float  # the load that it was raised for
    rung: int = 0
    low_since: int | None = None
    high_since: int | None = None
    step_at: int = 0
    relax_at: int = 0

    def step(self, now: int, seconds: float, charge: float, load_w: float) -> int:
        rules = self.rules
        self.energy = self.energy._replace(phase=later(self.energy.phase, seconds))
        share = 1.0 if load_w > self.load_w else min(1.0, seconds * LOAD_FALL)
        self.load_w += share * (load_w - self.load_w)
        foreseen = rules.foresees(charge, self.load_w, self.energy)
        if foreseen < rules.floor:
            self.low_since = now if self.low_since is None else self.low_since
            self.high_since = None
            if self.rung < LAST_RUNG and now - self.low_since >= PERSISTENCE_NS and now >= self.step_at:
                self._raise(now)
        else:
            self.low_since = None
            if self.rung:
                self._relax(now, charge, foreseen)
        return self.rung

    def _raise(self, now: int) -> None:
        self.rung = max(FIRST_RUNG, self.rung + 1)
        self.held_w = max(self.held_w, self.load_w)
        self.step_at = now + int(self.rules.step_s * SECOND)
        self.relax_at = now + int(self.energy.phase.period_s * SECOND)

    def _relax(self, now: int, charge: float, foreseen: float) -> None:
        enough = self.rules.floor + self.rules.margin
        if self.rules.foresees(charge, max(self.load_w, self.held_w), self.energy) >= enough:
            self.high_since = now if self.high_since is None else self.high_since
            if now - self.high_since >= PERSISTENCE_NS:
                self.rung, self.held_w, self.high_since = 0, 0.0, None
            return
        self.high_since = None
        if now >= self.relax_at and foreseen >= enough:
            self.relax_at = now + int(self.energy.phase.period_s * SECOND)
            self.rung = 0 if self.rung == FIRST_RUNG else self.rung - 1
            self.held_w = self.held_w if self.rung else 0.0
