"""A line to one peer: takes over, loses nothing that was taken, counts what nobody took."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from sim.live.lines import WAITING_MAX, LineServer

TRIES = 100_000  # of something that the kernel does at once


@pytest.fixture
def line() -> Iterator[LineServer]:
    server = LineServer()
    yield server
    server.close()


def joined(line: LineServer) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", line.port))
    until(line.accept)
    return peer


def until(condition: Callable[[], object]) -> None:
    for _ in range(TRIES):
        if condition():
            return
    raise AssertionError("never")


def received(line: LineServer, count: int) -> bytes:
    data = bytearray()

    def enough() -> bool:
        data.extend(line.receive())
        return len(data) >= count

    until(enough)
    return bytes(data)


def test_nothing_waits_without_a_peer(line: LineServer) -> None:
    assert not line.accept()
    assert line.receive() == b""
    line.send(b"lost")
    assert line.lost_octets == 4


def test_octets_go_both_ways(line: LineServer) -> None:
    with joined(line) as peer:
        line.send(b"down")
        assert peer.recv(10) == b"down"
        peer.sendall(b"up")
        assert received(line, 2) == b"up"
        assert line.connections == 1


def test_a_new_peer_takes_over(line: LineServer) -> None:
    with joined(line) as old, joined(line) as new:
        line.send(b"down")
        assert new.recv(10) == b"down"
        assert old.recv(10) == b""
        assert line.connections == 2


def test_a_peer_that_goes_is_noticed(line: LineServer) -> None:
    joined(line).close()

    def gone() -> bool:
        line.receive()
        return line.peer is None

    until(gone)
    line.send(b"lost")
    assert line.lost_octets == 4


def test_a_peer_that_takes_nothing_costs_bounded_memory(line: LineServer) -> None:
    piece = bytes(WAITING_MAX // 8)
    with joined(line) as peer:
        for _ in range(200):
            line.send(piece)
        assert len(line.waiting) <= WAITING_MAX
        assert line.lost_octets > 0
        taken = 200 * len(piece) - line.lost_octets
        peer.settimeout(10)
        count = 0
        while count < taken:
            line.flush()
            count += len(peer.recv(1 << 20))
        assert count == taken
        assert not line.waiting
