"""Telemetry transfer frames, sending end (CCSDS 132.0-B), with CLCW and frame error control.

The pipeline, each step bytes in, bytes out:

    VirtualChannel.add() .. VirtualChannel.take() -> TmFrameMaker.make() -> coding with sync marker (131.0-B)
"""

from __future__ import annotations

from binascii import crc_hqx
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Protocol

from flight.wire.crc import CRC_LENGTH, CRC_START
from flight.wire.packet import LONGEST_PACKET, SHORTEST_PACKET, idle_packet

SYNC_MARKER = b"\x1a\xcf\xfc\x1d"
TM_PRIMARY_LENGTH = 6
OCF_LENGTH = 4
LONGEST_FRAME = 2048  # first header pointer and 132.0-B
IDLE_CHANNEL = 7
VIRTUAL_CHANNELS = 8

# First header pointers with a meaning of their own (132.0-B, 4.1.2.7.6).
NO_PACKET_START = 0x7FF
ONLY_IDLE = 0x7FE

# No secondary header, asynchronous (packets), packet order 0, segment length identifier 11.
PACKETS_STATUS = 0b00011 << 11

_pack_header = Struct(">HBBH").pack  # identity, master and virtual channel counts, data field status

# Octets one virtual channel holds before it refuses: one packet of the greatest length and as much again.
DEFAULT_CAPACITY = 2 * LONGEST_PACKET

# Octets sent that the stream may carry in front before they are cut off: a cut costs more than a zone.
_COMPACT_AT = 65536


@dataclass(frozen=True, slots=True)
class TmFrameConfig:
    """What both ends of a telemetry link must agree on.

    `frame_length` in octets without the sync marker: 223 at 115 200 baud, 1115 above.  `error_control` is
    False only for recordings whose checksum was cut off on the ground; our own frames always carry it.
    `longest_packet` bounds the memory of the receiver and what a damaged length field can swallow.
    """

    spacecraft_id: int
    frame_length: int = 223
    error_control: bool = True
    longest_packet: int = LONGEST_PACKET

    def __post_init__(self) -> None:
        if not 0 <= self.spacecraft_id < 1024:
            raise ValueError(f"spacecraft_id {self.spacecraft_id} is not in 0..1023")
        if (
            not TM_PRIMARY_LENGTH + OCF_LENGTH + CRC_LENGTH + SHORTEST_PACKET
            <= self.frame_length
            <= LONGEST_FRAME
        ):
            raise ValueError(f"frame_length {self.frame_length} is not in 19..{LONGEST_FRAME}")
        if not SHORTEST_PACKET <= self.longest_packet <= LONGEST_PACKET:
            raise ValueError(f"longest_packet {self.longest_packet} is not in 7..{LONGEST_PACKET}")

    @property
    def zone_length(self) -> int:
        """Octets of packets in each frame that we make: 211 of 223, 1103 of 1115."""
        return self.frame_length - TM_PRIMARY_LENGTH - OCF_LENGTH - CRC_LENGTH


