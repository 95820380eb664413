"""What the jobs module tells the forecast of the boards."""

from __future__ import annotations

import pytest

from flight.planning import LOADS_SLOTS, STEPS_MAX, LoadStep, PlannedLoads, steps_of

FIRST, SECOND_STEP, LAST = (
    LoadStep(100, (2, 0), True),
    LoadStep(160, (2, 3), True),
    LoadStep(280, (4, 4), False),
)
TOLD = PlannedLoads((FIRST, SECOND_STEP, LAST), 400)


@pytest.mark.parametrize(
    ("now", "step"),
    [
        (99, None),
        (100, FIRST),
        (159, FIRST),
        (160, SECOND_STEP),
        (279, SECOND_STEP),
        (399, LAST),
        (400, None),
    ],
)
def test_a_step_holds_until_the_next(now: int, step: LoadStep | None):
    assert TOLD.at(now) == step


def test_slots_are_told_of_all_or_none():
    assert TOLD.span(100, 60, 5) == [FIRST, SECOND_STEP, SECOND_STEP, LAST, LAST]
    assert TOLD.span(130, 60, 3) == [FIRST, SECOND_STEP, SECOND_STEP]
    assert TOLD.span(99, 60, 2) == []
    assert TOLD.span(100, 60, 6) == []
    assert PlannedLoads((), 400).span(100, 60, 1) == []
    assert PlannedLoads((), 400).at(100) is None


def test_what_changes_nothing_is_left_out():
    again, other = LoadStep(200, (2, 3), True), LoadStep(220, (2, 3), False)
    assert steps_of([FIRST, SECOND_STEP, again, other, LAST]) == (FIRST, SECOND_STEP, other, LAST)


@pytest.mark.parametrize(
    ("steps", "until_ns"),
    [
        ((SECOND_STEP, FIRST), 400),
        ((FIRST,), 99),
        ((FIRST, LoadStep(160, (1,), True)), 400),
        ((LoadStep(100, (-1, 0), True),), 400),
        (tuple(LoadStep(at, (at % 2,), True) for at in range(STEPS_MAX + 1)), 400),
    ],
)
def test_one_that_makes_no_sense_cannot_be_built(steps: tuple[LoadStep, ...], until_ns: int):
    with pytest.raises(AssertionError):
        PlannedLoads(steps, until_ns)


def test_as_many_steps_as_there_may_be_are_taken():
    steps = tuple(LoadStep(at, (at % 2,), True) for at in range(STEPS_MAX))
    assert len(steps_of(PlannedLoads(steps, LOADS_SLOTS + 2).steps)) == STEPS_MAX
