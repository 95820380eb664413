"""The world outside one satellite, computed in chunks ahead of the clock: sunlight, heat, stations, track.

The hot loop indexes plain lists.  Every value is rounded to a quantum far below what the model is good for
before it leaves here, because the last bits of sine, arcsine and fused multiply-add differ between CPUs, and
a run must give the same trace on all of them.  Rounding makes a difference rare, not impossible: a value
within 1e-9 of a quantum of the edge between two may still go either way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.faces import Attitude, Face, Faces, Fluxes, Vector
from sim.orbit import Array, Orbit, geodetic
from sim.result import Pass, Span
from sim.stations import GroundStation, passes
from sim.sunlight import Sun, beta_angle, eclipses, norm, solar_flux, sunlit_fraction

__all__ = ["Attitude", "Environment", "EnvironmentChunk", "Face", "Track"]

# Decimals kept.  The uncertainty of the model beside each is what makes the quantum small.
FLUX_DECIMALS = 2  # W/m2; the Earth's varies by half of itself with the weather
FRACTION_DECIMALS = 4  # of the Sun's disc; it changes by 0.1 in 1 s of penumbra
COSINE_DECIMALS = 5
DEGREE_DECIMALS = 3  # elevation and track; GMST alone is good to 0.006 degrees in elevation
KILOMETRE_DECIMALS = 3  # range and altitude; two-line elements are good to 1 km

# Directions to the Sun and the Earth turn by 0.6 degrees in this time: linear between such nodes, a cosine is
# good to 1.5e-5 and, with the edges in its table, albedo to 0.4 W/m2.  Shadow and stations have every step.
NODE_S = 10.0
LONGEST_CHUNK = 100_000  # steps; a chunk of this many holds 100 MB in lists


@dataclass(frozen=True, slots=True)
class EnvironmentChunk:
    """Lists of n samples, one every `step_s` from `start_s` after the epoch; `_on` lists in order of faces.

    Fluxes are incident, before any absorptivity; solar ones have the shadow in them.
    """

    start_s: float
    step_s: float
    beta_deg: float  # at the start
    sunlight: list[float]  # free part of the Sun's disc, 0 to 1
    solar_w_m2: list[float]  # on a plate facing the Sun, outside the shadow
    array_incidence: list[float]  # cosine of the Sun on the array, 0 to 1, whether lit or not
    solar_on: tuple[list[float], ...]
    albedo_on: tuple[list[float], ...]
    infrared_on: tuple[list[float], ...]
    station: list[int]  # highest one in view, its place in `stations`; -1 for none
    elevation_deg: list[float]  # over that station, 0 for none
    range_km: list[float]  # from that station, 0 for none
    latitude_deg: list[float]
    longitude_deg: list[float]
    altitude_km: list[float]


class Track(NamedTuple):
    """Where the satellite passes, arrays (n,) over WGS-84."""

    times_s: Array
    latitude_deg: Array
    longitude_deg: Array
    altitude_km: Array


class Environment:
    """One satellite's surroundings; `chunk` k covers `chunk_s` seconds from k times that after the epoch."""

    def __init__(
        self,
        orbit: Orbit,
        stations: tuple[GroundStation, ...],
        faces: tuple[Face, ...],
        attitude: Attitude = Attitude.NADIR,
        array_normal: Vector = (0.0, 0.0, -1.0),
        *,
        chunk_s: float = 3600.0,
        step_s: float = 1.0,
        zonal: bool = True,
    ) -> None:
        """`zonal` takes the Earth's albedo and infrared by latitude and season, else their averages.

        OrbitError (a ValueError) for an orbit that touches the air, ValueError for faces or steps that
        cannot be.
        """
        self.samples = round(chunk_s / step_s)
        if not (0.0 < step_s <= chunk_s and math.isclose(self.samples * step_s, chunk_s)):
            raise ValueError(f"chunk of {chunk_s:g} s is no whole number of steps of {step_s:g} s")
        if self.samples > LONGEST_CHUNK:
            raise ValueError(f"chunk has {self.samples} steps, expected at most {LONGEST_CHUNK}")
        self.orbit, self.stations, self.faces = orbit, stations, faces
        self.chunk_s, self.step_s = chunk_s, step_s
        self._sun = Sun(orbit.epoch)
        self._faces = Faces(orbit, self._sun, faces, attitude, array_normal, zonal)

    def chunk(self, number: int) -> EnvironmentChunk:
        """The chunk `number` (from 0); PropagationError if the orbit does not last so long."""
        start_s = number * self.chunk_s
        seconds: Array = start_s + np.arange(self.samples, dtype=np.float64) * self.step_s
        positions, velocities = self.orbit.at(seconds)
        sun = self._sun.at(seconds)
        earth_fixed = self.orbit.earth_fixed(seconds, positions)
        latitude, longitude, altitude = geodetic(earth_fixed)
        sunlight, solar = sunlit_fraction(positions, sun), solar_flux(norm(sun - positions))
        fluxes = self._fluxes(seconds)
        station, elevation, distance = self._contact(earth_fixed)
        return EnvironmentChunk(
            start_s=start_s,
            step_s=self.step_s,
            beta_deg=round(float(beta_angle(positions[:1], velocities[:1], sun[:1])[0]), DEGREE_DECIMALS),
            sunlight=_rounded(sunlight, FRACTION_DECIMALS),
            solar_w_m2=_rounded(solar, FLUX_DECIMALS),
            array_incidence=_rounded(fluxes.incidence[-1], COSINE_DECIMALS),
            solar_on=_each(fluxes.incidence[:-1] * (sunlight * solar), FLUX_DECIMALS),
            albedo_on=_each(fluxes.albedo[:-1], FLUX_DECIMALS),
            infrared_on=_each(fluxes.infrared[:-1], FLUX_DECIMALS),
            station=station.tolist(),
            elevation_deg=_rounded(elevation, DEGREE_DECIMALS),
            range_km=_rounded(distance, KILOMETRE_DECIMALS),
            latitude_deg=_rounded(latitude, DEGREE_DECIMALS),
            longitude_deg=_rounded(longitude, DEGREE_DECIMALS),
            altitude_km=_rounded(altitude, KILOMETRE_DECIMALS),
        )

    def passes(self, duration_s: float, start_s: float = 0.0) -> tuple[Pass, ...]:
        """All contacts from `start_s` for `duration_s`, in order of rise; two stations may overlap."""
        end_s = start_s + duration_s
        found = [one for station in self.stations for one in passes(self.orbit, station, start_s, end_s)]
        return tuple(sorted(found, key=lambda one: (one.start_s, one.station)))

    def eclipses(self, duration_s: float, start_s: float = 0.0) -> tuple[Span, ...]:
        """All eclipses, penumbra included, from `start_s` for `duration_s`, in order."""
        found = eclipses(self.orbit, self._sun, start_s, start_s + duration_s)
        return tuple(Span(one.penumbra.start_s, one.penumbra.end_s, "eclipse") for one in found)

    def track(self, duration_s: float, step_s: float = 30.0) -> Track:
        """The ground track from the epoch on."""
        seconds = np.arange(0.0, duration_s, step_s)
        return Track(seconds, *geodetic(self.orbit.earth_fixed(seconds, self.orbit.at(seconds)[0])))

    def _contact(self, earth_fixed: Array) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Array, Array]:
        """Station, elevation and range (n,) of the highest station in view.  Elevations decide as rounded."""
        count = earth_fixed.shape[0]
        station, best, distance = np.full(count, -1), np.zeros(count), np.zeros(count)
        for number, ground in enumerate(self.stations):
            elevation, reach = ground.elevation_and_range(earth_fixed)
            elevation = _quantised(elevation, DEGREE_DECIMALS)
            mask = _quantised(ground.mask_over(earth_fixed), DEGREE_DECIMALS)
            higher = (elevation > mask) & ((station < 0) | (elevation > best))
            station[higher] = number
            best, distance = np.where(higher, elevation, best), np.where(higher, reach, distance)
        return station, best, distance

    def _fluxes(self, seconds: Array) -> Fluxes:
        """Fluxes on all faces and the array, linear between nodes where the steps are closer than those."""
        if self.step_s >= NODE_S:
            incidence, albedo, infrared = self._faces.at(seconds)
        else:
            first, last = math.floor(seconds[0] / NODE_S), math.ceil(seconds[-1] / NODE_S)
            nodes: Array = np.arange(first, last + 1) * NODE_S
            incidence, albedo, infrared = (
                np.stack([np.interp(seconds, nodes, row) for row in rows]) for rows in self._faces.at(nodes)
            )
        return Fluxes(np.maximum(incidence, 0.0), albedo, infrared)


def _quantised(values: Array, decimals: int) -> Array:
    return np.round(values, decimals) + 0.0  # adding zero turns -0.0, which prints differently, into 0.0


def _rounded(values: Array, decimals: int) -> list[float]:
    rounded: list[float] = _quantised(values, decimals).tolist()
    return rounded


def _each(rows: Array, decimals: int) -> tuple[list[float], ...]:
    return tuple(_rounded(row, decimals) for row in rows)
