"""Lossless coding of an image band: differences of neighbours, then Rice codes, chosen for each block of 16.

The idea is that of CCSDS 121.0-B, adaptive Rice coding, without its other options; the stream is our own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 16
SPLITS = 12  # low bits that a block may keep as they are
SPLIT_BITS = 4  # in front of each block
Values = NDArray[np.int64]
Bits = NDArray[np.uint8]


def encode(image: NDArray[np.int32]) -> bytes:
    """Rows and columns of whole numbers below 4096, both a multiple of 16 in all."""
    mapped = fold(differences(image.astype(np.int64))).reshape(-1, BLOCK)
    costs = np.stack([(mapped >> k).sum(axis=1) + BLOCK * (k + 1) for k in range(SPLITS)])
    split = costs.argmin(axis=0)
    return np.packbits(bits_of(mapped, split)).tobytes()


def decode(octets: bytes, rows: int, columns: int) -> NDArray[np.int32]:
    """What `encode` was given.  ValueError if the octets do not hold so many."""
    bits, at = np.unpackbits(np.frombuffer(octets, np.uint8)), 0
    ones = np.flatnonzero(bits)
    mapped = np.zeros((rows * columns // BLOCK, BLOCK), np.int64)
    for block in mapped:
        split = number(bits[at : at + SPLIT_BITS])
        at += SPLIT_BITS
        first = int(np.searchsorted(ones, at))
        ends = ones[first : first + BLOCK]
        if len(ends) < BLOCK or split >= SPLITS:
            raise ValueError("the stream ends too early, or is none")
        starts = np.concatenate([[at], ends[:-1] + 1])
        at = int(ends[-1]) + 1
        low = bits[at : at + BLOCK * split].reshape(BLOCK, split).astype(np.int64)
        at += BLOCK * split
        block[:] = (ends - starts << split) + low @ (1 << np.arange(split - 1, -1, -1, dtype=np.int64))
    return sums(unfold(mapped.reshape(rows, columns))).astype(np.int32)


def differences(image: Values) -> Values:
    """From the left neighbour; the first of each row from the one above."""
    left = np.diff(image, axis=1, prepend=0)
    left[1:, 0] = np.diff(image[:, 0])
    return left


def sums(left: Values) -> Values:
    image = left.copy()
    image[:, 0] = np.cumsum(image[:, 0])
    return np.cumsum(image, axis=1)


def fold(values: Values) -> Values:
    """0, -1, 1, -2, 2 as 0, 1, 2, 3, 4."""
    return np.where(values < 0, -2 * values - 1, 2 * values)


def unfold(values: Values) -> Values:
    return np.where(values & 1, -(values + 1) // 2, values // 2)


def bits_of(mapped: Values, split: NDArray[np.intp]) -> Bits:
    """For each block: its split, the high parts as zeros ended by a one, the low parts as they are."""
    high = mapped >> split[:, None]
    lengths = high.sum(axis=1) + BLOCK * (1 + split) + SPLIT_BITS
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    bits = np.zeros(int(lengths.sum()), np.uint8)
    for bit in range(SPLIT_BITS):
        bits[starts + bit] = split >> SPLIT_BITS - 1 - bit & 1
    ends = starts[:, None] + SPLIT_BITS + np.cumsum(high + 1, axis=1) - 1
    bits[ends] = 1
    behind = ends[:, -1] + 1
    for k in range(1, SPLITS):
        chosen = np.flatnonzero(split == k)
        places = behind[chosen, None] + np.arange(BLOCK)[None, :] * k
        for bit in range(k):
            bits[places + bit] = mapped[chosen] >> k - 1 - bit & 1
    return bits


def number(bits: Bits) -> int:
    value = 0
    for bit in bits:
        value = value << 1 | int(bit)
    return value
