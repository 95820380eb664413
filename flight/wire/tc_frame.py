"""Telecommand transfer frames, both ends (CCSDS 232.0-B), with frame error control; type BD carries packets.

The pipeline up:   encode_tc_frame() -> [coding] -> attach_start_sequence() -> line -> TcReceiver -> packets
Coding (randomiser, BCH codeblocks, tail, 231.0-B) belongs at the mark; until then the frame's own length
field says where it ends on the line.  COP-1 (types AD and BC) will take frames between decoding and packets;
until then they are decoded, counted and refused.
"""

from __future__ import annotations

from enum import Enum
from struct import Struct
from typing import NamedTuple

from flight.wire.clcw import Clcw, encode_clcw
from flight.wire.counters import CommandLinkCounters
from flight.wire.crc import CRC_LENGTH, append_crc, crc_ok
from flight.wire.packet import IDLE_APID, split_packets
from flight.wire.rejection import Reason, Rejection

START_SEQUENCE = b"\xeb\x90"
TC_PRIMARY_LENGTH = 5
LONGEST_TC_FRAME = 1024  # the length field is 10 bits
LONGEST_TC_DATA = LONGEST_TC_FRAME - TC_PRIMARY_LENGTH - CRC_LENGTH

_header = Struct(">HHB")


class TcFrameType(Enum):
    """The values are bypass flag and control command flag, in place."""

    AD = 0x0000  # sequence-controlled data
    BD = 0x2000  # expedited data: no sequence check
    BC = 0x3000  # control command to the receiver itself


_TYPES = {kind.value: kind for kind in TcFrameType}
_TYPE_MASK = 0x3000


class TcFrameHeader(NamedTuple):
    """`length` is that of the whole frame in octets; `sequence` is N(S)."""

    kind: TcFrameType
    spacecraft_id: int
    virtual_channel: int
    length: int
    sequence: int


class TcFrame(NamedTuple):
    header: TcFrameHeader
    data: bytes


def encode_tc_frame(
    spacecraft_id: int, vc: int, data: bytes, kind: TcFrameType = TcFrameType.BD, sequence: int = 0
) -> bytes:
    """One frame without start sequence.  `data`: 1 to 1017 octets; of types AD and BD whole packets."""
    assert 0 <= spacecraft_id < 1024
    assert 0 <= vc < 64
    assert 0 < len(data) <= LONGEST_TC_DATA
    assert sequence == 0 or kind is TcFrameType.AD, "only AD frames are counted (4.1.2.8)"
    length = TC_PRIMARY_LENGTH + len(data) + CRC_LENGTH
    return append_crc(_header.pack(kind.value | spacecraft_id, vc << 10 | length - 1, sequence & 0xFF) + data)


def attach_start_sequence(frame: bytes) -> bytes:
    """What goes to the line.  `frame` may be coded by now (see the top of this file)."""
    return START_SEQUENCE + frame


def decode_tc_header(data: bytes) -> TcFrameHeader | Rejection:
    """The header that `data` starts with; the rest of the frame need not be there yet."""
    if len(data) < TC_PRIMARY_LENGTH:
        return Rejection(Reason.TOO_SHORT, f"{len(data)} octets of frame")
    word, place, sequence = _header.unpack_from(data)
    if word >> 14:
        return Rejection(Reason.VERSION, f"frame version {word >> 14}")
    if word & 0x0C00:
        return Rejection(Reason.FIELD, "spare bits set")
    kind = _TYPES.get(word & _TYPE_MASK)
    if kind is None:
        return Rejection(Reason.FRAME_TYPE, "control command without bypass")
    length = (place & 0x3FF) + 1
    if length <= TC_PRIMARY_LENGTH + CRC_LENGTH:
        return Rejection(Reason.LENGTH, f"frame of {length} octets")
    return TcFrameHeader(kind, word & 0x3FF, place >> 10, length, sequence)


