"""The link over TCP: a device that is late, slow, gone and back; nothing waits, and every loss is counted."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from flight.drivers.tcp_link import BUFFER_MAX, CONNECT_WITHIN_NS, RECEIVE_MAX, RETRY_NS, TcpLink, address_of

TRIES = 200_000  # of something that the kernel does at once
LOCAL = "127.0.0.1"


class Clock:
    def __init__(self) -> None:
        self.time = 0

    def __call__(self) -> int:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server((LOCAL, 0)) as server:
        server.settimeout(30)
        yield server


@pytest.fixture
def connect(clock: Clock) -> Iterator[Callable[[int], TcpLink]]:
    made: list[TcpLink] = []

    def begin(port: int) -> TcpLink:
        made.append(TcpLink(LOCAL, port, clock))
        return made[-1]

    yield begin
    for link in made:
        link.close()


def until(condition: Callable[[], object]) -> None:
    for _ in range(TRIES):
        if condition():
            return
    raise AssertionError("never")


def received(link: TcpLink, count: int) -> bytes:
    data = bytearray()

    def enough() -> bool:
        data.extend(link.receive())
        return len(data) >= count

    until(enough)
    return bytes(data)


def joined(link: TcpLink, listener: socket.socket) -> socket.socket:
    peer, _ = listener.accept()
    peer.settimeout(30)

    def up() -> bool:
        link.receive()
        return link.connected

    until(up)
    return peer


def closed_port() -> int:
    with socket.create_server((LOCAL, 0)) as server:
        return int(server.getsockname()[1])


Connect = Callable[[int], TcpLink]


def test_octets_go_both_ways(connect: Connect, listener: socket.socket) -> None:
    link = connect(listener.getsockname()[1])
    with joined(link, listener) as peer:
        assert link.carrier()
        assert link.room() == BUFFER_MAX
        assert link.receive() == b""
        link.send(b"down")
        assert peer.recv(10) == b"down"
        peer.sendall(b"up")
        assert received(link, 2) == b"up"
        assert (link.sent_octets, link.received_octets, link.lost_octets) == (4, 2, 0)


def test_a_device_that_is_absent_at_start_is_found_when_it_comes(connect: Connect, clock: Clock) -> None:
    port = closed_port()
    link = connect(port)

    def given_up() -> bool:
        link.receive()
        return link.failures == 1

    until(given_up)
    assert not link.carrier()
    assert link.room() == 0
    link.send(b"lost")
    assert link.lost_octets == 4
    with socket.create_server((LOCAL, port)) as listener:
        listener.settimeout(30)
        clock.time = RETRY_NS - 1
        link.receive()
        assert link.socket is None, "it waits between two tries"
        clock.time = RETRY_NS
        link.receive()
        joined(link, listener).close()
    assert link.connections == 1


def test_a_device_that_goes_away_and_comes_back(
    connect: Connect, clock: Clock, listener: socket.socket
) -> None:
    link = connect(listener.getsockname()[1])
    joined(link, listener).close()

    def gone() -> bool:
        link.receive()
        return not link.connected

    until(gone)
    assert link.failures == 1
    clock.time += RETRY_NS
    link.receive()
    with joined(link, listener) as peer:
        link.send(b"again")
        assert peer.recv(10) == b"again", "nothing of the connection before"
    assert link.connections == 2


def test_a_device_that_takes_nothing_fills_the_room_and_no_more(
    connect: Connect, listener: socket.socket
) -> None:
    link = connect(listener.getsockname()[1])
    piece, handed = bytes(range(256)) * 16, 0
    with joined(link, listener) as peer:
        while link.room() >= len(piece):
            link.send(piece)
            handed += len(piece)
            assert handed < 100 * BUFFER_MAX
        assert len(link.buffer) > BUFFER_MAX - len(piece)
        link.send(piece)
        assert link.lost_octets == len(piece), "beyond the room"
        data = bytearray()
        while len(data) < handed:
            link.receive()  # the executive's next ticks send the rest
            data += peer.recv(1 << 20)
        assert data == piece * (handed // len(piece)), "whole and in order"
        assert link.sent_octets == handed
        assert link.room() == BUFFER_MAX


def test_a_partial_write_is_gone_on_with(connect: Connect, listener: socket.socket) -> None:
    class Narrow:
        """Takes three octets at a time, and every other time none."""

        def __init__(self) -> None:
            self.taken = b""
            self.turn = 0

        def send(self, data: bytes) -> int:
            self.turn += 1
            if self.turn % 2:
                raise BlockingIOError
            self.taken += bytes(data[:3])
            return min(3, len(data))

        def recv(self, count: int) -> bytes:
            raise BlockingIOError

        def close(self) -> None:
            pass

    link = connect(listener.getsockname()[1])
    with joined(link, listener):
        assert link.socket is not None
        link.socket.close()
        narrow = Narrow()
        link.socket = cast(socket.socket, narrow)
        link.send(b"abcdefgh")
        link.send(b"ij")
        for _ in range(10):
            link.receive()
        assert narrow.taken == b"abcdefghij"
        assert (link.sent_octets, link.room()) == (10, BUFFER_MAX)


def test_what_is_in_the_buffer_when_it_breaks_is_counted(connect: Connect, listener: socket.socket) -> None:
    link = connect(listener.getsockname()[1])
    peer = joined(link, listener)
    while link.room() >= 4096:
        link.send(bytes(4096))
    left = len(link.buffer)
    peer.close()

    def gone() -> bool:
        link.receive()
        return not link.connected

    until(gone)
    assert not link.buffer
    assert 0 < link.lost_octets <= left


def test_one_tick_takes_a_bounded_piece(connect: Connect, listener: socket.socket) -> None:
    link = connect(listener.getsockname()[1])
    with joined(link, listener) as peer:
        peer.sendall(bytes(3 * RECEIVE_MAX))
        pieces: list[bytes] = []

        def all_in() -> bool:
            pieces.append(link.receive())
            return sum(map(len, pieces)) == 3 * RECEIVE_MAX

        until(all_in)
        assert max(map(len, pieces)) <= RECEIVE_MAX


def test_an_address_that_does_not_answer_is_given_up(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(socket.socket):
        def connect_ex(self, address: object) -> int:
            import errno

            return errno.EINPROGRESS

    monkeypatch.setattr("flight.drivers.tcp_link.socket.socket", Silent)
    link = TcpLink(LOCAL, 9, clock)
    clock.time = CONNECT_WITHIN_NS
    link.receive()
    assert (link.failures, link.connected) == (0, False)
    clock.time += 1
    link.receive()
    assert (link.failures, link.socket) == (1, None)


@pytest.mark.parametrize("host", [LOCAL, "localhost"])
def test_addresses(host: str) -> None:
    found, port = address_of(f"tcp:{host}:5000")
    assert port == 5000
    assert found in {LOCAL, "::1"}
    assert address_of("tcp:[::1]:5000") == ("::1", 5000)


@pytest.mark.parametrize(
    "text",
    ["", "tcp:", "tcp:1.2.3.4", "tcp::5", "udp:1.2.3.4:5", "tcp:1.2.3.4:0", "tcp:1.2.3.4:65536", "tcp:h:-5"],
)
def test_what_is_no_address_is_said_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no link, expected tcp:HOST:PORT$"):
        address_of(text)


def test_a_name_that_nobody_knows_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("flight.drivers.tcp_link.socket.getaddrinfo", nobody)
    with pytest.raises(ValueError, match="^tcp:no-such-host:5: Name or service not known$"):
        address_of("tcp:no-such-host:5")
