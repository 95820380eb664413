# mypy: disable-error-code="import-untyped, union-attr"
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacepackets.ccsds.spacepacket import PacketType as PeerType
from spacepackets.ccsds.spacepacket import SequenceFlags as PeerFlags
from spacepackets.ccsds.spacepacket import SpacePacketHeader as PeerHeader

from flight.wire import (
    LONGEST_PACKET,
    PacketType,
    Reason,
    Rejection,
    SequenceFlags,
    SpacePacketHeader,
    decode_header,
    encode_packet,
    idle_packet,
    split_packets,
)
from flight.wire.definitions import space_packet

PACKETS = st.builds(
    encode_packet,
    st.sampled_from(PacketType),
    st.integers(0, 2047),
    st.integers(0, 100_000),
    st.binary(min_size=1, max_size=40),
    st.booleans(),
    st.sampled_from(SequenceFlags),
)


@given(
    st.sampled_from(PacketType),
    st.integers(0, 2047),
    st.integers(0, 16383),
    st.binary(min_size=1, max_size=80),
    st.booleans(),
    st.sampled_from(SequenceFlags),
)
def test_same_as_definition_and_as_spacepackets(kind, apid, sequence, data, secondary, flags) -> None:
    packet = encode_packet(kind, apid, sequence, data, secondary, flags)
    header = decode_header(packet)
    assert header == SpacePacketHeader(kind, secondary, apid, flags, sequence, len(packet))
    assert isinstance(header.kind, PacketType)
    assert isinstance(header.flags, SequenceFlags)
    built = space_packet.build(
        {
            "header": {
                "version": 0,
                "kind": kind,
                "secondary": secondary,
                "apid": apid,
                "flags": flags,
                "sequence": sequence,
                "data_length": len(data) - 1,
            },
            "data": data,
        }
    )
    assert packet == built
    peer = PeerHeader(
        PeerType(kind), apid, sequence, len(data) - 1, sec_header_flag=secondary, seq_flags=PeerFlags(flags)
    )
    assert packet == bytes(peer.pack()) + data


def test_sequence_count_wraps_at_14_bits() -> None:
    one, other = (encode_packet(PacketType.TELEMETRY, 1, count, b"x") for count in (16383, 16384))
    assert one[2:4] == b"\xff\xff"
    assert other[2:4] == b"\xc0\x00"


def test_longest_and_shortest() -> None:
    longest = encode_packet(PacketType.TELEMETRY, 1, 0, bytes(65536))
    assert len(longest) == LONGEST_PACKET
    assert decode_header(longest).length == LONGEST_PACKET
    for size in (0, 65537):
        with pytest.raises(AssertionError):
            encode_packet(PacketType.TELEMETRY, 1, 0, bytes(size))
    with pytest.raises(AssertionError):
        encode_packet(PacketType.TELEMETRY, 2048, 0, b"x")


@pytest.mark.parametrize("length", [7, 8, 211, LONGEST_PACKET])
def test_idle_packets_have_exactly_the_length_asked_for(length: int) -> None:
    packet = idle_packet(length)
    header = decode_header(packet)
    assert len(packet) == header.length == length
    assert header.apid == 0x7FF
    assert not header.secondary
    assert header.flags is SequenceFlags.UNSEGMENTED


def test_there_is_no_idle_packet_below_seven_octets() -> None:
    with pytest.raises(AssertionError):
        idle_packet(6)


@given(st.binary(max_size=5))
def test_header_cut_short(data: bytes) -> None:
    assert decode_header(data).reason is Reason.TOO_SHORT


@pytest.mark.parametrize("version", range(1, 8))
def test_other_versions_are_refused(version: int) -> None:
    packet = bytes([version << 5 | 8]) + encode_packet(PacketType.TELEMETRY, 1, 0, b"x")[1:]
    assert decode_header(packet).reason is Reason.VERSION
    assert [rejection.reason for rejection in split_packets(packet)] == [Reason.VERSION]


@given(st.lists(PACKETS, max_size=12))
def test_split_gives_back_what_was_joined(packets: list[bytes]) -> None:
    assert list(split_packets(b"".join(packets))) == packets


@given(st.lists(PACKETS, min_size=1, max_size=5), st.data())
def test_a_cut_last_packet_is_one_rejection(packets: list[bytes], draw) -> None:
    joined = b"".join(packets)
    cut = draw.draw(st.integers(1, len(packets[-1]) - 1))
    *whole, rejection = split_packets(joined[:-cut])
    assert whole == packets[:-1]
    assert rejection.reason is (Reason.TOO_SHORT if len(packets[-1]) - cut < 6 else Reason.LENGTH)


@given(st.binary(max_size=400))
def test_any_bytes_give_packets_and_at_most_one_rejection_at_the_end(data: bytes) -> None:
    parts = list(split_packets(data))
    assert not any(isinstance(part, Rejection) for part in parts[:-1])
    whole = b"".join(part for part in parts if isinstance(part, bytes))
    assert data.startswith(whole)
    assert (whole == data) == (not parts or isinstance(parts[-1], bytes))
