"""The gap store and the checksums that run in pieces, against plain models."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire.cfdp import ChecksumType
from flight.wire.cfdp.checksums import CHECKSUMS, checksum
from flight.wire.cfdp.ranges import RANGES_LIMIT, Ranges
from flight.wire.cfdp.received import ReceivedOctets

SIZE = 300
cuts = st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, 90)), max_size=40)
KINDS = list(ChecksumType)


def modular(data: bytes) -> int:
    padded = data + bytes(-len(data) % 4)
    return sum(int.from_bytes(padded[at : at + 4], "big") for at in range(0, len(padded), 4)) % (1 << 32)


def crc_32c(data: bytes) -> int:
    """Bit by bit, most significant first, as the polynomial is printed: 1EDC6F41."""
    remainder = 0xFFFFFFFF
    for octet in data:
        remainder ^= int(f"{octet:08b}"[::-1], 2) << 24
        for _ in range(8):
            remainder = (remainder << 1 ^ (0x1EDC6F41 if remainder >> 31 else 0)) & 0xFFFFFFFF
    return int(f"{remainder:032b}"[::-1], 2) ^ 0xFFFFFFFF


TRUTH: dict[ChecksumType, Callable[[bytes], int]] = {
    ChecksumType.MODULAR: modular,
    ChecksumType.CRC_32: crc32,
    ChecksumType.CRC_32C: crc_32c,
    ChecksumType.NULL: lambda data: 0,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 1000])
def test_a_checksum_is_the_known_one(kind, count):
    data = random.Random(count).randbytes(count)
    assert checksum(kind, data) == TRUTH[kind](data)


def test_the_check_values_of_the_catalogue():
    assert checksum(ChecksumType.CRC_32, b"123456789") == 0xCBF43926
    assert checksum(ChecksumType.CRC_32C, b"123456789") == 0xE3069283
    assert checksum(ChecksumType.MODULAR, b"\x01\x02\x03\x04\xff\xff\xff\xff") == 0x01020303


@pytest.mark.parametrize("kind", KINDS)
@given(
    data=st.binary(min_size=1, max_size=200),
    order=st.randoms(use_true_random=False),
    length=st.integers(1, 40),
)
def test_a_checksum_in_any_order_of_pieces(kind, data, order, length):
    there = ReceivedOctets(kind)
    starts = list(range(0, len(data), length))
    order.shuffle(starts)
    for start in starts:
        for offset, piece in there.fresh(start, data[start : start + length]):
            there.insert(offset, piece)
    assert there.whole(len(data))
    assert there.checksum() == TRUTH[kind](data)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("second", [1, 255, 256, 65_537])
def test_two_stretches_are_joined(kind, second):
    first = b"the first stretch, of 28 oct"
    data = random.Random(second).randbytes(second)
    extend, join = CHECKSUMS[kind]
    offset = len(first)
    assert join(extend(0, 0, first), extend(0, offset, data), second) == TRUTH[kind](first + data)


@given(cuts)
def test_the_store_against_a_set_of_octets(cuts):
    there = ReceivedOctets()
    model: set[int] = set()
    for start, length in cuts:
        new = set(range(start, start + length)) - model
        pieces = there.fresh(start, bytes(length))
        for offset, piece in pieces:
            there.insert(offset, piece)
        assert {o for offset, piece in pieces for o in range(offset, offset + len(piece))} == new
        assert sum(len(piece) for _, piece in pieces) == len(new)
        model |= new
        assert there.octets == len(model)
        assert there.end == max(model, default=-1) + 1
    stretches = there.stretches()
    assert {o for start, end in stretches for o in range(start, end)} == model
    assert all(one[1] < other[0] for one, other in pairwise(stretches)), "apart, in order"
    assert there.contiguous == next(o for o in range(SIZE + 100) if o not in model)


@given(cuts, st.integers(0, SIZE), st.integers(0, SIZE))
def test_the_gaps_against_a_set_of_octets(cuts, start, end):
    there = ReceivedOctets()
    model: set[int] = set()
    for at, length in cuts:
        for offset, piece in there.fresh(at, bytes(length)):
            there.insert(offset, piece)
        model |= set(range(at, at + length))
    gaps = list(there.gaps(start, end))
    assert {o for first, last in gaps for o in range(first, last)} == set(range(start, end)) - model
    assert all(one[1] < other[0] for one, other in pairwise(gaps))


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_the_store_is_bounded_and_comes_out_right_all_the_same(seed):
    """Beyond the limit only what makes no further stretch is taken; the rest is asked for again."""
    there = ReceivedOctets(ChecksumType.CRC_32, limit=8)
    data = random.Random(1).randbytes(400)
    rounds = 0
    while not there.whole(400):
        rounds += 1
        before = there.octets
        starts = [*range(0, 400, 20), *range(10, 400, 20)]
        if seed is not None:
            random.Random(seed).shuffle(starts)
        for start in starts:
            for offset, piece in there.fresh(start, data[start : start + 10]):
                there.insert(offset, piece)
            assert there.count <= 8
        assert there.octets > before
    assert there.refused > 0
    assert rounds > 1
    assert there.checksum() == crc32(data)


@given(cuts)
def test_ranges_merge_and_are_taken_from_the_front(cuts):
    ranges = Ranges()
    model: set[int] = set()
    for start, length in cuts:
        ranges.add(start, start + length)
        model |= set(range(start, start + length))
    taken = []
    while len(ranges):
        taken.append(ranges.take(7))
    assert [o for start, end in taken for o in range(start, end)] == sorted(model)
    assert all(0 < end - start <= 7 for start, end in taken)


def test_ranges_are_bounded():
    ranges = Ranges()
    for start in range(0, 4 * RANGES_LIMIT, 2):
        ranges.add(start, start + 1)
    assert len(ranges) == RANGES_LIMIT
    ranges.add(0, 4 * RANGES_LIMIT)
    assert len(ranges) == 1
