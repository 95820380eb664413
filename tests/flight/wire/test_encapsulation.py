# mypy: disable-error-code="union-attr, attr-defined"
"""Encapsulation packets: each header there is, and any octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import (
    IDLE_PROTOCOL,
    EncapsulationHeader,
    PacketType,
    Reason,
    Rejection,
    decode_encapsulation,
    encode_encapsulation,
    encode_packet,
    packet_length,
)


@pytest.mark.parametrize(
    ("octets", "header"),
    [
        ("e0", EncapsulationHeader(IDLE_PROTOCOL, -1, 1, 1)),
        ("e90a", EncapsulationHeader(2, -1, 2, 10)),
        ("ea030102", EncapsulationHeader(2, 3, 4, 0x102)),
        ("fff5000000012345", EncapsulationHeader(7, 5, 8, 0x12345)),
    ],
)
def test_every_length_of_length(octets, header) -> None:
    assert decode_encapsulation(bytes.fromhex(octets)) == header
    assert packet_length(b"\0" + bytes.fromhex(octets), 1) == header.length


@given(
    st.integers(0, 7), st.integers(0, 15), st.sampled_from([0, 1, 2, 252, 253, 254, 300, 65531, 65532, 70000])
)
def test_what_is_encoded_is_decoded(protocol, extension, size) -> None:
    packet = encode_encapsulation(protocol, bytes(size), extension)
    header = decode_encapsulation(packet)
    assert header.protocol == protocol
    assert header.length == len(packet) == header.header_length + size
    assert max(header.extension, 0) == extension


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("", Reason.TOO_SHORT),
        ("e9", Reason.TOO_SHORT),
        ("ea0000", Reason.TOO_SHORT),
        ("00", Reason.VERSION),
        ("e901", Reason.LENGTH),
        ("ea000003", Reason.LENGTH),
        ("eb00000000000007", Reason.LENGTH),
    ],
)
def test_what_is_none_is_refused(octets, reason) -> None:
    found = decode_encapsulation(bytes.fromhex(octets))
    assert isinstance(found, Rejection)
    assert found.reason is reason
    assert packet_length(bytes.fromhex(octets), 0) == (
        0 if reason is Reason.TOO_SHORT or octets == "00" else -1
    )


def test_lengths_of_space_packets() -> None:
    packet = encode_packet(PacketType.TELEMETRY, 5, 1, bytes(40))
    assert packet_length(packet, 0) == 46
    assert packet_length(packet[:6], 0) == 46
    assert packet_length(packet[:5], 0) == 0
    assert packet_length(packet, 0, version=1) == -1
    old = bytes([packet[0] | 0x20]) + packet[1:]
    assert packet_length(old, 0) == -1
    assert packet_length(old, 0, version=1) == 46


@given(st.binary(max_size=12), st.integers(0, 12))
def test_any_octets_give_a_length_or_none(data, at) -> None:
    assert -1 <= packet_length(data, at) <= 2**32 - 1
