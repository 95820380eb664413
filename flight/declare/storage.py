"""What modules ask of the storage worker, and what it answers."""

from __future__ import annotations

from typing import NamedTuple


class Append(NamedTuple):
    """Record packets `first`, `first + 1`, ... in a store, and commit them to the medium.  Answer: Stored."""

    store: int
    first: int
    packets: tuple[bytes, ...]


class Read(NamedTuple):
    """Records `first` to `last`, both included, at most `limit_bytes` of them.  Answer: Records."""

    store: int
    first: int
    last: int
    limit_bytes: int


class SaveState(NamedTuple):
    """Small critical state, into four CRC slots.  Answer: Stored."""

    name: str
    body: bytes


class SaveDocument(NamedTuple):
    """A whole document, replaced atomically.  Answer: Stored."""

    name: str
    body: bytes


class Stored(NamedTuple):
    """On the medium."""


class Records(NamedTuple):
    """(count, packet) in order; `complete` is False where `limit_bytes` cut it short."""

    records: tuple[tuple[int, bytes], ...]
    complete: bool


class Failed(NamedTuple):
    """Not done, and nothing half-done; `reason` is for people."""

    reason: str
