"""Sunlight and the Earth's light on the outer faces of one satellite, as it turns along its orbit.

One face does not shade another, and the satellite's own parts do not hide the Earth.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.earthlight import (
    EARTH_MEAN_RADIUS_KM,
    MEAN_ALBEDO,
    MEAN_INFRARED_W_M2,
    albedo_table,
    view_factor,
    zonal_albedo,
    zonal_infrared,
)
from sim.orbit import Array, Orbit, OrbitError, geodetic
from sim.sunlight import Sun, dot, norm, solar_flux

# Of the albedo table over perigee and apogee of the mean elements: the Earth's flattening adds 10 km.
RADIUS_MARGIN_KM = 30.0
LOWEST_PERIGEE_KM = 100.0  # over the mean radius; below it an orbit does not last a day

Vector = tuple[float, float, float]


class Attitude(enum.Enum):
    """How the satellite stands.  The body is always LVLH: x ahead, y against the orbit normal, z down."""

    NADIR = "nadir"  # the array is fixed to the body
    SUN = "sun"  # the array turns in two axes and faces the Sun, ideally and at once


@dataclass(frozen=True, slots=True)
class Face:
    """An outer face with its unit normal in the body frame; one `on_array` turns with the array."""

    name: str
    normal: Vector
    on_array: bool = False

    def __post_init__(self) -> None:
        length = math.hypot(*self.normal)
        if not 0.999 <= length <= 1.001:
            raise ValueError(f"face {self.name}: normal has length {length:.3f}, expected 1")


class Fluxes(NamedTuple):
    """On each face (faces, n): cosine of the Sun, negative from behind, and albedo and infrared in W/m2."""

    incidence: Array
    albedo: Array
    infrared: Array


class Faces:
    """The faces of one satellite on its orbit; the last row of every result is the array itself."""

    def __init__(
        self, orbit: Orbit, sun: Sun, faces: tuple[Face, ...], attitude: Attitude, array: Vector, zonal: bool
    ) -> None:
        """OrbitError for an orbit that touches the air, ValueError for an array face that is not on it."""
        for face in faces:
            turns = attitude is Attitude.SUN and face.on_array
            if turns and abs(_product(face.normal, array)) < 0.999:
                raise ValueError(f"face {face.name}: is on the array, expected its front or back")
        perigee_km = orbit.perigee_km - EARTH_MEAN_RADIUS_KM
        if perigee_km < LOWEST_PERIGEE_KM:
            raise OrbitError(f"perigee is {perigee_km:.0f} km up, expected {LOWEST_PERIGEE_KM:.0f} or more")
        self._orbit, self._sun, self._attitude, self._zonal = orbit, sun, attitude, zonal
        self._plates = (*faces, Face("array", array, on_array=True))
        self._albedo = albedo_table(orbit.perigee_km - RADIUS_MARGIN_KM, orbit.apogee_km + RADIUS_MARGIN_KM)

    def at(self, seconds: Array) -> Fluxes:
        """Fluxes at `seconds` (n,) after the epoch; the Earth's shadow is not in the incidence."""
        positions, velocities = self._orbit.at(seconds)
        radius, to_sun = norm(positions), self._sun.at(seconds) - positions
        distance = norm(to_sun)
        body = _in_body(to_sun / distance[:, None], positions / radius[:, None], velocities)
        latitude, _, _ = geodetic(self._orbit.earth_fixed(seconds, positions))
        albedo, infrared = self._earth(latitude, seconds)
        albedo = albedo * solar_flux(distance)
        rows = [self._on_plate(face, body, radius) for face in self._plates]
        incidence, lit, seen = (np.stack(column) for column in zip(*rows, strict=True))
        return Fluxes(incidence, lit * albedo, seen * infrared)

    def _on_plate(self, face: Face, sun: Array, radius: Array) -> tuple[Array, Array, Array]:
        """Cosine of the Sun, albedo factor, view factor (n,) of a plate; `sun` (n, 3) in the body frame."""
        normal = self._normal(face, sun)
        down = np.broadcast_to(np.clip(normal[:, 2], -1.0, 1.0), radius.shape)
        across = np.hypot(normal[:, 0], normal[:, 1]) * np.hypot(sun[:, 0], sun[:, 1])
        level = normal[:, 0] * sun[:, 0] + normal[:, 1] * sun[:, 1]
        # Straight up or down there is no azimuth, and none is needed.
        azimuth = np.arccos(np.clip(level / np.maximum(across, 1e-12), -1.0, 1.0))
        zenith = np.arccos(np.clip(-sun[:, 2], -1.0, 1.0))
        factor = self._albedo.factor(radius, np.arccos(down), zenith, azimuth)
        return dot(normal, sun), factor, view_factor(down, radius)

    def _normal(self, face: Face, sun: Array) -> Array:
        """Normals in the body frame, (n, 3) or for a fixed face (1, 3)."""
        if self._attitude is Attitude.NADIR or not face.on_array:
            return np.array([face.normal])
        return sun if _product(face.normal, self._plates[-1].normal) > 0.0 else -sun

    def _earth(self, latitude_deg: Array, seconds: Array) -> tuple[Array, Array]:
        """Albedo and infrared in W/m2 (n,) below the satellite, taken for all of the Earth that it sees."""
        if self._zonal:
            epoch = self._orbit.epoch
            return zonal_albedo(latitude_deg, epoch, seconds), zonal_infrared(latitude_deg, epoch, seconds)
        return np.full(seconds.shape, MEAN_ALBEDO), np.full(seconds.shape, MEAN_INFRARED_W_M2)


def _product(first: Vector, second: Vector) -> float:
    return sum(a * b for a, b in zip(first, second, strict=True))


def _in_body(vectors: Array, up: Array, velocities: Array) -> Array:
    """Inertial `vectors` (n, 3) in the LVLH body frame."""
    left = np.cross(velocities, up)
    left /= norm(left)[:, None]
    ahead = np.cross(up, left)
    return np.stack((dot(vectors, ahead), dot(vectors, left), -dot(vectors, up)), axis=1)
