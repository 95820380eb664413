"""`skyrack-ground server`: the one process that owns a ground, its archive and the line to the station.

One thread, one poll; it sleeps until something comes or falls due.  Whoever can reach its port can look, and can take
the commanding seat when that is free: it listens on this computer alone unless told otherwise.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import zmq

from flight.dictionary import Dictionary
from flight.wire.line_address import LineAddress
from ground.archive import Archive
from ground.audit import FILE as AUDIT_FILE
from ground.audit import AuditLog
from ground.keys import FolderKeys
from ground.link import Contact, StationLink
from ground.outlets import Outlet
from ground.protocol import NS, Plain
from ground.server.ask import Moment
from ground.server.clock import Clock, GroundClock, real_until
from ground.server.operations import Operations
from ground.server.sockets import Sockets
from ground.settings import Settings
from ground.station import Ground
from ground.whole_file import write_whole

WHERE_FILE = "server.json"  # says where a running server listens
TICK_NS = NS  # ground time between two looks in contact: repeats and gap requests fall due in seconds
TICK_FILES_NS = NS // 10  # while a file goes up: no more of it waits below a command
TICK_REAL_NS = NS // 20  # but not more often than this, whatever the speed
POLL_LONGEST_MS = 60_000


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What the command line gives."""

    station: LineAddress
    folder: Path
    host: str = "127.0.0.1"
    port: int = 0
    updates_port: int = 0
    speed: float = 1.0
    start_ns: int | None = None  # the ground's clock at the start; UTC if None
    up_bit_s: float = 9600.0  # of the station's uplink
    keys: Path | None = None  # the folder of the link's keys
    keep_time: bool = False  # its clock shows UTC, which the board is told after each boot


