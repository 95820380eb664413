"""TCP and UDP as lines: the same link over real sockets of this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from flight.drivers.line_link import LineLink
from flight.drivers.tcp_socket import TcpSocket
from flight.drivers.udp_socket import UdpSocket

TRIES = 200_000  # of something that the kernel does at once
LOCAL = "127.0.0.1"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server((LOCAL, 0)) as server:
        server.settimeout(30)
        yield server


@pytest.fixture
def radio() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind((LOCAL, 0))
        made.settimeout(30)
        yield made


@pytest.fixture
def begin() -> Iterator[Callable[..., LineLink]]:
    made: list[LineLink] = []

    def link(endpoint: TcpSocket | UdpSocket) -> LineLink:
        made.append(LineLink(endpoint))
        return made[-1]

    yield link
    for one in made:
        one.close()


Begin = Callable[..., LineLink]


def until(link: LineLink, condition: Callable[[], object]) -> None:
    for _ in range(TRIES):
        link.tend(0)
        if condition():
            return
    raise AssertionError("never")


def received(link: LineLink, count: int) -> bytes:
    data = bytearray()

    def enough() -> bool:
        data.extend(link.receive())
        return len(data) >= count

    until(link, enough)
    return bytes(data)


def joined(link: LineLink, listener: socket.socket) -> socket.socket:
    link.tend(0)
    peer, _ = listener.accept()
    peer.settimeout(30)
    until(link, lambda: link.connected)
    return peer


def test_tcp_both_ways_and_closed(begin: Begin, listener: socket.socket) -> None:
    link = begin(TcpSocket(LOCAL, listener.getsockname()[1]))
    with joined(link, listener) as peer:
        link.send(b"down")
        link.tend(0)
        assert peer.recv(10) == b"down"
        peer.sendall(b"up")
        assert received(link, 2) == b"up"
    until(link, lambda: not link.connected)
    assert link.why == "closed by the other end"


def test_tcp_that_takes_nothing_loses_nothing(begin: Begin, listener: socket.socket) -> None:
    link = begin(TcpSocket(LOCAL, listener.getsockname()[1]))
    piece, handed = bytes(range(256)) * 16, 0
    with joined(link, listener) as peer:
        while link.room() >= len(piece):
            link.send(piece)
            handed += len(piece)
            link.tend(0)
            assert handed < 1 << 26
        data = bytearray()
        while len(data) < handed:
            link.tend(0)
            data += peer.recv(1 << 20)
        assert data == piece * (handed // len(piece)), "whole and in order"


def test_tcp_nobody_there(begin: Begin, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    link = begin(TcpSocket(LOCAL, port))
    until(link, lambda: link.failures)
    assert link.why == "Connection refused"


def test_udp_sends_a_frame_in_each_datagram_and_hears_the_answer(begin: Begin, radio: socket.socket) -> None:
    link = begin(UdpSocket(LOCAL, radio.getsockname()[1], unit_octets=100))
    link.tend(0)
    link.send(b"a" * 100 + b"b" * 100)
    link.tend(0)
    first, sender = radio.recvfrom(2000)
    assert (first, radio.recv(2000)) == (b"a" * 100, b"b" * 100)
    radio.sendto(b"up", sender)
    assert received(link, 2) == b"up"


def test_udp_with_nobody_at_the_other_end_flies_on(begin: Begin, radio: socket.socket) -> None:
    port = radio.getsockname()[1]
    radio.close()
    link = begin(UdpSocket(LOCAL, port))
    for _ in range(100):
        link.tend(0)
        link.send(b"hello")
    assert (link.connected, link.failures) == (True, 0)


def test_udp_that_listens_answers_whoever_spoke_last(begin: Begin, radio: socket.socket) -> None:
    endpoint = UdpSocket("", 0)
    link = begin(endpoint)
    link.tend(0)
    assert endpoint.socket is not None
    port = endpoint.socket.getsockname()[1]
    link.send(b"into the air")
    link.tend(0)
    radio.sendto(b"here", (LOCAL, port))
    assert received(link, 4) == b"here"
    link.send(b"there")
    link.tend(0)
    assert radio.recv(2000) == b"there"


def test_udp_takes_a_bounded_number_of_datagrams(begin: Begin, radio: socket.socket) -> None:
    endpoint = UdpSocket("", 0)
    link = begin(endpoint)
    link.tend(0)
    assert endpoint.socket is not None
    for number in range(100):
        radio.sendto(bytes([number]), ("127.0.0.1", endpoint.socket.getsockname()[1]))
    data = received(link, 100)
    assert data == bytes(range(100))
