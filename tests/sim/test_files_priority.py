"""A command is answered within a second while files fill the line, in steps of a tenth of a second."""

from __future__ import annotations

from pathlib import Path

import pytest

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
