"""The line to a ground station: a TCP socket that carries the octets of the radio both ways, and comes back by itself.

Down come CADUs, up go start sequences with telecommand frames; nothing else is on it.  So whether the spacecraft is
in sight is read from the octets themselves: `Contact` is up while they flow.
"""

from __future__ import annotations

import errno
import re
import socket
from dataclasses import dataclass

NS = 1_000_000_000
RETRY_FIRST_NS, RETRY_LONGEST_NS = (
    NS // 4,
    10 * NS,
)  # a world that starts takes a second; a dead one is not pressed
CONNECT_WITHIN_NS = 10 * NS
READ_OCTETS = 1 << 16
READS_AT_ONCE = 16  # one megabyte: then the operators get their turn
WAITING_MAX = 1 << 16  # octets towards the station: a minute of uplink at 9,600 bit/s
SILENCE_NS = 20 * NS  # on the ground's clock: two periods of the packets that always come, and a frame
SILENCE_REAL_NS = 3 * NS  # and on this computer's: a simulation at high speed may stall for as long
UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)
ADDRESS = re.compile(r"tcp:(?://)?(\[[^\]]+\]|[^:\s/]+):(\d{1,5})")


class AddressError(ValueError):
    """No address; one line says what is expected."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"tcp:{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """`tcp:HOST:PORT` or `tcp://HOST:PORT`."""
    match = ADDRESS.fullmatch(text.strip())
    if match is None or not 0 < int(match[2]) < 65536:
        raise AddressError(f"{text!r} is no address: expected tcp:HOST:PORT")
    return Address(match[1].strip("[]"), int(match[2]))


@dataclass(slots=True)
class LinkTotals:
    """For the link page; octets."""

    received: int = 0
    sent: int = 0
    discarded: int = 0  # towards the station, when the line was down or full
    connections: int = 0


class StationLink:
    """Never blocks.  `socket` is what to poll; `now` is this computer's monotonic time in ns."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.socket: socket.socket | None = None
        self.connected = False
        self.totals = LinkTotals()
        self.error = ""
        self._waiting = bytearray()
        self._retry_ns = RETRY_FIRST_NS
        self._due: int | None = 0  # when to try again, or to give up a connection that is being made

    @property
    def wants_to_write(self) -> bool:
        return self.socket is not None and (not self.connected or bool(self._waiting))

    def next_deadline(self) -> int | None:
        return self._due

    def on_deadline(self, now: int) -> None:
        if self._due is None or now < self._due:
            return
        if self.socket is not None:
            self._fail("no answer", now)
        else:
            self._connect(now)

    def _connect(self, now: int) -> None:
        try:
            family, kind, protocol, _, where = socket.getaddrinfo(
                self.address.host, self.address.port, type=socket.SOCK_STREAM
            )[0]
            made = socket.socket(family, kind, protocol)
        except OSError as error:
            self._fail(error.strerror or str(error), now)
            return
        made.setblocking(False)
        self.socket = made
        self._due = now + CONNECT_WITHIN_NS
        outcome = made.connect_ex(where)
        if outcome not in UNDER_WAY:
            self._fail(_words(outcome), now)

    def on_writable(self, now: int) -> None:
        made = self.socket
        if made is None:
            return
        if not self.connected:
            outcome = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if outcome:
                self._fail(_words(outcome), now)
                return
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connected, self._due, self._retry_ns, self.error = True, None, RETRY_FIRST_NS, ""
            self.totals.connections += 1
        self._write(made, now)

    def _write(self, made: socket.socket, now: int) -> None:
        while self._waiting:
            try:
                count = made.send(self._waiting)
            except BlockingIOError:
                return
            except OSError as error:
                self._fail(error.strerror or str(error), now)
                return
            self.totals.sent += count
            del self._waiting[:count]

    def on_readable(self, now: int) -> bytes:
        """What has come; bounded, so that a fast line cannot starve the rest."""
        made, parts = self.socket, []
        for _ in range(READS_AT_ONCE if made is not None and self.connected else 0):
            assert made is not None
            try:
                part = made.recv(READ_OCTETS)
            except BlockingIOError:
                break
            except OSError as error:
                self._fail(error.strerror or str(error), now)
                break
            if not part:
                self._fail("closed by the station", now)
                break
            parts.append(part)
            if len(part) < READ_OCTETS:
                break
        data = b"".join(parts)
        self.totals.received += len(data)
        return data

    def send(self, data: bytes, now: int) -> None:
        """Towards the radio; what finds no line is lost, as it would be in the air, and counted."""
        if not self.connected or self.socket is None or len(self._waiting) + len(data) > WAITING_MAX:
            self.totals.discarded += len(data)
            return
        self._waiting += data
        self._write(self.socket, now)

    def _fail(self, why: str, now: int) -> None:
        """Close, and try again later and later."""
        self.close()
        self.error = why
        self._due = now + self._retry_ns
        self._retry_ns = min(2 * self._retry_ns, RETRY_LONGEST_NS)

    def close(self) -> None:
        self.totals.discarded += len(self._waiting)
        self._waiting.clear()
        self.connected = False
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def _words(code: int) -> str:
    return OSError(code, "").strerror or errno.errorcode.get(code, str(code))


class Contact:
    """Up from the first octets until nothing has come for a while, on both clocks: ground's and this computer's."""

    def __init__(self) -> None:
        self.up = False
        self._ground_ns = self._real_ns = 0

    def heard(self, ground_ns: int, real_ns: int) -> bool:
        """Octets have come.  True if that begins a contact."""
        self._ground_ns, self._real_ns = ground_ns, real_ns
        began, self.up = not self.up, True
        return began

    def silent(self, ground_ns: int, real_ns: int) -> bool:
        """True if the contact ends now."""
        quiet = ground_ns - self._ground_ns >= SILENCE_NS and real_ns - self._real_ns >= SILENCE_REAL_NS
        if not self.up or not quiet:
            return False
        self.up = False
        return True

    def next_deadline(self, speed: float) -> int | None:
        """On this computer's clock."""
        return self._real_ns + max(SILENCE_REAL_NS, int(SILENCE_NS / speed)) if self.up else None
