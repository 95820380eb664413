"""The shared page: what the executive shows to the guardian, written before and after every step.

A thread in the same process could not watch the executive: a C call that holds the interpreter lock stopped one for
7 s when measured.  So the guardian is a process, and this page is memory that both map.

The page is written twice in turn, each copy with a number and a CRC: a reader that comes in the middle of a write, or
after a bit has flipped, still finds the copy before.  It belongs in memory (`/dev/shm`): on a card, a page fault can
wait for the very sync that the executive must not wait for.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from typing import NamedTuple, Protocol

MAGIC = 0x534B5931  # "SKY1"
BODY = struct.Struct("=IIQQqqqq?")
CRC = struct.Struct("=I")
COPY_SIZE = 128  # of one copy; two cache lines of their own
COPIES = 2
SIZE = 4096
NOBODY = -1


class Shown(NamedTuple):
    """One reading of the page.  `stepping` is the index of the module now running, or NOBODY.

    `heartbeat` and `since` are mission time.  `met_until` is machine time (monotonic): until then every critical module
    has met its deadline.  All in ns.
    """

    pid: int
    sequence: int
    ticks: int
    heartbeat: int
    stepping: int
    since: int
    met_until: int
    ending: bool


class Page(Protocol):
    def enter(self, index: int, now: int) -> None: ...

    def leave(self, now: int) -> None: ...

    def beat(self, now: int, ticks: int, met_until: int) -> None: ...


class NoPage:
    """In virtual time nobody watches."""

    def enter(self, index: int, now: int) -> None:
        pass

    def leave(self, now: int) -> None:
        pass

    def beat(self, now: int, ticks: int, met_until: int) -> None:
        pass


class SharedPage:
    """The page in a file, mapped by executive (writes) and guardian (reads)."""

    def __init__(self, path: str) -> None:
        """OSError if the file cannot be opened, made or mapped."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(path, flags, 0o600)
        try:
            os.ftruncate(handle, SIZE)
            self.memory = mmap.mmap(handle, SIZE)
        finally:
            os.close(handle)
        self.pid = os.getpid()
        self.sequence = self.ticks = self.heartbeat = self.met_until = 0

    def _show(self, stepping: int, since: int, ending: bool = False) -> None:
        self.sequence = sequence = self.sequence + 1
        body = BODY.pack(
            MAGIC, self.pid, sequence, self.ticks, self.heartbeat, stepping, since, self.met_until, ending
        )
        start = sequence % COPIES * COPY_SIZE
        self.memory[start : start + BODY.size + CRC.size] = body + CRC.pack(zlib.crc32(body))

    def enter(self, index: int, now: int) -> None:
        self._show(index, now)

    def leave(self, now: int) -> None:
        self._show(NOBODY, now)

    def beat(self, now: int, ticks: int, met_until: int) -> None:
        self.heartbeat, self.ticks, self.met_until = now, ticks, met_until
        self._show(NOBODY, now)

    def end(self, now: int) -> None:
        """An orderly end: the guardian must not restart."""
        self.met_until = 0
        self._show(NOBODY, now, ending=True)

    def read(self) -> Shown | None:
        """The newest whole copy; None while nobody has written, or both copies are being written or damaged."""
        found = [shown for copy in range(COPIES) if (shown := self._read(copy)) is not None]
        return max(found, key=lambda shown: shown.sequence, default=None)

    def _read(self, copy: int) -> Shown | None:
        start = copy * COPY_SIZE
        octets = self.memory[start : start + BODY.size + CRC.size]
        body = octets[: BODY.size]
        if CRC.unpack_from(octets, BODY.size)[0] != zlib.crc32(body):
            return None
        magic, *fields = BODY.unpack(body)
        return Shown._make(fields) if magic == MAGIC else None

    def wipe(self) -> None:
        self.memory[: COPIES * COPY_SIZE] = bytes(COPIES * COPY_SIZE)

    def close(self) -> None:
        self.memory.close()
