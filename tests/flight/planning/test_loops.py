"""Several cooling loops: each is held to the limit with its own boards, and a plan uses them all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flight.planning import Binding, Job, Level, Problem, Request, State, admit, envelope, plan
from flight.planning.timeline import Timeline
from tests.flight.planning.test_plan import FORECAST, JOB, LIMITS, SLOTS

LOOPS = replace(LIMITS, lanes=2, loops=(1, 1), limit_c=40.0)
TOLD = replace(FORECAST, harvest_w=(400.0,) * SLOTS, nominal_harvest_w=(400.0,) * SLOTS)
HOT = replace(
    JOB, levels=(Level(50.0, 1000), Level(20.0, 500)), anomaly_allowed=True, deadline=SLOTS, output_mb=0.0
)


def problem(*jobs: Job, loops_c: tuple[float, ...] = (20.0, 20.0), **changed: object) -> Problem:
    limits = replace(LOOPS, **changed)  # type: ignore[arg-type]
    return Problem(limits, TOLD, State(95.0, loops_c, 0.0), jobs)


def verdicts(loops_c: tuple[float, ...], *requests: Request, **changed: object) -> list[tuple[int, Binding]]:
    limits = replace(LOOPS, **changed)  # type: ignore[arg-type]
    survives = envelope(limits, TOLD)
    found = admit(limits, TOLD, survives, 5, (95.0, loops_c), (HOT, HOT, HOT), requests)
    return [(one.level, one.binding) for one in found]


def test_a_hot_loop_refuses_and_a_cool_one_does_not():
    warmed = 0.1 * (10.0 + 1.25 * 0.3 * (40.0 + 50.0))
    edge = (40.0 - warmed) / 0.9
    both = (Request(0, 0, 0), Request(1, 0, 1))
    assert verdicts((edge - 1e-9, edge - 1e-9), *both) == [(0, Binding.NONE)] * 2
    assert verdicts((edge + 1e-6, edge - 1e-9), *both) == [(1, Binding.NONE), (0, Binding.NONE)]
    assert verdicts((45.0, 20.0), *both) == [(-1, Binding.TEMPERATURE), (0, Binding.NONE)]


def test_what_follows_the_watts_quickly_is_kept_free():
    warmed = 0.1 * (10.0 + 1.25 * 0.3 * (40.0 + 50.0)) + 0.02 * (40.0 + 50.0)
    edge = (40.0 - warmed) / 0.9
    assert verdicts((edge - 1e-9, 20.0), Request(0, 0, 0), quick_k_w=0.02) == [(0, Binding.NONE)]
    assert verdicts((edge + 1e-6, 20.0), Request(0, 0, 0), quick_k_w=0.02) == [(1, Binding.NONE)]


def test_a_loop_has_no_more_boards_than_it_has():
    asked = (Request(0, 1, 0), Request(1, 1, 0), Request(2, 1, 1))
    assert verdicts((10.0, 10.0), *asked) == [(1, Binding.NONE), (-1, Binding.LANES), (1, Binding.NONE)]
    assert verdicts((10.0, 10.0), Request(0, 1, 2), Request(1, 1, -1)) == [(-1, Binding.UNKNOWN)] * 2


def test_a_plan_uses_both_loops_and_the_cooler_one_first():
    made = plan(problem(HOT, replace(HOT, name="b"), loops_c=(30.0, 15.0)), steps=5_000, early=True)
    assert sorted(one.loop for one in made.placements) == [0, 1]
    alone = plan(problem(HOT, loops_c=(30.0, 15.0)), steps=0)
    assert [one.loop for one in alone.placements] == [1]


def test_what_runs_stays_on_its_loop():
    there = replace(HOT, running=True, loop=1)
    made = plan(problem(there, loops_c=(15.0, 30.0)), steps=2_000)
    assert [one.loop for one in made.placements] == [1]
    moved = replace(plan(problem(HOT, loops_c=(15.0, 30.0)), steps=0).placements[0], loop=0)
    again = plan(problem(there, loops_c=(15.0, 30.0)), steps=0, previous=(moved,))
    assert [one.loop for one in again.placements] == [1]


def test_a_loop_without_boards_gets_nothing():
    made = plan(problem(HOT, replace(HOT, name="b"), lanes=1, loops=(0, 1)), steps=3_000)
    assert {one.loop for one in made.placements} == {1}


def test_a_refusal_looks_at_every_loop():
    assert plan(problem(HOT, loops_c=(45.0, 20.0)), steps=0).decisions[0].planned
    late = replace(HOT, levels=(Level(400.0, 1000),))
    assert plan(problem(late), steps=0).decisions[0].binding is Binding.TEMPERATURE


@pytest.mark.parametrize("seed", range(6))
def test_what_is_planned_the_guard_admits_slot_by_slot(seed: int):
    """With the forecast right: energy and each loop run forward as the plan expects, and nothing is turned down."""
    jobs = tuple(
        replace(
            HOT,
            name=f"j{number}",
            work_milli=3000 + 700 * number,
            value=5 + number % 3,
            preemptible=number % 4 > 0,
        )
        for number in range(14)
    )
    told = problem(*jobs, loops_c=(33.0, 12.0), quick_k_w=0.03, limit_c=36.0)
    made = plan(told, steps=40_000, seed=seed, early=True)
    limits, timeline, survives = told.limits, Timeline.empty(told), envelope(told.limits, TOLD)
    for one in made.placements:
        timeline.put(one)
    timeline.settle()
    assert timeline.heat_c == list(made.temperature_c)
    jobs_now = [replace(job, release=0) for job in jobs]
    asked_ever, loops_c = 0, list(told.state.loops_c)
    for slot in range(SLOTS):
        asked = [Request(one.job, one.level, one.loop) for one in made.placements if slot in one.slots]
        measured = (made.energy_wh[slot], tuple(loops_c))
        found = admit(limits, TOLD, survives, slot, measured, jobs_now, asked)
        assert all(verdict.level == verdict.request.level for verdict in found), slot
        asked_ever += len(asked)
        for loop in range(2):
            watts = 40.0 + sum(jobs[one.job].levels[one.level].power_w for one in asked if one.loop == loop)
            loops_c[loop] = limits.decay * loops_c[loop] + (1.0 - limits.decay) * (10.0 + 0.3 * watts)
        assert max(loops_c) == pytest.approx(made.temperature_c[slot + 1])
    assert asked_ever > 40
    assert {one.loop for one in made.placements} == {0, 1}
