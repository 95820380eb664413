"""What was in a recording, counted: for the table, for JSON, for tests."""

from __future__ import annotations

from binascii import crc_hqx
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from flight.wire import (
    CRC_START,
    ENCAPSULATION_VERSION,
    IDLE_APID,
    IDLE_PROTOCOL,
    NO_WORD,
    SEQUENCE_MODULO,
    FrameFields,
    Reason,
)

CHANNELS_MAX = 512  # noise behind no FECF makes up spacecraft: what is beyond these is counted together
APIDS_MAX = 8192
KINDS_MAX = 1024  # pairs of service and subtype of one APID; what is not PUS makes up any
PUS_VERSIONS = (1, 2)  # PUS-A and PUS-C
PUS_SHORTEST = 11  # octets: primary header, version, service, subtype, CRC-16
ENCAPSULATION_FIRST = ENCAPSULATION_VERSION << 5
RUNS_MAX = 1000  # of equal control words; a pass has some hundreds


class ChannelKey(NamedTuple):
    """`source` names the station of an archive, else it is empty."""

    source: str
    spacecraft_id: int
    virtual_channel: int


class PacketKey(NamedTuple):
    """`version` 7 is encapsulation: then `apid` is the protocol id."""

    channel: ChannelKey | None
    version: int
    telecommand: bool
    apid: int


@dataclass(slots=True)
class ChannelTally:
    frames: int = 0
    idle_frames: int = 0
    gaps: int = 0
    lost_frames: int = 0
    repeated_frames: int = 0
    secondary_headers: int = 0
    control_fields: int = 0
    packets: int = 0
    last_count: int = -1
    last_frame: bytes = b""


@dataclass(slots=True)
class MasterTally:
    frames: int = 0
    gaps: int = 0
    lost_frames: int = 0
    last_count: int = -1


@dataclass(slots=True)
class PacketTally:
    packets: int = 0
    octets: int = 0
    secondary_headers: int = 0
    crc_ok: int = 0
    gaps: int = 0
    missing: int = 0
    backward: int = 0  # counts that went back: played back, repeated, or from another start
    shortest: int = 1 << 32
    longest: int = 0
    next_sequence: int = -1  # -1 before the first
    flags: list[int] = field(default_factory=lambda: [0, 0, 0, 0])  # by the two bits of the header
    kinds: Counter[tuple[int, int, int]] = field(default_factory=Counter)  # (PUS version, service, subtype)
    kinds_left_out: int = 0


@dataclass(slots=True)
class ControlRun:
    """`frames` in a row, as far as the same `source` and command virtual channel go, that had the same word."""

    source: str
    word: int
    first_frame: int
    frames: int = 1