def decode_tc_frame(frame: bytes) -> TcFrame | Rejection:
    """One whole frame, error control checked."""
    header = decode_tc_header(frame)
    if isinstance(header, Rejection):
        return header
    if header.length != len(frame):
        return Rejection(Reason.LENGTH, f"{header.length} announced, {len(frame)} octets")
    if not crc_ok(frame):
        return Rejection(Reason.CHECKSUM, f"frame of {len(frame)} octets")
    return TcFrame(header, frame[TC_PRIMARY_LENGTH:-CRC_LENGTH])


class TcReceiver:
    """On board: byte stream to telecommand packets.

    A start sequence counts only before a header of ours, so noise makes it wait seldom, and for one frame at
    most; `flush` ends that wait when the carrier drops.  Holds less than a start sequence and one frame.
    """

    def __init__(self, spacecraft_id: int, vc: int = 0, longest_frame: int = LONGEST_TC_FRAME) -> None:
        self.counters = CommandLinkCounters()
        self._spacecraft_id = spacecraft_id
        self._vc = vc
        self._longest = longest_frame
        self._held = bytearray()

    @property
    def held(self) -> int:
        """Octets waiting for the rest of their frame."""
        return len(self._held)

    def clcw(self) -> int:
        """What to report in telemetry: type B frames are counted; without COP-1 nothing else moves."""
        return encode_clcw(Clcw(self._vc, farm_b_counter=self.counters.frames))

    def receive(self, data: bytes) -> list[bytes]:
        """The telecommand packets that `data` completes, in order."""
        self._held += data
        return self._drain(last=False)

    def flush(self) -> list[bytes]:
        """Nothing will follow: refuse the frame under way and look for whole ones inside it."""
        return self._drain(last=True)

    def _drain(self, *, last: bool) -> list[bytes]:
        packets: list[bytes] = []
        held, position = self._held, 0
        while (start := held.find(START_SEQUENCE, position)) >= 0:
            self.counters.skipped_octets += start - position
            frame = self._frame_at(held, start + len(START_SEQUENCE), last=last)
            if frame is None:
                position = start
                break
            position = start + len(START_SEQUENCE)
            if isinstance(frame, Rejection):
                self._refuse(frame.reason, len(START_SEQUENCE))
            else:
                position += frame.header.length
                self._accept(frame, packets)
        else:
            position = self._skip_to_end(held, position, last=last)
        del held[:position]
        return packets

    def _skip_to_end(self, held: bytearray, position: int, *, last: bool) -> int:
        """Keep only an octet that may be the first half of a start sequence."""
        keep = not last and held[position:].endswith(START_SEQUENCE[:1])
        self.counters.skipped_octets += len(held) - position - keep
        return len(held) - keep

    def _frame_at(self, held: bytearray, start: int, *, last: bool) -> TcFrame | Rejection | None:
        """None while octets are missing."""
        header = decode_tc_header(bytes(held[start : start + TC_PRIMARY_LENGTH]))
        if isinstance(header, Rejection):
            return None if header.reason is Reason.TOO_SHORT and not last else header
        if header.spacecraft_id != self._spacecraft_id:
            return Rejection(Reason.SPACECRAFT, f"spacecraft {header.spacecraft_id}")
        if header.length > self._longest:
            return Rejection(Reason.TOO_LONG, f"frame of {header.length} octets")
        if len(held) < start + header.length and not last:
            return None
        return decode_tc_frame(bytes(held[start : start + header.length]))

    def _accept(self, frame: TcFrame, packets: list[bytes]) -> None:
        octets = len(START_SEQUENCE) + frame.header.length
        if frame.header.virtual_channel != self._vc:
            self._refuse(Reason.CHANNEL, octets)
            return
        if frame.header.kind is not TcFrameType.BD:
            self._refuse(Reason.FRAME_TYPE, octets)
            return
        self.counters.frames += 1
        for packet in split_packets(frame.data):
            if isinstance(packet, Rejection):
                self.counters.rejections[packet.reason] += 1
            elif int.from_bytes(packet[:2], "big") & IDLE_APID == IDLE_APID:
                self.counters.idle_packets += 1
            else:
                self.counters.packets += 1
                packets.append(packet)

    def _refuse(self, reason: Reason, octets: int) -> None:
        self.counters.rejections[reason] += 1
        self.counters.skipped_octets += octets
