"""The forecast with what is planned for the boards: used while it holds, and never by the guard."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.declare import SECOND
from flight.modules.forecast.planned import Course, Planned
from flight.planning import LOADS_SLOTS, LoadStep, PlannedLoads, Request, admit
from flight.planning.problem import Job, Level
from tests.flight.modules.forecast.conftest import TABLE, Flown, kept

SLOT_NS = TABLE.slot_s * SECOND
HOUR = 3600
NOW = 10 * SLOT_NS


def told_of(*steps: tuple[int, tuple[int, ...]], until: int = 10 + LOADS_SLOTS) -> PlannedLoads:
    """Slots and levels."""
    made = tuple(LoadStep(slot * SLOT_NS, levels, True) for slot, levels in steps)
    return PlannedLoads(made, until * SLOT_NS)


def planned(loads: PlannedLoads | None) -> Planned:
    plan = Planned((3, 3))
    plan.take([loads] if loads is not None else [])
    return plan


def aims_of(course: Sequence[Course]) -> list[tuple[int, ...]]:
    return [one.aims for one in course]


def test_a_plan_that_holds_now_is_followed():
    plan = planned(told_of((5, (2, 0)), (11, (2, 3)), (13, (0, 3))))
    course = plan.course(NOW, (2, 0), SLOT_NS, 5)
    assert aims_of(course) == [(2, 0), (2, 3), (2, 3), (0, 3), (0, 3)]
    assert all(one.planned for one in course)
    assert (plan.followed, plan.contradicted) == (1, 0)


def test_what_holds_is_judged_by_the_moment_that_is_over():
    """The jobs decide about a slot in its first second, behind the forecast."""
    plan = planned(told_of((5, (2, 0)), (10, (0, 3))))
    assert aims_of(plan.course(NOW, (2, 0), SLOT_NS, 2)) == [(0, 3)] * 2
    assert plan.course(NOW, (0, 3), SLOT_NS, 2) == []


def test_a_board_that_does_something_else_goes_on_as_it_does():
    plan = planned(told_of((5, (2, 1)), (11, (0, 3))))
    assert aims_of(plan.course(NOW, (2, 0), SLOT_NS, 3)) == [(2, 0), (0, 0), (0, 0)]
    assert (plan.followed, plan.contradicted) == (1, 1)
    assert plan.course(NOW, (0, 0), SLOT_NS, 3) == []  # no board holds to it: no plan at all
    assert (plan.followed, plan.contradicted) == (1, 2)


def test_no_plan_an_old_one_and_one_that_ends_too_soon_are_none():
    assert planned(None).course(NOW, (2, 0), SLOT_NS, 3) == []
    assert planned(PlannedLoads((), 0)).course(NOW, (2, 0), SLOT_NS, 3) == []
    loads = told_of((5, (2, 0)), until=12)
    assert len(planned(loads).course(NOW, (2, 0), SLOT_NS, 2)) == 2
    assert planned(loads).course(NOW, (2, 0), SLOT_NS, 3) == []
    assert planned(loads).course(13 * SLOT_NS, (2, 0), SLOT_NS, 1) == []
    assert planned(told_of((10, (2, 0)))).course(NOW, (2, 0), SLOT_NS, 3) == []  # nothing about a second ago


def test_the_last_that_was_told_counts_and_a_withdrawn_plan_is_gone():
    plan = planned(told_of((5, (2, 0))))
    plan.take([told_of((5, (1, 1))), told_of((5, (3, 3)))])
    assert aims_of(plan.course(NOW, (3, 3), SLOT_NS, 1)) == [(3, 3)]
    plan.take([])
    assert plan.course(NOW, (3, 3), SLOT_NS, 1)
    plan.take([PlannedLoads((), 0)])
    assert plan.course(NOW, (3, 3), SLOT_NS, 1) == []


def test_a_plan_of_other_boards_is_counted_and_left():
    plan = planned(told_of((5, (2, 0))))
    plan.take([told_of((5, (2, 0, 1)))])
    assert plan.course(NOW, (2, 0), SLOT_NS, 1) == []
    assert plan.contradicted == 1


def test_levels_that_a_board_has_not_are_its_highest():
    plan = planned(told_of((5, (9, 0)), (11, (200, 9))))
    assert aims_of(plan.course(NOW, (3, 0), SLOT_NS, 2)) == [(3, 0), (3, 3)]


# ---------------------------------------------------------------- in the module

COURSE = (1, 2, 2, 0, 2, 1, 0, 0, 1, 2, 0, 1)  # a level each 20 minutes


def fly(flown: Flown, hours: int, *, tell: bool) -> Flown:
    """The boards do as `COURSE` says, and the forecast may know."""
    slots = hours * 60
    for slot in range(slots):
        level = COURSE[slot // 20 % len(COURSE)]
        if tell and slot % 5 == 0:
            coming = [(at, (COURSE[at // 20 % len(COURSE)],)) for at in range(slot - 1, slot + LOADS_SLOTS)]
            flown.module.planned.put(told_of(*coming, until=slot + LOADS_SLOTS))
        flown.fly(1)  # the slot turns before the boards do
        flown.level = level
        flown.fly(59)
    return flown


@pytest.mark.slow
def test_with_the_plan_the_forecast_is_as_good_as_with_the_loads_that_came():
    knowing, blind = fly(kept(), 7, tell=True).module, fly(kept(), 7, tell=False).module
    assert knowing.accuracy.temperature.rms < 1.1 * knowing.accuracy.temperature_given_load.rms + 0.1
    assert knowing.accuracy.temperature.rms < 0.5 * blind.accuracy.temperature.rms
    assert knowing.accuracy.charge.rms < 0.5 * blind.accuracy.charge.rms
    assert knowing.accuracy.temperature.count == blind.accuracy.temperature.count
    assert knowing.loads.refresh is not None
    knowing.loads.refresh()
    assert knowing.loads.with_plan >= 7 * 12 - 2
    assert knowing.loads.off_plan <= 1
    assert knowing.loads.plan_steps > 1
    # The plan changes nothing of what is learned, and what was given the loads that came is no better for it.
    assert knowing.accuracy.charge_given_load.rms == blind.accuracy.charge_given_load.rms
    assert knowing.accuracy.temperature_given_load.rms == blind.accuracy.temperature_given_load.rms


@pytest.mark.slow
def test_neither_planner_nor_guard_hears_of_the_plan():
    """It says the wildest things, and holds in each present moment.

    What planner and guard are given is the same to the last bit, so the planner's base load is without its own jobs,
    and no plan admits a watt.
    """
    told, untold = kept(), kept()
    level = 1
    for slot in range(3 * 60):
        now = told.now // SLOT_NS
        wild = [(at, (2 * (at % 2),)) for at in range(now + 1, now + LOADS_SLOTS)]
        told.module.planned.put(told_of((max(0, now - 1), (level,)), *wild, until=now + LOADS_SLOTS))
        for flown in (told, untold):
            flown.fly(1)
            flown.level = level
            flown.fly(59)
        level = (1, 2, 0)[slot // 45 % 3]
    assert told.module.plan.followed > 20
    assert untold.module.plan.followed == 0
    assert told.outlooks == untold.outlooks
    assert len(told.outlooks) > 5
    assert vars(told.module.outputs) == vars(untold.module.outputs)
    fits, others = told.module.fits, untold.module.fits
    assert (fits.base_w, fits.contact_w, fits.taper_w) == (others.base_w, others.contact_w, others.taper_w)
    assert fits.base_w == pytest.approx(TABLE.base_w, abs=1.0)
    asked = Job("a", (Level(15.0, 1000), Level(30.0, 1000)), 1000, 0, 9, 1, True, 0, True, 1, 0.0)
    for outlook, other in zip(told.outlooks, untold.outlooks, strict=True):
        for energy_wh in range(280, 400, 10):
            verdicts = [
                admit(
                    one.limits, one.forecast, one.survives, 0, (energy_wh, (40.0,)), (asked,), [Request(0, 1)]
                )
                for one in (outlook, other)
            ]
            assert verdicts[0] == verdicts[1]


def test_a_forecast_that_is_begun_anew_has_no_plan_and_goes_on(flown: Flown):
    flown.module.planned.put(told_of((0, (1,))))
    flown.fly(400)
    assert flown.module.plan.followed == 1
    again = kept(now=flown.now, level=1)
    again.fly(600)
    assert again.module.plan.followed == 0
    assert again.module.accuracy.told[-1] is not None or again.module.accuracy.told


levels = st.integers(0, 300)


@st.composite
def anything(draw: st.DrawFn) -> PlannedLoads:
    boards = draw(st.integers(0, 3))
    times = sorted(draw(st.lists(st.integers(0, 40), max_size=20)))
    steps = tuple(
        LoadStep(
            slot * SLOT_NS,
            tuple(draw(levels) for _ in range(boards)),
            draw(st.booleans()),
        )
        for slot in times
    )
    return PlannedLoads(steps, (max(times, default=0) + draw(st.integers(0, 60))) * SLOT_NS)


@settings(max_examples=25)
@given(st.lists(anything(), min_size=1, max_size=4), st.integers(0, 2))
def test_nothing_that_it_is_told_makes_it_raise(told: list[PlannedLoads], level: int):
    flown = kept(level=level)
    for loads in told:
        flown.module.planned.put(loads)
        flown.fly(301)
    for kept_one in flown.module.accuracy.told:
        assert kept_one is None or all(one == one for one in kept_one.forecast)
