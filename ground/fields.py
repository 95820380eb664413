"""Fields of the dictionary: values from people and programs, and values for people."""

from __future__ import annotations

import difflib
import enum
import math
from collections.abc import Iterable

from flight.dictionary import Field

__all__ = ["FLOATS", "NotAValueError", "choice_name", "parse_value", "show_value", "suggestion", "words_of"]

WORD_SHORTEST = 3  # octets: shorter ones are printable by chance
ON = frozenset({"on", "true", "yes", "1"})
OFF = frozenset({"off", "false", "no", "0"})
FLOATS = "fd"
OCTETS = "*"
AS_TEXT = "text:"  # octets that are words, file names above all, are shown and typed as such


class NotAValueError(ValueError):
    """What was given cannot stand in the field; one line says why."""


def parse_value(field: Field, given: object) -> object:
    """The wire value of what a person typed or a program passed.  NotAValueError, in words, if there is none."""
    if field.code == OCTETS:
        value: object = _octets(field, given)
    elif isinstance(given, str):
        value = _from_text(field, given.strip())
    elif isinstance(given, enum.Enum):
        value = given.value
    else:
        value = given
    if isinstance(value, float) and field.code not in FLOATS and value.is_integer():
        value = int(value)
    complaint = field.complaint(value)
    if complaint:
        raise NotAValueError(complaint)
    return value


def _from_text(field: Field, text: str) -> object:
    if field.choices:
        return _choice(field, text)
    if field.code == "?":
        if text.lower() in ON | OFF:
            return text.lower() in ON
        raise NotAValueError(f"{field.name} is on or off, not {text!r}")
    try:
        return float(text) if field.code in FLOATS else int(text, 0)
    except ValueError:
        raise NotAValueError(f"{field.name} is a number ({field.kind}), not {text!r}") from None


def _choice(field: Field, text: str) -> int:
    for name, number in field.choices:
        if text.upper() == name.upper() or text == str(number):
            return number
    names = [name for name, _ in field.choices]
    raise NotAValueError(f"{field.name} is {field.kind}, not {text!r}{suggestion(text, names)}")


def _octets(field: Field, given: object) -> bytes:
    if isinstance(given, bytes | bytearray | memoryview):
        return bytes(given)
    if isinstance(given, str) and given.startswith(AS_TEXT):
        return given.removeprefix(AS_TEXT).encode(errors="replace")
    if isinstance(given, str):
        try:
            return bytes.fromhex(given)
        except ValueError:
            raise NotAValueError(
                f"{field.name} is octets in hexadecimal, or {AS_TEXT}WORD, not {given!r}"
            ) from None
    raise NotAValueError(f"{field.name} is octets, not {given!r}")


def suggestion(name: str, known: Iterable[str]) -> str:
    """`, did you mean ...?` or nothing."""
    by_lower = {one.lower(): one for one in known}
    near = [by_lower[one] for one in difflib.get_close_matches(name.lower(), by_lower, n=3)]
    return f", did you mean {' or '.join(near)}?" if near else ""


def words_of(value: object) -> str:
    """Octets that are words, as a reason or a name is; empty if they are not."""
    if not isinstance(value, bytes) or len(value) < WORD_SHORTEST or not value.isascii():
        return ""
    text = value.decode("ascii")
    return text if text.isprintable() else ""


def show_value(field: Field, value: object, unit: bool = True) -> str:
    """For people: enum names, on and off, units; NaN is shown as what it is."""
    if field.code == OCTETS and isinstance(value, bytes):
        words = words_of(value)
        return f"{AS_TEXT}{words}" if words and " " not in words else value.hex()
    if field.code == "?":
        return "on" if value else "off"
    if field.choices:
        return choice_name(field, value)
    if isinstance(value, float):
        text = "NaN" if math.isnan(value) else f"{value:.6g}"
    else:
        text = str(value)
    return f"{text} {field.unit}" if unit and field.unit and field.unit != "1" else text


def choice_name(field: Field, value: object) -> str:
    """The name, or the number where the dictionary has none."""
    return next((name for name, number in field.choices if number == value), str(value))