class Server:
    """`run` until SIGINT or SIGTERM.  ArchiveError, AuditError or ListenError if it cannot begin."""

    def __init__(
        self,
        settings: ServerSettings,
        dictionary: Dictionary,
        say: Callable[[str], None],
        clock: Clock | None = None,
    ) -> None:
        self.settings, self.say = settings, say
        self.clock = clock or GroundClock(settings.speed, settings.start_ns)
        self.link, self.contact = StationLink(settings.station), Contact()
        self._line_was = ""
        self._due_ns = 0  # real time of the next look
        with contextlib.ExitStack() as opened:
            self.sockets = Sockets(settings.host, settings.port, settings.updates_port, os.urandom(8))
            opened.callback(self.sockets.close)
            now = self.clock.now()
            self.archive = Archive(settings.folder / "archive", dictionary, now.ground_ns)
            opened.callback(self.archive.close)
            self.log = AuditLog(settings.folder / AUDIT_FILE, dictionary.hash)
            opened.callback(self.log.close)
            own = Settings(up_bit_s=settings.up_bit_s, utc_epoch_ns=0 if settings.keep_time else None)
            self.ground = Ground(dictionary, self.archive, now.ground_ns, own)
            if settings.keys is not None:
                keys = FolderKeys(settings.keys)
                opened.callback(keys.close)
                self.ground.use_keys(keys)
            elif dictionary.telemetry.protected:
                say("telemetry is protected and there are no keys (--keys DIR): nothing of it can be read")
            self.operations = Operations(self.ground, self.sockets.publish, self.log, settings.speed)
            self.operations.line = self.link
            self.operations.publish_packets()
            self._opened = opened.pop_all()
        self.poller = zmq.Poller()
        self.poller.register(self.sockets.requests, zmq.POLLIN)
        self.poller.register(self.sockets.updates, zmq.POLLIN)
        self._polled: Outlet | None = None

    # ---------------------------------------------------------------- the loop

    def run(self) -> None:
        """Until a signal; then everything is on the disk."""
        with stop_signal() as stopped:
            self.serve(stopped)
        self.say("stopped; everything received is in the archive")

    def serve(self, stopped: socket.socket) -> None:
        """Until something can be read from `stopped`."""
        with self._opened, self._announced():
            self.poller.register(stopped, zmq.POLLIN)
            while True:
                ready = dict(self.poller.poll(self._timeout_ms()))
                if stopped.fileno() in ready:
                    break
                self.turn(ready)
            self.link.close()
            if self.contact.up:
                self._contact(False, self.clock.now())

    def turn(self, ready: dict[object, int]) -> None:
        """Once around: what has come, what is due, what is to be sent."""
        now = self.clock.now()
        self.sockets.welcome()
        self.sockets.answer(self._serve)
        if self._polled is not None and self._polled.fileno() in ready:
            self._station(ready[self._polled.fileno()], now)
        self._deadlines(now)
        if self.ground.in_contact:
            self.link.send(self.ground.send(now.ground_ns), now.real_ns)
        self._watch_line()
        self._due_ns = self._next(self.clock.now())

    def _serve(self, message: Plain, where: str) -> Plain:
        reply = self.operations.handle(message, where, self.clock.now())
        if message.get("do") == "hello":
            reply["updates"] = self.sockets.updates_at
        return reply

    def _station(self, events: int, now: Moment) -> None:
        if events & (zmq.POLLOUT | zmq.POLLERR):
            self.link.on_writable(now.real_ns)
        if events & (zmq.POLLIN | zmq.POLLERR):
            data = self.link.on_readable(now.real_ns)
            if data:
                if self.contact.heard(now.ground_ns, now.real_ns):
                    self._contact(True, now)
                self.ground.receive(data, now.ground_ns, str(self.settings.station))

    def _deadlines(self, now: Moment) -> None:
        self.link.on_deadline(now.real_ns)
        if self.contact.silent(now.ground_ns, now.real_ns):
            self._contact(False, now)
        self.ground.on_deadline(now.ground_ns)
        self.operations.on_deadline(now)

    def _contact(self, up: bool, now: Moment) -> None:
        self.ground.contact(up, now.ground_ns)
        if not up:
            self.ground.flush()
        self.operations.contact_changed(up, self.ground.station, now)
        self.say("contact" if up else "contact lost")

    # ---------------------------------------------------------------- when next

    def _next(self, now: Moment) -> int:
        """Real time of what falls due first."""
        deadlines = (
            self.link.next_deadline(),
            self.contact.next_deadline(self.clock.speed),
            self.operations.seat.next_deadline(),
        )
        due = [one for one in deadlines if one is not None]
        uplink = self.ground.uplink
        waiting = [record.deadline_ns for record in uplink.open.values()]
        waiting += [queue[0].deadline_ns for queue in (uplink.urgent, uplink.queue) if queue]
        if waiting:
            due.append(real_until(min(waiting), now, self.clock.speed))
        if self.ground.in_contact:
            tick_ns = TICK_FILES_NS if self.ground.files.active else TICK_NS
            due.append(now.real_ns + max(TICK_REAL_NS, int(tick_ns / self.clock.speed)))
        return min(due, default=now.real_ns + POLL_LONGEST_MS * 1_000_000)

    def _timeout_ms(self) -> int:
        left = self._due_ns - self.clock.now().real_ns
        return max(0, min(POLL_LONGEST_MS, -(-left // 1_000_000)))

    # ---------------------------------------------------------------- the line and the file

    def _watch_line(self) -> None:
        """Poll the socket that is there now, for what it waits for; say when the line comes and goes."""
        held = self.link.outlet
        if self._polled is not None and self._polled is not held:
            self.poller.unregister(self._polled)
        if held is not None:
            wanted = zmq.POLLIN | (zmq.POLLOUT if self.link.wants_to_write else 0)
            self.poller.register(held, wanted)
        self._polled = held
        state = "connected" if self.link.connected else self.link.error
        if state and state != self._line_was:
            self._line_was = state
            self.say(f"station {self.settings.station}: {state}")

    @contextlib.contextmanager
    def _announced(self) -> Iterator[None]:
        """Where this server listens, for clients that know only the folder."""
        path = self.settings.folder / WHERE_FILE
        where = {
            "listen": self.sockets.listen,
            "updates": self.sockets.updates_at,
            "pid": os.getpid(),
            "mission": self.ground.dictionary.mission,
            "station": str(self.settings.station),
        }
        write_whole(path, f"{json.dumps(where, indent=1)}\n".encode())
        self.say(
            f"ground of {self.ground.dictionary.mission} at {self.sockets.listen}, in {self.settings.folder}"
        )
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def stop_signal() -> Iterator[socket.socket]:
    """A socket that becomes readable on SIGINT or SIGTERM: a signal never interrupts a write."""
    hears, wakes = socket.socketpair()
    wakes.setblocking(False)
    before = signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    handlers = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield hears
    finally:
        for one, handler in handlers.items():
            signal.signal(one, handler)
        signal.set_wakeup_fd(before)
        hears.close()
        wakes.close()
