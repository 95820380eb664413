"""Ground stations: where a satellite stands in their sky, their horizon masks, and when they see it.

Elevations are geometric, over the WGS-84 ellipsoid, without refraction (which lifts a satellite at 5 degrees
by 0.15 degrees; a mask is given for the radio horizon, so it has that in it).
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import erfa
import numpy as np

from sim.orbit import Array, Orbit
from sim.result import Pass
from sim.spans import intervals, summit
from sim.sunlight import norm

LIGHT_SPEED_KM_S = 299_792.458
SEARCH_STEP_S = 30.0  # a pass over a station is one hump each orbit of 5400 s or more
DEFAULT_MASK_DEG = 5.0  # usual for tracking dishes

Mask = float | tuple[tuple[float, float], ...]


class StationError(ValueError):
    """A station that cannot be: the text is one line naming it, the value and what is expected."""


class Look(NamedTuple):
    """A satellite in a station's sky, arrays (n,): azimuth from north through east."""

    elevation_deg: Array
    azimuth_deg: Array
    range_km: Array


@dataclass(frozen=True, slots=True)
class GroundStation:
    """A station; `mask_deg` is its lowest usable elevation, or a table of (azimuth, elevation) all round.

    Between the azimuths of a table the mask is linear, across north too.  Altitude is over the ellipsoid.
    """

    name: str
    latitude_deg: float
    longitude_deg: float
    altitude_m: float = 0.0
    mask_deg: Mask = DEFAULT_MASK_DEG

    def __post_init__(self) -> None:
        self._check("latitude_deg", self.latitude_deg, -90.0, 90.0)
        self._check("longitude_deg", self.longitude_deg, -180.0, 180.0)
        self._check("altitude_m", self.altitude_m, -500.0, 9000.0)
        if isinstance(self.mask_deg, tuple):
            if not self.mask_deg:
                raise StationError(f"station {self.name}: mask_deg is an empty table")
            for azimuth, elevation in self.mask_deg:
                self._check("mask_deg azimuth", azimuth, 0.0, 360.0)
                self._check("mask_deg elevation", elevation, 0.0, 90.0)
        else:
            self._check("mask_deg", self.mask_deg, 0.0, 90.0)

    def _check(self, name: str, value: object, low: float, high: float) -> None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not low <= value <= high:  # type: ignore[operator]
            raise StationError(f"station {self.name}: {name} is {value!r}, expected {low:g} to {high:g}")

    def place(self) -> Array:
        """Earth-fixed position (3,) in km."""
        point: Array = erfa.gd2gc(
            1, math.radians(self.longitude_deg), math.radians(self.latitude_deg), self.altitude_m
        )
        return point / 1000.0

    def axes(self) -> tuple[Array, Array, Array]:
        """Unit vectors (3,) to the east, to the north and up, Earth-fixed."""
        latitude, longitude = math.radians(self.latitude_deg), math.radians(self.longitude_deg)
        sine, cosine = math.sin(latitude), math.cos(latitude)
        east = np.array((-math.sin(longitude), math.cos(longitude), 0.0))
        north = np.array((-sine * math.cos(longitude), -sine * math.sin(longitude), cosine))
        up = np.array((cosine * math.cos(longitude), cosine * math.sin(longitude), sine))
        return east, north, up

    def look(self, earth_fixed: Array) -> Look:
        """Where Earth-fixed points (n, 3) in km stand in this station's sky."""
        east, north, up = (_along(earth_fixed - self.place(), axis) for axis in self.axes())
        azimuth = np.degrees(np.arctan2(east, north)) % 360.0
        flat = np.hypot(east, north)
        return Look(np.degrees(np.arctan2(up, flat)), azimuth, np.hypot(flat, up))

    def elevation_and_range(self, earth_fixed: Array) -> tuple[Array, Array]:
        """Elevation in deg and range in km (n,) of Earth-fixed points (n, 3): `look` at half the cost."""
        line = earth_fixed - self.place()
        distance = norm(line)
        return np.degrees(np.arcsin(_along(line, self.axes()[2]) / distance)), distance

    def mask_at(self, azimuth_deg: Array) -> Array:
        """Lowest usable elevation in deg (n,) at azimuths (n,)."""
        if not isinstance(self.mask_deg, tuple):
            return np.full(azimuth_deg.shape, self.mask_deg)
        azimuths, elevations = zip(*self.mask_deg, strict=True)
        mask: Array = np.interp(azimuth_deg, azimuths, elevations, period=360.0)
        return mask

    def mask_over(self, earth_fixed: Array) -> Array:
        """Lowest usable elevation in deg under points (n, 3): (n,), or () if it is the same all round."""
        if isinstance(self.mask_deg, tuple):
            return self.mask_at(self.look(earth_fixed).azimuth_deg)
        return np.asarray(self.mask_deg, dtype=np.float64)

    def margin(self, earth_fixed: Array) -> Array:
        """Degrees (n,) by which points (n, 3) stand over the mask; above zero is in view."""
        return self.elevation_and_range(earth_fixed)[0] - self.mask_over(earth_fixed)


