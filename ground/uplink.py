"""The way up: commands wait for contact, go one at a time, are repeated while unheard, and end by their deadline.

One command is on the way until its acceptance is known, so that a repeat can never overtake a later command.  A
repeat is the same packet, octet for octet.  The spacecraft remembers the last 256 commands that it accepted and never
runs one of them twice: no command is repeated after so many others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flight.wire import (
    SEQUENCE_MODULO,
    Ack,
    Rejection,
    Report,
    decode_verification,
    encode_tc,
)
from flight.wire.telecommand_link import TelecommandLink, clear_frame
from ground.commanding import CommandError, CommandRecord, Stage

NS = 1_000_000_000
QUEUE_MAX = 256  # a pass carries a few hundred commands; more belongs in a stored sequence
BACKGROUND_MAX = 16  # the ground's own requests; they come again by themselves
HEARD_MAX = 1024  # ended commands that a late report may still move
REPEAT_AFTER_NS = 10 * NS  # light time, two steps, the write of the request id, the report's way down
REPEATS_MAX = 3
REPEAT_WINDOW = 255  # other packets since the first transmission: one less than the spacecraft's memory
QUEUED_LONGEST_NS = 12 * 3600 * NS  # several passes; an older order no longer fits what it was meant for
ACK_AT = 6  # the octet of a telecommand packet that holds the acknowledgement flags


@dataclass(slots=True)
class UplinkCounters:
    """For the link page."""

    packets: int = 0  # each counted once
    repeats: int = 0
    no_answer: int = 0
    strange_reports: int = 0  # of a command that is not ours, or is long over


class Uplink:
    """All commands that have not ended, and the last that have.  `changed` is told of every new stage."""

    def __init__(
        self, spacecraft_id: int, link: TelecommandLink, changed: Callable[[CommandRecord], None]
    ) -> None:
        self.spacecraft_id, self.link, self.changed = spacecraft_id, link, changed
        self.counters = UplinkCounters()
        self.sequences: dict[int, int] = {}  # APID -> next sequence count
        self.next_number = 1
        self.queue: deque[CommandRecord] = deque()
        self.background: deque[CommandRecord] = deque()
        self.open: dict[int, CommandRecord] = {}  # by number: sent or scheduled, and not ended
        self.by_request: dict[int, CommandRecord] = {}
        self.under_way: CommandRecord | None = None  # sent, acceptance not yet known
        self._others_before = 0  # packets sent before that one

    def packet(self, apid: int, service: int, subtype: int, data: bytes, ack: Ack = Ack.ALL) -> bytes:
        """A telecommand packet with the next sequence count of its APID."""
        count = self.sequences.get(apid, 0)
        self.sequences[apid] = (count + 1) % SEQUENCE_MODULO
        return encode_tc(apid, count, service, subtype, data, ack=ack)

    # ---------------------------------------------------------------- taking

    def room(self, label: str) -> None:
        """CommandError if too many wait."""
        if len(self.queue) >= QUEUE_MAX:
            raise CommandError(f"{label}: {QUEUE_MAX} commands wait for contact already")

    def submit(self, record: CommandRecord, now_ns: int) -> CommandRecord:
        """Queue it for the next contact."""
        self.room(record.label)
        record.deadline_ns = now_ns + QUEUED_LONGEST_NS
        self.queue.append(record)
        self._follow(record)
        self._enter(record, Stage.QUEUED, now_ns)
        return record

    def submit_background(self, record: CommandRecord, now_ns: int) -> None:
        """The ground's own: behind every operator's, never repeated, dropped when the contact ends."""
        if len(self.background) < BACKGROUND_MAX:
            self.background.append(record)
            self._follow(record)
            self._enter(record, Stage.QUEUED, now_ns)

    def follow_scheduled(self, record: CommandRecord, release_ns: int, now_ns: int) -> CommandRecord:
        """A command that rides in another one and is released on board at about `release_ns`, ground time."""
        record.deadline_ns = release_ns + record.answer_within_ns
        self._follow(record)
        self.open[record.number] = record
        self._enter(record, Stage.SCHEDULED, now_ns)
        return record

    def new_record(
        self, packet: bytes, label: str, text: str, source: str, answer_within_ns: int
    ) -> CommandRecord:
        request_id = int.from_bytes(packet[:4], "big")
        record = CommandRecord(self.next_number, label, text, source, packet, request_id, answer_within_ns)
        self.next_number += 1
        return record

    def restore(
        self, records: Iterable[CommandRecord], next_number: int, counts: dict[int, int], now_ns: int
    ) -> None:
        """Go on where an earlier ground ended.  What it had queued is not sent, what it had sent is not repeated."""
        self.next_number = next_number
        self.sequences = dict(counts)
        for record in records:
            self._follow(record)
            if record.stage is Stage.QUEUED:
                self._give_up(record, now_ns, "never sent: the ground was restarted")
            elif not record.ended:
                self.open[record.number] = record

    def _follow(self, record: CommandRecord) -> None:
        """The newest of a request id is meant by its reports; the oldest that ended make room."""
        self.by_request.pop(record.request_id, None)
        self.by_request[record.request_id] = record
        if len(self.by_request) > HEARD_MAX + QUEUE_MAX:
            ended = [request for request, old in self.by_request.items() if old.ended]
            for request in ended[:QUEUE_MAX]:
                del self.by_request[request]

    def _enter(self, record: CommandRecord, stage: Stage, now_ns: int, reason: str = "") -> None:
        record.enter(stage, now_ns, reason)
        if record.ended:
            self.open.pop(record.number, None)
        self.changed(record)

    # ---------------------------------------------------------------- sending

    def send(self, now_ns: int) -> bytes:
        """Octets for the line, in contact."""
        if self.under_way is not None:
            return self._repeat(self.under_way, now_ns)
        if self.queue:
            record = self.queue.popleft()
            if record.packet[ACK_AT] & Ack.ACCEPTANCE:
                self.under_way, self._others_before = record, self.counters.packets + 1
            return self._first(record, now_ns)
        return b"".join(self._first(self.background.popleft(), now_ns) for _ in range(len(self.background)))

    def _first(self, record: CommandRecord, now_ns: int) -> bytes:
        record.first_sent_ns = now_ns
        record.deadline_ns = now_ns + record.answer_within_ns
        record.transmissions = 1
        self.counters.packets += 1
        self.open[record.number] = record
        self._enter(record, Stage.SENT, now_ns)
        return self._frame(record)

    def _repeat(self, record: CommandRecord, now_ns: int) -> bytes:
        if now_ns < record.first_sent_ns + record.transmissions * REPEAT_AFTER_NS:
            return b""
        others = self.counters.packets - self._others_before
        if record.transmissions > REPEATS_MAX or others > REPEAT_WINDOW:
            self.under_way = None  # it waits for its deadline; the next one may go
            return b""
        record.transmissions += 1
        self.counters.repeats += 1
        return self._frame(record)

    def _frame(self, record: CommandRecord) -> bytes:
        return self.unit(record.packet)

    def unit(self, packet: bytes) -> bytes:
        """A packet as it goes to the line, expedited: of a command, or one that needs no answer."""
        return self.link.unit(clear_frame(self.spacecraft_id, self.link, packet))

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
            if record.ended:
                self.open.pop(record.number, None)
            else:
                self.open[record.number] = record  # also one that was given up and is heard of after all
                record.deadline_ns = max(record.deadline_ns, now_ns + record.answer_within_ns)
            self.changed(record)

    def on_deadline(self, now_ns: int) -> None:
        """Whatever has waited too long ends as `no answer`."""
        while self.queue and now_ns >= self.queue[0].deadline_ns:
            self._give_up(self.queue.popleft(), now_ns, "never sent: no contact in time")
        for record in [one for one in self.open.values() if now_ns >= one.deadline_ns]:
            self._give_up(record, now_ns, f"{record.stage.value}, then nothing")

    def end_scheduled(self, record: CommandRecord, now_ns: int, reason: str) -> None:
        """It will not be released; nothing to do if it already was."""
        if record.stage is Stage.SCHEDULED:
            self._enter(record, Stage.FAILED, now_ns, reason)

    def end_contact(self, now_ns: int) -> None:
        while self.background:
            self._give_up(self.background.popleft(), now_ns, "never sent: the contact ended")

    def _give_up(self, record: CommandRecord, now_ns: int, reason: str) -> None:
        if record is self.under_way:
            self.under_way = None
        self.counters.no_answer += 1
        self._enter(record, Stage.NO_ANSWER, now_ns, reason)
