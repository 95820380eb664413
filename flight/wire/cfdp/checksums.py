"""File checksums that can be computed in pieces, in any order (CCSDS 727.0-B-5, 4.2; SANA checksum registry).

A stretch of octets has a sum; it is extended at its end, and two stretches that meet are joined:
join(sum of A, sum of B, octets of B) is the sum of A followed by B.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import NamedTuple
from zlib import crc32

from flight.wire.cfdp.fields import ChecksumType

_CRC_32 = 0xEDB88320  # IEEE 802.3, bits reversed
_CRC_32C = 0x82F63B78  # Castagnoli, bits reversed
_MASK = 0xFFFFFFFF


class Checksum(NamedTuple):
    """The sum of nothing is 0 for all of them."""

    extend: Callable[[int, int, bytes], int]
    """Sum so far, offset of `data` in the file, data: the new sum."""
    join: Callable[[int, int, int], int]


def _modular(total: int, offset: int, data: bytes) -> int:
    """Words of four octets, big endian, aligned to the file, added modulo 2^32."""
    front = offset & 3
    padded = bytes(front) + data + bytes(-(front + len(data)) & 3)
    words: tuple[int, ...] = Struct(f">{len(padded) >> 2}I").unpack(padded)
    return (total + sum(words)) & _MASK


def _crc_32(total: int, _offset: int, data: bytes) -> int:
    return crc32(data, total)


def _table(polynomial: int) -> tuple[int, ...]:
    entries = []
    for octet in range(256):
        value = octet
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
        entries.append(value)
    return tuple(entries)


_CRC_32C_TABLE = _table(_CRC_32C)


def _crc_32c(total: int, _offset: int, data: bytes) -> int:
    """No library on board has it; in Python 0.1 ms for 1 KiB."""
    value, table = total ^ _MASK, _CRC_32C_TABLE
    for octet in data:
        value = value >> 8 ^ table[(value ^ octet) & 0xFF]
    return value ^ _MASK


class _ZeroOctets:
    """What appending zero octets does to a CRC: for each power of two, its four tables of 256 words.

    Appending is linear over GF(2), so a power's tables come from applying the half twice.  Made when first
    needed, at most 40 powers (1 TiB) of 40 kB; a joined stretch costs four look-ups for each bit of its length.
    """

    def __init__(self, polynomial: int) -> None:
        octet = _table(polynomial)
        columns = [octet[1 << bit] if bit < 8 else 1 << (bit - 8) for bit in range(32)]
        self._columns = [columns]
        self._powers = [_expand(columns)]

    def append(self, value: int, octets: int) -> int:
        assert octets >> 40 == 0, "no file is that large"
        power = 0
        while octets:
            if power == len(self._powers):
                self._double()
            if octets & 1:
                a, b, c, d = self._powers[power]
                value = a[value & 0xFF] ^ b[value >> 8 & 0xFF] ^ c[value >> 16 & 0xFF] ^ d[value >> 24]
            octets >>= 1
            power += 1
        return value

    def _double(self) -> None:
        a, b, c, d = self._powers[-1]
        columns = [
            a[value & 0xFF] ^ b[value >> 8 & 0xFF] ^ c[value >> 16 & 0xFF] ^ d[value >> 24]
            for value in self._columns[-1]
        ]
        self._columns.append(columns)
        self._powers.append(_expand(columns))


def _expand(columns: list[int]) -> tuple[list[int], ...]:
    tables = []
    for first in range(0, 32, 8):
        table = [0]
        for column in columns[first : first + 8]:
            table += [value ^ column for value in table]
        tables.append(table)
    return tuple(tables)


def _joined_by(polynomial: int) -> Callable[[int, int, int], int]:
    zeros = _ZeroOctets(polynomial)

    def join(first: int, second: int, second_octets: int) -> int:
        return zeros.append(first, second_octets) ^ second

    return join


CHECKSUMS = {
    ChecksumType.MODULAR: Checksum(_modular, lambda first, second, _: (first + second) & _MASK),
    ChecksumType.CRC_32C: Checksum(_crc_32c, _joined_by(_CRC_32C)),
    ChecksumType.CRC_32: Checksum(_crc_32, _joined_by(_CRC_32)),
    ChecksumType.NULL: Checksum(lambda *_: 0, lambda *_: 0),
}


def checksum(kind: ChecksumType, data: bytes) -> int:
    """Of a whole file."""
    return CHECKSUMS[kind].extend(0, 0, data)
