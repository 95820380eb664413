"""BCH (63,56) codeblocks of telecommand: 7 octets of data, 7 parity bits complemented, a filler bit 0 (231.0-B, 3).

Generator x^7 + x^6 + x^2 + 1.  Any three wrong bits of a block are seen (DETECT), or one is mended and two are
seen (CORRECT).  With random octets a block passes once in 128 when detecting, and once in 2 when correcting: what
is behind it must have a checksum of its own.  The filler bit carries nothing and is not checked.

Both directions work on whole runs of blocks: each column of octets is translated at once.
"""

from __future__ import annotations

from enum import Enum
from functools import reduce
from operator import xor
from typing import NamedTuple

BLOCK_LENGTH = 8
BLOCK_DATA_LENGTH = 7
FILL = b"\x55"  # behind the last frame, up to a whole block

_GENERATOR = 0b1100_0101
_CLEAN, _REFUSED = 0x80, 0x81  # not bit numbers


class BchMode(Enum):
    DETECT = "triple error detection"
    CORRECT = "single error correction"


class DecodedBlocks(NamedTuple):
    """`data` of the blocks before the first refused one; `refused` when there is one."""

    data: bytes
    corrected_bits: int
    refused: bool


def _remainder(bit: int) -> int:
    """x^(7 + bit) modulo the generator."""
    value = 1
    for _ in range(7 + bit):
        value <<= 1
        if value & 0x80:
            value ^= _GENERATOR
    return value


def _column(place: int) -> bytes:
    """Parity (7 bits) that each octet contributes when it is data octet `place` of its block."""
    bits = [_remainder(8 * (BLOCK_DATA_LENGTH - 1 - place) + bit) for bit in range(8)]
    return bytes(reduce(xor, (bits[n] for n in range(8) if value >> n & 1), 0) for value in range(256))


_COLUMNS = tuple(_column(place) for place in range(BLOCK_DATA_LENGTH))
_TO_OCTET = bytes((value ^ 0x7F) << 1 & 0xFF for value in range(256))
_FROM_OCTET = bytes(value >> 1 ^ 0x7F for value in range(256))


def _actions() -> bytes:
    """By syndrome: clean, refused, or the number of the wrong bit, 0 to 55 in data, 56 to 62 in parity."""
    actions = bytearray([_REFUSED]) * 256
    actions[0] = _CLEAN
    for bit in range(56):
        actions[_remainder(55 - bit)] = bit
    for bit in range(7):
        actions[0x40 >> bit] = 56 + bit
    return bytes(actions)


_ACTIONS = {
    BchMode.CORRECT: _actions(),
    BchMode.DETECT: bytes([_CLEAN] + [_REFUSED] * 255),
}


def _parity(data: bytes, stride: int) -> int:
    """One octet for each block, as one number; `data` holds whole blocks of `stride` octets."""
    total = 0
    for place, column in enumerate(_COLUMNS):
        total ^= int.from_bytes(data[place::stride].translate(column), "big")
    return total


def encode_blocks(data: bytes) -> bytes:
    """Codeblocks of `data`, filled up to whole blocks."""
    data += FILL * (-len(data) % BLOCK_DATA_LENGTH)
    count = len(data) // BLOCK_DATA_LENGTH
    blocks = bytearray(count * BLOCK_LENGTH)
    for place in range(BLOCK_DATA_LENGTH):
        blocks[place::BLOCK_LENGTH] = data[place::BLOCK_DATA_LENGTH]
    parity = _parity(data, BLOCK_DATA_LENGTH).to_bytes(count, "big")
    blocks[BLOCK_DATA_LENGTH::BLOCK_LENGTH] = parity.translate(_TO_OCTET)
    return bytes(blocks)


def decode_blocks(blocks: bytes, mode: BchMode) -> DecodedBlocks:
    """`blocks` holds whole codeblocks of 8 octets; those behind the first refused one are not looked at."""
    assert len(blocks) % BLOCK_LENGTH == 0
    count = len(blocks) // BLOCK_LENGTH
    sent = int.from_bytes(blocks[BLOCK_DATA_LENGTH::BLOCK_LENGTH].translate(_FROM_OCTET), "big")
    syndromes = _parity(blocks, BLOCK_LENGTH) ^ sent
    corrected, wrong = 0, {}
    if syndromes:
        actions = syndromes.to_bytes(count, "big").translate(_ACTIONS[mode])
        refused = actions.find(_REFUSED)
        count = refused if refused >= 0 else count
        wrong = {block: bit for block, bit in enumerate(actions[:count]) if bit != _CLEAN}
        corrected = len(wrong)
    data = bytearray(count * BLOCK_DATA_LENGTH)
    end = count * BLOCK_LENGTH
    for place in range(BLOCK_DATA_LENGTH):
        data[place::BLOCK_DATA_LENGTH] = blocks[place:end:BLOCK_LENGTH]
    for block, bit in wrong.items():
        if bit < 8 * BLOCK_DATA_LENGTH:
            data[block * BLOCK_DATA_LENGTH + bit // 8] ^= 0x80 >> bit % 8
    return DecodedBlocks(bytes(data), corrected, end < len(blocks))