def _along(vectors: Array, axis: Array) -> Array:
    part: Array = vectors[:, 0] * axis[0] + vectors[:, 1] * axis[1] + vectors[:, 2] * axis[2]
    return part


def propagation_delay_s(range_km: float) -> float:
    """Time of flight of a signal over `range_km`, one way."""
    return range_km / LIGHT_SPEED_KM_S


def passes(orbit: Orbit, station: GroundStation, start_s: float, end_s: float) -> list[Pass]:
    """When `station` sees the satellite between two times, clipped to them; rise and set to 1 ms."""

    def margin(seconds: Array) -> Array:
        return station.margin(orbit.earth_fixed(seconds, orbit.at(seconds)[0]))

    def elevation(seconds: Array) -> Array:
        return station.elevation_and_range(orbit.earth_fixed(seconds, orbit.at(seconds)[0]))[0]

    found = intervals(margin, start_s, end_s, SEARCH_STEP_S)
    rise, fall = np.array([one.start_s for one in found]), np.array([one.end_s for one in found])
    _, highest = summit(elevation, rise, fall)
    return [
        Pass(station.name, one.start_s, one.end_s, round(float(top), 3))
        for one, top in zip(found, highest, strict=True)
    ]


def read_stations(path: Path) -> tuple[GroundStation, ...]:
    """The stations of a TOML file: tables [[station]] with the fields of GroundStation and a `source`.

    StationError, one line with the file's name, for anything that is not so.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StationError(f"{path}: {error}") from error
    tables = document.get("station")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise StationError(f"{path}: no [[station]] tables")
    try:
        stations = tuple(_station(table) for table in tables)
    except StationError as error:
        raise StationError(f"{path}: {error}") from None
    names = [station.name for station in stations]
    for name in names:
        if names.count(name) > 1:
            raise StationError(f"{path}: station {name} is there {names.count(name)} times")
    return stations


def _station(table: dict[str, object]) -> GroundStation:
    name = table.get("name")
    if not isinstance(name, str) or not name:
        raise StationError("a station without a name")
    known = {field.name for field in fields(GroundStation)}
    for key in table:
        if key not in known | {"source"}:
            raise StationError(f"station {name}: unknown key {key!r}, expected {', '.join(sorted(known))}")
    for key in ("latitude_deg", "longitude_deg"):
        if key not in table:
            raise StationError(f"station {name}: no {key}")
    values = {key: value for key, value in table.items() if key != "source"}
    if isinstance(values.get("mask_deg"), list):
        values["mask_deg"] = _mask_table(name, values["mask_deg"])
    return GroundStation(**values)  # type: ignore[arg-type]


def _mask_table(name: str, rows: object) -> tuple[tuple[object, object], ...]:
    assert isinstance(rows, list), "the caller has looked"
    for row in rows:
        if not isinstance(row, list) or len(row) != 2:
            raise StationError(f"station {name}: mask_deg has {row!r}, expected [azimuth, elevation]")
    return tuple((row[0], row[1]) for row in rows)
