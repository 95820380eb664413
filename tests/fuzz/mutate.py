"""One input out of others: the changes that finders of faults have proven to need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

LONGEST = 4096  # octets of an input; growth with the length is measured apart
_EDGES = (0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 63, 64, 127, 128, 129, 192, 223, 254, 255)
_WIDE = (0, 1, 255, 256, 1023, 1024, 2047, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

Change = Callable[[bytearray, Random, Sequence[bytes]], None]


def _flip(data: bytearray, chance: Random, parts: Sequence[bytes]) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _octet(data: bytearray, chance: Random, parts: Sequence[bytes]) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.choice(_EDGES)


def _any_octet(data: bytearray, chance: Random, parts: Sequence[bytes]) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)


def _step(data: bytearray, chance: Random, parts: Sequence[bytes]) -> None:
    if data:
        at = chance.randrange(len(data))
        data[at] = data[at] + chance.choice((-2, -1, 1, 2)) & 0xFF


def _word(data: bytearray, chance: Random, parts: Sequence[bytes]) -> None:
    """A whole big-endian number of 2, 4 or 8 octets."""
    size = chance.choice((2, 4, 8))
    if len(data) >= size:
        at = chance.randrange(len(data) - size + 1)
        value = chance.choice((*_WIDE, len(data), max(0, len(data) - at - size)))
        data[at : at + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "big")


def _cut(data: bytearray, chance: Random, parts: Sequence[bytes]) -> None:
    if data:
        at = chance.randrange(len(data))
        del data[at : at + chance.choice((1, 2, 4, 8, 64, LONGEST))]


def _insert(data: bytearray, chance: Random, parts: Sequence[bytes]) -> None:
    at = chance.randint(0, len(data))
    data[at:at] = chance.choice(
        (chance.randbytes(chance.choice((1, 2, 4, 16))), bytes(chance.choice((1, 4, 32))))
    )


def _repeat(data: bytearray, chance: Random, parts: Sequence[bytes]) -> None:
    if data:
        at = chance.randrange(len(data))
        piece = data[at : at + chance.choice((1, 2, 4, 8, 16, 64, 256))]
        data[at:at] = piece * chance.choice((1, 1, 1, 3, 16))


def _part(data: bytearray, chance: Random, parts: Sequence[bytes]) -> None:
    """A word that the parser may know, over or between what is there."""
    if parts:
        part, at = chance.choice(parts), chance.randint(0, len(data))
        data[at : at + (len(part) if chance.random() < 0.5 else 0)] = part


_CHANGES: tuple[Change, ...] = (
    _flip, _octet, _any_octet, _step, _word, _cut, _insert, _repeat, _part, _part,
)  # fmt: skip


def mutated(data: bytes, other: bytes, parts: Sequence[bytes], chance: Random) -> bytes:
    """`data` with a few changes; now and then its head with the tail of `other`."""
    fresh = bytearray(data)
    if other and chance.random() < 0.15:
        fresh[chance.randint(0, len(fresh)) :] = other[chance.randrange(len(other)) :]
    for _ in range(chance.choice((1, 1, 1, 2, 2, 4, 8))):
        chance.choice(_CHANGES)(fresh, chance, parts)
    return bytes(fresh[:LONGEST])
