"""A command is answered within a second while files fill the line, in steps of a tenth of a second."""

from __future__ import annotations

from pathlib import Path

import pytest

from flight.drivers.line_link import LineLink
from ground.commanding import CommandRecord, Stage
from sim.filing import fetch, put
from sim.flying import Flying
from sim.simulation import NS

IN_SIGHT = Path(__file__).parents[1] / "ground" / "in_sight.toml"
STEP_NS = NS // 10
FILE = bytes(range(256)) * 2000
pytestmark = pytest.mark.slow


class Fine:
    """Pathfinder and its ground, joined ten times a second; the world stands still."""

    def __init__(self, flying: Flying) -> None:
        for _ in range(40):
            flying.second()
        self.simulation, self.ground = flying.simulation, flying.ground
        self.now_ns = self.simulation.now_s * NS

    def step(self) -> None:
        simulation, radio = self.simulation, self.simulation.radio
        if self.now_ns % NS == 0:
            simulation.sensors.refresh()
        radio.advance(0.1)
        radio._credit = min(radio._credit, 0.1 * radio.down_octets_s)  # no more than a tenth waits below
        assert simulation.computer.kernel is not None
        simulation.computer.kernel.tick(self.now_ns + simulation.computer.offset)
        self.now_ns += STEP_NS
        self.ground.receive(b"".join(radio.take_sent()), self.now_ns)
        self.ground.on_deadline(self.now_ns)
        radio.uplink(self.ground.send(self.now_ns))

    def seconds_until_answered(self) -> float:
        began = self.now_ns
        record: CommandRecord = self.ground.command("commands.nothing", {}, began)
        while not record.ended and self.now_ns - began < 20 * NS:
            self.step()
        assert record.stage is Stage.COMPLETED
        return (self.now_ns - began) / NS


class Wire:
    """A serial line at 115,200 baud, as the driver of one sees it; up at the station's rate."""

    octets_s = 11_520

    def __init__(self) -> None:
        self.taken, self.arrived, self.up = bytearray(), bytearray(), bytearray()
        self.most_ns = 0

    def open(self) -> bool:
        return True

    def read(self, count: int) -> bytes:
        data = bytes(self.arrived[:count])
        del self.arrived[:count]
        return data

    def write(self, data: bytes) -> int:
        self.taken += data
        self.most_ns = max(self.most_ns, len(self.taken) * NS // self.octets_s)
        return len(data)

    def held(self) -> int:
        return len(self.taken)

    def close(self) -> None:
        pass

    def pass_time(self, up_octets: int) -> bytes:
        """A step of it; what has come down."""
        carried = self.octets_s * STEP_NS // NS
        down = bytes(self.taken[:carried])
        del self.taken[:carried]
        self.arrived += self.up[:up_octets]
        del self.up[:up_octets]
        return down


class Wired(Fine):
    """The same with the flight program's own driver of a serial line between."""

    def __init__(self, flying: Flying) -> None:
        self.wire = Wire()
        computer = flying.simulation.computer
        self.link = LineLink(self.wire, Wire.octets_s, computer.mission.frame_length + 4)
        computer.link = self.link
        flying.simulation.cut_power(1)  # a board is made with its link
        super().__init__(flying)

    def step(self) -> None:
        simulation = self.simulation
        if self.now_ns % NS == 0:
            simulation.sensors.refresh()
        self.link.tend(self.now_ns)
        assert simulation.computer.kernel is not None
        simulation.computer.kernel.tick(self.now_ns + simulation.computer.offset)
        self.now_ns += STEP_NS
        down = self.wire.pass_time(int(simulation.radio.up_octets_s * STEP_NS / NS))
        self.ground.receive(down, self.now_ns)
        self.ground.on_deadline(self.now_ns)
        self.wire.up += self.ground.send(self.now_ns)


def test_a_tenth_of_a_second_of_line_is_queued_below_the_board_and_commands_pass_a_file() -> None:
    """Board, driver, line and ground joined; the file fills 115,200 baud down, another one the way up."""
    with Flying(IN_SIGHT) as flying:
        disk = flying.simulation.file_disk
        disk.write("big", 0, FILE)
        disk.sync("big")
        disk.sync_directory()
        wired = Wired(flying)
        second = flying.simulation.now_s
        assert wired.seconds_until_answered() < 20, (
            "the service comes up, and the board's numbers are found out"
        )
        fetch(wired.ground, "big", second, "test")
        put(wired.ground, "up", FILE, second)
        for _ in range(60):
            wired.step()
        sent, began_ns, took = wired.link.sent_octets, wired.now_ns, []
        for pause in range(1, 11):
            for _ in range(pause):
                wired.step()
            took.append(wired.seconds_until_answered())
        filled = (wired.link.sent_octets - sent) / ((wired.now_ns - began_ns) / NS) / Wire.octets_s
        assert not any(one.ended for one in wired.ground.files.transfers.values())
        assert filled > 0.9, "the file fills the line"
        assert max(took) <= 1.0, took
        assert wired.wire.most_ns <= NS // 10


def test_a_command_is_answered_within_a_second_while_files_fill_the_line() -> None:
    with Flying(IN_SIGHT) as flying:
        disk = flying.simulation.file_disk
        disk.write("big", 0, FILE)
        disk.sync("big")
        disk.sync_directory()
        fine = Fine(flying)
        second = flying.simulation.now_s
        fetch(fine.ground, "big", second, "test")
        put(fine.ground, "up", FILE, second)
        for _ in range(60):
            fine.step()
        sent = fine.simulation.radio.sent_octets
        began_ns = fine.now_ns
        took = []
        for pause in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10):
            for _ in range(pause):
                fine.step()
            took.append(fine.seconds_until_answered())
        filled = (fine.simulation.radio.sent_octets - sent) / ((fine.now_ns - began_ns) / NS) / 14_400
        assert not any(one.ended for one in fine.ground.files.transfers.values())
        assert filled > 0.9, "the file fills the line"
        assert max(took) <= 1.0, took
