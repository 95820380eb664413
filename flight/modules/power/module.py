"""The power module: charge, sunlight, rungs and rails, joined."""

import enum
import functools
import math
from collections import namedtuple
from typing import NamedTuple

from flight.declare import (
    SECOND,
    U8,
    Boot,
    Call,
    Event,
    Module,
    Outbox,
    Outcome,
    Rule,
    Severity,
    command,
)
from flight.modules.power.gauge import HOUR_S, Gauge, GaugeSettings, OpenCircuit, Reading
from flight.modules.power.guard import Guard, GuardSettings
from flight.modules.power.ladder import LADDER_RULES, Ladder, LadderSettings
from flight.modules.power.packets import (
    RAILS_PERIOD_S,
    Orbit,
    Outputs,
    PowerInputs,
    State,
    Status,
    rails_packet,
)
from flight.modules.power.rails import MASK_MAX, Rail, RailEvents, Rails
from flight.modules.power.sunlight import SunSettings, SunWatch

GAP_NS = 2 * SECOND  # the executive stood still for longer: what flowed meanwhile is unknown
STALE_NS = 3 * SECOND  # a ladder that is silent for longer counts as the rung below
STALE_RUNG = 4
WATTS_MAX = 1e7  # no spacecraft's; keeps a mad reading out of the sums
AMPERES_MAX = 1e6
FREE_BELOW = (
    0.997  # of the charger's voltage: what the battery does not hold back; nearer is the noise of a sensor
)
LIMITED_FROM = 0.97  # of the charger's voltage or current: beyond, it may take less than the array could give


