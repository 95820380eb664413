"""The umbilical: messages that are whole or refused, and a board's end that waits for nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from flight.drivers.umbilical import (
    COMMANDS_MAX,
    HELLO_EVERY_NS,
    Readings,
    Umbilical,
    layout_of,
    pack_commands,
    pack_readings,
    unpack_commands,
    unpack_readings,
)
from flight.drivers.umbilical_pipes import WAITING_MAX, ZmqPipe

NAMES = ["voltage", "current", "heater"]
LAYOUT = layout_of(NAMES)
TRIES = 200_000

doubles = st.floats(allow_nan=False)
readings = st.builds(
    Readings,
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.lists(st.integers(0, 255), max_size=20).map(tuple),
    st.lists(doubles, max_size=50).map(tuple),
)
commands = st.lists(st.tuples(st.integers(0, 65_535), st.integers(0, 255)), max_size=30)


# ---------------------------------------------------------------- messages


@pytest.mark.slow
@given(readings)
def test_readings_come_back(one: Readings) -> None:
    assert unpack_readings(LAYOUT, pack_readings(LAYOUT, one)) == one


def test_a_missing_reading_stays_missing() -> None:
    found = unpack_readings(LAYOUT, pack_readings(LAYOUT, Readings(1, 2, True, (), (math.nan, math.inf))))
    assert found is not None
    assert math.isnan(found.values[0])
    assert found.values[1] == math.inf


@pytest.mark.slow
@given(commands)
def test_commands_come_back(some: list[tuple[int, int]]) -> None:
    assert unpack_commands(LAYOUT, pack_commands(LAYOUT, some)) == some


@pytest.mark.slow
@given(readings, commands, st.integers(1, 30))
def test_another_mission_is_not_understood_nor_is_half_a_message(
    one: Readings, some: list[tuple[int, int]], cut: int
) -> None:
    other = layout_of([*NAMES, "more"])
    for unpack, data in (
        (unpack_readings, pack_readings(LAYOUT, one)),
        (unpack_commands, pack_commands(LAYOUT, some)),
    ):
        assert unpack(other, data) is None
        assert unpack(LAYOUT, data[:-cut]) is None
        assert unpack(LAYOUT, data + bytes(cut)) is None
    assert unpack_commands(LAYOUT, pack_readings(LAYOUT, one)) is None
    assert unpack_readings(LAYOUT, pack_commands(LAYOUT, some)) is None


@pytest.mark.slow
@given(st.binary(max_size=200))
def test_any_octets_are_refused_or_understood(data: bytes) -> None:
    assert unpack_readings(LAYOUT, data) is None
    assert unpack_commands(LAYOUT, data) is None


def test_the_layout_is_that_of_all_names_in_order() -> None:
    assert layout_of(["a", "b"]) != layout_of(["b", "a"])
    assert layout_of(["ab"]) != layout_of(["a", "b"])


# ---------------------------------------------------------------- the board's end


class World:
    """The other end."""

    def __init__(self) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.rcvtimeo = 30_000
        self.port = self.socket.bind_to_random_port("tcp://127.0.0.1")

    def heard(self) -> tuple[bytes, list[tuple[int, int]] | None]:
        who, data = self.socket.recv_multipart()
        return who, unpack_commands(LAYOUT, data)

    def say(self, who: bytes, data: bytes) -> None:
        self.socket.send_multipart([who, data])

    def close(self) -> None:
        self.socket.close()
        self.context.term()


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


@pytest.fixture
def umbilical(world: World) -> Iterator[Umbilical]:
    made = Umbilical(ZmqPipe(f"tcp://127.0.0.1:{world.port}"), NAMES)
    yield made
    made.close()


def exchanged(umbilical: Umbilical, now: int, condition: Callable[[], bool]) -> None:
    for _ in range(TRIES):
        umbilical.exchange(now)
        if condition():
            return
    raise AssertionError("never")


def test_it_says_hello_and_hears_the_newest(umbilical: Umbilical, world: World) -> None:
    assert umbilical.readings is None
    umbilical.exchange(0)
    who, some = world.heard()
    assert some == []
    for number in (1, 2, 3):
        world.say(who, pack_readings(LAYOUT, Readings(number, 500, True, (1,), (28.0, 1.5))))
    exchanged(umbilical, 77, lambda: umbilical.received == 3)
    assert umbilical.readings == Readings(3, 500, True, (1,), (28.0, 1.5))
    assert umbilical.heard == 77


def test_hello_is_said_once_a_second(umbilical: Umbilical, world: World) -> None:
    for now in range(0, 3 * HELLO_EVERY_NS, HELLO_EVERY_NS // 10):
        umbilical.exchange(now)
    umbilical.command(9, 9)
    umbilical.exchange(3 * HELLO_EVERY_NS)
    heard: list[list[tuple[int, int]] | None] = []
    while not heard or heard[-1] == []:
        heard.append(world.heard()[1])
    assert heard == [[], [], [], [(9, 9)]]


def test_switch_commands_go_out_at_once_in_order_and_once(umbilical: Umbilical, world: World) -> None:
    umbilical.exchange(0)
    assert world.heard()[1] == []
    umbilical.command(2, 1)
    umbilical.command(2, 0)
    umbilical.exchange(1)
    umbilical.exchange(2)
    umbilical.command(3, 4)
    umbilical.exchange(3)
    assert [world.heard()[1], world.heard()[1]] == [[(2, 1), (2, 0)], [(3, 4)]]


def test_nonsense_is_counted_and_changes_nothing(umbilical: Umbilical, world: World) -> None:
    umbilical.exchange(0)
    who, _ = world.heard()
    good = Readings(1, 0, False, (), ())
    world.say(who, pack_readings(LAYOUT, good))
    world.say(who, pack_readings(LAYOUT + 1, good._replace(number=2)))
    world.say(who, b"")
    exchanged(umbilical, 5, lambda: umbilical.rejected == 2)
    assert umbilical.readings == good


def test_a_world_that_is_away_costs_nothing_but_the_commands() -> None:
    umbilical = Umbilical(ZmqPipe("tcp://127.0.0.1:9"), NAMES)
    for now in range(0, 200 * HELLO_EVERY_NS, HELLO_EVERY_NS):
        umbilical.command(1, 1)
        umbilical.exchange(now)
    assert umbilical.readings is None
    assert 200 - 2 * WAITING_MAX <= umbilical.lost_commands <= 200
    for _ in range(COMMANDS_MAX + 7):
        umbilical.command(1, 1)
    assert len(umbilical.commands) == COMMANDS_MAX
    umbilical.close()


def test_an_endpoint_that_makes_no_sense_is_said_in_one_line() -> None:
    with pytest.raises(ValueError, match="^nowhere: Invalid argument"):
        ZmqPipe("nowhere")
