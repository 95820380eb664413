"""Plans that came down: the newest, one more job beside them, and planned again."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest

from flight.jobs import Fault, Manifest, Redundancy
from flight.planning import Binding, Decision, Plan, PlanRecord, planned, record_octets
from ground.jobs.forecasting import (
    NewestPlan,
    NoPlanError,
    decision_words,
    newest_record,
    replay,
    what_if,
)
from ground.protocol import NS
from sim.orbsched import Size, generate
from sim.orbsched.closed_loop import whole_problem
from tests.flight.jobs.made import MANIFEST

FIRST_NS, UTC_0_S = 86_400 * NS, 1_800_000_000
SMALL = Size(orbits=2, jobs=8, work_slots=(3, 15))


@functools.cache
def record(name: str = "mixed") -> PlanRecord:
    problem = whole_problem(generate(name, 3, SMALL))
    return planned(PlanRecord(problem, 10_000, 5, (), FIRST_NS, UTC_0_S))


def plan_of(one: PlanRecord) -> Plan:
    assert one.plan is not None
    return one.plan


def newest(one: PlanRecord, age_s: int = 0) -> NewestPlan:
    return NewestPlan("plans/0003.plan", one, one.utc_0_s, one.slot_0_ns + age_s * NS)


def easy(**changes: object) -> Manifest:
    """Needs next to nothing, and is worth a lot."""
    told: dict[str, object] = {
        "release_utc_s": 0,
        "deadline_utc_s": 0,
        "work_s": 60,
        "value": 1000,
        "redundancy": Redundancy.NONE,
        "anomaly_allowed": True,
        "outputs": (replace(MANIFEST.outputs[0], size_most=1),),
        "resources": replace(MANIFEST.resources, memory_mb=1),
        "levels": (replace(MANIFEST.levels[0], power_w=0.5),),
    }
    return replace(MANIFEST, **{**told, **changes})  # type: ignore[arg-type]


def test_the_newest_is_that_with_the_newest_slot_whatever_its_name():
    old, new = record(), replace(record(), slot_0_ns=FIRST_NS + NS)
    files = {
        "plans/0001.plan": record_octets(new),
        "plans/0016.plan": record_octets(old),
        "plans/0017.plan": record_octets(replace(new, plan=None)),
        "plans/0018.plan": b"nonsense",
    }
    assert newest_record(files.__getitem__, list(files)) == ("plans/0001.plan", new)


def test_no_plan_says_what_it_has_looked_at():
    with pytest.raises(NoPlanError, match="^no plan has come down yet: `command jobs.plan` asks for one$"):
        newest_record(lambda _: b"", [])
    with pytest.raises(NoPlanError, match="one; plans/1: plan record"):
        newest_record(lambda _: b"nonsense", ["plans/1"])


def test_one_more_job_is_planned_beside_the_others():
    found = what_if(newest(record()), easy(), octets=1000)
    assert found.name == "acme/demo/7"
    assert found.decision.planned
    assert found.decision.first >= found.arrives
    assert len(plan_of(found.made).decisions) == len(plan_of(record()).decisions) + 1
    contact = record().problem.forecast.contact_mb
    assert found.arrives_by_pass
    assert contact[found.arrives - 1] > 0.0  # a slot for going up
    assert plan_of(found.made).value >= plan_of(record()).value + 1000 - sum(
        job.value for job in record().problem.jobs if job.name in found.displaced
    )


def test_it_cannot_run_before_now_nor_before_it_is_there():
    for age_s in (0, 60 * 40, 60 * 100):
        before = newest(record(), age_s)
        found = what_if(before, easy(), octets=1)
        assert before.slot_now == age_s // 60
        assert found.arrives > before.slot_now
        assert found.decision.first >= found.arrives
    big = what_if(newest(record()), easy(), octets=9600 // 8 * 60 * 5)
    assert big.arrives == what_if(newest(record()), easy(), octets=1).arrives + 4


def test_without_a_pass_to_come_it_goes_up_now():
    forecast = record().problem.forecast
    dark = replace(forecast, contact_mb=(0.0,) * len(forecast.contact_mb))
    one = planned(replace(record(), problem=replace(record().problem, forecast=dark), plan=None))
    found = what_if(newest(one, 600), easy(), octets=1)
    assert (found.arrives_by_pass, found.arrives) == (False, 11)
    assert not found.decision.planned
    assert found.decision.binding is Binding.DOWNLINK


def test_what_it_would_push_out_is_told():
    """One lane, full of a job: a better one takes its place."""
    problem = record().problem
    slots, hog = problem.slots, problem.jobs[0]
    level = replace(hog.levels[0], power_w=1.0, speed_milli=1000)
    hog = replace(
        hog,
        name="acme/hog/1",
        levels=(level,),
        work_milli=1000 * (slots - 1),
        release=0,
        deadline=slots,
        anomaly_allowed=True,
        output_mb=0.0,
        preemptible=True,
        value=1,
        memory_mb=1,
        resume_milli=0,
    )
    full = replace(problem, limits=replace(problem.limits, lanes=1), jobs=(hog,))
    one = planned(replace(record(), problem=full, previous=(), plan=None))
    assert len(plan_of(one).placements) == 1
    found = what_if(newest(one), easy(work_s=60 * 20), octets=1)
    assert found.decision.planned
    assert found.displaced == ("acme/hog/1",)


def test_a_plan_that_has_run_out_answers_nothing():
    before = newest(record(), record().problem.slots * 60)
    with pytest.raises(NoPlanError, match="has run out"):
        what_if(before, easy(), octets=1)


def test_utc_is_needed_for_a_deadline_alone():
    unknown = replace(newest(record()), utc_0_s=0)
    assert what_if(unknown, easy(), octets=1).decision.planned
    with pytest.raises(NoPlanError, match="clock is not known"):
        what_if(unknown, easy(deadline_utc_s=UTC_0_S + 7200), octets=1)


def test_a_deadline_is_that_of_the_spacecrafts_clock():
    late = what_if(newest(record()), easy(deadline_utc_s=UTC_0_S + 60), octets=1)
    assert not late.decision.planned
    assert late.decision.binding is Binding.DEADLINE


@pytest.mark.parametrize("change", [None, "value", "seed"])
def test_replay(change: str | None):
    one = record()
    if change == "value":
        one = replace(one, plan=replace(plan_of(one), value=plan_of(one).value + 1))
    elif change == "seed":
        one = replace(one, steps=0)
    found = replay(record_octets(one))
    assert not isinstance(found, Fault)
    assert found.same is (change is None)
    assert isinstance(replay(b"nonsense"), Fault)
    without = replay(record_octets(replace(one, plan=None)))
    assert not isinstance(without, Fault)
    assert not without.same


def test_age():
    assert newest(record(), 90).age_s == 90
    assert replace(newest(record()), mission_ns=None).age_s is None
    assert replace(newest(record()), mission_ns=None).slot_now == 0


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        (Decision(0, True, 3, 9, Binding.NONE, 3, 0), "<3> to <9>, as soon as it may"),
        (Decision(0, True, 3, 9, Binding.ENERGY, 1, 0), "<3> to <9>, waits for energy"),
        (
            Decision(0, False, -1, -1, Binding.DOWNLINK, 7, 2),
            "not planned: downlink volume of pass 2, at <7>",
        ),
        (Decision(0, False, -1, -1, Binding.WORTH, -1, 0), "not planned: other jobs are worth more"),
    ],
)
def test_words(decision: Decision, says: str):
    assert decision_words(decision, lambda slot: f"<{slot}>") == says
