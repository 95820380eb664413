"""Storage and retrieval, service 15: what its requests and reports carry (ECSS-E-ST-70-41C 6.15, 8.15).

A store is its number, 8 bits.  A list of stores is a count u8 and so many; a count of 0 means all.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from flight.wire.cuc import CUC_LENGTH, decode_cuc, encode_cuc

SERVICE = 15
ENABLE, DISABLE = 1, 2
RETRIEVE_TIME = 9
DELETE = 11
REPORT_CONTENTS, CONTENTS = 12, 13
RESUME, SUSPEND = 15, 16
ABORT = 17
REPORT_STATUS, STATUS = 18, 19
# Subtypes from 128 up are ours (5.2): records by their numbers, and which of them are absent.
RETRIEVE, ABSENT = 129, 130

RANGE = Struct(">BQQ")  # store, first and last count
PERCENT = 100

_content = Struct(f">B{CUC_LENGTH}s{CUC_LENGTH}s{CUC_LENGTH}sBB")
_status = Struct(">B???")


class StoreContent(NamedTuple):
    """Times on the mission clock, ns, 0 where there is nothing; percentages of the store's budget."""

    store: int
    oldest: int
    newest: int
    open_from: int  # the oldest record that no pass has seen
    filled: int
    waiting: int  # of it, not seen by any pass


class StoreStatus(NamedTuple):
    store: int
    enabled: bool  # it takes packets
    in_progress: bool  # open retrieval: what no pass has seen is played back
    by_range: bool  # records that were asked for, by time or number, are still to be played back


def pack_stores(stores: Sequence[int]) -> bytes:
    return bytes([len(stores), *stores])


def read_stores(data: bytes, known: int) -> tuple[int, ...] | None:
    """The numbers of stores, rising; None for anything else, and for a number that is not below `known`."""
    if not data or len(data) != 1 + data[0]:
        return None
    found = sorted(set(data[1:])) if data[0] else range(known)
    return tuple(found) if all(store < known for store in found) else None


def pack_deletion(until: int, stores: Sequence[int]) -> bytes:
    """TC[15,11]: records made up to mission time `until`, ns."""
    return encode_cuc(until) + pack_stores(stores)


def read_deletion(data: bytes, known: int) -> tuple[int, tuple[int, ...]] | None:
    stores = read_stores(data[CUC_LENGTH:], known)
    return None if stores is None else (decode_cuc(data[:CUC_LENGTH]), stores)


def pack_contents(contents: Sequence[StoreContent]) -> bytes:
    """TM[15,13]."""
    rows = [
        _content.pack(
            one.store,
            encode_cuc(one.oldest),
            encode_cuc(one.newest),
            encode_cuc(one.open_from),
            one.filled,
            one.waiting,
        )
        for one in contents
    ]
    return bytes([len(rows)]) + b"".join(rows)


def read_contents(body: bytes) -> tuple[StoreContent, ...] | None:
    if not body or len(body) != 1 + _content.size * body[0]:
        return None
    return tuple(
        StoreContent(store, decode_cuc(oldest), decode_cuc(newest), decode_cuc(open_from), filled, waiting)
        for store, oldest, newest, open_from, filled, waiting in _content.iter_unpack(body[1:])
    )


def pack_statuses(statuses: Sequence[StoreStatus]) -> bytes:
    """TM[15,19]."""
    return bytes([len(statuses)]) + b"".join(_status.pack(*one) for one in statuses)


def read_statuses(body: bytes) -> tuple[StoreStatus, ...] | None:
    if not body or len(body) != 1 + _status.size * body[0]:
        return None
    return tuple(StoreStatus(*row) for row in _status.iter_unpack(body[1:]))