class VirtualChannel:
    """Queue of packets of one virtual channel, cut into data zones; packets span zones.  O(1) a packet.

    Positions are absolute since the start, so nothing is re-based when a zone is taken.
    """

    __slots__ = (
        "_capacity",
        "_end",
        "_filled_from",
        "_sent",
        "_starts",
        "_stream",
        "_stream_at",
        "_zone_length",
        "refused",
    )

    def __init__(self, zone_length: int, capacity: int = DEFAULT_CAPACITY) -> None:
        self._zone_length = zone_length
        self._capacity = capacity
        self._stream = bytearray()
        self._stream_at = 0  # absolute position of the first octet in _stream
        self._starts: deque[int] = deque()  # absolute positions of packets that no zone has begun yet
        self._sent = 0
        self._end = 0
        self._filled_from = 0  # where the packets end; behind it stands fill only
        self.refused = 0

    @property
    def zone_length(self) -> int:
        return self._zone_length

    @property
    def capacity(self) -> int:
        return self._capacity

    @property
    def pending(self) -> int:
        """Octets of packets waiting.  A zone without fill can be taken while this is `zone_length` or more."""
        return max(self._filled_from - self._sent, 0)

    def add(self, packet: bytes) -> bool:
        """False, counted in `refused`, if the packet would not fit in the capacity."""
        end = self._end + len(packet)
        if end - self._sent > self._capacity:
            self.refused += 1
            return False
        self._starts.append(self._end)
        self._stream += packet
        self._end = self._filled_from = end
        return True

    def take(self) -> tuple[bytes, int] | None:
        """The next data zone and its first header pointer; None when nothing waits.

        A zone that packets do not fill ends in an idle packet.  One of less than 7 octets does not exist, so
        fill may reach up to 6 octets into the next zone; they wait for the next packet.
        """
        sent, length = self._sent, self._zone_length
        if sent >= self._filled_from:
            return None
        stop = sent + length
        if self._end < stop:
            self._fill(max(stop - self._end, SHORTEST_PACKET))
        starts = self._starts
        first_header = NO_PACKET_START
        if starts and starts[0] < stop:
            first_header = starts.popleft() - sent
            while starts and starts[0] < stop:
                starts.popleft()
        at = sent - self._stream_at
        zone = bytes(self._stream[at : at + length])
        self._sent = stop
        if at > _COMPACT_AT or stop == self._end:
            del self._stream[: at + length]
            self._stream_at = stop
        return zone, first_header

    def _fill(self, length: int) -> None:
        self._starts.append(self._end)
        self._stream += idle_packet(length)
        self._end += length


class FrameSecurity(Protocol):
    """What secures the data field of a frame: `flight.wire.sdls.Sender`."""

    @property
    def overhead(self) -> int: ...

    def ready(self) -> bool: ...

    def apply(self, prefix: bytes, data: bytes) -> bytes | None: ...


class TmFrameMaker:
    """Frames of one master channel, with its count and that of each virtual channel (modulo 256).

    Those of the virtual channels in `protected` go through `security`, and are as long as the others: their data zone
    is shorter by its overhead.
    """

    def __init__(
        self, config: TmFrameConfig, security: FrameSecurity | None = None, protected: Sequence[int] = ()
    ) -> None:
        self._identity = config.spacecraft_id << 4 | 1  # version 00, operational control field present
        self._pack = Struct(f">HBBH{config.zone_length}sI").pack
        self._lengths = [config.zone_length] * VIRTUAL_CHANNELS
        self._securities: list[FrameSecurity | None] = [None] * VIRTUAL_CHANNELS
        for vc in protected:
            assert security is not None, "protected channels need somebody who protects them"
            self._securities[vc] = security
            self._lengths[vc] -= security.overhead
        self._idle_zone = b"\x55" * self._lengths[IDLE_CHANNEL]
        self._master_count = 0
        self._counts = [0] * VIRTUAL_CHANNELS

    def zone_length(self, vc: int) -> int:
        """Octets of packets in each frame of that channel."""
        return self._lengths[vc]

    def ready(self, vc: int) -> bool:
        """A frame can be made now: it is in the clear, or there are a key and a number for it."""
        security = self._securities[vc]
        return security is None or security.ready()

    def make(self, vc: int, zone: bytes, first_header: int, clcw: int) -> bytes:
        """One frame, without sync marker, while `ready`.  `clcw` is the word from `encode_clcw`."""
        assert len(zone) == self._lengths[vc]
        master, count = self._master_count, self._counts[vc]
        self._master_count = (master + 1) & 0xFF
        self._counts[vc] = (count + 1) & 0xFF
        identity, status = self._identity | vc << 1, PACKETS_STATUS | first_header
        security = self._securities[vc]
        if security is not None:
            prefix = _pack_header(identity, master, count, status)
            secured = security.apply(prefix, zone)
            assert secured is not None, "asked for a frame that cannot be secured now"
            zone = secured
        frame = self._pack(identity, master, count, status, zone, clcw)
        return frame + crc_hqx(frame, CRC_START).to_bytes(CRC_LENGTH, "big")

    def make_idle(self, clcw: int) -> bytes:
        """A frame with only idle data, on virtual channel 7: keeps the link and the CLCW flowing."""
        return self.make(IDLE_CHANNEL, self._idle_zone, ONLY_IDLE, clcw)


def attach_sync_marker(frame: bytes) -> bytes:
    """A CADU: what goes to the line.  `frame` may be coded by now (see the top of this file)."""
    return SYNC_MARKER + frame
