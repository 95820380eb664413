"""`flight.ports.Disk` on one folder of a POSIX file system.

Made for ext4 on a partition of its own.  Not for FAT or exFAT: their directories do not survive a power cut.
Whether the card below tells the truth about a flush, only a bench with a relay can say.
"""

from __future__ import annotations

import errno
import os
from collections import OrderedDict
from pathlib import Path

DESCRIPTORS_LIMIT = 32  # open files; a log appends to one, and a board's default limit is 1024 for all
NAME_OCTETS_LIMIT = 255  # of ext4
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


class PosixDisk:
    """Keeps at most `DESCRIPTORS_LIMIT` files open; after an error on one it is closed, never retried."""

    def __init__(self, path: Path) -> None:
        """`path` is a folder that exists; OSError otherwise."""
        self._directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._open: OrderedDict[str, int] = OrderedDict()  # least recently used first
        self._unsynced: set[str] = (
            set()
        )  # written, not synced: an error of the write-back is not yet reported

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()
        self._unsynced.clear()
        os.close(self._directory)

    def names(self) -> list[str]:
        with os.scandir(self._directory) as entries:
            return sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))

    def size(self, name: str) -> int:
        return os.fstat(self._descriptor(name)).st_size

    def read(self, name: str, offset: int, length: int) -> bytes:
        descriptor = self._descriptor(name)
        parts = []
        while length > 0 and (part := os.pread(descriptor, length, offset)):
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return b"".join(parts)

    def write(self, name: str, offset: int, data: bytes) -> None:
        descriptor = self._descriptor(name, create=True)
        self._unsynced.add(name)
        rest = memoryview(data)
        try:
            while rest:
                written = os.pwrite(descriptor, rest, offset)
                offset += written
                rest = rest[written:]
        except OSError:
            self._forget(name)
            raise

    def truncate(self, name: str, size: int) -> None:
        descriptor = self._descriptor(name)
        self._unsynced.add(name)
        os.ftruncate(descriptor, size)

    def sync(self, name: str) -> None:
        descriptor = self._descriptor(name)
        try:
            _flush(descriptor)
        except OSError:
            self._forget(name)
            raise
        self._unsynced.discard(name)

    def rename(self, old: str, new: str) -> None:
        os.rename(_confined(old), _confined(new), src_dir_fd=self._directory, dst_dir_fd=self._directory)
        if old == new:
            return
        self._forget(new)
        if old in self._open:
            self._open[new] = self._open.pop(old)
        if old in self._unsynced:
            self._unsynced.remove(old)
            self._unsynced.add(new)

    def remove(self, name: str) -> None:
        os.unlink(_confined(name), dir_fd=self._directory)
        self._forget(name)

    def sync_directory(self) -> None:
        _flush(self._directory)

    def _descriptor(self, name: str, create: bool = False) -> int:
        descriptor = self._open.get(name)
        if descriptor is not None:
            self._open.move_to_end(name)
            return descriptor
        if len(self._open) >= DESCRIPTORS_LIMIT:
            self._close_one()
        flags = _FLAGS | os.O_CREAT if create else _FLAGS
        descriptor = os.open(_confined(name), flags, 0o600, dir_fd=self._directory)
        self._open[name] = descriptor
        return descriptor

    def _close_one(self) -> None:
        """The least recently used file with nothing to sync; else sync one, so that its error is not lost."""
        chosen = next((name for name in self._open if name not in self._unsynced), None)
        if chosen is None:
            chosen = next(iter(self._open))
            self.sync(chosen)
        self._forget(chosen)

    def _forget(self, name: str) -> None:
        self._unsynced.discard(name)
        descriptor = self._open.pop(name, None)
        if descriptor is not None:
            os.close(descriptor)


def _flush(descriptor: int) -> None:
    """fsync; on macOS that stops at the drive's cache, and F_FULLFSYNC goes on to the medium."""
    try:
        from fcntl import F_FULLFSYNC, fcntl  # type: ignore[attr-defined,unused-ignore]
    except ImportError:
        os.fsync(descriptor)
    else:
        fcntl(descriptor, F_FULLFSYNC)


def _confined(name: str) -> str:
    """A plain file name of this folder; EINVAL for any other."""
    octets = len(name.encode(errors="replace"))
    if not 0 < octets <= NAME_OCTETS_LIMIT or name in {".", ".."} or "/" in name or "\0" in name:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), name)
    return name
