"""Telemetry packets as they came, each to the part of the ground that it is for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flight.dictionary import Dictionary
from ground.decode import EventReport, event_entry, event_text, event_values
from ground.gaps import Coverage, note_absent
from ground.job_ledger import MODULE as JOBS
from ground.job_ledger import Ledger
from ground.limits import LimitMonitor
from ground.listeners import Listeners
from ground.reception import Packet
from ground.restore import BOOTED
from ground.service_reports import REPORTED, ServiceReport
from ground.telemetry import Telemetry
from ground.times import Correlation, Point
from ground.uplink import Uplink

VERIFICATION, EVENTS, STORAGE, ABSENT = 1, 5, 15, 130


class Intake:
    """`time_point` is given what an event tells about the spacecraft's clock."""

    def __init__(
        self,
        dictionary: Dictionary,
        coverage: Sequence[Coverage],
        latest: Telemetry,
        limits: LimitMonitor,
        times: Correlation,
        uplink: Uplink,
        listeners: Listeners,
        ledger: Ledger,
        time_point: Callable[[Point | None, int], None],
    ) -> None:
        self.dictionary, self.coverage, self.latest, self.limits = dictionary, coverage, latest, limits
        self.times, self.uplink, self.listeners, self.ledger = times, uplink, listeners, ledger
        self._time_point = time_point

    def take(self, packets: Sequence[Packet], now_ns: int) -> None:
        newest, limited, listened = self.latest.newest, self.limits.kinds, bool(self.listeners.packets)
        rows = self.ledger.sid
        for packet in packets:
            sid = packet[6]
            if sid < 0:
                self._take_report(packet, now_ns)
                continue
            held = newest.get(sid)
            if held is None or packet[1] >= held[1]:
                newest[sid] = packet
            if sid in limited:
                self.limits.take(packet)
            if sid == rows:
                self.take_row(packet)
            if listened:
                self._queue_reading(packet)

    def take_row(self, packet: Packet) -> None:
        """How one job stands."""
        reading = self.latest.read(packet)
        if reading is not None:
            self.ledger.row(reading.time_ns, reading.values)

    def _queue_reading(self, packet: Packet) -> None:
        reading = self.latest.read(packet)
        if reading is None:
            self.latest.strange += 1
        else:
            self.listeners.queue(self.listeners.packets, reading)

    def _take_report(self, packet: Packet, now_ns: int) -> None:
        service, listeners = packet.service, self.listeners
        if service == EVENTS:
            self._take_event(packet)
        elif service == VERIFICATION:
            self.uplink.verify(packet.subtype, packet.body, now_ns)
        elif service == STORAGE and packet.subtype == ABSENT:
            self.latest.strange += not note_absent(self.coverage, packet.body)
        else:
            for value in self.latest.report(packet):
                listeners.queue(listeners.parameters, value)
            if (service, packet.subtype) in REPORTED:
                report = ServiceReport(*packet[1:4], service, packet.subtype, packet.body)
                listeners.queue(listeners.reports, report)

    def _take_event(self, packet: Packet) -> None:
        entry = event_entry(self.dictionary, packet.body)
        values = None if entry is None else event_values(entry, packet.body)
        if entry is None or values is None:
            self.latest.strange += 1
            return
        if entry.label == BOOTED:
            self._time_point(self.times.rebooted(packet.time_ns), packet.received_ns)
        if entry.module == JOBS:
            self.ledger.event(packet.time_ns, packet.record, entry, values)
        if self.listeners.events:
            text = event_text(entry, values)
            head = (packet.time_ns, packet.received_ns, packet.record)
            self.listeners.queue(self.listeners.events, EventReport(*head, entry.label, packet.subtype, text))
