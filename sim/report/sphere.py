"""Rings on the globe, made ready for an equirectangular map.  Degrees, points are (longitude, latitude)."""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = tuple[float, float]

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG; the map needs no better
BEYOND_MAP_DEG = 200.0  # a ring around a pole goes on so far that its closing sides are out of sight
RING_POINTS = 120  # one every 3 degrees of azimuth: smooth at the size of the map


def unwrap(ring: Sequence[Point]) -> list[Point]:
    """The closed ring without jumps in longitude; one that winds around a pole is closed along that pole."""
    points = [ring[0]]
    for longitude, latitude in ring[1:]:
        before = points[-1][0]
        points.append((before + (longitude - before + 180.0) % 360.0 - 180.0, latitude))
    first, last = points[0], points[-1]
    turn = round((last[0] - first[0]) / 360.0)
    if turn != 0:
        pole = math.copysign(90.0, sum(latitude for _, latitude in points))
        shifts = (-360.0 * turn, 0.0, 360.0 * turn)
        around = [(longitude + shift, latitude) for shift in shifts for longitude, latitude in points]
        points = [point for point in around if abs(point[0]) <= BEYOND_MAP_DEG]
        points += [(points[-1][0], pole), (points[0][0], pole)]
    return points


def copies(ring: Sequence[Point]) -> list[list[Point]]:
    """The ring at every shift by 360 degrees that shows between -180 and 180."""
    west = min(longitude for longitude, _ in ring)
    east = max(longitude for longitude, _ in ring)
    if east - west > 360.0:
        return [list(ring)]  # around a pole: `unwrap` made it wide enough
    turns = (-720.0, -360.0, 0.0, 360.0, 720.0)
    shifts = (shift for shift in turns if west + shift < 180.0 and east + shift > -180.0)
    return [[(longitude + shift, latitude) for longitude, latitude in ring] for shift in shifts]


def visible_radius_deg(altitude_km: float, elevation_deg: float) -> float:
    """Angle at the Earth's centre out to which a spacecraft stands above this elevation (spherical Earth)."""
    elevation = math.radians(elevation_deg)
    ratio = EARTH_RADIUS_KM * math.cos(elevation) / (EARTH_RADIUS_KM + altitude_km)
    return max(0.0, math.degrees(math.acos(ratio) - elevation))


def circle(longitude_deg: float, latitude_deg: float, radius_deg: float) -> list[Point]:
    """Small circle around a point, closed, `RING_POINTS` sides (great-circle destination formula)."""
    latitude, radius = math.radians(latitude_deg), math.radians(radius_deg)
    ring = []
    for index in range(RING_POINTS + 1):
        azimuth = 2.0 * math.pi * index / RING_POINTS
        sine = math.sin(latitude) * math.cos(radius) + math.cos(latitude) * math.sin(radius) * math.cos(
            azimuth
        )
        reached = math.asin(min(1.0, max(-1.0, sine)))
        east = math.sin(azimuth) * math.sin(radius) * math.cos(latitude)
        turn = math.atan2(east, math.cos(radius) - math.sin(latitude) * sine)
        ring.append((longitude_deg + math.degrees(turn), math.degrees(reached)))
    return ring
