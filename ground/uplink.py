"""The way up: commands wait for contact, go in order, and end by their answer or by their deadline.

COP-1 carries them (AD frames, `ground.command_link`).  One is on the way until its acceptance is known, so that what
follows finds its effect: arm and execute, upload and start.  After each start of the service the first goes as a BD
frame and is waited for: its security number makes all older frames replays (docs/link.md).  What a service that ended
had not confirmed goes again behind the next start, in its order.  A repeat is the same packet, octet for octet.  The
spacecraft remembers the last 256 commands that it accepted and never runs one of them twice: no command is repeated
after so many others.
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
from ground.command_link import CommandLink
from ground.commanding import CommandError, CommandRecord, Stage

NS = 1_000_000_000
QUEUE_MAX = 256  # a pass carries a few hundred commands; more belongs in a stored sequence
BACKGROUND_MAX = 16  # the ground's own requests; they come again by themselves
HEARD_MAX = 1024  # ended commands that a late report may still move
REPEAT_AFTER_NS = 10 * NS  # light time, two steps, the write of the request id, the report's way down
REPEATS_MAX = 3
ANSWER_EXPECTED_NS = 5 * NS  # of one that nothing went wrong with
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

    def __init__(self, line: CommandLink, changed: Callable[[CommandRecord], None]) -> None:
        self.line, self.changed = line, changed
        self.counters = UplinkCounters()
        self.sequences: dict[int, int] = {}  # APID -> next sequence count
        self.next_number = 1
        self.queue: deque[CommandRecord] = deque()
        self.background: deque[CommandRecord] = deque()
        self.urgent: deque[CommandRecord] = deque()  # past the AD service, by an operator's wish
        self.again: deque[CommandRecord] = deque()  # sent in a service that ended, and not heard of
        self.open: dict[int, CommandRecord] = {}  # by number: sent or scheduled, and not ended
        self.by_request: dict[int, CommandRecord] = {}
        self.under_way: CommandRecord | None = None  # sent, acceptance not yet known
        self.proven = 0  # the start of the service after which a BD command was answered
        self.key_tried_ns = 0  # commands sent since then go under the key on trial
        self._probe_of = 0
        self._sequenced = self._arrived = False  # of what is under way
        self.since_ns = 0  # its answer has been due

    def packet(self, apid: int, service: int, subtype: int, data: bytes, ack: Ack = Ack.ALL) -> bytes:
        """A telecommand packet with the next sequence count of its APID."""
        count = self.sequences.get(apid, 0)
        self.sequences[apid] = (count + 1) % SEQUENCE_MODULO
        return encode_tc(apid, count, service, subtype, data, ack=ack)

    # ---------------------------------------------------------------- taking

    def room(self, label: str) -> None:
        """CommandError if too many wait."""
        if len(self.queue) + len(self.urgent) >= QUEUE_MAX:
            raise CommandError(f"{label}: {QUEUE_MAX} commands wait for contact already")

    def submit(self, record: CommandRecord, now_ns: int, *, bypass: bool = False) -> CommandRecord:
        """Queue it for the next contact; `bypass` takes it past the AD service, which may not come up."""
        self.room(record.label)
        record.deadline_ns = now_ns + QUEUED_LONGEST_NS
        (self.urgent if bypass else self.queue).append(record)
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

    def begin_contact(self, now_ns: int) -> None:
        self.line.begin(now_ns)

    def send(self, now_ns: int) -> bytes:
        """Octets for the line, in contact."""
        parts: list[bytes] = []
        while True:
            self._hand_over(now_ns)
            octets = self.line.take(now_ns)
            if not octets:
                return b"".join(parts)
            parts.append(octets)

    def _hand_over(self, now_ns: int) -> None:
        """Whatever may go now, to the frames below."""
        self._collect(now_ns)
        if self.under_way is not None:
            self._repeat(self.under_way, now_ns)
        elif self.urgent:
            self._begin(self.urgent, now_ns, sequenced=False)
        elif self.line.sequenced_room and self._anything():
            self._begin(self.again or self.queue, now_ns, sequenced=self.line.starts == self.proven)
        elif self.background and not self.queue and self.line.expedited_room:
            record = self._launch(self.background.popleft(), now_ns)
            self.line.expedite(record.number, record.packet, now_ns)

    def _anything(self) -> bool:
        """What may not be sent once more waits for its deadline alone."""
        while self.again and not self._may_repeat(self.again[0]):
            self.again.popleft()
        return bool(self.again or self.queue)

    def _may_repeat(self, record: CommandRecord) -> bool:
        others = self.counters.packets - record.place
        unheard = record.stage is Stage.SENT
        return unheard and record.transmissions <= REPEATS_MAX and others <= REPEAT_WINDOW

    def _begin(self, waiting: deque[CommandRecord], now_ns: int, *, sequenced: bool) -> None:
        """The first after a start of the service goes as BD: answered, it shows that nothing older is to come."""
        if not sequenced and not self.line.expedited_room:
            return
        record = waiting.popleft()
        if record.packet[ACK_AT] & Ack.ACCEPTANCE:
            self.under_way, self._sequenced, self._probe_of = record, sequenced, self.line.starts
        self._transmit(record, now_ns, sequenced=sequenced)

    def _transmit(self, record: CommandRecord, now_ns: int, *, sequenced: bool) -> None:
        self._launch(record, now_ns)
        self.since_ns = now_ns
        self._arrived = not sequenced  # of a BD frame nobody tells: its guard is the answer to its command
        send = self.line.sequence if sequenced else self.line.expedite
        send(record.number, record.packet, now_ns)

    def _launch(self, record: CommandRecord, now_ns: int) -> CommandRecord:
        record.transmissions += 1
        if record.transmissions > 1:
            self.counters.repeats += 1
            return record
        record.first_sent_ns = now_ns
        record.deadline_ns = now_ns + record.answer_within_ns
        self.counters.packets += 1
        record.place = self.counters.packets
        self.open[record.number] = record
        self._enter(record, Stage.SENT, now_ns)
        return record

    def _repeat(self, record: CommandRecord, now_ns: int) -> None:
        """Of an AD frame that has arrived the answer is late: sent again, the spacecraft says it again."""
        due = self._arrived and now_ns >= self.since_ns + REPEAT_AFTER_NS
        room = self.line.sequenced_room if self._sequenced else self.line.expedited_room
        if not due or not room:
            return
        if self._may_repeat(record):
            self._transmit(record, now_ns, sequenced=self._sequenced)
        else:
            self.under_way = None  # it waits for its deadline; the next one may go

    @property
    def idle(self) -> bool:
        """No command is on its way or waits for it, but for the ground's own in the background."""
        return self.under_way is None and not (self.queue or self.urgent or self.again)

    def unanswered(self, now_ns: int) -> bool:
        """A BD command has been under way for longer than its way there and back."""
        waits = self.under_way is not None and not self._sequenced
        return waits and now_ns >= self.since_ns + ANSWER_EXPECTED_NS

    def repeat_now(self, now_ns: int) -> None:
        """What kept it from being taken is mended."""
        self.since_ns = now_ns - REPEAT_AFTER_NS

    def _collect(self, now_ns: int) -> None:
        """How AD transfers ended.  One that is not confirmed goes again, behind a new start of the service."""
        ended, self.line.ended = self.line.ended, []
        for number, arrived in ended:
            record = self.under_way
            if record is None or record.number != number or not self._sequenced:
                continue
            self._arrived, self.since_ns = arrived, now_ns
            if not arrived:
                self.under_way = None
                self.again.append(record)

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
            self.proven = max(self.proven, self._probe_of)
        if self.line.keys.vault.trials and record.first_sent_ns >= self.key_tried_ns > 0:
            self.line.keys.confirm(now_ns)
        if record.report(Report(subtype), now_ns, found.failure, found.detail):
            if record.ended:
                self.open.pop(record.number, None)
            else:
                self.open[record.number] = record  # also one that was given up and is heard of after all
                record.deadline_ns = now_ns + record.answer_within_ns  # sooner, if it was released sooner
            self.changed(record)

    def on_deadline(self, now_ns: int) -> None:
        """Whatever has waited too long ends as `no answer`."""
        self.line.on_deadline(now_ns)
        if self.queue or self.urgent:
            self._end_queued(now_ns)
        if self.open:
            for record in [one for one in self.open.values() if now_ns >= one.deadline_ns]:
                self._give_up(record, now_ns, f"{record.stage.value}, then nothing")

    def _end_queued(self, now_ns: int) -> None:
        for waiting in (self.urgent, self.queue):
            while waiting and now_ns >= waiting[0].deadline_ns:
                self._give_up(waiting.popleft(), now_ns, "never sent: no contact in time")
        absent = self.line.absent_since(now_ns)
        while self.queue:
            record = self.queue[0]
            if now_ns < max(absent, record.stages[0][1]) + record.answer_within_ns:
                return
            self._give_up(self.queue.popleft(), now_ns, "never sent: the command link did not come up")

    def end_scheduled(self, record: CommandRecord, now_ns: int, reason: str) -> None:
        """It will not be released; nothing to do if it already was."""
        if record.stage is Stage.SCHEDULED:
            self._enter(record, Stage.FAILED, now_ns, reason)

    def end_contact(self, now_ns: int) -> None:
        self.line.end(now_ns)
        self._collect(now_ns)
        while self.background:
            self._give_up(self.background.popleft(), now_ns, "never sent: the contact ended")

    def _give_up(self, record: CommandRecord, now_ns: int, reason: str) -> None:
        if record is self.under_way:
            self.under_way = None
        self.counters.no_answer += 1
        self._enter(record, Stage.NO_ANSWER, now_ns, reason)
