"""Pseudo-serial lines: a plug that can be pulled, and a bad line behind it."""

from __future__ import annotations

import os
import select
from pathlib import Path

import pytest

from flight.drivers.line_link import NS, RETRY_NS, LineLink
from flight.drivers.serial_port import SerialPort
from hil.line import WAITING_MAX, BadLine, PseudoSerial, Shape
from sim.shaping import OctetFaults

HANG_S = 30  # a kernel that takes longer is broken


def came(plug: PseudoSerial, count: int) -> bytes:
    data = b""
    while len(data) < count:
        assert select.select([plug], [], [], HANG_S)[0]
        data += plug.read()
    return data


def test_octets_pass_as_they_are(tmp_path: Path) -> None:
    plug = PseudoSerial(tmp_path / "line")
    other = os.open(plug.path, os.O_RDWR | os.O_NOCTTY)
    every = bytes(range(256))
    os.write(other, every)
    assert came(plug, 256) == every
    plug.write(every)
    assert os.read(other, 1000) == every
    assert plug.read() == b""
    os.close(other)
    plug.close()
    assert not plug.path.is_symlink()


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "line").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        PseudoSerial(tmp_path / "line")
    assert (tmp_path / "line").read_bytes() == b"mine"


def test_what_nobody_reads_is_bounded_and_counted(tmp_path: Path) -> None:
    plug = PseudoSerial(tmp_path / "line")
    for _ in range(40):
        plug.write(bytes(WAITING_MAX // 8))
    assert plug.lost >= WAITING_MAX
    assert plug.wants_to_write
    before = plug.lost
    plug.pull()
    assert plug.lost > before, "what still waited is counted, too"
    assert not plug.wants_to_write
    before = plug.lost
    plug.write(b"to nobody")
    assert plug.lost == before + 9
    assert (plug.read(), plug.fileno()) == (b"", -1)


def test_pulled_and_plugged_under_the_driver_of_flight(tmp_path: Path) -> None:
    line = BadLine(tmp_path / "line", Shape(), "1")
    link = LineLink(SerialPort(str(line.plug.path), 921_600))
    link.tend(0)
    link.send(b"before")
    link.tend(1)
    assert came(line.plug, 6) == b"before"
    line.plug.pull()
    now = 1
    while link.connected:
        link.tend(now)
    now += RETRY_NS
    link.tend(now)
    assert not link.connected
    line.plug.plug()
    now += RETRY_NS
    link.tend(now)
    assert link.connected, "within two tries"
    assert 2 * RETRY_NS < 2 * NS
    link.send(b"again")
    link.tend(now + 1)
    assert came(line.plug, 5) == b"again"
    link.close()
    line.close()


def test_a_bad_line_is_bad_both_ways(tmp_path: Path) -> None:
    line = BadLine(tmp_path / "line", Shape(octets_s=1_000, delay_ns=NS), "1")
    other = os.open(line.plug.path, os.O_RDWR | os.O_NOCTTY)
    os.write(other, b"down")
    assert select.select([line.plug], [], [], HANG_S)[0]
    assert line.turn(0) == b""
    due = line.next_arrival()
    assert due == NS + 4 * NS // 1_000
    assert line.turn(due) == b"down"
    line.send(b"up", due)
    line.turn(due + 2 * NS)
    assert os.read(other, 10) == b"up"
    line.spoil(Shape(faults=OctetFaults(loss=1.0)))
    os.write(other, b"gone")
    assert select.select([line.plug], [], [], HANG_S)[0]
    assert line.turn(0) == b""
    assert line.down.spoiler.lost == 4
    os.close(other)
    line.close()
