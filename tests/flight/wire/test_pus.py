# mypy: disable-error-code="import-untyped, union-attr"
from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacepackets.ecss.req_id import RequestId
from spacepackets.ecss.tc import PusTc
from spacepackets.ecss.tm import PusTm

from flight.wire import (
    TC_OVERHEAD,
    TM_OVERHEAD,
    TM_PREFIX_FORMAT,
    TM_PREFIX_LENGTH,
    TM_PUS_OCTET,
    UNSEGMENTED,
    Ack,
    PacketType,
    Reason,
    Rejection,
    TcPacket,
    TmPacket,
    append_crc,
    crc16,
    cuc_fields,
    decode_cuc,
    decode_tc,
    decode_tm,
    encode_cuc,
    encode_tc,
    encode_tm,
    packet_id,
    record_number,
    split_record,
)
from flight.wire.definitions import telecommand_packet, telemetry_packet

U8, U16, U64 = st.integers(0, 255), st.integers(0, 65535), st.integers(0, 2**64 - 1)
APIDS, SEQUENCES = st.integers(0, 2046), st.integers(0, 16383)
TIMES = st.binary(min_size=7, max_size=7).map(decode_cuc)
TELEMETRY = st.builds(TmPacket, APIDS, SEQUENCES, U8, U8, U16, U16, TIMES, U64, st.binary(max_size=80))
ACKS = st.integers(0, 15).map(Ack)
SAMPLE_TM = encode_tm(5, 77, 3, 25, 9, 0, 10**18, record_number(2, 1234), b"the body")
SAMPLE_TC = encode_tc(7, 78, 8, 1, b"arguments", source=3)


def telemetry_as_defined(packet: TmPacket, raw: bytes) -> bytes:
    seconds, high, low = cuc_fields(packet.time_ns)
    store, count = split_record(packet.record)
    return telemetry_packet.build(
        {
            "header": {
                "version": 0,
                "kind": 0,
                "secondary": True,
                "apid": packet.apid,
                "flags": 3,
                "sequence": packet.sequence,
                "data_length": len(raw) - 7,
            },
            "version": {"pus": 2, "time_reference": 0},
            "service": packet.service,
            "subtype": packet.subtype,
            "counter": packet.counter,
            "destination": packet.destination,
            "time": {"seconds": seconds, "fine": high << 8 | low},
            "record": {"store": store, "count": count},
            "body": packet.body,
            "error_control": crc16(raw[:-2]),
        }
    )


@given(TELEMETRY)
def test_telemetry_round_trip_definition_and_spacepackets(packet: TmPacket) -> None:
    raw = encode_tm(*packet)
    assert decode_tm(raw) == packet
    assert raw == telemetry_as_defined(packet, raw)
    peer = PusTm.unpack(raw, timestamp_len=7)
    assert bytes(peer.pack()) == raw
    assert (peer.service, peer.message_subtype, peer.apid) == (packet.service, packet.subtype, packet.apid)
    assert peer.source_data == packet.record.to_bytes(8, "big") + packet.body
    assert peer.timestamp == encode_cuc(packet.time_ns)


@given(TELEMETRY)
def test_one_struct_call_packs_prefix_and_body(packet: TmPacket) -> None:
    """What generated code does."""
    fields = struct.Struct(f"{TM_PREFIX_FORMAT}{len(packet.body)}s")
    raw = fields.pack(
        packet_id(PacketType.TELEMETRY, packet.apid),
        UNSEGMENTED | packet.sequence,
        TM_OVERHEAD + len(packet.body) - 7,
        TM_PUS_OCTET,
        packet.service,
        packet.subtype,
        packet.counter,
        packet.destination,
        *cuc_fields(packet.time_ns),
        packet.record,
        packet.body,
    )
    assert append_crc(raw) == encode_tm(*packet)


def test_prefix_length_is_that_of_its_format() -> None:
    assert struct.calcsize(TM_PREFIX_FORMAT) == TM_PREFIX_LENGTH
    assert len(encode_tm(0, 0, 0, 0, 0, 0, 0, 0, b"")) == TM_OVERHEAD
    assert len(encode_tc(0, 0, 0, 0, b"")) == TC_OVERHEAD


def test_telemetry_counters_wrap() -> None:
    def first(sequence: int, counter: int) -> tuple[int, int]:
        packet = decode_tm(encode_tm(1, sequence, 3, 25, counter, 0, 0, 0, b""))
        return packet.sequence, packet.counter

    assert first(16383, 65535) == (16383, 65535)
    assert first(16384, 65536) == (0, 0)
    assert first(16385, 65537) == (1, 1)
    assert first(5 * 16384 + 3, 5 * 65536 + 4) == (3, 4)


