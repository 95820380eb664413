"""UDP as an endpoint of `line_link`: a frame in each datagram, as many ground modems and radios have it.

    skyrack-flight run pathfinder --board pc --link udp:192.168.0.7:5000 --state /var/lib/skyrack

`udp:HOST:PORT` sends there and takes what comes back from there.  `udp::PORT` listens and answers whoever sent the
last datagram.  A datagram that is lost or comes late is a hole in the stream of octets, as on any radio.
"""

from __future__ import annotations

import errno
import socket

LONGEST_OCTETS = 1_400  # of a datagram: below the 1,500 of Ethernet, with room for a tunnel's headers
READS_MAX = 64  # datagrams in one tick


class UdpSocket:
    """`host` is numeric, or empty to listen.  `unit_octets` is what goes into one datagram, a frame."""

    def __init__(self, host: str, port: int, unit_octets: int = LONGEST_OCTETS) -> None:
        self.host, self.port = host, port
        self.unit = min(max(1, unit_octets), LONGEST_OCTETS)
        self.socket: socket.socket | None = None
        self._peer: tuple[object, ...] | None = None

    def open(self) -> bool:
        self.close()
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        made = self.socket = socket.socket(family, socket.SOCK_DGRAM)
        made.setblocking(False)
        if self.host:
            made.connect((self.host, self.port))
        else:
            made.bind(("", self.port))
        return True

    def read(self, count: int) -> bytes:
        """At least one datagram, and as many more as fit."""
        assert self.socket is not None
        parts: list[bytes] = []
        length = 0
        while length < count and len(parts) < READS_MAX:
            try:
                data, sender = self.socket.recvfrom(65_535)
            except BlockingIOError:
                break
            except ConnectionRefusedError:  # nobody listens there now; datagrams do not need anybody to
                continue
            if not self.host:
                self._peer = sender
            parts.append(data)
            length += len(data)
        return b"".join(parts)

    def write(self, data: bytes) -> int:
        """One datagram.  Without anybody to send to it is gone, as into the air."""
        assert self.socket is not None
        piece = data[: self.unit]
        try:
            if self.host:
                self.socket.send(piece)
            elif self._peer is not None:
                self.socket.sendto(piece, self._peer)
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno not in (errno.ECONNREFUSED, errno.ENOBUFS):
                raise
        return len(piece)

    def held(self) -> int:
        return 0

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
        self.socket, self._peer = None, None
