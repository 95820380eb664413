"""The greedy rule: what it asks for when there is no plan, and at which level."""

from __future__ import annotations

from dataclasses import replace

from flight.planning import Forecast, Job, Level, Limits, Problem, Request, State, greedy

LIMITS = Limits(60, 2, 8000, 100.0, 70.0, 0.9, 0.9, 0.9, 50.0, 0.8, 1.25)
JOB = Job("a", (Level(60.0, 1000), Level(20.0, 500)), 5000, 0, 40, 10, True, 0, False, 3000, 1.0)
SLOTS = 20
FORECAST = Forecast(
    (150.0,) * SLOTS,
    (40.0,) * SLOTS,
    (10.0,) * SLOTS,
    (False,) * SLOTS,
    (0.0,) * 12 + (4.0,) + (0.0,) * 7,
    0.3,
    (150.0,) * SLOTS,
    0.3,
)


def asked(*jobs: Job, waiting_mb: float = 0.0) -> tuple[Request, ...]:
    return greedy(Problem(LIMITS, FORECAST, State(90.0, (20.0,), waiting_mb), jobs))


def test_the_slowest_level_that_is_in_time() -> None:
    """Five slots of work, or ten at half the speed."""
    for deadline, level in ((40, 1), (10, 1), (9, 0), (5, 0)):
        assert asked(replace(JOB, deadline=deadline)) == (Request(0, level),)
    assert asked(replace(JOB, deadline=4)) == ()


def test_nothing_is_begun_that_is_not_released_or_not_done_within_the_horizon() -> None:
    assert asked(replace(JOB, release=1)) == ()
    assert len(asked(replace(JOB, work_milli=12_000))) == 1
    assert asked(replace(JOB, work_milli=SLOTS * 1000 + 1)) == ()


def test_nothing_is_begun_whose_output_cannot_come_down() -> None:
    """4 MB go down, in the thirteenth slot."""
    assert len(asked(replace(JOB, output_mb=4.0))) == 1
    assert asked(replace(JOB, output_mb=4.0), waiting_mb=0.5) == ()
    assert asked(replace(JOB, output_mb=0.5, work_milli=13_000)) == ()


def test_what_would_lose_its_work_comes_first_then_value_for_energy() -> None:
    held = replace(JOB, running=True, preemptible=False, value=1)
    dear, cheap = replace(JOB, value=30), replace(JOB, value=30, levels=(Level(10.0, 1000),))
    assert [one.job for one in asked(JOB, dear, cheap, held)] == [3, 2, 1, 0]
