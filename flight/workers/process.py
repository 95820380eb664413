"""The storage worker as a process of its own: what it waits for, the executive does not.

The executive's side never blocks: requests queue here, bounded, and go into a socket as it takes them.  A worker that
has died is started again after a back-off; what it had not answered runs into its deadline.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence

from flight.store import StoreBudget
from flight.workers.messages import PipeError, Unpacker, pack
from flight.workers.storage import StorageWorker

QUEUE_MAX = 2**22  # octets waiting for the pipe; ten minutes of telemetry
RESTART_AFTER_NS = (1_000_000_000, 5_000_000_000, 30_000_000_000)
CHUNK = 65_536


class ProcessWorker:
    """`flight.ports.Worker` over a child process."""

    def __init__(self, command: Sequence[str], monotonic: Callable[[], int]) -> None:
        self.command = list(command)
        self.monotonic = monotonic
        self.starts = 0
        self.restart_at = 0
        self.socket: socket.socket | None = None
        self.pid = 0
        self._begin()

    def _begin(self) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        os.set_inheritable(theirs.fileno(), True)
        command = [*self.command, "--pipe", str(theirs.fileno())]
        self.pid = os.posix_spawn(command[0], command, os.environ)
        theirs.close()
        self.socket = ours
        self.waiting: deque[bytes] = deque()
        self.waiting_octets = 0
        self.unpacker = Unpacker()
        self.starts += 1

    def submit(self, ticket: int, request: object, now: int) -> bool:
        """False while the worker is down or its queue is full."""
        assert isinstance(request, tuple)
        if self.socket is None:
            return False
        data = pack(ticket, request)
        if self.waiting_octets + len(data) > QUEUE_MAX:
            return False
        self.waiting.append(data)
        self.waiting_octets += len(data)
        self._push()
        return True

    def poll(self, now: int) -> Sequence[tuple[int, object]]:
        if self.socket is None:
            if self.monotonic() >= self.restart_at:
                self._begin()
            return ()
        try:
            self._push()
            return self.unpacker.feed(self._pull())
        except (PipeError, OSError):
            self._lost()
            return ()

    def _push(self) -> None:
        assert self.socket is not None
        while self.waiting:
            data = self.waiting[0]
            try:
                sent = self.socket.send(data)
            except BlockingIOError:
                return
            except OSError:
                self._lost()
                return
            self.waiting_octets -= sent
            if sent < len(data):
                self.waiting[0] = data[sent:]
                return
            self.waiting.popleft()

    def _pull(self) -> bytes:
        """What has arrived; OSError if the worker has closed its end."""
        assert self.socket is not None
        data = bytearray()
        with contextlib.suppress(BlockingIOError):
            while len(data) < QUEUE_MAX:
                piece = self.socket.recv(CHUNK)
                if not piece:
                    raise ConnectionResetError
                data += piece
        return bytes(data)

    def _lost(self) -> None:
        assert self.socket is not None
        self.socket.close()
        self.socket = None
        self.waiting.clear()
        self.waiting_octets = 0
        with contextlib.suppress(OSError):
            os.kill(self.pid, 9)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        delay = RESTART_AFTER_NS[min(self.starts - 1, len(RESTART_AFTER_NS) - 1)]
        self.restart_at = self.monotonic() + delay

    def ask(self, request: tuple[object, ...], within_s: float) -> object:
        """At boot only, before the first tick: wait for one answer.  TimeoutError if none comes."""
        assert self.socket is not None
        self.socket.setblocking(True)
        self.socket.settimeout(within_s)
        try:
            self.socket.sendall(pack(0, request))
            while True:
                for ticket, result in self.unpacker.feed(self.socket.recv(CHUNK)):
                    if ticket == 0:
                        return result
        finally:
            self.socket.setblocking(False)

    def close(self) -> None:
        """The worker ends when its pipe closes, after what it had been given."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)


def serve(pipe: int, storage: StorageWorker) -> None:
    """The worker's side: one request after the other, until the pipe closes."""
    with socket.socket(fileno=pipe) as ours:
        unpacker = Unpacker()
        while True:
            data = ours.recv(CHUNK)
            if not data:
                return
            for ticket, request in unpacker.feed(data):
                ours.sendall(pack(ticket, storage.perform(request)))  # type: ignore[arg-type]  # total over requests


def budgets_from(words: Sequence[str]) -> list[StoreBudget]:
    """`name:budget:segment` each, as the executive writes them on the command line."""
    found = []
    for word in words:
        name, budget, segment = word.split(":")
        found.append(StoreBudget(name, int(budget), int(segment)))
    return found


def monotonic() -> int:
    return time.monotonic_ns()


def interpreter() -> str:
    return sys.executable
