"""Reserved CFDP messages (CCSDS 727.0-B-5, chapter 6): values of messages to the user that begin with "cfdp"."""

from __future__ import annotations

from typing import NamedTuple

from flight.wire.cfdp.fields import Condition, FileStatus, MessageType, TransactionStatus
from flight.wire.cfdp.pdus import TransactionId

_MARK = b"cfdp"


class ProxyPut(NamedTuple):
    destination: int
    source_name: bytes
    destination_name: bytes


class ProxyMode(NamedTuple):
    acknowledged: bool


class ProxyResponse(NamedTuple):
    condition: Condition
    complete: bool
    status: FileStatus


class ProxyCancel(NamedTuple):
    """Meant is the transaction that the originating transaction's message beside it names."""


class Originating(NamedTuple):
    transaction: TransactionId


class ListingRequest(NamedTuple):
    folder: bytes
    file_name: bytes  # where the listing is to go


class ListingResponse(NamedTuple):
    listed: bool
    folder: bytes
    file_name: bytes


class RemoteRequest(NamedTuple):
    transaction: TransactionId
    resume: bool


class RemoteResponse(NamedTuple):
    transaction: TransactionId
    resume: bool
    suspended: bool
    status: TransactionStatus


Message = (
    ProxyPut
    | ProxyMode
    | ProxyResponse
    | ProxyCancel
    | Originating
    | ListingRequest
    | ListingResponse
    | RemoteRequest
    | RemoteResponse
)


def encode_message(message: Message) -> bytes:
    """At most 255 octets, as far as names and numbers allow; the caller checks."""
    kind, content = _content(message)
    return _MARK + bytes([kind]) + content


def _content(message: Message) -> tuple[MessageType, bytes]:
    match message:
        case ProxyPut(destination, source_name, destination_name):
            fields = _lv(_number(destination)) + _lv(source_name) + _lv(destination_name)
            return MessageType.PROXY_PUT_REQUEST, fields
        case ProxyMode(acknowledged):
            return MessageType.PROXY_TRANSMISSION_MODE, bytes([not acknowledged])
        case ProxyResponse(condition, complete, status):
            octet = condition << 4 | (not complete) << 2 | status
            return MessageType.PROXY_PUT_RESPONSE, bytes([octet])
        case Originating(transaction):
            return MessageType.ORIGINATING_TRANSACTION, _transaction(transaction)
        case ListingRequest(folder, file_name):
            return MessageType.DIRECTORY_LISTING_REQUEST, _lv(folder) + _lv(file_name)
        case ListingResponse(listed, folder, file_name):
            fields = bytes([(not listed) << 7]) + _lv(folder) + _lv(file_name)
            return MessageType.DIRECTORY_LISTING_RESPONSE, fields
        case RemoteRequest(transaction, resume):
            kind = MessageType.REMOTE_RESUME_REQUEST if resume else MessageType.REMOTE_SUSPEND_REQUEST
            return kind, _transaction(transaction)
        case RemoteResponse(transaction, resume, suspended, status):
            kind = MessageType.REMOTE_RESUME_RESPONSE if resume else MessageType.REMOTE_SUSPEND_RESPONSE
            return kind, bytes([suspended << 7 | status << 5]) + _transaction(transaction)
        case ProxyCancel():
            return MessageType.PROXY_PUT_CANCEL, b""


def decode_message(value: bytes) -> Message | None:
    """None for a message of the user's own, a kind that is not known, and a damaged one."""
    if len(value) < 5 or value[:4] != _MARK:
        return None
    kind, content = value[4], value[5:]
    match kind:
        case MessageType.PROXY_PUT_REQUEST:
            fields = _split(content, 3)
            if fields is not None and fields[0]:
                return ProxyPut(int.from_bytes(fields[0], "big"), fields[1], fields[2])
        case MessageType.PROXY_TRANSMISSION_MODE if len(content) == 1:
            return ProxyMode(not content[0] & 1)
        case MessageType.PROXY_PUT_RESPONSE if len(content) == 1 and content[0] >> 4 in _CONDITIONS:
            condition = Condition(content[0] >> 4)
            return ProxyResponse(condition, not content[0] & 4, FileStatus(content[0] & 3))
        case MessageType.PROXY_PUT_CANCEL:
            return ProxyCancel()
        case MessageType.ORIGINATING_TRANSACTION:
            transaction = _read_transaction(content)
            return None if transaction is None else Originating(transaction)
        case MessageType.DIRECTORY_LISTING_REQUEST:
            fields = _split(content, 2)
            return None if fields is None else ListingRequest(fields[0], fields[1])
        case MessageType.DIRECTORY_LISTING_RESPONSE if content:
            fields = _split(content[1:], 2)
            return None if fields is None else ListingResponse(not content[0] & 0x80, fields[0], fields[1])
        case _:
            return _decode_remote(kind, content)
    return None


def _decode_remote(kind: int, content: bytes) -> Message | None:
    match kind:
        case MessageType.REMOTE_SUSPEND_REQUEST | MessageType.REMOTE_RESUME_REQUEST:
            transaction = _read_transaction(content)
            if transaction is not None:
                return RemoteRequest(transaction, kind == MessageType.REMOTE_RESUME_REQUEST)
        case MessageType.REMOTE_SUSPEND_RESPONSE | MessageType.REMOTE_RESUME_RESPONSE if content:
            transaction = _read_transaction(content[1:])
            if transaction is not None:
                resume = kind == MessageType.REMOTE_RESUME_RESPONSE
                status = TransactionStatus(content[0] >> 5 & 3)
                return RemoteResponse(transaction, resume, bool(content[0] & 0x80), status)
    return None


def _number(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def _lv(value: bytes) -> bytes:
    return bytes([len(value)]) + value


def _split(content: bytes, count: int) -> list[bytes] | None:
    """So many length-value fields and nothing behind them."""
    fields = []
    for _ in range(count):
        if not content or len(content) < 1 + content[0]:
            return None
        fields.append(content[1 : 1 + content[0]])
        content = content[1 + content[0] :]
    return None if content else fields


def _transaction(transaction: TransactionId) -> bytes:
    source, sequence = _number(transaction.source), _number(transaction.sequence)
    return bytes([(len(source) - 1) << 4 | (len(sequence) - 1)]) + source + sequence


def _read_transaction(content: bytes) -> TransactionId | None:
    if not content:
        return None
    middle = 2 + (content[0] >> 4 & 7)
    end = middle + 1 + (content[0] & 7)
    if len(content) != end:
        return None
    return TransactionId(int.from_bytes(content[1:middle], "big"), int.from_bytes(content[middle:end], "big"))


_CONDITIONS = frozenset(Condition)
