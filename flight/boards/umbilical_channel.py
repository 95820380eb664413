"""The umbilical as a virtual channel of its own on the line of the link, for a board with one serial port to spare.

    skyrack-flight run pathfinder --board bench --link serial:/dev/ttyUSB0@921600 --umbilical channel

    down   switch commands: a space packet on virtual channel 6, in telemetry frames coded as the mission's are
    up     readings: a telecommand frame of type BD on virtual channel 6, in a CLTU as the mission's are

Both are in the clear and stand between the units of the link, never inside one.  Each end takes them out of the stream
whole, by their frame's checksum, and leaves every other octet as it came: what follows it is as if they had never been
there.  So the link's own receivers, counters and COP-1 see nothing of them.  Only a bench has this channel.
"""

from __future__ import annotations

from flight.drivers.line_link import LineLink
from flight.mission import Mission
from flight.ports import LineState
from flight.wire import (
    PacketType,
    Rejection,
    TmFrameConfig,
    TmFrameMaker,
    TmReceiver,
    VirtualChannel,
    crc_ok,
    encode_packet,
    encode_tc_frame,
)
from flight.wire.coding import TmCodec, decode_blocks
from flight.wire.coding.bch import BLOCK_DATA_LENGTH, BLOCK_LENGTH, BchMode
from flight.wire.coding.cltu import TAIL_SEQUENCE
from flight.wire.tc_frame import START_SEQUENCE, TC_PRIMARY_LENGTH, decode_tc_header
from flight.wire.tm_frame import SYNC_MARKER

CHANNEL = 6  # of both directions; a mission's own are 0, 1, 2 and 7 down, and commonly 0 up
APID = 2044
WAITING_MAX = 64  # messages that nobody has taken; the newest are the ones that count
FIRST_BLOCK = len(START_SEQUENCE) + BLOCK_LENGTH
TC_CRC = 2

Taken = tuple[bytes, list[bytes]]
"""What is left of the stream, and the messages that were in it."""


class DownEnd:
    """At the board: a message to CADUs."""

    def __init__(self, mission: Mission) -> None:
        config = TmFrameConfig(mission.spacecraft_id, mission.coding.frame_length)
        self._maker, self._codec = TmFrameMaker(config), TmCodec(mission.coding)
        self._channel = VirtualChannel(config.zone_length)
        self._sequence = 0

    def unit(self, message: bytes) -> bytes:
        self._channel.add(encode_packet(PacketType.TELEMETRY, APID, self._sequence, message, secondary=False))
        self._sequence = (self._sequence + 1) & 0x3FFF
        octets = b""
        while (zone := self._channel.take()) is not None:
            octets += self._codec.encode(self._maker.make(CHANNEL, *zone, 0))
        return octets


class DownTap:
    """At the world: takes such CADUs out of what the board sends.  Holds less than one CADU."""

    def __init__(self, mission: Mission) -> None:
        self._codec = TmCodec(mission.coding)
        self._receiver = TmReceiver(TmFrameConfig(mission.spacecraft_id, mission.coding.frame_length))
        self._identity = mission.spacecraft_id << 4 | CHANNEL << 1
        self._held = b""

    def take(self, data: bytes) -> Taken:
        octets, length = self._held + data, self._codec.cadu_length
        rest, messages, at = bytearray(), list[bytes](), 0
        while (found := octets.find(SYNC_MARKER, at)) >= 0 and found + length <= len(octets):
            frame = self._codec.clean(octets[found + len(SYNC_MARKER) : found + length])
            if frame is None:  # a marker by chance, or a damaged frame: the next may begin inside it
                end = found + 1
            else:
                end = found + length
            if frame is not None and (frame[0] << 8 | frame[1]) & 0xFFFE == self._identity:
                rest += octets[at:found]
                messages += [one.packet[6:] for one in self._receiver.receive_frame(frame)]
            else:
                rest += octets[at:end]
            at = end
        keep = found if found >= 0 else max(at, len(octets) - _beginning_of(octets, SYNC_MARKER))
        rest += octets[at:keep]
        self._held = octets[keep:]
        return bytes(rest), messages


class UpEnd:
    """At the world: a message to one CLTU."""

    def __init__(self, mission: Mission) -> None:
        self._spacecraft_id, self._link = mission.spacecraft_id, mission.telecommand

    def unit(self, message: bytes) -> bytes:
        return self._link.unit(encode_tc_frame(self._spacecraft_id, CHANNEL, message))


