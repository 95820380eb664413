"""One heater: hysteresis, its budget of heating time, the open loop, and a switch that does not follow."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import SECOND, Event, Outbox, Severity
from flight.modules.thermal.heater import HeaterSettings, HeaterWatch
from flight.modules.thermal.node import Heater

NAMES = ("limited", "stuck", "moved", "heater_mismatch", "heater_followed")
NAN = math.nan


class Bench:
    """A heater on switch 1, on below 5 degC, off above 10; a step a second."""

    def __init__(self, level: int = 0) -> None:
        events = {name: Event(Severity.INFO, name) for name in NAMES}
        self.settings = type("Settings", (HeaterSettings,), events)()
        self.heater = HeaterWatch(self.settings, 2, Heater(1, 5.0, 10.0))
        self.level = level
        self.obeys = True
        self.now = 6000 * SECOND
        self.out = Outbox()
        self.on_s = 0
        self.sets: list[int] = []

    def run(self, cold: float, seconds: int = 1, blind: bool = False, doubtful: bool = False) -> bool:
        for _ in range(seconds):
            self.now += SECOND
            self.heater.step(self.now, cold, blind, doubtful, self.level, self.out)
            for switch, level in self.out.switches:
                assert switch == 1
                self.sets.append(level)
                self.level = level if self.obeys else self.level
            self.out.switches.clear()
            self.on_s += self.heater.on
        return self.heater.on

    def wander(self, seconds: int, **other: bool) -> None:
        """Cold, and moving a little, as a true sensor does."""
        for second in range(seconds):
            self.run(math.sin(second / 50), **other)

    def names(self) -> list[str]:
        names = [event.text for event, _ in self.out.events]
        self.out.clear()
        return names


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_on_below_and_off_above(bench: Bench) -> None:
    assert not bench.run(5.0)
    assert bench.run(4.9)
    assert bench.run(10.0, 130)
    assert not bench.run(10.1)
    assert not bench.run(5.0, 130)
    assert bench.sets == [1, 0]


def test_at_least_two_minutes_between_two_switchings_by_temperature(bench: Bench) -> None:
    assert bench.run(4.9)
    assert bench.run(20.0, 119)
    assert not bench.run(20.0)
    assert not bench.run(0.0, 119)
    assert bench.run(0.0)


def test_the_longest_heating_and_then_a_rest(bench: Bench) -> None:
    bench.run(20, 2000)  # fills the budget
    bench.on_s = 0
    bench.wander(1200)
    assert bench.on_s == 1200
    assert bench.heater.on
    bench.wander(5)
    assert not bench.heater.on
    assert bench.names() == ["limited"]
    rested = 0
    while not bench.run(math.sin(rested / 50)):
        rested += 1
    assert rested == pytest.approx(0.5 * 480 / 0.6, abs=3)


def test_the_duty_over_hours_is_bounded_and_said_once(bench: Bench) -> None:
    bench.wander(10 * 3600)
    assert bench.on_s <= 0.6 * 36_000 + 480
    assert bench.on_s >= 0.58 * 36_000, "and what is allowed is used"
    assert bench.names() == ["limited"]
    bench.run(11, 10)
    bench.wander(3600)
    assert bench.names() == ["limited"], "a new episode"


def test_a_doubtful_sensor_has_the_duty_of_the_open_loop(bench: Bench) -> None:
    bench.wander(10 * 3600, doubtful=True)
    assert bench.on_s <= 0.25 * 36_000 + 120
    assert bench.on_s >= 0.23 * 36_000
    bench.run(11, 10, doubtful=True)
    assert not bench.heater.on, "a doubtful sensor that is warm does not heat"


def test_the_open_loop_is_a_quarter_of_ten_minutes(bench: Bench) -> None:
    seen = [bench.run(NAN, blind=True) for _ in range(6000)]
    turns = [(i, b) for i, (a, b) in enumerate(itertools.pairwise(seen)) if a != b]
    assert sum(seen) == 1500
    assert {b - a for (a, on), (b, _) in itertools.pairwise(turns) if on} == {150}
    assert {b - a for (a, on), (b, _) in itertools.pairwise(turns) if not on} == {450}


def test_blindness_that_comes_and_goes_starts_no_new_period(bench: Bench) -> None:
    for _ in range(1000):
        bench.run(20.0, 3)
        bench.run(NAN, 3, blind=True)
    assert bench.on_s <= 0.25 * 6000 + 150


def test_a_sensor_that_never_moves_while_heated_is_stuck(bench: Bench) -> None:
    bench.run(20, 2000)
    bench.run(2.0, 900)
    assert bench.names() == []
    bench.run(2.0, 2)
    assert bench.names() == ["stuck"]
    bench.on_s = 0
    bench.run(2.29, 36_000)
    assert bench.on_s <= 0.25 * 36_000 + 120
    assert bench.names() == ["limited"]
    bench.run(2.31)
    assert bench.names() == ["moved"]
    assert not bench.heater.stuck


def test_after_a_restart_a_heater_that_is_on_rests_first() -> None:
    bench = Bench(level=1)
    bench.run(0.0, 2)
    assert not bench.heater.on
    assert bench.sets == [0]
    bench = Bench(level=0)
    assert bench.run(0.0, 2)


def test_a_switch_that_does_not_follow_is_told_once_and_ordered_again(bench: Bench) -> None:
    bench.obeys = False
    bench.run(0.0, 3)
    assert bench.names() == []
    bench.run(0.0, 1)
    assert bench.names() == ["heater_mismatch"]
    bench.run(0.0, 30)
    assert bench.sets == [1] * 4
    assert bench.names() == []
    bench.obeys = True
    bench.run(0.0, 11)
    assert bench.names() == ["heater_followed"]
    bench.sets.clear()
    bench.run(0.0, 30)
    assert bench.sets == []


def test_a_heater_that_switches_on_by_itself_is_switched_off(bench: Bench) -> None:
    bench.run(20.0, 10)
    bench.level = 1
    bench.run(20.0, 12)
    assert bench.sets == [0]
    assert bench.level == 0


def test_idle_is_off_full_and_obeyed(bench: Bench) -> None:
    bench.run(20.0, 10)
    assert not bench.heater.idle, "the budget is not yet full"
    bench.run(20.0, 500)
    assert bench.heater.idle
    bench.run(0.0, 2)
    assert not bench.heater.idle


def test_duty_since_the_last_report(bench: Bench) -> None:
    bench.run(20.0, 10)
    bench.heater.duty(bench.now)
    bench.run(0.0, 150)
    bench.run(20.0, 75)
    assert bench.heater.duty(bench.now) == pytest.approx(150 / 225)
    assert bench.heater.duty(bench.now) == 0.0


READINGS = st.one_of(st.floats(-200, 400), st.sampled_from([NAN, 0.0, 4.9, 10.1, 150.0, math.inf]))
PHASES = st.lists(
    st.tuples(READINGS, st.booleans(), st.booleans(), st.integers(1, 2000)), min_size=1, max_size=12
)


@given(PHASES)
def test_whatever_is_read_the_duty_bound_holds(phases: list[tuple[float, bool, bool, int]]) -> None:
    bench = Bench()
    seconds = 0
    for cold, blind, doubtful, duration in phases:
        bench.run(cold, duration, blind or math.isnan(cold), doubtful)
        seconds += duration
        assert bench.on_s <= 0.6 * seconds + 480 + 150


def test_a_heater_whose_thresholds_touch_is_programmer_error() -> None:
    with pytest.raises(AssertionError):
        Heater(1, 5.0, 5.9)
