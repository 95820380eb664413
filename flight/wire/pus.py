"""PUS-C telemetry and telecommand packets (ECSS-E-ST-70-41C, 7.4).

Telemetry: primary header, version and time reference u8, service u8, subtype u8, message type counter u16,
destination u16, time CUC 4+3; then, our convention for the source data of every telemetry packet, a record
number u64 (store in the upper 8 bits, count within it in the lower 56) and the body; then the checksum.
Telecommand: primary header, version and acknowledgement flags u8, service u8, subtype u8, source u16, data;
then the checksum.
"""

from __future__ import annotations

from binascii import crc_hqx
from enum import IntFlag
from struct import Struct
from typing import NamedTuple

from flight.wire.crc import CRC_LENGTH, CRC_START, append_crc
from flight.wire.cuc import cuc_fields, nanoseconds
from flight.wire.packet import (
    LONGEST_PACKET,
    SEQUENCE_MODULO,
    SHORTEST_PACKET,
    UNSEGMENTED,
    PacketType,
    packet_id,
)
from flight.wire.rejection import Reason, Rejection

PUS_VERSION = 2
TM_PUS_OCTET = PUS_VERSION << 4  # time reference status 0: the time is the mission clock's

# Everything before the body, so that generated code packs header and body in one call: packet id,
# UNSEGMENTED | sequence, length of the whole packet - 7, TM_PUS_OCTET, service, subtype, counter,
# destination, the three of `cuc_fields`, record.
TM_PREFIX_FORMAT = ">HHHBBBHHIHBQ"
TM_PREFIX_LENGTH = 28
TM_OVERHEAD = TM_PREFIX_LENGTH + CRC_LENGTH

TC_PREFIX_LENGTH = 11
TC_OVERHEAD = TC_PREFIX_LENGTH + CRC_LENGTH

RECORD_COUNT_BITS = 56
# Counts from here on name packets that are never stored: of a spacecraft that cannot open its storage, and so does not
# know which numbers are in use.  A thousand packets a second would take half a million years to come here.
UNSTORED_COUNT = 1 << 54

_tm_prefix = Struct(TM_PREFIX_FORMAT)
_tc_prefix = Struct(">HHHBBBH")


class Ack(IntFlag):
    """Which stages of a command are to be reported (7.4.4.1)."""

    NONE = 0
    ACCEPTANCE = 1
    START = 2
    PROGRESS = 4
    COMPLETION = 8
    ALL = 15


class TmPacket(NamedTuple):
    """`time_ns` since the agency epoch; `body` without the record number."""

    apid: int
    sequence: int
    service: int
    subtype: int
    counter: int
    destination: int
    time_ns: int
    record: int
    body: bytes


class TcPacket(NamedTuple):
    """`request_id`: packet id and sequence control as one u32; verification reports name a command by it."""

    apid: int
    sequence: int
    ack: Ack
    service: int
    subtype: int
    source: int
    data: bytes
    request_id: int


def record_number(store: int, count: int) -> int:
    assert 0 <= store < 256
    assert 0 <= count < 1 << RECORD_COUNT_BITS
    return store << RECORD_COUNT_BITS | count


def split_record(record: int) -> tuple[int, int]:
    """Store number, count within the store."""
    return record >> RECORD_COUNT_BITS, record & ((1 << RECORD_COUNT_BITS) - 1)


def encode_tm(
    apid: int,
    sequence: int,
    service: int,
    subtype: int,
    counter: int,
    destination: int,
    time_ns: int,
    record: int,
    body: bytes,
) -> bytes:
    """The fields in the order of `TmPacket`.  `sequence` and `counter` wrap; the time saturates."""
    assert TM_OVERHEAD + len(body) <= LONGEST_PACKET
    prefix = _tm_prefix.pack(
        packet_id(PacketType.TELEMETRY, apid),
        UNSEGMENTED | sequence & (SEQUENCE_MODULO - 1),
        TM_OVERHEAD + len(body) - SHORTEST_PACKET,
        TM_PUS_OCTET,
        service,
        subtype,
        counter & 0xFFFF,
        destination,
        *cuc_fields(time_ns),
        record,
    )
    return append_crc(prefix + body)


def decode_tm(packet: bytes) -> TmPacket | Rejection:
    """One whole telemetry packet.  Any time reference status is taken."""
    size = len(packet)
    if size < TM_OVERHEAD:
        return Rejection(Reason.TOO_SHORT, f"{size} octets of telemetry")
    fields = _tm_prefix.unpack_from(packet)
    identification, control, length, version, service, subtype, counter, destination = fields[:8]
    if crc_hqx(packet, CRC_START) or length + SHORTEST_PACKET != size:
        return _refuse(packet, length)
    if identification >> 11 != 0b00001 or version >> 4 != PUS_VERSION:
        return _wrong_kind(identification, PacketType.TELEMETRY, version)
    return TmPacket(
        identification & 0x7FF,
        control & 0x3FFF,
        service,
        subtype,
        counter,
        destination,
        nanoseconds(*fields[8:11]),
        fields[11],
        packet[TM_PREFIX_LENGTH:-CRC_LENGTH],
    )


def encode_tc(
    apid: int, sequence: int, service: int, subtype: int, data: bytes, source: int = 0, ack: Ack = Ack.ALL
) -> bytes:
    """One whole telecommand packet; `sequence` wraps."""
    assert TC_OVERHEAD + len(data) <= LONGEST_PACKET
    prefix = _tc_prefix.pack(
        packet_id(PacketType.TELECOMMAND, apid),
        UNSEGMENTED | sequence & (SEQUENCE_MODULO - 1),
        TC_OVERHEAD + len(data) - SHORTEST_PACKET,
        PUS_VERSION << 4 | ack,
        service,
        subtype,
        source,
    )
    return append_crc(prefix + data)


def decode_tc(packet: bytes) -> TcPacket | Rejection:
    """One whole telecommand packet; its checksum is mandatory."""
    size = len(packet)
    if size < TC_OVERHEAD:
        return Rejection(Reason.TOO_SHORT, f"{size} octets of telecommand")
    identification, control, length, version, service, subtype, source = _tc_prefix.unpack_from(packet)
    if crc_hqx(packet, CRC_START) or length + SHORTEST_PACKET != size:
        return _refuse(packet, length)
    if identification >> 11 != 0b00011 or version >> 4 != PUS_VERSION:
        return _wrong_kind(identification, PacketType.TELECOMMAND, version)
    if control >> 14 != UNSEGMENTED >> 14:
        return Rejection(Reason.FIELD, "a segment of a telecommand")
    return TcPacket(
        identification & 0x7FF,
        control & 0x3FFF,
        Ack(version & 0x0F),
        service,
        subtype,
        source,
        packet[TC_PREFIX_LENGTH:-CRC_LENGTH],
        identification << 16 | control,
    )


def _refuse(packet: bytes, length: int) -> Rejection:
    if length + SHORTEST_PACKET != len(packet):
        return Rejection(Reason.LENGTH, f"{length + SHORTEST_PACKET} announced, {len(packet)} octets")
    return Rejection(Reason.CHECKSUM, f"packet of {len(packet)} octets")


def _wrong_kind(identification: int, expected: PacketType, version: int) -> Rejection:
    if identification >> 13:
        return Rejection(Reason.VERSION, f"packet version {identification >> 13}")
    if identification >> 12 != expected:
        return Rejection(Reason.PACKET_TYPE, f"{expected.name.lower()} expected")
    if not identification & 0x0800:
        return Rejection(Reason.SECONDARY_HEADER)
    return Rejection(Reason.PUS_VERSION, f"PUS version {version >> 4}")
