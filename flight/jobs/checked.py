"""Values of plain CBOR, each checked as it is taken: for documents of our own, which damage may have changed.

Everything wrong raises `DamagedError`; whoever reads a whole document catches it once.
"""

from __future__ import annotations

import math

WHOLE_MAX = 2**63 - 1


class DamagedError(ValueError):
    """What is wrong, in a few words."""


def as_list(value: object, length: int | None = None, most: int | None = None) -> list[object]:
    if (
        not isinstance(value, list)
        or (length is not None and len(value) != length)
        or (most is not None and len(value) > most)
    ):
        raise DamagedError("a list that is none, or of another length")
    return value


def as_whole(value: object, low: int = 0, high: int = WHOLE_MAX) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise DamagedError(f"no whole number of {low} to {high}")
    return value


def as_number(value: object) -> float:
    if not isinstance(value, float) or not math.isfinite(value):
        raise DamagedError("no number")
    return value


def as_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise DamagedError("neither true nor false")
    return value


def as_text(value: object, most: int | None = None) -> str:
    if not isinstance(value, str) or (most is not None and len(value) > most):
        raise DamagedError("no text, or too long a one")
    return value


def as_octets(value: object, length: int | None = None) -> bytes:
    if not isinstance(value, bytes) or (length is not None and len(value) != length):
        raise DamagedError("no octets, or of another length")
    return value
