"""Against others' truth: NIST's GCM vectors, CryptoLib's figures, yamcs's masks, construct, `cryptography` itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from construct import Bytes, GreedyBytes, Int16ub, Struct, this
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from flight.wire import TcFrameType, crc_ok
from flight.wire.definitions import tc_frame_header, tm_frame_header
from flight.wire.sdls import (
    Association,
    Counter,
    KeyState,
    Sender,
    Use,
    Vault,
    secure_tc_frame,
    strict_mask,
    tc_mask,
    telecommand_rule,
    telemetry_rule,
    tm_mask,
)
from tests.flight.wire.sdls.ends import SPACECRAFT, End, key

NIST = json.loads((Path(__file__).parent / "nist_gcm_256.json").read_text())["vectors"]

# The layout as data, the oracle of the hand-written codec (355.0-B-2, 3.2).
secured_tc = Struct(
    "header" / tc_frame_header,
    "spi" / Int16ub,
    "iv" / Bytes(12),
    "data" / Bytes(this.header.frame_length + 1 - 5 - 14 - 16 - 2),
    "mac" / Bytes(16),
    "error_control" / Int16ub,
)
secured_tm_field = Struct("header" / tm_frame_header, "spi" / Int16ub, "iv" / Bytes(12), "rest" / GreedyBytes)


def association(key_octets: bytes, spi: int = 1, number: int = 0) -> Association:
    counter = Counter(number, 1 << 20)
    counter.used = True
    counter.ask()
    counter.granted()
    return Association(spi, Use.TELECOMMAND, key_octets, KeyState.ACTIVE, counter, tried=True)


@pytest.mark.parametrize("number", range(len(NIST)))
def test_the_cipher_of_an_association_is_the_gcm_of_nist(number):
    row = {name: bytes.fromhex(value) if name != "good" else value for name, value in NIST[number].items()}
    cipher = association(row["key"]).cipher
    secret = row["secret"] + row["mac"]
    if row["good"]:
        assert cipher.encrypt(row["iv"], row["data"], row["aad"]) == secret
        assert cipher.decrypt(row["iv"], secret, row["aad"]) == row["data"]
    else:
        with pytest.raises(InvalidTag):
            cipher.decrypt(row["iv"], secret, row["aad"])


def test_nist_has_good_and_bad_ones():
    assert sum(row["good"] for row in NIST) == 50
    assert sum(not row["good"] for row in NIST) == 25


def test_figures_of_cryptolib_are_reproduced():
    """Their association encrypts without a MAC, so ours is 16 octets longer; header, IV and ciphertext are the same."""
    theirs = bytes.fromhex("2003002500FF0009B6AC8E4963F49207FFD6374C1224DFEFB72A20D49E09256908874979AD6F")
    secret = bytes.fromhex("ef9f9284cf599eac3b119905a7d18851e7e374cf63aea04358586b0f757670f8")
    vault = Vault()
    number = int.from_bytes(theirs[8:20], "big")
    vault.open([association(secret, 9, number)], stale=False)
    sender = Sender(telecommand_rule(frozenset({0}), segment_header=True), vault)
    data = bytes.fromhex("722ee47da4b77424733546c2d400c4e5")
    ours = secure_tc_frame(sender, 3, 0, data, TcFrameType.BD, segment_header=0xFF)
    assert ours is not None
    assert ours[:2] == theirs[:2]  # the length differs by the MAC
    assert ours[4:36] == theirs[4:36]
    assert len(ours) == len(theirs) + 16
    assert crc_ok(ours)


def test_masks_are_those_of_yamcs():
    assert tc_mask().hex() == "0000fc0000" + "ffff" + "00" * 12
    assert tc_mask(segment_header=True).hex() == "0000fc0000" + "ff" + "ffff" + "00" * 12
    assert tm_mask().hex() == "000e00000000" + "ffff" + "00" * 12
    assert tm_mask(4).hex() == "000e00000000" + "00000000" + "ffff" + "00" * 12
    assert strict_mask(5) == b"\xff" * 19


@pytest.mark.parametrize("strict", [False, True])
def test_a_frame_is_what_the_library_alone_makes_of_it(strict):
    mask = strict_mask(5) if strict else tc_mask()
    rules = (telecommand_rule(frozenset({1}), mask=mask), telemetry_rule(frozenset()))
    ground = End(Use.TELECOMMAND, rules)
    frame = ground.telecommand(b"one command", vc=1, kind=TcFrameType.AD, sequence=200)
    parts = secured_tc.parse(frame)
    assert (parts.header.spacecraft_id, parts.header.virtual_channel) == (SPACECRAFT, 1)
    assert (parts.header.bypass, parts.header.sequence) == (False, 200)
    assert (parts.spi, int.from_bytes(parts.iv, "big")) == (1, 0)
    additional = bytes(octet & bit for octet, bit in zip(frame[:19], mask, strict=True))
    assert AESGCM(key(1)).decrypt(parts.iv, parts.data + parts.mac, additional) == b"one command"


def test_a_telemetry_field_is_what_the_library_alone_makes_of_it(board):
    prefix = tm_frame_header.build(
        {
            "version": 0,
            "spacecraft_id": SPACECRAFT,
            "virtual_channel": 2,
            "operational_control": True,
            "master_count": 3,
            "virtual_count": 4,
            "secondary_header": False,
            "synchronised": False,
            "packet_order": False,
            "segment_length": 3,
            "first_header": 0,
        }
    )
    assert board.sender.apply(prefix, b"zone") is None
    board.settle()
    field = board.sender.apply(prefix, b"zone")
    parts = secured_tm_field.parse(prefix + field)
    assert (parts.spi, parts.iv) == (257, bytes(12))
    additional = bytes([0, 2 << 1, 0, 0, 0, 0, 1, 1]) + bytes(12)
    assert AESGCM(key(257)).decrypt(parts.iv, parts.rest, additional) == b"zone"
