"""The executive's end of the runner's process, as a `flight.ports.JobRunner`.  It never waits.

An order that could be sent is taken; what the runner then refuses shows as an entry (a start) or is counted.  The
runner is not ours: if it is there we speak to it, if not we start one, and it stays when we go.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Sequence
from dataclasses import replace

from flight.declare.running import (
    NO_PROTECTION,
    ExitReason,
    Inventory,
    JobEntry,
    JobFolders,
    JobLimits,
    JobState,
    JobToRun,
    Refusal,
)
from flight.runners.messages import SOCKET, Answer, End, Message, Start, Steer, Unpacker, pack
from flight.workers.pipes import PipeError, pull

NS = 1_000_000_000
QUEUE_MAX = 2**22  # octets that the runner has not taken
BACK_OFF_NS = (NS, 5 * NS, 30 * NS)  # between two starts of a runner that does not come up
ATTEMPT_NS = NS // 5  # between two attempts to connect


class RunnerClient:
    """`command` starts a runner on the state folder `state`.  `refused` counts orders that the runner did not take,
    `starts` the runners that we started, `lost` connections that broke."""

    def __init__(self, command: Sequence[str], state: str) -> None:
        self.command, self.state = list(command), state
        self.socket: socket.socket | None = None
        self.known: dict[int, JobEntry] = {}
        self.changed: dict[int, JobEntry] = {}
        self.began_at = -1
        self.starts = self.lost = self.refused = 0
        self.failures = 0
        self.start_at = self.attempt_at = 0
        self.child = 0
        self.ticket = 0
        self.asked: dict[int, int] = {}  # ticket of a start to its job
        self.queue = bytearray()
        self.unpacker = Unpacker()
        self.told = False  # the inventory has come over this connection
        self.ending = False  # no other runner is started

    # ---------------------------------------------------------------- the port

    def start(self, job: JobToRun, limits: JobLimits, folders: JobFolders, now: int) -> Refusal | None:
        if job.job in self.known:
            return Refusal.NUMBER_IN_USE
        refusal = self._send(Start(job, limits, folders))
        if refusal is None:
            self.asked[self.ticket] = job.job
            self.known[job.job] = JobEntry(
                job.job, job.kind, JobState.STARTING, NO_PROTECTION, started_at=now, changed_at=now
            )
        return refusal

    def freeze(self, job: int, now: int) -> Refusal | None:
        return self._steer("freeze", job)

    def thaw(self, job: int, now: int) -> Refusal | None:
        return self._steer("thaw", job)

    def checkpoint(self, job: int, within_ns: int, now: int) -> Refusal | None:
        return self._steer("checkpoint", job, within_ns)

    def stop(self, job: int, within_ns: int, now: int) -> Refusal | None:
        return self._steer("stop", job, within_ns)

    def kill(self, job: int, now: int) -> Refusal | None:
        return self._steer("kill", job)

    def pace(self, job: int, speed_milli: int, now: int) -> Refusal | None:
        return self._steer("pace", job, speed_milli)

    def book(self, job: int, energy_mj: int, now: int) -> Refusal | None:
        return self._steer("book", job, energy_mj)

    def forget(self, job: int, now: int) -> Refusal | None:
        entry = self.known.get(job)
        if entry is not None and entry.state is not JobState.ENDED:
            return Refusal.WRONG_STATE
        refusal = self._steer("forget", job)
        if refusal is None:
            self.known.pop(job, None)
            self.changed.pop(job, None)
        return refusal

    def poll(self, now: int) -> Sequence[JobEntry]:
        self.tend(now)
        entries = list(self.changed.values())
        self.changed.clear()
        return entries

    def inventory(self, now: int) -> Inventory:
        """As last heard.  `began_at` is -1 before any runner has been heard."""
        return Inventory(self.began_at, tuple(self.known.values()))

    @property
    def reachable(self) -> bool:
        return self.socket is not None and self.told

    # ---------------------------------------------------------------- octets

    def tend(self, now: int) -> None:
        """Each tick: move octets, connect again, start a runner where there is none."""
        self._bury()
        if self.socket is None:
            self._connect(now)
        if self.socket is None:
            return
        try:
            self._push()
            for ticket, message in self.unpacker.feed(pull(self.socket)):
                self._heard(ticket, message, now)
        except (PipeError, OSError):
            self._lose(now)

    def end_runner(self) -> Refusal | None:
        """What still runs is killed, and the runner ends: for the orderly end of everything."""
        return self._send(End())

    def close(self) -> None:
        """We go; the runner stays."""
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self._push()
            self.socket.close()
            self.socket = None

    def _steer(self, verb: str, job: int, value: int = 0) -> Refusal | None:
        if job not in self.known:
            return Refusal.UNKNOWN_JOB
        return self._send(Steer(verb, job, value))

    def _send(self, message: Message) -> Refusal | None:
        if not self.reachable:
            return Refusal.UNREACHABLE
        octets = pack(self.ticket + 1, message)
        if len(self.queue) + len(octets) > QUEUE_MAX:
            return Refusal.UNREACHABLE
        self.ticket += 1
        self.queue += octets
        return None

    def _push(self) -> None:
        assert self.socket is not None
        with contextlib.suppress(BlockingIOError):
            while self.queue:
                del self.queue[: self.socket.send(self.queue)]

    def _heard(self, ticket: int, message: Message, now: int) -> None:
        match message:
            case JobEntry():
                self._learn(message)
            case Inventory(began_at, entries):
                self._take_stock(began_at, entries, now)
            case Answer(refusal):
                self._answered(ticket, refusal, now)
            case _:
                raise PipeError(f"a runner does not say {type(message).__name__}")

    def _learn(self, entry: JobEntry) -> None:
        self.known[entry.job] = self.changed[entry.job] = entry

    def _take_stock(self, began_at: int, entries: tuple[JobEntry, ...], now: int) -> None:
        """What we knew and the runner does not is lost: it died, or never heard of the start."""
        there = {entry.job for entry in entries}
        for job, entry in self.known.items():
            if job not in there and entry.state is not JobState.ENDED:
                self.changed[job] = replace(
                    entry, state=JobState.ENDED, reason=ExitReason.LOST, changed_at=now
                )
        self.known.update(self.changed)
        self.began_at, self.told = began_at, True
        for entry in entries:
            self._learn(entry)

    def _answered(self, ticket: int, refusal: int, now: int) -> None:
        job = self.asked.pop(ticket, None)
        if not refusal:
            return
        self.refused += 1
        if job is not None and (entry := self.known.get(job)) is not None:
            note = Refusal(refusal).name.lower().replace("_", " ")
            self._learn(
                replace(entry, state=JobState.ENDED, reason=ExitReason.NOT_STARTED, changed_at=now, note=note)
            )

    # ---------------------------------------------------------------- the other process

    def _connect(self, now: int) -> None:
        if now < self.attempt_at:
            return
        self.attempt_at = now + ATTEMPT_NS
        folder = -1
        attempt = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        attempt.setblocking(False)
        try:
            folder = os.open(self.state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            attempt.connect(f"/proc/self/fd/{folder}/{SOCKET}")  # a path of any length
        except OSError:  # also when its queue is full: it hangs
            attempt.close()
            self._start_runner(now)
            return
        finally:
            if folder >= 0:
                os.close(folder)
        self.socket, self.told, self.failures = attempt, False, 0
        self.unpacker, self.queue = Unpacker(), bytearray()
        self.asked.clear()

    def _start_runner(self, now: int) -> None:
        """In a session of its own: neither a terminal's Ctrl-C nor our end is its end."""
        if self.child or self.ending or now < self.start_at:
            return
        self.start_at = now + BACK_OFF_NS[min(self.failures, len(BACK_OFF_NS) - 1)]
        self.failures += 1
        with contextlib.suppress(OSError):
            self.child = os.posix_spawn(self.command[0], self.command, os.environ, setsid=True)
            self.starts += 1

    def _bury(self) -> None:
        if self.child:
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(self.child, os.WNOHANG)[0]:
                    self.child = 0
                return
            self.child = 0

    def _lose(self, now: int) -> None:
        assert self.socket is not None
        self.socket.close()
        self.socket, self.told = None, False
        self.lost += 1
        self.attempt_at = now + ATTEMPT_NS
