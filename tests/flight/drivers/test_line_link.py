"""Any line: a device that is late, slow, gone and back; what is queued below is bounded, and every loss is counted."""

from __future__ import annotations

import pytest

from flight.drivers.line_link import (
    AHEAD_NS,
    CONNECT_WITHIN_NS,
    NS,
    READ_MAX,
    RETRY_NS,
    WAITING_MAX,
    LineLink,
)
from flight.ports import LineState

TICK_NS = NS // 10
BAUD_OCTETS_S = 92_160
FRAME = 227


class Device:
    """A line that carries `octets_s` while it is there, and takes `chunk` octets at once."""

    def __init__(self, octets_s: float = 0.0, chunk: int = 1 << 20, buffer: int = 1 << 20) -> None:
        self.octets_s, self.chunk, self.buffer = octets_s, chunk, buffer
        self.present = self.answers = True
        self.tells = octets_s > 0.0  # what it holds
        self.incoming = b""
        self.taken = bytearray()
        self.carried = 0.0
        self.opened = self.closed = 0

    def open(self) -> bool:
        if not self.present:
            raise FileNotFoundError(2, "No such file or directory")
        self.opened += self.answers
        return self.answers

    def read(self, count: int) -> bytes:
        self._check()
        data, self.incoming = self.incoming[:count], self.incoming[count:]
        return data

    def write(self, data: bytes) -> int:
        self._check()
        count = min(len(data), self.chunk, self.buffer - self._waiting())
        self.taken += data[:count]
        return count

    def held(self) -> int:
        self._check()
        return self._waiting() if self.tells else 0

    def close(self) -> None:
        self.closed += 1

    def _waiting(self) -> int:
        return len(self.taken) - int(self.carried)

    def pass_time(self, nanoseconds: int) -> None:
        self.carried = min(len(self.taken), self.carried + self.octets_s * nanoseconds / NS)

    def _check(self) -> None:
        if not self.present:
            raise OSError(5, "Input/output error")


def test_octets_go_both_ways_as_they_are() -> None:
    device = Device()
    link = LineLink(device)
    assert (link.carrier(), link.room(), link.receive()) == (False, 0, b"")
    link.tend(0)
    assert link.carrier()
    every = bytes(range(256)) * 3
    link.send(every)
    assert device.taken == every, "the line does not idle until the next tick"
    device.incoming = every
    link.tend(TICK_NS)
    assert device.taken == every
    assert link.receive() == every
    assert link.receive() == b""
    assert link.line() == LineState(True, 768, 768, 0, 1, 0, 0)


def test_a_device_that_is_absent_at_start_is_found_when_it_comes() -> None:
    device = Device()
    device.present = False
    link = LineLink(device)
    link.tend(0)
    assert link.line() == LineState(False, 0, 0, 0, 0, 1, 0)
    assert link.why == "No such file or directory"
    link.send(b"lost")
    assert link.line().lost == 4
    device.present = True
    link.tend(RETRY_NS - 1)
    assert not link.connected, "it waits between two tries"
    link.tend(RETRY_NS)
    assert (link.connected, link.why, link.connections) == (True, "", 1)


def test_pulled_out_and_plugged_in_again_within_two_seconds() -> None:
    device = Device(buffer=0)
    link = LineLink(device)
    link.tend(0)
    link.send(b"x" * 100)
    device.buffer, device.present = 1000, False
    link.tend(TICK_NS)
    assert link.line() == LineState(False, 0, 0, 100, 1, 1, 0), "what was not taken is lost, and counted"
    device.present = True
    now = TICK_NS
    while not link.connected:
        now += TICK_NS
        link.tend(now)
    assert now <= 2 * NS - TICK_NS
    link.send(b"again")
    link.tend(now + TICK_NS)
    assert device.taken == b"again", "nothing of the connection before"
    assert link.connections == 2


