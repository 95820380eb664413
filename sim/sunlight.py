"""The Sun as the satellite sees it: direction, strength, the Earth's shadow and when it passes.

The Sun comes from SOFA's `epv00` (IAU), turned to TEME by precession and nutation, at hourly nodes with
their velocities and a cubic Hermite between them (good to 2 km, 0.003 arcsec).  The Earth is a sphere of its
equatorial radius without air: flattening and refraction move a real edge by 5 to 10 s.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import erfa
import numpy as np
from scipy.interpolate import CubicHermiteSpline

from sim.orbit import DAY_S, EARTH_RADIUS_KM, Array, Epoch, Orbit, celestial_to_teme
from sim.spans import Interval, intervals

ASTRONOMICAL_UNIT_KM = 149_597_870.7  # IAU 2012 resolution B2
SOLAR_RADIUS_KM = 695_700.0  # nominal, IAU 2015 resolution B3
SOLAR_CONSTANT_W_M2 = 1361.0  # nominal at 1 au, IAU 2015 resolution B3

NODE_S = 3600.0
NODES_A_DAY = round(DAY_S / NODE_S)
# Light from the Sun at 1 au is this old.  The Earth as it was then sees the Sun in its apparent place,
# aberration included: 20.5 arcsec, or 0.09 s of eclipse.
LIGHT_TIME_S = 499.004784

SEARCH_STEP_S = 30.0  # two hundredths of an orbit: the shadow function has one hump each orbit


class Sun:
    """The apparent geocentric Sun in TEME, in seconds after `epoch`."""

    __slots__ = ("_first", "_last", "_spline", "_start")

    def __init__(self, epoch: Epoch) -> None:
        self._start = epoch.terrestrial_time()
        self._first = self._last = 0
        self._prepare(0, NODES_A_DAY)

    def at(self, seconds: Array) -> Array:
        """Positions (n, 3) in km at `seconds` (n,)."""
        first, last = math.floor(seconds.min() / NODE_S), math.ceil(seconds.max() / NODE_S)
        if first < self._first or last > self._last:
            self._prepare(first, max(last, first + NODES_A_DAY))
        positions: Array = self._spline(seconds)
        return positions

    def _prepare(self, first: int, last: int) -> None:
        """Nodes lie on whole hours after the epoch, so that a position does not depend on what was asked."""
        seconds: Array = np.arange(first, last + 1, dtype=np.float64) * NODE_S
        day, fraction = self._start[0], self._start[1] + seconds / DAY_S
        earth, _ = erfa.epv00(day, fraction)
        age = norm(earth["p"])[:, None] * LIGHT_TIME_S / DAY_S
        turn = -ASTRONOMICAL_UNIT_KM * celestial_to_teme(day, fraction)
        places = np.einsum("nij,nj->ni", turn, earth["p"] - age * earth["v"])
        rates = np.einsum("nij,nj->ni", turn, earth["v"]) / DAY_S
        self._spline = CubicHermiteSpline(seconds, places, rates)
        self._first, self._last = first, last


def norm(vectors: Array) -> Array:
    """Length of each of `vectors` (n, 3)."""
    length: Array = np.sqrt(dot(vectors, vectors))
    return length


def dot(first: Array, second: Array) -> Array:
    """Scalar products of (n, 3) and (n, 3), summed in one order; that of BLAS depends on the CPU."""
    product: Array = first[..., 0] * second[..., 0] + first[..., 1] * second[..., 1]
    product += first[..., 2] * second[..., 2]
    return product


def solar_flux(distance_km: Array) -> Array:
    """Sunlight in W/m2 on a plate that faces the Sun at `distance_km`, outside any shadow."""
    flux: Array = SOLAR_CONSTANT_W_M2 * (ASTRONOMICAL_UNIT_KM / distance_km) ** 2
    return flux


def beta_angle(positions: Array, velocities: Array, sun: Array) -> Array:
    """Angle in deg of the Sun over the orbital plane, positive on the side of the angular momentum."""
    normal = np.cross(positions, velocities)
    return np.degrees(np.arcsin(dot(normal, sun) / (norm(normal) * norm(sun))))


class Discs(NamedTuple):
    """What the satellite sees, in rad: radius of the Sun, radius of the Earth, distance of their centres."""

    sun: Array
    earth: Array
    apart: Array


def discs(positions: Array, sun: Array) -> Discs:
    """Apparent discs of Sun and Earth for satellite `positions` (n, 3) and the geocentric `sun` (n, 3)."""
    to_sun = sun - positions
    radius, distance = norm(positions), norm(to_sun)
    cosine = -dot(to_sun, positions) / (radius * distance)
    return Discs(
        np.arcsin(SOLAR_RADIUS_KM / distance),
        np.arcsin(EARTH_RADIUS_KM / radius),
        np.arccos(np.clip(cosine, -1.0, 1.0)),
    )


def sunlit_fraction(positions: Array, sun: Array) -> Array:
    """Part of the Sun's disc that the Earth leaves free, 0 to 1: the overlap of two discs in the penumbra.

    Montenbruck and Gill 2000, 3.4.2, with the Earth's limb as a plane circle of the curvature that it has on
    the sky, radius tan(e) rather than e: at 600 km the plain formula is off by up to 5e-4.
    """
    small, large, apart = discs(positions, sun)
    depth = apart - large  # of the Sun's centre outside the limb
    fraction: Array = np.where(depth >= small, 1.0, 0.0)
    partly = np.flatnonzero(np.abs(depth) < small)
    if partly.size:
        fraction[partly] = _free_part(small[partly], np.tan(large[partly]), depth[partly])
    return fraction


def _free_part(small: Array, large: Array, depth: Array) -> Array:
    """What a circle of radius `large` leaves of one of radius `small` with its centre `depth` outside it."""
    apart = large + depth
    along = (depth * (2.0 * large + depth) + small**2) / (2.0 * apart)
    along = np.clip(along, -small, small)  # rounding may carry it over at first and last contact
    half_chord = np.sqrt(small**2 - along**2)
    lens = small**2 * np.arccos(along / small) + large**2 * np.arcsin(half_chord / large) - apart * half_chord
    return 1.0 - lens / (math.pi * small**2)


class Eclipse(NamedTuple):
    """Seconds after the epoch: the penumbra, and the umbra within it unless the eclipse is partial."""

    penumbra: Interval
    umbra: Interval | None


def eclipses(orbit: Orbit, sun: Sun, start_s: float, end_s: float) -> list[Eclipse]:
    """Eclipses between two times, clipped to them, edges to 1 ms of the model."""

    def in_penumbra(seconds: Array) -> Array:
        small, large, apart = discs(orbit.at(seconds)[0], sun.at(seconds))
        return large + small - apart

    def in_umbra(seconds: Array) -> Array:
        small, large, apart = discs(orbit.at(seconds)[0], sun.at(seconds))
        return large - small - apart

    umbras = intervals(in_umbra, start_s, end_s, SEARCH_STEP_S)
    return [
        Eclipse(
            outer, next((inner for inner in umbras if outer.start_s <= inner.start_s < outer.end_s), None)
        )
        for outer in intervals(in_penumbra, start_s, end_s, SEARCH_STEP_S)
    ]
