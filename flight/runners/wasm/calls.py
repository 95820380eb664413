"""WASI preview 1 for a job that must give the same bytes everywhere: files in memory, no clock, chance from a seed.

A call reads and writes the module's memory by little-endian layouts of wasi_snapshot_preview1.witx and answers an
errno.  The clock is a counter: each reading is a millisecond after the last one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import Protocol

from flight.runners.wasm.files import (
    BADF,
    EXIST,
    INVAL,
    ISDIR,
    NOENT,
    NOTDIR,
    ROFS,
    File,
    Folder,
    Refused,
    Tree,
)

SUCCESS, NOSYS, FAULT, SPIPE = 0, 52, 21, 70
CHARACTER_DEVICE, DIRECTORY, REGULAR_FILE = 2, 3, 4
CREATE, MUST_BE_FOLDER, EXCLUSIVE, TRUNCATE = 1, 2, 4, 8
APPEND = 1
HANDLES_MAX = 256
TICK_NS = 1_000_000
ALL_RIGHTS = (1 << 30) - 1
PAIR = Struct("<II")
U32, U64 = Struct("<I"), Struct("<Q")
FDSTAT = Struct("<BxHxxxxQQ")
FILESTAT = Struct("<QQB7xQQQQQ")
DIRENT = Struct("<QQIB3x")
VECTORS_MAX = 1_024


class Memory(Protocol):
    """The module's; IndexError for an address outside of it."""

    def get(self, start: int, length: int) -> bytes: ...

    def put(self, start: int, data: bytes) -> None: ...


class Call(Protocol):
    """One of `Calls`: as many numbers as WASI says."""

    def __call__(self, memory: Memory, /, *numbers: int) -> int | None: ...


class Answer(Protocol):
    """The same as the engine makes it."""

    def __call__(self, *numbers: int) -> int | None: ...


class Exited(Exception):
    def __init__(self, code: int) -> None:
        self.code = code


@dataclass(slots=True)
class Handle:
    """`name` is that of a folder that the job was given, else empty."""

    node: File | Folder | int  # a number is standard input, output or error
    at: int = 0
    appends: bool = False
    name: str = ""


