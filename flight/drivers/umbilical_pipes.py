"""What carries the umbilical's messages: ZeroMQ, or a second serial line.

    --umbilical tcp://127.0.0.1:5001             a world on this network (needs pyzmq)
    --umbilical serial:/dev/ttyUSB1@921600       a world behind a serial line of its own

A serial line has no messages, so each stands between a marker with its length and a checksum; a receiver finds the
next marker after whatever else came.
"""

from __future__ import annotations

import struct
import zlib
from typing import Protocol

from flight.drivers.line_link import Endpoint, LineLink

HEAD = struct.Struct(">4sH")
CHECK = struct.Struct(">I")
MARKER = b"\x1eUMB"
MESSAGE_MAX = 8_192  # octets; readings of a thousand sensors
WAITING_MAX = 64  # messages in each direction; a stopped board must not collect a day of readings


class Pipe(Protocol):
    """Whole messages; what is lost is lost."""

    def tend(self, now: int) -> None: ...

    def receive(self) -> bytes | None:
        """None if nothing waits."""
        ...

    def send(self, message: bytes) -> bool:
        """False if nobody takes it."""
        ...

    def close(self) -> None: ...


def enclose(message: bytes) -> bytes:
    assert len(message) <= MESSAGE_MAX
    return HEAD.pack(MARKER, len(message)) + message + CHECK.pack(zlib.crc32(message))


class Messages:
    """Out of octets; `rejected` counts messages whose length or checksum is wrong."""

    def __init__(self) -> None:
        self.rejected = 0
        self._octets = bytearray()

    def take(self, data: bytes) -> list[bytes]:
        octets, found = self._octets, list[bytes]()
        octets += data
        while True:
            start = octets.find(MARKER)
            if start < 0:
                del octets[: max(0, len(octets) - len(MARKER) + 1)]
                return found
            del octets[:start]
            if len(octets) < HEAD.size:
                return found
            _, length = HEAD.unpack_from(octets)
            end = HEAD.size + length
            if length > MESSAGE_MAX:
                self._skip()
                continue
            if len(octets) < end + CHECK.size:
                return found
            message = bytes(octets[HEAD.size : end])
            if CHECK.unpack_from(octets, end)[0] == zlib.crc32(message):
                found.append(message)
                del octets[: end + CHECK.size]
            else:
                self._skip()

    def _skip(self) -> None:
        self.rejected += 1
        del self._octets[: len(MARKER)]


class LinePipe:
    """Over any endpoint of `line_link`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.link = LineLink(endpoint)
        self.messages = Messages()
        self._waiting: list[bytes] = []

    def tend(self, now: int) -> None:
        self.link.tend(now)
        self._waiting += self.messages.take(self.link.receive())
        del self._waiting[:-WAITING_MAX]

    def receive(self) -> bytes | None:
        return self._waiting.pop(0) if self._waiting else None

    def send(self, message: bytes) -> bool:
        data = enclose(message)
        if len(data) > self.link.room():
            return False
        self.link.send(data)
        return True

    def close(self) -> None:
        self.link.close()


class ZmqPipe:
    """ValueError for an endpoint that ZeroMQ does not take, ImportError without pyzmq."""

    def __init__(self, endpoint: str) -> None:
        import zmq

        self._again = zmq.Again
        self._nonblocking = zmq.NOBLOCK
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.sndhwm = self.socket.rcvhwm = WAITING_MAX
        try:
            self.socket.connect(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise ValueError(f"{endpoint}: {error}") from None

    def tend(self, now: int) -> None:
        """ZeroMQ has a thread of its own for that."""

    def receive(self) -> bytes | None:
        try:
            return self.socket.recv(self._nonblocking)
        except self._again:
            return None

    def send(self, message: bytes) -> bool:
        try:
            self.socket.send(message, self._nonblocking)
        except self._again:
            return False
        return True

    def close(self) -> None:
        self.socket.close()
        self.context.term()
