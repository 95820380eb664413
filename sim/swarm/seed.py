"""One seed from start to end: faults and commands, then quiet, until the spacecraft is well again."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, replace
from datetime import timedelta

from flight.app import build, load_mission
from ground import Ground, Settings
from sim.checks import Checks
from sim.checks.check import Check
from sim.faults import Injector
from sim.payload.sending import JobSender
from sim.result import CheckCount
from sim.scenario import Scenario
from sim.simulation import Simulation
from sim.swarm.nominal import missing_for_nominal, words
from sim.swarm.operator import Operator
from sim.swarm.orders import Sender
from sim.swarm.plan import Plan, draw_plan, start_of
from sim.world import World

RECOVERY_ORBITS = 6  # release, one orbit of dwell, the ladder, a recharge, and the passes for it all
LOOK_EVERY_S = 10


@dataclass(frozen=True, slots=True)
class SeedResult:
    """What came of a seed.  `failures` name their check and second."""

    seed: int
    failures: tuple[str, ...]
    counts: tuple[CheckCount, ...]
    fault_rows: tuple[tuple[str, int], ...]
    begun: tuple[tuple[str, int], ...]
    boots: int
    commands: int
    simulated_s: int
    recovery_s: int
    trace_hash: str
    cpu_s: float


class Recovers(Check):
    """When faults stop, the system returns to nominal and drains its queues in bounded time."""

    def __init__(self) -> None:
        super().__init__("when faults stop, all is nominal and drained in bounded time")


def scenario_of(scenario: Scenario, seed: int) -> Scenario:
    """The seed's own start: another hour of the day, another charge, no faults and commands of the file."""
    hours, charge = start_of(seed)
    epoch = scenario.epoch + timedelta(hours=hours)
    bare = replace(scenario, faults=(), commands=(), files=(), tenants=(), jobs=())
    return replace(bare, epoch=epoch, initial_charge=charge, seed=seed)


def plan_of(scenario: Scenario, seed: int, orbits: float) -> tuple[Scenario, Plan]:
    """The plan of a seed; needs the passes, so the orbit is computed."""
    own = scenario_of(scenario, seed)
    mission = load_mission(own.spacecraft.mission)
    environment = World(own, seed).environment
    quiet_s = int(orbits * environment.orbit.period_s)
    spans = [(visible.start_s, visible.end_s) for visible in environment.passes(float(quiet_s))]
    plan = draw_plan(seed, own, mission, quiet_s, spans)
    return replace(own, tenants=plan.tenants, jobs=plan.jobs), plan


class Flight:
    """One seed under way."""

    def __init__(self, scenario: Scenario, plan: Plan, mission: str) -> None:
        self.plan = plan
        built = build(load_mission(mission))
        settings = Settings(up_bit_s=scenario.spacecraft.radio.up_bit_s, utc_epoch_ns=scenario.epoch_ns)
        self.ground = Ground(built.dictionary, settings=settings)
        self.injector = Injector(plan.faults, plan.seed)
        self.simulation = Simulation(scenario, built.mission, self.ground, plan.seed, inject=self.injector)
        self.checks = Checks(self.simulation, self.ground, thorough=True)
        self.recovers = Recovers()
        self.checks.all.append(self.recovers)
        self.sender = Sender(plan.orders, self.ground)
        self.operator = Operator(self.ground)
        self.jobs = JobSender(scenario, self.ground, self.simulation)
        self.simulation.watchers = (self.sender, self.jobs, self.checks)

    def fly(self, *, stop_early: bool) -> int:
        """Both phases; gives the second at which all was well, or at which it was given up."""
        simulation, plan = self.simulation, self.plan
        while simulation.now_s < plan.quiet_s:
            simulation.second()
            if stop_early and simulation.now_s % LOOK_EVERY_S == 0 and self.failed():
                return simulation.now_s
        simulation.watchers = (*simulation.watchers, self.operator)
        return self._recover(stop_early=stop_early)

    def failed(self) -> bool:
        return any(check.failed for check in self.checks.all)

    def _recover(self, *, stop_early: bool) -> int:
        simulation, recovers = self.simulation, self.recovers
        until_s = self.plan.quiet_s + int(RECOVERY_ORBITS * simulation.world.environment.orbit.period_s)
        missing = ["nothing was looked at"]
        while simulation.now_s < until_s:
            simulation.second()
            if simulation.now_s % LOOK_EVERY_S:
                continue
            if stop_early and self.failed():
                break
            missing = missing_for_nominal(simulation, self.ground, self.checks.records)
            if not missing:
                break
        recovers.moment.second = simulation.now_s
        recovers.expect(not missing, words(missing))
        return simulation.now_s


def fly_seed(
    scenario: Scenario, seed: int, orbits: float, mission: str, *, stop_early: bool = False
) -> SeedResult:
    """Deterministic but for `cpu_s`."""
    began = time.process_time()
    own, plan = plan_of(scenario, seed, orbits)
    flight = Flight(own, plan, mission or own.spacecraft.mission)
    ended_s = flight.fly(stop_early=stop_early)
    simulation, checks = flight.simulation, flight.checks
    result = SeedResult(
        seed,
        tuple(checks.failures()),
        checks.counts(),
        tuple(checks.fault_rows.rows.items()),
        tuple(flight.injector.begun.items()),
        simulation.computer.boots,
        flight.ground.uplink.counters.packets,
        simulation.now_s,
        ended_s - plan.quiet_s,
        simulation.trace.hexdigest(),
        time.process_time() - began,
    )
    del flight, simulation, checks
    gc.collect()  # taps make cycles; a swarm of hundreds must not grow
    return result
