"""Parameters (service 20): reported, and set all or nothing: staged, checked, stored, and only then in force."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from flight.declare import (
    DONE,
    SECOND,
    U8,
    U16,
    U32,
    Access,
    Event,
    Inbox,
    Module,
    Outbox,
    Outcome,
    Priority,
    Refused,
    Request,
    SaveDocument,
    Severity,
    Stored,
    Telemetry,
    Value,
)
from flight.wire.numbers import read_numbers

REPORT, SET = 1, 3
DOCUMENT = "parameters"
STORE_WITHIN_NS = 30 * SECOND
REPORT_BYTES = 800  # of one report; more parameters go into more reports
CHANGES_MAX = 64  # in one request: what a telecommand frame can hold, and what a person can check

Change = tuple[int, Value]


class Parameters(Module):
    """Serves TC[20,1] (report; none listed: all) and TC[20,3] (set)."""

    serves: ClassVar[tuple[int, ...]] = (20,)

    class Inputs(NamedTuple):
        pass

    class Status(Telemetry, period=30):
        """Changes of parameters."""

        sets: U32
        refused: U32
        waiting: U8

    changed = Event(Severity.LOW, "{count} parameters set, first {first}", count=U16, first=U16)

    def __init__(self) -> None:
        self.status = self.Status()
        self.requests: Inbox[Request] = Inbox(8)
        self.staged: tuple[int, int, list[Change]] | None = None  # ticket, command, changes

    def connect(self, access: Access) -> None:
        self.access = access.parameters

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        while (
            self.requests.items and self.staged is None
        ):  # one set at a time, so that none is lost under another
            self._serve(self.requests.items.popleft(), out)

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        if self.staged is None or self.staged[0] != ticket:
            return
        _, ident, changes = self.staged
        self.staged = None
        self.status.waiting = 0
        if not isinstance(result, Stored):
            self._refuse(ident, f"not stored: {type(result).__name__}", out)
            return
        self.access.commit(changes)
        self.status.sets += 1
        out.event(self.changed, len(changes), changes[0][0])
        out.finish(ident, DONE)

    def _serve(self, request: Request, out: Outbox) -> None:
        if request.subtype == REPORT:
            self._end(request.ident, self._report(request.data, out), out)
        elif request.subtype == SET:
            self._stage(request, out)
        else:
            self._refuse(request.ident, f"TC[20,{request.subtype}] is not offered", out)

    def _stage(self, request: Request, out: Outbox) -> None:
        changes = self._read_changes(request.data)
        complaint = changes if isinstance(changes, str) else self.access.complaint(changes)
        if complaint is not None or isinstance(changes, str):
            self._refuse(request.ident, complaint or "", out)
            return
        ticket = out.submit(SaveDocument(DOCUMENT, self.access.document(changes)), STORE_WITHIN_NS)
        self.staged = (ticket, request.ident, changes)
        self.status.waiting = 1

    def _read_changes(self, data: bytes) -> list[Change] | str:
        """A count u16, then number u16 and value each; or what is wrong."""
        if len(data) < 2:
            return "no count"
        (count,) = struct.unpack_from(">H", data)
        if not 1 <= count <= CHANGES_MAX:
            return f"1 to {CHANGES_MAX} parameters at once, not {count}"
        changes: list[Change] = []
        at = 2
        for _ in range(count):
            if len(data) < at + 2:
                return "shorter than its count"
            (number,) = struct.unpack_from(">H", data, at)
            field = self.access.field(number)
            if field is None:
                return f"parameter {number} is unknown"
            if len(data) < at + 2 + field.size:
                return "shorter than its count"
            changes.append((number, struct.unpack_from(">" + field.code, data, at + 2)[0]))
            at += 2 + field.size
        if len(data) != at:
            return f"{len(data) - at} octets too many"
        if len({number for number, _ in changes}) < count:
            return "a parameter is named twice"
        return changes

    def _report(self, data: bytes, out: Outbox) -> Outcome:
        numbers: Sequence[int] | None = read_numbers(data) if data else self.access.numbers()
        if numbers is None:
            return Refused("expected a count u16 and that many parameter numbers u16")
        parts: list[bytes] = []
        for number in numbers:
            field = self.access.field(number)
            if field is None:
                return Refused(f"parameter {number} is unknown")
            parts.append(struct.pack(">H" + field.code, number, self.access.value(number)))
        self._send(parts, out)
        return DONE

    @staticmethod
    def _send(parts: Sequence[bytes], out: Outbox) -> None:
        pending: list[bytes] = []
        for part in parts:
            if sum(map(len, pending)) + len(part) > REPORT_BYTES:
                out.report(20, 2, struct.pack(">H", len(pending)) + b"".join(pending), Priority.EVENT)
                pending = []
            pending.append(part)
        if pending:
            out.report(20, 2, struct.pack(">H", len(pending)) + b"".join(pending), Priority.EVENT)

    def _end(self, ident: int, outcome: Outcome, out: Outbox) -> None:
        self.status.refused += isinstance(outcome, Refused)
        out.finish(ident, outcome)

    def _refuse(self, ident: int, reason: str, out: Outbox) -> None:
        self._end(ident, Refused(reason), out)
