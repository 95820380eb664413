"""Heat from the Earth on a plate: its infrared and the sunlight it reflects, with exact geometry.

The Earth is a diffuse sphere.  Infrared is the closed-form view factor from a plate to a sphere.  Albedo is
the integral over the cap that the plate sees, with the sunlight that each part of it gets: the usual
`a S cos(zenith) F` is up to 44 % wrong on the side of a satellite at low Sun.  The integral is tabulated
once for each orbit.  Numbers: ECSS-E-ST-10-04C, F.5 (average 0.3 and 230 W/m2, zonal models F-1 and F-2).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy.ndimage import map_coordinates

from sim.orbit import DAY_S, Array, Epoch
from sim.sunlight import SOLAR_CONSTANT_W_M2

EARTH_MEAN_RADIUS_KM = 6371.0  # IUGG mean radius; the sphere that radiates
MEAN_ALBEDO = 0.3  # ECSS-E-ST-10-04C F.5.1; 0.05 over open ocean to 0.6 over ice and high cloud
MEAN_INFRARED_W_M2 = 230.0  # ECSS-E-ST-10-04C F.5.2; 150 to 350 for an orbiting spacecraft
YEAR_DAYS = 365.25
KNOCKE_EPOCH = 2444960.5  # 1981-12-22, Knocke, Ries and Tapley 1988 (AIAA 88-4292)


def view_factor(nadir_cosine: Array, radius_km: Array) -> Array:
    """Part of a plate's hemisphere, weighted by cosine, that the Earth fills; 0 to 1.

    `nadir_cosine` is of the angle between the plate's normal and the direction down, `radius_km` the distance
    from the Earth's centre.  ECSS-E-HB-31-01 part 1A, 4.2.2, planar to spherical; Howell C-34 series.
    """
    ratio = radius_km / EARTH_MEAN_RADIUS_KM
    cosine = np.clip(nadir_cosine, -1.0, 1.0)
    cosine, ratio = np.broadcast_arrays(cosine, ratio)
    factor: Array = np.where(cosine * ratio >= 1.0, cosine / ratio**2, 0.0)  # all of the Earth in front
    cut = np.abs(cosine) * ratio < 1.0  # the plane of the plate cuts the Earth
    factor[cut] = _cut_view_factor(cosine[cut], ratio[cut])
    return factor


def _cut_view_factor(cosine: Array, ratio: Array) -> Array:
    sine = np.sqrt(1.0 - cosine**2)
    depth = np.sqrt(ratio**2 - 1.0)
    front = cosine * np.arccos(np.clip(-depth * cosine / sine, -1.0, 1.0))
    front -= depth * np.sqrt(1.0 - (ratio * cosine) ** 2)
    side = np.arcsin(np.clip(depth / (ratio * sine), -1.0, 1.0))
    factor: Array = 0.5 - side / math.pi + front / (math.pi * ratio**2)
    return factor


def zonal_albedo(latitude_deg: Array, epoch: Epoch, seconds: Array) -> Array:
    """Albedo at a latitude and date, ECSS-E-ST-10-04C (F-1): 0.2 at the equator, 0.5 to 0.7 at the poles."""
    sine, season = np.sin(np.radians(latitude_deg)), _season(epoch, seconds)
    albedo: Array = 0.34 + 0.10 * season * sine + 0.29 * _second_legendre(sine)
    return albedo


def zonal_infrared(latitude_deg: Array, epoch: Epoch, seconds: Array) -> Array:
    """Infrared in W/m2 at a latitude and date, ECSS-E-ST-10-04C (F-2): part of a quarter of the sunlight."""
    sine, season = np.sin(np.radians(latitude_deg)), _season(epoch, seconds)
    emissivity: Array = 0.68 - 0.07 * season * sine - 0.18 * _second_legendre(sine)
    return emissivity * SOLAR_CONSTANT_W_M2 / 4.0


def _season(epoch: Epoch, seconds: Array) -> Array:
    days = epoch.midnight - KNOCKE_EPOCH + epoch.fraction + seconds / DAY_S
    phase: Array = np.cos(2.0 * math.pi * days / YEAR_DAYS)
    return phase


def _second_legendre(sine: Array) -> Array:
    value: Array = 1.5 * sine**2 - 0.5
    return value


# Steps of the albedo table.  Against one three to four times finer in each angle, with the mean albedo at
# 600 km, fluxes differ by at most 0.6 W/m2 and by 0.1 W/m2 rms; the highest flux is 340 W/m2.
PLATE_STEP = math.radians(5.0)
ZENITH_STEP = math.radians(3.0)
AZIMUTH_STEP = math.radians(15.0)
ALTITUDE_RATIO = 1.1  # between one altitude of the table and the next
MOST_ALTITUDES = 48  # an orbit from 200 km to 20 000 km; beyond it the steps grow
RINGS, SECTORS = (
    32,
    72,
)  # of the visible cap, in the integral; its view factors agree with the closed form to 1e-4


class AlbedoTable:
    """Albedo view factors between two distances from the Earth's centre, for any plate and any Sun.

    The factor times solar flux times albedo is the reflected sunlight in W/m2 on the plate.
    """

    __slots__ = ("_logarithm", "_step", "_table")

    def __init__(self, lowest_km: float, highest_km: float) -> None:
        low, high = lowest_km - EARTH_MEAN_RADIUS_KM, highest_km - EARTH_MEAN_RADIUS_KM
        assert 0.0 < low < high, "an orbit lies above the ground"
        count = 2 + min(MOST_ALTITUDES - 2, int(math.log(high / low) / math.log(ALTITUDE_RATIO)))
        self._logarithm = math.log(low)
        self._step = math.log(high / low) / (count - 1)
        altitudes = low * np.exp(self._step * np.arange(count))
        self._table = np.stack([_factors(EARTH_MEAN_RADIUS_KM + float(altitude)) for altitude in altitudes])

    def factor(self, radius_km: Array, plate: Array, zenith: Array, azimuth: Array) -> Array:
        """Albedo view factor (n,), 0 to 1, linear between the entries.

        `plate` is the angle of the plate's normal to nadir, `zenith` that of the Sun to the zenith below the
        satellite, `azimuth` the one between the two seen from above; all in rad and 0 to pi.
        """
        place = np.stack(
            (
                (np.log(radius_km - EARTH_MEAN_RADIUS_KM) - self._logarithm) / self._step,
                plate / PLATE_STEP,
                zenith / ZENITH_STEP,
                azimuth / AZIMUTH_STEP,
            )
        )
        factor: Array = map_coordinates(self._table, place, order=1, mode="nearest")
        return factor


@lru_cache(maxsize=4)  # a swarm flies the same orbit many times; a table takes 50 ms and 0.5 MB
def albedo_table(lowest_km: float, highest_km: float) -> AlbedoTable:
    """The table between two distances from the Earth's centre, made once."""
    return AlbedoTable(lowest_km, highest_km)


