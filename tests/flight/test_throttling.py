"""The rules of the ladder, that modules fly and the forecast runs ahead."""

from __future__ import annotations

import math

from flight.declare import SECOND
from flight.throttling import (
    dwell_left_s,
    is_charged,
    is_cool,
    level_limit,
    may_rise,
    rung_below,
    rung_of_charge,
    rung_of_heat,
)

STEPS = (75.0, 80.0, 83.0)
SHEDS = (0.78, 0.74, 0.70)


def test_heat_asks_for_caps_then_freezes_then_stops():
    assert [rung_of_heat(STEPS, hot_c) for hot_c in (74.9, 75.0, 80.0, 83.0, 200.0)] == [0, 2, 3, 4, 4]
    assert [rung_below(rung) for rung in (4, 3, 2)] == [3, 2, 0]


def test_a_rung_is_left_below_its_own_threshold():
    assert is_cool(STEPS, 2, 68.0, 7.0)
    assert not is_cool(STEPS, 2, 68.1, 7.0)
    assert is_cool(STEPS, 4, 76.0, 7.0)


def test_charge_asks_at_its_thresholds_and_is_left_above_them():
    assert [rung_of_charge(SHEDS, charge) for charge in (0.78, 0.77, 0.72, 0.1, math.nan)] == [0, 1, 2, 3, 3]
    assert is_charged(SHEDS, 1, 0.86, 0.08)
    assert not is_charged(SHEDS, 1, 0.8599, 0.08)
    assert is_charged(SHEDS, 2, 0.82, 0.08)


def test_the_dwell_of_a_rung_counts_from_when_it_was_asked_for_last():
    assert dwell_left_s(3, 100 * SECOND, 300.0, 5760.0) == 200.0
    assert dwell_left_s(4, 100 * SECOND, 300.0, 5760.0) == 5660.0


def test_the_limit_of_a_board():
    assert [level_limit(rung, 5, 4, 3) for rung in range(6)] == [5, 4, 3, 1, 0, 0]
    assert level_limit(2, 2, 2, 3) == 2


def test_a_rise_waits_for_both_dwells():
    assert may_rise(60 * SECOND, 60 * SECOND, 60.0)
    assert not may_rise(59 * SECOND, 90 * SECOND, 60.0)
    assert not may_rise(90 * SECOND, 59 * SECOND, 60.0)
