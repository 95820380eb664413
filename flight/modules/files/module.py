"""Files between ground and spacecraft: the link's end of CFDP.  The protocol itself runs in the files worker.

One turn of the worker is under way at a time: what came up goes in, and what the line can take comes out.  A turn that
is lost with its worker costs PDUs, as the line does, and the protocol repairs both.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, NamedTuple

from flight.declare import (
    DONE,
    SECOND,
    U8,
    U16,
    U32,
    U64,
    Access,
    Call,
    Event,
    Failed,
    Inbox,
    Module,
    Octets,
    Outbox,
    Outcome,
    Refused,
    Severity,
    Telemetry,
    Waiting,
    command,
    unit,
)
from flight.declare.filing import (
    DAMAGED,
    FileFigures,
    FileNotice,
    ListFiles,
    Ordered,
    RemoveFile,
    SendFile,
    Steer,
    SteerFile,
    Turn,
    Turned,
)
from flight.wire import SEQUENCE_MODULO, PacketType
from flight.wire.cfdp import Condition, Indication, safe_name
from flight.wire.file_packets import encode_file_packet, longest_pdu, pdu_of

UPLINK_MAX = 256  # PDUs that wait for a turn: a second of 1 Mbit/s in PDUs of 512 octets
ROOM_MAX = 256 * 1024  # octets asked for in one turn: what the pipe carries without holding up the next one
TURN_WITHIN_NS = 30 * SECOND  # an SD card was measured to stall a sync for many seconds
AGAIN_AFTER_NS = SECOND  # after a turn that failed; the worker backs off by itself
ORDERS_MAX = 8  # under way


class Ending(IntEnum):
    """How a transaction ended: the condition codes of CFDP (727.0-B-5, table 5-5)."""

    GOOD = Condition.NO_ERROR
    POSITIVE_ACK_LIMIT = Condition.POSITIVE_ACK_LIMIT
    KEEP_ALIVE_LIMIT = Condition.KEEP_ALIVE_LIMIT
    TRANSMISSION_MODE = Condition.TRANSMISSION_MODE
    FILESTORE_REJECTION = Condition.FILESTORE_REJECTION
    FILE_CHECKSUM = Condition.FILE_CHECKSUM
    FILE_SIZE = Condition.FILE_SIZE
    NAK_LIMIT = Condition.NAK_LIMIT
    INACTIVITY = Condition.INACTIVITY
    FILE_STRUCTURE = Condition.FILE_STRUCTURE
    CHECK_LIMIT = Condition.CHECK_LIMIT
    CHECKSUM_TYPE = Condition.CHECKSUM_TYPE
    SUSPENDED = Condition.SUSPENDED
    CANCELLED = Condition.CANCELLED


class Files(Module):
    """Takes files from the ground and sends them there, one PDU in a packet, below everything else on the line."""

    wakes = ("uplink", "ordered")

    class Inputs(NamedTuple):
        carrier: bool
        file_room: int
        file_room_age: int

    class Glance(NamedTuple):
        file_room: int
        file_room_age: int

    class Status(Telemetry, period=30):
        """Transactions open and ended, octets and requests for repair, and how full the store is."""

        sending: U8
        receiving: U8
        suspended: U8
        files_sent: U32
        files_received: U32
        failed: U32
        faults: U32
        pdus_received: U32
        pdus_sent: U32
        octets_received: Annotated[U64, unit("octets")]
        octets_sent: Annotated[U64, unit("octets")]
        naks_received: U32
        naks_sent: U32
        rejected_pdus: U32
        stray_pdus: U32
        lost_pdus: U32
        bad_packets: U32
        refused_transactions: U32
        stored: Annotated[U64, unit("octets")]
        quota: Annotated[U64, unit("octets")]
        store_errors: U32
        journal_errors: U32
        failed_turns: U32

    class Kept(Telemetry, period=300):
        """Stored files against the checksums kept of them: how much was read for that, and what did not hold."""

        damaged: U32
        read: Annotated[U64, unit("octets")]
        rounds: U32
        unreadable: U32

    sent = Event(
        Severity.INFO, "file of transaction {source}-{sequence} is on the ground", source=U16, sequence=U32
    )
    received = Event(
        Severity.INFO, "file of transaction {source}-{sequence} is on board", source=U16, sequence=U32
    )
    failed = Event(
        Severity.LOW,
        "transaction {source}-{sequence} ended without its file: {ending}",
        source=U16,
        sequence=U32,
        ending=Ending,
    )
    damaged = Event(Severity.MEDIUM, "stored file {name} does not hold its checksum", name=Octets)
    suspended = Event(Severity.INFO, "transaction {source}-{sequence} is suspended", source=U16, sequence=U32)
    resumed = Event(Severity.INFO, "transaction {source}-{sequence} goes on", source=U16, sequence=U32)

    def __init__(self, notices: str = "") -> None:
        """`notices` names the inbox of another module that is told what becomes of files."""
        self.told_too = notices
        self.status = self.Status()
        self.kept = self.Kept()
        self.status.refresh, self.kept.refresh = self._show, self._show_kept
        self.uplink: Inbox[bytes] = Inbox(UPLINK_MAX)  # telecommand packets of our APID
        self.ordered: Inbox[None] = Inbox(ORDERS_MAX)  # another module has given the worker an order
        self.figures = FileFigures()
        self.orders: dict[int, int] = {}  # ticket -> command
        self.turning = 0  # the ticket of the turn under way
        self.due = 0  # the worker wants a turn by then
        self.moving = False  # some file is on its way
        self.carrier = False  # as the worker was told
        self.posted_at = -1  # when packets were last handed to the downlink
        self.sequence = 0

    def connect(self, access: Access) -> None:
        self.longest = longest_pdu(access.coding.frame_length)

    def glance(self, now: int, file_room: int, file_room_age: int) -> bool:
        """Between whole seconds: whether there is anything to give to the worker, or to get for the line."""
        if self.turning:
            return False
        return now >= self.due or (self.moving and self._wants_room(now, file_room, file_room_age))

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        if self.turning:
            return
        if self.ordered.drain():
            self.due = now
        room = self._room(now, sees)
        if self.uplink.items or now >= self.due or sees.carrier != self.carrier or room:
            self.carrier = sees.carrier
            found = [pdu_of(packet, PacketType.TELECOMMAND) for packet in self.uplink.drain()]
            pdus = tuple(pdu for pdu in found if pdu is not None)
            self.status.bad_packets += len(found) - len(pdus)
            self.turning = out.submit(Turn(now, sees.carrier, room, pdus), TURN_WITHIN_NS)

    def _room(self, now: int, sees: Inputs) -> int:
        """Octets of PDUs that the downlink takes; none before it has counted what it was given last."""
        if not (sees.carrier and self._wants_room(now, sees.file_room, sees.file_room_age)):
            return 0
        return min(sees.file_room, ROOM_MAX)

    def _wants_room(self, now: int, file_room: int, file_room_age: int) -> bool:
        return self.moving and file_room >= self.longest and now - file_room_age > self.posted_at

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        if ticket == self.turning:
            self.turning = 0
            self._turned(now, result, out)
        elif ticket in self.orders:
            ident = self.orders.pop(ticket)
            self.due = now
            if isinstance(result, Ordered):
                out.finish(ident, DONE)
            else:
                reason = (
                    result.reason if isinstance(result, Failed) else f"files worker: {type(result).__name__}"
                )
                out.finish(ident, Refused(reason))

    def _turned(self, now: int, result: object, out: Outbox) -> None:
        if not isinstance(result, Turned):
            self.status.failed_turns += 1
            self.due = now + AGAIN_AFTER_NS
            return
        self.due, self.figures = result.deadline, result.figures
        self.moving = bool(result.figures.sending or result.figures.receiving)
        for pdu in result.pdus:
            out.post("downlink.files", encode_file_packet(PacketType.TELEMETRY, self.sequence, pdu))
            self.sequence = (self.sequence + 1) % SEQUENCE_MODULO
        if result.pdus:
            self.posted_at = now
        for notice in result.notices:
            self._tell(notice, out)
            if self.told_too:
                out.post(self.told_too, notice)

    def _tell(self, notice: FileNotice, out: Outbox) -> None:
        status, (what, source, sequence, condition, _) = self.status, notice
        if what == Indication.SENT.name:
            status.files_sent += 1
            out.event(self.sent, source, sequence)
        elif what == Indication.RECEIVED.name:
            status.files_received += 1
            out.event(self.received, source, sequence)
        elif what == Indication.FAILED.name:
            status.failed += 1
            out.event(self.failed, source, sequence, condition)
        elif what == Indication.SUSPENDED.name:
            out.event(self.suspended, source, sequence)
        elif what == Indication.RESUMED.name:
            out.event(self.resumed, source, sequence)
        elif what == DAMAGED:
            out.event(self.damaged, notice.name.encode("latin-1", "replace"))
        elif what == Indication.FAULT.name:
            status.faults += 1

    def _show(self) -> None:
        status, figures = self.status, self.figures
        status.sending, status.receiving, status.suspended = (
            figures.sending,
            figures.receiving,
            figures.suspended,
        )
        status.pdus_received, status.pdus_sent = figures.pdus_received, figures.pdus_sent
        status.octets_received, status.octets_sent = figures.octets_received, figures.octets_sent
        status.naks_received, status.naks_sent = figures.naks_received, figures.naks_sent
        status.rejected_pdus, status.stray_pdus = figures.rejected, figures.strays
        status.refused_transactions = figures.refused
        status.stored, status.quota = figures.stored_octets, figures.quota_octets
        status.store_errors, status.journal_errors = figures.store_errors, figures.journal_errors
        status.lost_pdus = self.uplink.dropped

    def _show_kept(self) -> None:
        kept, figures = self.kept, self.figures
        kept.damaged, kept.unreadable = figures.damaged, figures.unreadable
        kept.read, kept.rounds = figures.read_octets, figures.rounds

    # ---------------------------------------------------------------- commands

    def _order(self, call: Call, request: object, out: Outbox) -> Outcome:
        if len(self.orders) >= ORDERS_MAX:
            return Refused(f"{ORDERS_MAX} orders are under way")
        self.orders[out.submit(request, TURN_WITHIN_NS)] = call.ident
        return Waiting(TURN_WITHIN_NS)

    @command()
    def send(self, call: Call, out: Outbox, acknowledged: bool, name: Octets) -> Outcome:
        """Send a file to the ground, where it gets the same name; acknowledged (class 2): what is lost is repaired."""
        found = safe_name(name)
        if found is None:
            return Refused("file name not allowed")
        return self._order(call, SendFile(call.now, found, acknowledged), out)

    @command()
    def list(self, call: Call, out: Outbox, folder: Octets) -> Outcome:
        """Send a list of the files in and below a folder, of all if empty, as the file listings/FOLDER.txt."""
        found = safe_name(folder.rstrip(b"/")) if folder else ""
        if found is None:
            return Refused("folder name not allowed")
        return self._order(call, ListFiles(call.now, found), out)

    @command()
    def remove(self, call: Call, out: Outbox, name: Octets) -> Outcome:
        """Remove a file that is not being sent."""
        found = safe_name(name)
        if found is None:
            return Refused("file name not allowed")
        return self._order(call, RemoveFile(call.now, found), out)

    @command()
    def suspend(self, call: Call, out: Outbox, source: U16, sequence: U32) -> Outcome:
        """Suspend this end of a transaction: entity that sends, and its number."""
        return self._order(call, SteerFile(call.now, Steer.SUSPEND, source, sequence), out)

    @command()
    def resume(self, call: Call, out: Outbox, source: U16, sequence: U32) -> Outcome:
        """Let a suspended transaction go on."""
        return self._order(call, SteerFile(call.now, Steer.RESUME, source, sequence), out)

    @command()
    def cancel(self, call: Call, out: Outbox, source: U16, sequence: U32) -> Outcome:
        """End a transaction at both ends; an incomplete file is removed."""
        return self._order(call, SteerFile(call.now, Steer.CANCEL, source, sequence), out)
