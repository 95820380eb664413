"""UTC of mission times: true within the uncertainty that is claimed, also over reboots."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground.times import LATENCY_NS, POINT_EVERY_NS, Correlation, Point, Utc

NS = 1_000_000_000
EPOCH = 1_800_000_000 * NS


def known(correlation: Correlation, mission_ns: int) -> Utc:
    found = correlation.utc(mission_ns)
    assert found is not None
    return found


class World:
    """A mission clock that runs off UTC by a drift and an offset, and packets that arrive late by chance."""

    def __init__(self, seed=1, drift_ppm=0.0):
        self.chance = random.Random(seed)
        self.drift_ppm = drift_ppm
        self.offset = EPOCH

    def utc(self, mission_ns):
        return mission_ns + self.offset + round(mission_ns * self.drift_ppm / 1e6)

    def hear(self, correlation, first_s, last_s, late=3.0):
        for second in range(first_s, last_s):
            delay = round((self.chance.random() * late if second % 7 else self.chance.random() * 2) * NS)
            correlation.sample(second * NS, self.utc(second * NS) + delay)

    def check(self, correlation, mission_s):
        found = known(correlation, mission_s * NS)
        assert abs(found.utc_ns - self.utc(mission_s * NS)) <= found.uncertainty_ns
        return found


def test_nothing_is_known_at_first():
    assert Correlation().utc(0) is None


@pytest.mark.slow
@given(st.integers(0, 50), st.floats(-19, 19))
def test_true_within_its_uncertainty(seed, drift):
    world, correlation = World(seed, drift), Correlation()
    for first in (1000, 7000, 13000):
        world.hear(correlation, first, first + 600)
        correlation.close()
    for second in (0, 1000, 1300, 4000, 7300, 10_000, 13_599, 30_000, 86_400):
        world.check(correlation, second)


def test_uncertainty_grows_away_from_what_was_heard():
    world, correlation = World(), Correlation()
    world.hear(correlation, 1000, 1600)
    near, far = known(correlation, 1600 * NS), known(correlation, 101_600 * NS)
    assert near.uncertainty_ns < LATENCY_NS
    assert far.uncertainty_ns - near.uncertainty_ns >= 2 * NS


def test_one_slow_packet_moves_nothing():
    world, correlation = World(), Correlation()
    world.hear(correlation, 0, 100)
    before = known(correlation, 50 * NS)
    correlation.sample(101 * NS, world.utc(101 * NS) + 5000 * NS)
    assert known(correlation, 50 * NS) == before


def test_light_time_is_taken_off():
    correlation = Correlation()
    correlation.sample(0, EPOCH + 20_000_000, light_time_ns=20_000_000)
    assert known(correlation, 0).utc_ns == EPOCH - LATENCY_NS // 2


def test_each_side_of_a_reboot_has_its_own_offsets():
    world, correlation = World(), Correlation()
    world.hear(correlation, 1000, 1500)
    before = world.utc(1400 * NS)
    assert correlation.rebooted(1530 * NS) is not None  # dark for 600 s, and the clock set ahead by 30 s
    world.offset += 570 * NS
    world.hear(correlation, 1530, 1900)
    assert len(correlation.points) == 1, "the window ended with its era"
    correlation.close()
    world.check(correlation, 1700)
    world.offset -= 570 * NS
    found = known(correlation, 1400 * NS)
    assert abs(found.utc_ns - before) <= found.uncertainty_ns


def test_an_era_that_nobody_heard_lies_between_its_neighbours():
    world, correlation = World(), Correlation()
    world.hear(correlation, 0, 100)
    correlation.close()
    correlation.rebooted(200 * NS)
    correlation.rebooted(300 * NS)
    world.offset += 1000 * NS
    world.hear(correlation, 300, 400)
    correlation.close()
    found = known(correlation, 250 * NS)
    assert 500 * NS <= found.uncertainty_ns < 502 * NS
    assert abs(found.utc_ns - (EPOCH + 750 * NS)) <= 2 * NS
    correlation.rebooted(500 * NS)
    assert known(correlation, 600 * NS).uncertainty_ns > 10**18, (
        "nothing is known of a last era without a packet"
    )


def test_points_are_few_and_given_out_once():
    correlation = Correlation()
    given = [correlation.sample(second * NS, second * NS + EPOCH) for second in range(3000)]
    points = [point for point in given if point is not None]
    assert points == [Point(second * NS, EPOCH) for second in range(0, 2400, POINT_EVERY_NS // NS)]
    assert correlation.close() == Point(2400 * NS, EPOCH)
    assert correlation.close() is None
    again = Correlation()
    for point in [*points, Point(2400 * NS, EPOCH)]:
        again.add(point)
    assert again.utc(1234 * NS) == known(correlation, 1234 * NS)


def test_a_reboot_is_told_once():
    correlation = Correlation()
    for second in (300, 100, 300, 200, 100):
        correlation.rebooted(second * NS)
    assert correlation.boots == [100 * NS, 200 * NS, 300 * NS]
