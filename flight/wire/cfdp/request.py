"""What a user asks an entity to send (Put.request, 3.4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from flight.wire.cfdp.fields import ChecksumType, Condition, Handler, TlvType
from flight.wire.cfdp.pdus import Metadata, Tlv

TLV_OCTETS_LIMIT = 255  # its length field is 8 bits


@dataclass(frozen=True, slots=True)
class Put:
    """None takes what the remote's settings say.  Without names only the messages go."""

    destination: int
    source_name: str = ""
    destination_name: str = ""
    acknowledged: bool | None = None
    closure: bool | None = None
    checksum: ChecksumType | None = None
    messages: tuple[bytes, ...] = ()
    handlers: tuple[tuple[Condition, Handler], ...] = ()


class PutRefusal(Enum):
    DESTINATION = "no such entity"
    FULL = "too many transactions"
    NAME = "file name not allowed"
    ABSENT = "no such file"
    TOO_LARGE = "file larger than the limit"
    TOO_LONG = "names and messages do not fit into one PDU"
    SEQUENCE = "no transaction numbers left"
    LISTING = "that folder cannot be listed"


def metadata_of(put: Put, size: int, *, closure: bool, checksum: ChecksumType) -> Metadata:
    options = [
        Tlv(TlvType.FAULT_HANDLER, bytes([condition << 4 | handler])) for condition, handler in put.handlers
    ]
    options += [Tlv(TlvType.MESSAGE_TO_USER, message) for message in put.messages]
    source, destination = put.source_name.encode("latin-1"), put.destination_name.encode("latin-1")
    return Metadata(closure, checksum, size, source, destination, tuple(options))