class Calls:
    """Every method that has no underscore is a WASI call of that name."""

    def __init__(self, tree: Tree, words: Sequence[str], environment: Sequence[str], seed: int) -> None:
        self._tree, self._words, self._environment = tree, words, environment
        self._seed = seed.to_bytes(16, "little", signed=True)
        self._drawn = self._time_ns = 0
        self._handles: dict[int, Handle] = {number: Handle(number) for number in range(3)}
        for name, root in tree.roots.items():
            self._handles[len(self._handles)] = Handle(root, name=f"/{name}")

    # ---------------------------------------------------------------- of the program

    def args_sizes_get(self, memory: Memory, count: int, size: int) -> int:
        return self._sizes(memory, self._words, count, size)

    def args_get(self, memory: Memory, pointers: int, octets: int) -> int:
        return self._texts(memory, self._words, pointers, octets)

    def environ_sizes_get(self, memory: Memory, count: int, size: int) -> int:
        return self._sizes(memory, self._environment, count, size)

    def environ_get(self, memory: Memory, pointers: int, octets: int) -> int:
        return self._texts(memory, self._environment, pointers, octets)

    def _sizes(self, memory: Memory, texts: Sequence[str], count: int, size: int) -> int:
        memory.put(count, U32.pack(len(texts)))
        memory.put(size, U32.pack(sum(len(text.encode()) + 1 for text in texts)))
        return SUCCESS

    def _texts(self, memory: Memory, texts: Sequence[str], pointers: int, octets: int) -> int:
        for index, text in enumerate(texts):
            data = text.encode() + b"\0"
            memory.put(pointers + 4 * index, U32.pack(octets))
            memory.put(octets, data)
            octets += len(data)
        return SUCCESS

    def proc_exit(self, memory: Memory, code: int) -> None:
        raise Exited(code & 0xFFFF_FFFF)

    def sched_yield(self, memory: Memory) -> int:
        return SUCCESS

    def clock_res_get(self, memory: Memory, clock: int, result: int) -> int:
        memory.put(result, U64.pack(TICK_NS))
        return SUCCESS

    def clock_time_get(self, memory: Memory, clock: int, precision: int, result: int) -> int:
        self._time_ns += TICK_NS
        memory.put(result, U64.pack(self._time_ns))
        return SUCCESS

    def random_get(self, memory: Memory, start: int, length: int) -> int:
        memory.get(start + max(0, length - 1), min(1, length))  # inside, before anything is made
        for offset in range(0, length, 32):
            piece = sha256(self._seed + self._drawn.to_bytes(8, "little")).digest()
            self._drawn += 1
            memory.put(start + offset, piece[: length - offset])
        return SUCCESS

    # ---------------------------------------------------------------- of handles

    def fd_close(self, memory: Memory, fd: int) -> int:
        self._handle(fd)
        del self._handles[fd]
        return SUCCESS

    def fd_fdstat_get(self, memory: Memory, fd: int, result: int) -> int:
        handle = self._handle(fd)
        memory.put(result, FDSTAT.pack(_kind(handle.node), APPEND * handle.appends, ALL_RIGHTS, ALL_RIGHTS))
        return SUCCESS

    def fd_fdstat_set_flags(self, memory: Memory, fd: int, flags: int) -> int:
        self._handle(fd).appends = bool(flags & APPEND)
        return SUCCESS

    def fd_filestat_get(self, memory: Memory, fd: int, result: int) -> int:
        memory.put(result, _stat(self._handle(fd).node))
        return SUCCESS

    def fd_filestat_set_size(self, memory: Memory, fd: int, size: int) -> int:
        self._tree.resize(self._file(fd)[1], size)
        return SUCCESS

    def fd_prestat_get(self, memory: Memory, fd: int, result: int) -> int:
        name = self._handle(fd).name
        if not name:
            return BADF
        memory.put(result, PAIR.pack(0, len(name.encode())))
        return SUCCESS

    def fd_prestat_dir_name(self, memory: Memory, fd: int, start: int, length: int) -> int:
        memory.put(start, self._handle(fd).name.encode()[:length])
        return SUCCESS

    def fd_sync(self, memory: Memory, fd: int) -> int:
        self._handle(fd)
        return SUCCESS

    fd_datasync = fd_sync

    def fd_tell(self, memory: Memory, fd: int, result: int) -> int:
        memory.put(result, U64.pack(self._file(fd)[0].at))
        return SUCCESS

    def fd_seek(self, memory: Memory, fd: int, offset: int, whence: int, result: int) -> int:
        handle = self._handle(fd)
        if not isinstance(handle.node, File):
            return SPIPE
        base = {0: 0, 1: handle.at, 2: len(handle.node.data)}.get(whence)
        if base is None or not 0 <= base + offset < 2**40:
            return INVAL
        handle.at = base + offset
        memory.put(result, U64.pack(handle.at))
        return SUCCESS

    def fd_read(self, memory: Memory, fd: int, vectors: int, count: int, result: int) -> int:
        if self._handle(fd).node == 0:  # standard input is empty
            memory.put(result, U32.pack(0))
            return SUCCESS
        handle, file = self._file(fd)
        done = self._read(memory, file, handle.at, vectors, count)
        handle.at += done
        memory.put(result, U32.pack(done))
        return SUCCESS

    def fd_pread(self, memory: Memory, fd: int, vectors: int, count: int, offset: int, result: int) -> int:
        done = self._read(memory, self._file(fd)[1], offset & (2**64 - 1), vectors, count)
        memory.put(result, U32.pack(done))
        return SUCCESS

    def fd_write(self, memory: Memory, fd: int, vectors: int, count: int, result: int) -> int:
        handle = self._handle(fd)
        data = b"".join(memory.get(start, length) for start, length in _vectors(memory, vectors, count))
        if isinstance(handle.node, int):
            if handle.node == 0:
                return BADF
            stream = sys.stdout if handle.node == 1 else sys.stderr
            stream.buffer.write(data)
        else:
            _, file = self._file(fd)
            handle.at = len(file.data) if handle.appends else handle.at
            self._write(file, handle.at, data)
            handle.at += len(data)
        memory.put(result, U32.pack(len(data)))
        return SUCCESS

    def fd_pwrite(self, memory: Memory, fd: int, vectors: int, count: int, offset: int, result: int) -> int:
        data = b"".join(memory.get(start, length) for start, length in _vectors(memory, vectors, count))
        self._write(self._file(fd)[1], offset & (2**64 - 1), data)
        memory.put(result, U32.pack(len(data)))
        return SUCCESS

    def fd_readdir(self, memory: Memory, fd: int, start: int, length: int, cookie: int, result: int) -> int:
        folder = self._folder(fd)
        data = bytearray()
        for index, name in enumerate(sorted(folder.entries)[cookie:], cookie + 1):
            if len(data) >= length:
                break
            node, text = folder.entries[name], name.encode()
            data += DIRENT.pack(index, node.number, len(text), _kind(node)) + text
        memory.put(start, bytes(data[:length]))
        memory.put(result, U32.pack(min(len(data), length)))
        return SUCCESS

    # ---------------------------------------------------------------- of paths

    def path_open(
        self,
        memory: Memory,
        fd: int,
        _links: int,
        path: int,
        path_length: int,
        how: int,
        _rights: int,
        _inheriting: int,
        flags: int,
        result: int,
    ) -> int:
        folder, name = self._folder(fd), self._path(memory, path, path_length)
        try:
            node = self._tree.find(folder, name)
            if how & CREATE and how & EXCLUSIVE:
                return EXIST
        except Refused as refused:
            if refused.error != NOENT or not how & CREATE:
                raise
            node = self._tree.make(folder, name, as_folder=False)
        if how & MUST_BE_FOLDER and not isinstance(node, Folder):
            return NOTDIR
        if how & TRUNCATE:
            if isinstance(node, Folder):
                return ISDIR
            self._owned(node)
            self._tree.resize(node, 0)
        free = next((number for number in range(3, HANDLES_MAX) if number not in self._handles), None)
        if free is None:
            return 41  # NFILE
        self._handles[free] = Handle(node, appends=bool(flags & APPEND))
        memory.put(result, U32.pack(free))
        return SUCCESS

    def path_create_directory(self, memory: Memory, fd: int, path: int, length: int) -> int:
        self._tree.make(self._folder(fd), self._path(memory, path, length), as_folder=True)
        return SUCCESS

    def path_remove_directory(self, memory: Memory, fd: int, path: int, length: int) -> int:
        self._tree.remove(self._folder(fd), self._path(memory, path, length), as_folder=True)
        return SUCCESS

    def path_unlink_file(self, memory: Memory, fd: int, path: int, length: int) -> int:
        self._tree.remove(self._folder(fd), self._path(memory, path, length), as_folder=False)
        return SUCCESS

    def path_rename(
        self, memory: Memory, fd: int, old: int, old_length: int, to: int, new: int, length: int
    ) -> int:
        source, target = self._path(memory, old, old_length), self._path(memory, new, length)
        self._tree.rename(self._folder(fd), source, self._folder(to), target)
        return SUCCESS

    def path_filestat_get(
        self, memory: Memory, fd: int, _links: int, path: int, length: int, result: int
    ) -> int:
        memory.put(result, _stat(self._tree.find(self._folder(fd), self._path(memory, path, length))))
        return SUCCESS

    # ----------------------------------------------------------------

    def _handle(self, fd: int) -> Handle:
        handle = self._handles.get(fd)
        if handle is None:
            raise Refused(BADF)
        return handle

    def _file(self, fd: int) -> tuple[Handle, File]:
        handle = self._handle(fd)
        if isinstance(handle.node, File):
            return handle, handle.node
        raise Refused(ISDIR if isinstance(handle.node, Folder) else SPIPE)

    def _folder(self, fd: int) -> Folder:
        handle = self._handle(fd)
        if isinstance(handle.node, Folder):
            return handle.node
        raise Refused(NOTDIR)

    def _path(self, memory: Memory, start: int, length: int) -> str:
        try:
            return memory.get(start, length).decode()
        except UnicodeDecodeError:
            raise Refused(INVAL) from None

    def _read(self, memory: Memory, file: File, at: int, vectors: int, count: int) -> int:
        done = 0
        for start, length in _vectors(memory, vectors, count):
            piece = bytes(file.data[at + done : at + done + length])
            memory.put(start, piece)
            done += len(piece)
        return done

    def _write(self, file: File, at: int, data: bytes) -> None:
        self._owned(file)
        if at + len(data) > len(file.data):
            self._tree.resize(file, at + len(data))
        file.data[at : at + len(data)] = data

    def _owned(self, file: File) -> None:
        """What is only read has been loaded first (`flight.runners.wasm.host`)."""
        if file.number <= self._tree.sealed:
            raise Refused(ROFS)


