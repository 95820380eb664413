"""Time-tagged commands (service 11, plain part): insert, delete, list, enable, disable.

Release times are on the mission clock, so no step of UTC can fire or stall one.  A command is taken off the disk
before it is released: a power cut in between loses it, with an event, and can never run it twice.
"""

from __future__ import annotations

import struct
from typing import ClassVar, NamedTuple

from flight.declare import (
    DONE,
    SECOND,
    U8,
    U32,
    Access,
    Boot,
    Event,
    Inbox,
    Module,
    Outbox,
    Outcome,
    Parameter,
    Refused,
    Request,
    SaveDocument,
    Severity,
    Stored,
    Telemetry,
)
from flight.wire import Rejection, decode_tc, encode_cuc
from flight.wire.timed import Timed, pack_timed, read_some, read_timed

ENABLE, DISABLE, RESET, INSERT, DELETE, LIST, LISTED = 1, 2, 3, 4, 5, 17, 13
DOCUMENT = "schedule"
ENTRIES_MAX = 64  # a day's passes and housekeeping; more belongs in a sequence
TAKE_AHEAD_NS = (
    5 * SECOND
)  # taken off the disk this long before release, so that a slow disk does not delay it
STORE_WITHIN_NS = 30 * SECOND
LISTED_EACH = 40


class Schedule(Module):
    """Holds telecommand packets until their time on the mission clock."""

    serves: ClassVar[tuple[int, ...]] = (11,)

    class Inputs(NamedTuple):
        pass

    class Status(Telemetry, period=30):
        """Time-tagged commands."""

        enabled: bool
        held: U8
        released: U32
        late: U32
        next_release_s: U32

    late_after = Parameter(
        10, unit="s", low=1, high=3600, about="later than that, a command is dropped, not released"
    )

    dropped_late = Event(
        Severity.MEDIUM, "time-tagged command {request} dropped, {late_s} s late", request=U32, late_s=U32
    )
    lost_in_reboot = Event(
        Severity.MEDIUM, "{count} time-tagged commands were being released at the reboot", count=U8
    )

    def __init__(self) -> None:
        self.status = self.Status()
        self.status.enabled = True
        self.requests: Inbox[Request] = Inbox(8)
        self.held: list[Timed] = []  # on disk, by release time
        self.taken: list[Timed] = []  # off the disk, about to be released
        self.writing: int | None = None
        self.before: tuple[list[Timed], list[Timed]] | None = None  # held and taken, if the write fails
        self.after_write: list[tuple[int, Outcome]] = []

    def connect(self, access: Access) -> None:
        document = access.documents.get(DOCUMENT)
        found = read_document(document) if document else None
        self.found = found or ([], [])

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        self.held, taken = self.found
        if taken:
            out.event(self.lost_in_reboot, len(taken))

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        while self.requests.items and self.writing is None:
            self._serve(now, self.requests.items.popleft(), out)
        if (
            self.held
            and self.writing is None
            and self.held[0].at <= now + TAKE_AHEAD_NS
            and self.status.enabled
        ):
            self._take(now, out)
        if self.taken and self.writing is None and self.taken[0].at <= now:
            self._release(now, out)
        status = self.status
        status.held = len(self.held) + len(self.taken)
        status.next_release_s = self.held[0].at // SECOND if self.held else 0

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        if ticket != self.writing:
            return
        self.writing = None
        stored = isinstance(result, Stored)
        if not stored and self.before is not None:  # what is not on the disk has not happened
            self.held, self.taken = self.before
        self.before = None
        for ident, outcome in self.after_write:
            out.finish(ident, outcome if stored else Refused("not stored"))
        self.after_write = []

    # ---------------------------------------------------------------- releasing

    def _take(self, now: int, out: Outbox) -> None:
        """Off the disk, or else tried again: one that could come back after a reboot must not be released."""
        self.before = (self.held, self.taken.copy())
        due = [entry for entry in self.held if entry.at <= now + TAKE_AHEAD_NS]
        self.held = self.held[len(due) :]
        self.taken += due
        self._write(out)

    def _release(self, now: int, out: Outbox) -> None:
        due = [entry for entry in self.taken if entry.at <= now]
        self.taken = self.taken[len(due) :]
        for entry in due:
            late = (now - entry.at) // SECOND
            if late > self.late_after:
                self.status.late += 1
                out.event(self.dropped_late, entry.request, late)
            else:
                self.status.released += 1
                out.post("commands.released", entry.packet)
        self._write(out)

    def _write(self, out: Outbox) -> None:
        self.writing = out.submit(SaveDocument(DOCUMENT, document_of(self.held, self.taken)), STORE_WITHIN_NS)

    # ---------------------------------------------------------------- requests

    def _serve(self, now: int, request: Request, out: Outbox) -> None:
        before = (self.held, self.taken)
        outcome, changed = self._perform(now, request, out)
        if changed:
            self.before = before
            self._write(out)
            self.after_write.append((request.ident, outcome))
        else:
            out.finish(request.ident, outcome)

    def _perform(self, now: int, request: Request, out: Outbox) -> tuple[Outcome, bool]:
        if request.subtype in (ENABLE, DISABLE):
            self.status.enabled = request.subtype == ENABLE
            return DONE, False
        if request.subtype == RESET:
            self.held = []
            return DONE, True
        if request.subtype == INSERT:
            return self._insert(now, request.data)
        if request.subtype == DELETE:
            return self._delete(request.data)
        if request.subtype == LIST:
            self._list(out)
            return DONE, False
        return Refused(f"TC[11,{request.subtype}] is not offered"), False

    def _insert(self, now: int, data: bytes) -> tuple[Outcome, bool]:
        entries = read_timed(data)
        if entries is None:
            return Refused("expected a count u8, then time CUC 4+3 and a telecommand packet each"), False
        for entry in entries:
            if isinstance(decode_tc(entry.packet), Rejection):
                return Refused(f"telecommand {entry.request:#x} is not sound"), False
            if entry.at <= now + TAKE_AHEAD_NS:
                return Refused(f"release in {(entry.at - now) // SECOND} s is too soon"), False
        if len(self.held) + len(entries) > ENTRIES_MAX:
            return Refused(f"{ENTRIES_MAX} time-tagged commands at most"), False
        self.held = sorted([*self.held, *entries], key=_release_time)
        return DONE, True

    def _delete(self, data: bytes) -> tuple[Outcome, bool]:
        if len(data) < 1 or len(data) != 1 + 4 * data[0]:
            return Refused("expected a count u8 and that many request ids u32"), False
        wanted = set(struct.unpack_from(f">{data[0]}I", data, 1))
        absent = wanted - {entry.request for entry in self.held}
        if absent:
            return Refused(f"request {min(absent):#x} is not held"), False
        self.held = [entry for entry in self.held if entry.request not in wanted]
        return DONE, True

    def _list(self, out: Outbox) -> None:
        for start in range(0, max(1, len(self.held)), LISTED_EACH):
            part = self.held[start : start + LISTED_EACH]
            rows = b"".join(encode_cuc(entry.at) + struct.pack(">I", entry.request) for entry in part)
            out.report(11, LISTED, bytes([len(part)]) + rows)


def _release_time(entry: Timed) -> int:
    return entry.at


def document_of(held: list[Timed], taken: list[Timed]) -> bytes:
    return pack_timed(held) + pack_timed(taken)


def read_document(document: bytes) -> tuple[list[Timed], list[Timed]] | None:
    """None if it makes no sense; storage has already checked its CRC."""
    held = read_some(document)
    if held is None:
        return None
    taken = read_timed(document[held[1] :])
    return None if taken is None else (held[0], taken)
