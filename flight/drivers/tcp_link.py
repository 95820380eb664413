"""`flight.ports.Link` over TCP: a modem, a radio's serial server, or a simulated radio at the other end.

    skyrack-flight run pathfinder --link tcp:192.168.0.7:5000

Octets go both ways as they are.  Flight connects and keeps trying: the device may be absent at start, or go away.
What was in the buffer when a connection broke is lost and counted, for half a frame is worth nothing to the next one.
Nothing here waits: connecting, sending and receiving are done as far as the socket allows, once each tick.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable

NS = 1_000_000_000
BUFFER_MAX = 65_536  # octets not yet taken by the socket: half a second at 1 Mbit/s
RECEIVE_MAX = 16_384  # octets in one tick: ten times the fastest uplink
RETRY_NS = 1 * NS
CONNECT_WITHIN_NS = 5 * NS


def address_of(text: str) -> tuple[str, int]:
    """Numeric address and port of `tcp:HOST:PORT`.  ValueError in one line; asks a name server, so only at start."""
    kind, _, rest = text.partition(":")
    host, _, port = rest.rpartition(":")
    if kind != "tcp" or not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError(f"{text!r} is no link, expected tcp:HOST:PORT")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError as error:
        raise ValueError(f"{text}: {error.strerror or error}") from None
    return str(found[0][4][0]), int(port)


class TcpLink:
    """`address` is numeric: a name server may take seconds.  `monotonic` is machine time in ns."""

    def __init__(self, host: str, port: int, monotonic: Callable[[], int]) -> None:
        self.address = (host, port)
        self.monotonic = monotonic
        self.socket: socket.socket | None = None
        self.connected = False
        self.retry_at = 0
        self.give_up_at = 0
        self.buffer = bytearray()
        self.connections = 0
        self.failures = 0  # attempts that failed, and connections that broke
        self.sent_octets = self.received_octets = 0
        self.lost_octets = 0  # handed over, and never taken by the socket
        self._connect()

    def carrier(self) -> bool:
        return self.connected

    def room(self) -> int:
        return BUFFER_MAX - len(self.buffer) if self.connected else 0

    def send(self, data: bytes) -> None:
        """At most `room()`; what is beyond it is lost, and counted."""
        if len(data) > self.room():
            self.lost_octets += len(data)
            return
        self.buffer += data
        self._flush()

    def receive(self) -> bytes:
        """What has come since the last call.  Also where the connection is looked after, once each tick."""
        if not self.connected:
            self._tend()
            return b""
        self._flush()
        return self._pull()

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
        self.socket, self.connected = None, False

    # ---------------------------------------------------------------- connecting

    def _connect(self) -> None:
        now = self.monotonic()
        self.retry_at = now + RETRY_NS
        self.give_up_at = now + CONNECT_WITHIN_NS
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        try:
            self.socket = socket.socket(family, socket.SOCK_STREAM)
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._advance(self.socket)
        except OSError:
            self._drop()

    def _tend(self) -> None:
        if self.socket is not None:
            try:
                self._advance(self.socket)
            except OSError:
                self._drop()
        elif self.monotonic() >= self.retry_at:
            self._connect()

    def _advance(self, handle: socket.socket) -> None:
        """One step of a connection that is being made.  OSError if it cannot be."""
        code = handle.connect_ex(self.address)
        if code in (0, errno.EISCONN):
            self.connected = True
            self.connections += 1
        elif code not in (errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK):
            raise OSError(code, os.strerror(code))
        elif self.monotonic() > self.give_up_at:
            raise TimeoutError

    def _drop(self) -> None:
        self.failures += 1
        self.lost_octets += len(self.buffer)
        self.buffer.clear()
        self.retry_at = self.monotonic() + RETRY_NS
        self.close()

    # ---------------------------------------------------------------- octets

    def _flush(self) -> None:
        if not self.buffer or self.socket is None:
            return
        try:
            sent = self.socket.send(self.buffer)
        except BlockingIOError:
            return
        except OSError:
            self._drop()
            return
        self.sent_octets += sent
        del self.buffer[:sent]

    def _pull(self) -> bytes:
        if self.socket is None:
            return b""
        try:
            data = self.socket.recv(RECEIVE_MAX)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._drop()
        self.received_octets += len(data)
        return data
