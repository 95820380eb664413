"""Files over the link: CCSDS File Delivery Protocol (727.0-B-5), class 1 and 2, both ends; sans-I/O."""

from __future__ import annotations

from flight.wire.cfdp.decode import decode_pdu
from flight.wire.cfdp.disk_store import DiskFileStore, stored_name
from flight.wire.cfdp.encode import encode_pdu
from flight.wire.cfdp.entity import CfdpEntity
from flight.wire.cfdp.fields import ChecksumType, Condition, FileStatus, Handler
from flight.wire.cfdp.indications import Counters, Indication, Notice
from flight.wire.cfdp.journal import FileJournal, Journal
from flight.wire.cfdp.kept_sums import Kept, KeptSums
from flight.wire.cfdp.memory_store import MemoryFileStore
from flight.wire.cfdp.messages import (
    ListingRequest,
    Originating,
    ProxyCancel,
    ProxyMode,
    ProxyPut,
    RemoteRequest,
    decode_message,
    encode_message,
)
from flight.wire.cfdp.names import safe_name
from flight.wire.cfdp.pdus import TransactionId
from flight.wire.cfdp.request import Put, PutRefusal
from flight.wire.cfdp.settings import Local, Remote
from flight.wire.cfdp.store import Entry, FileStore, StoredFile

__all__ = [
    "CfdpEntity",
    "ChecksumType",
    "Condition",
    "Counters",
    "DiskFileStore",
    "Entry",
    "FileJournal",
    "FileStatus",
    "FileStore",
    "Handler",
    "Indication",
    "Journal",
    "Kept",
    "KeptSums",
    "ListingRequest",
    "Local",
    "MemoryFileStore",
    "Notice",
    "Originating",
    "ProxyCancel",
    "ProxyMode",
    "ProxyPut",
    "Put",
    "PutRefusal",
    "Remote",
    "RemoteRequest",
    "StoredFile",
    "TransactionId",
    "decode_message",
    "decode_pdu",
    "encode_message",
    "encode_pdu",
    "safe_name",
    "stored_name",
]
