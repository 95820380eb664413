"""The trace hash: two runs that did the same have the same one.

It covers every octet sent down and up and the quantised state of the world once a second.  Measured times never
enter it.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable

QUANTUM = 1e-6  # of charge, volts and kelvin: far below any decision, far above the last bits of a float


class Trace:
    """128 bits of BLAKE2b."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def octets(self, direction: bytes, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            self._hash.update(direction + len(piece).to_bytes(4, "big") + piece)

    def world(self, second: int, values: Iterable[float]) -> None:
        rounded = [round(value / QUANTUM) for value in values]
        self._hash.update(struct.pack(f">I{len(rounded)}q", second, *rounded))

    def hexdigest(self) -> str:
        return self._hash.hexdigest()
