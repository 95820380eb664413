"""A recording's octets to frames, packets and counts; sans-I/O, total for any octets, linear, bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from flight.wire import FrameFields, LinkCounters, Reason, Rejection, read_frame
from ground.recording.assembling import Assembler
from ground.recording.framing import Framing, Placed, framing
from ground.recording.layout import Layout
from ground.recording.protected import NO_KEYS, ProtectedFrames
from ground.recording.tally import ChannelKey, Tally
from ground.recording.walking import PacketWalk


class Listener(Protocol):
    """Told of each thing in the order in which it ends in the file.  Times in ns of the ground's clock, or -1."""

    def frame(
        self, number: int, frame: Placed, found: FrameFields | Rejection, lost: int, heard_ns: int
    ) -> None: ...

    def packet(self, channel: ChannelKey | None, packet: Placed, crc_ok: bool, heard_ns: int) -> None: ...


class Recording:
    """Give it the octets in order, in pieces of any size, then `finish`; or whole frames with `take_frames`."""

    def __init__(
        self, layout: Layout, listener: Listener | None = None, protected: ProtectedFrames | None = None
    ) -> None:
        """`protected` opens frames that are; without, all are taken to be in the clear."""
        self.layout, self.listener, self.protected = layout, listener, protected
        self.tally = Tally()
        self._framing: Framing | None = framing(layout) if layout.frames else None
        self._walk = None if layout.frames else PacketWalk(layout.packet_version)
        self._assemblers: dict[ChannelKey, Assembler] = {}
        self._number = 0
        self.left_over = 0  # octets at the end that make no whole frame or packet

    @property
    def link(self) -> LinkCounters:
        """Of the search for frames; empty for bare packets."""
        return self._framing.counters if self._framing else LinkCounters()

    @property
    def skipped_octets(self) -> int:
        return self._walk.skipped_octets if self._walk else self.link.skipped_octets

    @property
    def rejections(self) -> Counter[Reason]:
        """Everything that was refused, by reason."""
        total = self.tally.rejections + (self._walk.rejections if self._walk else self.link.rejections)
        damaged = self.link.bad_error_control + self.link.uncorrectable
        return total + Counter({Reason.CHECKSUM: damaged})

    def receive(self, data: bytes) -> None:
        self.tally.octets += len(data)
        if self._walk:
            self._take_packets(None, self._walk.receive(data), -1)
        elif self._framing:
            self.take_frames(self._framing.receive(data), checked=self._framing.checked)

    def finish(self) -> None:
        """Nothing will follow."""
        if self._walk:
            self._take_packets(None, self._walk.finish(), -1)
            self.left_over = self._walk.held
        elif self._framing:
            self.take_frames(self._framing.finish(), checked=self._framing.checked)
            self.left_over = self._framing.held

    def begin_contact(self) -> None:
        """What was not heard before is not a loss."""
        self.tally.forget_counts()
        for assembler in self._assemblers.values():
            assembler.lose()

    def take_frames(
        self, frames: Iterable[Placed], source: str = "", heard_ns: int = -1, *, checked: bool = False
    ) -> None:
        for frame in frames:
            self._take_frame(frame, source, heard_ns, checked)

    def _take_frame(self, placed: Placed, source: str, heard_ns: int, checked: bool) -> None:
        number, self._number = self._number, self._number + 1
        assert self.layout.frames is not None
        place, frame = placed
        if self.protected is not None and self.protected.covers(frame):
            opened = self.protected.open(frame)
            if isinstance(opened, str):
                words = f"vc {frame[1] >> 1 & 7}, {opened}"
                self._refuse(number, placed, Rejection(Reason.PROTECTED, words), heard_ns)
                # Header and control word are in the clear; of a forged frame they say nothing.
                if opened == NO_KEYS:
                    self._count(frame, source, checked)
                return
            frame, placed = opened, Placed(place, opened)
        fields = read_frame(frame, self.layout.frames, checked=checked)
        if isinstance(fields, Rejection):
            self._refuse(number, placed, fields, heard_ns)
            return
        wanted = self.layout.spacecraft_id
        if wanted is not None and fields.spacecraft_id != wanted:
            self._refuse(number, placed, Rejection(Reason.SPACECRAFT, str(fields.spacecraft_id)), heard_ns)
            return
        tally = self.tally
        key = ChannelKey(source, fields.spacecraft_id, fields.virtual_channel)
        channel = tally.channel(key)
        if channel is None:
            return
        repeated, lost = tally.take_frame(channel, source, fields, frame)
        if self.listener:
            self.listener.frame(number, placed, fields, lost, heard_ns)
        if repeated:
            return
        assembler = self._assemblers.get(key)
        if assembler is None:
            assembler = Assembler(tally.rejections, self.layout.packet_version)
            self._assemblers[key] = assembler
        start = fields.start
        if lost or not start:
            assembler.lose()
        if start:
            packets = assembler.add(frame[start : fields.end], fields.first_header, place + start)
            if packets:
                channel.packets += len(packets)
                self._take_packets(key, packets, heard_ns)

    def _count(self, frame: bytes, source: str, checked: bool) -> None:
        assert self.layout.frames is not None
        fields = read_frame(frame, self.layout.frames, checked=checked)
        if not isinstance(fields, Rejection):
            channel = self.tally.channel(ChannelKey(source, fields.spacecraft_id, fields.virtual_channel))
            if channel is not None:
                self.tally.take_frame(channel, source, fields, frame)

    def _refuse(self, number: int, frame: Placed, why: Rejection, heard_ns: int) -> None:
        self.tally.rejections[why.reason] += 1
        if self.listener:
            self.listener.frame(number, frame, why, 0, heard_ns)

    def _take_packets(self, channel: ChannelKey | None, packets: list[Placed], heard_ns: int) -> None:
        take, listener = self.tally.take_packet, self.listener
        tallies = self.tally.packet_tallies(channel)
        for packet in packets:
            good = take(channel, tallies, packet[1])
            if listener:
                listener.packet(channel, packet, good, heard_ns)
