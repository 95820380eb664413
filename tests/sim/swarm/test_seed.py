"""A seed from start to end: after the faults all is well again, or that is said."""

from __future__ import annotations

import random
from dataclasses import replace
from types import SimpleNamespace

import pytest

from flight.app import load_mission
from flight.declare import COMPUTE, SAFE
from flight.kernel.supervisor import State
from ground import Ground
from sim.checks.records import RecordsKept
from sim.keys import memory_keys
from sim.scenario import Fault, load_scenario
from sim.swarm import seed as seed_module
from sim.swarm.nominal import missing_for_nominal
from sim.swarm.operator import wanted
from sim.swarm.plan import FEATURES, Plan, Stage
from sim.swarm.seed import Flight, fly_seed, plan_of

SCENARIO = load_scenario("reference")
SHORT = 0.05  # orbits


def flight_with(*faults: Fault, seed: int = 1, orbits: float = SHORT) -> Flight:
    own, plan = plan_of(SCENARIO, seed, orbits)
    return Flight(own, replace(plan, faults=faults, orders=()), own.spacecraft.mission)


@pytest.mark.slow
def test_the_same_seed_is_the_same_flight(monkeypatch) -> None:
    monkeypatch.setattr(seed_module, "RECOVERY_ORBITS", 0.05)
    first, second = (fly_seed(SCENARIO, 2, SHORT, "") for _ in range(2))
    assert first.trace_hash == second.trace_hash
    assert replace(first, cpu_s=0.0) == replace(second, cpu_s=0.0)
    assert first.trace_hash != fly_seed(SCENARIO, 3, SHORT, "").trace_hash


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [3, pytest.param(4, marks=pytest.mark.long), pytest.param(5, marks=pytest.mark.long)]
)
def test_after_one_fault_of_every_kind_all_is_well_again(seed) -> None:
    own, plan = plan_of(SCENARIO, seed, 1.0)
    stage = Stage(own, load_mission("pathfinder"), plan.quiet_s, ())
    rng = random.Random(seed)
    drawn = [fault for draw in FEATURES.values() for fault in draw(rng, stage)]
    everything = Plan(seed, plan.hours, plan.charge, plan.quiet_s, tuple(drawn), plan.orders)
    flight = Flight(own, everything, own.spacecraft.mission)
    ended_s = flight.fly(stop_early=False)
    assert flight.checks.failures() == []
    assert flight.recovers.exercised == 1
    assert ended_s > plan.quiet_s
    assert len(flight.injector.begun) >= len(FEATURES)
    assert flight.injector.quiet()


@pytest.mark.slow
def test_what_does_not_end_is_not_well_again(monkeypatch) -> None:
    monkeypatch.setattr(seed_module, "RECOVERY_ORBITS", 0.1)
    stuck = Fault(60.0, 1e9, "module", "compute", "stall", None)
    flight = flight_with(stuck)
    flight.fly(stop_early=False)
    assert flight.recovers.failed == 1
    assert "compute backing off" in flight.recovers.failures[0]


def test_a_failure_ends_a_seed_early_only_if_that_is_asked_for() -> None:
    flight = flight_with()
    flight.checks.all[0].fail("on purpose")
    assert flight.fly(stop_early=True) == seed_module.LOOK_EVERY_S


# ---------------------------------------------------------------- what is missing, and what an operator does about it


@pytest.fixture
def well(booted):
    """A kernel as it is when all is well, and all has been heard; a test makes it otherwise."""
    kernel = booted.computer.kernel
    for ranges in next(slot.module for slot in kernel.slots if slot.name == "downlink").playback.unseen:
        ranges.items.clear()
    slots = [
        SimpleNamespace(name=slot.name, index=slot.index, state=State.RUNNING, module=slot.module)
        for slot in kernel.slots
    ]
    values = dict(vars(kernel.bus), mode=COMPUTE, rung=0, charge=0.9)
    return SimpleNamespace(
        slots=slots,
        bus=SimpleNamespace(**values),
        boxes={"events.occurrences": SimpleNamespace(items=[])},
        tickets=SimpleNamespace(pending={}),
    )


def missing(kernel: object, ground: Ground | None = None, records: RecordsKept | None = None) -> list[str]:
    simulation = SimpleNamespace(computer=SimpleNamespace(kernel=kernel))
    own = ground or Ground(SCENARIO_DICTIONARY)
    return missing_for_nominal(simulation, own, records or RecordsKept())  # type: ignore[arg-type]


SCENARIO_DICTIONARY = flight_with().ground.dictionary


def test_nothing_is_missing_when_all_is_well(well) -> None:
    assert missing(well) == []


def test_a_computer_that_is_off() -> None:
    assert missing(None) == ["the computer is off"]


def test_mode_rung_modules_and_queues(well) -> None:
    well.bus.mode, well.bus.rung = SAFE, 2
    well.slots[3].state = State.ISOLATED
    well.boxes["events.occurrences"].items = [0] * 65
    well.tickets.pending = dict.fromkeys(range(9))
    found = missing(well)
    assert found == [
        f"mode {SAFE}",
        "rung 2",
        f"{well.slots[3].name} isolated",
        "65 items in events.occurrences",
        "9 tickets",
    ]


def test_a_row_of_the_fault_table_that_is_bad(well, monkeypatch) -> None:
    faults = next(slot.module for slot in well.slots if slot.name == "faults")
    monkeypatch.setattr(faults.rows[0], "active", True)
    assert missing(well) == [f"fault {faults.rows[0].fault.name}"]


def test_records_that_storage_has_and_the_ground_has_not(well) -> None:
    records = RecordsKept()
    records.acknowledged[0] = _interval(0, 500)
    ground = Ground(SCENARIO_DICTIONARY)
    assert missing(well, ground, records) == ["records 0 to 300 of store 0 never came"]
    ground.coverage[0].received.add_range(0, 250)
    assert missing(well, ground, records) == ["records 251 to 300 of store 0 never came"]
    ground.coverage[0].absent.add_range(251, 300)
    assert missing(well, ground, records) == []


def _interval(first: int, last: int):
    from ground.gaps import IntervalSet

    made = IntervalSet()
    made.add_range(first, last)
    return made


def test_a_command_that_waits(well) -> None:
    ground = Ground(SCENARIO_DICTIONARY)
    ground.use_keys(memory_keys(1))
    ground.command("commands.nothing", {}, 0)
    assert missing(well, ground) == ["1 commands queued"]


def test_the_operator_wants_nothing_when_all_is_well(well) -> None:
    assert list(wanted(well)) == []


def test_the_operator_revives_switches_on_and_leaves_safe_mode(well, monkeypatch) -> None:
    well.bus.mode = SAFE
    well.slots[3].state = State.ISOLATED
    power = next(slot.module for slot in well.slots if slot.name == "power")
    monkeypatch.setattr(power.kept, "switched_off", 1 << 4)
    labels = [label for label, _ in wanted(well)]
    assert labels == ["executive.revive", "power.switch", "modes.go"]
    well.bus.charge = 0.3
    assert [label for label, _ in wanted(well)] == ["executive.revive", "power.switch"]
