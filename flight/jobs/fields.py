"""Values of a table that somebody else has written, taken one by one; everything wrong gets one clear line."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

FAULTS_MAX = 20  # a screenful: who has more mends these first
SHOWN_LETTERS = 40

OneOf = TypeVar("OneOf", bound=Enum)


@dataclass(frozen=True, slots=True)
class Fault:
    """Where, what stands there, and what was expected."""

    where: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: {self.found}; expected {self.expected}"


class Fields:
    """One table.  Each method takes a key and gives a value of its type, a harmless one if there is a fault.

    `faults` is shared by all tables of a document.  `end` reports the keys that nobody has asked for.
    """

    def __init__(self, value: object, where: str, faults: list[Fault]) -> None:
        self._where, self.faults, self._asked = where, faults, set[str]()
        self._values: dict[str, object] = {}
        self._is_table = isinstance(value, dict) and all(isinstance(key, str) for key in value)
        if isinstance(value, dict) and self._is_table:
            self._values = value
        elif len(faults) < FAULTS_MAX:
            faults.append(Fault(where or "the document", shown(value), "a table of named values"))

    def end(self) -> None:
        for key in self._values:
            if key not in self._asked:
                self.fault(key, "is not known", "one of " + ", ".join(sorted(self._asked)))

    def fault(self, key: str, found: str, expected: str) -> None:
        if self._is_table and len(self.faults) < FAULTS_MAX:
            where = ".".join(part for part in (self._where, shown_key(key)) if part)
            self.faults.append(Fault(where, found, expected))

    def _add(self, key: str, value: object, expected: str) -> None:
        self.fault(key, "is missing" if value is None else shown(value), expected)

    def _take(self, key: str, default: object) -> object:
        self._asked.add(key)
        return self._values.get(key, default)

    def whole(self, key: str, low: int, high: int, unit: str = "", default: int | None = None) -> int:
        value = self._take(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self._add(key, value, f"a whole number, {low:,} to {high:,}{unit and ' ' + unit}")
        return low

    def number(self, key: str, above: float, high: float, unit: str) -> float:
        value = self._take(key, None)
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if fits and isinstance(value, int | float) and math.isfinite(value) and above < value <= high:
            return float(value)
        self._add(key, value, f"a number above {above:g}, at most {high:g} {unit}")
        return high

    def text(self, key: str, fits: Callable[[str], bool], expected: str, default: str | None = None) -> str:
        value = self._take(key, default)
        if isinstance(value, str) and (value == default or fits(value)):
            return value
        self._add(key, value, expected)
        return ""

    def texts(self, key: str, most: int, fits: Callable[[str], bool], expected: str) -> tuple[str, ...]:
        values = self._list(key, most)
        found = []
        for index, value in enumerate(values):
            if isinstance(value, str) and fits(value):
                found.append(value)
            else:
                self._add(f"{key}[{index}]", value, expected)
        return tuple(found)

    def flag(self, key: str, default: bool) -> bool:
        value = self._take(key, default)
        if isinstance(value, bool):
            return value
        self._add(key, value, "true or false")
        return default

    def choice(self, key: str, kind: type[OneOf], default: OneOf | None = None) -> OneOf:
        value = self._take(key, None if default is None else default.value)
        for one in kind:
            if one.value == value:
                return one
        self._add(key, value, "one of " + ", ".join(str(one.value) for one in kind))
        return next(iter(kind))

    def octets(self, key: str, length: int) -> bytes:
        """Octets, or in a text document the same in hexadecimal."""
        value = self._take(key, None)
        if isinstance(value, str) and re.fullmatch(r"[0-9a-f]*", value) and len(value) == 2 * length:
            value = bytes.fromhex(value)
        if isinstance(value, bytes) and len(value) == length:
            return value
        self._add(key, value, f"{length} octets in hexadecimal")
        return bytes(length)

    def table(self, key: str) -> Fields:
        value = self._take(key, None)
        return Fields({} if value is None else value, self._within(key), self.faults)

    def tables(self, key: str, most: int, least: int = 0) -> list[Fields]:
        values = self._list(key, most, least)
        return [
            Fields(value, self._within(f"{key}[{index}]"), self.faults) for index, value in enumerate(values)
        ]

    def _within(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _list(self, key: str, most: int, least: int = 0) -> list[object]:
        value = self._take(key, [])
        if not isinstance(value, list | tuple):
            self._add(key, value, "a list")
        elif len(value) > most:
            self.fault(key, f"{len(value):,} of them", f"at most {most}")
        elif len(value) < least:
            self._add(key, value or None, f"{least} to {most} of them")
        else:
            return list(value)
        return []


def shown(value: object) -> str:
    """Short and printable, whatever it is; containers are not walked."""
    if isinstance(value, dict | list | tuple):
        return f"a {'table' if isinstance(value, dict) else 'list'} of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number beyond 64 bits"
    text = ascii(value[: SHOWN_LETTERS + 1] if isinstance(value, str | bytes) else value)
    return text if len(text) <= SHOWN_LETTERS else text[:SHOWN_LETTERS] + "..."


def shown_key(key: str) -> str:
    return key if key.isascii() and key.isprintable() and len(key) <= SHOWN_LETTERS else shown(key)
