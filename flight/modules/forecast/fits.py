"""Few numbers learned from telemetry, each held inside bounds, none moved far by one slot.

They serve the plan and the forecast's own account of its errors; of what the guard's worst case is drawn from none is
learned, but where a measurement is worse than the mission's table it counts (see `outlooks`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from flight.modules.forecast.loads import SlotMeans
from flight.planning import PlanningTable

GATE = 3.0  # standard deviations: what a measurement may claim beyond counts as that much
LOWEST, HIGHEST = 0.5, 1.5  # of the table's value: a factor outside is a broken sensor's
IDLE_K = 25.0  # around the table's
SLOT_SHARE = (
    0.008  # of all warming: what one slot may be off.  No board is one node; what learned faster was worse
)
WARMING_S = 300.0  # a wing that comes cold out of the shadow gives more, and is warm after some such times
FULL_SLOT = 0.99
LOAD_LEARNING = 0.2  # share of each slot
LEAST_ROOM = 0.005  # to a full battery, as charge: less is noise of the gauge


class LineFit:
    """y = base + slope u, by a Kalman filter of two states that may drift; `sigma` is of one measurement."""

    def __init__(self, base: float, slope: float, spread: tuple[float, float], sigma: float) -> None:
        self.base, self.slope, self.sigma = base, slope, sigma
        self.low = self.high = (0.0, 0.0)
        self.p = [spread[0] ** 2, 0.0, spread[1] ** 2]  # covariance: base, both, slope
        self.most = (spread[0] ** 2, spread[1] ** 2)
        self.drift = (1e-3 * spread[0] ** 2, 1e-3 * spread[1] ** 2)

    def within(self, base: tuple[float, float], slope: tuple[float, float]) -> LineFit:
        self.low, self.high = (base[0], slope[0]), (base[1], slope[1])
        return self

    def learn(self, u: float, y: float) -> None:
        if not (math.isfinite(u) and math.isfinite(y)):
            return
        p00, p01, p11 = self.p
        p00, p11 = min(self.most[0], p00 + self.drift[0]), min(self.most[1], p11 + self.drift[1])
        first, second = p00 + u * p01, p01 + u * p11
        expected = first + u * second + self.sigma**2
        gate = GATE * math.sqrt(expected)
        surprise = min(gate, max(-gate, y - self.base - self.slope * u))
        gain_0, gain_1 = first / expected, second / expected
        self.base = min(self.high[0], max(self.low[0], self.base + gain_0 * surprise))
        self.slope = min(self.high[1], max(self.low[1], self.slope + gain_1 * surprise))
        self.p = [p00 - gain_0 * first, p01 - gain_0 * second, p11 - gain_1 * second]

    def at(self, u: float) -> float:
        return self.base + self.slope * u


class Fits:
    """What the array gives, what the bus draws without jobs, how warm the node gets, how the battery tapers."""

    def __init__(self, table: PlanningTable, most_w: Sequence[float]) -> None:
        """`most_w`: what the boards of each loop draw together at their highest level."""
        self.table, self.most_w = table, tuple(most_w)
        watts, heat = table.array_w, table.resistance_k_w
        self.array = LineFit(watts, 0.0, (0.1 * watts, 0.2 * watts), 0.02 * watts).within(
            (LOWEST * watts, HIGHEST * watts), (-0.5 * watts, 0.5 * watts)
        )
        # u is W of a loop's boards; y is the temperature to which a slot seems to lead.
        scale = 1.0 / (1.0 - self.decay)
        self.loops = [
            LineFit(table.idle_c, heat, (5.0, 0.2 * heat), SLOT_SHARE * heat * most * scale).within(
                (table.idle_c - IDLE_K, table.idle_c + IDLE_K), (LOWEST * heat, HIGHEST * heat)
            )
            for most in self.most_w
        ]
        self.base_w = self.contact_w = table.base_w
        self.taper_w = table.taper_w

    @property
    def heat(self) -> LineFit:
        """Of the loop that gets hottest with all its boards at work: plans take the others for as bad."""
        pairs = zip(self.loops, self.most_w, strict=True)
        return max(pairs, key=lambda pair: pair[0].at(pair[1]))[0]

    @property
    def decay(self) -> float:
        return math.exp(-self.table.slot_s / self.table.time_constant_s)

    def learn(self, seen: SlotMeans, since_sunrise_s: float) -> None:
        if seen.lit >= FULL_SLOT and seen.free >= FULL_SLOT:
            self.array.learn(math.exp(-since_sunrise_s / WARMING_S), seen.array_w)
        if not math.isfinite(seen.load_w):
            return
        base_w = min(HIGHEST_BASE * self.table.base_w, max(0.0, seen.load_w - seen.jobs_w))
        if seen.contact >= FULL_SLOT:
            self.contact_w += LOAD_LEARNING * (base_w - self.contact_w)
        elif seen.contact == 0.0:
            self.base_w += LOAD_LEARNING * (base_w - self.base_w)

    def learn_heat(self, seen: SlotMeans, before_c: Sequence[float], after_c: Sequence[float]) -> None:
        """With the slow temperatures of the loops at both ends of the slot."""
        decay, quick_k_w = self.decay, self.table.quick_k_w
        shadow_k = self.table.shadow_k * (1.0 - seen.lit)
        for loop, watts, before, after in zip(self.loops, seen.loops_w, before_c, after_c, strict=True):
            towards_c = (after - decay * before) / (1.0 - decay)
            loop.learn(watts, towards_c + quick_k_w * watts + shadow_k)

    def learn_taper(self, seen: SlotMeans, charge: float) -> None:
        """While sunlit and not `free`, the battery takes what its room and its resistances let in."""
        room = 1.0 - charge
        into_w = seen.array_w - seen.load_w
        if seen.lit < FULL_SLOT or seen.free > 0.0 or not room >= LEAST_ROOM or not into_w > 0.0:
            return
        if into_w > 0.9 * self.table.charge_limit_w:
            return  # the charger's current held it, not its voltage
        told = self.table.taper_w
        self.taper_w += LOAD_LEARNING * (min(2.0 * told, max(0.5 * told, into_w / room)) - self.taper_w)


HIGHEST_BASE = 3.0  # of the table's base load: more is no base load
