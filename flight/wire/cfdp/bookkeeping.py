"""What outlives a reboot: transaction numbers, transactions under way, transactions that are over."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Container, Iterable
from typing import Protocol

from flight.wire.cfdp import receiver_table, sender_table
from flight.wire.cfdp.indications import Counters
from flight.wire.cfdp.journal import Journal
from flight.wire.cfdp.pdus import TransactionId
from flight.wire.cfdp.receiver import Receiver
from flight.wire.cfdp.records import Closed, Kind, Open, Record, Sequence, decode_record, encode_record
from flight.wire.cfdp.sender import Sender
from flight.wire.cfdp.settings import CLOSED_LIMIT, JOURNAL_OCTETS_LIMIT, Local, Remote
from flight.wire.cfdp.transaction import Surroundings, Transaction

SEQUENCE_BLOCK = 64  # numbers reserved ahead: one journal record for so many transactions


class Keeper(Protocol):
    """The entity, as far as a restoration needs it."""

    remotes: dict[int, Remote]

    def adopt(self, transaction: Sender | Receiver, now: int) -> None: ...

    def surroundings(self) -> Surroundings: ...


class Bookkeeping:
    def __init__(self, local: Local, journal: Journal | None, counters: Counters) -> None:
        self._local = local
        self._journal = journal
        self._counters = counters
        self._closed: OrderedDict[Closed, None] = OrderedDict()  # oldest first
        self._sequence = 1  # counted on beyond the widest number
        self._reserved = 1
        self._octets = 0

    def is_closed(self, kind: Kind, transaction: TransactionId) -> bool:
        return Closed(kind, transaction) in self._closed

    def next_sequence(self, senders: Container[TransactionId]) -> int | None:
        """A number that no transaction had for long, across reboots; None when all are used.

        We count on without end.  Numbers of two octets and more begin anew at 1 when all have been used: a peer
        remembers the last 1024 (`CLOSED_LIMIT`), and what we have open or remember is passed over.
        """
        most = (1 << 8 * self._local.sequence_octets) - 1
        while self._sequence <= most or most > 16 * CLOSED_LIMIT:
            if self._sequence >= self._reserved:
                self._reserved = self._sequence + SEQUENCE_BLOCK
                self._append(Sequence(self._reserved))
            number = 1 + (self._sequence - 1) % most
            self._sequence += 1
            ours = TransactionId(self._local.entity, number)
            if ours not in senders and not self.is_closed(Kind.SENDER, ours):
                return number
        return None

    def save(self, transaction: Transaction) -> None:
        if transaction.closed:
            kind = Kind.SENDER if isinstance(transaction, Sender) else Kind.RECEIVER
            closed = Closed(kind, transaction.id)
            self._remember(closed)
            self._append(closed)
            return
        record = record_of(transaction)
        if record is not None:
            self._append(record)

    def compact(self, transactions: Callable[[], list[Transaction]]) -> None:
        if self._octets > JOURNAL_OCTETS_LIMIT:
            self.rewrite(transactions())

    def rewrite(self, transactions: list[Transaction]) -> None:
        """The journal holds what is true now, and nothing else."""
        if self._journal is None:
            return
        records: list[Record | None] = [Sequence(self._reserved), *self._closed]
        records += [record_of(transaction) for transaction in transactions if not transaction.closed]
        self._octets = 0
        try:
            self._journal.rewrite([encode_record(record) for record in records if record is not None])
        except OSError:
            self._counters.journal_errors += 1

    def _append(self, record: Record) -> None:
        if self._journal is None:
            return
        data = encode_record(record)
        self._octets += len(data)
        try:
            self._journal.append(data)
        except OSError:
            self._counters.journal_errors += 1

    def _remember(self, closed: Closed) -> None:
        self._closed[closed] = None
        while len(self._closed) > CLOSED_LIMIT:
            self._closed.popitem(last=False)

    # ------------------------------------------------------------ after a reboot

    def restore(self, keeper: Keeper, records: Iterable[bytes], now: int) -> None:
        """The last record of each transaction counts; what cannot be read is left out."""
        found: dict[Closed, Open] = {}
        for data in records:
            match decode_record(data):
                case Sequence(limit):
                    self._sequence = self._reserved = max(self._reserved, limit)
                case Closed() as closed:
                    found.pop(closed, None)
                    self._remember(closed)
                case Open() as record:
                    found[Closed(record.kind, record.header.transaction)] = record
        for record in list(found.values())[: self._local.transactions_limit]:
            transaction = _revive(keeper, record, now)
            if transaction is not None:
                keeper.adopt(transaction, now)


def record_of(transaction: Transaction) -> Open | None:
    match transaction:
        case Sender():
            return Open(
                Kind.SENDER,
                transaction.header,
                transaction.state.value,
                transaction.condition,
                transaction.suspended,
                transaction.sent,
                transaction.sum,
                transaction.metadata,
                None,
                transaction.finished,
                (),
            )
        case Receiver():
            return Open(
                Kind.RECEIVER,
                transaction.header,
                transaction.state.value,
                transaction.condition,
                transaction.suspended,
                0,
                0,
                transaction.metadata,
                transaction.eof,
                transaction.finished,
                tuple(transaction.arriving.durable),
            )
    return None


def _revive(keeper: Keeper, record: Open, now: int) -> Sender | Receiver | None:
    sending = record.kind is Kind.SENDER
    peer = record.header.destination if sending else record.header.source
    remote = keeper.remotes.get(peer)
    if remote is None:
        return None
    revived = (
        _revive_sender(keeper, remote, record, now)
        if sending
        else _revive_receiver(keeper, remote, record, now)
    )
    if revived is not None and record.suspended:
        revived.suspended = True
        revived.timers.pause(now)
    return revived


def _revive_sender(keeper: Keeper, remote: Remote, record: Open, now: int) -> Sender | None:
    if record.metadata is None or record.state not in _SENDER_STATES:
        return None
    sender = Sender(record.header, remote, keeper.surroundings(), record.metadata)
    sender.restore(sender_table.State(record.state), record.progress, record.sum, record.condition, now)
    return sender


def _revive_receiver(keeper: Keeper, remote: Remote, record: Open, now: int) -> Receiver | None:
    if record.state not in _RECEIVER_STATES:
        return None
    receiver = Receiver(record.header, remote, keeper.surroundings(), now)
    receiver.metadata, receiver.eof = record.metadata, record.eof
    state = receiver_table.State(record.state)
    if record.finished is not None:
        receiver.finish_again(record.finished)
    elif state is receiver_table.State.FINISHING or not receiver.arriving.restore(
        record.metadata, record.eof, list(record.stretches)
    ):
        return None
    if record.metadata is not None:
        receiver.override_handlers(record.metadata)
    receiver.restore(state, record.condition, now)
    return receiver


_SENDER_STATES = frozenset(state.value for state in sender_table.State)
_RECEIVER_STATES = frozenset(state.value for state in receiver_table.State)
