"""The numbers of CFDP (CCSDS 727.0-B-5, chapter 5) by name."""

from __future__ import annotations

from enum import IntEnum


class Directive(IntEnum):
    """File directive codes (5.2.1.1)."""

    EOF = 0x04
    FINISHED = 0x05
    ACK = 0x06
    METADATA = 0x07
    NAK = 0x08
    PROMPT = 0x09
    KEEP_ALIVE = 0x0C


class Condition(IntEnum):
    """Condition codes (table 5-5)."""

    NO_ERROR = 0
    POSITIVE_ACK_LIMIT = 1
    KEEP_ALIVE_LIMIT = 2
    TRANSMISSION_MODE = 3
    FILESTORE_REJECTION = 4
    FILE_CHECKSUM = 5
    FILE_SIZE = 6
    NAK_LIMIT = 7
    INACTIVITY = 8
    FILE_STRUCTURE = 9
    CHECK_LIMIT = 10
    CHECKSUM_TYPE = 11
    SUSPENDED = 14
    CANCELLED = 15


class ChecksumType(IntEnum):
    """Of the SANA registry; proximity-1 (1) is not offered."""

    MODULAR = 0
    CRC_32C = 2
    CRC_32 = 3
    NULL = 15


class FileStatus(IntEnum):
    """Of a Finished PDU (5.2.3)."""

    DISCARDED = 0
    REJECTED = 1
    RETAINED = 2
    UNREPORTED = 3


class TransactionStatus(IntEnum):
    """Of an ACK PDU (5.2.4)."""

    UNDEFINED = 0
    ACTIVE = 1
    TERMINATED = 2
    UNRECOGNISED = 3


class Handler(IntEnum):
    """What to do about a fault (table 5-19)."""

    CANCEL = 1
    SUSPEND = 2
    IGNORE = 3
    ABANDON = 4


class TlvType(IntEnum):
    """Type-length-value objects (5.4)."""

    FILESTORE_REQUEST = 0x00
    FILESTORE_RESPONSE = 0x01
    MESSAGE_TO_USER = 0x02
    FAULT_HANDLER = 0x04
    FLOW_LABEL = 0x05
    ENTITY_ID = 0x06


class MessageType(IntEnum):
    """Reserved CFDP messages (chapter 6) that this implementation knows."""

    PROXY_PUT_REQUEST = 0x00
    PROXY_TRANSMISSION_MODE = 0x04
    PROXY_PUT_RESPONSE = 0x07
    PROXY_PUT_CANCEL = 0x09
    ORIGINATING_TRANSACTION = 0x0A
    DIRECTORY_LISTING_REQUEST = 0x10
    DIRECTORY_LISTING_RESPONSE = 0x11
    REMOTE_SUSPEND_REQUEST = 0x30
    REMOTE_SUSPEND_RESPONSE = 0x31
    REMOTE_RESUME_REQUEST = 0x38
    REMOTE_RESUME_RESPONSE = 0x39
