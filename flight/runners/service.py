"""The runner's process: it owns the jobs, and goes on when the executive does not.

One executive at a time speaks to it, over a socket in a folder of its own; a new one takes the old one's place and
is told the inventory first.  When nobody has been there for half a minute all jobs are frozen: who would keep them
within power and heat?

SIGTERM is the end of the board: each job is asked for a checkpoint and has 20 s for it.  The runner stays until its
executive has taken note of their ends, so that the book of jobs says that they were stopped and not lost.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import struct
import time
from pathlib import Path

from flight.declare.running import JobState, Refusal
from flight.ports import JobRunner
from flight.runners import kernel_calls as kernel
from flight.runners.messages import SOCKET, VERBS, Answer, End, Message, Start, Steer, Unpacker, pack
from flight.runners.process import ProcessRunner
from flight.runners.settings import RunnerSettings, find_machine
from flight.runners.trial import strongest
from flight.workers.pipes import PipeError

NS = 1_000_000_000
MILLISECOND = 1_000_000
LOCK = "runner.lock"
STATE_MODE = 0o711  # jobs with a user of their own and no mount namespace pass through it to their folders
CHUNK = 65_536
OUT_MAX = 2**22  # octets that an executive has not read: it hangs, and will get the inventory when it is back
ALONE_NS = 30 * NS  # of the executive's restarts by its guardian each takes a few seconds
LOOK_NS = 5 * NS  # without an executive, whether there can still be one
END_WITHIN_NS = 10 * NS
STOP_WITHIN_NS = 20 * NS  # for a last checkpoint; as `jobs.checkpoint_s`, which this process does not know
NOTED_WITHIN_NS = 25 * NS  # and until the executive has stored it
CREDENTIALS = struct.Struct("3i")  # SO_PEERCRED: process, user, group


class AlreadyRunning(Exception):
    """Another runner holds the state folder."""


class Executive:
    """The other end, while it is there."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.socket = connection
        self.unpacker = Unpacker()
        self.waiting = bytearray()

    def receive(self) -> list[tuple[int, Message]]:
        """PipeError and OSError (also at its end)."""
        try:
            data = self.socket.recv(CHUNK)
        except BlockingIOError:
            return []
        if not data:
            raise ConnectionResetError
        return self.unpacker.feed(data)

    def send(self, octets: bytes = b"") -> None:
        """OSError, also when it reads nothing."""
        self.waiting += octets
        if len(self.waiting) > OUT_MAX:
            raise ConnectionResetError
        with contextlib.suppress(BlockingIOError):
            while self.waiting:
                del self.waiting[: self.socket.send(self.waiting)]


