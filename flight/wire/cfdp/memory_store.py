"""A file store in memory, with the power cut of a real one: what was not synced is lost."""

from __future__ import annotations

import errno

from flight.wire.cfdp.names import clash
from flight.wire.cfdp.store import Entry

DEFAULT_QUOTA_OCTETS = 1 << 30


class MemoryFile:
    __slots__ = ("_store", "data", "synced")

    def __init__(self, store: MemoryFileStore, data: bytes = b"") -> None:
        self._store = store
        self.data = bytearray(data)
        self.synced: bytes | None = None  # never: the file itself is lost at a power cut

    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return bytes(memoryview(self.data)[offset : offset + length])

    def write(self, offset: int, data: bytes) -> None:
        held = self.data
        end = offset + len(data)
        grown = end - len(held)
        if grown > 0:
            self._store.use(grown)
            if offset > len(held):
                held.extend(bytes(offset - len(held)))
        held[offset:end] = data

    def truncate(self, size: int) -> None:
        self._store.use(size - len(self.data))
        if size > len(self.data):
            self.data.extend(bytes(size - len(self.data)))
        del self.data[size:]

    def sync(self) -> None:
        self.synced = bytes(self.data)

    def close(self) -> None:
        """Nothing is held."""


class MemoryFileStore:
    def __init__(self, quota_octets: int = DEFAULT_QUOTA_OCTETS) -> None:
        self.files: dict[str, MemoryFile] = {}
        self._durable: dict[str, MemoryFile] = {}  # the folder as it is on the medium
        self._quota = quota_octets
        self._used = 0

    def use(self, octets: int) -> None:
        if octets > self._quota - self._used:
            raise OSError(errno.EDQUOT, "quota of the file store")
        self._used += octets

    def put(self, name: str, data: bytes) -> None:
        """A file that is there and safe."""
        file = self.create(name)
        file.write(0, data)
        file.sync()
        self._durable = dict(self.files)

    def content(self, name: str) -> bytes:
        return bytes(self.files[name].data)

    def cut_power(self) -> None:
        """What a reboot finds."""
        self.files = {name: file for name, file in self._durable.items() if file.synced is not None}
        for file in self.files.values():
            file.data = bytearray(file.synced or b"")
        self._used = sum(len(file.data) for file in self.files.values())

    def open(self, name: str) -> MemoryFile:
        file = self.files.get(name)
        if file is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", name)
        return file

    def create(self, name: str) -> MemoryFile:
        if name in self.files:
            self.remove(name)
        file = self.files[name] = MemoryFile(self)
        self._durable[name] = file
        return file

    def exists(self, name: str) -> bool:
        return name in self.files

    def rename(self, old: str, new: str) -> None:
        if any(clash(name, new) for name in self.files if name != old):
            raise FileExistsError(errno.EEXIST, "another letter case, or a folder", new)
        file = self.open(old)
        if new in self.files and new != old:
            self._used -= len(self.files[new].data)
        del self.files[old]
        self.files[new] = file
        self._durable = dict(self.files)

    def remove(self, name: str) -> None:
        self._used -= len(self.open(name).data)
        del self.files[name]
        self._durable.pop(name, None)

    def names(self, folder: str = "") -> list[Entry]:
        prefix = folder + "/" if folder else ""
        found = [Entry(name, len(f.data)) for name, f in self.files.items() if name.startswith(prefix)]
        return sorted(found)

    def free_octets(self) -> int:
        return self._quota - self._used
