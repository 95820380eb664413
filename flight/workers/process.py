"""The storage worker as a process of its own: what it waits for, the executive does not.

This is the executive's side, and it never blocks.  Requests queue here, bounded, and go into a socket as it takes them.
A worker that has died, or has answered nothing for two minutes, is replaced after a back-off; what it had not answered
fails at once.  A new worker is asked where the record numbers go on before anything else is given to it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence

from flight.declare import Failed, Snapshot, Stored, Stores
from flight.workers.messages import Unpacker, pack
from flight.workers.pipes import CHUNK, PipeError, pull

NS = 1_000_000_000
QUEUE_MAX = 2**22  # octets waiting for the pipe; more than the recorder hands over before it waits itself
UNANSWERED_MAX = 1_024  # requests; four times what the executive waits for at once
BACK_OFF_NS = (NS // 5, NS, 5 * NS, 30 * NS)
STEADY_NS = 600 * NS  # a worker that lived so long has earned a short back-off again
HUNG_NS = 120 * NS  # a card was measured to stall a sync for many seconds; longer is a dead worker
LOST = Failed("the storage worker was lost")


class ProcessWorker:
    """`flight.ports.Worker` over a child process, started by `command` with `--pipe FD` added.

    `floors` is set when a replaced worker has told from which counts on it takes records; whoever takes it sets it
    back to None.  `ready` is set by the one that boots, after `recover`; so is `sealed`, if it could not recover and
    must not write over what it does not know.  `starts` counts the processes, `lost` those that ended on their own or
    were killed.
    """

    def __init__(self, command: Sequence[str], monotonic: Callable[[], int]) -> None:
        self.command = list(command)
        self.monotonic = monotonic
        self.starts = self.lost = 0
        self.sealed = False
        self.failures = 0  # in a row, for the back-off
        self.socket: socket.socket | None = None
        self.pid = self.restart_at = 0
        self.floors: tuple[int, ...] | None = None
        self.floors_ticket = 0
        self.told: tuple[int, ...] = ()  # counts that a new worker is to reserve
        self.reserving: set[int] = set()
        self.results: list[tuple[int, object]] = []
        self.ending: list[int] = []  # killed, and not yet gone
        self.own_ticket = 0  # the last of ours: below zero, where the executive has none
        self._begin()

    def _begin(self) -> None:
        self._reap()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        os.set_inheritable(theirs.fileno(), True)
        command = [*self.command, "--pipe", str(theirs.fileno())]
        self.pid = os.posix_spawn(command[0], command, os.environ)
        theirs.close()
        self.socket = ours
        self.queue: deque[memoryview] = deque()
        self.queued_octets = 0
        self.unanswered: set[int] = set()
        self.unpacker = Unpacker()
        self.starts += 1
        self.began = self.heard = self.monotonic()
        self.ready = False
        self.reserving = set()
        if self.starts > 1:
            self.ask_floors()

    def ask_floors(self) -> None:
        """Take requests again when the worker has told its counts; at boot only if `recover` has not got them."""
        self.floors_ticket = self._put_own(Snapshot())

    # ---------------------------------------------------------------- the port

    def submit(self, ticket: int, request: object, now: int) -> bool:
        """False while the worker is down or new, or its queue is full."""
        assert isinstance(request, tuple)
        assert ticket > 0
        if self.socket is None or self.sealed or not self.ready or len(self.unanswered) >= UNANSWERED_MAX:
            return False
        return self._put(ticket, request)

    def poll(self, now: int) -> Sequence[tuple[int, object]]:
        self.tend()
        results, self.results = self.results, []
        return results

    def due(self, now: int) -> int:
        return now

    def tend(self) -> None:
        """Move octets and look after the process; each tick, whether anybody waits for a result or not."""
        if self.socket is None:
            if self.monotonic() >= self.restart_at:
                self._begin()
            return
        try:
            self._push()
            for ticket, result in self.unpacker.feed(pull(self.socket)):
                self._answered(ticket, result)
        except (PipeError, OSError):
            self._lose()
        else:
            if self.unanswered and self.monotonic() - self.heard > HUNG_NS:
                self._lose()

    def _put(self, ticket: int, request: tuple[object, ...]) -> bool:
        data = pack(ticket, request)
        if self.queued_octets + len(data) > QUEUE_MAX:
            return False
        if not self.unanswered:
            self.heard = self.monotonic()  # silence counts from the first request that waits
        self.queue.append(memoryview(data))
        self.queued_octets += len(data)
        self.unanswered.add(ticket)
        return True

    def _put_own(self, request: tuple[object, ...]) -> int:
        self.own_ticket -= 1
        self._put(self.own_ticket, request)
        return self.own_ticket

    def keep(self, request: tuple[object, ...]) -> None:
        """Something that nobody waits for, such as the account of a crash."""
        if self.socket is not None and len(self.unanswered) < UNANSWERED_MAX:
            self._put_own(request)

    def _answered(self, ticket: int, result: object) -> None:
        self.heard = self.monotonic()
        self.unanswered.discard(ticket)
        if ticket > 0:
            self.results.append((ticket, result))
        elif not self.ready and ticket == self.floors_ticket:
            if not isinstance(result, Stores):
                raise PipeError(f"a new worker answered {result!r}")
            self.told = result.next_counts
            asked = [] if self.sealed else result.reservations()
            self.reserving = {self._put_own(reservation) for reservation in asked}
            self._reserved()
        elif ticket in self.reserving:
            if not isinstance(result, Stored):
                raise PipeError(f"a new worker answered {result!r}")
            self.reserving.discard(ticket)
            self._reserved()

    def _reserved(self) -> None:
        if not self.reserving:
            self.floors, self.ready = self.told, True

    # ---------------------------------------------------------------- octets

    def _push(self) -> None:
        """As much as the socket takes.  OSError if the worker has closed its end."""
        assert self.socket is not None
        while self.queue:
            try:
                sent = self.socket.send(self.queue[0])
            except BlockingIOError:
                return
            self.queued_octets -= sent
            if sent < len(self.queue[0]):
                self.queue[0] = self.queue[0][sent:]
                return
            self.queue.popleft()

    def _lose(self) -> None:
        """The process has ended or must: kill it, fail what waits, and start another later."""
        now = self.monotonic()
        self.lost += 1
        self._kill()
        self.results += [(ticket, LOST) for ticket in sorted(self.unanswered) if ticket > 0]
        self.unanswered.clear()
        self.queue.clear()
        self.queued_octets = 0
        self.failures = 1 if now - self.began > STEADY_NS else self.failures + 1
        self.restart_at = now + BACK_OFF_NS[min(self.failures, len(BACK_OFF_NS)) - 1]

    def _kill(self) -> None:
        assert self.socket is not None
        self.socket.close()
        self.socket, self.ready = None, False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.ending.append(self.pid)
        self._reap()

    def _reap(self) -> None:
        """A process in the middle of a disk operation ends after it; until then a lock keeps its heir waiting."""
        self.ending = [pid for pid in self.ending if not _has_ended(pid)]

    # ---------------------------------------------------------------- before the first tick and after the last

    def ask(self, request: tuple[object, ...], until: int) -> object:
        """Wait for one answer, until `until` of the monotonic clock.  TimeoutError if none comes or the worker dies."""
        if self.socket is None:
            raise TimeoutError("the storage worker is down")
        answers: list[object] = []
        wanted = self._put_own(request)
        try:
            while not answers:
                left = until - self.monotonic()
                if left <= 0:
                    raise TimeoutError(f"storage gave no answer to {type(request).__name__}")
                self.socket.settimeout(left / NS)
                if self.queue:
                    self.socket.sendall(b"".join(self.queue))
                    self.queue.clear()
                    self.queued_octets = 0
                piece = self.socket.recv(CHUNK)
                if not piece:
                    raise TimeoutError("the storage worker ended")
                answers = [answer for ticket, answer in self.unpacker.feed(piece) if ticket == wanted]
        except (PipeError, OSError) as error:
            raise TimeoutError(f"storage: {error}") from error
        finally:
            self.socket.setblocking(False)
        self.unanswered.discard(wanted)
        return answers[0]

    def close(self, until: int) -> None:
        """The worker ends when its pipe closes, after what it had been given; until then, or by force."""
        if self.socket is None:
            return
        self.socket.close()
        self.socket = None
        while not _has_ended(self.pid):
            if self.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.005)


def _has_ended(pid: int) -> bool:
    """A child of ours; it is forgotten with that."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True


class CountlessProcess(ProcessWorker):
    """A worker that has no counts to tell, and takes requests from its start: of files, of planning."""

    def _begin(self) -> None:
        super()._begin()
        self.ready = True

    def ask_floors(self) -> None:
        """There are none."""
