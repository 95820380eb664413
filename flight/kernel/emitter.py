"""From what modules say to space packets: sequence counts, message counters, record numbers, time stamps."""

from __future__ import annotations

import struct
from binascii import crc_hqx
from collections.abc import Sequence

from flight.declare import SECOND, Inbox, Priority, Report, Telemetry
from flight.dictionary import Dictionary, PacketEntry, compile_encoder
from flight.wire import TM_PREFIX_FORMAT

STORE_SHIFT = 56  # record number: the store in the top octet, the count within it below
PREFIX = struct.Struct(TM_PREFIX_FORMAT)
CRC_SIZE = 2

Emitted = tuple[int, bytes]
"""(record number, whole packet): what goes to the recorder and to the downlink."""


class HousekeepingSlot:
    """One housekeeping packet of one module: its encoder, and whether it is switched on."""

    __slots__ = ("apid", "counter", "enabled", "encode", "entry", "packet", "priority")

    def __init__(self, entry: PacketEntry, packet: Telemetry, apid: int) -> None:
        self.entry = entry
        self.packet = packet
        self.apid = apid
        self.encode = compile_encoder(entry, apid)
        self.enabled = True
        self.counter = 0


class Emitter:
    """Numbers and packs every telemetry packet, and puts it where it is recorded and sent."""

    def __init__(
        self, dictionary: Dictionary, boxes: Sequence[Inbox[Emitted]], first_counts: Sequence[int]
    ) -> None:
        self.apids = [apid for _, apid in dictionary.modules]
        self.sequences = dict.fromkeys(self.apids, 0)
        self.counters: dict[tuple[int, int, int], int] = {}
        self.next_counts = list(first_counts)
        self.boxes = tuple(boxes)
        self.emitted = 0
        self.now = 0  # the time of all packets until the executive sets another
        self._stamped = -1
        self._second = self._fine = self._fraction = 0

    def _stamp(self) -> None:
        """CUC 4+3, rounded down (CCSDS 301.0-B); only for ticks that send something."""
        self._stamped = self.now
        self._second, rest = divmod(self.now, SECOND)
        fine = (rest << 24) // SECOND
        self._fine, self._fraction = fine >> 8, fine & 0xFF

    def housekeeping(self, slot: HousekeepingSlot) -> None:
        if self.now != self._stamped:
            self._stamp()
        if slot.packet.refresh is not None:
            slot.packet.refresh()
        apid = slot.apid
        sequence = self.sequences[apid]
        self.sequences[apid] = (sequence + 1) & 0x3FFF
        counter = slot.counter
        slot.counter = (counter + 1) & 0xFFFF
        count = self.next_counts[Priority.HOUSEKEEPING]
        self.next_counts[Priority.HOUSEKEEPING] = count + 1
        record = HOUSEKEEPING_BASE | count
        packet = slot.encode(slot.packet, sequence, counter, self._second, self._fine, self._fraction, record)
        emitted = (record, packet)
        self.emitted += 1
        for box in self.boxes:
            box.put(emitted)

    def report(self, origin: int, report: Report) -> None:
        if self.now != self._stamped:
            self._stamp()
        apid = self.apids[origin if report.origin is None else report.origin]
        sequence = self.sequences[apid]
        self.sequences[apid] = (sequence + 1) & 0x3FFF
        key = (apid, report.service, report.subtype)
        counter = self.counters.get(key, 0)
        self.counters[key] = (counter + 1) & 0xFFFF
        store = int(report.priority)
        count = self.next_counts[store]
        self.next_counts[store] = count + 1
        record = (store << STORE_SHIFT) | count
        length = PREFIX.size + len(report.body) + CRC_SIZE - 7
        head = PREFIX.pack(
            0x0800 | apid, 0xC000 | sequence, length, 0x20, report.service, report.subtype, counter, 0,
            self._second, self._fine, self._fraction, record,
        )  # fmt: skip
        packet = head + report.body
        self._deliver((record, packet + crc_hqx(packet, 0xFFFF).to_bytes(CRC_SIZE, "big")))

    def _deliver(self, emitted: Emitted) -> None:
        self.emitted += 1
        for box in self.boxes:
            box.put(emitted)


HOUSEKEEPING_BASE = int(Priority.HOUSEKEEPING) << STORE_SHIFT
