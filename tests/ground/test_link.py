"""The line to a station: it comes back by itself, never waits, and tells when the spacecraft is in sight."""

from __future__ import annotations

import os
import select
import socket
import tty
from pathlib import Path

import pytest

from flight.wire.line_address import LineAddress, LineKind, parse_line_address
from ground.link import (
    CONNECT_WITHIN_NS,
    NS,
    RETRY_FIRST_NS,
    RETRY_LONGEST_NS,
    SILENCE_NS,
    SILENCE_REAL_NS,
    WAITING_MAX,
    Contact,
    StationLink,
)

HANG_S = 20  # a kernel that takes longer is broken; nothing here waits for so long


def tcp(port: int, host: str = "127.0.0.1") -> LineAddress:
    return LineAddress(LineKind.TCP, host=host, port=port)


@pytest.fixture
def station():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def link(station):
    link = StationLink(tcp(station.getsockname()[1]))
    yield link
    link.close()


def ready(link: StationLink, *, write: bool) -> None:
    """Until the kernel says so."""
    assert link.outlet is not None
    wanted = [link.outlet]
    read, written, _ = select.select([] if write else wanted, wanted if write else [], [], HANG_S)
    assert written if write else read


def joined(link: StationLink, station: socket.socket, now: int = 0) -> socket.socket:
    link.on_deadline(now)
    assert link.wants_to_write
    assert link.next_deadline() == now + CONNECT_WITHIN_NS
    ready(link, write=True)
    link.on_writable(now)
    assert link.connected
    assert link.next_deadline() is None
    peer, _ = station.accept()
    return peer


def test_octets_go_both_ways(link, station):
    with joined(link, station) as peer:
        peer.sendall(b"down")
        ready(link, write=False)
        assert link.on_readable(0) == b"down"
        assert link.on_readable(0) == b""
        assert link.connected, "nothing to read is not the end"
        link.send(b"up", 0)
        assert peer.recv(10) == b"up"
        assert (link.totals.received, link.totals.sent, link.totals.connections) == (4, 2, 1)
        assert not link.wants_to_write


def test_a_line_that_is_gone_is_tried_again_later_and_later(link, station):
    joined(link, station).close()
    ready(link, write=False)
    assert link.on_readable(5) == b""
    assert (link.connected, link.outlet, link.error) == (False, None, "closed by the station")
    assert link.next_deadline() == 5 + RETRY_FIRST_NS
    link.on_deadline(4 + RETRY_FIRST_NS)
    assert link.outlet is None
    joined(link, station, 5 + RETRY_FIRST_NS).close()
    assert link.totals.connections == 2


def test_nobody_there_is_tried_at_growing_intervals(link, station):
    station.close()
    now, waits = 0, []
    for _ in range(10):
        link.on_deadline(now)
        if link.outlet is not None:
            ready(link, write=True)
            link.on_writable(now)
        assert not link.connected
        assert "refused" in link.error.lower()
        due = link.next_deadline()
        waits.append(due - now)
        now = due
    assert waits[:3] == [RETRY_FIRST_NS, 2 * RETRY_FIRST_NS, 4 * RETRY_FIRST_NS]
    assert waits[-1] == RETRY_LONGEST_NS


def test_a_name_that_nobody_knows_is_an_error_like_others():
    link = StationLink(tcp(1, "no-such-host.invalid"))
    link.on_deadline(0)
    assert not link.connected
    assert link.error
    assert link.next_deadline() == RETRY_FIRST_NS


def test_a_connection_that_does_not_come_about_is_given_up(link, station):
    link.on_deadline(0)
    link.on_deadline(CONNECT_WITHIN_NS)
    assert link.outlet is None
    assert link.error == "no answer"


def test_what_finds_no_line_is_lost_and_counted(link, station):
    link.send(b"lost", 0)
    assert link.totals.discarded == 4
    with joined(link, station):
        assert not link.wants_to_write


