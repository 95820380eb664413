"""A receipt says what the board signed, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.jobs import Receipt, decode_receipt, encode_receipt, is_unsigned, public_of
from flight.jobs.plain_cbor import read_plain, write_plain
from flight.jobs.signing import PACKAGE_DOMAIN, RECEIPT_DOMAIN, sign
from tests.flight.jobs.made import OTHER_PRIVATE, PRIVATE, PUBLIC, RECEIPT

GOOD = encode_receipt(RECEIPT, PRIVATE)
BODY = GOOD[8 + 64 :]


def signed(body: bytes, domain: bytes = RECEIPT_DOMAIN) -> bytes:
    return GOOD[:8] + sign(PRIVATE, domain, GOOD[:8] + body) + body


def test_there_and_back() -> None:
    assert decode_receipt(GOOD, PUBLIC) == RECEIPT
    assert decode_receipt(GOOD, None) == RECEIPT
    assert signed(BODY) == GOOD


def test_it_is_small() -> None:
    """payload.md 7, 9: below 1 kB for a job of a program, an input and an output."""
    small = replace(RECEIPT, runs=RECEIPT.runs[:1], installed=RECEIPT.installed[:1])
    assert len(encode_receipt(small, PRIVATE)) < 1000


@pytest.mark.parametrize("bit", range(8))
def test_every_flip_is_noticed(bit: int) -> None:
    for at in range(0, len(GOOD), 7):
        flipped = GOOD[:at] + bytes([GOOD[at] ^ 1 << bit]) + GOOD[at + 1 :]
        assert not isinstance(decode_receipt(flipped, PUBLIC), Receipt), at


def leaves(value: object) -> list[tuple[object, ...]]:
    """The way to each value that is no container."""
    ways: list[tuple[object, ...]] = []
    waiting: list[tuple[tuple[object, ...], object]] = [((), value)]
    while waiting:
        way, at = waiting.pop()
        if isinstance(at, dict):
            waiting += [((*way, key), below) for key, below in at.items()]
        elif isinstance(at, list):
            waiting += [((*way, index), below) for index, below in enumerate(at)]
        else:
            ways.append(way)
    return ways


def other_than(value: object) -> object:
    """Another of its type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return {"done": "failed", "stopped": "done", "python": "wasm"}.get(value, "other")
    assert isinstance(value, bytes)
    return bytes([value[0] ^ 1, *value[1:]])


def test_every_field_that_is_tampered_with_is_noticed() -> None:
    """Also one that a board could have signed: what is wrong is the signature alone."""
    ways = leaves(read_plain(BODY))
    assert len(ways) == 52
    sound = 0
    for way in ways:
        value = read_plain(BODY)
        at: object = value
        for key in way[:-1]:
            at = at[key]  # type: ignore[index]
        at[way[-1]] = other_than(at[way[-1]])  # type: ignore[index]
        body = write_plain(value)
        sound += isinstance(decode_receipt(signed(body), PUBLIC), Receipt)
        (fault,) = decode_receipt(GOOD[:72] + body, PUBLIC)  # type: ignore[misc]
        assert fault.where == "the signature", way
    assert sound >= len(ways) - 5


def test_a_board_without_a_key_says_so() -> None:
    unsigned = encode_receipt(RECEIPT, None)
    assert is_unsigned(unsigned)
    assert not is_unsigned(GOOD)
    assert decode_receipt(unsigned, None) == RECEIPT
    (fault,) = decode_receipt(unsigned, PUBLIC)  # type: ignore[misc]
    assert str(fault).startswith("the signature: there is none: the board had no key; expected ")


def test_another_board_another_thing() -> None:
    assert not isinstance(decode_receipt(GOOD, public_of(OTHER_PRIVATE)), Receipt)
    assert not isinstance(decode_receipt(signed(BODY, PACKAGE_DOMAIN), PUBLIC), Receipt)
    assert not isinstance(decode_receipt(GOOD, bytes(32)), Receipt)
    assert not isinstance(decode_receipt(GOOD, b""), Receipt)


def test_what_a_board_would_not_say() -> None:
    backwards = replace(RECEIPT.runs[0], end_ns=0)
    for receipt in (
        replace(RECEIPT, runs=(backwards,)),
        replace(RECEIPT, reason="a\nb"),
        replace(RECEIPT, reason="a" * 201),
        replace(RECEIPT, printed=(replace(RECEIPT.printed[0], path="anything"),)),
        replace(RECEIPT, printed=(replace(RECEIPT.printed[0], size=65_537),)),
        replace(RECEIPT, printed=RECEIPT.printed * 3),
        replace(RECEIPT, outputs=(replace(RECEIPT.outputs[0], path="../../etc/passwd"),)),
    ):
        assert not isinstance(decode_receipt(encode_receipt(receipt, PRIVATE), PUBLIC), Receipt)
    assert not isinstance(decode_receipt(signed(b"\x80"), PUBLIC), Receipt)
    assert not isinstance(decode_receipt(signed(b""), PUBLIC), Receipt)


@given(st.binary(max_size=200))
def test_any_octets(octets: bytes) -> None:
    for data in (octets, GOOD[:8] + octets, signed(octets)):
        assert not isinstance(decode_receipt(data, None), Receipt)
