"""CFDP protocol data units as values (CCSDS 727.0-B-5, chapter 5).  Offsets and sizes are octets."""

from __future__ import annotations

from typing import NamedTuple

from flight.wire.cfdp.fields import Condition, Directive, FileStatus, TransactionStatus


class TransactionId(NamedTuple):
    """Compared by value: a peer may write an id in another width than we do."""

    source: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.source}-{self.sequence}"


class Header(NamedTuple):
    """Fixed PDU header (5.1) but for type and length.  Widths are octets: 1 to 8."""

    source: int
    sequence: int
    destination: int
    toward_sender: bool = False
    acknowledged: bool = True
    crc: bool = False
    large: bool = False
    entity_octets: int = 2
    sequence_octets: int = 4

    @property
    def transaction(self) -> TransactionId:
        return TransactionId(self.source, self.sequence)

    @property
    def octets(self) -> int:
        return 4 + 2 * self.entity_octets + self.sequence_octets

    @property
    def offset_octets(self) -> int:
        return 8 if self.large else 4


class Tlv(NamedTuple):
    """`kind` may be a number that nobody knows."""

    kind: int
    value: bytes


class FileData(NamedTuple):
    offset: int
    data: bytes
    continuation: int = 0
    segment_metadata: bytes | None = None


class Eof(NamedTuple):
    condition: Condition
    checksum: int
    size: int
    fault_location: int | None = None


class Finished(NamedTuple):
    condition: Condition
    complete: bool
    status: FileStatus
    responses: tuple[bytes, ...] = ()  # filestore responses, each the value of its TLV
    fault_location: int | None = None


class Ack(NamedTuple):
    of: Directive  # EOF or FINISHED
    condition: Condition
    status: TransactionStatus


class Metadata(NamedTuple):
    """`size` 0 with names means unbounded as well as empty; the EOF tells."""

    closure: bool
    checksum_type: int  # as it came: an unknown one is a fault of the transaction, not of the PDU
    size: int
    source_name: bytes
    destination_name: bytes
    options: tuple[Tlv, ...] = ()


class Nak(NamedTuple):
    """A request (0, 0) asks for the metadata."""

    start: int
    end: int
    requests: tuple[tuple[int, int], ...] = ()


class Prompt(NamedTuple):
    keep_alive: bool  # else the answer is a NAK


class KeepAlive(NamedTuple):
    progress: int


Body = FileData | Eof | Finished | Ack | Metadata | Nak | Prompt | KeepAlive


class Pdu(NamedTuple):
    header: Header
    body: Body
