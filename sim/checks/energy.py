"""Invariant of the energy guard: jobs never eat what the battery needs through the eclipses to come."""

from __future__ import annotations

from flight.kernel import Kernel
from flight.modules.power import Power
from sim.checks.check import Check
from sim.simulation import Simulation

DARK, LIGHT = 0.05, 0.95  # of full sunlight
TOLERANCE = 0.03  # of charge: the gauge's error, the model's, and a minute for each rung
SHARE_MIN = 0.02  # of the capacity: jobs that took less did not make the difference
JOULES_PER_WH = 3600.0
CAPACITY_MIN = 0.9  # of the battery at the start: with less, the forecast is wrong until the ground says so
BOARDS = "compute"  # what the rails of jobs are called
SENSORS = frozenset({"battery_voltage", "battery_current", "array_power", "load_power"})


class ChargeAtSunrise(Check):
    """At sunrise the charge is above the floor, or the jobs took no part in the last orbit's shortfall.

    Looks at the true charge.  An orbit is excused in which a fault has begun to take energy, in which a sensor of
    energy lies, or in which a board does not obey; so is a battery that has lost a string.  Exercised: a sunrise at
    which the charge was near the floor.
    """

    def __init__(self, simulation: Simulation) -> None:
        super().__init__("jobs never drain what the next eclipse needs")
        form = simulation.scenario.spacecraft
        self.boards = [
            (place, rail.power_w) for place, rail in enumerate(form.rails) if rail.name.startswith(BOARDS)
        ]
        self.capacity_j = form.battery.capacity_wh * JOULES_PER_WH
        self.full_c = simulation.world.plant.power.battery.capacity_c
        self.jobs_j = 0.0
        self.floor = 0.7
        self.dark = False
        self.excused = True  # the orbit under way; the first one begins anywhere
        self.taking = 0.0  # how much faults take, in a measure that grows with each of them

    def installed(self, kernel: Kernel, name: str) -> None:
        if name == "power":
            module = next(slot.module for slot in kernel.slots if slot.name == name)
            assert isinstance(module, Power)
            self.floor = module.floor

    def look(self, simulation: Simulation, second: int) -> None:
        world = simulation.world
        power = world.plant.power
        for place, watts in self.boards:
            self.jobs_j += watts[power.levels[place]]
        if self._energy_fault(simulation):
            self.excused = True
        sunlight = world.sunlight()
        if sunlight < DARK:
            self.dark = True
        elif self.dark and sunlight > LIGHT:
            self.dark = False
            self._sunrise(power.battery.charge)

    def _energy_fault(self, simulation: Simulation) -> bool:
        """Something that no guard can foresee, or by which it is blind or powerless."""
        switches, power = simulation.switches, simulation.world.plant.power
        taking = 1.0 - simulation.world.array_share + len(simulation.latched) + len(switches.jammed)
        more, self.taking = taking > self.taking, taking
        if more or not power.bus_on or power.battery.capacity_c < CAPACITY_MIN * self.full_c:
            return True
        lying = (
            not SENSORS.isdisjoint(simulation.sensors.distortions)
            if simulation.sensors.distortions
            else False
        )
        return lying or any(name.startswith(BOARDS) for name in switches.jammed)

    def _sunrise(self, charge: float) -> None:
        taken = self.jobs_j / self.capacity_j
        self.jobs_j = 0.0
        excused, self.excused = self.excused, False
        if excused or charge > self.floor + 2 * TOLERANCE:
            return
        self.expect(
            charge >= self.floor - TOLERANCE or taken < SHARE_MIN,
            f"charge {charge:.3f} at sunrise, floor {self.floor:.2f}; jobs took {taken:.3f} of the last orbit",
        )
