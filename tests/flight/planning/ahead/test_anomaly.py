"""The outline of the anomaly against the model that it was drawn from."""

from __future__ import annotations

import pytest

from flight.planning.ahead.anomaly import OUTLINE, in_anomaly

# Latitude, and the first and last longitude on a grid of 3 degrees where AP8-MIN has more than a hundredth of its peak
# of protons above 30 MeV at 650 km, drifted to mid 2026 (aep8 1.1.0).
ROWS_650_KM = (
    (-52, -72, -45), (-48, -81, -30), (-44, -84, -21), (-40, -90, -9), (-36, -93, 3), (-32, -96, 12),
    (-28, -96, 9), (-24, -96, 0), (-20, -96, -12), (-16, -93, -15), (-12, -90, -21), (-8, -78, -30),
    (-4, -66, -33),
)  # fmt: skip
OUTWARD_DEG = 12  # the outline is rounded outward, and the rows are whole steps of the grid


@pytest.mark.parametrize(("latitude", "west", "east"), ROWS_650_KM)
def test_the_outline_holds_what_the_model_says_and_little_more(latitude: int, west: int, east: int):
    assert all(in_anomaly(latitude, longitude) for longitude in range(west, east + 1, 3))
    assert not in_anomaly(latitude, west - OUTWARD_DEG)
    assert not in_anomaly(latitude, east + OUTWARD_DEG)


def test_it_is_closed_and_far_from_the_date_line_and_from_the_poles():
    assert OUTLINE[0] == OUTLINE[-1]
    for latitude, longitude in (
        (-57, -60),
        (2, -50),
        (78, 15),
        (-72, 2.5),
        (-30, 170),
        (-30, -179),
        (-89, -50),
    ):
        assert not in_anomaly(latitude, longitude)
    assert in_anomaly(-26.0, -53.0)
