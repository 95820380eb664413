"""Invariants of the energy guard: its forecast is not too high, and jobs never eat what the next eclipse needs."""

from __future__ import annotations

from flight.kernel import Kernel
from flight.modules.power import Power
from sim.checks.check import Check
from sim.simulation import Simulation

DARK, LIGHT = 0.05, 0.95  # of full sunlight
TOLERANCE = 0.03  # of charge: the gauge's error, the model's, and a minute for each rung
TOO_HIGH = 0.02  # of charge: what a forecast for one eclipse may be wrong by
SAMPLE_EVERY_S = 10
SHARE_MIN = 0.02  # of the capacity: jobs that took less did not make the difference
JOULES_PER_WH = 3600.0
CAPACITY_MIN = 0.9  # of the battery at the start: with less, the forecast is wrong until the ground says so
BOARDS = ("compute_", "rack_")  # what the names of the rails of jobs begin with
SENSORS = frozenset({"battery_voltage", "battery_current", "array_power", "load_power"})


class Boards:
    """The rails of the compute boards: what they draw, and of how much."""

    def __init__(self, simulation: Simulation) -> None:
        form = simulation.scenario.spacecraft
        self.capacity_j = form.battery.capacity_wh * JOULES_PER_WH
        self.rails = [
            (place, rail.power_w) for place, rail in enumerate(form.rails) if rail.name.startswith(BOARDS)
        ]

    def drawn_w(self, simulation: Simulation) -> float:
        levels = simulation.world.plant.power.levels
        return sum(watts[levels[place]] for place, watts in self.rails)


class EnergyFaults:
    """What no guard can foresee, or by which it is blind or powerless."""

    def __init__(self, simulation: Simulation) -> None:
        self.full_c = simulation.world.plant.power.battery.capacity_c
        self.taking = 0.0  # how much faults take, in a measure that grows with each of them
        self.second = -1
        self.excuse = False

    def now(self, simulation: Simulation, second: int) -> bool:
        """A fault begins to take energy, a sensor of energy lies, a board does not obey, or a string is lost."""
        if second != self.second:  # two checks ask
            self.second, self.excuse = second, self._now(simulation)
        return self.excuse

    def _now(self, simulation: Simulation) -> bool:
        switches, power = simulation.switches, simulation.world.plant.power
        taking = 1.0 - simulation.world.array_share + len(simulation.latched) + len(switches.jammed)
        more, self.taking = taking > self.taking, taking
        if more or not power.bus_on or power.battery.capacity_c < CAPACITY_MIN * self.full_c:
            return True
        if not (simulation.sensors.distortions or switches.jammed):
            return False
        lying = not SENSORS.isdisjoint(simulation.sensors.distortions)
        return lying or any(name.startswith(BOARDS) for name in switches.jammed)


class ChargeAtSunrise(Check):
    """At sunrise the charge is above the floor, or the jobs took no part in the last orbit's shortfall.

    Looks at the true charge; an orbit with a fault of energy is excused.  Exercised: a sunrise at which the charge was
    near the floor.
    """

    def __init__(self, simulation: Simulation, faults: EnergyFaults) -> None:
        super().__init__("jobs never drain what the next eclipse needs")
        self.boards = Boards(simulation)
        self.faults = faults
        self.jobs_j = 0.0
        self.floor = 0.7
        self.dark = False
        self.excused = True  # the orbit under way; the first one begins anywhere

    def installed(self, kernel: Kernel, name: str) -> None:
        if name == "power":
            self.floor = power_of(kernel).floor

    def look(self, simulation: Simulation, second: int) -> None:
        world = simulation.world
        self.jobs_j += self.boards.drawn_w(simulation)
        if self.faults.now(simulation, second):
            self.excused = True
        sunlight = world.sunlight()
        if sunlight < DARK:
            self.dark = True
        elif self.dark and sunlight > LIGHT:
            self.dark = False
            self._sunrise(world.plant.power.battery.charge)

    def _sunrise(self, charge: float) -> None:
        taken = self.jobs_j / self.boards.capacity_j
        self.jobs_j = 0.0
        excused, self.excused = self.excused, False
        if excused or charge > self.floor + 2 * TOLERANCE:
            return
        self.expect(
            charge >= self.floor - TOLERANCE or taken < SHARE_MIN,
            f"charge {charge:.3f} at sunrise, floor {self.floor:.2f}; jobs took {taken:.3f} of the last orbit",
        )


class ForecastNotTooHigh(Check):
    """In the sunlight the guard foresees how much the next eclipse will take, or more.

    What the load has grown by since is not held against it.  Exercised: an eclipse without a fault of energy.
    """

    def __init__(self, simulation: Simulation, faults: EnergyFaults) -> None:
        super().__init__("the energy guard foresees what the next eclipse takes")
        self.capacity_j = simulation.scenario.spacecraft.battery.capacity_wh * JOULES_PER_WH
        self.faults = faults
        self.kernel: Kernel | None = None
        self.foreseen: float | None = None  # drop of charge, as said last in the sunlight
        self.load_w = 0.0
        self.charge = 0.0  # the true one, then
        self.extra_j = 0.0
        self.dark = False

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.kernel = kernel

    def look(self, simulation: Simulation, second: int) -> None:
        if self.faults.now(simulation, second):
            self.foreseen = None
        sunlight = simulation.world.sunlight()
        power = simulation.world.plant.power
        if sunlight < LIGHT:
            self.dark = True
            self.extra_j += max(0.0, power.load_w - self.load_w)
        elif self.dark:
            self.dark = False
            self._sunrise(power.battery.charge)
        elif second % SAMPLE_EVERY_S == 0:
            self._sample(simulation, power.battery.charge)

    def _sample(self, simulation: Simulation, charge: float) -> None:
        kernel = simulation.computer.kernel
        self.foreseen = None
        if kernel is None or kernel is not self.kernel:
            return
        values, guard = vars(kernel.bus), power_of(kernel).guard
        if values["charge_trusted"] and guard.load_w == guard.load_w:
            self.foreseen = values["charge"] - values["forecast_charge"]
            self.load_w, self.charge, self.extra_j = guard.load_w, charge, 0.0

    def _sunrise(self, charge: float) -> None:
        foreseen, self.foreseen = self.foreseen, None
        if foreseen is not None:
            took = self.charge - charge
            extra = self.extra_j / self.capacity_j
            self.expect(
                took <= foreseen + extra + TOO_HIGH,
                f"the eclipse took {took:.3f}, foreseen were {foreseen:.3f}, the load grew by {extra:.3f}",
            )


def power_of(kernel: Kernel) -> Power:
    module = next(slot.module for slot in kernel.slots if slot.name == "power")
    assert isinstance(module, Power)
    return module
