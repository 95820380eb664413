"""Where the satellite is: SGP4 from a two-line set or mean elements, and the turn to the rotating Earth.

Positions are in TEME (true equator, mean equinox), the frame SGP4 works in.  Time is seconds after a UTC
epoch.  UTC stands in for UT1: they differ by less than 0.9 s, which is less than 0.4 km along the ground.
A leap second inside a run is not modelled.
"""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import erfa
import numpy as np
import numpy.typing as npt
from sgp4.api import SGP4_ERRORS, WGS72, Satrec, accelerated

from flight.planning.ahead.elements import FIELDS, LINE_LENGTH, checksum

Array = npt.NDArray[np.float64]

DAY_S = 86_400.0
EARTH_RADIUS_KM = 6378.137  # equatorial, WGS-84
GRAVITY_RADIUS_KM = 6378.135  # WGS-72, the unit of length inside SGP4 (Hoots and Roehrich 1980)


class OrbitError(ValueError):
    """An orbit that cannot be flown; the text is one line for a person."""


class ElementsError(OrbitError):
    """Elements that are damaged, out of range or not in the two-line format."""


class PropagationError(OrbitError):
    """SGP4 has no position for a time asked for: the satellite has decayed, or the elements are past use."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """A UTC instant as a two-part Julian date: the midnight before it and the fraction of the day since."""

    midnight: float
    fraction: float

    @classmethod
    def of(cls, moment: datetime) -> Epoch:
        """The instant `moment`, which must carry its time zone; OrbitError if it does not."""
        if moment.tzinfo is None:
            raise OrbitError(f"epoch {moment.isoformat()} has no time zone, write 2026-04-24T06:00:00Z")
        utc = moment.astimezone(UTC)
        midnight = utc.replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(utc.toordinal() + 1721424.5, (utc - midnight).total_seconds() / DAY_S)

    def terrestrial_time(self) -> tuple[float, float]:
        """The same instant in TT, by the leap seconds known to SOFA (IAU), as a two-part Julian date."""
        with warnings.catch_warnings():  # beyond SOFA's table the last known leap second holds, which will do
            warnings.filterwarnings("ignore", message=".*dubious year", category=erfa.ErfaWarning)
            first, second = erfa.taitt(*erfa.utctai(self.midnight, self.fraction))
        return float(first), float(second)


@dataclass(frozen=True, slots=True)
class MeanElements:
    """SGP4 mean elements (Kozai mean motion, as in a two-line set) for an orbit that nobody has tracked."""

    mean_motion_rev_per_day: float
    eccentricity: float
    inclination_deg: float
    right_ascension_deg: float
    argument_of_perigee_deg: float
    mean_anomaly_deg: float
    drag_per_earth_radius: float = 0.0  # B*

    def __post_init__(self) -> None:
        for field in fields(self):
            if not math.isfinite(getattr(self, field.name)):
                raise ElementsError(f"{field.name} is {getattr(self, field.name)}, expected a finite number")
        _within("mean_motion_rev_per_day", self.mean_motion_rev_per_day, 0.0, 17.0)
        _within("eccentricity", self.eccentricity, 0.0, 1.0)
        _within("inclination_deg", self.inclination_deg, 0.0, 180.0)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ElementsError(f"{name} is {value:g}, expected {low:g} to {high:g}")


class Orbit:
    """One satellite's orbit; `at` gives its track in seconds after `epoch`."""

    __slots__ = ("_satellite", "epoch")

    def __init__(self, satellite: Satrec, epoch: Epoch) -> None:
        if not accelerated:
            warnings.warn("sgp4 has no compiled part here, orbits take 50 times longer", RuntimeWarning, 2)
        if satellite.error:
            raise ElementsError(f"SGP4 refuses the elements: {SGP4_ERRORS[satellite.error]}")
        self._satellite = satellite
        self.epoch = epoch

    @classmethod
    def from_tle(cls, line1: str, line2: str, epoch: datetime | None = None) -> Orbit:
        """The orbit of a two-line element set, from `epoch` or else from the epoch of the elements.

        ElementsError if either line is damaged: length, checksum, fields or ranges.
        """
        line1, line2 = line1.rstrip(), line2.rstrip()
        check_tle(line1, line2)
        satellite = Satrec.twoline2rv(line1, line2)
        start = Epoch(satellite.jdsatepoch, satellite.jdsatepochF) if epoch is None else Epoch.of(epoch)
        return cls(satellite, start)

    @classmethod
    def from_elements(cls, elements: MeanElements, epoch: datetime) -> Orbit:
        """The orbit of mean elements valid at `epoch`."""
        start = Epoch.of(epoch)
        satellite = Satrec()
        satellite.sgp4init(
            WGS72,
            "i",
            0,
            start.midnight - 2433281.5 + start.fraction,  # days since 1949-12-31, as sgp4init wants
            elements.drag_per_earth_radius,
            0.0,
            0.0,
            elements.eccentricity,
            math.radians(elements.argument_of_perigee_deg),
            math.radians(elements.inclination_deg),
            math.radians(elements.mean_anomaly_deg),
            elements.mean_motion_rev_per_day * 2.0 * math.pi / 1440.0,
            math.radians(elements.right_ascension_deg),
        )
        return cls(satellite, start)

    @property
    def period_s(self) -> float:
        """Time from node to node at the epoch of the elements, by the Kozai mean motion."""
        return 2.0 * math.pi / float(self._satellite.no_kozai) * 60.0

    @property
    def perigee_km(self) -> float:
        """Lowest distance from the Earth's centre, by the mean elements."""
        return (1.0 + float(self._satellite.altp)) * GRAVITY_RADIUS_KM

    @property
    def apogee_km(self) -> float:
        """Highest distance from the Earth's centre, by the mean elements."""
        return (1.0 + float(self._satellite.alta)) * GRAVITY_RADIUS_KM

    def at(self, seconds: Array) -> tuple[Array, Array]:
        """Positions (n, 3) in km and velocities (n, 3) in km/s in TEME at `seconds` (n,) after the epoch.

        PropagationError at the first time for which SGP4 (Vallado et al., AIAA 2006-6753) has no answer.
        """
        midnight = np.full(seconds.shape, self.epoch.midnight)
        codes, positions, velocities = self._satellite.sgp4_array(midnight, self._fraction(seconds))
        if codes.any():
            first = int(np.flatnonzero(codes)[0])
            raise PropagationError(
                f"SGP4 stops {seconds[first]:.0f} s after the epoch: {SGP4_ERRORS[int(codes[first])]}"
            )
        return positions, velocities

    def earth_fixed(self, seconds: Array, positions: Array) -> Array:
        """TEME `positions` (n, 3) turned to the rotating Earth by GMST-82, polar motion left out (15 m)."""
        angle: Array = erfa.gmst82(self.epoch.midnight, self._fraction(seconds))
        cosine, sine = np.cos(angle), np.sin(angle)
        x, y = positions[:, 0], positions[:, 1]
        return np.stack((cosine * x + sine * y, cosine * y - sine * x, positions[:, 2]), axis=1)

    def _fraction(self, seconds: Array) -> Array:
        return self.epoch.fraction + seconds / DAY_S


