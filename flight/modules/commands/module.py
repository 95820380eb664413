"""Telecommands: received, checked, made safe against repetition, executed, and always answered.

The order is the promise: a telecommand is checked, its request id goes to disk, and only then is its acceptance
reported and the command run.  So a power cut can lose a command, which the ground sees as no answer, but can never
run one twice, nor forget one that was acknowledged.
"""

from __future__ import annotations

from collections import deque
from typing import Annotated, NamedTuple

from flight.declare import (
    DONE,
    SECOND,
    U8,
    U16,
    U32,
    Access,
    Boot,
    Call,
    Complaint,
    Done,
    Event,
    Inbox,
    Invocation,
    Module,
    Octets,
    Outbox,
    Outcome,
    Overflow,
    Parameter,
    Priority,
    Refused,
    Request,
    Severity,
    Signals,
    Stored,
    Telemetry,
    Waiting,
    command,
    unit,
)
from flight.modules.commands.arming import Armed
from flight.modules.commands.ledger import Answer, Ledger, Open
from flight.modules.commands.seen import WAITING_MAX, Known, Taken, identity_of
from flight.wire import Ack, Failure, Rejection, TcPacket, decode_tc, encode_verification
from flight.wire.file_packets import is_file_packet

PACKETS_MAX = (
    256  # a second of the shortest telecommands at 115,200 baud; the uplink hands them on in the same tick
)
RELEASED_MAX = 32  # time-tagged commands and sequence steps that fall due in one second
VERIFICATION = 1
FUNCTION_MANAGEMENT, PERFORM_FUNCTION = 8, 1
TEST, ARE_YOU_ALIVE, ALIVE = 17, 1, 2


