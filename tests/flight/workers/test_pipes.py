"""What comes over a pipe: whole messages, in order, whatever the pieces, and to the last octet of one that has died."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from flight.workers.pipes import MESSAGE_MAX, PULL_MAX, PipeError, bodies, framed, pull


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def test_bodies_by_any_pieces() -> None:
    sent = [b"", b"a", bytes(300), b"last"]
    stream = b"".join(map(framed, sent)) + framed(b"cut")[:5]
    for size in (1, 3, 299, len(stream)):
        held, found = bytearray(), []
        for start in range(0, len(stream), size):
            held += stream[start : start + size]
            found += list(bodies(held))
        assert found == sent
        assert bytes(held) == framed(b"cut")[:5]


def test_a_message_that_is_too_long() -> None:
    held = bytearray(framed(b"first") + struct.pack(">I", MESSAGE_MAX + 1))
    found = bodies(held)
    assert next(found) == b"first"
    with pytest.raises(PipeError):
        next(found)
    with pytest.raises(AssertionError):
        framed(bytes(MESSAGE_MAX + 1))


def test_what_was_sent_before_the_end_is_read(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    assert pull(ours) == b""
    theirs.sendall(b"last words")
    theirs.close()
    assert pull(ours) == b"last words"
    with pytest.raises(ConnectionResetError):
        pull(ours)


def test_as_much_as_a_tick_may_take() -> None:
    class Endless:
        def recv(self, size: int) -> bytes:
            return bytes(size)

    assert PULL_MAX <= len(pull(Endless())) < PULL_MAX + 65_536  # type: ignore[arg-type]


def test_an_end_that_is_torn_off() -> None:
    class Torn:
        def __init__(self) -> None:
            self.pieces = [b"heard"]

        def recv(self, size: int) -> bytes:
            if self.pieces:
                return self.pieces.pop()
            raise ConnectionResetError

    torn = Torn()
    assert pull(torn) == b"heard"  # type: ignore[arg-type]
    with pytest.raises(ConnectionResetError):
        pull(torn)  # type: ignore[arg-type]
