"""What stands in a transfer frame of anybody's telemetry, TM (CCSDS 132.0-B) or AOS (732.0-B).  Total for any bytes.

For recordings: nothing is known of the spacecraft but what `FrameLayout` says, and no frame is judged by the one
before.  The receiver of our own link is `tm_receive`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from struct import Struct
from typing import NamedTuple

from flight.wire.crc import CRC_LENGTH, crc_ok
from flight.wire.rejection import Reason, Rejection
from flight.wire.tm_frame import LONGEST_FRAME, OCF_LENGTH, ONLY_IDLE, TM_PRIMARY_LENGTH

AOS_PRIMARY_LENGTH = 6
AOS_HEADER_ERROR_CONTROL = 2  # Reed-Solomon over 10 hexadecimal digits, optional
AOS_ZONE_HEADER = 2  # of a multiplexing protocol data unit: spare 5, first header pointer 11
AOS_IDLE_CHANNEL = 63  # only idle data frames (732.0-B, 4.1.2.3.3)
LONGEST_ANY_FRAME = 65536  # AOS names no limit
NO_WORD = -1

_tm_header = Struct(">HBBH").unpack_from
_aos_header = Struct(">HI").unpack_from  # the count's 24 bits and the signalling octet in one
_word = Struct(">I").unpack_from
_zone_header = Struct(">H").unpack_from


class FrameKind(Enum):
    TM = "tm"
    AOS = "aos"


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """The managed parameters of one physical channel, lengths in octets.

    `control_field` is for AOS alone: a TM frame says itself whether it has one.  `security_header` and
    `security_trailer` are those of SDLS (355.0-B): passed over, so a frame that is authenticated can be read and one
    that is encrypted cannot.
    """

    kind: FrameKind
    length: int
    error_control: bool = True
    control_field: bool = False
    insert_zone: int = 0
    header_error_control: bool = False
    security_header: int = 0
    security_trailer: int = 0

    def __post_init__(self) -> None:
        longest = LONGEST_FRAME if self.kind is FrameKind.TM else LONGEST_ANY_FRAME
        if not self.shortest <= self.length <= longest:
            raise ValueError(f"frame length {self.length} is not in {self.shortest}..{longest}")

    @property
    def shortest(self) -> int:
        """That leaves room for one octet of data."""
        fixed = (
            TM_PRIMARY_LENGTH + CRC_LENGTH * self.error_control + self.security_header + self.security_trailer
        )
        if self.kind is FrameKind.TM:
            return fixed + 1
        fixed += self.insert_zone + AOS_HEADER_ERROR_CONTROL * self.header_error_control + AOS_ZONE_HEADER
        return fixed + OCF_LENGTH * self.control_field + 1


class FrameFields(NamedTuple):
    """`channel_count` is that of the virtual channel modulo `modulo`; `master_count` or -1; `control_word` or -1.

    Packets are in frame[start:end], `first_header` counts from `start`; 0x7FE and 0x7FF have the meanings that
    `PacketExtractor` knows.  `start` is 0 in a frame that carries no packets (synchronous TM data).
    """

    spacecraft_id: int
    virtual_channel: int
    master_count: int
    channel_count: int
    modulo: int
    first_header: int
    start: int
    end: int
    control_word: int
    secondary_length: int

    @property
    def idle(self) -> bool:
        return self.first_header == ONLY_IDLE


def read_frame(frame: bytes, layout: FrameLayout, *, checked: bool = False) -> FrameFields | Rejection:
    """One frame without sync marker, as it came; its error control field is checked, unless a decoder has."""
    if len(frame) != layout.length:
        return Rejection(Reason.LENGTH, f"{len(frame)} octets of frame, {layout.length} expected")
    if layout.error_control and not checked and not crc_ok(frame):
        return Rejection(Reason.CHECKSUM, "frame error control")
    end = layout.length - CRC_LENGTH * layout.error_control
    return _read_tm(frame, layout, end) if layout.kind is FrameKind.TM else _read_aos(frame, layout, end)


def _read_tm(frame: bytes, layout: FrameLayout, end: int) -> FrameFields | Rejection:
    identity, master_count, count, status = _tm_header(frame)
    if identity >> 14:
        return Rejection(Reason.VERSION, f"frame version {identity >> 14}")
    word = NO_WORD
    if identity & 1:
        end -= OCF_LENGTH
        if end <= TM_PRIMARY_LENGTH:
            return Rejection(Reason.LENGTH, "no room for an operational control field")
        word = _word(frame, end)[0]
    secondary = (frame[TM_PRIMARY_LENGTH] & 0x3F) + 1 if status & 0x8000 else 0
    start = TM_PRIMARY_LENGTH + secondary + layout.security_header
    end -= layout.security_trailer
    if start >= end:
        return Rejection(Reason.LENGTH, f"secondary header of {secondary} octets leaves no room")
    if status & 0x4000:
        start = 0
    return FrameFields(
        identity >> 4 & 0x3FF,
        identity >> 1 & 7,
        master_count,
        count,
        256,
        status & 0x7FF,
        start,
        end,
        word,
        secondary,
    )


def _read_aos(frame: bytes, layout: FrameLayout, end: int) -> FrameFields | Rejection:
    identity, rest = _aos_header(frame)
    if identity >> 14 != 1:
        return Rejection(Reason.VERSION, f"frame version {identity >> 14}")
    start = AOS_PRIMARY_LENGTH + AOS_HEADER_ERROR_CONTROL * layout.header_error_control
    start += layout.insert_zone + layout.security_header
    word = NO_WORD
    if layout.control_field:
        end -= OCF_LENGTH
        word = _word(frame, end)[0]
    channel = identity & 0x3F
    first_header = ONLY_IDLE
    if channel != AOS_IDLE_CHANNEL:
        first_header = _zone_header(frame, start)[0] & 0x7FF
        start += AOS_ZONE_HEADER
    # The cycle counts on where the 24 bits end, if the frame says so (732.0-B, 4.1.2.5.4): then they are 28.
    cycled = bool(rest & 0x40)
    count = (rest & 0xF) << 24 | rest >> 8 if cycled else rest >> 8
    return FrameFields(
        identity >> 6 & 0xFF | (rest & 0x30) << 4,  # two more bits of the id, once spare (732.0-B-4)
        channel,
        -1,
        count,
        1 << 28 if cycled else 1 << 24,
        first_header,
        start,
        end - layout.security_trailer,
        word,
        0,
    )
