"""Invariant of what jobs draw: they cross neither the charge nor the temperature that the mission's table says."""

from __future__ import annotations

from flight.kernel import Kernel
from flight.mission import Mission
from flight.planning import PlanningTable
from sim.checks.check import Check
from sim.checks.energy import LIGHT, SHARE_MIN, TOLERANCE, Boards, EnergyFaults
from sim.checks.job_runs import jobs_of
from sim.simulation import Simulation
from sim.thermal import ZERO_CELSIUS_K

WARM_K = 2.0  # above the limit: the sensors' error, and a minute of a slot
NEAR, NEAR_K = 0.1, 5.0  # of the charge, and K: nearer the limit is in question
LOOK_EVERY_S = 5
LIE_S = 180  # a board that draws more than its job says is found out and stopped within
HOT_S = 60


class ComputeWithinLimits(Check):
    """While jobs are planned, the true charge stays above the table's `floor` less 3 %, its node below `limit_c` + 2 K.

    A charge below is theirs if their boards took 2 % of the capacity since the last sunrise; a temperature, if a
    board was on for the last minute.  Faults of energy or heat, bad readings and lies of jobs excuse the orbit.
    Exercised: an orbit with jobs in which a limit was near (10 % of charge, 5 K).
    """

    every_s = LOOK_EVERY_S

    def __init__(self, simulation: Simulation, faults: EnergyFaults) -> None:
        super().__init__("no battery or temperature limit is crossed by compute")
        self.boards = Boards(simulation)
        self.faults = faults
        self.table: PlanningTable | None = planning_of(simulation.mission)
        names = simulation.world.plant.thermal.names
        self.nodes = [names.index(name) for name in nodes_of(self.table)] if self.table else []
        self.jobs_j = 0.0
        self.dark = self.near = self.told = False
        self.excused_until = 0
        self.on_s = self.hot_s = 0

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.on_s = 0

    def look(self, simulation: Simulation, second: int) -> None:
        table = self.table
        if table is None:
            return
        world = simulation.world
        drawn_w = self.boards.drawn_w(simulation)
        module = jobs_of(simulation.computer.kernel)
        planned = module is not None and bool(module.desk.book.rows)
        self.on_s = self.on_s + LOOK_EVERY_S if drawn_w and planned else 0
        self.jobs_j += drawn_w * LOOK_EVERY_S if planned else 0.0
        self._excuse(simulation, second)
        light = world.sunlight() > LIGHT
        if light and self.dark:
            self.jobs_j, self.near, self.told = 0.0, False, False
        self.dark = not light
        temperatures = world.plant.thermal.temperatures_k
        celsius = max(temperatures[node] for node in self.nodes) - ZERO_CELSIUS_K
        self._judge(table, world.plant.power.battery.charge, celsius, excused=second < self.excused_until)

    def _excuse(self, simulation: Simulation, second: int) -> None:
        orbit_s = int(simulation.world.environment.orbit.period_s)
        hot = bool(simulation.switches.jammed or simulation.latched)
        blind = bool(simulation.sensors.distortions)
        if self.faults.now(simulation, second) or hot or blind:
            self.excused_until = second + orbit_s
        elif simulation.afflictions.lying_w:
            self.excused_until = max(self.excused_until, second + LIE_S)

    def _judge(self, table: PlanningTable, charge: float, celsius: float, *, excused: bool) -> None:
        taken = self.jobs_j / self.boards.capacity_j
        theirs = taken >= SHARE_MIN
        if not self.near and not excused and theirs:
            self.near = charge < table.floor + NEAR or celsius > table.limit_c - NEAR_K
            self.exercised += self.near
        self.hot_s = self.hot_s + LOOK_EVERY_S if celsius > table.limit_c + WARM_K else 0
        if excused or self.told:
            return
        if theirs and charge < table.floor - TOLERANCE:
            self.told = True
            self.fail(f"charge {charge:.3f}, floor {table.floor:.2f}; jobs took {taken:.3f} since sunrise")
        if self.on_s >= HOT_S and self.hot_s >= HOT_S:
            self.told = True
            self.fail(f"a planned node is at {celsius:.1f} degC, limit {table.limit_c:.1f}")


def nodes_of(table: PlanningTable) -> list[str]:
    """Of the sensors whose hottest reading is planned with."""
    sensors: tuple[str, ...] = getattr(table, "sensors", ()) or (f"{getattr(table, 'node', '')}_temperature",)
    return [name.removesuffix("_temperature") for name in sensors]


def planning_of(mission: Mission) -> PlanningTable | None:
    """None where the mission plans nothing."""
    return mission.planning