def test_a_connection_that_does_not_come_about_is_given_up() -> None:
    device = Device()
    device.answers = False
    link = LineLink(device)
    link.tend(0)
    link.tend(CONNECT_WITHIN_NS)
    assert (link.failures, device.closed) == (0, 0)
    link.tend(CONNECT_WITHIN_NS + 1)
    assert (link.failures, device.closed, link.why) == (1, 1, "no answer")


def test_a_partial_write_is_gone_on_with() -> None:
    device = Device(chunk=3, buffer=7)
    link = LineLink(device)
    link.tend(0)
    link.send(b"abcdefgh")
    link.send(b"ij")
    link.tend(1)
    assert device.taken == b"abcdefg", "in pieces of three, until it takes no more"
    assert link.line().queued == 3
    device.carried = 7.0
    link.tend(2)
    assert device.taken == b"abcdefghij"
    assert link.line().sent == 10


def test_beyond_what_may_wait_is_lost_and_counted() -> None:
    device = Device(buffer=0)
    link = LineLink(device)
    link.tend(0)
    assert link.room() == WAITING_MAX
    link.send(bytes(WAITING_MAX))
    assert link.room() == 0
    link.send(b"more")
    assert link.line() == LineState(True, 0, 0, 4, 1, 0, WAITING_MAX)


def test_one_tick_takes_a_bounded_piece_and_keeps_a_bounded_one() -> None:
    device = Device()
    device.incoming = bytes(3 * WAITING_MAX)
    link = LineLink(device)
    link.tend(0)
    assert len(link.receive()) == READ_MAX
    for tick in range(20):
        link.tend(tick)
    assert len(link.receive()) == WAITING_MAX, (
        "the rest stays with the operating system, whose loss it may be"
    )


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize(("octets_s", "frame"), [(BAUD_OCTETS_S, 1_279), (11_520, FRAME), (960, FRAME)])
def test_at_most_a_tenth_of_a_second_is_queued_below_and_the_line_is_full(
    octets_s: int, frame: int, tells: bool
) -> None:
    """A pseudo-terminal and an adapter's own memory do not tell what they hold: then the clock does."""
    device = Device(octets_s=octets_s)
    device.tells = tells
    link = LineLink(device, octets_s, frame)
    seconds, worst = 20, 0
    for tick in range(10 * seconds):
        now = tick * TICK_NS
        link.tend(now)
        while link.room() >= frame:
            link.send(bytes(frame))
        worst = max(worst, device._waiting() + link.line().queued - max(0, link._held))
        assert link.line().queued >= device._waiting()
        device.pass_time(TICK_NS)
    allowed = octets_s * AHEAD_NS // NS
    assert worst <= (allowed if allowed >= 2 * frame else allowed + frame)
    # Whole frames of a tenth of a second are what a tick can hand over: at least 96 of 100 octets here.
    assert device.carried >= 0.95 * octets_s * seconds


def test_who_hands_over_once_a_second_still_fills_the_line_and_the_rest_waits_with_us() -> None:
    device = Device(octets_s=11_520)
    link = LineLink(device, 11_520, FRAME, ahead_ns=NS)
    below = 0
    for tick in range(200):
        now = tick * TICK_NS
        link.tend(now)
        while tick % 10 == 0 and link.room() >= FRAME:
            link.send(bytes(FRAME))
        below = max(below, device._waiting())
        device.pass_time(TICK_NS)
    assert below <= 1_152
    assert device.carried >= 0.95 * 11_520 * 20


def test_a_device_that_goes_while_octets_are_handed_over() -> None:
    device = Device()
    link = LineLink(device)
    link.tend(0)
    device.present = False
    link.send(b"lost")
    assert link.line() == LineState(False, 0, 0, 4, 1, 1, 0)
    device.present = True
    link.tend(RETRY_NS)
    assert link.connected


def test_closed_is_closed() -> None:
    device = Device(buffer=0)
    link = LineLink(device)
    link.tend(0)
    link.send(b"abc")
    link.close()
    assert (device.closed, link.connected, link.line().lost) == (1, False, 3)
