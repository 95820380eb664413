"""One PDU, one packet, on an APID of its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flight.wire import PacketType, encode_packet, encode_tc
from flight.wire.file_packets import (
    FILE_APID,
    FileSettings,
    encode_file_packet,
    is_file_packet,
    listing_of,
    longest_pdu,
    pdu_of,
)

UP, DOWN = PacketType.TELECOMMAND, PacketType.TELEMETRY


@given(st.binary(min_size=1, max_size=300), st.integers(0, 16383), st.sampled_from(PacketType))
def test_what_goes_in_comes_out(pdu: bytes, sequence: int, kind: PacketType) -> None:
    packet = encode_file_packet(kind, sequence, pdu)
    assert is_file_packet(packet)
    assert pdu_of(packet, kind) == pdu
    assert pdu_of(packet, UP if kind is DOWN else DOWN) is None


@given(st.binary(max_size=40))
def test_any_octets_give_a_pdu_or_nothing(data: bytes) -> None:
    found = pdu_of(data, UP)
    assert found is None or data.endswith(found)
    assert is_file_packet(data) in (True, False)


def test_other_packets_are_none_of_ours() -> None:
    assert not is_file_packet(encode_tc(5, 0, 17, 1, b""))
    assert pdu_of(encode_packet(UP, FILE_APID, 0, b"x", secondary=True), UP) is None
    assert pdu_of(encode_packet(UP, FILE_APID - 1, 0, b"x", secondary=False), UP) is None
    assert pdu_of(encode_file_packet(UP, 0, b"xyz")[:-1], UP) is None


def test_sizes_and_numbers() -> None:
    assert (longest_pdu(223), longest_pdu(1115), longest_pdu(70)) == (175, 1067, 64)
    assert (FileSettings(0x2A, 223).entity, FileSettings(0x3FF, 223).entity) == (44, 9)
    assert FILE_APID == 2045
    assert (listing_of(""), listing_of("a/b")) == ("listings/all.txt", "listings/a_b.txt")
