"""Encapsulation packets (CCSDS 133.1-B): anything else than space packets that shares a frame's data field.

Header: packet version 111, protocol id of 3 bits, length of length of 2 bits; then as that says no more, a length
u8, or an octet of user-defined and extension id and a length u16, or that octet, u16 CCSDS defined and a length
u32.  The length counts the whole packet.  A packet of one octet is fill, and so is any of protocol id 0.
"""

from __future__ import annotations

from typing import NamedTuple

from flight.wire.packet import PRIMARY_LENGTH, SHORTEST_PACKET
from flight.wire.rejection import Reason, Rejection

ENCAPSULATION_VERSION = 0b111
IDLE_PROTOCOL = 0
LONGEST_ENCAPSULATION = 2**32 - 1
_HEADER_LENGTHS = (1, 2, 4, 8)
_LENGTH_OCTETS = (0, 1, 2, 4)  # they end the header


class EncapsulationHeader(NamedTuple):
    """`length` is that of the whole packet, `header_length` of the header in it, in octets; `extension` or -1."""

    protocol: int
    extension: int
    header_length: int
    length: int


def decode_encapsulation(data: bytes, at: int = 0) -> EncapsulationHeader | Rejection:
    """The header that begins at `at`; the rest of the packet need not be there yet."""
    if at >= len(data):
        return Rejection(Reason.TOO_SHORT, "0 octets")
    first = data[at]
    if first >> 5 != ENCAPSULATION_VERSION:
        return Rejection(Reason.VERSION, f"packet version {first >> 5}")
    width = first & 3
    header_length = _HEADER_LENGTHS[width]
    if len(data) < at + header_length:
        return Rejection(Reason.TOO_SHORT, f"{len(data) - at} octets of {header_length}")
    protocol = first >> 2 & 7
    octets = _LENGTH_OCTETS[width]
    end = at + header_length
    length = int.from_bytes(data[end - octets : end], "big") if octets else 1
    if length < header_length:
        return Rejection(Reason.LENGTH, f"{length} octets announced, {header_length} of header")
    extension = data[at + 1] & 0x0F if width >= 2 else -1
    return EncapsulationHeader(protocol, extension, header_length, length)


def encode_encapsulation(protocol: int, data: bytes, extension: int = 0) -> bytes:
    """The shortest header that carries `data` and `extension`; protocol 0 without data is one octet of fill."""
    assert 0 <= protocol < 8
    assert 0 <= extension < 16
    first = ENCAPSULATION_VERSION << 5 | protocol << 2
    if not data and not extension:
        return bytes([first])
    size = len(data)
    if size + 2 <= 0xFF and not extension:
        return bytes([first | 1, size + 2]) + data
    if size + 4 <= 0xFFFF:
        return bytes([first | 2, extension]) + (size + 4).to_bytes(2, "big") + data
    return bytes([first | 3, extension, 0, 0]) + (size + 8).to_bytes(4, "big") + data


def packet_length(data: bytes, at: int, version: int = 0) -> int:
    """Of the packet of either kind that begins at `at`: its octets, 0 if more are needed to tell, -1 if it is none.

    `version` is that of the space packets wanted: 0, but for recordings of other times.
    """
    available = len(data) - at
    if available < 1:
        return 0
    found = data[at] >> 5
    if found == version:
        if available < PRIMARY_LENGTH:
            return 0
        return (data[at + 4] << 8 | data[at + 5]) + SHORTEST_PACKET
    if found != ENCAPSULATION_VERSION:
        return -1
    header = decode_encapsulation(data, at)
    if isinstance(header, Rejection):
        return 0 if header.reason is Reason.TOO_SHORT else -1
    return header.length
