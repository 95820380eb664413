"""The map: land, stations and the reach of their antennas, in an equirectangular plot of degrees."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from importlib.resources import files

import numpy as np

from sim.report.sphere import Point, circle, copies, unwrap, visible_radius_deg
from sim.report.untrusted import as_html
from sim.report.wording import counted, extent, number
from sim.result import RunResult, Station

PARALLELS = ((60, "N"), (30, "N"), (-30, "S"), (-60, "S"))
MERIDIANS = ((-120, "W"), (-60, "W"), (60, "E"), (120, "E"))
STATIONS_SHOWN = 64  # a map with more names than this is unreadable


def world_map(result: RunResult) -> str:
    """SVG whose track the script fills in; labels are HTML, so that they keep their size."""
    stations = result.stations[:STATIONS_SHOWN]
    return "".join(
        (
            '<div class="map" id="map">',
            '<svg viewBox="-180 -90 360 180" role="img" aria-labelledby="map-title map-text">',
            '<title id="map-title">Ground track</title>',
            f'<desc id="map-text">{describe(result)}</desc>',
            f'<path class="graticule" d="{graticule()}"/>',
            f'<path class="land" d="{land()}"/>',
            f'<path class="reach" d="{reaches(result, stations)}"/>',
            '<path class="track casing" id="track-casing"/><path class="track contact" id="track-contact"/>',
            '<path class="track sunlit" id="track-sunlit"/><path class="track dark" id="track-dark"/>',
            "</svg>",
            *(degree_label(*label, vertical=True) for label in PARALLELS),
            *(degree_label(*label, vertical=False) for label in MERIDIANS),
            *(station_label(station) for station in stations),
            '<i class="craft" id="craft" hidden></i></div>',
        )
    )


def describe(result: RunResult) -> str:
    if not len(result.times_s):
        return "No samples."
    low, high = (number(end, "°") for end in extent(result.latitude_deg))
    return f"Latitude {low} to {high}, {counted(len(result.stations), 'station', 'stations')}."


def land() -> str:
    data = json.loads(files("sim.report").joinpath("data/coastline.json").read_text(encoding="utf-8"))
    rings = ([(x / 10, y / 10) for x, y in zip(ring[::2], ring[1::2], strict=True)] for ring in data["rings"])
    return outline(rings)


def outline(rings: Iterable[Sequence[Point]]) -> str:
    """SVG path of closed rings: relative lines in tenths of a degree, north up."""
    parts = []
    for ring in rings:
        x, y = round(10 * ring[0][0]), round(-10 * ring[0][1])
        parts.append(f"M{x / 10:g} {y / 10:g}l")
        for longitude, latitude in ring[1:]:
            next_x, next_y = round(10 * longitude), round(-10 * latitude)
            if (next_x, next_y) != (x, y):
                parts.append(f"{(next_x - x) / 10:g} {(next_y - y) / 10:g} ")
            x, y = next_x, next_y
        parts.append("z")
    return "".join(parts)


def graticule() -> str:
    meridians = "".join(f"M{x} -90V90" for x in range(-150, 180, 30))
    return meridians + "".join(f"M-180 {y}H180" for y in range(-60, 90, 30))


def reaches(result: RunResult, stations: Sequence[Station]) -> str:
    """Where the spacecraft, at its median altitude, stands above each station's mask; or nothing."""
    altitude = result.altitude_km
    if altitude is None or not np.isfinite(altitude).any():
        return ""
    middle = float(np.median(altitude[np.isfinite(altitude)]))
    rings: list[list[Point]] = []
    for station in stations:
        radius = visible_radius_deg(middle, station.mask_deg)
        rings += copies(unwrap(circle(station.longitude_deg, station.latitude_deg, radius)))
    return outline(rings)


def place(longitude_deg: float, latitude_deg: float) -> str:
    return f"left:{(longitude_deg + 180) / 3.6:.2f}%;top:{(90 - latitude_deg) / 1.8:.2f}%"


def degree_label(degrees: int, half: str, *, vertical: bool) -> str:
    spot = place(-180, degrees) if vertical else place(degrees, -90)
    return f'<span class="degree {"lat" if vertical else "lon"}" style="{spot}">{abs(degrees)}° {half}</span>'


def station_label(station: Station) -> str:
    side = "left" if station.longitude_deg > 110 else "right"
    name = as_html(station.name, 40)
    spot = place(station.longitude_deg, station.latitude_deg)
    return f'<span class="station {side}" style="{spot}">{name}</span>'
