"""The world of one spacecraft: its surroundings in chunks ahead of the clock, and the machine in them."""

from __future__ import annotations

from sim.environment import Environment, EnvironmentChunk
from sim.faces import Attitude, Face
from sim.orbit import Orbit
from sim.plant import Plant
from sim.scenario import Scenario

CHUNK_S = 3600
SPEED_OF_LIGHT_KM_S = 299_792.458

Row = tuple[float, ...]


class World:
    """`advance(second)` moves it by one second; seconds come in order from 0."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        form = scenario.spacecraft
        faces = tuple(Face(face.name, _vector(face.normal), face.on_array) for face in form.faces)
        orbit = Orbit.from_tle(scenario.line1, scenario.line2, scenario.epoch)
        self.environment = Environment(
            orbit,
            scenario.stations,
            faces,
            Attitude(form.attitude),
            _vector(form.array_normal),
            chunk_s=float(CHUNK_S),
        )
        self.stations = scenario.stations
        self.plant = Plant(form, scenario.initial_charge, seed)
        self.array_share = 1.0  # what a fault leaves of the light on the arrays
        self._on_array = [face.name in {array.face for array in form.arrays} for face in form.faces]
        self._shortwave: list[Row] = []
        self._infrared: list[Row] = []
        self._load(0)

    def _load(self, number: int) -> None:
        chunk = self.chunk = self.environment.chunk(number)
        solar = zip(*chunk.solar_on, strict=True)
        albedo = zip(*chunk.albedo_on, strict=True)
        self._shortwave = [tuple(map(float.__add__, s, a)) for s, a in zip(solar, albedo, strict=True)]
        self._infrared = list(zip(*chunk.infrared_on, strict=True))

    def advance(self, second: int) -> None:
        index = second % CHUNK_S
        if index == 0 and second:
            self._load(second // CHUNK_S)
        self.index = index
        shortwave: Row = self._shortwave[index]
        if self.array_share != 1.0:
            shortwave = tuple(
                flux * self.array_share if lit else flux
                for flux, lit in zip(shortwave, self._on_array, strict=True)
            )
        self.plant.step(shortwave, self._infrared[index])

    # What is true now.

    def sunlight(self) -> float:
        return self.chunk.sunlight[self.index]

    def station(self) -> int:
        """The station in view, or -1."""
        return self.chunk.station[self.index]

    def delay_ns(self) -> int:
        """Light time to that station."""
        return int(self.chunk.range_km[self.index] / SPEED_OF_LIGHT_KM_S * 1e9)

    def position(self) -> tuple[float, float, float]:
        """Latitude and longitude in degrees, altitude in km."""
        chunk: EnvironmentChunk = self.chunk
        return chunk.latitude_deg[self.index], chunk.longitude_deg[self.index], chunk.altitude_km[self.index]


def _vector(values: tuple[float, ...]) -> tuple[float, float, float]:
    x, y, z = values
    return x, y, z
