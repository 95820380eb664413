"""The judge of schedules: each rule is broken once, and what earns is counted by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.orbsched import Battery, Instance, Job, Level, Radiator, Trust, World
from sim.orbsched.check import Rule, Run, Schedule, Sent, check, deliver, finished_at

SLOTS = 10
JOB = Job("a", (Level(30.0, 1000), Level(12.0, 500)), 3000, 1, 8, 50, True, 1000, False, 4000, 20.0)
WORLD = World(
    harvest_w=(0.0,) * 5 + (200.0,) * 5,
    base_w=(40.0,) * SLOTS,
    sink_c=(0.0,) * SLOTS,
    anomaly=(False,) * 6 + (True,) + (False,) * 3,
    contact_mb=(0.0,) * 8 + (12.0, 12.0),
    resistance_k_w=0.5,
)
PLAIN = Instance(
    "plain",
    60,
    1,
    6000,
    Battery(20.0, 5.0, 12.0, 0.9, 0.9),
    Radiator(0.9, 60.0, 20.0),
    Trust(0.75, 1.3),
    WORLD,
    WORLD,
    (JOB, replace(JOB, name="b", preemptible=False, resume_milli=0, anomaly_allowed=True)),
)


def rules(runs: tuple[Run, ...], sent: tuple[Sent, ...] = (), instance: Instance = PLAIN) -> set[Rule]:
    return {one.rule for one in check(instance, Schedule(runs, sent)).violations}


def run(job: int, *slots: int, level: int = 0) -> tuple[Run, ...]:
    return tuple(Run(slot, job, level) for slot in slots)


GOOD = run(0, 1, 2, 3)
DOWN = (Sent(8, 0, 12.0), Sent(9, 0, 8.0))


def test_a_job_in_time_and_down_earns_its_value():
    verdict = check(PLAIN, Schedule(GOOD, DOWN))
    assert (verdict.violations, verdict.value, verdict.finished) == ([], 50, {0: 4})


@pytest.mark.parametrize(
    ("runs", "sent", "rule"),
    [
        (run(0, 0, 1, 2), (), Rule.RELEASE),
        (run(0, 5, 6, 7), (), Rule.ANOMALY),
        (run(0, 1) + run(1, 1), (), Rule.LANES),
        (run(0, 1) + run(0, 1, level=1), (), Rule.TWICE),
        (run(0, 1, level=2), (), Rule.UNKNOWN),
        (run(0, SLOTS), (), Rule.UNKNOWN),
        (GOOD, (Sent(3, 0, 1.0),), Rule.SENT_EARLY),
        (GOOD, (Sent(8, 0, 13.0),), Rule.CONTACT),
        (GOOD, (*DOWN, Sent(9, 0, 1.0)), Rule.SENT_TOO_MUCH),
        (GOOD, (Sent(8, 0, -1.0),), Rule.UNKNOWN),
    ],
)
def test_each_rule_is_enforced(runs: tuple[Run, ...], sent: tuple[Sent, ...], rule: Rule):
    assert rule in rules(runs, sent)


def test_memory_is_shared():
    wide = replace(PLAIN, lanes=2)
    assert rules(run(0, 1) + run(1, 1), instance=wide) == {Rule.MEMORY}


def test_nothing_runs_through_a_reset():
    assert rules(GOOD, instance=replace(PLAIN, truth=replace(WORLD, resets=(2,)))) == {Rule.RESET}


def test_energy_is_spent_through_the_discharge_efficiency():
    # Eclipse: 5 slots of 40 W and 3 of 30 W are 4.83 Wh, 5.37 Wh out of the battery.
    enough = replace(PLAIN, battery=replace(PLAIN.battery, start_wh=10.371))
    short = replace(PLAIN, battery=replace(PLAIN.battery, start_wh=10.370))
    assert rules(GOOD, instance=enough) == set()
    assert rules(GOOD, instance=short) == {Rule.ENERGY}


def test_a_full_battery_takes_no_more():
    full = replace(PLAIN.battery, start_wh=19.0, capacity_wh=19.0, floor_wh=15.30)
    late = replace(WORLD, harvest_w=(200.0,) * 5 + (0.0,) * 5)
    assert rules((), instance=replace(PLAIN, battery=full, truth=late)) == {Rule.ENERGY}


def test_temperature_follows_the_power():
    # 0.9 T + 0.1 * 0.5 * 70 from slot 1 on: 20, 20, 21.5, 22.85, 24.065
    assert rules(GOOD, instance=replace(PLAIN, radiator=replace(PLAIN.radiator, limit_c=24.066))) == set()
    hot = replace(PLAIN, radiator=replace(PLAIN.radiator, limit_c=24.064))
    assert rules(GOOD, instance=hot) == {Rule.THERMAL}


def test_a_stop_costs_a_preemptible_job_its_resume_and_any_other_its_work():
    keeps, loses = PLAIN.jobs
    assert finished_at(keeps, dict.fromkeys((1, 3, 4), 1000)) is None
    assert finished_at(keeps, dict.fromkeys((1, 3, 4, 5), 1000)) == 6
    assert finished_at(loses, dict.fromkeys((1, 3, 4), 1000)) is None
    assert finished_at(loses, dict.fromkeys((1, 3, 4, 5), 1000)) == 6
    assert finished_at(loses, dict.fromkeys((1, 2, 4, 5), 1000)) is None
    assert finished_at(keeps, dict.fromkeys(range(6), 500)) == 6


def test_a_late_or_half_sent_result_pays_nothing_and_breaks_nothing():
    late = run(1, 6, 7, 8)
    assert check(PLAIN, Schedule(late, (Sent(9, 1, 12.0),))).value == 0
    half = check(PLAIN, Schedule(GOOD, DOWN[:1]))
    assert (half.value, half.violations) == (0, [])


def test_deliver_leaves_out_what_cannot_come_down_whole():
    both = replace(PLAIN, jobs=(JOB, replace(JOB, name="b", value=60, preemptible=True)))
    verdict = check(both, deliver(both, GOOD + run(1, 4, 5, 7) + run(1, 6)))
    assert (verdict.delivered, verdict.value) == ({1}, 60)
    wide = replace(both, truth=replace(WORLD, contact_mb=(0.0,) * 8 + (20.0, 20.0), anomaly=(False,) * SLOTS))
    verdict = check(wide, deliver(wide, GOOD + run(1, 4, 5, 6)))
    assert (verdict.delivered, verdict.value) == ({0, 1}, 110)
