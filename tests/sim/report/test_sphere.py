"""Land and station footprints on the map."""

from __future__ import annotations

import json
import math
from importlib.resources import files

import pytest

from sim.report.sphere import Point, circle, copies, unwrap, visible_radius_deg

COASTLINE = files("sim.report").joinpath("data/coastline.json")


def rings() -> list[list[Point]]:
    data = json.loads(COASTLINE.read_text(encoding="utf-8"))
    return [[(x / 10, y / 10) for x, y in zip(ring[::2], ring[1::2], strict=True)] for ring in data["rings"]]


def is_inside(longitude: float, latitude: float, ring: list[Point]) -> bool:
    inside = False
    for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (y0 > latitude) != (y1 > latitude) and longitude < x0 + (latitude - y0) / (y1 - y0) * (x1 - x0):
            inside = not inside
    return inside


def is_land(longitude: float, latitude: float) -> bool:
    return sum(is_inside(longitude, latitude, ring) for ring in rings()) % 2 == 1


@pytest.mark.parametrize(
    ("place", "longitude", "latitude"),
    [
        ("Munich", 11.6, 48.1),
        ("Nairobi", 36.8, -1.3),
        ("Alice Springs", 133.9, -23.7),
        ("Brasilia", -47.9, -15.8),
        ("South Pole", 0.0, -89.5),
        ("Chukotka, west of the antimeridian", 175.0, 67.5),
        ("Chukotka, east of the antimeridian", -175.0, 66.5),
        ("Antarctica at the antimeridian", 179.5, -85.0),
    ],
)
def test_land_is_where_land_is(place: str, longitude: float, latitude: float) -> None:
    assert is_land(longitude, latitude)


@pytest.mark.parametrize(
    ("longitude", "latitude"), [(-30, 40), (-150, 0), (75, -40), (170, 40), (-175, -50), (0, 88)]
)
def test_sea_is_where_sea_is(longitude: float, latitude: float) -> None:
    assert not is_land(longitude, latitude)


def test_the_data_file_is_small_and_names_its_source() -> None:
    text = COASTLINE.read_text(encoding="utf-8")
    assert len(text) < 100_000
    assert "Natural Earth" in json.loads(text)["source"]


def test_the_horizon_at_550_km() -> None:
    # cos(angle) = R / (R + h): 22.996 degrees for 6371 and 550 km; at the zenith it is a point.
    assert visible_radius_deg(550.0, 0.0) == pytest.approx(22.996, abs=0.001)
    assert visible_radius_deg(550.0, 90.0) == pytest.approx(0.0, abs=1e-9)
    assert visible_radius_deg(550.0, 10.0) == pytest.approx(14.97, abs=0.01)  # acos(0.98481 * 0.92053) - 10


@pytest.mark.parametrize(
    ("longitude", "latitude"), [(11.0, 48.0), (179.0, -46.0), (15.0, 78.0), (0.0, -89.0)]
)
def test_every_point_of_a_circle_is_at_its_radius(longitude: float, latitude: float) -> None:
    here = math.radians(latitude)
    for east, north in circle(longitude, latitude, 20.0):
        there, turn = math.radians(north), math.radians(east - longitude)
        cosine = math.sin(here) * math.sin(there) + math.cos(here) * math.cos(there) * math.cos(turn)
        assert math.degrees(math.acos(cosine)) == pytest.approx(20.0, abs=1e-6)


def test_a_circle_over_the_antimeridian_shows_on_both_sides() -> None:
    shown = copies(unwrap(circle(175.0, 0.0, 20.0)))
    assert len(shown) == 2
    assert any(is_inside(179.0, 0.0, ring) for ring in shown)
    assert any(is_inside(-179.0, 0.0, ring) for ring in shown)


def test_a_circle_around_a_pole_covers_the_whole_width() -> None:
    for latitude in (78.0, -78.0):
        (ring,) = copies(unwrap(circle(15.0, latitude, 20.0)))
        pole = math.copysign(89.9, latitude)
        assert all(is_inside(longitude, pole, ring) for longitude in range(-179, 180, 10))
        assert is_inside(15.0, latitude, ring)
        assert not is_inside(15.0, 0.0, ring)
        sides = [longitude for longitude, _ in ring]
        assert min(sides) < -180
        assert max(sides) > 180


def test_unwrapping_leaves_no_jump() -> None:
    ring = unwrap([(170.0, 0.0), (-170.0, 5.0), (-170.0, -5.0), (170.0, 0.0)])
    assert ring == [(170.0, 0.0), (190.0, 5.0), (190.0, -5.0), (170.0, 0.0)]
