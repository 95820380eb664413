"""Sunlight and eclipses: learned from clean edges only, the worst case before and without them."""

from __future__ import annotations

import math

import pytest

from flight.declare import SECOND
from flight.modules.power.sunlight import SunSettings, SunWatch

NAN = math.nan
PERIOD_S, ECLIPSE_S = 5700, 2100
LIT, DARK = 100.0, 0.0


class Sky:
    """A Sun watch that is shown one second after another."""

    def __init__(self) -> None:
        self.settings = type("Settings", (SunSettings,), {})()
        self.sun = SunWatch(self.settings)
        self.now = 500 * SECOND
        self.turns: list[tuple[int, bool]] = []

    def show(self, array_w: float, seconds: float, current: float = NAN) -> SunWatch:
        for _ in range(int(seconds)):
            self.now += SECOND
            if self.sun.update(self.now, array_w, current):
                self.turns.append((self.now, self.sun.sunlit))
        return self.sun

    def orbit(self, count: int = 1) -> SunWatch:
        for _ in range(count):
            self.show(LIT, PERIOD_S - ECLIPSE_S)
            self.show(DARK, ECLIPSE_S)
        return self.sun


@pytest.fixture
def sky() -> Sky:
    return Sky()


def test_before_anything_is_seen_the_worst_case_holds(sky: Sky) -> None:
    sun = sky.show(DARK, 10)
    assert (sun.eclipse_s, sun.period_s, sun.left_s) == (2160.0, 5760.0, 2160.0)
    sun = sky.show(LIT, 3000)
    assert sun.sunlit
    assert sun.eclipse_s == 2160.0


def test_sunlight_at_boot_has_no_known_end(sky: Sky) -> None:
    assert sky.show(LIT, 100).left_s == 0.0


def test_a_turn_is_seen_after_five_seconds_and_dated_back(sky: Sky) -> None:
    sky.show(DARK, 100)
    sunrise = sky.now + SECOND
    sky.show(LIT, 5)
    assert not sky.sun.sunlit
    sky.show(LIT, 1)
    assert sky.sun.sunlit
    assert sky.sun.sunrise_at == sunrise
    assert sky.turns == [(sky.now, True)]


def test_four_seconds_of_light_are_none(sky: Sky) -> None:
    sky.show(DARK, 100)
    sky.show(LIT, 4)
    sky.show(DARK, 1)
    sky.show(LIT, 4)
    assert sky.turns == []


def test_between_the_thresholds_all_stays_as_it_is(sky: Sky) -> None:
    sky.show(15.0, 100)
    assert not sky.sun.sunlit
    sky.show(LIT, 100)
    assert sky.sun.sunlit
    sky.show(15.0, 100)
    assert sky.sun.sunlit
    assert (sky.sun.lit_measured, sky.sun.dark_measured) == (True, False)
    sky.show(DARK, 1)
    assert (sky.sun.lit_measured, sky.sun.dark_measured) == (False, True)


def test_eclipse_and_period_are_learned(sky: Sky) -> None:
    sun = sky.orbit()
    assert not sun.durations
    sun = sky.orbit()
    assert sun.eclipses == 1
    assert sun.eclipse_s == ECLIPSE_S + 60
    assert sun.period_s == 5760.0, "one sunrise is no period"
    sun = sky.orbit()
    assert sun.period_s == PERIOD_S


def test_what_is_left_of_sunlight_and_of_eclipse(sky: Sky) -> None:
    sky.orbit(3)
    sky.show(LIT, 1001)
    assert sky.sun.left_s == PERIOD_S - ECLIPSE_S - 60 - 1000
    sky.show(LIT, PERIOD_S - ECLIPSE_S - 1001)
    assert sky.sun.left_s == 0.0, "the eclipse may begin at any moment"
    sky.show(DARK, 1001)
    assert sky.sun.left_s == ECLIPSE_S + 60 - 1000


def test_an_eclipse_longer_than_learned_may_last_as_long_as_the_worst(sky: Sky) -> None:
    sky.settings.worst_eclipse_s = 2500.0
    sky.orbit(3)
    sky.show(LIT, PERIOD_S - ECLIPSE_S)
    sky.show(DARK, ECLIPSE_S + 60)
    assert sky.sun.left_s == 1.0
    sky.show(DARK, 1)
    assert sky.sun.left_s == 2500 - ECLIPSE_S - 60
    sky.show(DARK, 1000)
    assert sky.sun.left_s == 0.0


def test_the_longest_of_the_last_three_eclipses_counts(sky: Sky) -> None:
    for eclipse in (2000, 1990, 1980, 1970):
        sky.show(LIT, PERIOD_S - eclipse)
        sky.show(DARK, eclipse)
    sky.show(LIT, 10)
    assert sky.sun.eclipse_s == 1990 + 60


@pytest.mark.parametrize("hole_s", [1, 4])
def test_an_edge_with_a_short_hole_is_learned_from(sky: Sky, hole_s: int) -> None:
    sky.orbit()
    sky.show(NAN, hole_s)
    sky.show(LIT, 10)
    assert sky.sun.eclipses == 1


def test_an_edge_with_a_long_hole_is_not_learned_from(sky: Sky) -> None:
    sky.orbit()
    sky.show(NAN, 6)
    sky.show(LIT, 10)
    assert sky.sun.sunlit
    assert (sky.sun.eclipses, sky.sun.sunrise_at) == (0, None)
    assert sky.sun.left_s == 0.0


