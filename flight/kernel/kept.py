"""Kept state as octets: version and layout hash first, so that an old or foreign body is never taken for good."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from flight.declare import Field, Kept
from flight.dictionary import body_format, saturate

HEAD = struct.Struct(">HI")


def _layout(fields: Sequence[Field]) -> int:
    return zlib.crc32(" ".join(f"{field.name}:{field.code}" for field in fields).encode())


def pack_kept(kept: Kept) -> bytes:
    values = [saturate(getattr(kept, field.name), field.code) for field in kept.fields]
    return HEAD.pack(kept.version, _layout(kept.fields)) + struct.pack(
        ">" + body_format(kept.fields), *values
    )


def unpack_kept(kept: Kept, body: bytes) -> bool:
    """Fill `kept`; False, and untouched, if the body is of another version or layout."""
    layout = struct.Struct(">" + body_format(kept.fields))
    if len(body) != HEAD.size + layout.size or HEAD.unpack_from(body) != (kept.version, _layout(kept.fields)):
        return False
    for field, value in zip(kept.fields, layout.unpack_from(body, HEAD.size), strict=True):
        setattr(kept, field.name, value)
    return True
