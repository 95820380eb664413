from __future__ import annotations

import json
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire.coding import TAIL_SEQUENCE, BchMode, decode_blocks, encode_blocks

DATA = bytes.fromhex("22f600ff00421a")
BLOCK = encode_blocks(DATA)
CODE_BITS = 63  # the 64th is the filler


def with_flips(block: bytes, *bits: int) -> bytes:
    flipped = int.from_bytes(block, "big")
    for bit in bits:
        flipped ^= 1 << 63 - bit
    return flipped.to_bytes(8, "big")


def by_the_book(data: bytes) -> int:
    """The shift register of 231.0-B, figure 3-2: remainder by x^7 + x^6 + x^2 + 1, complemented, filler 0."""
    register = 0
    for bit in range(56):
        feedback = (data[bit // 8] >> 7 - bit % 8 & 1) ^ (register >> 6)
        register = (register << 1 & 0x7F) ^ (0b1000101 * feedback)
    return (register ^ 0x7F) << 1


def test_blocks_are_as_published(vectors) -> None:
    figures = json.loads((vectors / "tc" / "spacepylibrary_vectors.json").read_text())
    blocks = [bytes.fromhex(block) for block in figures["bch_63_56_blocks"]]
    assert len(blocks) == 4
    for block in blocks:
        assert encode_blocks(block[:7]) == block


@given(st.binary(max_size=80))
def test_encoded_as_the_book_draws_it_and_decoded_again(data: bytes) -> None:
    blocks = encode_blocks(data)
    filled = data + b"\x55" * (-len(data) % 7)
    for start in range(0, len(filled), 7):
        assert blocks[start // 7 * 8 :][:8] == filled[start : start + 7] + bytes(
            [by_the_book(filled[start : start + 7])]
        )
    for mode in BchMode:
        assert decode_blocks(blocks, mode) == (filled, 0, False)


@pytest.mark.parametrize("bit", range(CODE_BITS))
def test_each_single_error_is_mended_or_refused(bit: int) -> None:
    assert decode_blocks(with_flips(BLOCK, bit), BchMode.CORRECT) == (DATA, 1, False)
    assert decode_blocks(with_flips(BLOCK, bit), BchMode.DETECT) == (b"", 0, True)


@pytest.mark.parametrize("mode", BchMode)
def test_each_double_error_is_refused(mode: BchMode) -> None:
    for bits in combinations(range(CODE_BITS), 2):
        assert decode_blocks(with_flips(BLOCK, *bits), mode).refused, bits


@pytest.mark.slow
def test_each_triple_error_is_seen_when_detecting() -> None:
    triples = b"".join(with_flips(BLOCK, *bits) for bits in combinations(range(0, CODE_BITS, 2), 3))
    for start in range(0, len(triples), 8):
        assert decode_blocks(triples[start : start + 8], BchMode.DETECT).refused


@pytest.mark.parametrize("mode", BchMode)
def test_the_filler_bit_is_not_checked(mode: BchMode) -> None:
    assert decode_blocks(with_flips(BLOCK, 63), mode) == (DATA, 0, False)


@pytest.mark.parametrize("mode", BchMode)
def test_the_tail_is_refused_and_so_is_the_legacy_one(mode: BchMode) -> None:
    assert decode_blocks(TAIL_SEQUENCE, mode).refused
    assert decode_blocks(b"\x55" * 8, mode).refused


@given(st.lists(st.sampled_from([0, 1, 2]), max_size=9), st.sampled_from(BchMode))
def test_a_run_ends_before_its_first_refused_block(errors: list[int], mode: BchMode) -> None:
    data = bytes(range(7 * len(errors)))
    blocks = encode_blocks(data)
    spoilt = b"".join(
        with_flips(blocks[8 * n : 8 * n + 8], *range(n, n + count)) for n, count in enumerate(errors)
    )
    allowed = 1 if mode is BchMode.CORRECT else 0
    good = next((n for n, count in enumerate(errors) if count > allowed), len(errors))
    assert decode_blocks(spoilt, mode) == (data[: 7 * good], sum(errors[:good]), good < len(errors))
