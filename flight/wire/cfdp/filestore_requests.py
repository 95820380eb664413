"""Filestore requests of a transaction's metadata (5.4.1): read, answered, never performed.

Deleting and renaming on board are commands of their own, authorised and verified as such.
"""

from __future__ import annotations

from flight.wire.cfdp.fields import TlvType
from flight.wire.cfdp.pdus import Metadata

NOT_PERFORMED = 0x0F
_WITH_SECOND_NAME = frozenset({2, 3, 4})  # rename, append, replace
RESPONSE_OCTETS_LIMIT = 255


def not_performed(metadata: Metadata | None) -> tuple[bytes, ...]:
    """For each request its response: the request's names, and an empty message; damaged requests have none."""
    if metadata is None:
        return ()
    requests = [tlv.value for tlv in metadata.options if tlv.kind == TlvType.FILESTORE_REQUEST]
    return tuple(
        bytes([value[0] & 0xF0 | NOT_PERFORMED]) + value[1:] + b"\0"
        for value in requests
        if _well_formed(value)
    )


def _well_formed(value: bytes) -> bool:
    if not 2 <= len(value) < RESPONSE_OCTETS_LIMIT:
        return False
    end = 2 + value[1]
    if value[0] >> 4 in _WITH_SECOND_NAME:
        if len(value) <= end:
            return False
        end += 1 + value[end]
    return len(value) == end
