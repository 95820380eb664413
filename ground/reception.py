"""Octets of the links to telemetry packets, each taken once: the hot path of the ground.

A record number names one packet for ever, so a packet that comes live and by playback, or over two stations, is
taken the first time and counted after that.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from struct import Struct
from typing import NamedTuple

from flight.dictionary import Dictionary
from flight.wire import (
    CRC_START,
    TM_OVERHEAD,
    TM_PREFIX_FORMAT,
    TM_PREFIX_LENGTH,
    LinkCounters,
    ReceivedPacket,
    TmFrameConfig,
    TmReceiver,
)
from flight.wire.coding import TmCodec
from flight.wire.sdls import SecurityCounters, Vault
from ground.gaps import Coverage
from ground.opening import FrameOpener, floors_of, joined
from ground.parity_arrays import parity

NS = 1_000_000_000
COUNT_BITS = 56
COUNT_MASK = (1 << COUNT_BITS) - 1
HOUSEKEEPING, HOUSEKEEPING_REPORT = 3, 25
NO_SID = -1
STATIONS_MAX = 32  # more names than that come from a slip, and would each hold a receiver
FINE_ROUND_UP = (1 << 24) - 1
PUS_VERSION = 2
LIVE, FILES = 0, 2  # virtual channels; what is played back comes on 1
_prefix = Struct(TM_PREFIX_FORMAT + "H").unpack_from
_new_tuple = tuple.__new__


class Packet(NamedTuple):
    """One packet, as it stands in the archive.  `time_ns` mission clock, `received_ns` ground clock; `sid` or -1."""

    record: int
    time_ns: int
    received_ns: int
    apid: int
    service: int
    subtype: int
    sid: int
    octets: bytes

    @property
    def body(self) -> bytes:
        return self.octets[TM_PREFIX_LENGTH:-2]


@dataclass(slots=True)
class ReceptionCounters:
    """Beside the link's own."""

    packets: int = 0  # taken
    duplicates: int = 0
    bad_packets: int = 0  # damaged, or of no store that we know


class Reception:
    """All links of one spacecraft.

    Each station has its own receiver, so that two in sight at once do not disturb each other's frame counts; a new
    contact begins with new ones, since what a station did not hear between passes is not a loss of its link.
    """

    def __init__(
        self, dictionary: Dictionary, coverage: Sequence[Coverage], vault: Vault | None = None
    ) -> None:
        """`vault` holds the keys of protected channels; without, nothing of those is taken."""
        self.config = TmFrameConfig(dictionary.spacecraft_id, dictionary.frame_length)
        self.codec = TmCodec(dictionary.coding, parity)
        self.coverage = coverage
        self.counters = ReceptionCounters()
        self.live_low = [-1] * len(coverage)  # of this contact, by store: the first count on the live channel
        self.played_high = [-1] * len(coverage)  # the highest one played back
        self.file_packets: list[bytes] = []  # of the last reception: space packets of channel 2, as they came
        self.live_ns = -1  # mission time of the last live packet of the last reception, -1 if there was none
        self.security_link = dictionary.telemetry
        self._receivers: dict[str, TmReceiver] = {}
        self._past = LinkCounters()  # of the contacts before this one
        self._openers: dict[str, FrameOpener] = {}  # where channels are protected
        self._past_security = SecurityCounters()
        self._vault = vault or Vault()
        self._floors = floors_of(self._vault)

    def begin_contact(self) -> None:
        self._floors = floors_of(self._vault)
        self._past, self._past_security = self.link, self.security
        self._receivers.clear()
        self._openers.clear()
        for marks in (self.live_low, self.played_high):
            marks[:] = [-1] * len(marks)

    @property
    def security(self) -> SecurityCounters:
        """Of protected telemetry, as `link`."""
        return joined([self._past_security, *(opener.counters for opener in self._openers.values())])

    @property
    def link(self) -> LinkCounters:
        """Of all stations and contacts together."""
        return added([self._past, *(receiver.counters for receiver in self._receivers.values())])

    @property
    def receivers(self) -> Mapping[str, TmReceiver]:
        """Of this contact, by station."""
        return self._receivers

    def receive(self, data: bytes, now_ns: int, station: str) -> tuple[list[Packet], list[bytes]]:
        """(packets that are new, good frames)."""
        receiver = self._receiver(station)
        packets = self.take(receiver.receive(data), now_ns)
        return packets, receiver.frames

    def replay(self, frames: Iterable[bytes], time_ns: int, station: str) -> list[Packet]:
        """The same for frames out of the archive."""
        receiver = self._receiver(station)
        return [packet for frame in frames for packet in self.take(receiver.receive_frame(frame), time_ns)]

    def _receiver(self, station: str) -> TmReceiver:
        receiver = self._receivers.get(station)
        if receiver is None:
            if len(self._receivers) >= STATIONS_MAX:
                self._forget(next(iter(self._receivers)))
            opener = None
            if self.security_link.protected:
                spacecraft_id = self.config.spacecraft_id
                opener = FrameOpener(spacecraft_id, self.security_link, self._vault, self._floors)
                self._openers[station] = opener
            receiver = TmReceiver(self.config, self.codec, opener.open if opener else None)
            self._receivers[station] = receiver
        return receiver

    def _forget(self, station: str) -> None:
        self._past = added([self._past, self._receivers.pop(station).counters])
        opener = self._openers.pop(station, None)
        if opener is not None:
            self._past_security = joined([self._past_security, opener.counters])

    def take(self, received: Iterable[ReceivedPacket], now_ns: int) -> list[Packet]:
        """The new ones.  One loop without calls of ours: a call per packet costs a tenth of a day's reception."""
        taken: list[Packet] = []
        coverage, stores = self.coverage, len(self.coverage)
        live_low, played_high = self.live_low, self.played_high
        bad = duplicates = 0
        live_ns = -1
        self.file_packets = []
        for vc, octets in received:
            if vc == FILES:
                self.file_packets.append(octets)
                continue
            size = len(octets)
            if size < TM_OVERHEAD or crc_hqx(octets, CRC_START):
                bad += 1
                continue
            # Of an empty body the last of these is the checksum, and nobody reads it.
            identity, _, length, version, service, subtype, _, _, seconds, high, low, record, sid = _prefix(
                octets
            )
            store, count = record >> COUNT_BITS, record & COUNT_MASK
            if store >= stores or identity >> 11 != 1 or version >> 4 != PUS_VERSION or length + 7 != size:
                bad += 1
                continue
            if vc == LIVE:
                if live_low[store] < 0:
                    live_low[store] = count
            elif count > played_high[store]:
                played_high[store] = count
            if not coverage[store].received.add(count):
                duplicates += 1
                continue
            if service != HOUSEKEEPING or subtype != HOUSEKEEPING_REPORT:
                sid = NO_SID
            time_ns = seconds * NS + (((high << 8 | low) * NS + FINE_ROUND_UP) >> 24)
            if vc == LIVE:
                live_ns = time_ns
            row = (record, time_ns, now_ns, identity & 0x7FF, service, subtype, sid, octets)
            taken.append(_new_tuple(Packet, row))
        self.live_ns = live_ns
        counters = self.counters
        counters.bad_packets += bad
        counters.duplicates += duplicates
        counters.packets += len(taken)
        return taken


def added(counters: Sequence[LinkCounters]) -> LinkCounters:
    """The sums."""
    total = LinkCounters()
    for one in counters:
        for field in fields(LinkCounters):
            value = getattr(one, field.name)
            if isinstance(value, Counter):
                getattr(total, field.name).update(value)
            else:
                setattr(total, field.name, getattr(total, field.name) + value)
    return total
