"""The load-shedding ladder on the charge itself, and on bus under-voltage: rung 0 (nominal) to 6 (power off).

Each rung has its own charge below which it is asked for, and is left only well above it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from flight.declare import SECOND, U8, Event, Outbox, Parameter, Rule, Severity, Value
from flight.throttling import is_charged, rung_of_charge

ENTER_NS = 5 * SECOND  # one bad sample sheds nothing
EXIT_NS = 60 * SECOND

UNDER_VOLTAGE_NS = 2 * SECOND  # longer than the inrush of a rail, shorter than a bus collapse
UNDER_VOLTAGE_RUNG = 5
BLIND_RUNG = (
    5  # a charge that no voltage vouches for: to cut power for a dead sensor would silence the spacecraft
)
NAMES = ("shed_1", "shed_2", "shed_3", "shed_4", "hard_floor", "shed_6")


class LadderSettings:
    """Parameters and events of the ladder, inherited by the power module."""

    shed_1 = Parameter(0.78, low=0, high=1, about="charge below which rung 1 is asked for")
    shed_2 = Parameter(0.74, low=0, high=1, about="rung 2")
    shed_3 = Parameter(0.70, low=0, high=1, about="rung 3")
    shed_4 = Parameter(0.65, low=0, high=1, about="rung 4")
    hard_floor = Parameter(0.60, low=0, high=1, about="rung 5: the hard floor")
    shed_6 = Parameter(0.30, low=0, high=1, about="rung 6")
    exit_margin = Parameter(
        0.08, low=0.01, high=0.3, about="charge above its threshold at which a rung is left"
    )
    undervoltage = Parameter(0.0, unit="V", low=0, high=1e4, about="terminal voltage that asks for rung 5")

    charge_low = Event(Severity.MEDIUM, "charge {charge:.2f} asks for rung {rung}", charge=float, rung=U8)
    charge_back = Event(Severity.INFO, "charge {charge:.2f} asks for rung {rung} only", charge=float, rung=U8)
    bus_low = Event(
        Severity.HIGH, "bus voltage {volts:.2f} V is below {limit:.2f} V", volts=float, limit=float
    )
    bus_back = Event(Severity.INFO, "bus voltage {volts:.2f} V is above its limit again", volts=float)


def _descending(values: Mapping[str, Value]) -> bool:
    steps = [values[name] for name in NAMES]
    return all(a > b for a, b in pairwise(steps))


LADDER_RULES = (
    Rule("the rungs' charges must fall from shed_1 to shed_6", _descending),
    Rule(
        "shed_1 with exit_margin must be a charge that is reached",
        lambda v: v["shed_1"] + v["exit_margin"] <= 0.98,
    ),
)


class Ladder:
    """`update` is called once a second; `rung` is what charge and bus voltage ask for."""

    def __init__(self, settings: LadderSettings) -> None:
        self.settings = settings
        self.by_charge = 0
        self.under_voltage = False
        self.worse_since: int | None = None
        self.better_since: int | None = None
        self.under_since: int | None = None

    @property
    def rung(self) -> int:
        return max(self.by_charge, UNDER_VOLTAGE_RUNG if self.under_voltage else 0)

    def update(self, now: int, charge: float, volts: float, out: Outbox) -> None:
        limits = self.settings
        thresholds = (
            limits.shed_1,
            limits.shed_2,
            limits.shed_3,
            limits.shed_4,
            limits.hard_floor,
            limits.shed_6,
        )
        rung = self.by_charge
        worst = len(thresholds) if math.isfinite(volts) else BLIND_RUNG
        if rung < worst and not charge >= thresholds[rung]:
            self._worse(now, charge, thresholds, worst, out)
        else:
            self.worse_since = None
        if rung and is_charged(thresholds, rung, charge, limits.exit_margin):
            self._better(now, charge, out)
        else:
            self.better_since = None
        self._watch_bus(now, volts, out)

    def _worse(self, now: int, charge: float, thresholds: tuple[float, ...], worst: int, out: Outbox) -> None:
        self.worse_since = now if self.worse_since is None else self.worse_since
        if now - self.worse_since >= ENTER_NS:
            self.by_charge = min(worst, rung_of_charge(thresholds, charge))
            self.worse_since = None
            out.event(self.settings.charge_low, charge, self.by_charge)

    def _better(self, now: int, charge: float, out: Outbox) -> None:
        self.better_since = now if self.better_since is None else self.better_since
        if now - self.better_since >= EXIT_NS:
            self.by_charge -= 1
            self.better_since = None
            out.event(self.settings.charge_back, charge, self.by_charge)

    def _watch_bus(self, now: int, volts: float, out: Outbox) -> None:
        """A missing voltage is the gauge's concern; this is quicker than any estimate."""
        limit = self.settings.undervoltage
        if self.under_voltage:
            if volts >= limit * 1.02:  # 2 % above, so that the relief of shedding does not undo itself
                self.under_since = now if self.under_since is None else self.under_since
                if now - self.under_since >= EXIT_NS:
                    self.under_voltage, self.under_since = False, None
                    out.event(self.settings.bus_back, volts)
            else:
                self.under_since = None
        elif volts < limit:
            self.under_since = now if self.under_since is None else self.under_since
            if now - self.under_since >= UNDER_VOLTAGE_NS:
                self.under_voltage, self.under_since = True, None
                out.event(self.settings.bus_low, volts, limit)
        else:
            self.under_since = None
