"""A serial port, or a pseudo-terminal, as an endpoint of `line_link`.

    skyrack-flight run pathfinder --board pc --link serial:/dev/ttyUSB0@921600 --state /var/lib/skyrack

Wiring: TX, RX and ground; no flow control, for XON/XOFF spoils binary data and few radios have RTS/CTS.  8N1, raw.
The port is ours alone (flock and TIOCEXCL).  Its modem lines stay as they are when we close it (HUPCL off), since many
boards are reset by DTR; the first opening after power-on raises them all the same, which no program can prevent.
Adapters are asked for low latency: an FTDI chip otherwise keeps octets back for 16 ms.  Needs pyserial.

pyserial opens and sets up the port.  Octets go by os.read and os.write: its own non-blocking write spins while
nothing is taken (3.5), and its read cannot tell silence from a device that was pulled out.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
import termios
from typing import Protocol

VMIN = 6  # place in termios' list of control characters: `cc` is the sixth item
CONTROL_CHARACTERS, CONTROL_FLAGS = 6, 2


class SerialSetupError(OSError):
    """The device does not take these settings; trying again does not help, but another device may come."""


class _Port(Protocol):
    """What we use of `serial.Serial`."""

    def fileno(self) -> int: ...

    def close(self) -> None: ...

    def set_low_latency_mode(self, low_latency_settings: bool) -> None: ...


class SerialPort:
    """`device` is a path, `baud` any rate that the device takes."""

    def __init__(self, device: str, baud: int) -> None:
        self.device, self.baud = device, baud
        self._port: _Port | None = None
        self._handle = -1

    def open(self) -> bool:
        self._port = _opened(self.device, self.baud)
        self._handle = self._port.fileno()
        try:
            _keep_modem_lines(self._handle)
        except termios.error as error:
            raise SerialSetupError(*error.args) from None
        with contextlib.suppress(OSError):  # a pseudo-terminal has none
            fcntl.ioctl(self._handle, termios.TIOCEXCL)
        with contextlib.suppress(OSError, ValueError, NotImplementedError):  # an adapter may not offer it
            self._port.set_low_latency_mode(True)
        return True

    def read(self, count: int) -> bytes:
        try:
            data = os.read(self._handle, count)
        except BlockingIOError:
            return b""
        if not data:
            raise OSError(errno.ENODEV, "pulled out")
        return data

    def write(self, data: bytes) -> int:
        try:
            return os.write(self._handle, data)
        except BlockingIOError:
            return 0

    def held(self) -> int:
        """Of the driver's buffer (TIOCOUTQ); OSError once the device is gone."""
        answer = fcntl.ioctl(self._handle, termios.TIOCOUTQ, b"\0\0\0\0")
        (octets,) = struct.unpack("i", answer)
        return int(octets)

    def close(self) -> None:
        if self._port is None:
            return
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._handle, termios.TIOCNXCL)
        with contextlib.suppress(OSError, termios.error):  # what is not sent would hold up the closing
            termios.tcflush(self._handle, termios.TCOFLUSH)
        with contextlib.suppress(OSError):
            self._port.close()
        self._port, self._handle = None, -1


def _opened(device: str, baud: int) -> _Port:
    """OSError with a plain reason."""
    import serial  # a driver's library is imported where it is used

    try:
        port: _Port = serial.Serial(device, baud, timeout=0, write_timeout=0, exclusive=True)
    except ValueError:
        raise SerialSetupError(errno.EINVAL, f"does not take {baud} baud") from None
    except termios.error:
        raise SerialSetupError(errno.ENOTTY, "is no serial port") from None
    except OSError as error:  # serial.SerialException is one
        raise _plainly(error) from None
    return port


def _plainly(error: OSError) -> OSError:
    """pyserial wraps the system's error in words of its own; its number tells what it was."""
    number = error.errno or 0
    if number in (errno.EAGAIN, errno.EBUSY):
        return OSError(errno.EBUSY, "busy: another program has it")
    if number in (errno.ENOTTY, errno.EINVAL) or "Could not configure port" in str(error):
        return SerialSetupError(errno.ENOTTY, "is no serial port")
    return OSError(number, os.strerror(number) if number else str(error))


def _keep_modem_lines(handle: int) -> None:
    """No hang-up on close; and an empty read means a device that has gone, not one that is silent (VMIN 1)."""
    attributes = termios.tcgetattr(handle)
    attributes[CONTROL_FLAGS] &= ~termios.HUPCL
    attributes[CONTROL_CHARACTERS][termios.VMIN] = 1
    termios.tcsetattr(handle, termios.TCSANOW, attributes)
