"""The bid price of energy, and which jobs pay it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.planning import Forecast, Job, Level, Limits, Problem, State
from flight.planning.price import (
    FINE,
    UNSURE_SLOTS,
    Arrivals,
    energy_price,
    needed_wh,
    spare_wh,
    worth_their_energy,
)

SLOTS = 120
LIMITS = Limits(60, 2, 8000, 100.0, 70.0, 0.9, 0.9, 0.9, 50.0, 0.8, 1.25)
DARK = Forecast(
    (0.0,) * SLOTS,
    (0.0,) * SLOTS,
    (10.0,) * SLOTS,
    (False,) * SLOTS,
    (0.0,) * SLOTS,
    0.3,
    (0.0,) * SLOTS,
    0.3,
)
JOB = Job("a", (Level(60.0, 1000),), 10_000, 0, SLOTS, 100, True, 0, True, 1000, 1.0)  # 10 Wh, 10 for each
NONE = Arrivals((), 0, 0)


def problem(*values: int, energy_wh: float = 95.0, forecast: Forecast = DARK) -> Problem:
    """25 Wh to spend, and jobs of 10 Wh each."""
    jobs = tuple(replace(JOB, value=value) for value in values)
    return Problem(LIMITS, forecast, State(energy_wh, (20.0,), 0.0), jobs)


def test_energy_that_is_enough_for_all_costs_nothing():
    assert energy_price(problem(100, 50), NONE) == 0.0
    assert energy_price(problem(), NONE) == 0.0


def test_the_price_is_that_of_the_last_job_served():
    assert energy_price(problem(10, 400, 50, 100), NONE) == pytest.approx(5.0)


def test_what_is_expected_raises_the_price():
    """22 in 100 slots: 20 in the 110 in which one can still be done, of 10 Wh each."""
    seen = replace(JOB, value=300, deadline=10)
    told = problem(100, 50)
    assert energy_price(told, Arrivals((seen,), 22, 100)) == pytest.approx(30.0)
    assert energy_price(told, Arrivals((seen, replace(seen, value=20)), 22, 100)) == pytest.approx(30.0)
    poor = replace(seen, value=20)
    assert energy_price(told, Arrivals((poor,), 22, 100)) == pytest.approx(2.0)


def test_a_rate_is_not_believed_at_once_and_nothing_is_expected_of_what_was_there_before():
    """One in 20 + 20 slots, and 110 slots in which it can still be done: 2.75 of 10 Wh."""
    assert UNSURE_SLOTS == 20
    seen = replace(JOB, value=300, deadline=10)
    assert energy_price(problem(energy_wh=70.0 + 27.0), Arrivals((seen,), 1, 20)) == pytest.approx(30.0)
    assert energy_price(problem(energy_wh=70.0 + 28.0), Arrivals((seen,), 1, 20)) == 0.0
    assert energy_price(problem(), Arrivals((seen,) * 9, 0, 100)) == 0.0


def test_a_job_that_cannot_be_done_within_the_horizon_is_not_expected():
    seen = replace(JOB, value=300, deadline=SLOTS)
    assert energy_price(problem(100, 50), Arrivals((seen,), 50, 10)) == 0.0


def test_what_is_there_to_spend():
    assert spare_wh(problem()) == pytest.approx(25.0)
    sunny = replace(DARK, harvest_w=(60.0,) * 60 + (0.0,) * 60, base_w=(30.0,) * SLOTS)
    assert spare_wh(problem(forecast=sunny)) == pytest.approx(25.0 + 30.0 * 0.9 - 30.0 / 0.9)


def test_a_job_needs_what_is_left_of_it_at_its_most_frugal_level():
    told = problem()
    two = (Level(60.0, 1000), Level(20.0, 500))
    assert needed_wh(told, JOB) == pytest.approx(10.0)
    assert needed_wh(told, replace(JOB, levels=two)) == pytest.approx(20 * 20.0 / 60.0)
    assert needed_wh(told, replace(JOB, done_milli=4000)) == pytest.approx(6.0)


def test_jobs_pay_for_their_energy_or_are_left_out():
    worth = worth_their_energy(problem(100, 49, 51), 5.0)
    assert worth.kept == (0, 2)
    assert [job.value for job in worth.problem.jobs] == [50 * FINE, 1 * FINE]
    assert worth_their_energy(problem(50), 5.0).kept == ()


def test_what_would_lose_its_work_is_never_left_out():
    told = problem(1, 1, 1)
    held = replace(JOB, value=1, running=True, preemptible=False)
    jobs = (replace(held, preemptible=True), held, replace(held, running=False))
    worth = worth_their_energy(replace(told, jobs=jobs), 50.0)
    assert worth.kept == (1,)
    assert worth.problem.jobs[0].value == 1


@settings(max_examples=50)
@given(st.lists(st.integers(1, 1000), max_size=12), st.floats(70.0, 100.0))
def test_at_this_price_jobs_above_it_fit_and_one_more_does_not(values: list[int], energy_wh: float):
    told = problem(*values, energy_wh=energy_wh)
    price = energy_price(told, NONE)
    above = sum(value / 10.0 > price for value in values)
    at = sum(value / 10.0 >= price for value in values)
    assert 10.0 * above <= spare_wh(told) + 1e-9
    assert price == 0.0 or 10.0 * at > spare_wh(told)
