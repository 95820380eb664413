"""Journal records: each holds all that a reboot must not forget of one transaction; the last one of an id counts.

    kind u8 | state u8 | condition u8 | flags u8 | sum u32 | four times (length u32, PDU) | pairs of u64

The PDUs are a Keep Alive PDU, whose header is the transaction's and whose progress is the sender's, then
Metadata, EOF and Finished as far as there are any; the pairs are a receiver's durable stretches.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from flight.wire.cfdp.decode import decode_pdu
from flight.wire.cfdp.encode import encode_pdu
from flight.wire.cfdp.fields import Condition
from flight.wire.cfdp.pdus import (
    Body,
    Eof,
    Finished,
    Header,
    KeepAlive,
    Metadata,
    TransactionId,
)
from flight.wire.cfdp.received import Stretch
from flight.wire.rejection import Rejection

_head = Struct(">BBBBI")
_length = Struct(">I")
_closed = Struct(">BBQQ")
_sequence = Struct(">BQ")
_SUSPENDED = 1


class Kind(IntEnum):
    SENDER = 1
    RECEIVER = 2
    CLOSED = 3
    SEQUENCE = 4


class Open(NamedTuple):
    """A transaction under way.  `header` is that of the PDUs that this end sends."""

    kind: Kind
    header: Header
    state: int
    condition: Condition
    suspended: bool
    progress: int
    sum: int
    metadata: Metadata | None
    eof: Eof | None
    finished: Finished | None
    stretches: tuple[Stretch, ...]


class Closed(NamedTuple):
    kind: Kind  # of the end that is over
    transaction: TransactionId


class Sequence(NamedTuple):
    """No transaction has had this number or a higher one yet, as we count, without end."""

    limit: int


Record = Open | Closed | Sequence


def encode_record(record: Record) -> bytes:
    match record:
        case Sequence(limit):
            return _sequence.pack(Kind.SEQUENCE, limit)
        case Closed(kind, transaction):
            return _closed.pack(Kind.CLOSED, kind, *transaction)
        case Open():
            return _encode_open(record)


def _encode_open(record: Open) -> bytes:
    header = record.header._replace(crc=False, large=True)
    parts = [_head.pack(record.kind, record.state, record.condition, record.suspended, record.sum)]
    bodies: tuple[Body | None, ...] = (
        KeepAlive(record.progress),
        record.metadata,
        record.eof,
        record.finished,
    )
    for body in bodies:
        pdu = b"" if body is None else encode_pdu(header, body)
        parts += [_length.pack(len(pdu)), pdu]
    parts.append(bytes([record.header.crc << 1 | record.header.large]))
    for start, end in record.stretches:
        parts.append(start.to_bytes(8, "big") + end.to_bytes(8, "big"))
    return b"".join(parts)


def decode_record(data: bytes) -> Record | None:
    """Total: None for anything that is no record."""
    if len(data) == _sequence.size and data[0] == Kind.SEQUENCE:
        return Sequence(_sequence.unpack(data)[1])
    if len(data) == _closed.size and data[0] == Kind.CLOSED and data[1] in {Kind.SENDER, Kind.RECEIVER}:
        _, kind, source, sequence = _closed.unpack(data)
        return Closed(Kind(kind), TransactionId(source, sequence))
    if len(data) > _head.size and data[0] in {Kind.SENDER, Kind.RECEIVER}:
        return _decode_open(data)
    return None


def _decode_open(data: bytes) -> Open | None:
    kind, state, condition, flags, total = _head.unpack_from(data)
    position = _head.size
    header: Header | None = None
    bodies: list[Body | None] = []
    for _ in range(4):
        if len(data) < position + _length.size:
            return None
        (length,) = _length.unpack_from(data, position)
        position += _length.size
        pdu = None if not length else decode_pdu(data[position : position + length])
        if isinstance(pdu, Rejection):
            return None
        position += length
        bodies.append(None if pdu is None else pdu.body)
        header = pdu.header if pdu is not None and header is None else header
    if (
        header is None
        or condition not in _CONDITIONS
        or len(data) <= position
        or (len(data) - position) % 16 != 1
    ):
        return None
    header = header._replace(crc=bool(data[position] & 2), large=bool(data[position] & 1))
    stretches = _stretches(data, position + 1)
    progress, metadata, eof, finished = bodies
    if not isinstance(progress, KeepAlive) or stretches is None:
        return None
    return Open(
        Kind(kind),
        header,
        state,
        Condition(condition),
        bool(flags & _SUSPENDED),
        progress.progress,
        total,
        metadata if isinstance(metadata, Metadata) else None,
        eof if isinstance(eof, Eof) else None,
        finished if isinstance(finished, Finished) else None,
        stretches,
    )


def _stretches(data: bytes, position: int) -> tuple[Stretch, ...] | None:
    """In order and apart, or None."""
    found: list[Stretch] = []
    last = -1
    while position < len(data):
        start = int.from_bytes(data[position : position + 8], "big")
        end = int.from_bytes(data[position + 8 : position + 16], "big")
        if not last < start < end:
            return None
        found.append((start, end))
        last = end
        position += 16
    return tuple(found)


_CONDITIONS = frozenset(Condition)
