"""The energy guard: its forecast in numbers, its steps, and that it settles instead of cycling."""

from __future__ import annotations

import math

import pytest

from flight.declare import SECOND, Outbox
from flight.modules.power.guard import Guard, GuardSettings
from flight.modules.power.sunlight import SunSettings, SunWatch

PERIOD_S, ECLIPSE_S = 5700.0, 2160.0
CAPACITY_WH = 100.0


class Bench:
    """A guard whose Sun watch is set by hand: an array of 100 W, a battery of 100 Wh."""

    def __init__(self) -> None:
        self.settings = type("Settings", (GuardSettings,), {})()
        self.settings.charge_efficiency = 0.9
        self.guard = Guard(self.settings)
        self.sun = SunWatch(SunSettings())
        self.out = Outbox()
        self.now = 100 * SECOND
        self.charge = 0.9
        self.sky(sunlit=True, left_s=3000.0)
        self.guard.measure(1.0, 20.0, 100.0, taking=True, limited=False)

    def sky(self, sunlit: bool, left_s: float) -> None:
        self.sun.sunlit, self.sun.left_s = sunlit, left_s
        self.sun.period_s, self.sun.eclipse_s = PERIOD_S, ECLIPSE_S

    def load(self, watts: float) -> None:
        for _ in range(2000):
            self.guard.measure(1.0, watts, 0.0, taking=False, limited=False)

    def run(self, seconds: int = 1, charge: float | None = None) -> int:
        self.charge = self.charge if charge is None else charge
        for _ in range(seconds):
            self.now += SECOND
            self.guard.update(self.now, self.charge, CAPACITY_WH, self.sun, self.out)
        return self.guard.rung

    def events(self) -> list[str]:
        names = [event.name for event, _ in self.out.events]
        self.out.clear()
        return names


@pytest.fixture
def bench() -> Bench:
    return Bench()


def fraction(watts: float, seconds: float) -> float:
    return watts * seconds / 3600 / CAPACITY_WH


def test_in_sunlight_recharge_and_then_the_whole_eclipse(bench: Bench) -> None:
    bench.sky(sunlit=True, left_s=100.0)
    expected = 0.5 + fraction(80 * 0.9, 100) - fraction(20, ECLIPSE_S)
    assert bench.guard.predict(0.5, 20.0, CAPACITY_WH, bench.sun) == pytest.approx(expected)


def test_a_full_battery_takes_no_more(bench: Bench) -> None:
    assert bench.guard.predict(0.9, 20.0, CAPACITY_WH, bench.sun) == pytest.approx(
        1 - fraction(20, ECLIPSE_S)
    )


def test_the_charger_has_its_limit(bench: Bench) -> None:
    bench.settings.charge_limit_w = 10.0
    bench.sky(sunlit=True, left_s=100.0)
    expected = 0.5 + fraction(10, 100) - fraction(20, ECLIPSE_S)
    assert bench.guard.predict(0.5, 20.0, CAPACITY_WH, bench.sun) == pytest.approx(expected)


def test_a_load_above_the_array_discharges_in_sunlight_too(bench: Bench) -> None:
    bench.sky(sunlit=True, left_s=100.0)
    expected = 0.9 - fraction(30, 100) - fraction(130, ECLIPSE_S)
    assert bench.guard.predict(0.9, 130.0, CAPACITY_WH, bench.sun) == pytest.approx(expected)


def test_in_eclipse_the_rest_of_it_the_recharge_and_the_next_one(bench: Bench) -> None:
    bench.sky(sunlit=False, left_s=600.0)
    low = 0.2 - fraction(40, 600)
    after = low + fraction(60 * 0.9, PERIOD_S - ECLIPSE_S) - fraction(40, ECLIPSE_S)
    assert after > low
    assert bench.guard.predict(0.2, 40.0, CAPACITY_WH, bench.sun) == pytest.approx(low)
    low = 0.95 - fraction(85, 600)
    after = low + fraction(15 * 0.9, PERIOD_S - ECLIPSE_S) - fraction(85, ECLIPSE_S)
    assert after < low
    assert bench.guard.predict(0.95, 85.0, CAPACITY_WH, bench.sun) == pytest.approx(after)


