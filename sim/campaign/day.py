"""One random day: its jobs, how wrong the forecast is, what fails; flown with all checks."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from flight.app import build, load_mission
from ground import Ground, Settings
from sim.checks import Checks
from sim.document import ConfigurationError
from sim.faults import Injector
from sim.payload.sending import JobSender
from sim.payload.tables import JobTable, TenantTable
from sim.payload.totals import JobTotals, JobWatch
from sim.result import CheckCount
from sim.scenario import Fault, Scenario
from sim.simulation import Simulation, stream
from sim.swarm.job_plan import JOB_FEATURES, board_w, draw_jobs, short_or_long

DAY_S = 86_400
JOBS = (12, 40)
CHARGE = (0.75, 1.0)
YEAR_DAYS = 365
LESS_SUN = (0.0, 0.2)  # of the array; the guard's worst world has a quarter less
BATTERY_LOSS = (0.0, 0.05)
OUTAGES_MAX = 2
RESETS_MAX = 3
FEATURE_SHARE = 0.15  # of the kinds of faults, in one day
SETTLE_S = 600
LONGEST_S = 3_000


@dataclass(frozen=True, slots=True)
class DayResult:
    """What came of a day; `failures` name their check and second."""

    seed: int
    failures: tuple[str, ...]
    counts: tuple[CheckCount, ...]
    begun: tuple[tuple[str, int], ...]
    totals: JobTotals
    simulated_s: int
    boots: int
    less_sun: float
    trace_hash: str
    cpu_s: float


def day_of(scenario: Scenario, seed: int, length_s: int = DAY_S) -> Scenario:
    """The same orbit at another hour and another charge, with jobs and faults of the seed."""
    mission = load_mission(scenario.spacecraft.mission)
    if not mission.takes_jobs:
        raise ConfigurationError(f"{scenario.path}:1: {mission.name} takes no jobs, expected one that does")
    rng = stream(seed, "day")
    count = max(1, round(rng.randint(*JOBS) * length_s / DAY_S))
    tenants, jobs = draw_jobs(seed, length_s, board_w(scenario), count)
    hours = rng.randrange(24)
    return replace(
        scenario,
        name="day",
        epoch=scenario.epoch + timedelta(hours=hours),
        initial_charge=round(rng.uniform(*CHARGE), 3),
        duration_s=float(length_s),
        seed=seed,
        faults=draw_faults(scenario, seed, jobs, length_s),
        commands=(),
        files=(),
        tenants=tenants,
        jobs=jobs,
    )


def draw_faults(scenario: Scenario, seed: int, jobs: Sequence[JobTable], length_s: int) -> tuple[Fault, ...]:
    """The world that is not as forecast, for the whole day; and what fails in it."""
    rng = stream(seed, "forecast errors")
    faults = [
        Fault(1.0, float(length_s), "array", "", "loss", round(rng.uniform(*LESS_SUN), 3)),
        Fault(1.0, 1.0, "battery", "", "loss", round(rng.uniform(*BATTERY_LOSS), 3)),
    ]

    def add(
        draw: random.Random,
        target: str,
        kind: str,
        name: str = "",
        value: float | None = None,
        span: tuple[int, int] = (10, LONGEST_S),
    ) -> Fault:
        duration = short_or_long(draw, span)
        return Fault(float(draw.randint(SETTLE_S, length_s - 60)), duration, target, name, kind, value)

    faults += [
        add(rng, "station", "outage", rng.choice(scenario.stations).name, span=(3_000, 30_000))
        for _ in range(rng.randint(0, OUTAGES_MAX))
    ]
    for _ in range(rng.randint(0, RESETS_MAX)):
        target = rng.choice(("computer", "process.executive", "disk", "disk.files"))
        kind = {"computer": "reset", "process.executive": "kill"}.get(target, "power_cut")
        faults.append(add(rng, target, kind, span=(1, 2)))
    for name, draw_of in JOB_FEATURES.items():
        own = stream(seed, f"feature {name}")
        if own.random() < FEATURE_SHARE:
            faults += draw_of(own, jobs, add)
    return tuple(sorted(faults, key=lambda fault: fault.at_s))


def fly_day(scenario: Scenario, seed: int, length_s: int = DAY_S) -> DayResult:
    """Deterministic but for `cpu_s`."""
    began = time.process_time()
    own = day_of(scenario, seed, length_s)
    built = build(load_mission(own.spacecraft.mission))
    settings = Settings(up_bit_s=own.spacecraft.radio.up_bit_s, utc_epoch_ns=own.epoch_ns)
    ground = Ground(built.dictionary, settings=settings)
    injector = Injector(own.faults, seed)
    simulation = Simulation(own, built.mission, ground, seed, inject=injector)
    checks = Checks(simulation, ground)
    sender = JobSender(own, ground, simulation)
    watch = JobWatch(simulation, ground, sender)
    simulation.watchers = (sender, watch, checks)
    simulation.run(length_s)
    less_sun = next(fault.value or 0.0 for fault in own.faults if fault.target == "array")
    result = DayResult(
        seed,
        tuple(checks.failures()),
        checks.counts(),
        tuple(injector.begun.items()),
        watch.totals(simulation),
        simulation.now_s,
        simulation.computer.boots,
        less_sun,
        simulation.trace.hexdigest(),
        time.process_time() - began,
    )
    simulation.close()
    ground.close()
    del simulation, checks, ground, watch, sender
    gc.collect()  # taps make cycles; a campaign of a thousand must not grow
    return result


__all__ = ["DAY_S", "DayResult", "TenantTable", "day_of", "draw_faults", "fly_day"]