class Service:
    def __init__(self, runner: ProcessRunner, state: str, now: int) -> None:
        """OSError.  The caller holds the lock of `state`."""
        self.runner = runner
        self.folder = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        (Path(state) / SOCKET).unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(f"/proc/self/fd/{self.folder}/{SOCKET}")  # a path of any length
        (Path(state) / SOCKET).chmod(0o600)
        self.listener.listen(2)
        self.listener.setblocking(False)
        self.executive: Executive | None = None
        self.left_at = now
        self.stopping = self.terminated = False
        self.end_at = 0  # after SIGTERM, 0 before
        self.rejected = 0  # connections of others, and messages that were none
        self.woken, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._stop)
        for number in (signal.SIGINT, signal.SIGHUP):  # of a terminal: flight decides who ends
            signal.signal(number, signal.SIG_IGN)
        kernel.process_option(kernel.PR_SET_CHILD_SUBREAPER, 1)
        kernel.process_option(kernel.PR_SET_DUMPABLE, 0)  # no tracing, also by processes of our own user

    def _stop(self, *_: object) -> None:
        self.terminated = True

    def run(self) -> None:
        while not self.stopping:
            self.turn(time.monotonic_ns())
        self.end_all()

    def turn(self, now: int) -> None:
        """Wait for something to do, at most until the next deadline, and do it."""
        self._wait(now)
        now = time.monotonic_ns()
        if self.terminated:
            self._wind_down(now)
        self._accept(now)
        if self.executive is not None:
            self._listen(self.executive, now)
        if self.executive is not None:
            self._tell(self.executive, now)
            return
        self.runner.tend(now)
        if now - self.left_at > ALONE_NS:
            self._freeze_all(now)
            # Nothing to look after: who needs a runner starts one.
            self.stopping = self.stopping or not self.runner.jobs
        if not os.fstat(self.folder).st_nlink:  # removed: no executive can find us any more
            self.stopping = True

    def _wind_down(self, now: int) -> None:
        """After SIGTERM, in each turn: the jobs are asked to end once, and we go when that is known to who asks."""
        jobs = self.runner.jobs
        if not self.end_at:
            self.end_at = now + NOTED_WITHIN_NS
            for job, found in jobs.items():
                if found.entry.state in (JobState.FREEZING, JobState.FROZEN):
                    self.runner.kill(job, now)  # whoever froze it may have no watt for it
                else:
                    self.runner.stop(job, STOP_WITHIN_NS, now)
        ended = all(found.entry.state is JobState.ENDED for found in jobs.values())
        self.stopping = (
            self.stopping or now >= self.end_at or (ended and (not jobs or self.executive is None))
        )

    def _wait(self, now: int) -> None:
        poll = select.poll()
        for handle in (self.listener.fileno(), self.woken, *self.runner.handles()):
            poll.register(handle, select.POLLIN)
        if self.executive is not None:
            writes = select.POLLOUT if self.executive.waiting else 0
            poll.register(self.executive.socket, select.POLLIN | writes)
        left_ns = self.runner.next_deadline(now) - now
        if self.executive is None:
            left_ns = min(left_ns, LOOK_NS)
        if self.end_at:
            left_ns = min(left_ns, self.end_at - now)
        poll.poll(max(0, -(-left_ns // MILLISECOND)))
        with contextlib.suppress(BlockingIOError):
            os.read(self.woken, CHUNK)

    def _accept(self, now: int) -> None:
        try:
            connection, _ = self.listener.accept()
        except BlockingIOError:
            return
        size = CREDENTIALS.size
        _, user, _ = CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        if user != os.geteuid():
            self.rejected += 1
            connection.close()
            return
        if self.executive is not None:
            self._leave(now)
        self.executive = Executive(connection)
        self._send(pack(0, self.runner.inventory(now)), now)

    def _leave(self, now: int) -> None:
        assert self.executive is not None
        self.executive.socket.close()
        self.executive, self.left_at = None, now

    def _send(self, octets: bytes, now: int) -> None:
        if self.executive is None:
            return
        try:
            self.executive.send(octets)
        except OSError:
            self._leave(now)

    def _listen(self, executive: Executive, now: int) -> None:
        try:
            messages = executive.receive()
        except (PipeError, OSError) as error:
            self.rejected += isinstance(error, PipeError)
            self._leave(now)
            return
        for ticket, message in messages:
            if isinstance(message, End):
                self.stopping = True
            late = self.end_at and isinstance(message, Start)
            refusal = Refusal.UNREACHABLE if late else perform(self.runner, message, now)
            self._send(pack(ticket, Answer(int(refusal or 0))), now)

    def _tell(self, executive: Executive, now: int) -> None:
        octets = b"".join(pack(0, entry) for entry in self.runner.poll(now))
        if octets or executive.waiting:
            self._send(octets, now)

    def _freeze_all(self, now: int) -> None:
        for job, found in self.runner.jobs.items():
            if found.entry.state is JobState.RUNNING:
                self.runner.freeze(job, now)

    def end_all(self) -> None:
        """No job outlives its runner in order: what has not ended by now is killed."""
        until = time.monotonic_ns() + END_WITHIN_NS
        for job in self.runner.jobs:
            self.runner.kill(job, time.monotonic_ns())
        jobs = self.runner.jobs.values()
        while any(found.entry.state is not JobState.ENDED or found.lingering for found in jobs):
            now = time.monotonic_ns()
            if now > until:
                break
            self.runner.tend(now)
            self._wait(now)
        self.listener.close()
        if self.executive is not None:
            self._leave(until)


def serve(settings: RunnerSettings) -> None:
    """Until an order to end, or some time after SIGTERM.  AlreadyRunning; OSError."""
    os.makedirs(settings.state, mode=STATE_MODE, exist_ok=True)
    lock = _locked(Path(settings.state) / LOCK)
    machine = find_machine()
    now = time.monotonic_ns()
    runner = ProcessRunner(settings, machine, strongest(settings, machine), now, adopts=True)
    Service(runner, settings.state, now).run()
    os.close(lock)


def perform(runner: JobRunner, message: Message, now: int) -> Refusal | None:
    match message:
        case Start(job, limits, folders):
            return runner.start(job, limits, folders, now)
        case Steer(verb, job, _) if verb in VERBS:
            orders = {
                "freeze": runner.freeze,
                "thaw": runner.thaw,
                "kill": runner.kill,
                "forget": runner.forget,
            }
            return orders[verb](job, now)
        case Steer(verb, job, value):
            with_value = {
                "checkpoint": runner.checkpoint,
                "stop": runner.stop,
                "pace": runner.pace,
                "book": runner.book,
            }
            return with_value[verb](job, value, now)
        case End():
            return None
        case _:
            return Refusal.INVALID


def _locked(path: Path) -> int:
    """It goes with the process, however that ends."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise AlreadyRunning(str(path)) from None
    return handle
