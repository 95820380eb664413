"""Electric power: solar arrays, an equivalent-circuit battery, and the loads on the bus.

Array: S A eta cos(i) f (1 + k (T - T_ref)) (1 - d)^years, cos and eclipse being in the flux that comes in.
Battery: open-circuit voltage over charge, one resistance and one resistor-capacitor pair, an ideal charge
controller (current limit, voltage limit with taper, temperature window) and an under-voltage cut-off.
Plain floats and slots: it is called 86,400 times a day.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from math import sqrt

from sim import spacecraft
from sim.thermal import ZERO_CELSIUS_K

SECONDS_PER_HOUR = 3600.0
SHORTFALL_W = 1e-3  # a bus that misses more than this browns out; well above rounding at 150 kW


class Battery:
    """State of one pack.  `charge` is the share, 0 to 1, of what the aged pack holds.

    Current, power and heat are of the last step; current is positive while charging.
    """

    __slots__ = (
        "_charge_high",
        "_charge_low",
        "_current_limit",
        "_cut_off",
        "_decay",
        "_decay_for_s",
        "_efficiency",
        "_fade",
        "_intervals",
        "_open_circuit",
        "_polarisation_ohm",
        "_polarisation_time",
        "_reconnect",
        "_resistance",
        "_slope",
        "_voltage_limit",
        "capacity_c",
        "charge",
        "connected",
        "current_a",
        "heat_w",
        "polarisation_v",
        "voltage_v",
    )

    def __init__(self, form: spacecraft.Battery, charge: float = 1.0) -> None:
        table = form.open_circuit_v
        self._open_circuit = table
        self._intervals = len(table) - 1
        self._slope = (*(high - low for low, high in itertools.pairwise(table)), 0.0)
        mean_v = sum((low + high) / 2.0 for low, high in itertools.pairwise(table)) / self._intervals
        nominal_c = form.capacity_wh * SECONDS_PER_HOUR / mean_v
        self._resistance = form.resistance_ohm
        self._polarisation_ohm = form.polarisation_resistance_ohm
        self._polarisation_time = form.polarisation_time_s
        self._decay_for_s, self._decay = 0.0, 1.0
        self._efficiency = form.coulombic_efficiency
        self._current_limit = form.charge_current_limit_a
        self._voltage_limit = form.charge_voltage_limit_v
        self._cut_off, self._reconnect = form.cut_off_v, form.reconnect_v
        self._charge_low, self._charge_high = form.charge_low_degc, form.charge_high_degc
        self._fade = form.fade / 2.0  # coulombs lost for each that moves in or out
        self.capacity_c = nominal_c * form.health
        self.charge = charge
        self.connected = True
        self.polarisation_v = self.current_a = self.heat_w = 0.0
        self.voltage_v = self.open_circuit_v()

    def open_circuit_v(self) -> float:
        position = self.charge * self._intervals
        index = int(position)
        return self._open_circuit[index] + (position - index) * self._slope[index]

    def lose_capacity(self, share: float) -> None:
        """A failed string: `share` of the capacity is gone, with the charge in it."""
        assert 0.0 <= share < 1.0, share
        self.capacity_c *= 1.0 - share

    def step(self, dt_s: float, offered_w: float, temperature_degc: float) -> float:
        """Advance by `dt_s`; returns the power taken in (negative: given out), in W at the terminals.

        `offered_w` is what the arrays have left over, or, if negative, what the loads still want.  The pack
        takes no more than its controller allows, and gives no more than it holds and its resistance passes.
        """
        if dt_s != self._decay_for_s:
            self._decay_for_s, self._decay = dt_s, math.exp(-dt_s / self._polarisation_time)
        resistance, charge, capacity, decay = self._resistance, self.charge, self.capacity_c, self._decay
        position = charge * self._intervals
        index = int(position)
        open_circuit = self._open_circuit[index] + (position - index) * self._slope[index]
        inner = open_circuit + self.polarisation_v
        current = moved = 0.0
        if offered_w > 0.0:
            if self._charge_low <= temperature_degc <= self._charge_high:
                current = self._charge_current(offered_w, inner, charge, capacity / dt_s)
                moved = current * self._efficiency
        elif self.connected and offered_w:
            squared = inner * inner + 4.0 * resistance * offered_w
            current = moved = ((sqrt(squared) if squared > 0.0 else 0.0) - inner) / (2.0 * resistance)
            if -moved * dt_s > charge * capacity:
                current = moved = -charge * capacity / dt_s
        self.current_a = current
        self.voltage_v = voltage = inner + resistance * current
        power = voltage * current
        self.heat_w = power - open_circuit * moved
        self.polarisation_v = self.polarisation_v * decay + self._polarisation_ohm * current * (1.0 - decay)
        charge += moved * dt_s / capacity
        self.charge = 0.0 if charge < 0.0 else min(charge, 1.0)
        self.capacity_c = capacity - self._fade * abs(moved) * dt_s
        self.connected = voltage >= (self._cut_off if self.connected else self._reconnect)
        return power

    def _charge_current(self, offered_w: float, inner: float, charge: float, full_a: float) -> float:
        """What the controller lets in; `full_a` would fill the empty pack in one step."""
        resistance = self._resistance
        current = (sqrt(inner * inner + 4.0 * resistance * offered_w) - inner) / (2.0 * resistance)
        taper = (self._voltage_limit - inner) / resistance
        room = (1.0 - charge) * full_a / self._efficiency
        for limit in (self._current_limit, taper, room):
            if current > limit:  # noqa: PLR1730  (a call of min costs three times this)
                current = limit
        return current if current > 0.0 else 0.0  # noqa: FURB136  (the same)


class PowerSystem:
    """Arrays, battery and loads of one spacecraft.

    `rails_w` is what each rail takes from the bus, `heat_w` what the loads leave in each node.  `bus_on` is
    False after a brown-out; the arrays then only charge the battery, and once that is back at its reconnect
    voltage all rails return to their power-up level.
    """

    __slots__ = (
        "_arrays",
        "_battery_node",
        "_extra_w",
        "_form",
        "_heaters",
        "_node_of",
        "array_share",
        "array_w",
        "arrays_w",
        "available_w",
        "battery",
        "bus_on",
        "heat_w",
        "heaters_on",
        "levels",
        "load_w",
        "rails_w",
    )

    def __init__(self, form: spacecraft.Spacecraft, charge: float = 1.0) -> None:
        self._form = form
        self._node_of = {node.name: place for place, node in enumerate(form.nodes)}
        self._battery_node = self._node_of[form.battery.node]
        self._arrays = [self._array_line(array) for array in form.arrays]
        self.battery = Battery(form.battery, charge)
        self.array_share = 1.0  # what a fault has left of the arrays
        self.arrays_w = [0.0] * len(form.arrays)
        self.array_w = self.available_w = 0.0
        self._extra_w = [0.0] * len(form.rails)
        self.power_up()

    def _array_line(self, array: spacecraft.SolarArray) -> tuple[int, int, float, float]:
        """Face, node, and power per W/m2 as a + b x temperature in kelvin."""
        faces = self._form.faces
        face = next(place for place, face in enumerate(faces) if face.name == array.face)
        full = array.area_m2 * array.efficiency * array.operating_point
        full *= (1.0 - array.degradation_1_year) ** array.age_year
        slope = full * array.temperature_coefficient_1_k
        return (
            face,
            self._node_of[faces[face].node],
            full - slope * (array.reference_degc + ZERO_CELSIUS_K),
            slope,
        )

    def power_up(self) -> None:
        """The bus comes alive: rails at their power-up level, heaters off."""
        self.bus_on = True
        self.levels = [rail.at_power_up for rail in self._form.rails]
        self.heaters_on = [False] * len(self._form.heaters)
        self._sum_loads()

    def power_down(self) -> None:
        """The bus dies: nothing draws power."""
        self.bus_on = False
        self.levels = [0] * len(self._form.rails)
        self.heaters_on = [False] * len(self._form.heaters)
        self._sum_loads()

    def set_level(self, rail: int, level: int) -> bool:
        """False if the bus is dead, the rail cannot be switched, or has no such level."""
        form = self._form.rails[rail]
        if not (self.bus_on and form.switchable and 0 <= level < len(form.power_w)):
            return False
        if level != self.levels[rail]:
            self.levels[rail] = level
            self._sum_loads()
        return True

    def set_heater(self, heater: int, on: bool) -> bool:
        """False if the bus is dead."""
        if self.bus_on and on != self.heaters_on[heater]:
            self.heaters_on[heater] = on
            self._sum_loads()
        return self.bus_on

    def set_extra_load(self, rail: int, extra_w: float) -> None:
        """What a fault, such as a latch-up, draws on top while the rail is on."""
        self._extra_w[rail] = extra_w
        self._sum_loads()

    def _sum_loads(self) -> None:
        self.rails_w = []
        heat = [0.0] * len(self._form.nodes)
        for rail, level, extra_w in zip(self._form.rails, self.levels, self._extra_w, strict=True):
            drawn = (rail.power_w[level] + (extra_w if level else 0.0)) / rail.efficiency
            self.rails_w.append(drawn)
            heat[self._node_of[rail.node]] += drawn - (1.0 - rail.heat) * drawn * rail.efficiency
        load = sum(self.rails_w)
        for heater, on in zip(self._form.heaters, self.heaters_on, strict=True):
            if on:
                load += heater.power_w
                heat[self._node_of[heater.node]] += heater.power_w
        self.load_w, self.heat_w = load, heat

    def step(self, dt_s: float, shortwave: Sequence[float], temperatures_k: Sequence[float]) -> None:
        """Advance by `dt_s` with the incident flux of each face in W/m2 and the temperature of each node."""
        available = 0.0
        arrays = self.arrays_w
        share = self.array_share
        for place, (face, node, constant, slope) in enumerate(self._arrays):
            flux = shortwave[face]
            power = share * flux * (constant + slope * temperatures_k[node]) if flux else 0.0
            arrays[place] = power
            available += power
        surplus = available - self.load_w
        taken = self.battery.step(dt_s, surplus, temperatures_k[self._battery_node] - ZERO_CELSIUS_K)
        self.available_w = available
        if surplus > 0.0:
            self.array_w = self.load_w + taken
            used = self.array_w / available
            for place, power in enumerate(arrays):
                arrays[place] = power * used
        else:
            self.array_w = available
        if self.bus_on:
            if taken > surplus + SHORTFALL_W and surplus < 0.0:
                self.power_down()
        elif self.battery.connected:
            self.power_up()
