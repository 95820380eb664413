"""CFDP PDUs to octets.  A transaction keeps one `PduMaker` for each direction."""

from __future__ import annotations

from binascii import crc_hqx
from struct import Struct

from flight.wire.cfdp.fields import Directive, TlvType
from flight.wire.cfdp.pdus import Ack, Body, Eof, FileData, Finished, Header, KeepAlive, Metadata, Nak, Prompt
from flight.wire.crc import CRC_LENGTH, CRC_START, append_crc

LONGEST_DATA_FIELD = 0xFFFF  # octets after the header: its length field is 16 bits
_VERSION = 0x20
_FILE_DATA = 0x10
_start = Struct(">BH").pack


class PduMaker:
    """Everything of the header that a transaction does not change is packed once."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self._crc = header.crc
        self._offset_octets = header.offset_octets
        self._flags = (
            _VERSION
            | header.toward_sender << 3
            | (not header.acknowledged) << 2
            | header.crc << 1
            | header.large
        )
        self._tail = (
            bytes([(header.entity_octets - 1) << 4 | (header.sequence_octets - 1)])
            + header.source.to_bytes(header.entity_octets, "big")
            + header.sequence.to_bytes(header.sequence_octets, "big")
            + header.destination.to_bytes(header.entity_octets, "big")
        )
        self._extra = header.offset_octets + CRC_LENGTH * header.crc

    def file_data(self, offset: int, data: bytes) -> bytes:
        """The hot path: without segment metadata."""
        pdu = b"%b%b%b%b" % (
            _start(self._flags | _FILE_DATA, self._extra + len(data)),
            self._tail,
            offset.to_bytes(self._offset_octets, "big"),
            data,
        )
        if self._crc:
            return pdu + crc_hqx(pdu, CRC_START).to_bytes(CRC_LENGTH, "big")
        return pdu

    def make(self, body: Body) -> bytes:
        if isinstance(body, FileData):
            return self._with_segment_metadata(body)
        field = directive(body, self._offset_octets)
        return self._close(_start(self._flags, len(field) + CRC_LENGTH * self._crc) + self._tail + field)

    def _with_segment_metadata(self, body: FileData) -> bytes:
        if body.segment_metadata is None:
            return self.file_data(body.offset, body.data)
        front = bytes([body.continuation << 6 | len(body.segment_metadata)]) + body.segment_metadata
        start = _start(self._flags | _FILE_DATA, self._extra + len(front) + len(body.data))
        tail = bytes([self._tail[0] | 0x08]) + self._tail[1:]
        return self._close(
            start + tail + front + body.offset.to_bytes(self._offset_octets, "big") + body.data
        )

    def _close(self, pdu: bytes) -> bytes:
        return append_crc(pdu) if self._crc else pdu


def directive(body: Body, offset_octets: int) -> bytes:
    """Directive code and parameters."""

    def number(value: int) -> bytes:
        return value.to_bytes(offset_octets, "big")

    match body:
        case Eof(condition, checksum, size, location):
            front = bytes([Directive.EOF, condition << 4]) + checksum.to_bytes(4, "big")
            return front + number(size) + _location(location)
        case Finished(condition, complete, status, responses, location):
            front = bytes([Directive.FINISHED, condition << 4 | (not complete) << 2 | status])
            stored = b"".join(tlv(TlvType.FILESTORE_RESPONSE, response) for response in responses)
            return front + stored + _location(location)
        case Ack(of, condition, status):
            return bytes([Directive.ACK, of << 4 | (of == Directive.FINISHED), condition << 4 | status])
        case Metadata(closure, checksum_type, size, source, destination, options):
            front = bytes([Directive.METADATA, closure << 6 | checksum_type]) + number(size)
            names = bytes([len(source)]) + source + bytes([len(destination)]) + destination
            return front + names + b"".join(tlv(*option) for option in options)
        case Nak(start, end, requests):
            pairs = b"".join(number(first) + number(last) for first, last in requests)
            return bytes([Directive.NAK]) + number(start) + number(end) + pairs
        case Prompt(keep_alive):
            return bytes([Directive.PROMPT, keep_alive << 7])
        case KeepAlive(progress):
            return bytes([Directive.KEEP_ALIVE]) + number(progress)
        case FileData():
            raise AssertionError("file data is no directive")


def tlv(kind: int, value: bytes) -> bytes:
    """`value` at most 255 octets."""
    return bytes([kind, len(value)]) + value


def _location(entity: int | None) -> bytes:
    if entity is None:
        return b""
    return tlv(TlvType.ENTITY_ID, entity.to_bytes(max(1, (entity.bit_length() + 7) // 8), "big"))


def encode_pdu(header: Header, body: Body) -> bytes:
    """One PDU on its own."""
    return PduMaker(header).make(body)
