"""One record format for all stores: found again past any damage, and never believed when damaged.

    magic u16 | check u16 | length u32 | number u64 | CRC32 u32 | body          little endian, 20 octets
    before the body

`check` is the lower half of a CRC32 over length and number, so a reader can trust a length before it has read
the body; that makes the search for the next record linear in the data, whatever the data are.  The last field
goes on from that CRC32 over the body.  Both begin with the record's *place* (a CRC32 of the file name, plus
the offset in the file), so a record that was written to the wrong place, or that is carried inside the body
of another, is not one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct
from zlib import crc32

MAGIC = 0xB7D5  # both octets are neither ASCII, nor zero, nor an erased flash cell
OVERHEAD = 20  # octets of a record before its body
NUMBER_LIMIT = 1 << 64
PLACE_BITS = 31  # a place and an offset below 2 GiB add up to what a CRC32 can begin with

_HEAD = Struct("<HHIQI")
_SEALED = Struct("<IQ")
_SEARCH = MAGIC.to_bytes(2, "little")
_HALF = 0xFFFF

Record = tuple[int, bytes]
"""A number and a body."""


class Damage:
    """What a scan could not read: octets, and the stretches of them, each of at least one record."""

    __slots__ = ("octets", "stretches")

    def __init__(self) -> None:
        self.octets = 0
        self.stretches = 0

    def add(self, octets: int) -> None:
        self.octets += octets
        self.stretches += 1


def place_of(name: str) -> int:
    """Where the records of the file `name` begin; add the offset of a record for its place."""
    return crc32(name.encode()) >> (32 - PLACE_BITS)


def encode(records: Iterable[Record], place: int) -> bytes:
    """The octets of `records`, the first of which is to stand at `place`."""
    parts: list[bytes] = []
    add = parts.append
    for number, body in records:
        length = len(body)
        header = crc32(_SEALED.pack(length, number), place)
        add(_HEAD.pack(MAGIC, header & _HALF, length, number, crc32(body, header)))
        add(body)
        place += length + OVERHEAD
    return b"".join(parts)


def scan(data: bytes, place: int, body_limit: int, damage: Damage) -> Iterator[tuple[int, int, bytes]]:
    """Yield (number, offset, body) of each good record in `data`, which is at `place`; the rest is `damage`.

    Total and linear: any octets are good; none is looked at more than a fixed number of times.
    """
    at, size = 0, len(data)
    lost_from = 0
    while at + OVERHEAD <= size:
        magic, check, length, number, seal = _HEAD.unpack_from(data, at)
        end = at + OVERHEAD + length
        if magic == MAGIC and length <= body_limit and end <= size:
            header = crc32(data[at + 4 : at + 16], place + at)
            if header & _HALF == check:
                body = data[at + OVERHEAD : end]
                if crc32(body, header) == seal:
                    if lost_from < at:
                        damage.add(at - lost_from)
                    yield number, at, body
                    lost_from = end
                at = end
                continue
        at = data.find(_SEARCH, at + 1)
        if at < 0:
            break
    if lost_from < size:
        damage.add(size - lost_from)
