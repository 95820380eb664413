"""A worker's own side: a process that owns its disk, and answers one request after the other."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import time
from collections.abc import Sequence
from typing import Protocol

from flight.store import StoreBudget
from flight.workers.messages import Unpacker, pack

CHUNK = 65_536
HEIR_WAITS_S = 2.0  # for the worker of a killed executive to finish what it was given
PATIENCE_S = 0.02


def own_disk(lock: str) -> int:
    """Take the lock on the disk: two workers would tear each other's files.

    The worker of an executive that was killed may be at work still, or hang.  It gets a moment to finish, then it is
    killed; a process in the middle of a disk operation dies when that ends, and so long this one waits.
    """
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + HEIR_WAITS_S
    while not _try_lock(handle):
        if time.monotonic() > until:
            os.kill(int(os.pread(handle, 20, 0)), signal.SIGKILL)
            fcntl.flock(handle, fcntl.LOCK_EX)
            break
        time.sleep(PATIENCE_S)
    os.pwrite(handle, b"%-20d" % os.getpid(), 0)
    return handle


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Performs(Protocol):
    """A worker without its process; total over requests."""

    def perform(self, request: object, /) -> tuple[object, ...]: ...


def serve(pipe: int, worker: Performs) -> None:
    """Until the other end closes the pipe.  PipeError for what is no request."""
    with socket.socket(fileno=pipe) as ours:
        unpacker = Unpacker()
        while data := _receive(ours):
            for ticket, request in unpacker.feed(data):
                result = worker.perform(request)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    ours.sendall(
                        pack(ticket, result)
                    )  # has the executive gone, what it asked for is done all the same


def _receive(ours: socket.socket) -> bytes:
    try:
        return ours.recv(CHUNK)
    except ConnectionResetError:
        return b""


def budgets_from(words: Sequence[str]) -> list[StoreBudget]:
    """`name:budget:segment` each, as the executive writes them on the command line."""
    found = []
    for word in words:
        name, budget, segment = word.split(":")
        found.append(StoreBudget(name, int(budget), int(segment)))
    return found


def ignore_signals() -> None:
    """Ctrl-C reaches the whole group of processes, and the worker must outlast the executive's last words."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


__all__ = ["budgets_from", "ignore_signals", "own_disk", "serve"]
