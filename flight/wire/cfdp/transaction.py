"""What both ends of a transaction have: timers, suspension, contact, faults and their handlers (4.8, 4.11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from flight.wire.cfdp.encode import PduMaker
from flight.wire.cfdp.fields import Condition, Handler, TlvType
from flight.wire.cfdp.indications import Counters, Indication, Notice, Notify
from flight.wire.cfdp.kept_sums import KeptSums
from flight.wire.cfdp.pdus import Header, Metadata
from flight.wire.cfdp.round_trip import RoundTrip
from flight.wire.cfdp.settings import Local, Remote
from flight.wire.cfdp.store import FileStore, StoredFile
from flight.wire.cfdp.timers import Timer, Timers


class Save(Protocol):
    def __call__(self, transaction: Transaction) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an entity lends to its transactions."""

    local: Local
    store: FileStore
    counters: Counters
    notify: Notify
    save: Save
    ended: Callable[[Transaction], None]
    """The file is there or lost for good: time to act on messages to the user."""
    sums: KeptSums | None = None
    round_trips: dict[int, RoundTrip] = field(default_factory=dict)  # by peer


class Transaction:
    """One end of one transaction.  `header` is that of the PDUs that this end sends."""

    def __init__(self, header: Header, remote: Remote, around: Surroundings) -> None:
        self.header = header
        self.id = header.transaction
        self.remote = remote
        self.around = around
        self.maker = PduMaker(header)
        self.timers = Timers()
        self.condition = Condition.NO_ERROR
        self.metadata: Metadata | None = None
        self.file: StoredFile | None = None
        self.suspended = False
        self.in_contact = True
        self.last_heard = 0
        self._handlers = dict(remote.handlers)
        self._spent = 0  # expiries without an answer
        self._round_trip = around.round_trips.setdefault(remote.entity, RoundTrip())
        self._asked_at = -1  # the question whose answer is awaited; below zero: none

    @property
    def class_2(self) -> bool:
        return self.header.acknowledged

    @property
    def closed(self) -> bool:
        """Over; a last PDU may still be owed."""
        raise NotImplementedError

    @property
    def ending(self) -> bool:
        """The outcome stands; only the handshake is missing."""
        raise NotImplementedError

    @property
    def progress(self) -> int:
        """Octets of the file that were sent, or that are there."""
        raise NotImplementedError

    @property
    def file_name(self) -> str:
        """Of the file at this end."""
        raise NotImplementedError

    def directive(self, now: int) -> bytes | None:
        """The next PDU that is owed, but for file data."""
        raise NotImplementedError

    def data(self, now: int) -> bytes | None:
        """The next PDU of file data."""
        return None

    def work(self, now: int) -> None:
        """A bounded piece of work that is not an answer to anything."""

    def working(self) -> bool:
        """`work` has something to do."""
        return False

    def on_timer(self, timer: Timer, now: int) -> None:
        raise NotImplementedError

    def on_cancel(self, now: int, condition: Condition) -> None:
        raise NotImplementedError

    def on_abandon(self, now: int) -> None:
        raise NotImplementedError

    def on_spent(self, now: int) -> None:
        raise NotImplementedError

    def on_resumed(self, now: int) -> None:
        """Timers run again: ask for what was held back."""

    # ------------------------------------------------------------ time

    def next_deadline(self) -> int | None:
        return self.timers.next()

    def on_deadline(self, now: int) -> None:
        for timer in self.timers.take_due(now):
            self.on_timer(timer, now)

    def silent_for(self, now: int, duration_ns: int, timer: Timer) -> bool:
        """Whether nothing was heard for so long, pauses not counted; else the timer goes on for the rest."""
        left = self.last_heard + duration_ns - now
        if left > 0:
            self.timers.start(timer, now, left)
        return left <= 0

    # ------------------------------------------------------------ user and link

    def suspend(self, now: int, condition: Condition = Condition.SUSPENDED) -> None:
        if self.suspended or self.closed:
            return
        self.suspended = True
        self.timers.pause(now)
        self.note(Indication.SUSPENDED, condition)
        self.around.save(self)

    def resume(self, now: int) -> None:
        if not self.suspended:
            return
        self.suspended = False
        self.last_heard = now  # its patience begins anew: the other end may have been held, too
        self.note(Indication.RESUMED)
        self.around.save(self)
        self._run_again(now)

    def contact(self, up: bool, now: int) -> None:
        """The pass begins or ends (4.12: link state)."""
        if up == self.in_contact:
            return
        self.in_contact = up
        if up:
            self._run_again(now)
        else:
            self.timers.pause(now)

    def _run_again(self, now: int) -> None:
        if self.in_contact and not self.suspended:
            # Silence adds up over passes: counted anew in each, one shorter than the limit would never end it.
            self.last_heard = min(now, self.last_heard + self.timers.resume(now))
            self._asked_at = -1
            self.on_resumed(now)

    # ------------------------------------------------------------ faults

    def fault(self, condition: Condition, now: int) -> None:
        if self.closed:
            return
        handler = self._handlers.get(condition, Handler.CANCEL)
        self.note(Indication.FAULT, condition)
        match handler:
            case Handler.IGNORE:
                self._spent = 0
            case Handler.SUSPEND:
                self._spent = 0
                self.suspend(now, condition)
            case Handler.ABANDON:
                self.condition = condition
                self.on_abandon(now)
            case Handler.CANCEL if self.ending:
                self.on_spent(now)
            case Handler.CANCEL:
                self.on_cancel(now, condition)

    def spend(self, limit: int) -> bool:
        """One more expiry without an answer; whether that was one too many."""
        self._spent += 1
        return self._spent > limit

    def backed_off(self, interval_ns: int) -> int:
        """Doubled for each expiry without an answer, up to the remote's limit of doublings; less as was measured."""
        return self._round_trip.patience(interval_ns, self._spent, self.remote.back_off)

    def asked(self, now: int) -> None:
        if self._asked_at < 0:
            self._asked_at = now

    def answered(self, now: int) -> None:
        """Only what was asked once tells how long an answer takes (Karn and Partridge, 1987)."""
        if self._asked_at >= 0 and not self._spent:
            self._round_trip.sample(now - self._asked_at)
        self._asked_at = -1

    def override_handlers(self, metadata: Metadata) -> None:
        """Fault handler overrides of the metadata (5.4.4)."""
        for kind, value in metadata.options:
            if kind == TlvType.FAULT_HANDLER and len(value) == 1:
                handler, condition = value[0] & 0x0F, value[0] >> 4
                if handler in _HANDLERS and condition in _CONDITIONS:
                    self._handlers[Condition(condition)] = Handler(handler)

    # ------------------------------------------------------------ words

    def note(self, kind: Indication, condition: Condition = Condition.NO_ERROR, detail: bytes = b"") -> None:
        self.around.notify(Notice(kind, self.id, condition, self.file_name, detail))

    def close_file(self) -> None:
        if self.file is not None:
            self.file.close()
            self.file = None


def answer_header(header: Header) -> Header:
    """Of the PDUs the other way: the same widths, whatever we would choose ourselves."""
    return header._replace(toward_sender=not header.toward_sender)


_HANDLERS = frozenset(Handler)
_CONDITIONS = frozenset(Condition)
