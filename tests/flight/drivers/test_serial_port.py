"""A real pseudo-terminal as the serial line."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import termios
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

from flight.drivers.line_link import NS, RETRY_NS, LineLink
from flight.drivers.serial_port import SerialPort, SerialSetupError

HANG_S = 30  # a kernel that takes longer is broken
TRIES = 200_000  # of something that the kernel does at once
BAUD = 921_600
EVERY_OCTET = bytes(range(256))


class Plug:
    """The far end: a pseudo-terminal whose name stays the same while it comes and goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.master = -1

    def insert(self) -> None:
        self.master, slave = os.openpty()
        os.set_blocking(self.master, False)
        tty.setraw(slave)
        self.path.symlink_to(os.ttyname(slave))
        os.close(slave)

    def pull(self) -> None:
        os.close(self.master)
        self.path.unlink()
        self.master = -1

    def read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            assert select.select([self.master], [], [], HANG_S)[0], f"only {len(data)} octets came"
            data += os.read(self.master, count)
        return bytes(data)


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[Plug]:
    plug = Plug(tmp_path / "line")
    plug.insert()
    yield plug
    if plug.master >= 0:
        plug.pull()


@pytest.fixture
def port(plug: Plug) -> Iterator[SerialPort]:
    port = SerialPort(str(plug.path), BAUD)
    yield port
    port.close()


def until(condition: Callable[[], object]) -> None:
    for _ in range(TRIES):
        if condition():
            return
    raise AssertionError("never")


def test_every_octet_passes_as_it_is(plug: Plug, port: SerialPort) -> None:
    link = LineLink(port)
    link.tend(0)
    link.send(EVERY_OCTET)
    link.tend(1)
    assert plug.read(256) == EVERY_OCTET
    os.write(plug.master, EVERY_OCTET)
    data = bytearray()

    def came() -> bool:
        link.tend(2)
        data.extend(link.receive())
        return len(data) >= 256

    until(came)
    assert data == EVERY_OCTET
    assert (link.line().sent, link.line().received) == (256, 256)


def test_how_the_port_is_set_up(plug: Plug, port: SerialPort) -> None:
    before = os.open(plug.path, os.O_RDWR | os.O_NOCTTY)
    attributes = termios.tcgetattr(before)
    attributes[2] |= termios.HUPCL  # as a real port has it
    termios.tcsetattr(before, termios.TCSANOW, attributes)
    assert port.open()
    _, _, control, local, _, speed, characters = termios.tcgetattr(port._handle)
    assert not control & termios.HUPCL, "closing resets nobody"
    assert not control & termios.CRTSCTS
    assert control & termios.CSIZE == termios.CS8
    assert not local & (termios.ICANON | termios.ECHO)
    assert speed == termios.B921600
    assert characters[termios.VMIN] in {1, b"\x01"}
    os.close(before)


def test_silence_is_no_end(plug: Plug, port: SerialPort) -> None:
    assert port.open()
    assert port.read(10) == b""
    assert port.held() == 0


def test_nobody_else_may_have_it(plug: Plug, port: SerialPort) -> None:
    assert port.open()
    second = SerialPort(str(plug.path), BAUD)
    with pytest.raises(OSError, match="busy: another program has it"):
        second.open()
    port.close()
    assert second.open()
    second.close()


def test_a_device_that_takes_nothing_holds_up_nobody(plug: Plug, port: SerialPort) -> None:
    link = LineLink(port)
    link.tend(0)
    piece = EVERY_OCTET * 16
    handed = bytearray()
    for tick in range(200):
        if link.room() >= len(piece):
            link.send(piece)
            handed += piece
        link.tend(tick)
    assert link.line().queued > 0, "it is full"
    sent = bytearray()
    while len(sent) < len(handed):
        link.tend(1)
        sent += plug.read(1)
        with contextlib.suppress(BlockingIOError):
            sent += os.read(plug.master, 65_536)
    assert sent == handed
    assert link.line().lost == 0


def test_pulled_out_and_plugged_in_again(plug: Plug, port: SerialPort) -> None:
    link = LineLink(port, octets_s=92_160)
    link.tend(0)
    assert link.connected
    plug.pull()

    def gone() -> bool:
        link.tend(1)
        return not link.connected

    until(gone)
    assert link.failures == 1
    link.tend(RETRY_NS + 1)
    assert link.failures == 2, "it is tried, and is not there"
    assert link.why == "No such file or directory"
    plug.insert()
    link.tend(2 * RETRY_NS + 1)
    assert link.connected
    assert 2 * RETRY_NS + 1 < 2 * NS
    link.send(b"again")
    link.tend(2 * RETRY_NS + 2)
    assert plug.read(5) == b"again"


def test_no_device_no_port_no_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match="No such file or directory"):
        SerialPort(str(tmp_path / "absent"), BAUD).open()
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(SerialSetupError, match="is no serial port"):
        SerialPort(str(file), BAUD).open()

    def refuses(*_: object, **__: object) -> None:
        raise ValueError("Failed to set custom baud rate")

    monkeypatch.setattr(serial, "Serial", refuses)
    with pytest.raises(SerialSetupError, match="does not take 300 baud"):
        SerialPort("/dev/x", 300).open()


def test_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise serial.SerialException(errno.EACCES, "could not open port /dev/x: [Errno 13] Permission denied")

    monkeypatch.setattr(serial, "Serial", refuses)
    with pytest.raises(PermissionError, match="Permission denied"):
        SerialPort("/dev/x", 300).open()


def test_what_the_driver_holds_is_asked(
    plug: Plug, port: SerialPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert port.open()
    monkeypatch.setattr(
        fcntl, "ioctl", lambda _handle, what, _: {termios.TIOCOUTQ: (1234).to_bytes(4, "little")}[what]
    )
    assert port.held() == 1234
