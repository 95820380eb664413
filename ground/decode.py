"""Packets to values: one at a time as they come, or by the hundred thousand with numpy."""

from __future__ import annotations

import math
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from flight.dictionary import Dictionary, EventEntry, Field, PacketEntry, unpack_arguments
from flight.wire import CRC_LENGTH, CUC_LENGTH, TM_PREFIX_LENGTH, decode_cuc
from ground.fields import FLOATS, OCTETS, choice_name, show_value, words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Column = NDArray[np.generic]

SID_LENGTH = 2
BODY_AT = TM_PREFIX_LENGTH + SID_LENGTH
TIME_AT, RECORD_AT = 13, 20  # in the prefix of every telemetry packet: see `flight.wire.TM_PREFIX_FORMAT`
NS = 1_000_000_000
FINE_BITS, FINE_ROUND_UP = 24, (1 << 24) - 1
NUMPY_CODES = {"B": "u1", "H": "u2", "I": "u4", "Q": "u8", "b": "i1", "h": "i2", "i": "i4", "q": "i8"} | {
    "?": "u1",  # any octet but 0 is true, as in struct; numpy's own `?` would keep the octet
    "f": "f4",
    "d": "f8",
}
_event_number = Struct(">H")
_schedule_entry = Struct(f">{CUC_LENGTH}sI")


# ---------------------------------------------------------------- one at a time


class Reading(NamedTuple):
    """A housekeeping packet: `values` is a namedtuple in the dictionary's order; times in ns, mission and ground."""

    label: str
    time_ns: int
    received_ns: int
    record: int
    values: tuple[int | float | bool, ...]


class EventReport(NamedTuple):
    """An event as it was reported; times in ns, mission and ground."""

    time_ns: int
    received_ns: int
    record: int
    label: str
    severity: int
    text: str


class Shown(NamedTuple):
    """One field for people."""

    name: str
    text: str
    unit: str


def show_packet(entry: PacketEntry, values: Sequence[object]) -> list[Shown]:
    """Enum names, on and off, NaN as NaN; units beside."""
    return [
        Shown(field.name, show_value(field, value, unit=False), field.unit)
        for field, value in zip(entry.fields, values, strict=True)
    ]


def packet_length(entry: PacketEntry) -> int:
    """Of the whole packet, octets."""
    return BODY_AT + sum(field.size for field in entry.fields) + CRC_LENGTH


# ---------------------------------------------------------------- events


def event_values(entry: EventEntry, body: bytes) -> tuple[int | float | bool | bytes, ...] | None:
    """The arguments of TM[5,x]; None if the length does not fit."""
    return unpack_arguments(entry.fields, body[_event_number.size :])


def event_entry(dictionary: Dictionary, body: bytes) -> EventEntry | None:
    if len(body) < _event_number.size:
        return None
    return dictionary.events_by_number.get(_event_number.unpack_from(body)[0])


def event_text(entry: EventEntry, values: Sequence[object]) -> str:
    """The declared text with its arguments: enum arguments by name, NaN as NaN.  Total for any text and values."""
    given = {field.name: (field, value) for field, value in zip(entry.fields, values, strict=True)}
    parts = []
    for literal, name, form, _ in string.Formatter().parse(entry.text):
        parts.append(literal)
        if name is not None:
            parts.append(_argument(*given[name], form or "") if name in given else "{" + name + "}")
    return "".join(parts)


def _argument(field: Field, value: object, form: str) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if field.code == OCTETS:
        return words_of(value) or show_value(field, value)
    if not form or field.choices:
        return choice_name(field, value) if field.choices else show_value(field, value, unit=False)
    try:
        return format(value, form)
    except (
        ValueError
    ):  # a format that does not fit the type: a slip in the declaration must not hide the event
        return str(value)


# ---------------------------------------------------------------- other reports


