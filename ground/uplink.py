"""The way up: commands wait for contact, go one at a time, are repeated while unheard, and end by their deadline.

One command is on the way until its acceptance is known, so that a repeat can never overtake a later command.  A
repeat is the same packet, octet for octet.  The spacecraft remembers the last 16 request ids that it took and never
runs one of them twice: no command is repeated after so many others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from flight.wire import (
    SEQUENCE_MODULO,
    Ack,
    PacketType,
    Rejection,
    Report,
    attach_start_sequence,
    decode_verification,
    encode_tc,
    encode_tc_frame,
    packet_id,
)
from ground.commanding import CommandError, CommandRecord, Stage

NS = 1_000_000_000
QUEUE_MAX = 256  # a pass carries a few hundred commands; more belongs in a stored sequence
OPEN_MAX = 1024  # open and lately ended ones that a late report may still move
REPEAT_AFTER_NS = 10 * NS  # light time, two ticks, the write of the request id, the report's way down
REPEATS_MAX = 3
REPEAT_WINDOW = 15  # other packets since the first transmission: one less than the spacecraft's memory
QUEUED_LONGEST_NS = 12 * 3600 * NS  # several passes; an older order no longer fits what it was meant for
CHANNEL = 0


@dataclass
class UplinkCounters:
    """For the link page."""

    packets: int = 0
    repeats: int = 0
    unheard: int = 0  # ended without an answer
    strange_reports: int = 0  # of a command that is not ours, or is long over


@dataclass
class Uplink:
    """All commands that have not ended, and the last that have.  `changed` is told of every new stage."""

    spacecraft_id: int
    changed: Callable[[CommandRecord], None]
    sequences: dict[int, int] = field(default_factory=dict)  # APID -> next sequence count
    next_number: int = 1
    counters: UplinkCounters = field(default_factory=UplinkCounters)
    queue: deque[CommandRecord] = field(default_factory=deque)
    by_request: dict[int, CommandRecord] = field(default_factory=dict)
    under_way: CommandRecord | None = None  # sent, acceptance not yet known
    restored: set[int] = field(default_factory=set)  # numbers of commands sent before this ground started

    def packet(self, apid: int, service: int, subtype: int, data: bytes, ack: Ack = Ack.ALL) -> bytes:
        """A telecommand packet with the next sequence count of its APID."""
        count = self.sequences.get(apid, 0)
        self.sequences[apid] = (count + 1) % SEQUENCE_MODULO
        return encode_tc(apid, count, service, subtype, data, ack=ack)

    def submit(
        self, packet: bytes, label: str, text: str, source: str, answer_within_ns: int, now_ns: int
    ) -> CommandRecord:
        """Queue it for the next contact.  CommandError if too many wait."""
        if len(self.queue) >= QUEUE_MAX:
            raise CommandError(f"{label}: {QUEUE_MAX} commands wait for contact already")
        record = self._record(packet, label, text, source, answer_within_ns)
        record.deadline_ns = now_ns + QUEUED_LONGEST_NS
        self.queue.append(record)
        self._enter(record, Stage.QUEUED, now_ns)
        return record

    def schedule(
        self,
        packet: bytes,
        label: str,
        text: str,
        source: str,
        release_ns: int,
        answer_within_ns: int,
        now_ns: int,
    ) -> CommandRecord:
        """Follow a command that rides in another one and is released on board at about `release_ns`, ground time."""
        record = self._record(packet, label, text, source, answer_within_ns)
        record.deadline_ns = release_ns + answer_within_ns
        self._enter(record, Stage.SCHEDULED, now_ns)
        return record

    def _record(
        self, packet: bytes, label: str, text: str, source: str, answer_within_ns: int
    ) -> CommandRecord:
        request_id = int.from_bytes(packet[:4], "big")
        record = CommandRecord(self.next_number, label, text, source, packet, request_id, answer_within_ns)
        self.next_number += 1
        self._follow(record)
        return record

    def _follow(self, record: CommandRecord) -> None:
        """The newest of a request id is meant by its reports; the oldest that ended make room."""
        self.by_request.pop(record.request_id, None)
        self.by_request[record.request_id] = record
        if len(self.by_request) > OPEN_MAX:
            ended = [request for request, old in self.by_request.items() if old.ended]
            for request in ended[: len(self.by_request) - OPEN_MAX]:
                del self.by_request[request]

    def _enter(self, record: CommandRecord, stage: Stage, now_ns: int, reason: str = "") -> None:
        record.enter(stage, now_ns, reason)
        self.changed(record)

    # ---------------------------------------------------------------- sending

    def send(self, now_ns: int) -> bytes:
        """Octets for the line, in contact: the command on the way again if it is due, else the next one."""
        again = self.under_way
        if again is not None:
            return self._repeat(again, now_ns)
        if not self.queue:
            return b""
        record = self.queue.popleft()
        record.first_sent_ns = now_ns
        record.deadline_ns = now_ns + record.answer_within_ns
        if wants_acceptance(record.packet):
            self.under_way = record
        octets = self._frame(record)
        self._enter(record, Stage.SENT, now_ns)
        return octets

    def _repeat(self, record: CommandRecord, now_ns: int) -> bytes:
        due = record.first_sent_ns + record.transmissions * REPEAT_AFTER_NS
        if now_ns < due:
            return b""
        if record.transmissions > REPEATS_MAX:
            self.under_way = None  # it waits for its deadline; the next one may go
            return b""
        self.counters.repeats += 1
        return self._frame(record)

    def _frame(self, record: CommandRecord) -> bytes:
        record.transmissions += 1
        self.counters.packets += 1
        return attach_start_sequence(encode_tc_frame(self.spacecraft_id, CHANNEL, record.packet))

    # ---------------------------------------------------------------- hearing

    def verify(self, subtype: int, body: bytes, now_ns: int) -> None:
        """A report of service 1."""
        found = decode_verification(subtype, body)
        record = None if isinstance(found, Rejection) else self.by_request.get(found.request_id)
        if isinstance(found, Rejection) or record is None:
            self.counters.strange_reports += 1
            return
        if record is self.under_way:
            self.under_way = None
        if record.report(Report(subtype), now_ns, found.failure, found.detail):
            self.changed(record)

    def on_deadline(self, now_ns: int) -> None:
        """Whatever has waited too long ends as `no answer`."""
        while self.queue and now_ns >= self.queue[0].deadline_ns:
            self._give_up(self.queue.popleft(), now_ns, "never sent: no contact in time")
        for record in [r for r in self.by_request.values() if not r.ended and r.stage is not Stage.QUEUED]:
            if now_ns >= record.deadline_ns:
                self._give_up(record, now_ns, f"{record.stage.value}, then nothing")

    def _give_up(self, record: CommandRecord, now_ns: int, reason: str) -> None:
        if record is self.under_way:
            self.under_way = None
        self.counters.unheard += 1
        self._enter(record, Stage.NO_ANSWER, now_ns, reason)


def wants_acceptance(packet: bytes) -> bool:
    return bool(packet[6] & Ack.ACCEPTANCE)


def request_id_of(apid: int, sequence: int) -> int:
    return packet_id(PacketType.TELECOMMAND, apid) << 16 | 0xC000 | sequence