class Commands(Module):
    """The one door for telecommands, from the ground or released on board."""

    wakes = ("telecommands", "outcomes", "released")

    class Inputs(NamedTuple):
        mode: int

    class Outputs(Signals):
        last_command_age_s: U32

    class Status(Telemetry, period=10):
        """Telecommands received, taken, refused and open."""

        received: U32
        accepted: U32
        refused: U32
        completed: U32
        failed: U32
        timed_out: U32
        duplicates: U32
        bad_packets: U32
        released_on_board: U32
        open_now: U8
        armed: U8
        last_request: U32
        last_code: U8
        since_last_s: Annotated[U32, unit("s")]

    answer_within = Parameter(60, unit="s", low=1, high=3600, about="then a command ends as timed out")
    arm_window = Parameter(60, unit="s", low=1, high=600, about="execute must follow arm within this time")

    rejected = Event(
        Severity.LOW, "telecommand rejected, code {code}, request {request}", code=U8, request=U32
    )
    armed_function = Event(
        Severity.MEDIUM, "function {function} armed for {seconds} s", function=U16, seconds=U16
    )
    arming_expired = Event(Severity.LOW, "arming of function {function} expired", function=U16)
    timed_out = Event(Severity.MEDIUM, "command {request} had no outcome in time", request=U32)

    def __init__(self) -> None:
        self.outputs = self.Outputs()
        self.status = self.Status()
        self.status.refresh = self._show
        self.taken = Taken()
        self.kept = self.taken.kept
        self.telecommands: Inbox[bytes] = Inbox(PACKETS_MAX)
        self.released: Inbox[bytes] = Inbox(RELEASED_MAX)
        self.outcomes: Inbox[tuple[int, Outcome]] = Inbox(4 * WAITING_MAX, Overflow.DROP_OLDEST)
        self.armed = Armed()
        self.ledger = Ledger()
        self.waiting: deque[tuple[TcPacket, int]] = deque()  # (command, ticket of its request id's write)
        self.last_at = 0
        self.mode = 0

    def connect(self, access: Access) -> None:
        self.access = access

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        self.last_at = now
        self.taken.load()

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        self.mode = sees.mode
        if self.outcomes.items:
            self._settle(now, out)
        if self.telecommands.items:
            for packet in self.telecommands.drain():
                self._take(now, packet, out)
        if self.released.items:
            for packet in self.released.drain():
                self._release(now, packet, out)
        if self.ledger.open:
            self._watch(now, out)
        for function in self.armed.expire(now) if self.armed.until else ():
            out.event(self.arming_expired, function)
        self.outputs.last_command_age_s = (now - self.last_at) // SECOND

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        """The request ids up to `ticket` are on disk, or are not going to be."""
        saved = isinstance(result, Stored)
        while self.waiting and self.waiting[0][1] <= ticket:
            packet, _ = self.waiting.popleft()
            if saved:
                self.taken.accept(identity_of(packet))
                self._run(now, packet, out)
            else:
                self.taken.drop(identity_of(packet))
                self._refuse(packet, Complaint(Failure.STORAGE, type(result).__name__), out)

    # ---------------------------------------------------------------- taking

    def _take(self, now: int, raw: bytes, out: Outbox) -> None:
        if is_file_packet(raw):
            out.post("files.uplink", raw)
            return
        self.status.received += 1
        packet = decode_tc(raw)
        if isinstance(packet, Rejection):
            self.status.bad_packets += 1
            return
        identity = identity_of(packet)
        known = self.taken.look(identity)
        if known is not None:
            self._repeat(packet, known, out)
            return
        complaint = self.ledger.refusals.get(identity) or self._complaint(now, packet)
        if complaint is not None:
            self.ledger.remember_refusal(identity, complaint)
            self._refuse(packet, complaint, out)
            return
        self.taken.take(identity)
        self.waiting.append((packet, out.keep()))
        self.last_at = now

    def _repeat(self, packet: TcPacket, known: Known, out: Outbox) -> None:
        """The ground has not seen our answer, or the line has doubled the frame: say again what was said.

        After a reboot there may be an acceptance and no final answer, and of one that was on its way to disk not even
        that is known: then nothing is said, the ground comes to "no answer", and a person decides.
        """
        self.status.duplicates += 1
        if known is not Known.ACCEPTED:
            return
        if packet.ack & Ack.ACCEPTANCE:
            out.report(VERIFICATION, 1, encode_verification(packet.request_id), Priority.CRITICAL)
        answer = self.ledger.recent.get(identity_of(packet))
        if answer is not None and packet.ack & Ack.COMPLETION:
            out.report(VERIFICATION, answer.subtype, answer.body, Priority.CRITICAL)

    def _complaint(self, now: int, packet: TcPacket) -> Complaint | None:
        """Everything that can be known before the command runs."""
        if packet.apid not in self.access.apids:
            return Complaint(Failure.UNKNOWN_APID, f"APID {packet.apid}")
        if self.ledger.full() or len(self.waiting) >= WAITING_MAX:
            return Complaint(Failure.QUEUE_FULL, f"{len(self.ledger.open)} commands are open")
        if packet.service == FUNCTION_MANAGEMENT and packet.subtype == PERFORM_FUNCTION:
            return self._function_complaint(now, packet.data)
        if (packet.service, packet.subtype) == (TEST, ARE_YOU_ALIVE) or packet.service in self.access.servers:
            return None
        return Complaint(Failure.UNKNOWN_SERVICE, f"TC[{packet.service},{packet.subtype}]")

    def _function_complaint(self, now: int, data: bytes) -> Complaint | None:
        checked = self.access.catalog.check(data, self.mode)
        if isinstance(checked, Complaint) or not checked.hazardous:
            return checked if isinstance(checked, Complaint) else None
        state = self.armed.state(checked.function, now)
        if state is None:
            return Complaint(Failure.NOT_ARMED, f"{checked.label} is hazardous: arm it first")
        return None if state else Complaint(Failure.ARM_EXPIRED, f"{checked.label} was armed too long ago")

    def _refuse(self, packet: TcPacket, complaint: Complaint, out: Outbox) -> None:
        self.status.refused += 1
        self.status.last_request, self.status.last_code = packet.request_id, complaint.code
        out.event(self.rejected, complaint.code, packet.request_id)
        if packet.ack & Ack.ACCEPTANCE:
            body = encode_verification(packet.request_id, complaint.code, complaint.reason.encode())
            out.report(VERIFICATION, 2, body, Priority.CRITICAL)

    # ---------------------------------------------------------------- running

    def _release(self, now: int, raw: bytes, out: Outbox) -> None:
        """A command released on board: same checks, no repetition guard (each release is one decision on board)."""
        self.status.released_on_board += 1
        packet = decode_tc(raw)
        if isinstance(packet, Rejection):
            self.status.bad_packets += 1
            return
        complaint = self._complaint(now, packet)
        if complaint is not None:
            self._refuse(packet, complaint, out)
        else:
            self._run(now, packet, out, on_board=True)

    def _run(self, now: int, packet: TcPacket, out: Outbox, *, on_board: bool = False) -> None:
        self.status.accepted += 1
        self.status.last_request, self.status.last_code = packet.request_id, 0
        deadline = now + self.answer_within * SECOND
        identity = 0 if on_board else identity_of(packet)
        entry = self.ledger.begin(packet.request_id, packet.ack, deadline, identity)
        self._tell(entry, 1, Ack.ACCEPTANCE, out)
        if packet.service == TEST:
            out.report(TEST, ALIVE, b"")
            self._end(entry.ident, DONE, out)
        elif packet.service == FUNCTION_MANAGEMENT:
            self._perform(now, entry, packet, out)
        else:
            self._tell(entry, 3, Ack.START, out)
            server = self.access.servers[packet.service]
            request = Request(entry.ident, packet.service, packet.subtype, packet.data, packet.source)
            out.post(f"{server}.requests", request)

    def _perform(self, now: int, entry: Open, packet: TcPacket, out: Outbox) -> None:
        complaint = self._function_complaint(now, packet.data)  # again: mode or arming may have changed since
        checked = self.access.catalog.check(packet.data, self.mode)
        if complaint is not None or isinstance(checked, Complaint):
            self._end(entry.ident, Refused(complaint.reason if complaint else "no longer possible"), out)
            return
        if checked.hazardous:
            self.armed.spend(checked.function)
        self._tell(entry, 3, Ack.START, out)
        out.invoke(Invocation(entry.ident, checked.function, checked.arguments, packet.source))

    # ---------------------------------------------------------------- answering

    def _settle(self, now: int, out: Outbox) -> None:
        for ident, outcome in self.outcomes.drain():
            if isinstance(outcome, Waiting):
                self.ledger.extend(ident, now + outcome.within_ns)
            else:
                self._end(ident, outcome, out)

    def _end(self, ident: int, outcome: Outcome, out: Outbox) -> None:
        entry = self.ledger.end(ident)
        if entry is None:
            return
        if isinstance(outcome, Done):
            self.status.completed += 1
            self._final(entry, Answer(7, encode_verification(entry.request)), out)
            return
        self.status.failed += 1
        reason = outcome.reason if isinstance(outcome, Refused) else "no outcome"
        self._fail(entry, Failure.EXECUTION, reason, out)

    def _watch(self, now: int, out: Outbox) -> None:
        for entry in self.ledger.overdue(now):
            self.status.timed_out += 1
            out.event(self.timed_out, entry.request)
            self._fail(entry, Failure.TIMEOUT, "no outcome in time", out)

    def _tell(self, entry: Open, subtype: int, flag: Ack, out: Outbox) -> None:
        if entry.wants & flag:
            out.report(VERIFICATION, subtype, encode_verification(entry.request), Priority.CRITICAL)

    def _fail(self, entry: Open, code: Failure, reason: str, out: Outbox) -> None:
        self.status.last_code = code
        self._final(entry, Answer(8, encode_verification(entry.request, code, reason.encode())), out)

    def _final(self, entry: Open, answer: Answer, out: Outbox) -> None:
        self.ledger.remember(entry, answer)
        if entry.wants & Ack.COMPLETION:
            out.report(VERIFICATION, answer.subtype, answer.body, Priority.CRITICAL)

    def _show(self) -> None:
        status = self.status
        status.open_now, status.armed = len(self.ledger.open), len(self.armed.until)
        status.since_last_s = self.outputs.last_command_age_s

    # ---------------------------------------------------------------- commands

    @command()
    def arm(self, call: Call, out: Outbox, function: U16) -> Outcome:
        """Arm a hazardous function: the next telecommand may execute it, once, within the arming window."""
        if not self.armed.arm(function, call.now + self.arm_window * SECOND):
            return Refused("too many functions are armed; disarm first")
        out.event(self.armed_function, function, self.arm_window)
        return DONE

    @command()
    def disarm(self, call: Call, out: Outbox) -> Outcome:
        """Disarm everything."""
        self.armed.disarm_all()
        return DONE

    @command()
    def dry_run(self, call: Call, out: Outbox, telecommand: Octets) -> Outcome:
        """Check a whole telecommand packet as if it had come now, without running it."""
        packet = decode_tc(telecommand)
        if isinstance(packet, Rejection):
            return Refused(f"{packet.reason.value}: {packet.detail}")
        complaint = self._complaint(call.now, packet)
        return Refused(complaint.reason) if complaint else DONE

    @command()
    def nothing(self, call: Call, out: Outbox) -> Outcome:
        """Do nothing, and say so: shows that the whole way of a command works."""
        return DONE