@dataclass(slots=True)
class Tally:
    octets: int = 0
    frames: int = 0
    frames_by_version: Counter[int] = field(default_factory=Counter)
    channels: dict[ChannelKey, ChannelTally] = field(default_factory=dict)
    masters: dict[tuple[str, int], MasterTally] = field(default_factory=dict)
    packets: dict[PacketKey, PacketTally] = field(default_factory=dict)
    control_runs: list[ControlRun] = field(default_factory=list)
    control_runs_left_out: int = 0
    rejections: Counter[Reason] = field(default_factory=Counter)
    beyond: int = 0  # frames and packets of more channels and APIDs than are kept apart
    _by_first: dict[ChannelKey | None, dict[int, PacketTally]] = field(default_factory=dict)
    _control_open: dict[tuple[str, int], ControlRun] = field(default_factory=dict)

    def channel(self, key: ChannelKey) -> ChannelTally | None:
        """None if there are too many."""
        found = self.channels.get(key)
        if found is None:
            if len(self.channels) >= CHANNELS_MAX:
                self.beyond += 1
                return None
            found = self.channels[key] = ChannelTally()
        return found

    def take_frame(
        self, channel: ChannelTally, source: str, fields: FrameFields, frame: bytes
    ) -> tuple[bool, int]:
        """(a repetition, frames missing before it)."""
        expected = channel.last_count
        step = (fields.channel_count - expected - 1) % fields.modulo if expected >= 0 else 0
        if step and frame == channel.last_frame:
            channel.repeated_frames += 1
            return True, 0
        self.frames += 1
        channel.frames += 1
        channel.last_count, channel.last_frame = fields.channel_count, frame
        if step:
            channel.gaps += 1
            channel.lost_frames += step
        channel.idle_frames += fields.idle
        channel.secondary_headers += fields.secondary_length > 0
        if fields.master_count >= 0:
            self._take_master(source, fields)
        if fields.control_word != NO_WORD:
            channel.control_fields += 1
            self._take_control_word(source, fields.control_word)
        return False, step

    def _take_master(self, source: str, fields: FrameFields) -> None:
        key = (source, fields.spacecraft_id)
        master = self.masters.get(key)
        if master is None:
            master = self.masters[key] = MasterTally()
        master.frames += 1
        if master.last_count >= 0:
            step = (fields.master_count - master.last_count - 1) & 0xFF
            master.gaps += step > 0
            master.lost_frames += step
        master.last_count = fields.master_count

    def _take_control_word(self, source: str, word: int) -> None:
        key = (source, word >> 18 & 0x3F)
        run = self._control_open.get(key)
        if run is not None and run.word == word:
            run.frames += 1
            return
        run = self._control_open[key] = ControlRun(source, word, self.frames - 1)
        if len(self.control_runs) < RUNS_MAX:
            self.control_runs.append(run)
        else:
            self.control_runs_left_out += 1

    def forget_counts(self) -> None:
        """A new contact: what was not heard before it is not a loss."""
        for channel in self.channels.values():
            channel.last_count, channel.last_frame = -1, b""
        for master in self.masters.values():
            master.last_count = -1

    def packet_tallies(self, channel: ChannelKey | None) -> dict[int, PacketTally]:
        """For `take_packet`: of one channel, by the first 16 bits of a packet without its secondary header flag."""
        return self._by_first.setdefault(channel, {})

    def take_packet(self, channel: ChannelKey | None, tallies: dict[int, PacketTally], packet: bytes) -> bool:
        """Whether it ends in a valid CRC-16.  The hot path of bare packets: one call for each."""
        size, first = len(packet), packet[0]
        if first >= ENCAPSULATION_FIRST:
            return self._take_encapsulation(channel, tallies, packet)
        identity = (first & 0xF7) << 8 | packet[1]
        tally = tallies.get(identity)
        good = not crc_hqx(packet, CRC_START)
        if tally is None:
            key = PacketKey(channel, first >> 5, bool(first & 0x10), identity & 0x7FF)
            tally = self._new_packet_tally(tallies, identity, key)
            if tally is None:
                return good
        control = packet[2] << 8 | packet[3]
        tally.packets += 1
        tally.octets += size
        tally.longest = max(tally.longest, size)
        tally.shortest = min(tally.shortest, size)
        tally.flags[control >> 14] += 1
        control &= 0x3FFF
        if control != tally.next_sequence and identity & 0x7FF != IDLE_APID:
            _note_break(tally, control)
        tally.next_sequence = (control + 1) & 0x3FFF
        tally.crc_ok += good
        if first & 0x08:
            tally.secondary_headers += 1
            if good and size >= PUS_SHORTEST:
                version = packet[6] >> 4
                if version in PUS_VERSIONS:
                    kind = (version, packet[7], packet[8])
                    if kind in tally.kinds or len(tally.kinds) < KINDS_MAX:
                        tally.kinds[kind] += 1
                    else:
                        tally.kinds_left_out += 1
        return good

    def _take_encapsulation(
        self, channel: ChannelKey | None, tallies: dict[int, PacketTally], packet: bytes
    ) -> bool:
        size, protocol = len(packet), packet[0] >> 2 & 7
        identity = ENCAPSULATION_FIRST << 8 | protocol
        tally = tallies.get(identity)
        if tally is None:
            key = PacketKey(channel, ENCAPSULATION_VERSION, False, protocol)
            tally = self._new_packet_tally(tallies, identity, key)
        if tally is not None:
            tally.packets += 1
            tally.octets += size
            tally.longest, tally.shortest = max(tally.longest, size), min(tally.shortest, size)
        return False

    def _new_packet_tally(
        self, tallies: dict[int, PacketTally], identity: int, key: PacketKey
    ) -> PacketTally | None:
        if len(self.packets) >= APIDS_MAX:
            self.beyond += 1
            return None
        found = self.packets[key] = tallies[identity] = PacketTally()
        return found


def _note_break(tally: PacketTally, sequence: int) -> None:
    """Forward is a loss; what goes back was played back, repeated, or began anew."""
    if tally.next_sequence < 0:
        return
    step = (sequence - tally.next_sequence) % SEQUENCE_MODULO
    if step >= SEQUENCE_MODULO // 2:
        tally.backward += 1
    else:
        tally.gaps += 1
        tally.missing += step


def is_idle(key: PacketKey) -> bool:
    return key.apid == (IDLE_PROTOCOL if key.version == ENCAPSULATION_VERSION else IDLE_APID)
