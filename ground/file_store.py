"""A file store in one folder of a POSIX file system, for CFDP on the ground (`flight.wire.cfdp.FileStore`).

Every name is walked from the folder's descriptor, part by part, and no part may be a symbolic link, so nothing
outside is reached whatever stands inside.  The folder is this store's alone while it is open: what it holds is
counted once, at the start.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG

from flight.wire.cfdp import Entry

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe in the way must not hang the open


class FolderFile:
    """An open descriptor: it follows its file when it is renamed."""

    def __init__(self, store: FolderStore, descriptor: int) -> None:
        self._store = store
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size

    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        parts = []
        while length > 0 and (part := os.pread(self._descriptor, length, offset)):
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return b"".join(parts)

    def write(self, offset: int, data: bytes) -> None:
        self._grow(offset + len(data))
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self._descriptor, rest, offset)
            offset += written
            rest = rest[written:]

    def _grow(self, end: int) -> None:
        if end > self._size:
            self._store.use(end - self._size)
            self._size = end

    def truncate(self, size: int) -> None:
        self._store.use(size - self._size)
        self._size = size
        os.ftruncate(self._descriptor, size)

    def sync(self) -> None:
        os.fsync(self._descriptor)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class FolderStore:
    def __init__(self, folder: Path, quota_octets: int) -> None:
        """`folder` is there; OSError otherwise."""
        self._root = os.open(folder, _FOLDER)
        self._quota = quota_octets
        self._used = 0
        self._used = sum(octets for _, octets in self.names())

    def close(self) -> None:
        os.close(self._root)

    def use(self, octets: int) -> None:
        if octets > self._quota - self._used:
            raise OSError(errno.EDQUOT, "quota of the file store")
        self._used += octets

    def free_octets(self) -> int:
        return self._quota - self._used

    # ------------------------------------------------------------ names to descriptors

    @contextmanager
    def _folder_of(self, name: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """The descriptor of the folder that `name` stands in, and the name's last part."""
        *folders, last = name.split("/")
        descriptor = os.dup(self._root)
        try:
            for part in (*folders, last):
                if part in {"", ".", ".."} or "\0" in part:
                    raise OSError(errno.EINVAL, "not a name of this store", name)
            for part in folders:
                inner = self._enter(descriptor, part, make=make)
                os.close(descriptor)
                descriptor = inner
            yield descriptor, last
        finally:
            os.close(descriptor)

    def _enter(self, descriptor: int, part: str, *, make: bool) -> int:
        if make:
            _refuse_other_case(descriptor, part)
            with suppress(FileExistsError):
                os.mkdir(part, 0o700, dir_fd=descriptor)
                os.fsync(descriptor)
        return os.open(part, _FOLDER, dir_fd=descriptor)

    # ------------------------------------------------------------ the store

    def open(self, name: str) -> FolderFile:
        with self._folder_of(name) as (folder, last):
            return self._regular(os.open(last, _FILE, dir_fd=folder))

    def _regular(self, descriptor: int) -> FolderFile:
        if not S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a file")
        return FolderFile(self, descriptor)

    def create(self, name: str) -> FolderFile:
        with self._folder_of(name, make=True) as (folder, last):
            file = self._regular(os.open(last, _FILE | os.O_CREAT, 0o600, dir_fd=folder))
            file.truncate(0)
            os.fsync(folder)
        return file

    def exists(self, name: str) -> bool:
        try:
            self.open(name).close()
        except OSError:
            return False
        return True

    def rename(self, old: str, new: str) -> None:
        with self._folder_of(old) as (before, old_last), self._folder_of(new, make=True) as (after, new_last):
            _refuse_other_case(after, new_last)
            replaced = 0
            with suppress(FileNotFoundError):
                replaced = os.stat(new_last, dir_fd=after, follow_symlinks=False).st_size
            os.rename(old_last, new_last, src_dir_fd=before, dst_dir_fd=after)
            self._used -= replaced if old != new else 0
            os.fsync(after)
            os.fsync(before)

    def remove(self, name: str) -> None:
        with self._folder_of(name) as (folder, last):
            octets = os.stat(last, dir_fd=folder, follow_symlinks=False).st_size
            os.unlink(last, dir_fd=folder)
            self._used -= octets

    def names(self, folder: str = "") -> list[Entry]:
        if not folder:
            return sorted(_walk(os.dup(self._root), ""))
        try:
            with self._folder_of(folder + "/x") as (descriptor, _):
                return sorted(_walk(os.dup(descriptor), folder + "/"))
        except FileNotFoundError:
            return []


def _refuse_other_case(descriptor: int, part: str) -> None:
    with os.scandir(descriptor) as entries:
        for entry in entries:
            if entry.name != part and entry.name.lower() == part.lower():
                raise FileExistsError(errno.EEXIST, "another letter case", part)


def _walk(root: int, prefix: str) -> Iterator[Entry]:
    """All plain files; links and what is neither file nor folder do not exist here.  Closes `root`."""
    waiting = [(root, prefix)]
    while waiting:
        descriptor, prefix = waiting.pop()
        try:
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(
                            (os.open(entry.name, _FOLDER, dir_fd=descriptor), prefix + entry.name + "/")
                        )
                    elif entry.is_file(follow_symlinks=False):
                        yield Entry(prefix + entry.name, entry.stat(follow_symlinks=False).st_size)
        finally:
            os.close(descriptor)