def celestial_to_teme(day: float, fraction: Array) -> Array:
    """Matrices (n, 3, 3) that turn GCRS (the fixed stars) to TEME at TT dates `day` + `fraction` (n,).

    Precession and nutation IAU 2000B give the true equator and equinox of date; TEME counts from the mean
    equinox, which is the equation of equinoxes away.
    """
    turn: Array = erfa.rz(erfa.eqeq94(day, fraction), erfa.pnm00b(day, fraction))
    return turn


def geodetic(earth_fixed: Array) -> tuple[Array, Array, Array]:
    """Latitude and longitude (-180 to 180) in deg and altitude in km over WGS-84 of points (n, 3) in km."""
    longitude, latitude, height_m = erfa.gc2gd(1, earth_fixed * 1000.0)
    return np.degrees(latitude), np.degrees(longitude), height_m / 1000.0


def check_tle(line1: str, line2: str) -> None:
    """Raise ElementsError, one line of text, unless both lines are whole and belong together."""
    for number, line in enumerate((line1, line2), start=1):
        _check_line(number, line)
    if line1[2:7] != line2[2:7]:
        raise ElementsError(f"TLE: line 1 is satellite {line1[2:7]}, line 2 is satellite {line2[2:7]}")
    day = float(line1[20:32])
    if not 1.0 <= day < 367.0:
        raise ElementsError(f"TLE line 1: day of year is {day:g}, expected 1 to 366")
    _within("TLE line 2: inclination", float(line2[8:16]), 0.0, 180.0)
    _within("TLE line 2: mean motion", float(line2[52:63]), 0.05, 17.0)


def _check_line(number: int, line: str) -> None:
    where = f"TLE line {number}"
    if len(line) != LINE_LENGTH:
        raise ElementsError(f"{where}: {len(line)} characters long, expected {LINE_LENGTH}")
    if not line.isascii() or not line.isprintable():
        raise ElementsError(f"{where}: has a character that is not plain text")
    if not line.startswith(f"{number} "):
        raise ElementsError(f"{where}: starts with {line[:2]!r}, expected '{number} '")
    expected = checksum(line)
    if line[68] != str(expected):
        raise ElementsError(f"{where}: checksum is {expected}, the line says {line[68]!r}")
    for name, column, pattern in FIELDS[number - 1]:
        if re.compile(pattern).match(line, column) is None:
            raise ElementsError(f"{where}: no {name} in column {column + 1}")
