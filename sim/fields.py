"""What a field of a configuration can take: quantities, whole numbers, texts, instants, arrays.

Each kind reads one TOML value, or fails with what is wrong and what is expected.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from sim import units
from sim.document import Place, show, suggest

MOST_ITEMS = 1000  # in one array; a network of 1000 nodes is no longer faster than real time


class Kind(Protocol):
    """What a field takes: how it is read, and how it is asked for when missing."""

    def read(self, value: Any, at: Place, /) -> Any: ...

    def wanted(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit, kept in `unit`; a ratio (unit "1") may be a plain number."""

    unit: str
    low: float = -math.inf
    high: float = math.inf
    above: float = -math.inf  # like `low`, but excluded

    def wanted(self) -> str:
        return units.expectation(self.unit)

    def read(self, value: Any, at: Place) -> float:
        try:
            number = self._number(value)
        except units.QuantityError as problem:
            at.fail(f"{show(value)} {problem}, expected {self.wanted()}")
        if not (self.low <= number <= self.high and number > self.above):
            at.fail(f"{show(value)} is out of range, expected {self._range()}")
        return number

    def _number(self, value: Any) -> float:
        if isinstance(value, str):
            try:
                number, unit = units.parse(value, self.unit)
            except units.QuantityError:
                if self.unit == "1" and re.fullmatch(r"[+-]?\d+(\.\d*)?", value):
                    raise units.QuantityError("is text") from None
                raise
            return units.convert(number, unit, self.unit)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise units.QuantityError("is no quantity")
        if not abs(value) < math.inf:
            raise units.QuantityError("is not finite")
        if self.unit != "1":
            raise units.QuantityError("has no unit")
        if abs(value) > 1e300:  # float() of such an integer raises
            raise units.QuantityError("is too large")
        return float(value)

    def _range(self) -> str:
        unit = "" if self.unit == "1" else f" {self.unit}"
        low = f"above {self.above:g}{unit}" if self.above > -math.inf else f"at least {self.low:g}{unit}"
        if self.high == math.inf:
            return low
        high = f"at most {self.high:g}{unit}"
        return high if max(self.low, self.above) == -math.inf else f"{low} and {high}"


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    low: int
    high: int

    def wanted(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def read(self, value: Any, at: Place) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            at.fail(f"{show(value)} is no whole number, expected {self.wanted()}")
        if not self.low <= value <= self.high:
            at.fail(f"{show(value)} is out of range, expected {self.wanted()}")
        return value


@dataclass(frozen=True, slots=True)
class Text:
    """A text that matches `pattern`, or is one of `choices`; `meaning` says to a user what is wanted."""

    meaning: str = "a text"
    pattern: str = r"[^\x00-\x1f]{1,200}"
    choices: tuple[str, ...] = ()

    def wanted(self) -> str:
        return f"one of: {', '.join(self.choices)}" if self.choices else self.meaning

    def read(self, value: Any, at: Place) -> str:
        if not isinstance(value, str):
            at.fail(f"{show(value)} is no text, expected {self.wanted()}")
        if self.choices and value not in self.choices:
            at.fail(f"{show(value)} is unknown, {suggest(value, self.choices)}")
        if not self.choices and not re.fullmatch(self.pattern, value):
            at.fail(f"{show(value)} does not fit, expected {self.wanted()}")
        return value


class Measure(NamedTuple):
    """A difference in the base unit of its dimension (V, A, W, K, ...); dimension "" is a plain zero."""

    value: float
    dimension: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """A difference with any unit; which dimension it must have is decided by a later check."""

    low: float = -math.inf

    def wanted(self) -> str:
        return 'a quantity such as "0.1 V"'

    def read(self, value: Any, at: Place) -> Measure:
        if not isinstance(value, str):
            at.fail(f"{show(value)} has no unit, expected {self.wanted()}")
        try:
            number, name = units.parse(value)
        except units.QuantityError as problem:
            at.fail(f"{show(value)} {problem}, expected {self.wanted()}")
        unit = units.UNITS[name]
        if unit.offset:
            at.fail(f'{show(value)} is a temperature, expected a difference such as "0.1 K"')
        if not self.low <= number < math.inf:
            at.fail(f"{show(value)} is out of range, expected at least {self.low:g}")
        return Measure(number * unit.scale, unit.dimension)


NAME = Text('a name of lower-case letters, digits and "_"', r"[a-z][a-z0-9_]{0,39}")


class Flag:
    def wanted(self) -> str:
        return "true or false"

    def read(self, value: Any, at: Place) -> bool:
        if not isinstance(value, bool):
            at.fail(f"{show(value)} is neither, expected {self.wanted()}")
        return value


class Instant:
    """A date and time with its zone, kept as UTC."""

    def wanted(self) -> str:
        return "a date and time such as 2026-06-21T12:00:00Z"

    def read(self, value: Any, at: Place) -> datetime:
        if not isinstance(value, datetime):
            at.fail(f"{show(value)} is no date and time, expected {self.wanted()}")
        if value.tzinfo is None:
            at.fail(f"{show(value)} has no time zone, expected {self.wanted()}")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            at.fail(f"{show(value)} is out of range, expected {self.wanted()}")


class Line:
    """Filled with the line of the table in the file, so that a later check can still name it."""

    def wanted(self) -> str:
        raise AssertionError("never asked for")

    def read(self, _: Any, at: Place) -> int:
        return at.document.line(at.path)


Scalar = float | int | str | bool


class Raw:
    """A plain value that a later check reads, once it knows what it must be."""

    def wanted(self) -> str:
        return "a value"

    def read(self, value: Any, at: Place) -> Scalar:
        if not isinstance(value, Scalar):
            at.fail(f"{show(value)} is no plain value, expected {self.wanted()}")
        return value


class Arguments:
    """A table of plain values under any names, kept as pairs in the order of the file."""

    EACH = "a number, a text, true or false"

    def wanted(self) -> str:
        return 'a table such as { rail = "heater", on = true }'

    def read(self, value: Any, at: Place) -> tuple[tuple[str, Scalar], ...]:
        if not isinstance(value, Mapping):
            at.fail(f"{show(value)} is no table, expected {self.wanted()}")
        for key, item in value.items():
            if not isinstance(item, Scalar):
                at.inside(key).fail(f"{show(item)} is no plain value, expected {self.EACH}")
            if isinstance(item, float) and not math.isfinite(item):
                at.inside(key).fail(f"{show(item)} is not finite, expected {self.EACH}")
        return tuple(value.items())


@dataclass(frozen=True, slots=True)
class Several:
    """An array of values of one kind, kept as a tuple.

    Beside an array of tables it names their key (`[[node]]` fills a field `nodes`) and their least and most.
    """

    each: Kind | None = None
    low: int = 0
    high: int = MOST_ITEMS
    key: str = ""

    def wanted(self) -> str:
        many = str(self.low) if self.low == self.high else f"{self.low} to {self.high}"
        if self.key:
            return f"{many} tables [[{self.key}]]"
        assert self.each is not None
        return f"an array of {many} values, each {self.each.wanted()}"

    def read(self, value: Any, at: Place) -> tuple[Any, ...]:
        assert self.each is not None
        if not isinstance(value, list):
            at.fail(f"{show(value)} is no array, expected {self.wanted()}")
        if not self.low <= len(value) <= self.high:
            at.fail(f"{len(value)} given, expected {self.wanted()}")
        return tuple(self.each.read(item, at.inside(place)) for place, item in enumerate(value))