@given(APIDS, SEQUENCES, ACKS, U8, U8, U16, st.binary(max_size=80))
def test_telecommand_round_trip_definition_and_spacepackets(
    apid, sequence, ack, service, subtype, source, data
) -> None:
    raw = encode_tc(apid, sequence, service, subtype, data, source, ack)
    request = 0b00011 << 27 | apid << 16 | 0b11 << 14 | sequence
    assert decode_tc(raw) == TcPacket(apid, sequence, ack, service, subtype, source, data, request)
    peer = PusTc.unpack(raw)
    assert bytes(peer.pack()) == raw
    assert RequestId.from_pus_tc(peer).as_u32() == request
    assert bytes(RequestId.from_pus_tc(peer).pack()) == request.to_bytes(4, "big")
    built = telecommand_packet.build(
        {
            "header": {
                "version": 0,
                "kind": 1,
                "secondary": True,
                "apid": apid,
                "flags": 3,
                "sequence": sequence,
                "data_length": len(raw) - 7,
            },
            "version": {
                "pus": 2,
                "completion": Ack.COMPLETION in ack,
                "progress": Ack.PROGRESS in ack,
                "start": Ack.START in ack,
                "acceptance": Ack.ACCEPTANCE in ack,
            },
            "service": service,
            "subtype": subtype,
            "source": source,
            "data": data,
            "error_control": crc16(raw[:-2]),
        }
    )
    assert raw == built


def test_every_stage_is_asked_for_by_default_and_the_sequence_wraps() -> None:
    packet = decode_tc(encode_tc(1, 5 * 16384 + 5, 17, 1, b""))
    assert packet.ack == Ack.ACCEPTANCE | Ack.START | Ack.PROGRESS | Ack.COMPLETION
    assert packet.sequence == 5
    assert packet.source == 0


@pytest.mark.parametrize(("raw", "decode"), [(SAMPLE_TM, decode_tm), (SAMPLE_TC, decode_tc)])
def test_every_truncation_and_every_flipped_bit_is_rejected(raw, decode) -> None:
    assert not isinstance(decode(raw), Rejection)
    for size in range(len(raw)):
        assert isinstance(decode(raw[:size]), Rejection), size
    for bit in range(8 * len(raw)):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        assert decode(bytes(flipped)).reason in {Reason.CHECKSUM, Reason.LENGTH}, bit
    assert decode(raw + b"\0").reason is Reason.LENGTH


@given(st.binary(max_size=120), st.booleans())
def test_any_bytes_decode_or_are_rejected(data: bytes, with_crc: bool) -> None:
    """With a good checksum they reach the checks behind it."""
    data = append_crc(data) if with_crc else data
    assert isinstance(decode_tm(data), TmPacket | Rejection)
    assert isinstance(decode_tc(data), TcPacket | Rejection)


def forged(raw: bytes, **octets: int) -> bytes:
    body = bytearray(raw[:-2])
    for place, value in octets.items():
        body[int(place[1:])] = value
    return append_crc(bytes(body))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (forged(SAMPLE_TM, _0=0x28), Reason.VERSION),
        (forged(SAMPLE_TM, _0=0x18), Reason.PACKET_TYPE),
        (forged(SAMPLE_TM, _0=0x00), Reason.SECONDARY_HEADER),
        (forged(SAMPLE_TM, _6=0x10), Reason.PUS_VERSION),
        (forged(SAMPLE_TM, _5=SAMPLE_TM[5] + 1), Reason.LENGTH),
        (SAMPLE_TC, Reason.TOO_SHORT),
        (encode_tc(1, 0, 8, 1, bytes(40)), Reason.PACKET_TYPE),
    ],
)
def test_what_is_no_telemetry(raw: bytes, reason: Reason) -> None:
    assert decode_tm(raw).reason is reason


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (forged(SAMPLE_TC, _0=0x38), Reason.VERSION),
        (forged(SAMPLE_TC, _0=0x10), Reason.SECONDARY_HEADER),
        (forged(SAMPLE_TC, _6=0x1F), Reason.PUS_VERSION),
        (forged(SAMPLE_TC, _2=0x40), Reason.FIELD),
        (SAMPLE_TM, Reason.PACKET_TYPE),
    ],
)
def test_what_is_no_telecommand(raw: bytes, reason: Reason) -> None:
    assert decode_tc(raw).reason is reason


def test_time_reference_status_is_not_a_reason_to_refuse() -> None:
    assert decode_tm(forged(SAMPLE_TM, _6=0x2F)) == decode_tm(SAMPLE_TM)


@given(st.integers(0, 255), st.integers(0, 2**56 - 1))
def test_record_number(store: int, count: int) -> None:
    assert split_record(record_number(store, count)) == (store, count)
    assert record_number(store, count) < 2**64


def test_a_count_too_great_would_change_the_store() -> None:
    with pytest.raises(AssertionError):
        record_number(1, 2**56)
    with pytest.raises(AssertionError):
        record_number(256, 0)


def test_peer_builds_the_same_telecommand_from_scratch() -> None:
    """Not by unpacking ours: spacepackets' own encoder."""
    peer = PusTc(
        service=8, message_subtype=1, apid=7, seq_count=78, app_data=b"arguments", source_id=3, ack_flags=15
    )
    assert bytes(peer.pack()) == SAMPLE_TC