class UpTap:
    """At the board: takes such CLTUs out of what comes.  Holds less than one of them."""

    def __init__(self, mission: Mission) -> None:
        assert mission.telecommand.channel != CHANNEL, "the mission's own telecommands are on that channel"
        self._spacecraft_id, self._randomiser = mission.spacecraft_id, mission.telecommand.randomiser()
        self._held = b""

    def take(self, data: bytes) -> Taken:
        octets = self._held + data
        rest, messages, at, keep = bytearray(), list[bytes](), 0, -1
        while keep < 0:
            found = octets.find(START_SEQUENCE, at)
            if found < 0:
                keep = max(at, len(octets) - _beginning_of(octets, START_SEQUENCE))
                break
            length = self._length_at(octets, found)
            if length < 0 or length > len(octets) - found:
                keep = found  # it may be one of ours, and is not whole yet
                break
            frame = self._frame(octets[found : found + length]) if length else None
            rest += octets[at:found] if frame else octets[at : found + len(START_SEQUENCE)]
            at = found + (length if frame else len(START_SEQUENCE))
            if frame:
                messages.append(frame[TC_PRIMARY_LENGTH:-TC_CRC])
        rest += octets[at:keep]
        self._held = octets[keep:]
        return bytes(rest), messages

    def _length_at(self, octets: bytes, start: int) -> int:
        """Of the whole unit, if its first header is of our channel; 0 if it is not, -1 if that cannot be told yet."""
        if len(octets) < start + FIRST_BLOCK:
            return -1
        first = self._data(octets[start + len(START_SEQUENCE) : start + FIRST_BLOCK])
        header = decode_tc_header(first)
        if isinstance(header, Rejection) or header.spacecraft_id != self._spacecraft_id:
            return 0
        if header.virtual_channel != CHANNEL:
            return 0
        blocks = -(-header.length // BLOCK_DATA_LENGTH)
        return len(START_SEQUENCE) + BLOCK_LENGTH * blocks + len(TAIL_SEQUENCE)

    def _frame(self, unit: bytes) -> bytes | None:
        data = self._data(unit[len(START_SEQUENCE) : -len(TAIL_SEQUENCE)])
        header = decode_tc_header(data)
        if isinstance(header, Rejection):
            return None
        frame = data[: header.length]
        return frame if len(frame) == header.length and crc_ok(frame) else None

    def _data(self, blocks: bytes) -> bytes:
        data = decode_blocks(blocks, BchMode.DETECT).data
        return self._randomiser.apply(data) if self._randomiser else data


def _beginning_of(octets: bytes, mark: bytes) -> int:
    """How many octets at the end may be the first of `mark`."""
    return next((n for n in range(len(mark) - 1, 0, -1) if octets.endswith(mark[:n])), 0)


class SharedLine:
    """One line for both: `flight.ports.Link` for the radio's octets, a pipe for the umbilical's messages."""

    def __init__(self, line: LineLink, mission: Mission) -> None:
        self.octets = line
        self._down, self._up = DownEnd(mission), UpTap(mission)
        self._radio = bytearray()
        self._messages: list[bytes] = []

    # ---------------------------------------------------------------- the link

    def carrier(self) -> bool:
        return self.octets.carrier()

    def receive(self) -> bytes:
        self._pull()
        data = bytes(self._radio)
        self._radio.clear()
        return data

    def room(self) -> int:
        return self.octets.room()

    def line(self) -> LineState:
        return self.octets.line()

    def send(self, data: bytes) -> None:
        self.octets.send(data)

    # ---------------------------------------------------------------- the umbilical

    def message(self) -> bytes | None:
        self._pull()
        return self._messages.pop(0) if self._messages else None

    def tell(self, message: bytes) -> bool:
        """False if nobody takes it."""
        if not self.octets.carrier():
            return False
        self.octets.send(self._down.unit(message))
        return True

    def _pull(self) -> None:
        rest, messages = self._up.take(self.octets.receive())
        self._radio += rest
        self._messages = [*self._messages, *messages][-WAITING_MAX:]


class ChannelPipe:
    """The umbilical's end of a shared line."""

    def __init__(self, shared: SharedLine) -> None:
        self.shared = shared

    def tend(self, now: int) -> None:
        """Whoever owns the line does."""

    def receive(self) -> bytes | None:
        return self.shared.message()

    def send(self, message: bytes) -> bool:
        return self.shared.tell(message)

    def close(self) -> None:
        """The line goes with its owner."""
