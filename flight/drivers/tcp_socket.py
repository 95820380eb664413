"""TCP as an endpoint of `line_link`: a modem, a radio's serial server, or a simulated radio at the other end.

skyrack-flight run pathfinder --board pc --link tcp:192.168.0.7:5000 --state /var/lib/skyrack
"""

from __future__ import annotations

import errno
import os
import socket

_UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK)


class TcpSocket:
    """`host` is numeric: a name server may take seconds."""

    def __init__(self, host: str, port: int) -> None:
        self.address = (host, port)
        self.socket: socket.socket | None = None

    def open(self) -> bool:
        if self.socket is None:
            family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
            self.socket = socket.socket(family, socket.SOCK_STREAM)
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = self.socket.connect_ex(self.address)
        if code in (0, errno.EISCONN):
            return True
        if code in _UNDER_WAY:
            return False
        raise OSError(code, os.strerror(code))

    def read(self, count: int) -> bytes:
        assert self.socket is not None
        try:
            data = self.socket.recv(count)
        except BlockingIOError:
            return b""
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "closed by the other end")
        return data

    def write(self, data: bytes) -> int:
        assert self.socket is not None
        try:
            return self.socket.send(data)
        except BlockingIOError:
            return 0

    def held(self) -> int:
        return 0  # what TCP holds waits for acknowledgements, and says nothing of the line behind it

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
        self.socket = None
