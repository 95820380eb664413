"""Telecommands with a time: what is packed is read, whole lists only."""

from __future__ import annotations

import pytest

from flight.wire import PacketType, encode_packet
from flight.wire.timed import Timed, pack_timed, read_some, read_timed

SECOND = 1_000_000_000
ENTRIES = [
    Timed(number * SECOND, encode_packet(PacketType.TELECOMMAND, 5, number, bytes(number + 1)))
    for number in range(3)
]


@pytest.mark.parametrize("count", range(4))
def test_what_is_packed_is_read(count: int) -> None:
    data = pack_timed(ENTRIES[:count])
    assert read_timed(data) == ENTRIES[:count]
    assert read_some(data + b"rest") == (ENTRIES[:count], len(data))


def test_a_longer_list_is_none() -> None:
    assert read_timed(pack_timed(ENTRIES) + b"\0") is None


def test_no_shorter_one_is_a_list() -> None:
    data = pack_timed(ENTRIES)
    assert [read_timed(data[:length]) for length in range(len(data))] == [None] * len(data)


def test_the_request_is_what_verification_names() -> None:
    assert ENTRIES[2].request == int.from_bytes(ENTRIES[2].packet[:4], "big")
    assert len({entry.request for entry in ENTRIES}) == 3