def _vectors(memory: Memory, start: int, count: int) -> list[tuple[int, int]]:
    if count > VECTORS_MAX:
        raise Refused(INVAL)
    octets = memory.get(start, count * PAIR.size)
    return [(at, length) for at, length in PAIR.iter_unpack(octets)]


def _kind(node: File | Folder | int) -> int:
    if isinstance(node, int):
        return CHARACTER_DEVICE
    return DIRECTORY if isinstance(node, Folder) else REGULAR_FILE


def _stat(node: File | Folder | int) -> bytes:
    """No device, no times."""
    size = len(node.data) if isinstance(node, File) else 0
    number = node if isinstance(node, int) else node.number
    return FILESTAT.pack(0, number, _kind(node), 1, size, 0, 0, 0)


def answering(call: Call, memory: Callable[[], Memory], narrow: Sequence[bool]) -> Answer:
    """A call as the engine makes it: what is refused is an errno, an address outside is a fault of the module.

    `narrow` says which arguments are of 32 bits: the engine gives them with a sign, WASI means none.
    """

    def answer(*numbers: int) -> int | None:
        wide = (
            number & 0xFFFF_FFFF if short else number for number, short in zip(numbers, narrow, strict=True)
        )
        try:
            return call(memory(), *wide)
        except Refused as refused:
            return refused.error
        except IndexError:
            return FAULT

    return answer
