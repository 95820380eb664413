"""The South Atlantic Anomaly as an outline over the ground, for orbits from 500 to 700 km.

Where the model AP8-MIN (Sawyer and Vette, NSSDC 76-06, 1976) has more than a hundredth of its greatest flux of protons
above 30 MeV at 650 km, 38 of 3844 a square centimetre and second, drifted 0.3 degrees west a year since 1960 to mid
2026 as ECSS-E-ST-10-04C has it.  Computed with the library aep8 1.1.0 (IRBEM) on a grid of 2 by 3 degrees, rounded
outward by up to 3 degrees.  At 600 km the same share lies 3 degrees inside; at 800 km it reaches 15 degrees further.
"""

from __future__ import annotations

from itertools import pairwise

# Latitude and longitude in degrees, from the south against the sun round to the south.
OUTLINE = (
    (-56.0, -60.0),
    (-52.0, -42.0),
    (-46.0, -22.0),
    (-40.0, -6.0),
    (-36.0, 6.0),
    (-35.0, 14.0),
    (-29.0, 14.0),
    (-26.0, 9.0),
    (-22.0, -4.0),
    (-16.0, -12.0),
    (-10.0, -22.0),
    (-4.0, -31.0),
    (0.0, -42.0),
    (0.0, -62.0),
    (-5.0, -76.0),
    (-9.0, -89.0),
    (-16.0, -97.0),
    (-20.0, -99.0),
    (-34.0, -99.0),
    (-40.0, -93.0),
    (-48.0, -84.0),
    (-54.0, -70.0),
    (-56.0, -60.0),
)
SOUTH, NORTH = min(row[0] for row in OUTLINE), max(row[0] for row in OUTLINE)
WEST, EAST = min(row[1] for row in OUTLINE), max(row[1] for row in OUTLINE)


def in_anomaly(latitude_deg: float, longitude_deg: float) -> bool:
    """Longitude from -180 to 180; the outline does not cross that line."""
    if not (SOUTH <= latitude_deg <= NORTH and WEST <= longitude_deg <= EAST):
        return False
    inside = False
    for (lat_a, lon_a), (lat_b, lon_b) in pairwise(OUTLINE):
        if (lat_a > latitude_deg) is not (lat_b > latitude_deg):
            crossing = lon_a + (latitude_deg - lat_a) / (lat_b - lat_a) * (lon_b - lon_a)
            inside ^= longitude_deg < crossing
    return inside
