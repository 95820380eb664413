"""The world of a live run stands at its epoch until a board says hello; from then on its time is this machine's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zmq

from flight.app import load_mission
from flight.drivers.umbilical import pack_commands
from sim.live import world as live_world
from sim.live.world import NS, World
from sim.scenario import load_scenario

SPEED = 1000  # a world that waits for its next second waits a millisecond
BEFORE_NS = 5_000 * NS  # what the machine's clock shows at first


class MachineClock:
    def __init__(self) -> None:
        self.now_ns = BEFORE_NS

    def monotonic_ns(self) -> int:
        return self.now_ns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MachineClock:
    made = MachineClock()
    monkeypatch.setattr(live_world, "time", made)
    return made


@pytest.fixture
def world(clock: MachineClock) -> Iterator[World]:
    made = World(load_scenario("reference"), load_mission("pathfinder"), seed=1, speed=SPEED)
    yield made
    made.close()


@pytest.fixture
def board(world: World) -> Iterator[zmq.Socket[bytes]]:
    with world.context.socket(zmq.DEALER) as made:
        made.linger = 0
        made.connect(f"tcp://127.0.0.1:{world.umbilical.port}")
        yield made


def hello(world: World, board: zmq.Socket[bytes]) -> None:
    board.send(pack_commands(world.umbilical.layout, []))
    world.umbilical.socket.poll()  # until it is there


def test_without_a_board_no_time_goes_by(world: World, clock: MachineClock) -> None:
    world.turn()
    clock.now_ns += 60 * NS
    world.turn()
    assert (world.now(), world.second, world.origin_ns) == (0, 1, None), "the first second shows the epoch"


def test_the_first_hello_begins_it_and_no_later_one(
    world: World, clock: MachineClock, board: zmq.Socket[bytes]
) -> None:
    clock.now_ns += 7 * NS
    hello(world, board)
    world.turn()
    assert (world.origin_ns, world.now()) == (BEFORE_NS + 7 * NS, 0)
    clock.now_ns += NS // 100
    hello(world, board)
    world.turn()
    assert (world.origin_ns, world.now()) == (BEFORE_NS + 7 * NS, 10 * NS)
    assert world.second == 11


def test_what_is_no_hello_begins_nothing(world: World, board: zmq.Socket[bytes]) -> None:
    board.send(pack_commands(world.umbilical.layout ^ 1, []))
    world.umbilical.socket.poll()
    world.turn()
    assert (world.origin_ns, world.umbilical.rejected) == (None, 1)