def test_before_any_sunlight_was_measured_nothing_is_expected_of_it(bench: Bench) -> None:
    bench.guard = Guard(bench.settings)
    bench.guard.measure(1.0, 20.0, 0.0, taking=False, limited=False)
    bench.sky(sunlit=True, left_s=3000.0)
    expected = 0.9 - fraction(20, 3000) - fraction(20, ECLIPSE_S)
    assert bench.guard.predict(0.9, 20.0, CAPACITY_WH, bench.sun) == pytest.approx(expected)
    bench.settings.array_expected_w = 100.0
    assert bench.guard.predict(0.5, 20.0, CAPACITY_WH, bench.sun) == pytest.approx(
        min(1.0, 0.5 + fraction(80 * 0.9, 3000)) - fraction(20, ECLIPSE_S)
    )


def test_more_load_is_seen_in_seconds_less_in_minutes(bench: Bench) -> None:
    bench.guard.measure(1.0, 120.0, 0.0, taking=False, limited=False)
    assert bench.guard.load_w == pytest.approx(20 + 0.2 * 100)
    bench.load(120)
    bench.guard.measure(1.0, 20.0, 0.0, taking=False, limited=False)
    assert bench.guard.load_w == pytest.approx(120 - 0.01 * 100, abs=0.01)


def test_the_array_is_followed_only_while_the_battery_takes_all(bench: Bench) -> None:
    for _ in range(600):
        bench.guard.measure(1.0, 20.0, 40.0, taking=False, limited=False)
    assert bench.guard.array_w == pytest.approx(100)
    for _ in range(600):
        bench.guard.measure(1.0, 20.0, 40.0, taking=True, limited=False)
    assert bench.guard.array_w == pytest.approx(40 + 60 / math.e, abs=0.1)


def test_rung_by_rung_while_the_forecast_stays_below_the_floor(bench: Bench) -> None:
    bench.load(60)  # 0.36 of the battery in an eclipse
    assert bench.run(10) == 0
    assert bench.run(1) == 2
    assert bench.run(59) == 2
    assert bench.run(1) == 3
    assert bench.run(59) == 3
    assert bench.run(1) == 4
    assert bench.run(1000) == 4
    assert bench.events() == ["guarded"] * 3


def test_exactly_at_the_floor_is_enough(bench: Bench) -> None:
    bench.settings.floor = bench.guard.predict(0.5, bench.guard.load_w, CAPACITY_WH, bench.sun)
    assert bench.run(100, charge=0.5) == 0
    bench.settings.floor += 1e-6
    assert bench.run(11) == 2


def test_a_short_dip_raises_nothing(bench: Bench) -> None:
    for _ in range(5):
        bench.sky(sunlit=True, left_s=0.0)
        bench.run(10, charge=0.75)
        bench.sky(sunlit=True, left_s=3000.0)
        bench.run(1)
    assert bench.guard.rung == 0


def test_it_lets_go_only_when_the_old_load_is_affordable(bench: Bench) -> None:
    bench.load(60)
    bench.run(11, charge=0.9)
    bench.load(20)  # the rung helped: the forecast is fine at the lower load
    assert bench.run(600) == 2
    assert bench.guard.forecast > 0.8
    bench.sun.eclipse_s = 1000.0  # now the old load would be fine too
    bench.events()
    assert bench.run(10) == 2
    assert bench.run(1) == 0
    assert bench.events() == ["unguarded"]
    assert bench.guard.held_load_w == 0.0


def test_it_must_be_affordable_for_a_while(bench: Bench) -> None:
    bench.load(60)
    bench.run(11)
    for eclipse_s in (1000.0, ECLIPSE_S * 0.8, 1000.0, ECLIPSE_S * 0.8, 1000.0):
        bench.sun.eclipse_s = eclipse_s
        assert bench.run(10) == 2
    bench.sun.eclipse_s = ECLIPSE_S
    assert bench.run(5) == 2
    bench.sun.eclipse_s = 1000.0
    assert bench.run(10) == 2


