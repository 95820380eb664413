"""When the planner plans anew, how long it searches then."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from flight.planning import Plan, Problem, plan
from sim.orbsched import Instance, Size, generate, policies
from sim.orbsched.closed_loop import fly
from sim.orbsched.policies import Planned

SMALL = Size(orbits=1, jobs=8, work_slots=(3, 15))
LONG, SHORT = 1001, 1000


@dataclass
class Plans:
    """Plans that were asked for, and made with few steps."""

    steps: list[int] = field(default_factory=list)
    early: list[bool] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)  # left of the horizon

    def __call__(self, problem: Problem, *, steps: int, seed: int, previous: object, early: bool) -> Plan:
        self.steps.append(steps)
        self.early.append(early)
        self.slots.append(problem.slots)
        return plan(problem, steps=0, seed=seed, early=early)


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> Plans:
    made = Plans()
    monkeypatch.setattr(policies, "plan", made)
    return made


def worse_radiator(times: float) -> Instance:
    """With a radiator so much worse than told, and nothing else wrong."""
    instance = generate("thermal", 3, SMALL)
    truth = replace(instance.truth, resistance_k_w=times * instance.truth.resistance_k_w)
    return replace(instance, truth=truth)


def test_while_the_forecast_holds_one_search_is_long(plans: Plans):
    fly(worse_radiator(1.0), Planned(LONG, SHORT), batch=True)
    assert plans.steps[0] == LONG
    assert set(plans.steps[1:]) == {SHORT}


def test_what_was_learned_of_the_forecast_is_searched_with_for_long_and_soon(plans: Plans):
    instance = worse_radiator(1.25)
    fly(instance, Planned(LONG, SHORT), batch=True)
    assert plans.steps[:2] == [LONG, LONG]
    assert instance.slots - plans.slots[1] <= 3
    assert plans.steps.count(LONG) <= 4  # learned by halves: 12.5 %, 19, 22, 23.4
    assert plans.steps.count(SHORT) >= 2


def test_an_error_too_small_to_matter_is_not_searched_with_for_long(plans: Plans):
    fly(worse_radiator(1.015), Planned(LONG, SHORT), batch=True)
    assert plans.steps.count(LONG) == 1


@pytest.mark.parametrize("batch", [True, False])
def test_jobs_run_early_where_others_may_come(plans: Plans, batch: bool):
    fly(generate("mixed", 3, SMALL), Planned(LONG, SHORT), batch=batch)
    assert set(plans.early) == {not batch}
