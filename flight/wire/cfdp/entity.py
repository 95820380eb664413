"""One CFDP entity: many transactions at once, both ways, sans-I/O.

`receive` takes PDUs, `send` gives as many as there is room for, `next_deadline` and `on_deadline` move its
timers, `notices` says what happened.  It writes to its file store and journal where it stands, so a board runs it in
a worker (docs/link.md).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from flight.wire.cfdp.bookkeeping import Bookkeeping
from flight.wire.cfdp.decode import decode_pdu
from flight.wire.cfdp.encode import encode_pdu
from flight.wire.cfdp.fields import Condition, Directive, TransactionStatus
from flight.wire.cfdp.indications import Counters, Indication, Notice
from flight.wire.cfdp.journal import Journal
from flight.wire.cfdp.kept_sums import KeptSums
from flight.wire.cfdp.names import OWN_PREFIX, is_listing, safe_name
from flight.wire.cfdp.operations import Operations
from flight.wire.cfdp.pdus import Ack, Body, Eof, FileData, Finished, Header, Metadata, TransactionId
from flight.wire.cfdp.receiver import Receiver
from flight.wire.cfdp.records import Kind
from flight.wire.cfdp.request import TLV_OCTETS_LIMIT, Put, PutRefusal, metadata_of
from flight.wire.cfdp.sender import Sender
from flight.wire.cfdp.settings import INDICATIONS_LIMIT, Local, Remote
from flight.wire.cfdp.store import FileStore
from flight.wire.cfdp.transaction import Surroundings, Transaction, answer_header
from flight.wire.rejection import Reason, Rejection

ANSWERS_LIMIT = 64  # acknowledgements for transactions that are over; a peer repeats what it misses
NOW_DUE = 0  # a deadline in the past: there is work to do


class CfdpEntity:
    def __init__(
        self,
        local: Local,
        remotes: Iterable[Remote],
        store: FileStore,
        journal: Journal | None = None,
        sums: KeptSums | None = None,
    ) -> None:
        """With `sums` each file that arrives is vouched for, and one that does not hold its sum is not sent."""
        self.local = local
        self.remotes = {remote.entity: remote for remote in remotes}
        assert all(entity >> 8 * local.entity_octets == 0 for entity in self.remotes), "ids fit their width"
        self.counters = Counters()
        self.senders: dict[TransactionId, Sender] = {}
        self.receivers: dict[TransactionId, Receiver] = {}
        self._store = store
        self._books = Bookkeeping(local, journal, self.counters)
        self._operations = Operations(self, store)
        self._around = Surroundings(
            local, store, self.counters, self._notify, self._books.save, self._operations.on_ended, sums
        )
        self._notices: deque[Notice] = deque()
        self._answers: deque[bytes] = deque()
        self._away: set[int] = set()
        self._turn = 0
        self._longest = max((remote.longest_pdu for remote in self.remotes.values()), default=0)

    def start(self, records: Iterable[bytes], now: int) -> None:
        """Once, before anything else: go on where the journal ends, and clear away files that nobody continues."""
        self._books.restore(self, records, now)
        owned = {t.arriving.partial_name for t in self.receivers.values()}
        owned |= {sender.file_name for sender in self.senders.values()}
        try:
            for name, _ in self._store.names():
                if name.startswith(OWN_PREFIX) and name not in owned and "journal" not in name:
                    self._store.remove(name)
        except OSError:
            self.counters.store_errors += 1
        self._books.rewrite(self.transactions())

    # ------------------------------------------------------------ the user

    def put(self, request: Put, now: int) -> TransactionId | PutRefusal:
        """Start a transaction.  Its file must not change until it is over."""
        remote = self.remotes.get(request.destination)
        if remote is None:
            return PutRefusal.DESTINATION
        if len(self.senders) + len(self.receivers) >= self.local.transactions_limit:
            return PutRefusal.FULL
        size = self._size_of(request)
        if isinstance(size, PutRefusal):
            return size
        closure = remote.closure if request.closure is None else request.closure
        checksum = remote.checksum if request.checksum is None else request.checksum
        metadata = metadata_of(request, size, closure=closure, checksum=checksum)
        sequence = self._books.next_sequence(self.senders)
        if sequence is None:
            return PutRefusal.SEQUENCE
        header = Header(
            self.local.entity,
            sequence,
            remote.entity,
            acknowledged=remote.acknowledged if request.acknowledged is None else request.acknowledged,
            crc=remote.crc,
            large=size > 0xFFFFFFFF,
            entity_octets=self.local.entity_octets,
            sequence_octets=self.local.sequence_octets,
        )
        if any(len(option.value) > TLV_OCTETS_LIMIT for option in metadata.options):
            return PutRefusal.TOO_LONG
        if len(encode_pdu(header, metadata)) > remote.longest_pdu:
            return PutRefusal.TOO_LONG
        sender = Sender(header, remote, self._around, metadata)
        self.adopt(sender, now)
        self._books.save(sender)
        sender.note(Indication.STARTED)
        return sender.id

    def _size_of(self, request: Put) -> int | PutRefusal:
        if not request.source_name and not request.destination_name:
            return 0
        if safe_name(request.destination_name.encode(errors="replace")) is None:
            return PutRefusal.NAME
        if (
            not is_listing(request.source_name)
            and safe_name(request.source_name.encode(errors="replace")) is None
        ):
            return PutRefusal.NAME
        try:
            file = self._store.open(request.source_name)
            size = file.size()
            file.close()
        except OSError:
            return PutRefusal.ABSENT
        return size if size <= self.local.largest_file_octets else PutRefusal.TOO_LARGE

    def suspend(self, transaction: TransactionId, now: int) -> bool:
        """False when there is no such transaction, as for the four below."""
        found = self._found(transaction)
        for one in found:
            one.suspend(now)
        return bool(found)

    def resume(self, transaction: TransactionId, now: int) -> bool:
        found = self._found(transaction)
        for one in found:
            one.resume(now)
        self._sweep(now)
        return bool(found)

    def cancel(self, transaction: TransactionId, now: int) -> bool:
        found = self._found(transaction)
        for one in found:
            one.on_cancel(now, Condition.CANCELLED)
        self._sweep(now)
        return bool(found)

    def abandon(self, transaction: TransactionId, now: int) -> bool:
        """End it here without a word to the other end."""
        found = self._found(transaction)
        for one in found:
            one.on_abandon(now)
        self._sweep(now)
        return bool(found)

    def send_listing(
        self, destination: int, folder: str, file_name: str, now: int
    ) -> TransactionId | PutRefusal:
        """Put a list of what is in and below a folder ("" is all) to the other end: octets, space, name, by line."""
        return self._operations.send_listing(destination, folder, file_name, now)

    def prompt(self, transaction: TransactionId, *, keep_alive: bool) -> bool:
        sender = self.senders.get(transaction)
        if sender is not None:
            sender.prompt(keep_alive=keep_alive)
        return sender is not None

    def contact(self, up: bool, now: int, remote: int | None = None) -> None:
        """A pass begins or ends, for one peer or all.  At its end all progress is made durable."""
        ids = self.remotes if remote is None else [remote]
        self._away = self._away.difference(ids) if up else self._away.union(ids)
        for transaction in self.transactions():
            if transaction.remote.entity in ids:
                transaction.contact(up, now)
                if not up and isinstance(transaction, Receiver):
                    transaction.checkpoint()
                elif not up:
                    self._books.save(transaction)
        self._sweep(now)

    def notices(self) -> list[Notice]:
        """What happened since the last call."""
        found = list(self._notices)
        self._notices.clear()
        return found

    # ------------------------------------------------------------ the link

    def receive(self, data: bytes, now: int) -> Rejection | None:
        """One PDU.  A rejection is counted already."""
        pdu = decode_pdu(data)
        if isinstance(pdu, Rejection):
            return self._refuse(pdu)
        header, body = pdu
        self.counters.pdus_received += 1
        if header.toward_sender:
            if header.source != self.local.entity:
                return self._refuse(Rejection(Reason.SPACECRAFT, f"of entity {header.source}"))
            sender = self.senders.get(header.transaction)
            known = self._stray(header, body) if sender is None else sender.receive(body, now)
        else:
            if header.destination != self.local.entity:
                return self._refuse(Rejection(Reason.SPACECRAFT, f"for entity {header.destination}"))
            if header.source not in self.remotes:
                return self._refuse(Rejection(Reason.FIELD, f"unknown entity {header.source}"))
            receiver = self.receivers.get(header.transaction)
            if receiver is None:
                receiver = self._accept(header, body, now)
            known = self._stray(header, body) if receiver is None else receiver.receive(body, now)
        if not known:
            self.counters.strays += 1
        if body.__class__ is not FileData:
            self._sweep(now)
        else:
            self.counters.octets_received += len(body.data)
        return None

    def send(self, now: int, room_octets: int) -> list[bytes]:
        """PDUs in order, together at most `room_octets`; none while the room is below the longest PDU."""
        out: list[bytes] = []
        room = room_octets
        while self._answers and room >= self._longest:
            out.append(self._answers.popleft())
            room -= len(out[-1])
        active = [transaction for transaction in self.transactions() if transaction.in_contact]
        for transaction in active:
            while room >= self._longest and (pdu := transaction.directive(now)) is not None:
                out.append(pdu)
                room -= len(pdu)
        senders = [transaction for transaction in active if isinstance(transaction, Sender)]
        while senders and room >= self._longest:
            self._turn = (self._turn + 1) % len(senders)
            pdu = senders[self._turn].data(now)
            if pdu is None:
                del senders[self._turn]
            else:
                out.append(pdu)
                room -= len(pdu)
        self.counters.pdus_sent += len(out)
        self._sweep(now)
        return out

    def next_deadline(self) -> int | None:
        """When `on_deadline` is due; NOW_DUE while there is work."""
        times = []
        for transaction in self.transactions():
            if transaction.working():
                return NOW_DUE
            time = transaction.next_deadline()
            if time is not None:
                times.append(time)
        return min(times, default=None)

    def on_deadline(self, now: int) -> None:
        """Timers, and one slice of work for each transaction that has any."""
        for transaction in self.transactions():
            transaction.on_deadline(now)
            if transaction.working():
                transaction.work(now)
        self._sweep(now)

    # ------------------------------------------------------------ inside

    def transactions(self) -> list[Transaction]:
        return [*self.receivers.values(), *self.senders.values()]

    def adopt(self, transaction: Sender | Receiver, now: int) -> None:
        if isinstance(transaction, Sender):
            self.senders[transaction.id] = transaction
        else:
            self.receivers[transaction.id] = transaction
        if transaction.remote.entity in self._away:
            transaction.contact(False, now)

    def surroundings(self) -> Surroundings:
        return self._around

    def _found(self, transaction: TransactionId) -> list[Transaction]:
        found = (self.senders.get(transaction), self.receivers.get(transaction))
        return [one for one in found if one is not None]

    def _refuse(self, rejection: Rejection) -> Rejection:
        self.counters.rejections[rejection.reason] += 1
        return rejection

    def _accept(self, header: Header, body: Body, now: int) -> Receiver | None:
        """A new transaction from the other end; class 1 must begin with its metadata."""
        begins = isinstance(body, Metadata) or (header.acknowledged and isinstance(body, FileData | Eof))
        cancels = isinstance(body, Eof) and body.condition
        if not begins or cancels or self._books.is_closed(Kind.RECEIVER, header.transaction):
            return None
        if len(self.senders) + len(self.receivers) >= self.local.transactions_limit:
            self.counters.refused_transactions += 1
            return None
        receiver = Receiver(answer_header(header), self.remotes[header.source], self._around, now)
        self.adopt(receiver, now)
        receiver.note(Indication.STARTED)
        return receiver

    def _stray(self, header: Header, body: Body) -> bool:
        """Acknowledge what waits for it, though the transaction is over (4.7.2), or was never known."""
        kind = Kind.SENDER if header.toward_sender else Kind.RECEIVER
        closed = self._books.is_closed(kind, header.transaction)
        status = TransactionStatus.TERMINATED if closed else TransactionStatus.UNRECOGNISED
        if not header.acknowledged or len(self._answers) >= ANSWERS_LIMIT:
            return closed
        match body:
            case Finished() if header.toward_sender:
                answer = Ack(Directive.FINISHED, body.condition, status)
            case Eof() if not header.toward_sender and (closed or body.condition):
                answer = Ack(Directive.EOF, body.condition, status)
            case _:
                return closed
        self._answers.append(encode_pdu(answer_header(header), answer))
        return True

    def _sweep(self, now: int) -> None:
        """Forget what is over and owes nothing; then do what others asked of us."""
        for transaction in [one for one in self.transactions() if one.closed]:
            if isinstance(transaction, Sender) and transaction.idle:
                del self.senders[transaction.id]
            elif isinstance(transaction, Receiver) and transaction.idle:
                del self.receivers[transaction.id]
        self._operations.perform(now)
        self._books.compact(self.transactions)

    def _notify(self, notice: Notice) -> None:
        if len(self._notices) >= INDICATIONS_LIMIT:
            self._notices.popleft()
            self.counters.dropped_notices += 1
        self._notices.append(notice)