class Power(GaugeSettings, SunSettings, GuardSettings, LadderSettings, RailEvents, Module):
    """How much energy there is and will be, and which rails may use it.  Made by `power`."""

    rules = (
        *LADDER_RULES,
        Rule("the forecast's floor must lie above the hard floor", lambda v: v["floor"] > v["hard_floor"]),
        Rule(
            "darkness must begin below sunlight",
            lambda v: v["sunlit_below_w"] <= v["sunlit_above_w"],
        ),
    )

    class Glance(NamedTuple):
        battery_current: float

    def __init__(self, open_circuit: tuple[tuple[float, float], ...], rails: tuple[Rail, ...]) -> None:
        self.gauge = Gauge(self, OpenCircuit(open_circuit))
        self.sun = SunWatch(self)
        self.guard = Guard(self)
        self.ladder = Ladder(self)
        self.switching = Rails(self, rails)
        self.status = Status()
        self.orbit = Orbit()
        self.orbit.charge_lowest = 1.0
        self.outputs = Outputs()
        self.kept = State()
        self.rails = rails_packet(rails)()
        self.rail_fields = [(rail.name, rail.measured) for rail in rails]
        measured = [f"rail_current_{rail.name}" for rail in rails if rail.measured]
        self.Inputs = namedtuple("Inputs", [*PowerInputs._fields, *measured])  # type: ignore[misc]  # noqa: PYI024
        self.counted_at = self.updated_at = self.started_at = 0
        self.ampere_ns = 0.0
        self.missing_ns = 0
        self.rails_due = 0

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        self.rails_due = self.counted_at = self.updated_at = self.started_at = now
        self.gauge.start(now)
        self.switching.switched_off = self.kept.switched_off & MASK_MAX

    def glance(self, now: int, current: float) -> bool:
        """Count coulombs at each tick; all else once a second."""
        elapsed = now - self.counted_at
        self.counted_at = now
        if -AMPERES_MAX <= current <= AMPERES_MAX and elapsed <= GAP_NS:
            self.ampere_ns += current * elapsed
        else:
            self.missing_ns += elapsed
        return False

    def switch_rail(self, call: Call, out: Outbox, number: int, on: bool) -> Outcome:
        before = self.switching.switched_off
        outcome = self.switching.order(call, number, on)
        if self.switching.switched_off != before:
            self.kept.switched_off = self.switching.switched_off
            out.keep()
        return outcome

    def step(self, now: int, sees: PowerInputs, out: Outbox) -> None:
        self.glance(now, sees.battery_current)
        seconds = (now - self.updated_at) / SECOND
        self.updated_at = now
        array_w = _at_least_zero(sees.array_power)
        turned = self.sun.update(now, array_w, sees.battery_current)
        reading = Reading(
            seconds,
            sees.battery_voltage,
            self.ampere_ns / SECOND,
            self.missing_ns / SECOND,
            array_w,
            sees.load_power,
            self.sun.lit_measured,
            self.sun.dark_measured,
        )
        self.ampere_ns, self.missing_ns = 0.0, 0
        charge = self.gauge.update(now, reading, out)
        taking = self.sun.lit_measured and self.sun.sunlit and charge < self.full_from
        tapering = sees.battery_voltage >= LIMITED_FROM * self.gauge.table.volts[-1]
        limited = tapering or sees.battery_current >= LIMITED_FROM * self.charge_current_max
        self.guard.measure(seconds, self._load(sees, array_w), array_w, taking, limited)
        full_v, most_a = self.gauge.table.volts[-1], self.charge_current_max
        self.outputs.array_free = (
            self.sun.lit_measured
            and self.sun.sunlit
            and sees.battery_voltage < FREE_BELOW * full_v
            and sees.battery_current < LIMITED_FROM * most_a
        )
        self.guard.update(now, charge, self.capacity_wh, self.sun, out)
        self.ladder.update(now, charge, sees.battery_voltage, out)
        self._signal(charge)
        self._drive(now, sees, out)
        self._log_orbit(charge, reading, turned and self.sun.sunlit)
        self._report(sees)

    def _load(self, sees: PowerInputs, array_w: float) -> float:
        """The load in W: measured, else from the other powers, else the worst case."""
        if 0 <= sees.load_power <= WATTS_MAX:
            return sees.load_power
        derived = array_w - sees.battery_voltage * sees.battery_current
        return derived if 0 <= derived <= WATTS_MAX else self.worst_load_w

    def _signal(self, charge: float) -> None:
        outputs, sun = self.outputs, self.sun
        outputs.charge = charge
        outputs.charge_trusted = self.gauge.trusted
        outputs.sunlit, outputs.sun_edge_ns = sun.sunlit, sun.edge_at
        outputs.phase_left, outputs.eclipse_expected = sun.left_s, sun.eclipse_s
        outputs.orbit_period = sun.period_s
        outputs.power_rung = max(self.ladder.rung, self.guard.rung)
        outputs.forecast_charge = max(0.0, self.guard.forecast)
        outputs.array_expected = self.guard.expected_w

    def _drive(self, now: int, sees: PowerInputs, out: Outbox) -> None:
        rung = sees.rung
        if min(sees.rung_age, now - self.started_at) > STALE_NS or not 0 <= rung <= 6:
            rung = max(STALE_RUNG, self.outputs.power_rung)
        if self.switching.step(now, rung, sees.levels, out):
            self.outputs.rails_allowed = self.switching.allowed()
        self.status.rung_followed = rung
        if now >= self.rails_due:
            self.rails_due = now + RAILS_PERIOD_S * SECOND
            self.outputs.rails_allowed = self.switching.allowed()
            self._report_rails(tuple(sees)[len(PowerInputs._fields) :])

    def _report_rails(self, currents: tuple[object, ...]) -> None:
        measured = iter(currents)
        for (name, has_current), on, read in zip(
            self.rail_fields, self.switching.on, self.switching.read, strict=True
        ):
            setattr(self.rails, f"{name}_ordered", on)
            setattr(self.rails, f"{name}_on", read > 0)
            if has_current:
                setattr(self.rails, f"{name}_current", next(measured, math.nan))

    def _log_orbit(self, charge: float, reading: Reading, sunrise: bool) -> None:
        orbit = self.orbit
        if sunrise:
            orbit.last_lowest = orbit.charge_lowest
            orbit.last_depth_of_discharge = orbit.charge_highest - orbit.charge_lowest
            orbit.last_charged, orbit.last_discharged = orbit.charged, orbit.discharged
            orbit.charged = orbit.discharged = 0.0
            orbit.charge_lowest = orbit.charge_highest = charge
            orbit.eclipses = self.sun.eclipses
        watt_hours = reading.ampere_seconds * reading.voltage / HOUR_S
        if watt_hours > 0:
            orbit.charged += watt_hours
        elif watt_hours < 0:
            orbit.discharged -= watt_hours
        if not math.isnan(
            reading.voltage
        ):  # without a reading the charge is the worst case, and no measurement
            orbit.charge_highest = max(orbit.charge_highest, charge)
            orbit.charge_lowest = min(orbit.charge_lowest, charge)

    def _report(self, sees: PowerInputs) -> None:
        status, gauge, sun, guard = self.status, self.gauge, self.sun, self.guard
        (status.battery_voltage, status.battery_current, status.array_power, status.load_power) = sees[:4]
        status.charge, status.charge_trusted = gauge.charge, gauge.trusted
        status.charge_by_voltage, status.charge_by_coulombs = gauge.by_voltage, gauge.by_coulombs
        status.open_circuit_voltage = gauge.open_circuit_v
        status.disagreeing = gauge.disagreeing
        status.voltage_lost, status.current_lost = gauge.voltage_gone, gauge.current_gone
        status.sunlit = sun.sunlit
        status.phase_left, status.eclipse_expected, status.orbit_period = (
            sun.left_s,
            sun.eclipse_s,
            sun.period_s,
        )
        status.forecast_charge = guard.forecast
        status.load_mean, status.array_mean = guard.load_w, guard.array_w
        status.power_rung = self.outputs.power_rung
        status.rung_by_charge, status.rung_by_forecast = self.ladder.by_charge, guard.rung
        status.under_voltage = self.ladder.under_voltage
        status.rails_off = self.switching.off_count()
        status.rail_mismatches = self.switching.mismatches


