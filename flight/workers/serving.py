"""A worker's own side: a process that owns its disk, and answers one request after the other."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from flight.store import StoreBudget
from flight.workers.breath import Breath
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


def serve(pipe: int, worker: Performs, breath: Breath | None = None, short: tuple[type, ...] = ()) -> None:
    """Until the other end closes the pipe.  PipeError for what is no request.

    Requests of the kinds `short` are also performed while another one takes a breath; the rest in their order.
    """
    with socket.socket(fileno=pipe) as ours:
        server = _Server(ours, worker, short)
        if breath is not None:
            breath.act = server.meanwhile
        while server.wait():
            server.perform_all()


class _Server:
    def __init__(self, ours: socket.socket, worker: Performs, short: tuple[type, ...]) -> None:
        self.socket, self.worker, self.short = ours, worker, short
        self.unpacker = Unpacker()
        self.waiting: deque[tuple[int, object]] = deque()
        self.nested = self.closed = False

    def wait(self) -> bool:
        """For more; False at the end of the pipe."""
        data = b"" if self.closed else _receive(self.socket)
        self.closed = not data
        self.waiting.extend(self.unpacker.feed(data))
        return not self.closed

    def perform_all(self) -> None:
        while self.waiting:
            self._perform(*self.waiting.popleft())

    def meanwhile(self) -> None:
        """In a breath of the request at hand, and not in a breath of what is done in one."""
        if self.nested:
            return
        if not self.closed and select.select([self.socket], [], [], 0)[0]:
            self.wait()
        if not self.waiting:
            return
        came, self.nested = list(self.waiting), True
        self.waiting = deque(one for one in came if not isinstance(one[1], self.short))
        try:
            for ticket, request in came:
                if isinstance(request, self.short):
                    self._perform(ticket, request)
        finally:
            self.nested = False

    def _perform(self, ticket: int, request: object) -> None:
        result = self.worker.perform(request)
        # Has the executive gone, what it asked for is done all the same.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(pack(ticket, result))


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
