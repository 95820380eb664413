"""User operations (CCSDS 727.0-B-5, chapter 6): what a peer asks by messages to the user of a transaction.

Performed at most once: a power cut between the end of the asking transaction and the start of the one asked for
loses it, and the asker gets no answer.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Protocol

from flight.wire.cfdp.fields import Condition, FileStatus, TlvType, TransactionStatus
from flight.wire.cfdp.indications import Counters, Indication, Notice
from flight.wire.cfdp.messages import (
    ListingRequest,
    ListingResponse,
    Message,
    Originating,
    ProxyCancel,
    ProxyMode,
    ProxyPut,
    ProxyResponse,
    RemoteRequest,
    RemoteResponse,
    decode_message,
    encode_message,
)
from flight.wire.cfdp.names import OWN_PREFIX, is_listing, listing_name, safe_name
from flight.wire.cfdp.pdus import TransactionId
from flight.wire.cfdp.receiver import Receiver
from flight.wire.cfdp.request import Put, PutRefusal
from flight.wire.cfdp.sender import Sender
from flight.wire.cfdp.settings import Local
from flight.wire.cfdp.store import FileStore
from flight.wire.cfdp.transaction import Transaction

WAITING_LIMIT = 64  # requests not yet performed: one for each transaction
LISTING_OCTETS_LIMIT = 1 << 20  # about 20,000 files


class Asked(NamedTuple):
    by: int
    transaction: TransactionId
    messages: tuple[Message, ...]


class Answer(NamedTuple):
    to: int
    message: Message
    originating: TransactionId


class Server(Protocol):
    """The entity, as far as operations need it."""

    local: Local
    counters: Counters
    senders: dict[TransactionId, Sender]
    receivers: dict[TransactionId, Receiver]

    def put(self, request: Put, now: int) -> TransactionId | PutRefusal: ...
    def suspend(self, transaction: TransactionId, now: int) -> bool: ...
    def resume(self, transaction: TransactionId, now: int) -> bool: ...


class Operations:
    def __init__(self, server: Server, store: FileStore) -> None:
        self._server = server
        self._store = store
        self._waiting: deque[Asked | Answer] = deque()
        self._listings = 0

    def on_ended(self, transaction: Transaction) -> None:
        """Called in the middle of a transaction's step: only look and queue."""
        assert transaction.metadata is not None or isinstance(transaction, Receiver)
        if transaction.metadata is None:
            return
        values = [tlv.value for tlv in transaction.metadata.options if tlv.kind == TlvType.MESSAGE_TO_USER]
        messages = tuple(m for m in map(decode_message, values) if m is not None)
        if isinstance(transaction, Sender):
            self._proxied(transaction, messages)
        elif not transaction.condition:
            for value in values:
                transaction.note(Indication.MESSAGE, detail=value)
            self._tell(transaction, messages)
            if messages and self._server.local.serves:
                self._queue(Asked(transaction.header.source, transaction.id, messages))

    def _queue(self, item: Asked | Answer) -> None:
        if len(self._waiting) >= WAITING_LIMIT:
            self._server.counters.refused_transactions += 1
        else:
            self._waiting.append(item)

    def _proxied(self, sender: Sender, messages: tuple[Message, ...]) -> None:
        """Our own put is over: was it for somebody else, or a listing?"""
        if is_listing(sender.file_name):
            self._remove(sender.file_name)
        origin = originating(messages)
        if origin is None or any(not isinstance(message, Originating) for message in messages):
            return
        done = sender.finished
        response = ProxyResponse(
            sender.condition,
            not sender.condition if done is None else done.complete,
            FileStatus.UNREPORTED if done is None else done.status,
        )
        self._queue(Answer(origin.source, response, origin))

    def _tell(self, receiver: Transaction, messages: tuple[Message, ...]) -> None:
        """Answers to what we asked go to our user."""
        origin = originating(messages)
        for message in messages:
            match message:
                case ProxyResponse(condition):
                    receiver.around.notify(Notice(Indication.PROXY, origin or receiver.id, condition))
                case ListingResponse(listed, folder, name):
                    problem = Condition.NO_ERROR if listed else Condition.FILESTORE_REJECTION
                    receiver.around.notify(
                        Notice(
                            Indication.LISTING, origin or receiver.id, problem, name.decode("latin-1"), folder
                        )
                    )
                case RemoteResponse(transaction, _, suspended):
                    condition = Condition.SUSPENDED if suspended else Condition.NO_ERROR
                    receiver.around.notify(Notice(Indication.REMOTE, transaction, condition))

    def perform(self, now: int) -> None:
        """All that is waiting; what an operation starts is not waited for."""
        while self._waiting:
            item = self._waiting.popleft()
            if isinstance(item, Answer):
                self._answer(item.to, item.message, item.originating, now)
            else:
                self._perform(item, now)

    def _perform(self, asked: Asked, now: int) -> None:
        mode = next((m.acknowledged for m in asked.messages if isinstance(m, ProxyMode)), None)
        for message in asked.messages:
            match message:
                case ProxyPut():
                    self._proxy_put(asked, message, mode, now)
                case ProxyCancel():
                    self._proxy_cancel(asked, now)
                case ListingRequest():
                    self._list(asked, message, now)
                case RemoteRequest():
                    self._suspend_or_resume(asked, message, now)

    def _answer(self, to: int, message: Message, origin: TransactionId, now: int) -> None:
        messages = (encode_message(message), encode_message(Originating(origin)))
        self._server.put(Put(to, messages=messages), now)

    def _proxy_put(self, asked: Asked, wish: ProxyPut, mode: bool | None, now: int) -> None:
        put = Put(
            wish.destination,
            wish.source_name.decode("latin-1"),
            wish.destination_name.decode("latin-1"),
            mode,
            messages=(encode_message(Originating(asked.transaction)),),
        )
        started = self._server.put(put, now)
        if isinstance(started, PutRefusal):
            response = ProxyResponse(
                Condition.FILESTORE_REJECTION, complete=False, status=FileStatus.UNREPORTED
            )
            self._answer(asked.by, response, asked.transaction, now)

    def _proxy_cancel(self, asked: Asked, now: int) -> None:
        wanted = originating(asked.messages)
        for sender in list(self._server.senders.values()):
            if wanted is not None and wanted == originating(_messages(sender)):
                sender.on_cancel(now, Condition.CANCELLED)

    def _suspend_or_resume(self, asked: Asked, wish: RemoteRequest, now: int) -> None:
        act = self._server.resume if wish.resume else self._server.suspend
        found = act(wish.transaction, now)
        status = TransactionStatus.ACTIVE if found else TransactionStatus.UNRECOGNISED
        response = RemoteResponse(wish.transaction, wish.resume, found and not wish.resume, status)
        self._answer(asked.by, response, asked.transaction, now)

    def send_listing(self, to: int, folder: str, file_name: str, now: int) -> TransactionId | PutRefusal:
        name = self._write_listing(folder.encode(errors="replace"))
        if name is None:
            return PutRefusal.LISTING
        started = self._server.put(Put(to, name, file_name), now)
        if isinstance(started, PutRefusal):
            self._remove(name)
        return started

    def _list(self, asked: Asked, wish: ListingRequest, now: int) -> None:
        name = self._write_listing(wish.folder)
        response = ListingResponse(name is not None, wish.folder, wish.file_name)
        messages = (encode_message(response), encode_message(Originating(asked.transaction)))
        if name is not None:
            put = Put(asked.by, name, wish.file_name.decode("latin-1"), messages=messages)
            if not isinstance(self._server.put(put, now), PutRefusal):
                return
            self._remove(name)
        refusal = ListingResponse(listed=False, folder=wish.folder, file_name=wish.file_name)
        self._answer(asked.by, refusal, asked.transaction, now)

    def _write_listing(self, folder: bytes) -> str | None:
        """One line for each file: octets, a space, the name.  None when it cannot be made."""
        wanted = "" if folder in {b"", b"/", b"."} else safe_name(folder.rstrip(b"/"))
        if wanted is None:
            return None
        try:
            name = self._free_name()
            lines = [
                f"{octets} {entry}\n"
                for entry, octets in self._store.names(wanted)
                if not entry.startswith(OWN_PREFIX)
            ]
            file = self._store.create(name)
            file.write(0, "".join(lines).encode()[:LISTING_OCTETS_LIMIT])
            file.sync()
            file.close()
        except OSError:
            self._server.counters.store_errors += 1
            return None
        return name

    def _free_name(self) -> str:
        """One that no listing has which is on its way since before a reboot."""
        self._listings += 1
        while self._store.exists(listing_name(self._listings)):
            self._listings += 1
        return listing_name(self._listings)

    def _remove(self, name: str) -> None:
        try:
            self._store.remove(name)
        except OSError:
            self._server.counters.store_errors += 1


def originating(messages: tuple[Message, ...]) -> TransactionId | None:
    return next((m.transaction for m in messages if isinstance(m, Originating)), None)


def _messages(sender: Sender) -> tuple[Message, ...]:
    values = [tlv.value for tlv in sender.metadata.options if tlv.kind == TlvType.MESSAGE_TO_USER]
    return tuple(m for m in map(decode_message, values) if m is not None)
