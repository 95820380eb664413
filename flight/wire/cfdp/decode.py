"""Octets to CFDP PDUs: total, linear, and strict about lengths.

A PDU is exactly as long as its header says: octets behind it would otherwise become NAK requests or TLVs
(spacepackets takes them so).  Spare bits are ignored: peers set them (the old "end system status" of Finished).
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable
from struct import Struct

from flight.wire.cfdp.fields import Condition, Directive, FileStatus, TlvType, TransactionStatus
from flight.wire.cfdp.pdus import (
    Ack,
    Body,
    Eof,
    FileData,
    Finished,
    Header,
    KeepAlive,
    Metadata,
    Nak,
    Pdu,
    Prompt,
    Tlv,
)
from flight.wire.crc import CRC_LENGTH, CRC_START
from flight.wire.rejection import Reason, Rejection

SHORTEST_HEADER = 7
_fixed = Struct(">BHB").unpack_from
_Parser = Callable[[bytes, int], Body | Rejection]
_new_tuple = tuple.__new__  # a third of what the NamedTuple's own constructor costs

_CONDITIONS = {int(condition): condition for condition in Condition}
_STATUSES = tuple(FileStatus)
_TRANSACTION_STATUSES = tuple(TransactionStatus)


def decode_pdu(data: bytes) -> Pdu | Rejection:
    """One whole PDU, error control checked when the header says that there is one."""
    if len(data) < SHORTEST_HEADER:
        return Rejection(Reason.TOO_SHORT, f"{len(data)} octets of PDU")
    flags, length, widths = _fixed(data)
    if flags & 0xE0 != 0x20:
        return Rejection(Reason.VERSION, f"CFDP version {flags >> 5}")
    entity = (widths >> 4 & 7) + 1
    sequence = (widths & 7) + 1
    start = 4 + 2 * entity + sequence
    end = start + length
    if end != len(data):
        return Rejection(Reason.LENGTH, f"{end} octets announced, {len(data)} there")
    crc = flags & 2
    if crc:
        end -= CRC_LENGTH
        if end < start or crc_hqx(data, CRC_START):
            return Rejection(Reason.CHECKSUM, f"PDU of {len(data)} octets")
    middle = 4 + entity
    last = middle + sequence
    number = int.from_bytes
    header: Header = _new_tuple(
        Header,
        (
            number(data[4:middle], "big"),
            number(data[middle:last], "big"),
            number(data[last:start], "big"),
            flags & 8 != 0,
            flags & 4 == 0,
            crc != 0,
            flags & 1 != 0,
            entity,
            sequence,
        ),
    )
    octets = 8 if flags & 1 else 4
    if flags & 0x10:
        body = _file_data(data, start, end, octets, segment_metadata=widths & 8 != 0)
    else:
        body = _directive(data[start:end], octets)
    if body.__class__ is Rejection:
        return body
    return _new_tuple(Pdu, (header, body))


def _file_data(data: bytes, start: int, end: int, octets: int, *, segment_metadata: bool) -> Body | Rejection:
    metadata: bytes | None = None
    continuation = 0
    if segment_metadata:
        if start >= end:
            return Rejection(Reason.TOO_SHORT, "no segment metadata")
        continuation = data[start] >> 6
        begin = start + 1
        start = begin + (data[start] & 0x3F)
        metadata = data[begin:start]
    first = start + octets
    if first > end:
        return Rejection(Reason.TOO_SHORT, "no room for the offset")
    offset = int.from_bytes(data[start:first], "big")
    body: FileData = _new_tuple(FileData, (offset, data[first:end], continuation, metadata))
    return body


def _directive(field: bytes, octets: int) -> Body | Rejection:
    if not field:
        return Rejection(Reason.TOO_SHORT, "no directive code")
    parse = _PARSERS.get(field[0])
    if parse is None:
        return Rejection(Reason.PACKET_TYPE, f"directive {field[0]}")
    return parse(field[1:], octets)


def _length(field: bytes) -> Rejection:
    return Rejection(Reason.LENGTH, f"directive of {len(field)} octets")


def _eof(field: bytes, octets: int) -> Body | Rejection:
    if len(field) < 5 + octets:
        return _length(field)
    condition = _CONDITIONS.get(field[0] >> 4)
    options = decode_tlvs(field[5 + octets :])
    if condition is None:
        return Rejection(Reason.FIELD, f"condition {field[0] >> 4}")
    if isinstance(options, Rejection):
        return options
    checksum = int.from_bytes(field[1:5], "big")
    return Eof(condition, checksum, int.from_bytes(field[5 : 5 + octets], "big"), _location(options))


def _finished(field: bytes, _octets: int) -> Body | Rejection:
    if not field:
        return _length(field)
    condition = _CONDITIONS.get(field[0] >> 4)
    options = decode_tlvs(field[1:])
    if condition is None:
        return Rejection(Reason.FIELD, f"condition {field[0] >> 4}")
    if isinstance(options, Rejection):
        return options
    responses = tuple(option.value for option in options if option.kind == TlvType.FILESTORE_RESPONSE)
    return Finished(condition, not field[0] & 4, _STATUSES[field[0] & 3], responses, _location(options))


def _ack(field: bytes, _octets: int) -> Body | Rejection:
    if len(field) != 2:
        return _length(field)
    condition = _CONDITIONS.get(field[1] >> 4)
    code = field[0] >> 4
    if condition is None or code not in {Directive.EOF, Directive.FINISHED}:
        return Rejection(Reason.FIELD, f"acknowledgement {field.hex()}")
    return Ack(Directive(code), condition, _TRANSACTION_STATUSES[field[1] & 3])


def _metadata(field: bytes, octets: int) -> Body | Rejection:
    names = 1 + octets
    if len(field) < names + 2:
        return _length(field)
    middle = names + 1 + field[names]
    if len(field) <= middle:
        return _length(field)
    end = middle + 1 + field[middle]
    if len(field) < end:
        return _length(field)
    options = decode_tlvs(field[end:])
    if isinstance(options, Rejection):
        return options
    size = int.from_bytes(field[1:names], "big")
    source, destination = field[names + 1 : middle], field[middle + 1 : end]
    return Metadata(field[0] & 0x40 != 0, field[0] & 0x0F, size, source, destination, options)


def _nak(field: bytes, octets: int) -> Body | Rejection:
    if len(field) < 2 * octets or len(field) % (2 * octets):
        return _length(field)
    layout = Struct(f">{len(field) // octets}{'Q' if octets == 8 else 'I'}")
    numbers = layout.unpack(field)
    pairs = tuple(zip(numbers[2::2], numbers[3::2], strict=True))
    if any(start > end for start, end in pairs) or numbers[0] > numbers[1]:
        return Rejection(Reason.FIELD, "request that ends before it starts")
    return Nak(numbers[0], numbers[1], pairs)


def _prompt(field: bytes, _octets: int) -> Body | Rejection:
    return Prompt(field[0] & 0x80 != 0) if len(field) == 1 else _length(field)


def _keep_alive(field: bytes, octets: int) -> Body | Rejection:
    return KeepAlive(int.from_bytes(field, "big")) if len(field) == octets else _length(field)


def decode_tlvs(field: bytes) -> tuple[Tlv, ...] | Rejection:
    """TLVs up to the end of `field`, unknown types among them."""
    found: list[Tlv] = []
    position = 0
    while position < len(field):
        start = position + 2
        if start > len(field) or start + field[position + 1] > len(field):
            return Rejection(Reason.LENGTH, "TLV cut short")
        found.append(Tlv(field[position], field[start : start + field[position + 1]]))
        position = start + field[position + 1]
    return tuple(found)


def _location(options: tuple[Tlv, ...]) -> int | None:
    for option in options:
        if option.kind == TlvType.ENTITY_ID:
            return int.from_bytes(option.value, "big")
    return None


_PARSERS: dict[int, _Parser] = {
    Directive.EOF: _eof,
    Directive.FINISHED: _finished,
    Directive.ACK: _ack,
    Directive.METADATA: _metadata,
    Directive.NAK: _nak,
    Directive.PROMPT: _prompt,
    Directive.KEEP_ALIVE: _keep_alive,
}
