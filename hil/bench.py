"""The bench: a simulated world around a board that flies in real time, its ground, and a line that can be spoiled.

    with Bench("reference", speed=10) as bench, connect(bench) as craft:
        craft.command("commands.nothing").wait()
        bench.unplug()

The counterpart of `sim.flying`, with the flight program as a process of its own.  One thread: whoever waits turns the
bench, which sleeps in a poll until octets come or the world's next second is due.  While nobody waits the board flies
on without a world, and believes its readings for 2.5 s.
"""

from __future__ import annotations

import math
import select
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from flight.app import build, load_mission
from flight.boards.bench import umbilical_names
from flight.drivers.umbilical import layout_of, pack_readings, unpack_commands
from flight.mission import Mission
from ground.archive import Archive
from ground.protocol import Line, Update
from ground.server import Moment, Operations
from ground.settings import Settings
from ground.station import Ground
from hil.cord import LINE, Cord, SecondLine, SharedChannel
from hil.line import BadLine, Shape
from hil.mission_with_tenants import leave_mission
from hil.pty_board import PtyBoard
from sim.aboard import leave_sky_for
from sim.flying import FlyingLine
from sim.keys import leave_for, memory_keys
from sim.live.surroundings import Surroundings
from sim.payload.packages import mission_with, tenants_of
from sim.scenario import Scenario, load_scenario
from sim.simulation import NS

BAUD = 921_600
POLL_MAX_MS = 100  # the board is looked after so often
BEHIND_MAX_S = 30  # world seconds made up for at once; between them octets move
FLUSH_EVERY_NS = 60 * NS
PASSED_THROUGH = 0o711  # by jobs with a user of their own, to folders of theirs


