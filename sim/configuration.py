"""Load a TOML file into frozen dataclasses from what their fields declare; any fault of the file is one line.

A field declares what it takes: `capacity_wh: Annotated[float, Quantity("Wh", above=0)]` reads the key
`capacity` with a value such as "360 Wh" or "1.3 MJ".  The key is the field's name without the unit.
`ConfigurationError` reads `file:line: key: what is wrong, what is expected`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from sim.document import ConfigurationError, Document, Place, read_document, show, suggest
from sim.fields import Flag, Instant, Kind, Line, Quantity, Several

__all__ = ["ConfigurationError", "Document", "build", "read_document"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Table:
    """A table, read into a dataclass."""

    form: type[Any]

    def wanted(self) -> str:
        return "a table"

    def read(self, value: Any, at: Place) -> Any:
        if not isinstance(value, Mapping):
            at.fail(f"{show(value)} is no table, expected {self.wanted()}")
        return _build(self.form, value, at)


class _Entry(NamedTuple):
    field: str
    key: str
    kind: Kind
    required: bool


def _entries(form: Any) -> tuple[_Entry, ...]:
    hints = get_type_hints(form, include_extras=True)
    return tuple(_entry(field, hints[field.name]) for field in dataclasses.fields(form))


def _entry(field: dataclasses.Field[Any], hint: Any) -> _Entry:
    required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    plain, *marks = get_args(hint) if hasattr(hint, "__metadata__") else (hint,)
    kind: Kind = marks[0] if marks else Flag() if plain is bool else Instant()
    key = field.name
    items = get_args(plain)
    if dataclasses.is_dataclass(plain):
        kind = Table(plain)  # type: ignore[arg-type]
    elif get_origin(plain) is tuple and dataclasses.is_dataclass(items[0]):
        assert isinstance(kind, Several), f"{key} needs a Several with the key of its tables"
        kind, key = dataclasses.replace(kind, each=Table(items[0])), kind.key  # type: ignore[arg-type]
    quantity = kind.each if isinstance(kind, Several) else kind
    if isinstance(quantity, Quantity) and quantity.unit != "1":
        suffix = "_" + re.sub("[^a-z0-9]+", "_", quantity.unit.lower()).strip("_")
        assert key.endswith(suffix), f"{key} must end with its unit, {suffix}"
        key = key.removesuffix(suffix)
    return _Entry(field.name, key, kind, required)


def _build(form: type[T], values: Mapping[str, Any], at: Place) -> T:
    entries = _entries(form)
    known = [entry.key for entry in entries if not isinstance(entry.kind, Line)]
    for key in values:
        if key not in known:
            at.inside(key).fail(f"unknown key, {suggest(key, known)}")
    found = {}
    for entry in entries:
        if isinstance(entry.kind, Line):
            found[entry.field] = entry.kind.read(None, at)
        elif entry.key in values:
            found[entry.field] = entry.kind.read(values[entry.key], at.inside(entry.key))
        elif entry.required:
            at.inside(entry.key).fail(f"missing, expected {entry.kind.wanted()}")
    return form(**found)


def build(form: type[T], document: Document) -> T:
    """Read the whole `document` into the dataclass `form`; ConfigurationError for the first thing wrong."""
    return _build(form, document.values, Place(document, ()))
