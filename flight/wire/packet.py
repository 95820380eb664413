"""Space packets (CCSDS 133.0-B-2): the 6-octet primary header, idle packets, and packets out of any bytes."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from flight.wire.rejection import Reason, Rejection

PRIMARY_LENGTH = 6
SHORTEST_PACKET = PRIMARY_LENGTH + 1
LONGEST_PACKET = PRIMARY_LENGTH + 65536  # the length field is 16 bits
IDLE_APID = 0x7FF
SEQUENCE_MODULO = 1 << 14
UNSEGMENTED = 0xC000  # sequence flags of a whole packet, in place

_IDLE_FILL = b"\x55"  # alternating bits keep a bit synchroniser locked

_header = Struct(">HHH")


class PacketType(IntEnum):
    TELEMETRY = 0
    TELECOMMAND = 1


class SequenceFlags(IntEnum):
    CONTINUATION = 0
    FIRST = 1
    LAST = 2
    UNSEGMENTED = 3


# Indexed by the field: Enum(value) costs 0.3 us, a tuple 0.03.
_PACKET_TYPES = tuple(PacketType)
_SEQUENCE_FLAGS = tuple(SequenceFlags)


class SpacePacketHeader(NamedTuple):
    """`length` is that of the whole packet in octets, 7 to 65542."""

    kind: PacketType
    secondary: bool
    apid: int
    flags: SequenceFlags
    sequence: int
    length: int


def packet_id(kind: PacketType, apid: int, *, secondary: bool = True) -> int:
    """The first 16 bits of a packet: version 0, type, secondary header flag, APID."""
    assert 0 <= apid <= IDLE_APID
    return kind << 12 | secondary << 11 | apid


def encode_packet(
    kind: PacketType,
    apid: int,
    sequence: int,
    data: bytes,
    secondary: bool = True,
    flags: SequenceFlags = SequenceFlags.UNSEGMENTED,
) -> bytes:
    """`data` is the whole packet data field, 1 to 65536 octets.  `sequence` counts modulo 2^14."""
    assert 0 < len(data) <= 65536
    control = flags << 14 | (sequence & (SEQUENCE_MODULO - 1))
    return _header.pack(packet_id(kind, apid, secondary=secondary), control, len(data) - 1) + data


def decode_header(data: bytes) -> SpacePacketHeader | Rejection:
    """The header that `data` starts with; the rest of the packet need not be there yet."""
    if len(data) < PRIMARY_LENGTH:
        return Rejection(Reason.TOO_SHORT, f"{len(data)} octets")
    identification, control, length = _header.unpack_from(data)
    if identification >> 13:
        return Rejection(Reason.VERSION, f"packet version {identification >> 13}")
    return SpacePacketHeader(
        _PACKET_TYPES[identification >> 12 & 1],
        bool(identification & 0x0800),
        identification & 0x7FF,
        _SEQUENCE_FLAGS[control >> 14],
        control & 0x3FFF,
        length + SHORTEST_PACKET,
    )


def idle_packet(length: int) -> bytes:
    """Fill of exactly `length` octets, 7 to 65542: APID all ones, no secondary header (133.0-B, 4.1.3)."""
    assert SHORTEST_PACKET <= length <= LONGEST_PACKET
    return _header.pack(IDLE_APID, UNSEGMENTED, length - SHORTEST_PACKET) + _IDLE_FILL * (
        length - PRIMARY_LENGTH
    )


def split_packets(data: bytes) -> Iterator[bytes | Rejection]:
    """Whole packets, idle ones too, in the order they stand in `data`; at most one rejection, at the end.

    Packets carry no marker to find the next one by, so the first bad header ends it.  Linear in `len(data)`.
    """
    position, size = 0, len(data)
    while position < size:
        header = decode_header(data[position : position + PRIMARY_LENGTH])
        if isinstance(header, Rejection):
            yield header
            return
        end = position + header.length
        if end > size:
            yield Rejection(Reason.LENGTH, f"{header.length} octets announced, {size - position} left")
            return
        yield data[position:end]
        position = end
