from __future__ import annotations

import math

import pytest

from sim.checks.readings import BadReadingsDoubted

NAME = "avionics_temperature"  # -140 to 150 degC, stuck after 120 s


@pytest.fixture
def reading(seen, kernel, booted, monkeypatch):
    """Let the sensor say something for some seconds while flight believes something; exercise and failures."""
    check = BadReadingsDoubted(seen.mission)
    check.booted(booted, kernel)
    sensor, place = check.known[NAME]
    seen.sensors.readings = {every: list(row) for every, row in seen.sensors.readings.items()}

    def say(seconds: int, says, believed: float, distorted: bool = True) -> tuple[int, int]:
        seen.sensors.distortions = {NAME: None} if distorted else {}
        monkeypatch.setitem(vars(kernel.bus), NAME, believed)
        for second in range(seconds):
            seen.sensors.readings[sensor.every][place] = says(second) if callable(says) else says
            check.look(seen, second)
        return check.exercised, check.failed

    return say


@pytest.mark.parametrize("says", [math.nan, math.inf, 999.0, -999.0])
def test_what_is_missing_or_out_of_range_must_be_doubted(reading, says) -> None:
    assert reading(7, says, 20.0) == (0, 0)
    assert reading(5, says, 20.0) == (1, 1)


def test_what_is_stuck_must_be_doubted_after_its_time(reading) -> None:
    assert reading(120, 20.0, 20.0) == (0, 0)
    assert reading(10, 20.0, 20.0) == (1, 1)


def test_doubted_is_right(reading) -> None:
    assert reading(10, math.nan, math.nan) == (1, 0)
    assert reading(200, 20.0, math.nan) == (2, 0)


def test_a_reading_that_moves_or_a_good_sensor_is_nothing(reading) -> None:
    assert reading(1000, lambda second: 20.0 + second % 2, 20.0) == (0, 0)
    assert reading(1000, 20.0, 20.0, distorted=False) == (0, 0)
