"""Units that configuration files may use, and the reading of a quantity such as "360 Wh".

A table of our own and not pint: pint 0.25 takes 0.24 s to import and build its registry (measured), and its
errors are not the one line that a user of a configuration file needs.
"""

from __future__ import annotations

import difflib
import math
import re
from typing import NamedTuple


class Unit(NamedTuple):
    """`value_in_base = value * scale + offset`; the base of each dimension has scale 1 and offset 0."""

    dimension: str
    scale: float
    offset: float = 0.0


class QuantityError(ValueError):
    """What is wrong with a quantity, without where it stands."""


YEAR_S = 365.25 * 86400.0  # Julian year

UNITS: dict[str, Unit] = {
    "ns": Unit("time", 1e-9),
    "us": Unit("time", 1e-6),
    "ms": Unit("time", 1e-3),
    "s": Unit("time", 1.0),
    "min": Unit("time", 60.0),
    "h": Unit("time", 3600.0),
    "hour": Unit("time", 3600.0),
    "hours": Unit("time", 3600.0),
    "day": Unit("time", 86400.0),
    "days": Unit("time", 86400.0),
    "year": Unit("time", YEAR_S),
    "years": Unit("time", YEAR_S),
    "mm": Unit("length", 1e-3),
    "cm": Unit("length", 1e-2),
    "m": Unit("length", 1.0),
    "km": Unit("length", 1e3),
    "cm2": Unit("area", 1e-4),
    "m2": Unit("area", 1.0),
    "g": Unit("mass", 1e-3),
    "kg": Unit("mass", 1.0),
    "deg": Unit("angle", math.pi / 180.0),
    "rad": Unit("angle", 1.0),
    "J": Unit("energy", 1.0),
    "kJ": Unit("energy", 1e3),
    "MJ": Unit("energy", 1e6),
    "Wh": Unit("energy", 3600.0),
    "kWh": Unit("energy", 3.6e6),
    "mW": Unit("power", 1e-3),
    "W": Unit("power", 1.0),
    "kW": Unit("power", 1e3),
    "MW": Unit("power", 1e6),
    "mV": Unit("voltage", 1e-3),
    "V": Unit("voltage", 1.0),
    "mA": Unit("current", 1e-3),
    "A": Unit("current", 1.0),
    "uohm": Unit("resistance", 1e-6),
    "mohm": Unit("resistance", 1e-3),
    "ohm": Unit("resistance", 1.0),
    "K": Unit("temperature", 1.0),
    "degC": Unit("temperature", 1.0, 273.15),
    "J/K": Unit("heat capacity", 1.0),
    "kJ/K": Unit("heat capacity", 1e3),
    "MJ/K": Unit("heat capacity", 1e6),
    "mW/K": Unit("thermal conductance", 1e-3),
    "W/K": Unit("thermal conductance", 1.0),
    "kW/K": Unit("thermal conductance", 1e3),
    "1": Unit("ratio", 1.0),
    "%": Unit("ratio", 1e-2),
    "1/K": Unit("ratio per kelvin", 1.0),
    "%/K": Unit("ratio per kelvin", 1e-2),
    "1/year": Unit("ratio per year", 1.0),
    "%/year": Unit("ratio per year", 1e-2),
    "bit/s": Unit("data rate", 1.0),
    "kbit/s": Unit("data rate", 1e3),
    "Mbit/s": Unit("data rate", 1e6),
    "Gbit/s": Unit("data rate", 1e9),
}

_QUANTITY = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)\s*", re.ASCII)
LONGEST_QUANTITY = 64  # characters; a number of 17 digits, an exponent and a unit need about 35


def article(words: str) -> str:
    """`words` with "a" or "an" before it."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def expectation(unit: str) -> str:
    """What a user is told to write for a quantity that is kept in `unit`."""
    dimension = UNITS[unit].dimension
    return "a number, or a percentage" if unit == "1" else f'{article(dimension)} such as "1 {unit}"'


def parse(text: str, wanted: str = "") -> tuple[float, str]:
    """Split "360 Wh" into 360.0 and "Wh".  QuantityError if it is no finite number with a known unit.

    A misspelt unit is taken for one of the dimension of `wanted` if any of those is near.
    """
    match = _QUANTITY.fullmatch(text) if len(text) <= LONGEST_QUANTITY else None
    if match is None:
        raise QuantityError("is not a number with a unit")
    number, unit = float(match[1]), match[2]
    if not math.isfinite(number):
        raise QuantityError("is not finite")
    if not unit:
        raise QuantityError("has no unit")
    if unit not in UNITS:
        raise QuantityError(f'has an unknown unit "{unit}"{_hint(unit, wanted)}')
    return number, unit


def _hint(unit: str, wanted: str) -> str:
    fitting = [known for known in UNITS if wanted and UNITS[known].dimension == UNITS[wanted].dimension]
    near = [known for known in UNITS if known.lower() == unit.lower()]
    near = near or difflib.get_close_matches(unit, fitting, n=1, cutoff=0.5)
    near = near or difflib.get_close_matches(unit, UNITS, n=1, cutoff=0.5)
    return f' (did you mean "{near[0]}"?)' if near else ""


def convert(number: float, unit: str, wanted: str) -> float:
    """`number` of `unit` in the unit `wanted`.  QuantityError if the dimensions differ."""
    if unit == wanted:
        return number
    source, target = UNITS[unit], UNITS[wanted]
    if source.dimension != target.dimension:
        raise QuantityError(f"is {article(source.dimension)}")
    value = (number * source.scale + source.offset - target.offset) / target.scale
    if not math.isfinite(value):
        raise QuantityError("is not finite")
    return float(f"{value:.15g}")  # "95 %" is 0.95 and not 0.9500000000000001
