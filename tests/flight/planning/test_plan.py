"""Plans: feasible, bounded, explained, and the same bit for bit when made again."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest

from flight.planning import Binding, Forecast, Job, Level, Limits, Placement, Problem, State, plan
from flight.planning.correction import Correction, Measured, apply, corrected
from flight.planning.fallback import greedy
from flight.planning.search import Chance
from flight.planning.timeline import Timeline
from sim.orbsched import CLASSES, DAY, Size, generate
from sim.orbsched.check import Run, check, deliver
from sim.orbsched.closed_loop import whole_problem

SMALL = Size(orbits=2, jobs=12, work_slots=(3, 15))
LIMITS = Limits(60, 1, 8000, 100.0, 70.0, 0.9, 0.9, 0.9, 50.0, 0.8, 1.25)
JOB = Job("a", (Level(60.0, 1000),), 5000, 0, 40, 10, True, 1000, True, 3000, 5.0)
SLOTS = 40
FORECAST = Forecast(
    (150.0,) * SLOTS,
    (40.0,) * SLOTS,
    (10.0,) * SLOTS,
    (False,) * 10 + (True,) * 5 + (False,) * 25,
    (0.0,) * 20 + (6.0,) * 2 + (0.0,) * 13 + (6.0,) * 5,
    0.3,
    (150.0,) * SLOTS,
    0.3,
)


def problem(*jobs: Job, **changed) -> Problem:
    state = State(
        changed.pop("energy_wh", 90.0), (changed.pop("temperature_c", 20.0),), changed.pop("waiting_mb", 0.0)
    )
    return Problem(replace(LIMITS, **changed.pop("limits", {})), replace(FORECAST, **changed), state, jobs)


@pytest.mark.parametrize("name", CLASSES)
def test_plans_hold_every_rule(name: str):
    instance = generate(name, 11, SMALL)
    found = plan(whole_problem(instance, true=True), steps=60_000)
    runs = tuple(Run(slot, one.job, one.level) for one in found.placements for slot in one.slots)
    verdict = check(instance, deliver(instance, runs))
    assert verdict.violations == []
    assert verdict.value == found.value > 0


def test_a_plan_is_the_same_when_made_again_and_another_with_another_seed():
    told = whole_problem(generate("mixed", 4, SMALL))
    first = plan(told, steps=60_000)
    assert plan(told, steps=60_000) == first
    assert plan(told, steps=60_000, seed=2).placements != first.placements


@pytest.mark.slow
def test_steps_bound_the_work_and_buy_value():
    told = whole_problem(generate("mixed", 4))
    none, some = plan(told, steps=0), plan(told, steps=150_000)
    assert none.steps < 200_000
    assert some.steps < 300_000
    assert some.value > none.value > 0


def test_the_plan_before_is_kept_where_nothing_better_is_found():
    told = whole_problem(generate("energy", 4, SMALL))
    first = plan(told, steps=100_000)
    assert plan(told, steps=0, previous=first.placements).value >= first.value


def test_jobs_in_the_way_are_explained():
    early = replace(JOB, value=1000, deadline=5)
    late = replace(JOB, name="b", deadline=8)
    found = plan(problem(early, late), steps=2000)
    assert [(one.planned, one.binding) for one in found.decisions] == [
        (True, Binding.NONE),
        (False, Binding.LANES),
    ]


@pytest.mark.parametrize(
    ("job", "changed", "binding"),
    [
        (replace(JOB, deadline=4), {}, Binding.DEADLINE),
        (replace(JOB, output_mb=43.0), {}, Binding.DOWNLINK),
        (replace(JOB, memory_mb=9000), {}, Binding.MEMORY),
        (
            JOB,
            {"energy_wh": 70.2, "harvest_w": (0.0,) * SLOTS, "nominal_harvest_w": (0.0,) * SLOTS},
            Binding.ENERGY,
        ),
        (JOB, {"nominal_resistance_k_w": 5.0}, Binding.TEMPERATURE),
        (
            replace(JOB, anomaly_allowed=False, release=9, deadline=16, preemptible=False),
            {},
            Binding.ANOMALY,
        ),
    ],
)
def test_a_refusal_names_what_refused(job: Job, changed: dict[str, object], binding: Binding):
    (decision,) = plan(problem(job, **changed), steps=2000).decisions
    assert (decision.planned, decision.binding) == (False, binding)
    assert binding.value in decision.words("a")


def test_nothing_is_planned_through_a_quiet_slot():
    (one,) = plan(problem(replace(JOB, preemptible=False), quiet=frozenset({3})), steps=0).placements
    assert one.slots[0] > 3
    busy = problem(replace(JOB, preemptible=False, deadline=6), quiet=frozenset({3}))
    assert plan(busy, steps=0).decisions[0].binding is Binding.QUIET


def test_what_would_be_spilled_is_free():
    sun = (150.0,) * 15 + (0.0,) * 25
    # The eclipse takes 18.52 Wh of a full battery and the floor is 18.6 Wh below: there is nothing else to spend.
    told = problem(
        replace(JOB, levels=(Level(200.0, 1000),), work_milli=2000),
        energy_wh=100.0,
        limits={"floor_wh": 81.4},
        harvest_w=sun,
        nominal_harvest_w=sun,
        contact_mb=(1.0,) * SLOTS,
    )
    (one,) = plan(told, steps=0).placements
    assert max(one.slots) < 12


def test_a_missing_pass_is_named():
    (decision,) = plan(problem(replace(JOB, release=30, deadline=40, output_mb=31.0)), steps=0).decisions
    assert decision.words("a") == "a: not planned: downlink volume of pass 2, slot 35"


def test_waiting_results_come_down_first():
    fits = replace(JOB, output_mb=40.0)
    assert plan(problem(fits), steps=0).value == 10
    assert plan(problem(fits, waiting_mb=3.0), steps=0).value == 0


def test_a_job_is_paused_through_the_anomaly_and_pays_for_it():
    (one,) = plan(problem(replace(JOB, release=8, anomaly_allowed=False)), steps=0).placements
    runs = len(one.slots)
    assert not set(one.slots) & set(range(10, 15))
    assert runs == (5 if one.slots[0] >= 15 else 6)


def test_what_cannot_stop_goes_on_where_it_is():
    held = replace(JOB, preemptible=False, done_milli=3000, running=True)
    (one,) = plan(problem(held), steps=0).placements
    assert (one.slots, one.finish) == ((0, 1), 2)
    stopped = replace(held, running=False)
    (one,) = plan(problem(stopped), steps=0).placements
    assert len(one.slots) == 5


def test_a_walk_says_exactly_what_a_new_simulation_says():
    instance = generate("mixed", 12, SMALL)
    timeline = Timeline.empty(whole_problem(instance))
    chance, placed = Chance(12345), 0
    for _ in range(60):
        index = chance.below(12)
        job = timeline.problem.jobs[index]
        if index in timeline.placed:
            timeline.take(index)
            timeline.settle()
            continue
        first = job.release + chance.below(job.deadline - job.release)
        if found := timeline.walk(index, 0, first, None):
            assert not timeline.hopeless(job, 0, timeline.loops[0])
            timeline.put(found)
            timeline.settle()
            placed += 1
            assert min(timeline.bears_wh) >= -1e-6
            assert min(timeline.bears_k) >= -1e-6
    assert placed > 5


def anew(timeline: Timeline) -> Timeline:
    """The same loads, worked out from the first slot on."""
    fresh = deepcopy(timeline)
    fresh.changed = 0
    fresh.bears_wh = [float("nan")] * len(timeline.bears_wh)
    fresh.settle()
    return fresh


@pytest.mark.parametrize("seed", range(3))
def test_what_is_settled_behind_a_change_is_what_all_slots_anew_give(seed):
    timeline = Timeline.empty(whole_problem(generate("mixed", seed, SMALL)))
    chance = Chance(seed + 1)
    for _ in range(40):
        index = chance.below(len(timeline.problem.jobs))
        job = timeline.problem.jobs[index]
        if index in timeline.placed:
            timeline.take(index)
        elif found := timeline.walk(index, 0, job.release + chance.below(job.deadline - job.release), None):
            timeline.put(found)
        timeline.settle()
        fresh = anew(timeline)
        assert timeline.energy_wh == fresh.energy_wh
        assert timeline.heat_c == fresh.heat_c
        assert (timeline.bears_wh, timeline.bears_k) == (fresh.bears_wh, fresh.bears_k)
        assert timeline.down_room_mb == fresh.down_room_mb


def test_an_empty_problem_is_planned():
    assert plan(problem(), steps=1000).placements == ()


def test_a_previous_placement_that_no_longer_fits_is_dropped():
    old = Placement(0, 0, (0, 1, 2, 3, 4), 5)
    found = plan(problem(replace(JOB, release=20)), steps=0, previous=(old,))
    assert found.placements[0].slots[0] >= 20


def test_the_fall_back_asks_for_what_can_still_be_done_dearest_first():
    cheap, dear = replace(JOB, value=1), replace(JOB, value=99)
    late, future = replace(JOB, deadline=4), replace(JOB, release=1)
    held = replace(JOB, preemptible=False, running=True, done_milli=1000)
    too_big = replace(JOB, output_mb=50.0)
    asked = greedy(problem(cheap, dear, late, future, held, too_big))
    assert [one.job for one in asked] == [4, 1, 0]


def test_the_fall_back_is_as_slow_as_the_deadline_allows():
    levels = (Level(60.0, 1000), Level(20.0, 500))
    relaxed, hurried = replace(JOB, levels=levels), replace(JOB, levels=levels, deadline=6)
    assert [one.level for one in greedy(problem(relaxed, hurried))] == [1, 0]


def test_a_correction_learns_and_ignores_broken_sensors():
    found = Correction()
    for _ in range(20):
        heated = 0.9 * 20.0 + 0.1 * (10.0 + 1.2 * 0.3 * 100.0)
        found = corrected(found, LIMITS, FORECAST, Measured(0, 120.0, 100.0, 20.0, heated))
    assert found.harvest == pytest.approx(0.8, abs=1e-3)
    assert found.resistance == pytest.approx(1.2, abs=1e-3)
    told = apply(found, FORECAST)
    assert told.harvest_w[0] == pytest.approx(120.0, abs=0.2)
    assert told.nominal_harvest_w == FORECAST.nominal_harvest_w
    nothing = corrected(found, LIMITS, FORECAST, Measured(0, float("nan"), 100.0, 20.0, float("inf")))
    assert nothing == found


@pytest.mark.long
def test_a_day_of_a_thousand_jobs_is_planned_within_its_steps():
    told = whole_problem(generate("mixed", 0, DAY))
    found = plan(told, steps=0)
    assert found.steps < 6_000_000
    assert len(found.placements) > 100
