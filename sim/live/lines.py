"""Octets over TCP to one peer at a time, as a radio or a ground station would give them; nothing here waits."""

from __future__ import annotations

import socket

WAITING_MAX = 2**20  # octets not yet taken by the peer: a ground that stopped for a minute at 115,200 bit/s
CHUNK = 65_536


class LineServer:
    """Listens on `port` (0: any) of this machine.  A new peer takes the line over from the old one."""

    def __init__(self, port: int = 0) -> None:
        self.listener = socket.create_server(("127.0.0.1", port))
        self.listener.setblocking(False)
        self.port: int = self.listener.getsockname()[1]
        self.peer: socket.socket | None = None
        self.waiting = bytearray()
        self.connections = 0
        self.lost_octets = 0  # for a peer that is not there, or does not take them

    def sockets(self) -> list[socket.socket]:
        return [self.listener] if self.peer is None else [self.listener, self.peer]

    def accept(self) -> bool:
        """True if there is a new peer."""
        try:
            peer, _ = self.listener.accept()
        except BlockingIOError:
            return False
        self._drop()
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer = peer
        self.connections += 1
        return True

    def receive(self) -> bytes:
        if self.peer is None:
            return b""
        try:
            data = self.peer.recv(CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._drop()
        return data

    def send(self, data: bytes) -> None:
        if self.peer is None or len(self.waiting) + len(data) > WAITING_MAX:
            self.lost_octets += len(data)
            return
        self.waiting += data
        self.flush()

    def flush(self) -> None:
        if self.peer is None or not self.waiting:
            return
        try:
            sent = self.peer.send(self.waiting)
        except BlockingIOError:
            return
        except OSError:
            self._drop()
            return
        del self.waiting[:sent]

    def _drop(self) -> None:
        self.lost_octets += len(self.waiting)
        self.waiting.clear()
        if self.peer is not None:
            self.peer.close()
            self.peer = None

    def close(self) -> None:
        self._drop()
        self.listener.close()
