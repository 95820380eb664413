"""A server on real sockets, over a station behind which the real flight code flies.

The station is the clock: the ground's time is what has been flown.  It flies on when the server has looked at its
clock since the second before, so that a machine with much else to do makes nobody late.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flight.app import build, load_mission
from flight.dictionary import Dictionary
from flight.wire.line_address import LineAddress, LineKind
from ground.server.ask import Moment
from ground.server.serve import Server, ServerSettings
from sim.keys import make_folder
from sim.scenario import load_scenario
from sim.simulation import Simulation

NS = 1_000_000_000
SPEED = 100.0
UTC_NS = 1_777_000_000 * NS
PATIENCE_S = 300.0  # for an answer: a bound for a machine that is very busy, and no measure of anything
IN_SIGHT = Path(__file__).parents[1] / "in_sight.toml"


class Pipes:
    """What the simulation takes for its ground: octets that go through a socket."""

    def __init__(self) -> None:
        self.down, self.up = bytearray(), bytearray()

    def contact(self, up: bool, now_ns: int) -> None: ...

    def on_deadline(self, now_ns: int) -> None: ...

    def receive(self, data: bytes, now_ns: int, station: str = "") -> None:
        self.down += data

    def send(self, now_ns: int) -> bytes:
        octets = bytes(self.up)
        self.up.clear()
        return octets


class Station:
    """Flies as long as somebody listens, `SPEED` times faster than real time or slower."""

    speed = SPEED

    def __init__(self) -> None:
        scenario = load_scenario(IN_SIGHT)
        built = build(load_mission(scenario.spacecraft.mission))
        self.dictionary: Dictionary = built.dictionary
        self.pipes = Pipes()
        self.simulation = Simulation(scenario, built.mission, self.pipes)
        # In sight for good: a pass would be over in seconds.
        self.simulation.world.station = lambda: 0  # type: ignore[method-assign]
        self.simulation.world.delay_ns = lambda: 0  # type: ignore[method-assign]
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = LineAddress(LineKind.TCP, host="127.0.0.1", port=self.listener.getsockname()[1])
        self.hears, self.wakes = socket.socketpair()
        self.orders: list[Callable[[], None]] = []
        self.looked, self.looks = socket.socketpair()  # an octet for each look at the clock
        self.looks.setblocking(False)
        self.looked.setblocking(False)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def now(self) -> Moment:
        """The ground's clock."""
        with contextlib.suppress(OSError):  # full: the station has not yet taken the looks before
            self.looks.send(b"l")
        flown_ns = UTC_NS + self.simulation.now_s * NS
        return Moment(flown_ns, time.monotonic_ns(), time.time_ns())

    def hang_up(self) -> None:
        """Drop the line, as a station may."""
        self.orders.append(lambda: self._peer and self._peer.close())  # type: ignore[arg-type, func-returns-value]
        self.wakes.send(b"o")

    def stop(self) -> None:
        self.wakes.send(b"s")
        self.thread.join()
        self.listener.close()
        self.hears.close()
        self.wakes.close()
        self.looked.close()
        self.looks.close()

    def _run(self) -> None:
        while True:
            self._peer: socket.socket | None = None
            ready, _, _ = select.select([self.listener, self.hears], [], [])
            if self.hears in ready and self.hears.recv(1) == b"s":
                return
            if self.listener in ready:
                self._peer, _ = self.listener.accept()
                with self._peer:
                    if not self._fly(self._peer):
                        return

    def _fly(self, peer: socket.socket) -> bool:
        """False when it is told to stop."""
        seen = True  # the server has looked at its clock since something was sent to it
        while True:
            due = time.monotonic() + 1.0 / SPEED  # never in a hurry: the server is a thread beside this one
            while (left := due - time.monotonic()) > 0 or not seen:
                ready, _, _ = select.select([peer, self.hears, self.looked], [], [], left if seen else None)
                if self.looked in ready:
                    self._forget_looks()
                    seen = True
                if self.hears in ready:
                    if self.hears.recv(1) == b"s":
                        return False
                    while self.orders:
                        self.orders.pop()()
                    return True
                if peer in ready and not self._hear(peer):
                    return True
            self._forget_looks()
            self.simulation.second()
            seen = not self.pipes.down
            if self.pipes.down:
                try:
                    peer.sendall(self.pipes.down)
                except OSError:
                    return True
                self.pipes.down.clear()

    def _hear(self, peer: socket.socket) -> bool:
        """False when the line has ended."""
        octets = b""
        with contextlib.suppress(OSError):
            octets = peer.recv(65536)
        self.pipes.up += octets
        return bool(octets)

    def _forget_looks(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.looked.recv(4096):
                pass


class Served:
    """A server in a thread of this process, on ports of its own."""

    def __init__(self, station: Station, folder: Path, port: int = 0, updates_port: int = 0) -> None:
        self.station, self.folder = station, folder
        self.said: list[str] = []
        self.listening = threading.Event()
        keys = folder.parent / f"{folder.name}.keys"
        if not keys.exists():
            make_folder(keys, station.simulation.seed)
        settings = ServerSettings(
            station.address, folder, port=port, updates_port=updates_port, speed=SPEED, keys=keys
        )
        self.server = Server(settings, station.dictionary, self._say, station)
        self.address = self.server.sockets.listen
        self.hears, self.wakes = socket.socketpair()
        self.thread = threading.Thread(target=self.server.serve, args=(self.hears,), daemon=True)
        self.thread.start()
        self.listening.wait()

    def _say(self, line: str) -> None:
        self.said.append(line)
        self.listening.set()  # the first thing that it says is where it listens

    def stop(self) -> None:
        if self.thread.is_alive():
            self.wakes.send(b"s")
            self.thread.join()
        self.hears.close()
        self.wakes.close()


@pytest.fixture
def station(monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    monkeypatch.setattr("ground.socket_line.ANSWER_WITHIN_S", PATIENCE_S)
    made = Station()
    yield made
    made.stop()


@pytest.fixture
def serve(station: Station, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    made: list[Served] = []

    def start(port: int = 0, updates_port: int = 0) -> Served:
        made.append(Served(station, tmp_path, port, updates_port))
        return made[-1]

    yield start
    for one in made:
        one.stop()


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    return serve()
