"""Files that a user writes: scenarios, spacecraft, stations, quantities with units."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from sim import document, fields, scenario, spacecraft_file, stations, toml_lines, units
from sim.document import ConfigurationError
from sim.scenario import load_scenario
from sim.spacecraft_file import load_spacecraft
from sim.stations import StationError, read_stations
from sim.units import QuantityError
from tests.fuzz.engine import Target

SIM = Path(scenario.__file__).parent


@cache
def file() -> Path:
    return Path(mkdtemp()) / "given.toml"


def scenarios(data: bytes) -> None:
    file().write_bytes(data)
    with suppress(ConfigurationError):
        load_scenario(file())


def spacecraft(data: bytes) -> None:
    file().write_bytes(data)
    with suppress(ConfigurationError):
        load_spacecraft(file())


def station_files(data: bytes) -> None:
    file().write_bytes(data)
    with suppress(StationError):
        read_stations(file())


def quantities(data: bytes) -> None:
    text = data.decode("latin-1")
    for wanted in ("s", "W", "degC", "1"):
        with suppress(QuantityError):
            number, unit = units.parse(text, wanted)
            units.convert(number, unit, wanted)


def words(path: Path) -> tuple[bytes, ...]:
    """Keys, values and headings of a file of ours."""
    found = path.read_bytes().replace(b"\n", b" ").split(b" ")
    return tuple(dict.fromkeys(word for word in found if 2 < len(word) < 30))[:60]


def texts(folder: str) -> list[bytes]:
    return [path.read_bytes()[:4000] for path in sorted((SIM / folder).glob("*.toml"))]


SIGNS = (
    b"\n[[fault]]\n",
    b"\n[",
    b'"',
    b"'''",
    b" = ",
    b"nan",
    b"inf",
    b"1e400",
    b"-1",
    b"[]",
    b"{}",
    b"true",
    b"1979-05-27",
)

MASKED = b'[[station]]\nname = "a"\nlatitude_deg = 1.0\nlongitude_deg = 2.0\nmask_deg = [[0, 5], [90, 8]]\n'

TARGETS = (
    Target(
        "scenario TOML",
        scenarios,
        lambda: texts("scenarios"),
        (scenario, document.read_document, document._syntax_problem, toml_lines),
        800,
        (*words(SIM / "scenarios/reference.toml"), *SIGNS),
    ),
    Target(
        "spacecraft TOML",
        spacecraft,
        lambda: [(SIM / "vehicles/pathfinder.toml").read_bytes()],
        (spacecraft_file, fields),
        0,
        (*words(SIM / "vehicles/pathfinder.toml"), *SIGNS),
    ),
    Target(
        "stations TOML",
        station_files,
        lambda: [(SIM / "stations.toml").read_bytes(), MASKED],
        (stations.read_stations, stations._station, stations._mask_table),
        800,
        (b"mask_deg = [[0, 5]]\n", *words(SIM / "stations.toml"), *SIGNS),
    ),
    Target(
        "quantities",
        quantities,
        lambda: [b"360 Wh", b"5 %", b"-3.5e2 degC", b"10 min"],
        (units.parse, units.convert, units._hint),
        0,
        (b"Wh", b"mW", b"nan", b"e9"),
    ),
)
