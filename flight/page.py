"""The shared page: what the executive shows to the guardian, written before and after every step.

A thread in the same process could not watch the executive: a C call that holds the interpreter lock stopped one for
7 s when measured.  So the guardian is a process, and this page is a file that both map.
"""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass
from typing import Protocol

MAGIC = 0x534B5950  # "SKYP"
LAYOUT = struct.Struct("=IIQQqQ??")
SIZE = 4096
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Shown:
    """One reading of the page.  `stepping` is the index of the module now running, or NOBODY; times in ns."""

    pid: int
    ticks: int
    heartbeat: int
    stepping: int
    since: int
    critical_met: bool
    ending: bool


class Page(Protocol):
    def enter(self, index: int, now: int) -> None: ...

    def leave(self, now: int) -> None: ...

    def beat(self, now: int, ticks: int, critical_met: bool) -> None: ...


class NoPage:
    """In virtual time nobody watches."""

    def enter(self, index: int, now: int) -> None:
        pass

    def leave(self, now: int) -> None:
        pass

    def beat(self, now: int, ticks: int, critical_met: bool) -> None:
        pass


class SharedPage:
    """The page in a file, mapped by executive (writes) and guardian (reads)."""

    def __init__(self, path: str) -> None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(handle, SIZE)
            self.memory = mmap.mmap(handle, SIZE)
        finally:
            os.close(handle)
        self.pid = os.getpid()
        self.ticks = 0
        self.heartbeat = 0
        self.critical_met = False

    def _show(self, stepping: int, since: int, ending: bool = False) -> None:
        LAYOUT.pack_into(
            self.memory,
            0,
            MAGIC,
            self.pid,
            self.ticks,
            self.heartbeat,
            stepping,
            since,
            self.critical_met,
            ending,
        )

    def enter(self, index: int, now: int) -> None:
        self._show(index, now)

    def leave(self, now: int) -> None:
        self._show(NOBODY, now)

    def beat(self, now: int, ticks: int, critical_met: bool) -> None:
        self.heartbeat, self.ticks, self.critical_met = now, ticks, critical_met
        self._show(NOBODY, now)

    def end(self, now: int) -> None:
        """An orderly end: the guardian must not restart."""
        self._show(NOBODY, now, ending=True)

    def read(self) -> Shown | None:
        """None while nobody has written yet, or the content makes no sense."""
        magic, pid, ticks, heartbeat, stepping, since, met, ending = LAYOUT.unpack_from(self.memory, 0)
        return Shown(pid, ticks, heartbeat, stepping, since, met, ending) if magic == MAGIC else None

    def wipe(self) -> None:
        self.memory[: LAYOUT.size] = bytes(LAYOUT.size)

    def close(self) -> None:
        self.memory.close()
