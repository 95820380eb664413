"""The bound is above everything, and holds whatever multipliers prove it."""

from __future__ import annotations

import numpy as np
import pytest

from flight.planning import plan
from sim.orbsched import Size, generate
from sim.orbsched.best import Known, searched
from sim.orbsched.bound import build, certified, optimum, solver, upper_bound
from sim.orbsched.check import Run, check, deliver
from sim.orbsched.closed_loop import whole_problem

pytest.importorskip("highspy")
SMALL = Size(orbits=1, jobs=8, work_slots=(3, 12))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["energy", "bad-forecast"])
def test_no_schedule_is_worth_more_than_the_bound(name: str):
    instance = generate(name, 3, SMALL)
    bound = upper_bound(instance)
    found = optimum(instance, seconds=20.0)
    verdict = check(instance, found.schedule)
    assert verdict.violations == []
    assert verdict.value == found.value <= bound + 1e-6
    ours = check(instance, searched(instance, 60_000, 1))
    assert ours.violations == []
    assert 0.8 * found.value <= ours.value <= bound + 1e-6
    assert ours.value <= found.bound + 1e-6


@pytest.mark.slow
def test_any_multipliers_prove_a_bound():
    instance = generate("mixed", 5, SMALL)
    model = build(instance)
    best = certified(model, solver_duals(instance))
    rng = np.random.default_rng(1)
    for _ in range(5):
        wrong = solver_duals(instance) + 0.1 * rng.standard_normal(len(model.low))
        assert certified(model, wrong) >= best - 1e-6
    assert certified(model, np.zeros(len(model.low))) == pytest.approx(
        sum(job.value for job in instance.jobs)
    )


def solver_duals(instance):
    highs = solver(build(instance), relaxed=True, seconds=20.0)
    highs.run()
    return np.array(highs.getSolution().row_dual)


@pytest.mark.slow
def test_stored_schedules_are_feasible_and_as_good_as_they_say():
    known = Known()
    assert known.rows
    for name, row in known.rows.items():
        kind, _, seed = name.rpartition("-")
        instance = generate(kind, int(seed))
        assert row["digest"] == instance.digest()
        assert known.value(instance) == row["value"]
        bound = known.bound(instance, "lp")
        assert bound
        assert known.value(instance) <= bound + 1e-6


def test_the_guard_costs_a_plan_nothing_that_the_checker_sees():
    instance = generate("energy", 2, SMALL)
    found = plan(whole_problem(instance), steps=50_000)
    runs = tuple(Run(slot, one.job, one.level) for one in found.placements for slot in one.slots)
    verdict = check(instance, deliver(instance, runs))
    assert (verdict.violations, verdict.value) == ([], found.value)
