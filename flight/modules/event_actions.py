"""Event-action (service 19): on an event, a stored telecommand is released, as a time-tagged one is.

An event is an occurrence on board, whether or not its report is enabled or held back.  An action whose command causes
its own event, or two that cause each other's, would go on for ever: each has a bucket of tokens, and what it lacks
tokens for is counted, reported and not released.  What changes the table is on the disk before it is completed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, NamedTuple

from flight.declare import (
    DONE,
    MINUTE,
    SECOND,
    U8,
    U16,
    U32,
    Access,
    Boot,
    DeclarationError,
    Done,
    Event,
    Inbox,
    Module,
    Occurrence,
    Outbox,
    Outcome,
    Parameter,
    Refused,
    Request,
    SaveDocument,
    Severity,
    Stored,
    Telemetry,
    about,
)
from flight.wire import Ack, Rejection, decode_tc, encode_tc
from flight.wire.event_action import (
    ADD,
    DEFINITIONS,
    DELETE,
    DELETE_ALL,
    DISABLE,
    DISABLE_FUNCTION,
    ENABLE,
    ENABLE_FUNCTION,
    REPORT_DEFINITIONS,
    REPORT_STATUS,
    SERVICE,
    STATUS,
    EventAction,
    EventId,
    pack_actions,
    pack_switches,
    read_actions,
    read_additions,
    read_events,
)

DOCUMENT = "actions"
ACTIONS_MAX = 32  # as many as a person keeps in mind; what needs more is a fault table
PACKET_BYTES_MAX = 256  # a longer command belongs in a stored sequence, which an action can start
OCCURRENCES_MAX = 64
RELEASES_EACH_STEP = 8  # a quarter of what the door takes in a second: the schedule and sequences use it too
REPORT_BYTES = 900
STORE_WITHIN_NS = 30 * SECOND
ACCOUNT_EVERY_NS = MINUTE
FUNCTION_MANAGEMENT, PERFORM = 8, 1
LAST_COUNT = 0x3FFF

LISTING = (ENABLE, DISABLE, DELETE, REPORT_DEFINITIONS)
REPORTING = (REPORT_STATUS, REPORT_DEFINITIONS)
ALONE = (DELETE_ALL, REPORT_STATUS, ENABLE_FUNCTION, DISABLE_FUNCTION)


class Default(NamedTuple):
    """An action of the mission, in the words of its dictionary; in force until the ground changes the table."""

    event: str
    command: str
    arguments: tuple[object, ...] = ()
    enabled: bool = True


class Watched(Inbox[Occurrence]):
    """Takes the occurrences of the events of its table alone, so that no flood of others takes their room."""

    __slots__ = ("numbers",)

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.numbers: frozenset[int] = frozenset()

    def put(self, item: Occurrence) -> bool:
        return item.number not in self.numbers or super().put(item)


class Bucket:
    """Tokens of one action, and what was held back since the last account."""

    __slots__ = ("at", "held", "tokens")

    def __init__(self, tokens: float, now: int) -> None:
        self.tokens, self.at, self.held = tokens, now, 0


class Table(NamedTuple):
    """What the document says."""

    enabled: bool
    actions: tuple[EventAction, ...]


class EventActions(Module):
    """Releases stored telecommands on events."""

    serves: ClassVar[tuple[int, ...]] = (SERVICE,)

    class Inputs(NamedTuple):
        pass

    class Status(Telemetry, period=30):
        """Event-action: the table, and what it has done."""

        enabled: bool
        stored: U8
        armed: Annotated[U8, about("enabled actions")]
        released: U32
        held_back: Annotated[U32, about("for want of tokens")]
        lost: U32

    burst = Parameter(3, low=1, high=20, about="releases of one action at once before it is held back")
    refill_s = Parameter(60.0, unit="s", low=1, high=86_400, about="time for one more of the same action")

    released = Event(Severity.LOW, "event {event} has released command {request}", event=U16, request=U32)
    held_back = Event(
        Severity.MEDIUM, "action on event {event} held back {count} times", event=U16, count=U32
    )

    def __init__(self, defaults: Sequence[Default] = ()) -> None:
        self.defaults = tuple(defaults)
        self.status = self.Status()
        self.status.refresh = self._show
        self.requests: Inbox[Request] = Inbox(8)
        self.occurrences = Watched(OCCURRENCES_MAX)
        self.table = Table(True, ())
        self.writing: int | None = None
        self.before = self.table
        self.after_write = 0  # the command that waits for it
        self.buckets: dict[int, Bucket] = {}
        self.account_at = 0

    def connect(self, access: Access) -> None:
        self.access = access
        document = access.documents.get(DOCUMENT)
        found = read_document(document) if document else None
        self.table = found or Table(True, tuple(self._default(*one) for one in enumerate(self.defaults)))

    def _default(self, place: int, default: Default) -> EventAction:
        """Sequence counts from the last downwards: its request id is hardly that of a telecommand from the ground."""
        if default.event not in self.access.events:
            raise DeclarationError(f"{default.event}: no such event")
        apid, data = self.access.catalog.pack(default.command, default.arguments)
        packet = encode_tc(apid, LAST_COUNT - place, FUNCTION_MANAGEMENT, PERFORM, data, ack=Ack.NONE)
        return EventAction(EventId(*self.access.events[default.event]), default.enabled, packet)

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        self._watch()

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        if self.occurrences.items:
            self._act(now, out)
        while self.requests.items and self.writing is None:
            self._serve(self.requests.items.popleft(), out)
        if self.buckets and now >= self.account_at:
            self._account(now, out)

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        if ticket != self.writing:
            return
        self.writing = None
        stored = isinstance(result, Stored)
        if not stored:  # what is not on the disk has not happened
            self.table = self.before
            self._watch()
        out.finish(self.after_write, DONE if stored else Refused("not stored"))

    # ---------------------------------------------------------------- acting

    def _act(self, now: int, out: Outbox) -> None:
        """Each occurrence once, in their order."""
        armed = self._armed()
        for _ in range(min(RELEASES_EACH_STEP, len(self.occurrences.items))):
            number = self.occurrences.items.popleft().number
            action = armed.get(number)
            if action is None:  # disabled since
                continue
            if self._spend(now, number):
                self.status.released += 1
                out.post("commands.released", action.packet)
                out.event(self.released, number, int.from_bytes(action.packet[:4], "big"))
            else:
                self.status.held_back += 1

    def _spend(self, now: int, number: int) -> bool:
        bucket = self.buckets.get(number)
        if bucket is None:
            bucket = self.buckets[number] = Bucket(self.burst, now)
        bucket.tokens = min(self.burst, bucket.tokens + (now - bucket.at) / (self.refill_s * SECOND))
        bucket.at = now
        if bucket.tokens < 1.0:
            bucket.held += 1
            return False
        bucket.tokens -= 1.0
        return True

    def _account(self, now: int, out: Outbox) -> None:
        """Say what was held back, and forget the buckets that have filled up again."""
        self.account_at = now + ACCOUNT_EVERY_NS
        full_ns = int(self.burst * self.refill_s * SECOND)
        for number, bucket in list(self.buckets.items()):
            if bucket.held:
                out.event(self.held_back, number, bucket.held)
                bucket.held = 0
            elif now - bucket.at >= full_ns:
                del self.buckets[number]

    def _armed(self) -> dict[int, EventAction]:
        if not self.table.enabled:
            return {}
        return {one.event.number: one for one in self.table.actions if one.enabled}

    def _watch(self) -> None:
        self.occurrences.numbers = frozenset(self._armed())

    def _show(self) -> None:
        status, table = self.status, self.table
        status.enabled, status.stored = table.enabled, len(table.actions)
        status.armed = len(self.occurrences.numbers)
        status.lost = self.occurrences.dropped

    # ---------------------------------------------------------------- requests

    def _serve(self, request: Request, out: Outbox) -> None:
        before = self.table
        outcome = self._perform(request, out)
        if not isinstance(outcome, Done) or request.subtype in REPORTING:
            out.finish(request.ident, outcome)
            return
        self._watch()
        self.before, self.after_write = before, request.ident
        self.writing = out.submit(SaveDocument(DOCUMENT, document_of(self.table)), STORE_WITHIN_NS)

    def _perform(self, request: Request, out: Outbox) -> Outcome:
        if request.subtype == ADD:
            return self._add(request.data)
        if request.subtype in LISTING:
            return self._listed(request.subtype, request.data, out)
        if request.subtype not in ALONE:
            return Refused(f"TC[19,{request.subtype}] is not offered")
        if request.data:
            return Refused("expected no data")
        if request.subtype == REPORT_STATUS:
            rows = [(one.event, one.enabled) for one in self.table.actions]
            out.report(SERVICE, STATUS, pack_switches(rows))
        elif request.subtype == DELETE_ALL:
            self.table = Table(False, ())
        else:
            self.table = self.table._replace(enabled=request.subtype == ENABLE_FUNCTION)
        return DONE

    def _add(self, data: bytes) -> Outcome:
        """All of them or none.  An action comes disabled, and replaces one on the same event that is disabled."""
        additions = read_additions(data)
        if not additions:
            return Refused("expected a count u8, then APID u16, event u16 and a telecommand packet each")
        table = {one.event: one for one in self.table.actions}
        for one in additions:
            wrong = self._wrong(one, table.get(one.event))
            if wrong:
                return Refused(wrong)
            table[one.event] = one
        if len(table) > ACTIONS_MAX:
            return Refused(f"{ACTIONS_MAX} actions at most")
        self.table = self.table._replace(actions=tuple(table.values()))
        return DONE

    def _wrong(self, action: EventAction, present: EventAction | None) -> str:
        apid, number = action.event
        if action.event not in self.access.events.values():
            return f"event {number} of APID {apid} is unknown"
        if isinstance(decode_tc(action.packet), Rejection):
            return f"the telecommand on event {number} is not sound"
        if len(action.packet) > PACKET_BYTES_MAX:
            return f"a telecommand of {len(action.packet)} octets, {PACKET_BYTES_MAX} at most"
        return f"the action on event {number} is enabled" if present is not None and present.enabled else ""

    def _listed(self, subtype: int, data: bytes, out: Outbox) -> Outcome:
        """All or none; of no event listed: every one, but for a deletion."""
        events = read_events(data)
        if events is None or (subtype == DELETE and not events):
            return Refused("expected a count u8, then APID u16 and event u16 each")
        table = {one.event: one for one in self.table.actions}
        absent = [event.number for event in events if event not in table]
        if absent:
            return Refused(f"there is no action on event {absent[0]}")
        chosen = events or tuple(table)
        if subtype == REPORT_DEFINITIONS:
            for part in _parts([table[event] for event in chosen]):
                out.report(SERVICE, DEFINITIONS, pack_actions(part))
            return DONE
        if subtype == DELETE:
            enabled = [event.number for event in chosen if table[event].enabled]
            if enabled:
                return Refused(f"the action on event {enabled[0]} is enabled")
            table = {event: one for event, one in table.items() if event not in chosen}
        else:
            table |= {event: table[event]._replace(enabled=subtype == ENABLE) for event in chosen}
        self.table = self.table._replace(actions=tuple(table.values()))
        return DONE


def _parts(actions: Sequence[EventAction]) -> list[list[EventAction]]:
    """Of which each fits a report."""
    parts: list[list[EventAction]] = [[]]
    for action in actions:
        if parts[-1] and len(pack_actions([*parts[-1], action])) > REPORT_BYTES:
            parts.append([])
        parts[-1].append(action)
    return parts


def document_of(table: Table) -> bytes:
    return bytes([table.enabled]) + pack_actions(table.actions)


def read_document(document: bytes) -> Table | None:
    """None if it makes no sense; storage has already checked its CRC."""
    actions = read_actions(document[1:])
    if actions is None or len(actions) > ACTIONS_MAX or document[0] > 1:
        return None
    return Table(bool(document[0]), actions)