def _factors(radius_km: float) -> Array:
    """Table (plate, zenith, azimuth) of the cap integral for one distance from the Earth's centre."""
    weights, up, towards = visible_cap(radius_km)
    plate = np.arange(round(math.pi / PLATE_STEP) + 1) * PLATE_STEP
    zenith = np.arange(round(math.pi / ZENITH_STEP) + 1) * ZENITH_STEP
    azimuth = np.arange(round(math.pi / AZIMUTH_STEP) + 1) * AZIMUTH_STEP
    normal = np.stack((np.sin(plate), np.zeros_like(plate), -np.cos(plate)), axis=1)
    seen = np.maximum(normal @ towards.T, 0.0) * weights
    sun = np.stack(
        (
            np.outer(np.sin(zenith), np.cos(azimuth)),
            np.outer(np.sin(zenith), np.sin(azimuth)),
            np.outer(np.cos(zenith), np.ones_like(azimuth)),
        ),
        axis=-1,
    )
    lit = np.maximum(up @ sun.reshape(-1, 3).T, 0.0)
    table: Array = (seen @ lit).reshape(plate.size, zenith.size, azimuth.size)
    return table


def visible_cap(radius_km: float) -> tuple[Array, Array, Array]:
    """The Earth seen from `radius_km` in m pieces: weights (m,), ground normals and directions (m, 3).

    z is up.  A weight is the solid angle of the piece over pi, so that the sum of weight times the cosine at
    a plate is its view factor.  The pieces follow the angle at the Earth's centre, in which it is smooth.
    """
    ratio = radius_km / EARTH_MEAN_RADIUS_KM
    nodes, parts = np.polynomial.legendre.leggauss(RINGS)
    half = 0.5 * math.acos(1.0 / ratio)
    angle, width = half * (nodes + 1.0), half * parts
    sector = (np.arange(SECTORS) + 0.5) * (2.0 * math.pi / SECTORS)
    distance = np.sqrt(1.0 + ratio**2 - 2.0 * ratio * np.cos(angle))
    ring = width * np.sin(angle) * (ratio * np.cos(angle) - 1.0) / distance**3 * (2.0 / SECTORS)
    up = np.stack(
        (
            np.outer(np.sin(angle), np.cos(sector)),
            np.outer(np.sin(angle), np.sin(sector)),
            np.outer(np.cos(angle), np.ones(SECTORS)),
        ),
        axis=-1,
    )
    towards = (up - np.array((0.0, 0.0, ratio))) / distance[:, None, None]
    return np.repeat(ring, SECTORS), up.reshape(-1, 3), towards.reshape(-1, 3)
