"""What is learned, and the model that it serves."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.modules.forecast.fits import Fits, LineFit
from flight.modules.forecast.loads import SlotMeans
from flight.modules.forecast.model import Model, Outside, Warm, model_of
from tests.flight.modules.forecast.conftest import TABLE

SUNNY = SlotMeans(array_w=150.0, load_w=50.0, loops_w=(30.0,), lit=1.0, free=0.0, contact=0.0)


def line() -> LineFit:
    return LineFit(100.0, 0.0, (10.0, 20.0), 2.0).within((50.0, 150.0), (-50.0, 50.0))


def test_a_line_is_found():
    fit = line()
    for slot in range(400):
        u = (slot % 10) / 10.0
        fit.learn(u, 110.0 + 20.0 * u)
    assert fit.base == pytest.approx(110.0, abs=0.5)
    assert fit.slope == pytest.approx(20.0, abs=1.0)


def test_a_measurement_far_out_counts_as_three_deviations():
    fit, other = line(), line()
    for one in (fit, other):
        for _ in range(200):
            one.learn(0.0, 100.0)
    fit.learn(0.0, 140.0)
    other.learn(0.0, 1e9)
    assert fit.base == other.base
    assert 100.0 < fit.base < 103.0


@given(st.lists(st.tuples(st.floats(width=32), st.floats(width=32)), max_size=30))
def test_nothing_leaves_the_bounds(seen: list[tuple[float, float]]):
    fit = line()
    for u, y in seen:
        fit.learn(u, y)
    assert 50.0 <= fit.base <= 150.0
    assert -50.0 <= fit.slope <= 50.0


def test_the_taper_is_learned_where_the_voltage_holds_the_battery_back():
    fits = Fits(TABLE, (30.0,))
    for _ in range(60):
        fits.learn_taper(SUNNY, 0.975)
    assert fits.taper_w == pytest.approx(100.0 / 0.025, rel=0.01)
    before = fits.taper_w
    for wrong in (
        SUNNY._replace(free=0.2),
        SUNNY._replace(lit=0.5),
        SUNNY._replace(array_w=40.0),
        SUNNY._replace(array_w=190.0),  # the charger's current holds it
        SUNNY._replace(array_w=math.nan),
    ):
        fits.learn_taper(wrong, 0.9)
    fits.learn_taper(SUNNY, 0.999)
    fits.learn_taper(SUNNY, math.nan)
    assert fits.taper_w == before


def test_loads_in_contact_and_out_of_it_are_learned_apart():
    fits = Fits(TABLE, (30.0,))
    for _ in range(60):
        fits.learn(SUNNY._replace(load_w=52.0), 1000.0)
        fits.learn(SUNNY._replace(load_w=69.0, contact=1.0), 1000.0)
        fits.learn(SUNNY._replace(load_w=300.0, contact=0.5), 1000.0)
    assert (fits.base_w, fits.contact_w) == (pytest.approx(22.0), pytest.approx(39.0))


def model() -> Model:
    return model_of(Fits(TABLE, (30.0,)), TABLE.limits())


def after(
    charge: float,
    slow_c: float,
    harvest_w: float,
    load_w: float,
    jobs_w: float,
    slots: int = 1,
    **changed: float,
) -> tuple[float, float]:
    outside = Outside((harvest_w,) * slots, (load_w - jobs_w,) * slots, (0.0,) * slots)
    known = model()._replace(**changed)  # type: ignore[arg-type]
    return known.after(charge, [Warm(slow_c, 0.0)], outside, [(jobs_w,)] * slots)


def test_a_nearly_full_battery_takes_little():
    gain, _ = after(0.98, 10.0, 500.0, 20.0, 0.0)
    assert gain - 0.98 == pytest.approx(0.95 * TABLE.taper_w * 0.02 / 60.0 / TABLE.capacity_wh)
    gain, _ = after(0.5, 10.0, 500.0, 20.0, 0.0)
    assert gain - 0.5 == pytest.approx(0.95 * TABLE.charge_limit_w / 60.0 / TABLE.capacity_wh)
    full, _ = after(1.0, 10.0, 500.0, 20.0, 0.0, slots=9)
    assert full == 1.0


def test_a_battery_gives_until_it_is_empty_and_a_board_warms_to_its_end():
    charge, heat = after(0.5, 5.0, 0.0, 80.0, 30.0)
    assert 0.5 - charge == pytest.approx(80.0 / 0.95 / 60.0 / TABLE.capacity_wh)
    assert heat == pytest.approx(5.0 + 15.0 * (1.0 - math.exp(-60.0 / TABLE.time_constant_s)))
    charge, heat = after(0.5, 5.0, 0.0, 80.0, 30.0, slots=600)
    assert charge == 0.0
    assert heat == pytest.approx(TABLE.idle_c + 15.0)


def test_a_part_of_the_warming_is_quick_and_the_sum_is_the_same():
    slow, quick = (1.0 - math.exp(-60.0 / time_s) for time_s in (TABLE.time_constant_s, 60.0))
    _, heat = after(0.5, 5.0, 0.0, 80.0, 30.0, quick_k_w=0.2)
    assert heat == pytest.approx(5.0 + 9.0 * slow + 6.0 * quick)
    _, heat = after(0.5, 5.0, 0.0, 80.0, 30.0, slots=600, quick_k_w=0.2)
    assert heat == pytest.approx(TABLE.idle_c + 15.0)


def test_in_the_shadow_a_loop_tends_to_less():
    known, outside = model()._replace(shadow_k=4.0), Outside((0.0,) * 600, (0.0,) * 600, (0.5,) * 600)
    _, heat = known.after(0.5, [Warm(5.0, 0.0)], outside, [(0.0,)] * 600)
    assert heat == pytest.approx(TABLE.idle_c - 2.0)


def test_each_loop_learns_for_itself_and_plans_take_the_worst():
    fits = Fits(replace(TABLE, loops=2, lanes=2, shadow_k=4.0, quick_k_w=0.1), (30.0, 30.0))
    for slot in range(4000):
        watts = 30.0 if slot // 40 % 2 else 0.0
        lit = float(slot % 7 > 1)
        towards = [5.0 + each * watts - 4.0 * (1.0 - lit) - 0.1 * watts for each in (0.5, 0.65)]
        after_c = [20.0 * fits.decay + (1.0 - fits.decay) * one for one in towards]
        fits.learn_heat(SUNNY._replace(loops_w=(watts, watts), lit=lit), (20.0, 20.0), after_c)
    assert [loop.slope for loop in fits.loops] == [
        pytest.approx(0.5, abs=0.02),
        pytest.approx(0.65, abs=0.02),
    ]
    assert [loop.base for loop in fits.loops] == [pytest.approx(5.0, abs=0.5)] * 2
    assert fits.heat is fits.loops[1]
