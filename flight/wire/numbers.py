"""Lists of numbers as standard requests carry them."""

from __future__ import annotations

import struct

NUMBERS_MAX = 400  # what one telecommand frame can hold


def read_numbers(data: bytes) -> tuple[int, ...] | None:
    """A count u16 and that many u16; None for anything else."""
    if len(data) < 2:
        return None
    (count,) = struct.unpack_from(">H", data)
    if count > NUMBERS_MAX or len(data) != 2 + 2 * count:
        return None
    return struct.unpack_from(f">{count}H", data, 2)