class Bench:
    """A scenario flown by a board of this computer, `speed` times as fast as real time.

    `archive` is kept if given; everything else lies in a temporary folder that goes with the bench.
    """

    def __init__(
        self,
        scenario: str | Path | Scenario = "reference",
        mission: str | None = None,
        seed: int | None = None,
        archive: Path | None = None,
        *,
        speed: int = 1,
        shape: Shape | None = None,
        umbilical: str = LINE,
    ) -> None:
        self.scenario = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        self.seed = self.scenario.seed if seed is None else seed
        self.speed = speed
        name = mission or self.scenario.spacecraft.mission
        self.built = build(mission_with(load_mission(name), self.scenario.tenants, self.seed))
        self.folder = Path(tempfile.mkdtemp(prefix="skyrack-bench-"))
        self.folder.chmod(PASSED_THROUGH)
        self.archive = (
            Archive(archive, self.built.dictionary, flush_every_ns=FLUSH_EVERY_NS) if archive else None
        )
        radio = self.scenario.spacecraft.radio
        settings = Settings(up_bit_s=radio.up_bit_s, utc_epoch_ns=self.scenario.epoch_ns)
        self.ground = Ground(self.built.dictionary, self.archive, settings=settings)
        self.operations = Operations(self.ground, self._publish, speed=float(speed))
        self.surroundings = Surroundings(self.scenario, self.built.mission, self.seed)
        self.line_to_board = BadLine(self.folder / "radio", shape or Shape(BAUD // 10), f"{self.seed}/line")
        self.cord: Cord = (
            SecondLine(self.folder / "umbilical", BAUD)
            if umbilical == LINE
            else SharedChannel(self.line_to_board, self.built.mission)
        )
        self.layout = layout_of(umbilical_names(self.built.mission))
        leave_sky_for(self.folder / "state", self.built.mission, self.scenario)
        if self.built.mission.secured:
            leave_for(self.folder / "state", self.folder / "keys", self.seed)
            self.ground.use_keys(memory_keys(self.seed))
        self.board = PtyBoard(
            leave_mission(name, tenants_of(self.scenario.tenants, self.seed), self.folder),
            self.folder,
            f"serial:{self.line_to_board.plug.path}@{BAUD}",
            self.cord.address,
            speed,
        )
        self.lines: list[FlyingLine] = []
        self.each_second: list[
            Callable[[int], None]
        ] = []  # told of each second of the world, before it moves
        self.now_s = 0  # seconds of the world that have begun
        self.back_at_s = -1  # when a board without power gets it back; below zero: it has
        self.wrong_commands = 0
        self.frames = 0  # that the ground has taken, when it was looked at last
        self.last_frame_ns = -1  # real time
        self.heard = False  # a client has something to look at
        self.origin = time.monotonic_ns()
        self.board.power_on()

    @property
    def mission(self) -> Mission:
        return self.built.mission

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """The board ends in order, then the lines."""
        try:
            self.board.stop()
        finally:
            self.line_to_board.close()
            self.cord.close()
            self.ground.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---------------------------------------------------------------- for clients: what `sim.flying` has

    @property
    def now_ns(self) -> int:
        """World time."""
        return (time.monotonic_ns() - self.origin) * self.speed

    def moment(self) -> Moment:
        now = self.now_ns
        return Moment(now, now, now)

    def line(self, name: str) -> Line:
        """For `ground.connect`."""
        return FlyingLine(self, name)

    def second(self) -> None:
        """Until something comes, or a second of the world has passed."""
        until, self.heard = self.now_s + 1, False
        while not self.heard and self.now_s < until:
            self.turn()

    def _publish(self, update: Update) -> None:
        self.heard = True
        for line in self.lines:
            line.take(update)

    # ---------------------------------------------------------------- what one can do to it

    def unplug(self) -> None:
        self.line_to_board.plug.pull()

    def plug(self) -> None:
        self.line_to_board.plug.plug()

    def kill_flight(self) -> None:
        """The executive is killed; its guardian starts another."""
        self.board.kill_executive()

    def cut_power(self, seconds: int) -> None:
        """The whole board is off for so much world time."""
        self.board.cut_power()
        self.back_at_s = self.now_s + seconds

    def spoil(self, shape: Shape) -> None:
        self.line_to_board.spoil(shape)

    # ---------------------------------------------------------------- the loop

    def run(self, until_s: int, progress: Callable[[float], None] | None = None) -> None:
        """BoardError if the board ends on its own."""
        while self.now_s < until_s:
            self.turn()
            if progress is not None:
                progress(self.now_s)

    def turn(self) -> None:
        """Wait for octets or the next second, at most a tenth of one; move what is there."""
        self._wait()
        self.board.check()
        self._carry()
        for _ in range(BEHIND_MAX_S):
            if self.now_ns < self.now_s * NS:
                break
            self._second()
            self._carry()

    def _wait(self) -> None:
        poller = select.poll()
        for plug in (self.line_to_board.plug, *self.cord.plugs):
            if plug.plugged:
                poller.register(plug.fileno(), select.POLLIN | (select.POLLOUT if plug.wants_to_write else 0))
        due = self.now_s * NS
        for arrival in (self.surroundings.next_arrival(), self.line_to_board.next_arrival()):
            due = due if arrival is None else min(due, arrival)
        left_ms = math.ceil((due - self.now_ns) / self.speed / 1e6)
        ready = poller.poll(max(0, min(left_ms, POLL_MAX_MS)))
        if ready and all(events & select.POLLHUP and not events & select.POLLIN for _, events in ready):
            # Nobody has opened the other end: a poll would come back at once, again and again.
            time.sleep(max(0, min(left_ms, 5)) / 1000)

    def _carry(self) -> None:
        """Octets between board, space and ground."""
        now, around = self.now_ns, self.surroundings
        data = self.line_to_board.turn(now)
        if data:
            around.radiate(data, now)
        data = around.to_station(now)
        if data:
            self._receive(data, now)
        for message in self.cord.messages():
            commands = unpack_commands(self.layout, message)
            if commands is not None:
                self.wrong_commands += around.obey(commands)
                self._send_readings()
        self.cord.tend()

    def _receive(self, data: bytes, now: int) -> None:
        name = (
            around.world.stations[around.station].name if (around := self.surroundings).station >= 0 else ""
        )
        self.ground.receive(data, now, name)
        frames = self.ground.reception.link.frames
        if frames != self.frames:
            self.frames, self.last_frame_ns = frames, time.monotonic_ns()

    def _second(self) -> None:
        second, around, ground = self.now_s, self.surroundings, self.ground
        now = second * NS
        for told in self.each_second:
            told(second)
        self.now_s = second + 1
        if 0 <= self.back_at_s <= second:
            self.back_at_s = -1
            self.board.power_on()
        around.second(second)
        in_contact = around.station >= 0
        if ground.in_contact is not in_contact:
            ground.contact(in_contact, now)
            self.operations.contact_changed(in_contact, ground.station, self.moment())
        self._send_readings()
        self.line_to_board.send(around.to_board(), now)
        ground.on_deadline(now)
        self.operations.on_deadline(self.moment())
        if in_contact:
            around.from_station(ground.send(now), now)

    def _send_readings(self) -> None:
        self.cord.send(pack_readings(self.layout, self.surroundings.readings()))
