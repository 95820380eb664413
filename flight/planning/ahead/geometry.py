"""The Sun, the Earth's turn and stations, as well as a forecast by the minute needs them.

The Sun is that of the Astronomical Almanac's low-precision formula, good to 0.01 degrees or 0.2 s of an eclipse.  The
Earth's shadow is that of a sphere of its equatorial radius without air; flattening and refraction move a real edge by 5
to 10 s.  An edge is where half of the Sun is seen, to which the penumbra lies even.  UTC stands in for UT1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from flight.planning.ahead.elements import DAY_NS, Position
from flight.planning.work import Site

EARTH_RADIUS_KM = 6378.137  # equatorial, WGS-84
FLATTENING = 1.0 / 298.257223563
ECCENTRICITY_2 = FLATTENING * (2.0 - FLATTENING)
J2000_UNIX_NS = 946_728_000 * 10**9  # 2000-01-01 12:00


def sun_direction(utc_ns: int) -> Position:
    """A unit vector to the Sun, in the equator and equinox of date.  Astronomical Almanac, page C5."""
    days = (utc_ns - J2000_UNIX_NS) / DAY_NS
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360.0)
    mean = 280.460 + 0.9856474 * days
    longitude = math.radians((mean + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2.0 * anomaly)) % 360.0)
    tilt = math.radians(23.439 - 0.0000004 * days)
    sine = math.sin(longitude)
    return math.cos(longitude), math.cos(tilt) * sine, math.sin(tilt) * sine


def above_limb(position: Position, sun: Position) -> float:
    """Angle in rad of the Sun's centre over the Earth's limb; below zero more than half of it is hidden."""
    x, y, z = position
    radius = math.sqrt(x * x + y * y + z * z)
    cosine = -(x * sun[0] + y * sun[1] + z * sun[2]) / radius
    return math.acos(min(1.0, max(-1.0, cosine))) - math.asin(min(1.0, EARTH_RADIUS_KM / radius))


def earth_turn(utc_ns: int) -> float:
    """Greenwich mean sidereal time in rad (GMST-82; Vallado 2013, 3-47)."""
    centuries = (utc_ns - J2000_UNIX_NS) / DAY_NS / 36_525.0
    seconds = 67_310.54841 + centuries * (
        876_600.0 * 3600.0 + 8_640_184.812866 + centuries * (0.093104 - 6.2e-6 * centuries)
    )
    return math.radians(seconds / 240.0 % 360.0)


def earth_fixed(position: Position, utc_ns: int) -> Position:
    """TEME turned to the rotating Earth; polar motion, 15 m, is left out."""
    angle = earth_turn(utc_ns)
    cosine, sine = math.cos(angle), math.sin(angle)
    x, y, z = position
    return cosine * x + sine * y, cosine * y - sine * x, z


def below(fixed: Position) -> tuple[float, float]:
    """Latitude and longitude in deg of the point below; latitude to 0.03 degrees in low orbits."""
    x, y, z = fixed
    latitude = math.atan2(z, math.hypot(x, y) * (1.0 - ECCENTRICITY_2))
    return math.degrees(latitude), math.degrees(math.atan2(y, x))


@dataclass(frozen=True, slots=True)
class Horizon:
    """A station's place in km, its zenith, and the sine of its lowest elevation."""

    place: Position
    up: Position
    lowest: float

    @classmethod
    def of(cls, site: Site) -> Horizon:
        latitude, longitude = math.radians(site.latitude_deg), math.radians(site.longitude_deg)
        sine, cosine = math.sin(latitude), math.cos(latitude)
        up = (cosine * math.cos(longitude), cosine * math.sin(longitude), sine)
        across = EARTH_RADIUS_KM / math.sqrt(1.0 - ECCENTRICITY_2 * sine * sine)
        height = site.altitude_m / 1000.0
        flat = across + height
        place = (flat * up[0], flat * up[1], (across * (1.0 - ECCENTRICITY_2) + height) * sine)
        return cls(place, up, math.sin(math.radians(site.lowest_deg)))

    def clearance(self, fixed: Position) -> float:
        """Sine of the elevation, less that of the lowest; above zero is in view."""
        x, y, z = fixed[0] - self.place[0], fixed[1] - self.place[1], fixed[2] - self.place[2]
        rise = x * self.up[0] + y * self.up[1] + z * self.up[2]
        return rise / math.sqrt(x * x + y * y + z * z) - self.lowest