def test_it_needs_the_margin_above_the_floor(bench: Bench) -> None:
    bench.load(60)
    bench.run(11)
    bench.sun.eclipse_s = (1 - 0.70 - 0.02) * 3600 * CAPACITY_WH / 60
    assert bench.run(100) == 2
    bench.sun.eclipse_s = (1 - 0.70 - 0.04) * 3600 * CAPACITY_WH / 60
    assert bench.run(100) == 0


def test_each_orbit_one_rung_is_tried_if_the_present_load_is_fine(bench: Bench) -> None:
    bench.load(60)
    assert bench.run(140) == 4
    raised = bench.now
    bench.load(20)
    while bench.guard.rung == 4:
        bench.run()
    assert (bench.now - raised) / SECOND == pytest.approx(PERIOD_S, abs=20)
    assert bench.run(int(PERIOD_S)) == 2
    assert bench.run(int(PERIOD_S)) == 0


def test_a_forecast_that_is_no_number_counts_as_low(bench: Bench) -> None:
    assert bench.run(11, charge=math.nan) == 2


@pytest.mark.slow
def test_with_a_load_that_follows_the_rungs_it_settles_above_the_floor(fly) -> None:
    """60 W flies well; 95 W would end each eclipse lower.  The payload obeys the rungs, and asks for 95 W forever."""
    flown = fly(charge=0.98, array_w=150.0)
    lowest, changes, rung = 1.0, 0, 0
    for second in range(8 * 5700):
        flown.load_w = {0: 95.0, 1: 95.0, 2: 60.0, 3: 40.0}.get(rung, 25.0)
        flown.step()
        changes += flown.power_rung != rung
        rung = flown.power_rung
        if second > 5700:
            lowest = min(lowest, flown.battery.charge)
    assert lowest > 0.65
    assert changes <= 4 * 8, f"{changes} changes of rung in 8 orbits"
    assert "guarded" in flown.names()


@pytest.mark.slow
def test_a_load_that_is_affordable_raises_nothing_after_the_first_orbits(fly) -> None:
    flown = fly(charge=0.95, load_w=40.0, array_w=130.0)
    flown.run(2 * 5700)
    flown.names()
    flown.run(4 * 5700)
    assert flown.names() == []
    assert flown.power_rung == 0


@pytest.mark.slow
def test_the_forecast_meets_the_charge_at_the_end_of_the_next_eclipse(fly) -> None:
    flown = fly(charge=0.95, load_w=40.0, array_w=130.0)
    flown.run(2 * 5700)
    forecasts = []
    for _ in range(5700):
        flown.step()
        forecasts.append(flown.module.outputs.forecast_charge)
    truth = flown.battery.charge
    assert not flown.module.outputs.sunlit
    assert forecasts[1800] == pytest.approx(truth, abs=0.03)
    assert forecasts[5000] == pytest.approx(truth, abs=0.03)


def test_an_array_that_is_not_asked_for_more_is_not_taken_for_a_weak_one() -> None:
    """A throttled load behind a charger at its limit takes a part of what the array could give."""
    bench = Bench()
    for _ in range(3600):
        bench.guard.measure(1.0, 20.0, 100.0, taking=True, limited=False)
    assert bench.guard.array_w == pytest.approx(100.0)
    for _ in range(3600):
        bench.guard.measure(1.0, 20.0, 40.0, taking=True, limited=True)
    assert bench.guard.array_w == pytest.approx(100.0)
    for _ in range(3600):
        bench.guard.measure(1.0, 20.0, 120.0, taking=True, limited=True)
    assert bench.guard.array_w == pytest.approx(120.0, rel=0.01)
    for _ in range(3600):
        bench.guard.measure(1.0, 130.0, 90.0, taking=True, limited=False)
    assert bench.guard.array_w == pytest.approx(90.0, rel=0.01)
