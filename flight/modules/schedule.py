"""Time-tagged commands (service 11): insert, delete, shift in time, report, enable and disable their release.

Release times are on the mission clock, so no step of UTC can fire or stall one.  A command is taken off the disk
before it is released: a power cut in between loses it, with an event, and can never run it twice.  What changes the
schedule, its switch included, is on the disk before it is reported as completed.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
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
from flight.wire.cuc import CUC_LENGTH
from flight.wire.scheduling import read_offset, read_requests, read_window
from flight.wire.timed import Timed, pack_timed, read_some, read_timed

SERVICE = 11
ENABLE, DISABLE, INSERT = 1, 2, 4
DETAIL_REPORT, SUMMARY_REPORT = 10, 13


class Action(enum.Enum):
    """What is done with the chosen commands."""

    DELETE = 1
    SHIFT = 2
    DETAIL = 3
    SUMMARY = 4


class Choice(enum.Enum):
    """How a request chooses commands; the value is what its data must be."""

    ALL = "no data"
    REQUESTS = "a count u8 and that many request ids u32"
    WINDOW = "a window u8 (0 all, 1 from and to, 2 from, 3 up to) and its times CUC 4+3"


SELECTING = {
    3: (Action.DELETE, Choice.ALL),
    5: (Action.DELETE, Choice.REQUESTS),
    6: (Action.DELETE, Choice.WINDOW),
    15: (Action.SHIFT, Choice.ALL),
    7: (Action.SHIFT, Choice.REQUESTS),
    8: (Action.SHIFT, Choice.WINDOW),
    16: (Action.DETAIL, Choice.ALL),
    9: (Action.DETAIL, Choice.REQUESTS),
    11: (Action.DETAIL, Choice.WINDOW),
    17: (Action.SUMMARY, Choice.ALL),
    12: (Action.SUMMARY, Choice.REQUESTS),
    14: (Action.SUMMARY, Choice.WINDOW),
}
DOCUMENT = "schedule"
ENTRIES_MAX = 64  # a day's passes and housekeeping; more belongs in a sequence
TAKE_AHEAD_NS = (
    5 * SECOND
)  # taken off the disk this long before release, so that a slow disk does not delay it
STORE_WITHIN_NS = 30 * SECOND
LISTED_EACH = 40
DETAIL_BYTES = 900  # in one report, or one command if that is longer
LAST_NS = (2**32 - 1) * SECOND  # the last second that a time code holds


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
        self.before: tuple[list[Timed], list[Timed], bool] | None = (
            None  # held, taken, enabled: if the write fails
        )
        self.after_write: list[tuple[int, Outcome]] = []

    def connect(self, access: Access) -> None:
        document = access.documents.get(DOCUMENT)
        found = read_document(document) if document else None
        self.found = found or Kept([], [], True)

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        self.held, taken, self.status.enabled = self.found
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
        if self.taken and self.writing is None and self.taken[0].at <= now and self.status.enabled:
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
            self.held, self.taken, self.status.enabled = self.before
        self.before = None
        for ident, outcome in self.after_write:
            out.finish(ident, outcome if stored else Refused("not stored"))
        self.after_write = []

    # ---------------------------------------------------------------- releasing

    def _take(self, now: int, out: Outbox) -> None:
        """Off the disk, or else tried again: one that could come back after a reboot must not be released."""
        self.before = (self.held, self.taken.copy(), self.status.enabled)
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
        document = document_of(self.held, self.taken, self.status.enabled)
        self.writing = out.submit(SaveDocument(DOCUMENT, document), STORE_WITHIN_NS)

    # ---------------------------------------------------------------- requests

    def _serve(self, now: int, request: Request, out: Outbox) -> None:
        before = (self.held, self.taken, self.status.enabled)
        outcome = self._perform(now, request, out)
        if outcome is DONE and request.subtype not in REPORTING:
            self.before = before
            self._write(out)
            self.after_write.append((request.ident, outcome))
        else:
            out.finish(request.ident, outcome)

    def _perform(self, now: int, request: Request, out: Outbox) -> Outcome:
        if request.subtype in (ENABLE, DISABLE):
            self.status.enabled = request.subtype == ENABLE
            return DONE
        if request.subtype == INSERT:
            return self._insert(now, request.data)
        if request.subtype not in SELECTING:
            return Refused(f"TC[11,{request.subtype}] is not offered")
        action, choice = SELECTING[request.subtype]
        data, offset = request.data, 0
        if action is Action.SHIFT:
            given = read_offset(data)
            if given is None:
                return Refused(f"expected an offset of {CUC_LENGTH} octets, then {choice.value}")
            data, offset = data[CUC_LENGTH:], given
        chosen = self._chosen(choice, data)
        if isinstance(chosen, Refused):
            return chosen
        if action is Action.DELETE:
            self.held = [entry for entry in self.held if entry not in chosen]
        elif action is Action.SHIFT:
            return self._shift(now, chosen, offset)
        else:
            _report(chosen, action, out)
        return DONE

    def _chosen(self, choice: Choice, data: bytes) -> list[Timed] | Refused:
        """Of those on the disk, by release time.  What is about to be released is out of reach."""
        if choice is Choice.ALL and not data:
            return self.held
        if choice is Choice.REQUESTS:
            wanted = read_requests(data)
            if wanted is not None:
                absent = set(wanted) - {entry.request for entry in self.held}
                if absent:
                    return Refused(f"request {min(absent):#x} is not held")
                return [entry for entry in self.held if entry.request in wanted]
        if choice is Choice.WINDOW:
            window = read_window(data)
            if window is not None:
                return [entry for entry in self.held if window.holds(entry.at)]
        return Refused(f"expected {choice.value}")

    def _shift(self, now: int, chosen: Sequence[Timed], offset: int) -> Outcome:
        """All of them, or none if one would fall due at once or beyond the time code."""
        shifted = [entry._replace(at=entry.at + offset) for entry in chosen]
        for entry in shifted:
            if not now + TAKE_AHEAD_NS < entry.at <= LAST_NS:
                return Refused(
                    f"request {entry.request:#x} would be released in {(entry.at - now) // SECOND} s"
                )
        rest = [entry for entry in self.held if entry not in chosen]
        self.held = sorted([*rest, *shifted], key=_release_time)
        return DONE

    def _insert(self, now: int, data: bytes) -> Outcome:
        entries = read_timed(data)
        if entries is None:
            return Refused("expected a count u8, then time CUC 4+3 and a telecommand packet each")
        for entry in entries:
            if isinstance(decode_tc(entry.packet), Rejection):
                return Refused(f"telecommand {entry.request:#x} is not sound")
            if entry.at <= now + TAKE_AHEAD_NS:
                return Refused(f"release in {(entry.at - now) // SECOND} s is too soon")
        if len(self.held) + len(entries) > ENTRIES_MAX:
            return Refused(f"{ENTRIES_MAX} time-tagged commands at most")
        self.held = sorted([*self.held, *entries], key=_release_time)
        return DONE


REPORTING = [
    subtype for subtype, (action, _) in SELECTING.items() if action in (Action.DETAIL, Action.SUMMARY)
]


def _report(chosen: Sequence[Timed], action: Action, out: Outbox) -> None:
    """Reports of a bounded length; an empty one if nothing was chosen."""
    if action is Action.DETAIL:
        parts, subtype = _parts(chosen), DETAIL_REPORT
        bodies = [pack_timed(part) for part in parts]
    else:
        parts = [chosen[at : at + LISTED_EACH] for at in range(0, len(chosen), LISTED_EACH)] or [()]
        subtype = SUMMARY_REPORT
        bodies = [
            bytes([len(part)]) + b"".join(encode_cuc(one.at) + struct.pack(">I", one.request) for one in part)
            for part in parts
        ]
    for body in bodies:
        out.report(SERVICE, subtype, body)


def _parts(chosen: Sequence[Timed]) -> list[Sequence[Timed]]:
    parts: list[Sequence[Timed]] = []
    part: list[Timed] = []
    for entry in chosen:
        if part and len(pack_timed([*part, entry])) > DETAIL_BYTES:
            parts.append(part)
            part = []
        part.append(entry)
    return [*parts, part]


def _release_time(entry: Timed) -> int:
    return entry.at


class Kept(NamedTuple):
    """What the document says: on the disk, about to be released, and whether anything is released."""

    held: list[Timed]
    taken: list[Timed]
    enabled: bool


def document_of(held: list[Timed], taken: list[Timed], enabled: bool) -> bytes:
    return pack_timed(held) + pack_timed(taken) + bytes([enabled])


def read_document(document: bytes) -> Kept | None:
    """None if it makes no sense; storage has already checked its CRC."""
    held = read_some(document)
    if held is None:
        return None
    taken = read_some(document[held[1] :])
    if taken is None:
        return None
    rest = document[held[1] + taken[1] :]
    return Kept(held[0], taken[0], rest != b"\0") if len(rest) <= 1 else None
