"""The fuel gauge: the charge in the battery, by its voltage and by counted coulombs, and never too high.

Coulombs are exact over minutes and drift over days; voltage is absolute but only as good as the model of the
drop between open circuit and terminals (one resistance and one resistance-capacity pair).  The counter is
drawn slowly to the voltage while both agree.  When they do not, the lower one counts, and the counter is set
anew only where a third fact agrees with the voltage: charging current that has tapered off in sunlight, as it
does in a full battery.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import pairwise
from typing import NamedTuple

from flight.declare import SECOND, Event, Outbox, Parameter, Severity

HOUR_S = 3600.0
LOST_NS = 5 * SECOND  # a reading missing for less is a hiccup and no event
FILTER = 0.1  # of each second's voltage: 10 s, which hides load steps that the model does not see
PLAUSIBLE_LOW, PLAUSIBLE_HIGH = 0.5, 1.3  # of the table's ends: beyond is no battery voltage
AGREE_AGAIN = 0.5  # of the disagreement threshold, so that the event does not flicker


class GaugeSettings:
    """Parameters and events of the gauge, inherited by the power module."""

    capacity_wh = Parameter(150.0, unit="Wh", low=0.1, high=1e7, about="present (aged) capacity")
    resistance_ohm = Parameter(0.05, unit="ohm", low=0, high=10, about="series resistance")
    polarisation_ohm = Parameter(0.02, unit="ohm", low=0, high=10, about="resistance of the slow pair")
    polarisation_s = Parameter(60.0, unit="s", low=1, high=7200, about="time constant of the slow pair")
    coulombic_efficiency = Parameter(0.99, low=0.5, high=1, about="charge stored per charge put in")
    charge_current_max = Parameter(10.0, unit="A", low=0.01, high=1e6, about="the most the charger gives")
    worst_load_w = Parameter(100.0, unit="W", low=0, high=1e7, about="assumed load when nothing measures it")
    blend_s = Parameter(7200.0, unit="s", low=60, high=1e6, about="time to draw coulombs to the voltage")
    disagree_above = Parameter(0.10, low=0.02, high=0.5, about="voltage against coulombs, as charge")
    disagree_s = Parameter(60.0, unit="s", low=1, high=3600, about="persistence of a disagreement")
    full_from = Parameter(0.95, low=0.8, high=1, about="by voltage; tapered, it is full")
    full_s = Parameter(120.0, unit="s", low=10, high=3600, about="persistence of a full battery")
    taper_current = Parameter(0.3, unit="A", low=0, high=1e5, about="below, charging has tapered off")
    settle_s = Parameter(30.0, unit="s", low=1, high=3600, about="good readings that start the counter")
    blind_s = Parameter(600.0, unit="s", low=1, high=7200, about="neither voltage nor current: then 0")
    dead_reckoning_s = Parameter(
        43200.0, unit="s", low=1, high=604800, about="coulombs alone: then charge is 0"
    )
    drift_per_hour = Parameter(0.03, low=0, high=1, about="charge taken off while coulombs run alone")

    disagreed = Event(
        Severity.MEDIUM,
        "charge is {by_voltage:.2f} by voltage, {by_coulombs:.2f} by coulombs: the lower one counts",
        by_voltage=float,
        by_coulombs=float,
    )
    agreed = Event(Severity.INFO, "battery voltage and coulombs agree again at {charge:.2f}", charge=float)
    voltage_lost = Event(
        Severity.MEDIUM, "battery voltage lost: coulombs alone for {limit:.0f} s", limit=float
    )
    voltage_back = Event(Severity.INFO, "battery voltage is back")
    current_lost = Event(Severity.MEDIUM, "battery current lost: it is estimated")
    current_back = Event(Severity.INFO, "battery current is back")


class Reading(NamedTuple):
    """What was measured in the last second; NaN is missing."""

    seconds: float
    voltage: float  # V
    ampere_seconds: float  # counted while the current was good, charging positive
    missing_s: float  # of `seconds`, without a good current
    array_w: float
    load_w: float
    lit: bool  # measured: the array gives power
    dark: bool  # measured: the array gives none


class OpenCircuit:
    """Open-circuit voltage of the battery: rows of (charge 0..1, V), both rising."""

    def __init__(self, rows: tuple[tuple[float, float], ...]) -> None:
        self.charges = [charge for charge, _ in rows]
        self.volts = [volts for _, volts in rows]
        assert (self.charges[0], self.charges[-1]) == (0, 1), "charges run from 0 to 1"
        assert all(a < b for a, b in pairwise(self.charges)), "charges must rise"
        assert all(a < b for a, b in pairwise(self.volts)), "voltages must rise"
        # A full battery holds (ampere hours) x (mean voltage over its charge) watt hours.
        self.mean = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(rows))
        self.low = PLAUSIBLE_LOW * self.volts[0]
        self.high = PLAUSIBLE_HIGH * self.volts[-1]

    def charge(self, volts: float) -> float:
        """0..1, straight between the rows."""
        if volts <= self.volts[0]:
            return 0.0
        if volts >= self.volts[-1]:
            return 1.0
        after = bisect_right(self.volts, volts)
        v0, v1 = self.volts[after - 1], self.volts[after]
        c0, c1 = self.charges[after - 1], self.charges[after]
        return c0 + (c1 - c0) * (volts - v0) / (v1 - v0)


class Gauge:
    """State of charge 0..1.  `update` is called once a second and gives the charge that counts."""

    def __init__(self, settings: GaugeSettings, table: OpenCircuit) -> None:
        self.settings, self.table = settings, table
        self.charge = 0.0
        self.trusted = False
        self.by_voltage = math.nan
        self.by_coulombs = math.nan
        self.counting = False  # the counter has been set, and has not been blind for too long
        self.disagreeing = False
        self.polarisation_v = math.nan
        self.open_circuit_v = math.nan
        self.voltage_good_at = self.current_good_at = 0
        self.voltage_gone = self.current_gone = False
        self.both_since: int | None = None
        self.apart_since: int | None = None
        self.near_since: int | None = None
        self.full_since: int | None = None

    def start(self, now: int) -> None:
        self.voltage_good_at = self.current_good_at = now

    def update(self, now: int, seen: Reading, out: Outbox) -> float:
        measured = seen.seconds - seen.missing_s
        current = seen.ampere_seconds / measured if measured > 0 and seen.missing_s == 0 else math.nan
        self._count(seen)
        self._read_voltage(seen, current)
        self._watch_sensors(now, seen, current, out)
        self._judge(now, seen, current, out)
        return self.charge

    def _count(self, seen: Reading) -> None:
        flow = seen.ampere_seconds
        if seen.missing_s > 0:
            flow += self._assumed_current(seen) * seen.missing_s
        if self.counting:
            if flow > 0:
                flow *= self.settings.coulombic_efficiency
            capacity_as = self.settings.capacity_wh / self.table.mean * HOUR_S
            self.by_coulombs = min(1.0, max(0.0, self.by_coulombs + flow / capacity_as))

    def _assumed_current(self, seen: Reading) -> float:
        """The battery current when its sensor is missing: from the other powers, or the worst case."""
        limits = self.settings
        if _powers_known(seen):
            return min(limits.charge_current_max, (seen.array_w - seen.load_w) / self.table.mean)
        return -limits.worst_load_w / self.table.mean

    def _read_voltage(self, seen: Reading, current: float) -> None:
        limits, table = self.settings, self.table
        if not table.low <= seen.voltage <= table.high:
            self.by_voltage = self.open_circuit_v = math.nan
            return
        if not math.isfinite(current):  # the highest current that may be flowing makes the lowest charge
            current = 0.0 if seen.dark else limits.charge_current_max
        target = current * limits.polarisation_ohm
        if not math.isfinite(self.polarisation_v):
            self.polarisation_v = max(0.0, target)  # after a restart: settled if charging, fresh if not
        self.polarisation_v += (target - self.polarisation_v) * min(1.0, seen.seconds / limits.polarisation_s)
        now_v = seen.voltage - current * limits.resistance_ohm - self.polarisation_v
        if math.isfinite(self.open_circuit_v):
            now_v = self.open_circuit_v + FILTER * (now_v - self.open_circuit_v)
        self.open_circuit_v = now_v
        self.by_voltage = table.charge(now_v)

    def _watch_sensors(self, now: int, seen: Reading, current: float, out: Outbox) -> None:
        voltage_good, current_good = math.isfinite(self.by_voltage), math.isfinite(current)
        if voltage_good:
            self.voltage_good_at = now
        if current_good:
            self.current_good_at = now
        if voltage_good is self.voltage_gone and (voltage_good or now - self.voltage_good_at >= LOST_NS):
            self.voltage_gone = not voltage_good
            if voltage_good:
                out.event(self.settings.voltage_back)
            else:
                out.event(self.settings.voltage_lost, self.settings.dead_reckoning_s)
        if current_good is self.current_gone and (current_good or now - self.current_good_at >= LOST_NS):
            self.current_gone = not current_good
            out.event(self.settings.current_back if current_good else self.settings.current_lost)
        blind_ns = 0 if _powers_known(seen) else now - self.current_good_at
        alone_ns = now - self.voltage_good_at
        if blind_ns > self.settings.blind_s * SECOND or alone_ns > self.settings.dead_reckoning_s * SECOND:
            self._stop_counting()

    def _stop_counting(self) -> None:
        self.counting = self.disagreeing = False
        self.by_coulombs = math.nan

    def _judge(self, now: int, seen: Reading, current: float, out: Outbox) -> None:
        if not math.isfinite(self.by_voltage):
            drift = self.settings.drift_per_hour * (now - self.voltage_good_at) / (HOUR_S * SECOND)
            self.charge = max(0.0, self.by_coulombs - drift) if self.counting else 0.0
            self.trusted = False
            self.apart_since = self.near_since = self.full_since = self.both_since = None
            return
        if not self.counting:
            self.charge, self.trusted = self.by_voltage, False
            self._begin(now, current)
            return
        if math.isfinite(current):  # without it the voltage is a worst case, and no witness against coulombs
            self._compare(now, seen.seconds, out)
        self._anchor(now, seen, current)
        apart = self.disagreeing or abs(self.by_voltage - self.by_coulombs) > self.settings.disagree_above
        self.charge = min(self.by_voltage, self.by_coulombs) if apart else self.by_coulombs
        self.trusted = not apart and math.isfinite(current)

    def _begin(self, now: int, current: float) -> None:
        """Set the counter once voltage and current have both been good for a while."""
        if not math.isfinite(current):
            self.both_since = None
        elif self.both_since is None:
            self.both_since = now
        elif now - self.both_since >= self.settings.settle_s * SECOND:
            self.by_coulombs, self.counting, self.both_since = self.by_voltage, True, None

    def _compare(self, now: int, seconds: float, out: Outbox) -> None:
        limits = self.settings
        difference = self.by_voltage - self.by_coulombs
        far = abs(difference) > limits.disagree_above
        near = abs(difference) < AGREE_AGAIN * limits.disagree_above
        self.apart_since = (self.apart_since or now) if far else None
        self.near_since = (self.near_since or now) if near else None
        if not self.disagreeing:
            if not far:
                self.by_coulombs += difference * min(1.0, seconds / limits.blend_s)
            elif self.apart_since is not None and now - self.apart_since >= limits.disagree_s * SECOND:
                self.disagreeing = True
                out.event(limits.disagreed, self.by_voltage, self.by_coulombs)
        elif self.near_since is not None and now - self.near_since >= limits.disagree_s * SECOND:
            self.disagreeing = False
            out.event(limits.agreed, self.by_coulombs)

    def _anchor(self, now: int, seen: Reading, current: float) -> None:
        """A battery that is full by voltage and takes no more current in sunlight is full."""
        limits = self.settings
        if not (seen.lit and self.by_voltage >= limits.full_from and abs(current) <= limits.taper_current):
            self.full_since = None
        elif self.full_since is None:
            self.full_since = now
        elif now - self.full_since >= limits.full_s * SECOND:
            self.by_coulombs = self.by_voltage


def _powers_known(seen: Reading) -> bool:
    return 0 <= seen.array_w < math.inf and 0 <= seen.load_w < math.inf
