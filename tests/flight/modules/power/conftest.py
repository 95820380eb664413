"""A battery, an orbit and a power module flying on them: enough physics to be fooled by, in a few lines."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import pytest

from flight.declare import SECOND, Boot, Outbox
from flight.modules.power import Power, Rail, power

OPEN_CIRCUIT = ((0.0, 24.0), (0.1, 26.0), (0.5, 27.6), (0.9, 28.8), (1.0, 29.6))
RAILS = (
    Rail("bus", 0, essential=True),
    Rail("radio", 1, shed_at=6),
    Rail("camera", 2, shed_at=2),
    Rail("gpu", 3, shed_at=4, yields=True, measured=True),
)
CAPACITY_WH = 150.0
PERIOD_S, ECLIPSE_S = 5700, 2130
BOOT = Boot(1, True, False, 0)
NAN = math.nan


def volts_at(charge: float) -> float:
    for (c0, v0), (c1, v1) in itertools.pairwise(OPEN_CIRCUIT):
        if charge <= c1:
            return v0 + (v1 - v0) * (charge - c0) / (c1 - c0)
    return OPEN_CIRCUIT[-1][1]


@dataclass
class Battery:
    """Open-circuit voltage, one resistor, one RC pair; charging tapers off at the top."""

    charge: float = 0.9
    current: float = 0.0
    slow_v: float = 0.0

    def step(self, net_w: float, seconds: float = 1.0) -> None:
        ampere_hours = CAPACITY_WH / 27.62
        self.current = min(net_w / self.volts, (1.0 - self.charge) * 40.0)
        self.charge = min(1.0, max(0.0, self.charge + self.current * seconds / 3600 / ampere_hours))
        self.slow_v += (self.current * 0.02 - self.slow_v) * seconds / 60

    @property
    def volts(self) -> float:
        return volts_at(self.charge) + self.current * 0.05 + self.slow_v


@dataclass
class Flown:
    """One power module on one battery, a step a second; `spoil` may change what the module sees."""

    module: Power = field(default_factory=lambda: power(OPEN_CIRCUIT, RAILS))
    battery: Battery = field(default_factory=Battery)
    now: int = 1000 * SECOND
    load_w: float = 60.0
    array_w: float = 130.0
    rung: int = 0
    rung_age: int = 0
    levels: list[int] = field(default_factory=lambda: [1, 1, 1, 1])
    obeys: bool = True
    out: Outbox = field(default_factory=Outbox)
    events: list[tuple[str, tuple[float | bytes, ...]]] = field(default_factory=list)
    finished: list[tuple[int, object]] = field(default_factory=list)
    sets: list[tuple[int, int]] = field(default_factory=list)
    worst_over: float = -1.0  # highest of (charge said - charge in truth)
    sunlit_at_start: bool = True
    begun: int = 1000 * SECOND

    def __post_init__(self) -> None:
        self.module.start(self.now, BOOT, self.out)
        self.collect()

    def lit(self) -> bool:
        """Sunlight first, then eclipse; the other way round if `sunlit_at_start` is not."""
        phase = (self.now - self.begun) / SECOND % PERIOD_S
        return phase < PERIOD_S - ECLIPSE_S if self.sunlit_at_start else phase >= ECLIPSE_S

    def run(self, seconds: float, **spoiled: float) -> Flown:
        for _ in range(round(seconds)):
            self.step(**spoiled)
        return self

    def step(self, seconds: float = 1.0, **spoiled: float) -> None:
        self.now += round(seconds * SECOND)
        array_w = self.array_w if self.lit() else 0.0
        self.battery.step(array_w - self.load_w, seconds)
        seen = {
            "battery_voltage": self.battery.volts,
            "battery_current": self.battery.current,
            "array_power": min(array_w, self.load_w + max(0.0, self.battery.current * self.battery.volts)),
            "load_power": self.load_w,
            "rung": self.rung,
            "rung_age": self.rung_age,
            "levels": tuple(self.levels),
            "rail_current_gpu": 0.5,
        } | spoiled
        self.module.step(self.now, self.module.Inputs(**seen), self.out)  # type: ignore[arg-type]
        self.collect()
        self.worst_over = max(self.worst_over, self.charge - self.battery.charge)

    def collect(self) -> None:
        out = self.out
        self.events += [(event.name, arguments) for event, arguments in out.events]
        self.finished += out.finished
        self.sets += out.switches
        for switch, level in out.switches if self.obeys else ():
            self.levels[switch] = level
        out.clear()

    @property
    def charge(self) -> float:
        return self.module.outputs.charge

    @property
    def power_rung(self) -> int:
        return self.module.outputs.power_rung

    def names(self) -> list[str]:
        """Events so far; and forget them."""
        names = [name for name, _ in self.events]
        self.events.clear()
        return names


@pytest.fixture
def flown() -> Flown:
    return Flown()


@pytest.fixture
def fly():
    """Make one with other settings: `fly(battery=..., load_w=...)`; `charge` sets the battery's."""

    def make(charge: float = 0.9, **settings: object) -> Flown:
        return Flown(battery=Battery(charge), **settings)  # type: ignore[arg-type]

    return make
