"""What telemetry says now: the newest packet of each kind, parameters and schedule as last reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flight.dictionary import Dictionary, compile_decoder
from ground.decode import Reading, packet_length, parameter_values, schedule_entries
from ground.reception import Packet

PARAMETERS, PARAMETER_REPORT = 20, 2
SCHEDULE, SCHEDULE_REPORT = 11, 13
STATUS, HASH = "executive.status", "dictionary_hash"


class ParameterValue(NamedTuple):
    """As reported at `time_ns` (mission clock)."""

    label: str
    value: int | float | bool
    time_ns: int
    received_ns: int


class Scheduled(NamedTuple):
    """A time-tagged command on board; `release_ns` on the mission clock."""

    release_ns: int
    request_id: int


class Telemetry(Mapping[str, Reading]):
    """By label, the newest of each kind by generation time.  Decoded when somebody looks."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self.newest: dict[int, Packet] = {}
        self.parameters: dict[str, ParameterValue] = {}
        self.scheduled: tuple[Scheduled, ...] = ()
        self.scheduled_ns = -1  # mission time of that report
        self.strange = 0  # packets and reports that do not fit the dictionary
        self._decoders = {
            entry.sid: (compile_decoder(entry), packet_length(entry), entry.label)
            for entry in dictionary.packets
        }

    def __getitem__(self, label: str) -> Reading:
        entry = self.dictionary.packets_by_label.get(label)
        packet = self.newest.get(entry.sid) if entry else None
        reading = self.read(packet) if packet else None
        if reading is None:
            raise KeyError(label)
        return reading

    def __iter__(self) -> Iterator[str]:
        entries = self.dictionary.packets_by_sid
        return (entries[sid].label for sid, packet in self.newest.items() if self.read(packet) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def read(self, packet: Packet) -> Reading | None:
        """None for one that the dictionary does not know, or knows otherwise."""
        decoder = self._decoders.get(packet.sid)
        if decoder is None or len(packet.octets) != decoder[1]:
            return None
        return Reading(
            decoder[2], packet.time_ns, packet.received_ns, packet.record, decoder[0](packet.octets)
        )

    def report(self, packet: Packet) -> list[ParameterValue]:
        """A report that is no housekeeping; the parameters in it."""
        if (packet.service, packet.subtype) == (PARAMETERS, PARAMETER_REPORT):
            return self._parameters(packet)
        if (packet.service, packet.subtype) == (SCHEDULE, SCHEDULE_REPORT):
            self._schedule(packet)
        return []

    def _parameters(self, packet: Packet) -> list[ParameterValue]:
        found = parameter_values(self.dictionary, packet.body)
        if found is None:
            self.strange += 1
            return []
        values = [ParameterValue(label, value, packet.time_ns, packet.received_ns) for label, value in found]
        for one in values:
            held = self.parameters.get(one.label)
            if held is None or one.time_ns >= held.time_ns:
                self.parameters[one.label] = one
        return values

    def _schedule(self, packet: Packet) -> None:
        """A long list comes in several reports of the same time."""
        found = schedule_entries(packet.body)
        if found is None:
            self.strange += 1
        elif packet.time_ns >= self.scheduled_ns:
            before = self.scheduled if packet.time_ns == self.scheduled_ns else ()
            self.scheduled = tuple(sorted({*before, *(Scheduled(*entry) for entry in found)}))
            self.scheduled_ns = packet.time_ns

    def dictionary_hash(self) -> int | None:
        """As the spacecraft reports it; None while it has not."""
        status = self.get(STATUS)
        if status is None:
            return None
        value = getattr(status.values, HASH, None)
        return value if isinstance(value, int) else None
