"""The spacecraft as a machine: power, heat and sensors coupled, behind switches and readings.

The world gives it the fluxes on its faces; flight, through the ports, its switches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sim.power import PowerSystem
from sim.sensors import Sensors
from sim.spacecraft import STEP_S, Spacecraft
from sim.thermal import ZERO_CELSIUS_K, ThermalNetwork


class Plant:
    """One spacecraft.  Switches are its rails, then its heaters, in the order of the file.

    `trips` counts loads that have switched themselves off because they were too hot.
    """

    __slots__ = (
        "_array_nodes",
        "_battery_node",
        "_levels",
        "_pumps",
        "_trips",
        "form",
        "power",
        "sensors",
        "thermal",
        "trips",
    )

    def __init__(self, form: Spacecraft, charge: float = 1.0, seed: int = 0) -> None:
        self.form = form
        self.power = PowerSystem(form, charge)
        self.thermal = ThermalNetwork(form.nodes, form.links, form.faces, STEP_S)
        self.sensors = Sensors(form, seed)
        names = self.thermal.names
        nodes = {face.name: names.index(face.node) for face in form.faces}
        self._battery_node = names.index(form.battery.node)
        self._array_nodes = [nodes[array.face] for array in form.arrays]
        self._trips = [
            (place, names.index(rail.node), rail.trip_degc + ZERO_CELSIUS_K)
            for place, rail in enumerate(form.rails)
            if rail.trip_degc < math.inf
        ]
        self.trips = 0
        pumps = {link.pump for link in form.links if link.pump}
        self._pumps = [(place, rail.name) for place, rail in enumerate(form.rails) if rail.name in pumps]
        self._levels: list[int] = []
        self._follow_pumps()

    def set_switch(self, index: int, level: int) -> bool:
        """Set a rail to a level, or a heater on (not 0) or off.  False if it does not obey."""
        rails = len(self.form.rails)
        if index >= rails:
            return self.power.set_heater(index - rails, level != 0)
        return self.power.set_level(index, level)

    def switch_levels(self) -> list[int]:
        """Present levels, read back."""
        return [*self.power.levels, *map(int, self.power.heaters_on)]

    def step(self, shortwave: Sequence[float], infrared: Sequence[float]) -> None:
        """Advance by `STEP_S` under the incident fluxes of each face, in W/m2."""
        power, thermal = self.power, self.thermal
        temperatures = thermal.temperatures_k
        for rail, node, hottest_k in self._trips:
            if temperatures[node] > hottest_k and power.levels[rail]:
                power.set_level(rail, 0)
                self.trips += 1
        power.step(STEP_S, shortwave, temperatures)
        if power.levels != self._levels:
            self._follow_pumps()
        heat = power.heat_w.copy()
        heat[self._battery_node] += power.battery.heat_w
        for node, drawn in zip(self._array_nodes, power.arrays_w, strict=True):
            heat[node] -= drawn  # what leaves as electricity does not warm the array
        thermal.step(shortwave, infrared, heat)

    def read_sensors(self) -> list[float]:
        return self.sensors.read(self.power, self.thermal)

    def _follow_pumps(self) -> None:
        self._levels = self.power.levels.copy()
        for place, name in self._pumps:
            self.thermal.set_pump(name, self._levels[place] > 0)
