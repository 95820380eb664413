"""SHA-256, imported with the first octet that is hashed.

OpenSSL behind it takes 3.6 MB (measured), which a process that only reads a mission's tables shall not pay.
"""

from __future__ import annotations

from typing import Protocol


class Digest(Protocol):
    def update(self, octets: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


def new_sha256() -> Digest:
    from hashlib import sha256

    return sha256()
