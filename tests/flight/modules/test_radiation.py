"""Radiation watch: the rate against a plain count, bursts, and a count that lies."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import SECOND, Boot, Outbox
from flight.modules.radiation import Radiation

TICK = SECOND // 10


class Flown:
    def __init__(self, first: float = 0.0) -> None:
        self.now = 100 * SECOND
        self.module = Radiation()
        self.out = Outbox()
        self.told: list[tuple[str, tuple[float | bytes, ...]]] = []
        self.module.start(self.now, Boot(1, True, False, 1), self.out)
        self.count = first
        self.step()

    def step(self, count: float | None = None, seconds: float = 0.1) -> None:
        self.count = self.count if count is None else count
        for _ in range(round(seconds * 10)):
            self.out.clear()
            self.now += TICK
            self.module.step(self.now, Radiation.Inputs(self.count), self.out)
            self.told += [(event.name, arguments) for event, arguments in self.out.events]

    @property
    def rate(self) -> float:
        return self.module.outputs.upset_rate

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.told]


def test_what_was_before_us_is_no_rate() -> None:
    flown = Flown(first=5000.0)
    flown.step(seconds=10)
    assert flown.rate == 0.0
    assert flown.told == []


def test_a_steady_rate_is_measured() -> None:
    flown = Flown()
    for second in range(300):
        flown.step(float(second // 2), seconds=1)  # one in two seconds
    assert 27 <= flown.rate <= 30  # a window moves in twelfths
    assert flown.module.status.upsets == 149
    assert flown.told == []


def test_the_window_forgets() -> None:
    flown = Flown()
    flown.step(10.0)
    assert flown.rate == 10.0
    flown.step(seconds=54)
    assert flown.rate == 10.0
    flown.step(seconds=6)
    assert flown.rate == 0.0


def test_a_gap_in_the_steps_forgets_as_well() -> None:
    flown = Flown()
    flown.step(10.0)
    flown.now += 54 * SECOND
    flown.step()
    assert flown.rate == 10.0
    flown.now += 6 * SECOND
    flown.step()
    assert flown.rate == 0.0
    flown.step(20.0)
    flown.now += 10**9 * SECOND
    flown.step()
    assert flown.rate == 0.0


def test_the_window_is_a_parameter() -> None:
    flown = Flown()
    flown.module.window_s = 120
    flown.module.start(flown.now, Boot(1, True, False, 1), flown.out)
    flown.step(10.0)
    assert flown.rate == 5.0
    flown.step(seconds=109)
    assert flown.rate == 5.0
    flown.step(seconds=11)
    assert flown.rate == 0.0


# ---------------------------------------------------------------- bursts


def test_a_burst_is_told_once() -> None:
    flown = Flown()
    flown.step(20.0)
    assert flown.told == []
    flown.step(21.0)
    assert flown.names == ["burst"]
    assert flown.module.status.in_burst
    for count in range(22, 60):
        flown.step(float(count))
    assert flown.module.status.bursts == 1
    for count in range(70, 400, 10):
        flown.step(float(count), seconds=1)  # over many bins, and still the same burst
    assert flown.names == ["burst"]
    assert flown.module.status.in_burst
    flown.step(seconds=34)  # the bucket holds 40, and drains one a second
    assert flown.module.status.in_burst
    flown.step(seconds=11)
    assert not flown.module.status.in_burst
    flown.step(500.0)
    assert flown.told == [("burst", (pytest.approx(21, abs=0.2), 0)), ("burst", (110.0, 0))]


def test_a_burst_ends_when_its_bucket_is_empty() -> None:
    flown = Flown()
    flown.step(30.0)
    flown.step(seconds=24.9)
    assert flown.module.status.in_burst
    flown.step(seconds=11)
    assert not flown.module.status.in_burst


def test_what_drains_is_no_burst() -> None:
    flown = Flown()
    for second in range(1, 200):
        flown.step(float(second), seconds=1)
    assert flown.told == []


def test_burst_parameters() -> None:
    flown = Flown()
    flown.module.burst_size, flown.module.burst_drain = 4, 0.5
    flown.step(4.0)
    assert flown.told == []
    flown.step(seconds=2)  # one drains
    flown.step(5.0)
    assert flown.told == []
    flown.step(6.0)
    assert flown.names == ["burst"]


def test_many_bursts_are_counted_and_told_within_the_tokens() -> None:
    flown = Flown()
    for index in range(1, 11):
        flown.step(100.0 * index)
        flown.step(seconds=110)
    assert flown.module.status.bursts == 10
    told = [arguments[1] for name, arguments in flown.told if name == "burst"]
    assert told == [0, 0, 0, 0, 2]  # four in store, and one more after ten minutes says what went untold
    assert flown.module.status.bursts_untold == 3


def test_a_token_comes_back_after_ten_minutes() -> None:
    def told_after(seconds: float) -> int:
        flown = Flown()
        for index in range(1, 6):
            flown.step(100.0 * index)
            flown.module.status.in_burst = False  # so that all of them are bursts of the same moment
        assert flown.names.count("burst") == 4
        flown.module.status.in_burst = False
        flown.now += round(seconds * SECOND)
        flown.step(1000.0)
        return flown.names.count("burst")

    assert told_after(599.0) == 4
    assert told_after(600.0) == 5


# ---------------------------------------------------------------- a count that lies


def test_a_count_that_starts_anew() -> None:
    flown = Flown(first=100.0)
    flown.step(3.0, seconds=1)
    assert flown.rate == 0.0
    flown.step()
    assert flown.told == [("counter_reset", (100.0, 3.0))]
    assert flown.rate == 3.0
    flown.step(5.0)
    assert flown.module.status.upsets == 5
    assert flown.module.status.counter_resets == 1


@pytest.mark.parametrize("glitch", [0.0, -5.0, 1e9, math.inf, -math.inf, math.nan])
def test_a_glitch_counts_nothing(glitch: float) -> None:
    flown = Flown(first=100.0)
    flown.step(glitch)
    flown.step(102.0)
    assert flown.rate == 2.0
    assert flown.told == []
    flown.step(glitch, seconds=0.9)
    flown.step(103.0)
    assert flown.module.status.upsets == 3
    assert flown.told == []


def test_a_jump_that_stays_is_a_new_count_and_no_upsets() -> None:
    flown = Flown(first=100.0)
    flown.step(10_101.0, seconds=2)
    assert flown.module.status.upsets == 0
    assert flown.names == ["counter_reset"]
    flown.step(20_101.0)
    assert flown.module.status.upsets == 10_000


def test_a_missing_count_makes_the_rate_unknown() -> None:
    flown = Flown(first=100.0)
    flown.step(105.0)
    flown.step(math.nan, seconds=9.9)
    assert flown.rate == 5.0
    flown.step(math.nan)
    assert math.isnan(flown.rate)
    assert flown.module.status.missing
    flown.step(math.nan, seconds=100)
    assert flown.names == ["counter_missing"]
    flown.step(107.0)
    assert flown.rate == 2.0
    assert not flown.module.status.missing


def test_a_hiccup_after_a_long_quiet_time_is_not_missing() -> None:
    flown = Flown(first=100.0)
    flown.step(seconds=60)
    flown.step(math.nan, seconds=9.9)
    assert flown.rate == 0.0


def test_a_count_that_comes_back_unchanged_is_no_longer_missing() -> None:
    flown = Flown(first=100.0)
    flown.step(math.nan, seconds=20)
    flown.step(100.0)
    assert flown.rate == 0.0


def test_a_count_missing_from_the_start() -> None:
    flown = Flown(first=math.nan)
    flown.step(seconds=9.8)
    assert flown.told == []
    flown.step(seconds=10)
    assert math.isnan(flown.rate)
    assert flown.names == ["counter_missing"]
    flown.step(4000.0)
    assert flown.rate == 0.0


def test_noise_is_told_once_a_minute() -> None:
    flown = Flown()
    began, told = flown.now, []
    for index in range(1300):
        flown.step(1e9 * (1 + index * 7919 % 1009), seconds=0.1)
        told += [flown.now - began] * flown.names.count("counter_reset")
        flown.told.clear()
    assert flown.module.status.strange > 50
    assert flown.module.status.counter_resets > 50
    assert len(told) == 3
    assert min(later - earlier for earlier, later in pairwise(told)) >= 60 * SECOND
    assert told[1] - told[0] < 61.5 * SECOND


def test_after_a_new_count_the_next_glitch_is_again_a_glitch() -> None:
    flown = Flown(first=100.0)
    flown.step(3.0, seconds=1.1)
    flown.step(1e9)
    flown.step(3.0)
    assert flown.module.status.counter_resets == 1


COUNTS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.integers(0, 200).map(float), st.just(math.nan)
)


@pytest.mark.slow
@given(st.lists(st.tuples(COUNTS, st.integers(1, 30)), max_size=80))
def test_whatever_the_count_says_the_rate_is_sound(counts) -> None:
    flown = Flown()
    for count, ticks in counts:
        flown.step(count, seconds=ticks / 10)
        assert flown.rate >= 0 or math.isnan(flown.rate)
        assert flown.rate < math.inf or math.isnan(flown.rate)
    assert len([name for name in flown.names if name == "burst"]) <= 4 + sum(t for _, t in counts) / 6000


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 80)), max_size=60))
def test_the_rate_is_the_count_of_the_last_window(steps) -> None:
    flown = Flown()
    total, when = 0, []
    for grown, ticks in steps:
        total += grown
        flown.step(float(total))
        when.append((flown.now, grown))
        flown.step(seconds=ticks / 10)
        fewest = sum(n for at, n in when if flown.now - at < 55 * SECOND)
        most = sum(n for at, n in when if flown.now - at <= 60 * SECOND)
        assert fewest <= flown.rate <= most
    assert flown.module.status.upsets == total
