"""What a station's line is plugged into: a serial port, a TCP or a UDP socket.  Opening never waits.

Each of them raises OSError when the line is gone or does not come.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import termios
from typing import Protocol

from flight.wire.line_address import LineAddress, LineKind

UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)
DATAGRAM_OCTETS = 1_400  # below the 1,500 of Ethernet, with room for a tunnel's headers
DATAGRAM_LONGEST = 65_535
CONTROL_FLAGS, CONTROL_CHARACTERS = 2, 6  # places in termios' list


class Outlet(Protocol):
    """`ready` after the first time that it can be written to."""

    def fileno(self) -> int: ...

    def ready(self) -> None: ...

    def read(self, count: int) -> bytes | None:
        """None if nothing waits."""
        ...

    def write(self, data: bytes) -> int:
        """How many octets were taken."""
        ...

    def close(self) -> None: ...


def open_outlet(address: LineAddress) -> Outlet:
    """OSError with its reason in one line."""
    if address.kind is LineKind.SERIAL:
        return SerialOutlet(address)
    return UdpOutlet(address) if address.kind is LineKind.UDP else TcpOutlet(address)


class TcpOutlet:
    """Connects; whether that came about is known when it can be written to."""

    def __init__(self, address: LineAddress) -> None:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM
        )[0]
        self.socket = socket.socket(family, kind, protocol)
        self.socket.setblocking(False)
        outcome = self.socket.connect_ex(where)
        if outcome not in UNDER_WAY:
            self.socket.close()
            raise OSError(outcome, os.strerror(outcome))

    def fileno(self) -> int:
        return self.socket.fileno()

    def ready(self) -> None:
        outcome = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if outcome:
            raise OSError(outcome, os.strerror(outcome))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, count: int) -> bytes | None:
        try:
            data = self.socket.recv(count)
        except BlockingIOError:
            return None
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "closed by the station")
        return data

    def write(self, data: bytes) -> int:
        try:
            return self.socket.send(data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        self.socket.close()


class UdpOutlet:
    """`udp:HOST:PORT` sends there; `udp::PORT` listens, and answers whoever sent the last datagram."""

    def __init__(self, address: LineAddress) -> None:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host or "0.0.0.0",  # noqa: S104  (a listener asked for it)
            address.port,
            type=socket.SOCK_DGRAM,
        )[0]
        self.socket = socket.socket(family, kind, protocol)
        self.socket.setblocking(False)
        self.listens = not address.host
        self.peer: tuple[str | int, ...] | None = None
        try:
            if self.listens:
                self.socket.bind(where)
            else:
                self.socket.connect(where)
        except OSError:
            self.socket.close()
            raise

    def fileno(self) -> int:
        return self.socket.fileno()

    def ready(self) -> None:
        pass

    def read(self, count: int) -> bytes | None:
        try:
            data, sender = self.socket.recvfrom(DATAGRAM_LONGEST)
        except (BlockingIOError, ConnectionRefusedError):  # that nobody listens there may change
            return None
        if self.listens:
            self.peer = sender
        return data

    def write(self, data: bytes) -> int:
        """One datagram; without anybody to send to it is gone, as into the air."""
        piece = data[:DATAGRAM_OCTETS]
        try:
            if not self.listens:
                self.socket.send(piece)
            elif self.peer is not None:
                self.socket.sendto(piece, self.peer)
        except BlockingIOError:
            return 0
        except ConnectionRefusedError:
            pass
        return len(piece)

    def close(self) -> None:
        self.socket.close()


class SerialOutlet:
    """A serial port or pseudo-terminal, set up as on board: see `flight.drivers.serial_port` for the reasons."""

    def __init__(self, address: LineAddress) -> None:
        import serial

        try:
            self.port = serial.Serial(
                address.device, address.baud, timeout=0, write_timeout=0, exclusive=True
            )
        except ValueError:
            raise OSError(errno.EINVAL, f"does not take {address.baud} baud") from None
        except termios.error:
            raise OSError(errno.ENOTTY, "is no serial port") from None
        except OSError as error:
            raise _plainly(error) from None
        self.handle: int = self.port.fileno()
        attributes = termios.tcgetattr(self.handle)
        attributes[CONTROL_FLAGS] &= ~termios.HUPCL
        attributes[CONTROL_CHARACTERS][termios.VMIN] = 1
        termios.tcsetattr(self.handle, termios.TCSANOW, attributes)
        with contextlib.suppress(OSError, ValueError, NotImplementedError):
            self.port.set_low_latency_mode(True)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.handle, termios.TIOCEXCL)

    def fileno(self) -> int:
        return self.handle

    def ready(self) -> None:
        pass

    def read(self, count: int) -> bytes | None:
        try:
            data = os.read(self.handle, count)
        except BlockingIOError:
            return None
        if not data:
            raise OSError(errno.ENODEV, "pulled out")
        return data

    def write(self, data: bytes) -> int:
        try:
            return os.write(self.handle, data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.handle, termios.TIOCNXCL)
        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(self.handle, termios.TCOFLUSH)
        with contextlib.suppress(OSError):
            self.port.close()


def _plainly(error: OSError) -> OSError:
    """pyserial wraps the system's error in words of its own."""
    number = error.errno or 0
    if number in (errno.EAGAIN, errno.EBUSY):
        return OSError(errno.EBUSY, "busy: another program has it")
    if number in (errno.ENOTTY, errno.EINVAL) or "Could not configure port" in str(error):
        return OSError(errno.ENOTTY, "is no serial port")
    return OSError(number, os.strerror(number) if number else str(error))
