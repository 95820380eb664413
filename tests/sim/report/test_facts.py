"""Figures stated on the page, against values worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.report.facts import (
    Verdict,
    charge_error,
    energy_wh,
    lowest_charge,
    node_ranges,
    tally,
    time_where,
    verdict,
)
from sim.report.wording import counted, duration, elapsed, number, power_unit, utc
from sim.result import CheckCount, NodeTrace, RunResult


@pytest.mark.parametrize(
    ("exercised", "failed", "found"),
    [(5, 0, Verdict.HELD), (5, 1, Verdict.FAILED), (0, 0, Verdict.NOT_EXERCISED), (0, 1, Verdict.FAILED)],
)
def test_verdict(exercised: int, failed: int, found: Verdict) -> None:
    assert verdict(CheckCount("any", exercised, failed)) is found


def test_tally() -> None:
    count = tally(
        [CheckCount("a", 1, 0), CheckCount("b", 0, 0), CheckCount("c", 3, 2), CheckCount("d", 9, 0)]
    )
    assert (count.held, count.failed, count.idle) == (2, 1, 1)


def test_energy_is_the_integral_and_a_gap_adds_nothing() -> None:
    times = np.array([0.0, 1_800.0, 3_600.0, 7_200.0])
    assert energy_wh(np.array([100.0, 100.0, 100.0, 0.0]), times) == pytest.approx(150.0)
    assert energy_wh(np.array([100.0, np.nan, 100.0, 100.0]), times) == pytest.approx(100.0)
    assert energy_wh(np.array([5.0]), np.array([0.0])) == 0.0


def test_time_outside() -> None:
    assert time_where(np.array([True, False, True, True]), np.array([0.0, 10.0, 30.0, 60.0])) == 40.0


def test_charge_extremes_skip_gaps(day: RunResult) -> None:
    charge, onboard = np.full_like(day.charge, 0.9), np.full_like(day.charge, 0.91)
    charge[100], charge[200], onboard[300] = 0.4, np.nan, np.nan
    onboard[100] = 0.4
    onboard[50] = 0.7
    result = replace(day, charge=charge, charge_onboard=onboard)
    assert lowest_charge(result) == (0.4, day.times_s[100])
    assert charge_error(result) == pytest.approx(0.2)
    nothing = replace(day, charge=np.full_like(charge, np.nan))
    assert np.isnan(lowest_charge(nothing)).all()
    assert np.isnan(charge_error(nothing))


def test_the_tightest_node_comes_first_and_a_silent_one_last(day: RunResult) -> None:
    flat = np.full_like(day.times_s, 20.0)
    hot = flat.copy()
    hot[10:13] = 85.0
    nodes = (
        NodeTrace("silent", flat * np.nan, 0.0, 40.0),
        NodeTrace("wide", flat, -50.0, 90.0),
        NodeTrace("cold side", flat, 15.0, 90.0),
        NodeTrace("hot", hot, 0.0, 80.0),
    )
    ranges = node_ranges(replace(day, nodes=nodes))
    assert [node.name for node in ranges] == ["hot", "cold side", "wide", "silent"]
    assert [node.margin for node in ranges[:3]] == [-5.0, 5.0, 70.0]
    assert [node.outside_s for node in ranges] == [90.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (12.5, "12.5 s"),
        (59.9, "59.9 s"),
        (580, "9 min 40 s"),
        (3_600, "1 h"),
        (30_240, "8 h 24 min"),
        (86_400, "1 d"),
        (100_800, "1 d 4 h"),
        (np.nan, "–"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_elapsed_and_utc(day: RunResult) -> None:
    assert elapsed(0) == "T+00:00:00"
    assert elapsed(93_784) == "T+1 d 02:03:04"
    assert elapsed(-61) == "T−00:01:01"
    assert utc(day.epoch, 15_150) == "2026-03-20 04:12:30"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1_234.56, "W", "1,234.6 W"),
        (-12.34, "°C", "−12.3 °C"),
        (-0.01, "%", "0.0 %"),
        (np.nan, "W", "–"),
        (3.0, "", "3.0"),
    ],
)
def test_number(value: float, unit: str, text: str) -> None:
    assert number(value, unit) == text


def test_power_unit() -> None:
    assert power_unit(np.array([9_999.0]), np.array([5.0])) == ("W", 1.0)
    assert power_unit(np.array([5.0]), np.array([120_000.0, np.nan])) == ("kW", 1_000.0)
    assert power_unit(np.empty(0)) == ("W", 1.0)


def test_counted() -> None:
    assert [counted(n, "pass", "passes") for n in (0, 1, 1_200)] == ["0 passes", "1 pass", "1,200 passes"]
