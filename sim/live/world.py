"""The world as a process: it listens for flight and ground, and moves on with the clock of this machine.

python -m sim.live.world SCENARIO --mission NAME --seed 1 --speed 60 --ports FILE
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import signal
import sys
import time
from pathlib import Path

import zmq

from flight.app import load_mission
from flight.boards.bench import umbilical_names
from flight.drivers.umbilical import layout_of, pack_readings, unpack_commands
from flight.mission import Mission
from ground.whole_file import write_whole
from sim.live.lines import LineServer
from sim.live.surroundings import Surroundings
from sim.scenario import Scenario, load_scenario

NS = 1_000_000_000
BEHIND_MAX_S = 30  # seconds made up for at once; between them octets move
POLL_MAX_MS = 200


class UmbilicalServer:
    """The world's end: a ROUTER that answers whoever spoke last."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], mission: Mission) -> None:
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.layout = layout_of(umbilical_names(mission))
        self.board: bytes | None = None
        self.rejected = 0

    def receive(self) -> list[tuple[int, int]] | None:
        """Switch commands; an empty list is a hello.  None if nothing waits."""
        while True:
            try:
                who, *rest = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return None
            commands = unpack_commands(self.layout, rest[0]) if len(rest) == 1 else None
            if commands is not None:
                self.board = who
                return commands
            self.rejected += 1

    def send(self, surroundings: Surroundings) -> None:
        """A board that has gone, or stands still, misses it."""
        if self.board is None:
            return
        message = pack_readings(self.layout, surroundings.readings())
        with contextlib.suppress(zmq.Again):
            self.socket.send_multipart([self.board, message], zmq.NOBLOCK)


class World:
    """`turn` moves octets and, when it is time, the world, which stands at its epoch until a board says hello.

    So the mission clock, which begins with the board, is the world's, and what the board has of UTC is right.
    """

    def __init__(self, scenario: Scenario, mission: Mission, seed: int, speed: int) -> None:
        self.speed = speed
        self.surroundings = Surroundings(scenario, mission, seed)
        self.radio, self.station = LineServer(), LineServer()
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.umbilical = UmbilicalServer(self.context, mission)
        self.second = 0
        self.wrong_commands = 0
        self.origin_ns: int | None = None  # of this machine's monotonic clock

    def ports(self) -> dict[str, int]:
        return {"link": self.radio.port, "station": self.station.port, "umbilical": self.umbilical.port}

    def now(self) -> int:
        """World time, ns from the epoch."""
        return 0 if self.origin_ns is None else (time.monotonic_ns() - self.origin_ns) * self.speed

    def turn(self) -> None:
        self._wait()
        self._carry(self.now())
        for _ in range(BEHIND_MAX_S):
            if self.now() < self.second * NS:
                break
            said = self.surroundings.second(self.second)
            self.second += 1
            if said:
                sys.stdout.write(f"world: {clock(self.second)} {said}\n")
                sys.stdout.flush()
            self.radio.send(self.surroundings.to_board())
            self.umbilical.send(self.surroundings)

    def _wait(self) -> None:
        due = self.second * NS
        arrival = self.surroundings.next_arrival()
        if arrival is not None:
            due = min(due, arrival)
        poller = zmq.Poller()
        poller.register(self.umbilical.socket, zmq.POLLIN)
        for line in (self.radio, self.station):
            for handle in line.sockets():
                writing = line.waiting and handle is line.peer
                poller.register(handle, zmq.POLLIN | (zmq.POLLOUT if writing else 0))
        left_ms = (due - self.now()) / self.speed / 1e6
        poller.poll(max(0, min(math.ceil(left_ms), POLL_MAX_MS)))

    def _carry(self, now: int) -> None:
        surroundings = self.surroundings
        if self.radio.accept():
            surroundings.new_board()
        self.station.accept()
        data = self.radio.receive()
        if data:
            surroundings.from_board(data, now)
        data = self.station.receive()
        if data:
            surroundings.from_station(data, now)
        data = surroundings.to_station(now)
        if data:
            self.station.send(data)
        self.radio.flush()
        self.station.flush()
        while (commands := self.umbilical.receive()) is not None:
            if self.origin_ns is None:
                self.origin_ns = time.monotonic_ns()
            self.wrong_commands += surroundings.obey(commands)
            self.umbilical.send(surroundings)

    def close(self) -> None:
        self.radio.close()
        self.station.close()
        self.umbilical.socket.close()
        self.context.term()


def clock(second: int) -> str:
    """Days, hours, minutes and seconds from the epoch."""
    return f"{second // 86400}d {second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sim.live.world", description=__doc__.split("\n")[0])
    parser.add_argument("scenario")
    parser.add_argument("--mission", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--speed", type=int, default=1)
    parser.add_argument("--ports", type=Path, required=True, help="written when everything listens")
    parser.add_argument("--began", type=Path, help="written when its time begins: ns of the monotonic clock")
    options = parser.parse_args(arguments)
    stops: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stops.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal's group; the orchestra says when
    world = World(load_scenario(options.scenario), load_mission(options.mission), options.seed, options.speed)
    write_whole(options.ports, json.dumps(world.ports()).encode())  # the others wait for it
    began: Path | None = options.began
    while not stops:
        world.turn()
        if began is not None and world.origin_ns is not None:
            write_whole(began, str(world.origin_ns).encode())
            began = None
    world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
