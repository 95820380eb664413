"""What CFDP asks of a file store, and what every store answers alike.

Names are those that `safe_name` lets pass, or names of our own files.  Calls may block and may raise OSError: the
entity belongs into a worker.  A store keeps below a quota of octets, by the files' apparent sizes, and
refuses what would go beyond with OSError(EDQUOT).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class StoredFile(Protocol):
    """One open file."""

    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """Fewer octets at the end of the file."""
        ...

    def write(self, offset: int, data: bytes) -> None:
        """A hole reads as zeros."""
        ...

    def truncate(self, size: int) -> None: ...

    def sync(self) -> None:
        """On the medium when this returns."""
        ...

    def close(self) -> None: ...


class Entry(NamedTuple):
    name: str
    octets: int


class FileStore(Protocol):
    def open(self, name: str) -> StoredFile:
        """A file that is there; FileNotFoundError otherwise."""
        ...

    def create(self, name: str) -> StoredFile:
        """Empty, also when there was one of that name."""
        ...

    def exists(self, name: str) -> bool: ...

    def rename(self, old: str, new: str) -> None:
        """Atomic, over a file that may be there, and on the medium when this returns.

        An OSError when a stored name differs from `new` by letter case alone, or one is a folder of the other.
        """
        ...

    def remove(self, name: str) -> None:
        """FileNotFoundError if it is absent."""
        ...

    def names(self, folder: str = "") -> list[Entry]:
        """All files in and below a folder, our own among them, sorted by name."""
        ...

    def free_octets(self) -> int:
        """Of the quota."""
        ...