def parameter_values(dictionary: Dictionary, body: bytes) -> list[tuple[str, int | float | bool]] | None:
    """TM[20,2]: (label, value); None if it does not fit the dictionary."""
    if len(body) < 2:
        return None
    at, found = 2, []
    for _ in range(int.from_bytes(body[:2], "big")):
        entry = dictionary.parameters_by_number.get(int.from_bytes(body[at : at + 2], "big"))
        if entry is None or len(body) < at + 2 + entry.field.size:
            return None
        found.append((entry.label, Struct(">" + entry.field.code).unpack_from(body, at + 2)[0]))
        at += 2 + entry.field.size
    return found if at == len(body) else None


def schedule_entries(body: bytes) -> list[tuple[int, int]] | None:
    """TM[11,13]: (release on the mission clock in ns, request id)."""
    if not body or len(body) != 1 + body[0] * _schedule_entry.size:
        return None
    return [(decode_cuc(at), request) for at, request in _schedule_entry.iter_unpack(body[1:])]


# ---------------------------------------------------------------- in bulk


@dataclass(frozen=True, slots=True)
class Columns:
    """Packets of one kind as arrays of equal length, native byte order.  Times in ns on the mission clock.

    `skipped` packets had another length than the dictionary says: those of another layout.
    """

    label: str
    time_ns: NDArray[np.int64]
    record: NDArray[np.int64]
    values: Mapping[str, Column]
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.time_ns)


def packet_dtype(entry: PacketEntry) -> np.dtype[np.void]:
    """The whole packet as one element: time, record and every field at its place."""
    import numpy as np

    names = ["time seconds", "time fine", "time finer", "record"]  # no field's name has a space
    formats = [">u4", ">u2", "u1", ">u8"]
    offsets = [TIME_AT, TIME_AT + 4, TIME_AT + 6, RECORD_AT]
    at = BODY_AT
    for field in entry.fields:
        names.append(field.name)
        formats.append(">" + NUMPY_CODES[field.code])
        offsets.append(at)
        at += field.size
    return np.dtype(
        {"names": names, "formats": formats, "offsets": offsets, "itemsize": packet_length(entry)}
    )


def decode_many(entry: PacketEntry, packets: Iterable[bytes]) -> Columns:
    """All packets of one kind at once; the same values as one at a time."""
    length = packet_length(entry)
    given = list(packets)
    whole = [packet for packet in given if len(packet) == length]
    return decode_joined(entry, b"".join(whole), len(given) - len(whole))


def decode_joined(entry: PacketEntry, octets: bytes, skipped: int = 0) -> Columns:
    """Packets of the right length, one behind the other."""
    import numpy as np

    rows = np.frombuffer(octets, packet_dtype(entry))
    fine = rows["time fine"].astype(np.int64) << 8 | rows["time finer"]
    time_ns = rows["time seconds"].astype(np.int64) * NS + (fine * NS + FINE_ROUND_UP >> FINE_BITS)
    return Columns(
        entry.label,
        time_ns,
        rows["record"].astype(np.int64),
        {field.name: _native(rows[field.name], field) for field in entry.fields},
        skipped,
    )


def _native(column: Column, field: Field) -> Column:
    import numpy as np

    if field.code == "?":
        return column.astype(np.bool_)
    return column.astype(column.dtype.newbyteorder("="))


def choice_names(field: Field, column: Column) -> list[str]:
    """A column of numbers by their names; a number that has none stands as it is."""
    names = {number: name for name, number in field.choices}
    return [names.get(value, str(value)) for value in column.tolist()]


def column_text(field: Field, column: Column) -> list[str]:
    """A column for people; floats in full, so that nothing is lost by an export."""
    if field.choices:
        return choice_names(field, column)
    if field.code == "?":
        return ["on" if value else "off" for value in column.tolist()]
    if field.code in FLOATS:
        return ["NaN" if text == "nan" else text for text in column.astype("U").tolist()]
    return [str(value) for value in column.tolist()]