def _at_least_zero(array_w: float) -> float:
    """W, NaN if missing: in darkness noise makes it negative."""
    if -WATTS_MAX <= array_w <= WATTS_MAX:
        return max(array_w, 0.0)
    return math.nan


@functools.cache
def _class_for(names: tuple[str, ...]) -> type[Power]:
    """Power with the rails' names in its command and events; one class a table, so that restarts share it."""
    rail = enum.IntEnum("RailName", {name: number for number, name in enumerate(names)})  # type: ignore[misc]

    def switch(self: Power, call: Call, out: Outbox, rail: int, on: bool) -> Outcome:
        """Switch a rail on or off, and see by its read-back that it did."""
        return self.switch_rail(call, out, rail, on)

    switch.__annotations__ = {"rail": rail, "on": bool}
    members = {
        "switch": command()(switch),
        "mismatch": Event(
            Severity.MEDIUM, "rail {rail} reads level {read}, ordered {on}", rail=rail, on=bool, read=U8
        ),
        "followed": Event(Severity.INFO, "rail {rail} follows again", rail=rail),
        "shed": Event(Severity.MEDIUM, "rail {rail} shed at rung {rung}", rail=rail, rung=U8),
        "restored": Event(Severity.INFO, "rail {rail} on", rail=rail),
    }
    made = type("Power", (Power,), members)
    assert issubclass(made, Power)
    return made


def power(open_circuit: tuple[tuple[float, float], ...], rails: tuple[Rail, ...]) -> Power:
    """The power module of a mission.  `open_circuit`: rows of (charge, V at rest), rising, from 0 to 1."""
    return _class_for(tuple(rail.name for rail in rails))(open_circuit, rails)
