"""Wire types: how one value of a declaration stands in a packet.

A field is written as an annotation: `float` (32 bit), `bool`, an `IntEnum` (one octet), or one of the aliases below,
with `unit`, `between`, `limits` and `about` beside it in `Annotated`.
"""

from __future__ import annotations

import enum
import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeVar, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class Wire:
    """A struct code.  `*` stands for a u16 length and that many octets, and may only come last in a command."""

    code: str


U8 = Annotated[int, Wire("B")]
U16 = Annotated[int, Wire("H")]
U32 = Annotated[int, Wire("I")]
U64 = Annotated[int, Wire("Q")]
I8 = Annotated[int, Wire("b")]
I16 = Annotated[int, Wire("h")]
I32 = Annotated[int, Wire("i")]
I64 = Annotated[int, Wire("q")]
F32 = Annotated[float, Wire("f")]
F64 = Annotated[float, Wire("d")]
Octets = Annotated[bytes, Wire("*")]

INTEGERS = {"B": (0, 2**8 - 1), "H": (0, 2**16 - 1), "I": (0, 2**32 - 1), "Q": (0, 2**64 - 1)} | {
    "b": (-(2**7), 2**7 - 1),
    "h": (-(2**15), 2**15 - 1),
    "i": (-(2**31), 2**31 - 1),
    "q": (-(2**63), 2**63 - 1),
}
F32_MAX = 3.4028234663852886e38
OCTETS_MAX = 900  # what one telecommand frame of 1024 octets can carry, with room for all headers


@dataclass(frozen=True, slots=True)
class Unit:
    symbol: str


@dataclass(frozen=True, slots=True)
class Between:
    """Both ends are allowed."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Where an operator looks (yellow) and acts (red); None is no limit on that side."""

    red_low: float | None = None
    yellow_low: float | None = None
    yellow_high: float | None = None
    red_high: float | None = None

    def __post_init__(self) -> None:
        given = [x for x in (self.red_low, self.yellow_low, self.yellow_high, self.red_high) if x is not None]
        if given != sorted(given):
            raise DeclarationError(f"limits are out of order: {given}")


@dataclass(frozen=True, slots=True)
class About:
    text: str


unit, between, limits, about = Unit, Between, Limits, About


class DeclarationError(TypeError):
    """A declaration that cannot be compiled: programmer error, found when the class is made."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value on the wire: everything that codec, dictionary, forms and documents need to know of it."""

    name: str
    code: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    limits: Limits | None = None
    choices: tuple[tuple[str, int], ...] = ()
    about: str = ""

    @property
    def size(self) -> int:
        """Octets on the wire; of `*`, its length field."""
        return 2 if self.code == "*" else struct.calcsize(">" + self.code)

    @property
    def kind(self) -> str:
        """What a person calls the type."""
        if self.choices:
            return "one of " + ", ".join(name for name, _ in self.choices)
        if self.code in INTEGERS:
            return ("unsigned" if self.code.isupper() else "signed") + f" {8 * self.size} bit"
        return {"?": "on or off", "f": "32 bit float", "d": "64 bit float", "*": "octets"}[self.code]

    def complaint(self, value: object) -> str | None:
        """Why `value` cannot stand here, or None.  Never raises."""
        if self.code == "*":
            good = isinstance(value, bytes) and len(value) <= OCTETS_MAX
            return None if good else f"{self.name} takes at most {OCTETS_MAX} octets"
        if self.code == "?":
            return None if isinstance(value, bool) else f"{self.name} is on or off, not {value!r}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{self.name} is a number ({self.kind}), not {value!r}"
        if self.code in INTEGERS:
            return self._integer_complaint(value)
        return (
            self._range_complaint(value)
            if math.isfinite(value)
            else f"{self.name} must be finite, not {value}"
        )

    def _integer_complaint(self, value: float) -> str | None:
        if value != value or value in (math.inf, -math.inf) or value != int(value):
            return f"{self.name} is a whole number, not {value}"
        if self.choices and int(value) not in [number for _, number in self.choices]:
            return f"{self.name} is {self.kind}, not {value}"
        low, high = INTEGERS[self.code]
        if not low <= value <= high:
            return f"{self.name} is {self.kind}, {low} to {high}, not {value}"
        return self._range_complaint(value)

    def _range_complaint(self, value: float) -> str | None:
        low = -F32_MAX if self.low is None and self.code == "f" else self.low
        high = F32_MAX if self.high is None and self.code == "f" else self.high
        if (low is not None and value < low) or (high is not None and value > high):
            symbol = " " + self.unit if self.unit else ""
            return f"{self.name} is {_bound(self.low)} to {_bound(self.high)}{symbol}, not {value:g}"
        return None


def _bound(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"


def field_of(name: str, annotation: object) -> Field:
    """Compile one annotation.  DeclarationError if it has no wire type."""
    base: object = annotation
    notes: tuple[object, ...] = ()
    if get_origin(annotation) is Annotated:
        base, *rest = get_args(annotation)
        notes = tuple(part for note in rest for part in _parts(note))
    allowed = _last(notes, Between)
    symbol = _last(notes, Unit)
    text = _last(notes, About)
    return Field(
        name,
        _code_of(name, base, notes),
        unit=symbol.symbol if symbol else "",
        low=allowed.low if allowed else None,
        high=allowed.high if allowed else None,
        limits=_last(notes, Limits),
        choices=_choices(base),
        about=text.text if text else "",
    )


def _parts(note: object) -> tuple[object, ...]:
    """`Annotated[int, U16, between(1, 600)]` is understood like `Annotated[U16, between(1, 600)]`."""
    return get_args(note)[1:] if get_origin(note) is Annotated else (note,)


Note = TypeVar("Note")


def _last(notes: Iterable[object], kind: type[Note]) -> Note | None:
    found = [note for note in notes if isinstance(note, kind)]
    return found[-1] if found else None


def _choices(base: object) -> tuple[tuple[str, int], ...]:
    if isinstance(base, type) and issubclass(base, enum.IntEnum):
        return tuple((member.name, member.value) for member in base)
    return ()


def _code_of(name: str, base: object, notes: Iterable[object]) -> str:
    codes = [note.code for note in notes if isinstance(note, Wire)]
    if codes:
        return codes[-1]
    if base is float:
        return "f"
    if base is bool:
        return "?"
    if isinstance(base, type) and issubclass(base, enum.IntEnum):
        return "B"
    raise DeclarationError(f"{name}: {base!r} has no wire type; write float, bool, an IntEnum, or U8 to F64")


def fields_of(owner: type) -> tuple[Field, ...]:
    """The annotated attributes of a class itself, in order; class variables are no fields."""
    hints = get_type_hints(owner, include_extras=True)
    own = vars(owner).get("__annotations__", {})
    return tuple(field_of(name, hints[name]) for name in own if get_origin(hints[name]) is not ClassVar)
