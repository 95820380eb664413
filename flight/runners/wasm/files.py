"""The files of a WebAssembly job: a tree in memory, so that nothing of a host's file system shows in a result.

Read from the job's folders at its start, written back to those that it may write at its end.  Names come in one order,
files have no times, and there is nothing to escape to.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field

WRITTEN = ("outputs", "checkpoints", "scratch")
READ = ("package", "models")
DEPTH_MAX = 32  # folders in folders, as the runner allows on the disk
READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
PARTS_MAX = 64  # of one path
BADF, EXIST, INVAL, ISDIR, NOENT, NOSPC, NOTDIR, NOTEMPTY, ROFS, NOTCAPABLE = (
    8,
    20,
    28,
    31,
    44,
    51,
    54,
    55,
    69,
    76,
)


class Refused(Exception):
    """What a WASI call answers: `error` is a number of WASI's errno."""

    def __init__(self, error: int) -> None:
        self.error = error


@dataclass(eq=False, slots=True)
class File:
    data: bytearray
    number: int


@dataclass(eq=False, slots=True)
class Folder:
    writable: bool
    number: int
    entries: dict[str, File | Folder] = field(default_factory=dict)


class Tree:
    """`limit_octets` and `limit_files` hold for all that may be written, together."""

    def __init__(self, limit_octets: int, limit_files: int) -> None:
        self.limit_octets, self.limit_files = limit_octets, limit_files
        self.octets = self.files = self.numbers = 0
        self.sealed = 0  # files with a number up to this one are only read
        self.roots: dict[str, Folder] = {}

    # ---------------------------------------------------------------- from and to the host

    def load(self, name: str, place: str) -> None:
        """OSError.  Links and special files of the host are not there."""
        root = self.roots[name] = Folder(name in WRITTEN, self._number())
        waiting = [(place, root, 0)]
        while waiting:
            path, folder, depth = waiting.pop()
            for entry in sorted(os.listdir(path)):
                below = f"{path}/{entry}"
                mode = os.lstat(below).st_mode
                if stat.S_ISDIR(mode) and depth < DEPTH_MAX:
                    made = folder.entries[entry] = Folder(folder.writable, self._number())
                    waiting.append((below, made, depth + 1))
                elif stat.S_ISREG(mode):
                    with open(os.open(below, READ_FLAGS), "rb") as file:
                        folder.entries[entry] = File(bytearray(file.read()), self._number())
        if root.writable:
            self._count(root)
        else:
            self.sealed = self.numbers

    def _count(self, root: Folder) -> None:
        waiting = [root]
        while waiting:
            for entry in waiting.pop().entries.values():
                self.files += 1
                if isinstance(entry, Folder):
                    waiting.append(entry)
                else:
                    self.octets += len(entry.data)

    def save(self, name: str, place: str) -> None:
        """Make the host's folder what the job has made of it.  OSError."""
        waiting = [(place, self.roots[name])]
        while waiting:
            path, folder = waiting.pop()
            for gone in set(os.listdir(path)) - set(folder.entries):
                _remove(f"{path}/{gone}")
            for entry, found in sorted(folder.entries.items()):
                below = f"{path}/{entry}"
                if isinstance(found, Folder):
                    os.makedirs(below, exist_ok=True)
                    waiting.append((below, found))
                else:
                    with open(below + ".part", "wb") as file:
                        file.write(found.data)
                    os.replace(below + ".part", below)

    # ---------------------------------------------------------------- paths, by WASI's rules

    def walk(self, folder: Folder, path: str) -> tuple[Folder, str]:
        """The folder that holds the last part, and that part; an empty one is the folder itself.  Never above
        `folder`."""
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if path.startswith("/") or len(parts) > PARTS_MAX or "\0" in path:
            raise Refused(NOTCAPABLE if path.startswith("/") else INVAL)
        stack = [folder]
        for part in parts[:-1]:
            if part == "..":
                if len(stack) == 1:
                    raise Refused(NOTCAPABLE)
                stack.pop()
                continue
            found = stack[-1].entries.get(part)
            if found is None:
                raise Refused(NOENT)
            if not isinstance(found, Folder):
                raise Refused(NOTDIR)
            stack.append(found)
        if parts and parts[-1] == "..":
            raise Refused(NOTCAPABLE)
        return stack[-1], parts[-1] if parts else ""

    def find(self, folder: Folder, path: str) -> File | Folder:
        parent, name = self.walk(folder, path)
        if not name:
            return parent
        found = parent.entries.get(name)
        if found is None:
            raise Refused(NOENT)
        return found

    def make(self, folder: Folder, path: str, *, as_folder: bool) -> File | Folder:
        parent, name = self.walk(folder, path)
        if not parent.writable:
            raise Refused(ROFS)
        if not name or name in parent.entries:
            raise Refused(EXIST)
        if self.files >= self.limit_files:
            raise Refused(NOSPC)
        self.files += 1
        made: File | Folder = Folder(True, self._number()) if as_folder else File(bytearray(), self._number())
        parent.entries[name] = made
        return made

    def remove(self, folder: Folder, path: str, *, as_folder: bool) -> None:
        parent, name = self.walk(folder, path)
        found = parent.entries.get(name)
        if not parent.writable:
            raise Refused(ROFS)
        if found is None:
            raise Refused(NOENT)
        if isinstance(found, Folder) != as_folder:
            raise Refused(NOTDIR if as_folder else ISDIR)
        if isinstance(found, Folder) and found.entries:
            raise Refused(NOTEMPTY)
        del parent.entries[name]
        self.files -= 1
        if isinstance(found, File):
            self.octets -= len(found.data)

    def rename(self, folder: Folder, path: str, new_folder: Folder, new_path: str) -> None:
        """Of files and empty folders alone, so that no folder comes to lie in itself."""
        parent, name = self.walk(folder, path)
        target, new_name = self.walk(new_folder, new_path)
        found, old = parent.entries.get(name), target.entries.get(new_name)
        if not (parent.writable and target.writable):
            raise Refused(ROFS)
        if found is None or not new_name:
            raise Refused(NOENT)
        if old is found:
            return
        if isinstance(found, Folder) and found.entries:
            raise Refused(NOTEMPTY)
        if old is not None:
            self.remove(new_folder, new_path, as_folder=isinstance(found, Folder))
        target.entries[new_name] = parent.entries.pop(name)

    def resize(self, file: File, size: int) -> None:
        more = size - len(file.data)
        if self.octets + more > self.limit_octets:
            raise Refused(NOSPC)
        self.octets += more
        if more > 0:
            file.data += bytes(more)
        else:
            del file.data[size:]

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers


def _remove(path: str) -> None:
    """A file, a link, or a folder that is empty; of a full one the files go first."""
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        os.unlink(path)
        return
    folders = [path]
    for folder in folders:
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            else:
                os.unlink(entry.path)
    for folder in reversed(folders):
        os.rmdir(folder)
