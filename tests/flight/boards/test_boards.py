"""What the boards give to the kernel: nothing from a bare computer, the world's readings on a bench."""

from __future__ import annotations

import math
from typing import cast

from flight.boards.bench import STALE_MACHINE_NS, STALE_MISSION_NS, Bench, BenchLink, umbilical_names
from flight.boards.pc import NoLink, NoSensors, NoSwitches
from flight.drivers.umbilical import Readings, Umbilical
from flight.ports import LineState
from tests.realtime.trial import MISSION

FAST, SLOW = 1, 10


class FakeUmbilical:
    def __init__(self) -> None:
        self.readings: Readings | None = None
        self.heard = 0
        self.sent: list[tuple[int, int]] = []
        self.exchanged: list[int] = []

    def exchange(self, now: int) -> None:
        self.exchanged.append(now)

    def command(self, index: int, level: int) -> None:
        self.sent.append((index, level))


class FakeLink:
    def __init__(self) -> None:
        self.up, self.space, self.sent = True, 1_000, list[bytes]()

    def carrier(self) -> bool:
        return self.up

    def receive(self) -> bytes:
        return b"heard"

    def room(self) -> int:
        return self.space

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def line(self) -> LineState:
        return LineState(True, 1, 2, 3, 4, 5, 6)


def bench(speed: int = 1) -> tuple[Bench, FakeUmbilical]:
    umbilical = FakeUmbilical()
    return Bench(MISSION, cast(Umbilical, umbilical), speed), umbilical


def readings(number: int, room: int = 500, carrier: bool = True) -> Readings:
    return Readings(number, room, carrier, (1, 2), (28.0, 15.0))


def test_a_bare_computer_reads_nothing_and_moves_nothing() -> None:
    sensors, switches, link = NoSensors(MISSION), NoSwitches(MISSION), NoLink()
    assert [len(sensors.read(every)) for every in (FAST, SLOW)] == [1, 1]
    assert all(math.isnan(value) for every in (FAST, SLOW) for value in sensors.read(every))
    switches.set(0, 1)
    assert (switches.levels(), switches.ignored) == ((0, 0), 1)
    link.send(b"x")
    assert (link.carrier(), link.room(), link.receive()) == (False, 0, b"")


def test_names_are_sensors_then_switches() -> None:
    assert umbilical_names(MISSION) == ["voltage", "temperature", "heater", "radio"]


def test_before_the_world_speaks_everything_is_missing() -> None:
    board, umbilical = bench()
    board.tend(0)
    assert umbilical.exchanged == [0]
    assert all(math.isnan(value) for every in (FAST, SLOW) for value in board.read(every))
    assert (board.levels(), board.carrier, board.room) == ((0, 0), False, 0)


def test_readings_come_by_rate() -> None:
    board, umbilical = bench()
    umbilical.readings = readings(1)
    board.tend(0)
    assert (list(board.read(FAST)), list(board.read(SLOW))) == ([28.0], [15.0])
    assert board.levels() == (1, 2)
    board.set(1, 3)
    assert umbilical.sent == [(1, 3)]
    assert board.levels() == (1, 2), "read back, not remembered"


def test_readings_that_are_too_old_are_missing_and_so_is_the_carrier() -> None:
    for speed in (1, 60):
        board, umbilical = bench(speed)
        umbilical.readings, umbilical.heard = readings(1), 0
        limit = STALE_MISSION_NS + speed * STALE_MACHINE_NS
        board.tend(limit)
        assert board.read(FAST)[0] == 28.0
        board.tend(limit + 1)
        assert math.isnan(board.read(FAST)[0])
        assert (board.carrier, board.room) == (False, 0)
        umbilical.heard = limit + 2
        board.tend(limit + 2)
        assert board.read(FAST)[0] == 28.0, "the same message heard again"


def test_a_world_with_other_tables_is_not_believed() -> None:
    board, umbilical = bench()
    umbilical.readings = readings(1)._replace(values=(1.0,))
    board.tend(0)
    assert math.isnan(board.read(FAST)[0])
    umbilical.readings = readings(2)._replace(levels=())
    board.tend(0)
    assert board.levels() == (0, 0)


def test_the_room_is_the_worlds_less_what_was_sent_since() -> None:
    board, umbilical = bench()
    octets = FakeLink()
    link = BenchLink(octets, board)
    umbilical.readings = readings(1, room=500)
    board.tend(0)
    assert (link.room(), link.carrier(), link.receive()) == (500, True, b"heard")
    link.send(bytes(200))
    board.tend(1)
    assert link.room() == 300, "the same message again grants nothing"
    link.send(bytes(400))
    assert link.room() == 0
    umbilical.readings = readings(2, room=450)
    board.tend(2)
    assert link.room() == 450
    octets.space = 100
    assert link.room() == 100
    octets.up = False
    assert not link.carrier()
    octets.up, umbilical.readings = True, readings(3, carrier=False)
    board.tend(3)
    assert not link.carrier()
    assert octets.sent == [bytes(200), bytes(400)]
