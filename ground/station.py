"""The ground: joins link, archive, values, limits, commanding and gaps.  Sans-I/O but for its archive."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable, Mapping
from struct import Struct
from typing import NamedTuple

from flight.dictionary import Dictionary, compile_decoder, unpack_arguments
from flight.wire import CRC_START, TM_PREFIX_FORMAT, Ack, Rejection, TmFrameConfig, TmReceiver, decode_tm
from ground.commanding import (
    ANSWER_WITHIN_S,
    CommandRecord,
    command_text,
    find_command,
    function_data,
)
from ground.gaps import Coverage
from ground.uplink import Uplink

NS = 1_000_000_000
HOUSEKEEPING, HOUSEKEEPING_REPORT = 3, 25
VERIFICATION, EVENTS, STORAGE, ABSENT = 1, 5, 15, 130
COUNT_BITS = 56
COUNT_MASK = (1 << COUNT_BITS) - 1
_prefix = Struct(TM_PREFIX_FORMAT + "H").unpack_from
_range = Struct(">BQQ")


class Reading(NamedTuple):
    """The newest packet of a kind: `values` is a namedtuple in the dictionary's order, times in ns."""

    label: str
    time_ns: int
    received_ns: int
    record: int
    values: tuple[int | float | bool, ...]


class EventReport(NamedTuple):
    """An event as it was reported; `time_ns` on the mission clock."""

    time_ns: int
    received_ns: int
    record: int
    label: str
    severity: int
    text: str


class Ground:
    """One spacecraft's ground."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self.receiver = TmReceiver(TmFrameConfig(dictionary.spacecraft_id, dictionary.frame_length))
        self.coverage = [Coverage() for _ in dictionary.stores]
        self.uplink = Uplink(dictionary.spacecraft_id, self._command_changed)
        self.on_command: list[Callable[[CommandRecord], None]] = []
        self.on_event: list[Callable[[EventReport], None]] = []
        self.on_packet: list[Callable[[Reading], None]] = []
        self.in_contact = False
        self.bad_packets = 0
        self.duplicates = 0
        self.packets = 0
        self._newest: dict[int, tuple[int, int, int, bytes]] = {}
        self._decoders = {entry.sid: compile_decoder(entry) for entry in dictionary.packets}

    # ---------------------------------------------------------------- the link

    def contact(self, up: bool, now_ns: int) -> None:
        self.in_contact = up

    def receive(self, data: bytes, now_ns: int, station: str = "") -> None:
        for _, packet in self.receiver.receive(data):
            self._take(packet, now_ns)

    def send(self, now_ns: int) -> bytes:
        return self.uplink.send(now_ns) if self.in_contact else b""

    def on_deadline(self, now_ns: int) -> None:
        self.uplink.on_deadline(now_ns)

    # ---------------------------------------------------------------- telemetry

    def _take(self, packet: bytes, now_ns: int) -> None:
        if len(packet) < 32 or crc_hqx(packet, CRC_START):
            self._take_other(packet, now_ns)
            return
        _, _, _, _, service, subtype, _, _, seconds, high, low, record, sid = _prefix(packet)
        store = record >> COUNT_BITS
        if store >= len(self.coverage):
            self.bad_packets += 1
            return
        if not self.coverage[store].received.add(record & COUNT_MASK):
            self.duplicates += 1
            return
        self.packets += 1
        if service == HOUSEKEEPING and subtype == HOUSEKEEPING_REPORT:
            time = seconds << 24 | high << 8 | low
            newest = self._newest.get(sid)
            if newest is None or time >= newest[0]:
                self._newest[sid] = (time, now_ns, record, packet)
            return
        self._take_report(packet, now_ns)

    def _take_other(self, packet: bytes, now_ns: int) -> None:
        """Too short to hold a number after its prefix, or damaged."""
        found = decode_tm(packet)
        if isinstance(found, Rejection) or found.record >> COUNT_BITS >= len(self.coverage):
            self.bad_packets += 1
            return
        if self.coverage[found.record >> COUNT_BITS].received.add(found.record & COUNT_MASK):
            self.packets += 1

    def _take_report(self, packet: bytes, now_ns: int) -> None:
        found = decode_tm(packet)
        if isinstance(found, Rejection):
            self.bad_packets += 1
        elif found.service == VERIFICATION:
            self.uplink.verify(found.subtype, found.body, now_ns)
        elif found.service == EVENTS:
            self._take_event(found.time_ns, now_ns, found.record, found.subtype, found.body)
        elif (found.service, found.subtype) == (STORAGE, ABSENT) and len(found.body) == _range.size:
            store, first, last = _range.unpack(found.body)
            if store < len(self.coverage) and first <= last:
                self.coverage[store].absent.add_range(first, last)

    def _take_event(self, time_ns: int, now_ns: int, record: int, severity: int, body: bytes) -> None:
        entry = self.dictionary.events_by_number.get(int.from_bytes(body[:2], "big"))
        values = None if entry is None else unpack_arguments(entry.fields, body[2:])
        if entry is None or values is None:
            self.bad_packets += 1
            return
        text = entry.text.format(**{f.name: v for f, v in zip(entry.fields, values, strict=True)})
        for listener in self.on_event:
            listener(EventReport(time_ns, now_ns, record, entry.label, severity, text))

    # ---------------------------------------------------------------- commands

    def command(
        self,
        label: str,
        arguments: Mapping[str, object] | None = None,
        now_ns: int = 0,
        source: str = "operator",
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> CommandRecord:
        """Check against the dictionary and queue.  CommandError, and nothing sent, if anything does not fit."""
        entry = find_command(self.dictionary, label)
        given = arguments or {}
        data = function_data(entry, given)
        packet = self.uplink.packet(self.dictionary.apids[entry.module], 8, 1, data, Ack.ALL)
        text = command_text(entry, given)
        return self.uplink.submit(packet, label, text, source, int(answer_within_s * NS), now_ns)

    def _command_changed(self, record: CommandRecord) -> None:
        for listener in self.on_command:
            listener(record)
