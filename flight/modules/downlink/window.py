"""Which records a time holds, found by halving the range of their counts.

Records have no index by time, but a store's counts and times grow together: some twenty reads of one record find a
border among a million.
"""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import NamedTuple

from flight.declare import Read, Records
from flight.wire.cuc import CUC_LENGTH, decode_cuc

ENTRY = struct.Struct(f">B{CUC_LENGTH}s{CUC_LENGTH}s")
WINDOWS_MAX = 8  # in one request: a few contacts' worth of each store
TIME_AT = 13  # of the time in a telemetry packet: primary header 6, secondary header 7 before it


class Wanted(NamedTuple):
    """Mission times `first` to `last` of a store, both included."""

    store: int
    first: int
    last: int


def read_windows(data: bytes, stores: int) -> tuple[Wanted, ...] | None:
    """A count u8, then store u8 and two times CUC 4+3 each; None for anything else."""
    if not data or not 1 <= data[0] <= WINDOWS_MAX or len(data) != 1 + data[0] * ENTRY.size:
        return None
    rows = ENTRY.iter_unpack(data[1:])
    found = tuple(Wanted(store, decode_cuc(first), decode_cuc(last)) for store, first, last in rows)
    return found if all(one.store < stores and one.first <= one.last for one in found) else None


class Border(NamedTuple):
    """Where a time lies: the count after the last record that is not later, and that of the first one that is.

    Between the two nothing is stored.  Each is what was looked in, where there is no such record.
    """

    end: int
    later: int


def border(store: int, time: int, low: int, high: int) -> Generator[Read, object, Border]:
    """Among the counts `low` to before `high`."""
    later = high
    while low < high:
        middle = (low + high) // 2
        record = yield from first_record(store, middle, high - 1)
        if record is not None and time_of(record[1]) <= time:
            low = record[0] + 1
        else:
            high = middle
            later = later if record is None else record[0]
    return Border(low, later)


def first_record(store: int, first: int, last: int) -> Generator[Read, object, tuple[int, bytes] | None]:
    """Count and packet of the first record of a range."""
    result = yield Read(store, first, last, 1)
    assert isinstance(result, Records)
    return result.records[0] if result.records else None


def time_of(packet: bytes) -> int:
    return decode_cuc(packet[TIME_AT : TIME_AT + CUC_LENGTH])
