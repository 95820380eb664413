"""Orbital elements as the ground uploads them: a two-line set, checked letter by letter, and SGP4 over it.

The format is CelesTrak's (Kelso) and Vallado 2013, 2.4.2; SGP4 is Vallado's own code (AIAA 2006-6753), which needs no
compiled part: without it a position takes 4 us on an x86-64 core instead of 1 us.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Protocol, cast

from sgp4.api import SGP4_ERRORS, Satrec

LINE_LENGTH = 69
DAY_NS = 86_400 * 10**9
UNIX_EPOCH_JD = 2_440_587.5
UNIX_EPOCH_ORDINAL = 719_163
CENTURY_TURNS = 57  # years of two digits from here on are of the last century: Sputnik's
# A low orbit: a period of 86 to 128 minutes.  Others are not for these slots, and SGP4 has other physics for them.
MOTION_LOW, MOTION_HIGH = 11.25, 16.7
PERIGEE_LOW_KM = 120.0  # below it no orbit lasts a day
NEAREST_KM, FARTHEST_KM = (
    6_400.0,
    9_500.0,
)  # from the centre; of elements past use SGP4 gives 1e22 km and no error

_ANGLE = r"[ 0-9]{3}\.[0-9]{4}"
_EXPONENT = r"[ +-][0-9]{5}[+-][0-9]"
# Of each line: field, first column (from 0) and pattern.
FIELDS = (
    (
        ("satellite number", 2, r"[ A-Z0-9][ 0-9]{3}[0-9]"),
        ("epoch", 18, r"[0-9]{2}[ 0-9]{3}\.[0-9]{8}"),
        ("first derivative of the mean motion", 33, r"[ +-]\.[0-9]{8}"),
        ("second derivative of the mean motion", 44, _EXPONENT),
        ("B*", 53, _EXPONENT),
    ),
    (
        ("satellite number", 2, r"[ A-Z0-9][ 0-9]{3}[0-9]"),
        ("inclination", 8, _ANGLE),
        ("right ascension", 17, _ANGLE),
        ("eccentricity", 26, r"[0-9]{7}"),
        ("argument of perigee", 34, _ANGLE),
        ("mean anomaly", 43, _ANGLE),
        ("mean motion", 52, r"[ 0-9]{2}\.[0-9]{8}"),
    ),
)
_BLANKS = ((1, 8, 17, 32, 43, 52, 61, 63), (1, 7, 16, 25, 33, 42, 51))  # columns between the fields

Position = tuple[float, float, float]


class Satellite(Protocol):
    """What we use of `sgp4.api.Satrec`."""

    error: int
    no_kozai: float
    altp: float

    def sgp4(self, jd: float, fr: float, /) -> tuple[int, Position, Position]: ...


@dataclass(frozen=True, slots=True)
class Elements:
    """`epoch_ns` is in UTC, ns since 1970."""

    line1: str
    line2: str
    epoch_ns: int
    period_s: float
    satellite: Satellite

    def at(self, utc_ns: int) -> Position | None:
        """Where it is, km in TEME (true equator, mean equinox); None where SGP4 has no answer, or a senseless one."""
        day, rest = divmod(utc_ns, DAY_NS)
        error, position, _ = self.satellite.sgp4(UNIX_EPOCH_JD + day, rest / DAY_NS)
        sensible = NEAREST_KM < math.hypot(*position) < FARTHEST_KM  # no NaN is
        return position if sensible and not error else None


def read_elements(line1: str, line2: str) -> Elements | str:
    """The elements, or one line that says what is wrong with them."""
    for number, line in enumerate((line1, line2), start=1):
        if wrong := _wrong_line(number, line):
            return f"line {number}: {wrong}"
    if line1[2:7] != line2[2:7]:
        return f"line 1 is of satellite {line1[2:7]}, line 2 of {line2[2:7]}"
    if not 1.0 <= float(line1[20:32]) < 367.0:
        return "line 1: no such day of the year"
    inclination, motion = float(line2[8:16]), float(line2[52:63])
    if inclination > 180.0:
        return f"line 2: inclination {inclination:g} is not 0 to 180"
    if not MOTION_LOW <= motion <= MOTION_HIGH:
        return f"line 2: mean motion {motion:g} is not {MOTION_LOW:g} to {MOTION_HIGH:g} a day"
    return _started(line1, line2)


def _started(line1: str, line2: str) -> Elements | str:
    satellite = cast(Satellite, Satrec.twoline2rv(line1, line2))
    if satellite.error:
        return f"SGP4 refuses them: {SGP4_ERRORS[satellite.error]}"
    perigee_km = satellite.altp * 6378.135
    if perigee_km < PERIGEE_LOW_KM:
        return f"perigee is {perigee_km:.0f} km up"
    year = int(line1[18:20])
    first = date(year + (2000 if year < CENTURY_TURNS else 1900), 1, 1).toordinal() - UNIX_EPOCH_ORDINAL
    days = first + float(line1[20:32]) - 1.0
    return Elements(line1, line2, round(days * DAY_NS), 120.0 * math.pi / satellite.no_kozai, satellite)


def _wrong_line(number: int, line: str) -> str:
    if len(line) != LINE_LENGTH or not line.isascii():
        return f"{len(line)} characters instead of {LINE_LENGTH}"
    if not line.startswith(f"{number} "):
        return f"does not start with {number}"
    if line[68] != str(checksum(line)):
        return f"checksum is {checksum(line)}, not {line[68]!r}"
    for name, column, pattern in FIELDS[number - 1]:
        if re.compile(pattern).match(line, column) is None:
            return f"no {name} in column {column + 1}"
    if any(line[column] != " " for column in _BLANKS[number - 1]):
        return "fields run into each other"
    return ""


def checksum(line: str) -> int:
    """Sum of the digits in the first 68 characters, each minus sign counting 1, modulo 10."""
    return sum(int(mark) if mark in "0123456789" else mark == "-" for mark in line[:68]) % 10


def two_lines(octets: bytes) -> tuple[str, str] | None:
    """Two lines, each of its full length; None for anything else."""
    if not octets.isascii():
        return None
    text = octets.decode("ascii")
    first, rest = text[:LINE_LENGTH], text[LINE_LENGTH:].strip()
    return (first, rest) if len(first) == len(rest) == LINE_LENGTH else None


def satellite_number(line1: str) -> int:
    """0 for one with a letter (Alpha-5)."""
    digits = line1[2:7].strip()
    return int(digits) if digits.isdecimal() else 0
