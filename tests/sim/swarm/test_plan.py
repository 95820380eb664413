"""What a seed draws: the same each time, of every kind there is, and nothing that lasts into the quiet."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from flight.app import load_mission
from sim.fault_kinds import KINDS, NAMED
from sim.payload.faults import JOB_TARGETS
from sim.scenario import load_scenario
from sim.swarm.job_plan import LESS_SUN_AT_S
from sim.swarm.orders import KINDS as ORDERS
from sim.swarm.plan import FEATURES, LEAN_CHARGE, Plan, draw_plan, is_lean, start_of
from sim.swarm.seed import scenario_of

SCENARIO = load_scenario("reference")
MISSION = load_mission("pathfinder")
QUIET_S = 17_000
PASSES = [(800.0, 1400.0), (3800.0, 4400.0), (16_900.0, 17_300.0)]


def plan_of(seed: int) -> Plan:
    return draw_plan(seed, SCENARIO, MISSION, QUIET_S, PASSES)


PLANS = [plan_of(seed) for seed in range(300)]


def test_a_seed_is_its_plan() -> None:
    assert plan_of(7) == PLANS[7]
    assert len({plan.faults for plan in PLANS}) > 200


def test_every_kind_of_fault_and_of_command_is_drawn() -> None:
    drawn = {(fault.target, fault.kind) for plan in PLANS for fault in plan.faults}
    targets = set(KINDS) - ({*JOB_TARGETS, "disk.jobs"} if MISSION.planning is None else set())
    assert {(target, kind) for target in targets for kind in KINDS[target]} - drawn == set()
    assert {order.kind for plan in PLANS for order in plan.orders} == set(ORDERS)


def test_no_fault_lasts_into_the_quiet() -> None:
    for plan in PLANS:
        assert all(0 < fault.at_s < QUIET_S for fault in plan.faults)
        assert all(fault.at_s + fault.duration_s <= QUIET_S for fault in plan.faults)
        assert all(0 < order.at_s < QUIET_S for order in plan.orders)
        assert list(plan.faults) == sorted(plan.faults, key=lambda fault: fault.at_s)


def test_what_is_struck_exists() -> None:
    form = SCENARIO.spacecraft
    names = {
        "sensor": {sensor.name for sensor in MISSION.sensors},
        "rail": {rail.name for rail in form.rails},
        "heater": {heater.name for heater in form.heaters},
        "station": {station.name for station in SCENARIO.stations},
        "module": {row.name for row in MISSION.rows},
    }
    for plan in PLANS:
        names["job"] = {job.label for job in plan.jobs}
        for fault in plan.faults:
            assert fault.name in names[fault.target] if fault.target in NAMED else fault.name == ""


def test_seeds_differ_in_how_much_and_in_what_goes_wrong() -> None:
    """Swarm testing: what is left out lets other things happen."""
    kinds = [len({(fault.target, fault.kind) for fault in plan.faults}) for plan in PLANS]
    assert min(kinds) <= 1
    assert max(kinds) >= len(FEATURES) / 3
    orders = Counter(len({order.kind for order in plan.orders}) for plan in PLANS)
    assert len(orders) > 5


def test_half_of_the_faults_come_in_a_pass() -> None:
    """Passes are 7 % of the time here."""
    within = [
        any(start <= fault.at_s <= end for start, end in PASSES[:2])
        for plan in PLANS
        for fault in plan.faults
    ]
    assert 0.35 < sum(within) / len(within) < 0.7


def test_a_new_kind_does_not_reshuffle_the_others(monkeypatch) -> None:
    monkeypatch.setattr("sim.swarm.plan.FEATURES", {"new": FEATURES["disk full"], **FEATURES})
    for seed in range(20):
        assert set(PLANS[seed].faults) <= set(plan_of(seed).faults)


def test_some_seeds_have_more_work_than_energy() -> None:
    lean = [plan for plan in PLANS if is_lean(plan.seed)]
    assert 0.1 < len(lean) / len(PLANS) < 0.2
    for plan in lean:
        assert sum(job.work_s for job in plan.jobs) > QUIET_S, "one board has enough until the quiet"
        assert all([level.power_w for level in job.levels] == [25.0] for job in plan.jobs)
        early = [fault for fault in plan.faults if (fault.target, fault.at_s) == ("array", LESS_SUN_AT_S)]
        assert [fault.at_s + fault.duration_s for fault in early] == [QUIET_S]
        assert LEAN_CHARGE[0] <= plan.charge <= LEAN_CHARGE[1]


@pytest.mark.parametrize("seed", range(5))
def test_a_seed_has_a_start_of_its_own_and_nothing_of_the_files_faults(seed) -> None:
    hours, charge = start_of(seed)
    own = scenario_of(SCENARIO, seed)
    assert own == replace(
        SCENARIO,
        epoch=SCENARIO.epoch + timedelta(hours=hours),
        initial_charge=charge,
        seed=seed,
        faults=(),
        commands=(),
        files=(),
        tenants=(),
        jobs=(),
    )
    assert 0.6 <= charge <= 1.0
    assert len({start_of(other) for other in range(10)}) == 10
