"""What a mission says of itself for planning: its slots, its battery and its heat as plans see them, its stations."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flight.planning.problem import LOOPS_MAX, Limits
from flight.planning.record import SLOTS_MAX, STEPS_MAX
from flight.planning.work import Site

SITES_MAX = 64


@dataclass(frozen=True, slots=True)
class Station:
    name: str
    site: Site


@dataclass(frozen=True, slots=True)
class PlanningTable:
    """The guard's worst case is drawn from these numbers, and from no estimate.

    `loops` cooling loops each have as many of the boards and of the `sensors`, in their order.  The hottest sensor of
    one in a steady state is at `idle_c`, and `resistance_k_w` more for each W of jobs on the loop's boards; it gets
    there with `time_constant_s`, but for `quick_k_w` of it, which follows the watts with `quick_s`.  In the shadow it
    tends to `shadow_k` less.  `array_w` is what the warm array gives in sunlight, `base_w` what the bus draws without
    jobs.  A nearly full battery takes `taper_w` times the share of its charge that is missing.
    """

    slot_s: int
    slots: int
    lanes: int  # compute boards
    memory_mb: int
    capacity_wh: float
    floor: float  # share of the capacity below which no job may take the battery
    charge_efficiency: float
    discharge_efficiency: float
    charge_limit_w: float
    taper_w: float
    array_w: float
    base_w: float
    sensors: tuple[str, ...]  # of temperature
    limit_c: float
    idle_c: float
    resistance_k_w: float
    time_constant_s: float
    harvest_at_least: float
    resistance_at_most: float
    steps: int  # of one plan
    loops: int = 1
    shadow_k: float = 0.0
    quick_k_w: float = 0.0
    quick_s: float = 60.0
    stations: tuple[Station, ...] = ()

    def __post_init__(self) -> None:
        assert self.slot_s > 0, self
        assert 0 < self.slots <= SLOTS_MAX, self
        assert 0 <= self.steps <= STEPS_MAX, self
        assert len(self.stations) <= SITES_MAX, self
        assert 0.0 < self.floor < 1.0, self
        assert 0.0 < self.harvest_at_least <= 1.0 <= self.resistance_at_most, self
        assert max(self.charge_efficiency, self.discharge_efficiency) <= 1.0, self
        assert self.sensors, self
        assert 1 <= self.loops <= LOOPS_MAX, self
        assert self.lanes % self.loops == len(self.sensors) % self.loops == 0, self
        watts = (self.charge_limit_w, self.taper_w, self.array_w, self.base_w)
        rest = (self.capacity_wh, self.charge_efficiency, self.discharge_efficiency, self.time_constant_s)
        assert all(one > 0.0 for one in (*watts, *rest, self.resistance_k_w)), self

    @property
    def sites(self) -> tuple[Site, ...]:
        return tuple(station.site for station in self.stations)

    def limits(self) -> Limits:
        return Limits(
            slot_s=self.slot_s,
            lanes=self.lanes,
            memory_mb=self.memory_mb,
            capacity_wh=self.capacity_wh,
            floor_wh=self.floor * self.capacity_wh,
            charge_efficiency=self.charge_efficiency,
            discharge_efficiency=self.discharge_efficiency,
            decay=math.exp(-self.slot_s / self.time_constant_s),
            limit_c=self.limit_c,
            harvest_at_least=self.harvest_at_least,
            resistance_at_most=self.resistance_at_most,
            loops=(self.lanes // self.loops,) * self.loops if self.loops > 1 else (),
            quick_k_w=self.quick_k_w,
        )