def test_a_station_that_does_not_read_fills_no_memory(link, station):
    with joined(link, station):
        block = bytes(WAITING_MAX // 2)
        for _ in range(2000):
            link.send(block, 0)
            if link.totals.discarded:
                break
        assert link.totals.discarded >= len(block)
        assert link.wants_to_write
        before = link.totals.discarded
        link.close()
        assert link.totals.discarded > before, "what still waited is counted, too"


def test_what_waited_goes_out_when_the_station_reads_again(link, station):
    with joined(link, station) as peer:
        while not link.wants_to_write:
            link.send(bytes(WAITING_MAX // 2), 0)
        expected = link.totals.sent
        total = expected + WAITING_MAX
        got = 0
        while link.wants_to_write and got < total:
            got += len(peer.recv(1 << 20))
            link.on_writable(0)
        while got < link.totals.sent:
            got += len(peer.recv(1 << 20))
        assert got == link.totals.sent > expected


def test_a_reset_in_mid_air_ends_the_line(link, station):
    peer = joined(link, station)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    peer.close()
    ready(link, write=False)
    assert link.on_readable(0) == b""
    assert not link.connected
    assert link.error


class Adapter:
    """A serial adapter that is plugged in and pulled out; its name stays the same."""

    def __init__(self, path: Path) -> None:
        self.path, self.master = path, -1

    def insert(self) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path.symlink_to(os.ttyname(slave))
        os.close(slave)

    def pull(self) -> None:
        os.close(self.master)
        self.path.unlink()


def test_a_serial_line_is_pulled_out_and_comes_back_at_once(tmp_path):
    adapter = Adapter(tmp_path / "line")
    link = StationLink(parse_line_address(f"serial:{adapter.path}@115200"))
    now = 0
    for _ in range(8):
        link.on_deadline(now)
        assert link.error == "No such file or directory"
        assert link.next_deadline() == now + RETRY_FIRST_NS, "it does not wait longer and longer"
        now += RETRY_FIRST_NS
    every = bytes(range(256))
    for connections in (1, 2):
        adapter.insert()
        link.on_deadline(now)
        ready(link, write=True)
        link.on_writable(now)
        assert (link.connected, link.error, link.totals.connections) == (True, "", connections)
        link.send(every, now)
        assert os.read(adapter.master, 1000) == every
        os.write(adapter.master, every)
        ready(link, write=False)
        assert link.on_readable(now) == every
        assert link.on_readable(now) == b""
        adapter.pull()
        ready(link, write=False)
        assert link.on_readable(now) == b""
        assert not link.connected
        due = link.next_deadline()
        assert due is not None
        now = due
    assert link.totals.received == link.totals.sent == 512


def test_a_serial_line_is_ours_alone(tmp_path):
    adapter = Adapter(tmp_path / "line")
    adapter.insert()
    address = parse_line_address(f"serial:{adapter.path}@115200")
    first, second = StationLink(address), StationLink(address)
    first.on_deadline(0)
    second.on_deadline(0)
    assert second.error == "busy: another program has it"
    first.close()
    second.on_deadline(RETRY_FIRST_NS)
    assert second.outlet is not None
    second.close()
    adapter.pull()


def test_what_is_no_serial_port(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    link = StationLink(parse_line_address(f"serial:{tmp_path}/file@115200"))
    link.on_deadline(0)
    assert link.error == "is no serial port"


def test_datagrams_go_both_ways_and_nobody_there_is_no_error():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as modem:
        modem.bind(("127.0.0.1", 0))
        modem.settimeout(HANG_S)
        link = StationLink(parse_line_address(f"udp:127.0.0.1:{modem.getsockname()[1]}"))
        link.on_deadline(0)
        ready(link, write=True)
        link.on_writable(0)
        link.send(b"up", 0)
        octets, sender = modem.recvfrom(100)
        assert octets == b"up"
        modem.sendto(b"down", sender)
        ready(link, write=False)
        assert link.on_readable(0) == b"down"
    for _ in range(10):
        link.send(b"to nobody", 0)
        assert link.on_readable(0) == b""
    assert link.connected
    link.close()


def test_a_listener_answers_whoever_spoke_last():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as spare:
        spare.bind(("127.0.0.1", 0))
        port = spare.getsockname()[1]
    link = StationLink(parse_line_address(f"udp::{port}"))
    link.on_deadline(0)
    ready(link, write=True)
    link.on_writable(0)
    link.send(b"into the air", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as modem:
        modem.settimeout(HANG_S)
        modem.sendto(b"down", ("127.0.0.1", port))
        ready(link, write=False)
        assert link.on_readable(0) == b"down"
        link.send(b"up", 0)
        assert modem.recv(100) == b"up"
    link.close()


def test_contact_is_up_while_octets_come():
    contact = Contact()
    assert contact.next_deadline(1.0) is None
    assert not contact.silent(10**18, 10**18), "what was not up cannot end"
    assert contact.heard(100, 200) is True
    assert contact.heard(100 + NS, 200 + NS) is False
    assert contact.up
    assert contact.next_deadline(1.0) == 200 + NS + SILENCE_NS
    assert not contact.silent(100 + NS + SILENCE_NS - 1, 200 + NS + SILENCE_NS)
    assert contact.silent(100 + NS + SILENCE_NS, 200 + NS + SILENCE_NS)
    assert not contact.up
    assert not contact.silent(100 + NS + SILENCE_NS, 200 + NS + SILENCE_NS), "it ends once"
    assert contact.heard(10**18, 10**18) is True


def test_a_fast_world_that_stalls_is_not_out_of_sight():
    contact = Contact()
    contact.heard(0, 0)
    assert not contact.silent(100 * SILENCE_NS, SILENCE_REAL_NS - 1)
    assert contact.next_deadline(1000.0) == SILENCE_REAL_NS
    assert contact.silent(100 * SILENCE_NS, SILENCE_REAL_NS)
