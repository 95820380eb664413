"""A receipt says what the board signed, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.jobs import Ended, Receipt, Run, decode_receipt, encode_receipt, public_of
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


def test_every_field_that_is_tampered_with_is_noticed() -> None:
    other = Run(1, 2, 3, Ended.DONE, 0, 1, 0)
    changed = [
        replace(RECEIPT, **change)
        for change in (
            {"spacecraft_id": 67},
            {"board": "rack-2"},
            {"owner": "umbrella"},
            {"name": "other"},
            {"serial": 8},
            {"package_sha256": bytes(32)},
            {"program": RECEIPT.inputs[0]},
            {"inputs": ()},
            {"installed": RECEIPT.installed[:1]},
            {"outputs": ()},
            {"runs": (other,)},
            {"checks": ()},
        )
    ]
    assert len(changed) == len(RECEIPT.__slots__)
    for receipt in changed:
        forged = GOOD[:72] + encode_receipt(receipt, OTHER_PRIVATE)[72:]
        assert forged != GOOD
        assert not isinstance(decode_receipt(forged, PUBLIC), Receipt)


def test_another_board_another_thing() -> None:
    assert not isinstance(decode_receipt(GOOD, public_of(OTHER_PRIVATE)), Receipt)
    assert not isinstance(decode_receipt(signed(BODY, PACKAGE_DOMAIN), PUBLIC), Receipt)
    assert not isinstance(decode_receipt(GOOD, bytes(32)), Receipt)
    assert not isinstance(decode_receipt(GOOD, b""), Receipt)


def test_what_a_board_would_not_say() -> None:
    backwards = replace(RECEIPT.runs[0], end_ns=0)
    for receipt in (
        replace(RECEIPT, runs=()),
        replace(RECEIPT, runs=(backwards,)),
        replace(RECEIPT, installed=()),
        replace(RECEIPT, outputs=(replace(RECEIPT.outputs[0], path="../../etc/passwd"),)),
    ):
        assert not isinstance(decode_receipt(encode_receipt(receipt, PRIVATE), PUBLIC), Receipt)
    assert not isinstance(decode_receipt(signed(b"\x80"), PUBLIC), Receipt)
    assert not isinstance(decode_receipt(signed(b""), PUBLIC), Receipt)


@given(st.binary(max_size=200))
def test_any_octets(octets: bytes) -> None:
    for data in (octets, GOOD[:8] + octets, signed(octets)):
        assert not isinstance(decode_receipt(data, None), Receipt)
