"""Telemetry, receiving end: byte stream to frames to packets (CCSDS 132.0-B).  Total for any bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import NamedTuple

from flight.wire.clcw import Clcw, decode_clcw
from flight.wire.coding.cadu import CaduSync, SyncState
from flight.wire.coding.tm_coding import TmCodec, TmCoding
from flight.wire.counters import LinkCounters
from flight.wire.crc import CRC_LENGTH, crc_ok
from flight.wire.packet_extractor import PacketExtractor
from flight.wire.rejection import Reason, Rejection
from flight.wire.tm_frame import (
    OCF_LENGTH,
    ONLY_IDLE,
    PACKETS_STATUS,
    TM_PRIMARY_LENGTH,
    VIRTUAL_CHANNELS,
    TmFrameConfig,
)

_OCF_FLAG = 1
_SECONDARY_FLAG = 0x8000
_SYNCHRONISED_DATA_FLAG = 0x4000
_header = Struct(">HxBH").unpack_from  # identity, virtual channel count, data field status
_word = Struct(">I").unpack_from
_new_tuple = tuple.__new__  # a third of what the NamedTuple's own constructor costs


class ReceivedPacket(NamedTuple):
    vc: int
    packet: bytes


class _Channel:
    __slots__ = ("expected", "extractor", "last")

    def __init__(self, counters: LinkCounters, longest_packet: int) -> None:
        self.extractor = PacketExtractor(counters, longest_packet)
        self.expected = -1  # the next frame's count; -1 before the first
        self.last = b""


class TmReceiver:
    """One physical channel.

    `frames` are those of the last `receive`, decoded, and with good error control: the truth to archive.
    `clcws` holds the last valid word for each command virtual channel, 64 at most.
    """

    def __init__(
        self,
        config: TmFrameConfig,
        codec: TmCodec | None = None,
        opener: Callable[[Sequence[bytes]], list[bytes]] | None = None,
    ) -> None:
        """`codec` is the plain stream's if left out; its frame length and error control are those of `config`.

        `opener` gets the good frames of the stream and gives those that may be believed, in the clear.
        """
        if codec is None:
            codec = TmCodec(TmCoding(config.frame_length, error_control=config.error_control))
        assert codec.frame_length == config.frame_length
        assert codec.coding.error_control == config.error_control
        self.counters = LinkCounters()
        self.frames: list[bytes] = []
        self.clcws: dict[int, Clcw] = {}
        self._clcw_words: dict[int, int] = {}
        self._sync = CaduSync(codec, self.counters)
        self._opener = opener
        self._identity = config.spacecraft_id << 4
        self._length = config.frame_length
        self._error_control = config.error_control
        self._end = config.frame_length - CRC_LENGTH * config.error_control
        self._channels = [_Channel(self.counters, config.longest_packet) for _ in range(VIRTUAL_CHANNELS)]

    @property
    def state(self) -> SyncState:
        return self._sync.state

    @property
    def held(self) -> int:
        """Octets waiting for the rest of their frame."""
        return self._sync.held

    def receive(self, data: bytes) -> list[ReceivedPacket]:
        """Packets completed by `data`, a piece of the byte stream of any size."""
        self.frames = self._sync.receive(data)
        if self._opener is not None:
            self.frames = self._opener(self.frames)
        packets: list[ReceivedPacket] = []
        for frame in self.frames:
            self._accept(frame, packets)
        return packets

    def receive_frame(self, frame: bytes) -> list[ReceivedPacket]:
        """The same for one frame without marker, out of an archive or a decoder, and in the clear."""
        packets: list[ReceivedPacket] = []
        if len(frame) != self._length:
            self.counters.rejections[Reason.LENGTH] += 1
        elif self._error_control and not crc_ok(frame):
            self.counters.bad_error_control += 1
        else:
            self.counters.frames += 1
            self._accept(frame, packets)
        return packets

    def _accept(self, frame: bytes, packets: list[ReceivedPacket]) -> None:
        identity, count, status = _header(frame)
        if identity & 0xFFF0 != self._identity:
            reason = Reason.VERSION if identity >> 14 else Reason.SPACECRAFT
            self.counters.rejections[reason] += 1
            return
        vc = identity >> 1 & 7
        channel = self._channels[vc]
        if count != channel.expected and not self._bridge_gap(channel, count, frame):
            return
        channel.expected = (count + 1) & 0xFF
        channel.last = frame
        end = self._end
        if identity & _OCF_FLAG:
            end -= OCF_LENGTH
            self._note_clcw(_word(frame, end)[0])
        start = TM_PRIMARY_LENGTH
        if status & 0xF800 != PACKETS_STATUS:
            start = self._unusual(frame, status, end)
            if not start:
                channel.extractor.lose()
                return
        first_header = status & 0x7FF
        if first_header == ONLY_IDLE:
            self.counters.idle_frames += 1
            return
        found = channel.extractor.extract(frame[start:end], first_header)
        self.counters.packets += len(found)
        for packet in found:
            packets.append(_new_tuple(ReceivedPacket, (vc, packet)))  # noqa: PERF401 (two calls cost more than two)

    def _bridge_gap(self, channel: _Channel, count: int, frame: bytes) -> bool:
        """False for a frame that came twice.  Else the loss is counted and the packet under way dropped."""
        if channel.expected < 0:
            return True
        if frame == channel.last:
            self.counters.repeated_frames += 1
            return False
        self.counters.vc_gaps += 1
        lost = (count - channel.expected) & 0xFF
        self.counters.lost_frames += lost
        self.counters.lost_by_channel[frame[1] >> 1 & 7] += lost
        channel.extractor.lose()
        return True

    def _note_clcw(self, word: int) -> None:
        vc = word >> 18 & 0x3F
        if self._clcw_words.get(vc) == word:
            return
        clcw = decode_clcw(word)
        if isinstance(clcw, Rejection):
            self.counters.rejections[clcw.reason] += 1
            return
        self._clcw_words[vc] = word
        self.clcws[vc] = clcw

    def _unusual(self, frame: bytes, status: int, end: int) -> int:
        """Where the data field starts behind a secondary header; 0 if the frame has no packets or no room."""
        if status & _SYNCHRONISED_DATA_FLAG:
            self.counters.rejections[Reason.FRAME_TYPE] += 1
            return 0
        if not status & _SECONDARY_FLAG:
            return TM_PRIMARY_LENGTH  # odd order flag or segment length: undefined, not harmful (4.1.2.7)
        start = TM_PRIMARY_LENGTH + (frame[TM_PRIMARY_LENGTH] & 0x3F) + 1
        if start >= end:
            self.counters.rejections[Reason.LENGTH] += 1
            return 0
        return start
