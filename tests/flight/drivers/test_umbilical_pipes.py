"""The umbilical over a serial line: messages out of octets, whatever else stands between them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.drivers.umbilical import Readings, Umbilical, layout_of, pack_readings, unpack_commands
from flight.drivers.umbilical_pipes import (
    HEAD,
    MARKER,
    MESSAGE_MAX,
    WAITING_MAX,
    LinePipe,
    Messages,
    enclose,
)

NAMES = ["voltage", "heater"]


class Loop:
    """An endpoint whose other end is here."""

    def __init__(self) -> None:
        self.incoming, self.outgoing = b"", b""

    def open(self) -> bool:
        return True

    def read(self, count: int) -> bytes:
        data, self.incoming = self.incoming[:count], self.incoming[count:]
        return data

    def write(self, data: bytes) -> int:
        self.outgoing += data
        return len(data)

    def held(self) -> int:
        return 0

    def close(self) -> None:
        pass


@pytest.mark.slow
@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(0, 2**32))
def test_messages_come_back_in_any_pieces(messages: list[bytes], seed: int) -> None:
    octets = b"".join(map(enclose, messages))
    reader, rng, found = Messages(), random.Random(seed), list[bytes]()
    while octets:
        size = rng.randint(1, 100)
        found += reader.take(octets[:size])
        octets = octets[size:]
    assert found == messages
    assert reader.rejected == 0


def test_noise_costs_no_message_behind_it() -> None:
    reader = Messages()
    spoiled = bytearray(enclose(b"spoiled"))
    spoiled[8] ^= 1
    noise = b"[    1.5] usb 1-1: reset\r\n" + MARKER[:2] + b"\x1e\x1e"
    assert reader.take(noise + bytes(spoiled) + enclose(b"one") + noise + enclose(b"two")) == [b"one", b"two"]
    assert reader.rejected == 1


def test_a_length_that_cannot_be_is_no_message() -> None:
    reader = Messages()
    assert reader.take(HEAD.pack(MARKER, MESSAGE_MAX + 1) + enclose(b"next")) == [b"next"]
    assert reader.rejected == 1


def test_noise_alone_is_not_kept() -> None:
    reader = Messages()
    assert reader.take(bytes(100_000)) == []
    assert len(reader._octets) < len(MARKER)


def test_the_board_s_end_over_a_line() -> None:
    loop = Loop()
    umbilical = Umbilical(LinePipe(loop), NAMES)
    umbilical.command(1, 1)
    umbilical.exchange(0)
    umbilical.exchange(1)
    (sent,) = Messages().take(loop.outgoing)
    assert unpack_commands(layout_of(NAMES), sent) == [(1, 1)]
    assert umbilical.readings is None
    reading = Readings(1, 2, True, (1,), (28.0,))
    loop.incoming = enclose(b"nonsense") + enclose(pack_readings(layout_of(NAMES), reading))
    umbilical.exchange(2)
    assert (umbilical.readings, umbilical.heard, umbilical.rejected) == (reading, 2, 1)


def test_what_waits_is_bounded_and_the_newest_are_kept() -> None:
    loop = Loop()
    pipe = LinePipe(loop)
    loop.incoming = b"".join(enclose(bytes([number])) for number in range(WAITING_MAX + 10))
    pipe.tend(0)
    assert pipe.receive() == bytes([10])
