"""What an entity tells its user (CCSDS 727.0-B-5, 3.4), in one small value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from flight.wire.cfdp.fields import Condition
from flight.wire.cfdp.pdus import TransactionId
from flight.wire.rejection import Reason


class Indication(Enum):
    STARTED = "transaction started"
    EOF_SENT = "end of file sent"
    EOF_RECEIVED = "end of file received"
    METADATA = "metadata received"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    FAULT = "fault"
    ABANDONED = "abandoned"
    SENT = "file delivered to the other end"
    RECEIVED = "file received"
    FAILED = "transaction ended without its file"
    MESSAGE = "message to user"
    PROXY = "proxy put ended"
    LISTING = "directory listing arrived"
    REMOTE = "answer to a remote request"


@dataclass(frozen=True, slots=True)
class Notice:
    kind: Indication
    transaction: TransactionId
    condition: Condition = Condition.NO_ERROR
    name: str = ""  # the file's, here
    detail: bytes = b""  # of a message


Notify = Callable[[Notice], None]


@dataclass(slots=True)
class Counters:
    """For telemetry and for the ground's page."""

    pdus_received: int = 0
    pdus_sent: int = 0
    octets_received: int = 0  # of file data in PDUs, repeated ones included
    octets_sent: int = 0
    naks_received: int = 0
    naks_sent: int = 0
    rejections: Counter[Reason] = field(default_factory=Counter)
    strays: int = 0  # good PDUs that belong to nothing here
    refused_transactions: int = 0  # the table is full
    data_before_size: int = 0  # too far ahead while the file's size is unknown; asked for again later
    data_beyond_size: int = 0
    store_errors: int = 0
    journal_errors: int = 0
    dropped_notices: int = 0