def test_a_sunset_with_a_long_hole_leaves_the_worst_case(sky: Sky) -> None:
    sky.orbit(3)
    sky.show(LIT, PERIOD_S - ECLIPSE_S)
    sky.show(NAN, 20)
    sky.show(DARK, 100)
    assert not sky.sun.sunlit
    assert sky.sun.left_s == ECLIPSE_S + 60
    sky.settings.worst_eclipse_s = 2500.0
    sky.show(DARK, 1)
    assert sky.sun.left_s == 2500.0


def test_a_sunrise_with_a_long_hole_leaves_no_known_end(sky: Sky) -> None:
    sky.orbit(3)
    sky.show(NAN, 10)
    sky.show(LIT, 100)
    assert sky.sun.sunlit
    assert (sky.sun.sunrise_at, sky.sun.last_sunrise, sky.sun.left_s) == (None, None, 0.0)


def test_a_hole_while_turning_begins_the_turn_anew(sky: Sky) -> None:
    sky.show(DARK, 100)
    sky.show(LIT, 3)
    sky.show(NAN, 1)
    sky.show(LIT, 5)
    assert not sky.sun.sunlit
    sky.show(LIT, 1)
    assert sky.sun.sunlit


def test_the_spacecrafts_own_shadow_is_no_eclipse(sky: Sky) -> None:
    sky.orbit(3)
    sky.show(LIT, 1000)
    sunrise = sky.sun.sunrise_at
    sky.show(DARK, 119)
    assert not sky.sun.sunlit
    sky.show(LIT, 10)
    assert sky.sun.sunlit
    assert sky.sun.sunrise_at == sunrise
    assert list(sky.sun.durations) == [ECLIPSE_S * SECOND] * 3


def test_a_glint_in_an_eclipse_is_no_sunrise(sky: Sky) -> None:
    sky.orbit(3)
    sky.show(LIT, PERIOD_S - ECLIPSE_S)
    sky.show(DARK, 1000)
    sunset = sky.sun.sunset_at
    sky.show(LIT, 30)
    sky.show(DARK, 10)
    assert sky.sun.sunset_at == sunset
    sky.show(DARK, ECLIPSE_S - 1040)
    sky.show(LIT, 10)
    assert sky.sun.eclipse_s == ECLIPSE_S + 60


def test_tumbling_teaches_no_short_eclipses(sky: Sky) -> None:
    sky.orbit(3)
    for _ in range(5):
        sky.show(LIT, 400)
        sky.show(DARK, 200)
    sky.show(LIT, 100)
    assert sky.sun.eclipse_s == ECLIPSE_S + 60
    assert sky.sun.period_s == PERIOD_S


def test_a_period_far_from_the_expected_one_is_not_learned(sky: Sky) -> None:
    sky.settings.orbit_period_s = 7000.0
    sky.orbit(4)
    assert sky.sun.period_s == 7000.0


def test_darkness_longer_than_any_eclipse_is_not_learned(sky: Sky) -> None:
    sky.show(LIT, 1000)
    sky.show(DARK, 3600)
    sky.show(LIT, 10)
    assert not sky.sun.durations


def test_after_two_orbits_of_light_a_season_without_eclipses_is_assumed(sky: Sky) -> None:
    sky.orbit(3)
    sky.show(LIT, 2 * PERIOD_S)
    assert sky.sun.eclipse_s == ECLIPSE_S + 60
    sky.show(LIT, 10)
    assert sky.sun.eclipse_s == 600.0
    sky.show(NAN, 1)
    sky.show(LIT, 1)
    assert sky.sun.eclipse_s == ECLIPSE_S + 60, "only measured light proves it"


def test_without_array_power_charging_means_light_and_nothing_is_learned(sky: Sky) -> None:
    sky.orbit(3)
    sky.show(LIT, 1000)
    sky.show(NAN, 30, current=-1.0)
    assert sky.sun.sunlit
    sky.show(NAN, 5, current=-1.0)
    assert sky.sun.sunlit
    sky.show(NAN, 1, current=-1.0)
    assert not sky.sun.sunlit
    assert sky.sun.left_s == ECLIPSE_S + 60
    sky.show(NAN, 20, current=1.0)
    assert sky.sun.sunlit
    assert sky.sun.left_s == 0.0
    sky.show(NAN, 5, current=-1.0)
    sky.show(NAN, 3, current=1.0)
    sky.show(NAN, 5, current=-1.0)
    assert sky.sun.sunlit, "a turn must last"


@pytest.mark.parametrize("array_w", [NAN, math.inf, -1.0])
def test_nothing_known_is_darkness(sky: Sky, array_w: float) -> None:
    sky.orbit(3)
    sky.show(LIT, 1000)
    sky.show(array_w, 40)
    assert not sky.sun.sunlit
    assert (sky.sun.lit_measured, sky.sun.dark_measured) == (False, False)


def test_the_last_exact_edge_is_told_and_no_other(sky: Sky) -> None:
    sun = sky.show(DARK, 300)
    assert sun.edge_at == 0
    sunrise = sky.now + SECOND
    assert sky.show(LIT, 1000).edge_at == sunrise
    shadow = sky.now + SECOND
    sky.show(DARK, 60)  # its own shadow, which nobody knows before it ends
    assert sky.show(LIT, 1000).edge_at == shadow
    sky.show(NAN, 20)  # a hole, and behind it the dark
    assert sky.show(DARK, 600).edge_at == shadow
    again = sky.now + SECOND
    assert sky.show(LIT, 10).edge_at == again
