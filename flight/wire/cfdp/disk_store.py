"""A file store on one flat directory: what `flight.ports.Disk` is, on a board as in the simulator.

A folder's slash is stored as `!`, which no name from outside holds.  The names and sizes are read once, at the
start: the directory is this store's alone.
"""

from __future__ import annotations

import errno
from typing import Protocol

from flight.wire.cfdp.names import clash
from flight.wire.cfdp.store import Entry

_SLASH = "!"


class Disk(Protocol):
    """The part of `flight.ports.Disk` that is needed."""

    def names(self) -> list[str]: ...
    def size(self, name: str) -> int: ...
    def read(self, name: str, offset: int, length: int) -> bytes: ...
    def write(self, name: str, offset: int, data: bytes) -> None: ...
    def truncate(self, name: str, size: int) -> None: ...
    def sync(self, name: str) -> None: ...
    def rename(self, old: str, new: str) -> None: ...
    def remove(self, name: str) -> None: ...
    def sync_directory(self) -> None: ...


class DiskFile:
    """It follows its file when the store renames it."""

    __slots__ = ("_disk", "_new", "_store", "name")

    def __init__(self, store: DiskFileStore, disk: Disk, name: str, *, new: bool) -> None:
        self._store = store
        self._disk = disk
        self._new = new  # the directory does not hold it for sure
        self.name = name

    def size(self) -> int:
        return self._disk.size(self.name)

    def read(self, offset: int, length: int) -> bytes:
        return self._disk.read(self.name, offset, length)

    def write(self, offset: int, data: bytes) -> None:
        self._store.grow(self.name, offset + len(data))
        self._disk.write(self.name, offset, data)

    def truncate(self, size: int) -> None:
        self._store.resize(self.name, size)
        self._disk.truncate(self.name, size)

    def sync(self) -> None:
        self._disk.sync(self.name)
        if self._new:
            self._disk.sync_directory()
            self._new = False

    def close(self) -> None:
        self._store.forget(self)


def stored_name(name: str) -> str:
    """Under which a file stands in the one flat folder of a `Disk`."""
    return name.replace("/", _SLASH)


class DiskFileStore:
    def __init__(self, disk: Disk, quota_octets: int) -> None:
        self._disk = disk
        self._quota = quota_octets
        self._sizes = {name: disk.size(name) for name in disk.names()}
        self._used = sum(self._sizes.values())
        self._open: dict[str, list[DiskFile]] = {}

    # ------------------------------------------------------------ for the files

    def grow(self, name: str, end: int) -> None:
        if end > self._sizes.get(name, 0):
            self.resize(name, end)

    def resize(self, name: str, size: int) -> None:
        grown = size - self._sizes.get(name, 0)
        if grown > self._quota - self._used:
            raise OSError(errno.EDQUOT, "quota of the file store")
        self._used += grown
        self._sizes[name] = size

    def forget(self, file: DiskFile) -> None:
        held = self._open.get(file.name, [])
        self._open[file.name] = [one for one in held if one is not file]
        if not self._open[file.name]:
            del self._open[file.name]

    # ------------------------------------------------------------ the store

    def open(self, name: str) -> DiskFile:
        stored = stored_name(name)
        if stored not in self._sizes:
            raise FileNotFoundError(errno.ENOENT, "no such file", name)
        return self._opened(stored, new=False)

    def create(self, name: str) -> DiskFile:
        stored = stored_name(name)
        if stored in self._sizes:
            self.resize(stored, 0)
            self._disk.truncate(stored, 0)
        else:
            self._disk.write(stored, 0, b"")
            self._sizes[stored] = 0
        return self._opened(stored, new=True)

    def _opened(self, stored: str, *, new: bool) -> DiskFile:
        file = DiskFile(self, self._disk, stored, new=new)
        self._open.setdefault(stored, []).append(file)
        return file

    def exists(self, name: str) -> bool:
        return stored_name(name) in self._sizes

    def rename(self, old: str, new: str) -> None:
        before, after = stored_name(old), stored_name(new)
        if any(clash(name.replace(_SLASH, "/"), new) for name in self._sizes if name != before):
            raise FileExistsError(errno.EEXIST, "another letter case, or a folder", new)
        if before not in self._sizes:
            raise FileNotFoundError(errno.ENOENT, "no such file", old)
        self._disk.rename(before, after)
        self._disk.sync_directory()
        if before != after:
            self._used -= self._sizes.get(after, 0)
            self._sizes[after] = self._sizes.pop(before)
            self._open[after] = self._open.pop(before, [])
            for file in self._open[after]:
                file.name = after

    def remove(self, name: str) -> None:
        stored = stored_name(name)
        if stored not in self._sizes:
            raise FileNotFoundError(errno.ENOENT, "no such file", name)
        self._disk.remove(stored)
        self._used -= self._sizes.pop(stored)

    def names(self, folder: str = "") -> list[Entry]:
        prefix = stored_name(folder) + _SLASH if folder else ""
        found = self._sizes.items()
        return sorted(Entry(n.replace(_SLASH, "/"), octets) for n, octets in found if n.startswith(prefix))

    def free_octets(self) -> int:
        return self._quota - self._used
