"""The real flight code in virtual time, a line that may lose frames, and a ground."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from flight.app import make_modules, with_own_row
from flight.declare import (
    DONE,
    U8,
    U16,
    Call,
    Event,
    Module,
    Octets,
    Outbox,
    Outcome,
    Parameter,
    Severity,
    Signals,
    Telemetry,
    command,
)
from flight.dictionary import (
    Dictionary,
    update,
    wanted_ids,
    write_lock,
)
from flight.mission import PLAIN, Mission, Row, Sensor, Store, Switch
from flight.modules.commands import Commands
from flight.modules.downlink import Downlink
from flight.modules.events import Events
from flight.modules.housekeeping import Housekeeping
from flight.modules.parameters import Parameters
from flight.modules.recorder import Recorder
from flight.modules.schedule import Schedule
from flight.modules.sequences import Sequences
from flight.modules.uplink import Uplink
from flight.wire.coding import TmCoding
from flight.wire.telecommand_link import TelecommandLink
from flight.wire.telemetry_link import CLEAR_TELEMETRY, TelemetryLink
from ground.settings import Settings
from ground.station import Ground
from sim.computer import Computer
from sim.disk import SimulatedDisk
from sim.guardian import Orders
from sim.keys import put_on_board
from sim.link import Radio

NS = 1_000_000_000


class Toy(Module):
    """Something to command and to hear from."""

    class Outputs(Signals):
        mode: U8

    class Status(Telemetry, period=1):
        pushed: U16

    low = Parameter(1.0, unit="V", low=0, high=10)
    pushed = Event(Severity.INFO, "pushed {times} times", times=U16)

    def __init__(self) -> None:
        self.outputs = self.Outputs()
        self.outputs.mode = 2
        self.status = self.Status()

    def step(self, now: int, sees: object, out: Outbox) -> None:
        pass

    @command()
    def push(self, call: Call, out: Outbox, times: U16) -> Outcome:
        """Push it."""
        self.status.pushed += times
        out.event(self.pushed, times)
        return DONE

    @command(hazardous=True)
    def fire(self, call: Call, out: Outbox) -> Outcome:
        """Fire it."""
        self.status.pushed += 1000
        return DONE

    @command()
    def swallow(self, call: Call, out: Outbox, part: Octets) -> Outcome:
        """Take octets."""
        return DONE


class NoSensors:
    def read(self, every: int) -> Sequence[float]:
        return [1.0]


class OneSwitch:
    def __init__(self) -> None:
        self.level = 0

    def set(self, index: int, level: int) -> None:
        self.level = level

    def levels(self) -> Sequence[int]:
        return [self.level]


KEYS_SEED = 1


class Stages(NamedTuple):
    text: str
    stages: tuple[str, ...]


class Flown:
    """The real flight code, a line that may lose frames both ways, and a ground."""

    def __init__(self, mission: Mission, ground: Callable[[Dictionary], Ground], seed: int = 1) -> None:
        self.radio = Radio(115_200.0, 9_600.0, random.Random(seed), random.Random(seed + 1))
        self.disk = SimulatedDisk(random.Random(3))
        self.computer = Computer(mission, self.disk, self.radio, NoSensors(), OneSwitch(), random.Random(4))
        self.second = 0
        if mission.secured:
            put_on_board(self.disk, KEYS_SEED)
        self.computer.power_on(0, Orders())
        assert self.computer.kernel is not None
        self.dictionary = self.computer.kernel.dictionary
        self.ground = ground(self.dictionary)
        self.down: list[bytes] = []  # what the line brought, for whoever records it

    @property
    def now(self) -> int:
        return self.second * NS

    def toy(self) -> Toy:
        assert self.computer.kernel is not None
        return next(slot.module for slot in self.computer.kernel.slots if slot.name == "toy")  # type: ignore[return-value]

    def contact(self, up: bool) -> None:
        self.radio.in_contact = up
        self.ground.contact(up, self.now)

    def fly(self, seconds: int) -> None:
        for _ in range(seconds):
            self.radio.advance(1.0)
            self.radio.transmitting = True
            kernel = self.computer.kernel
            if kernel is not None:
                for tick in range(10):
                    kernel.tick(self.now + tick * NS // 10 + self.computer.offset)
            self.second += 1
            sent = self.radio.take_sent()
            self.down += sent
            if sent:
                self.ground.receive(b"".join(sent), self.now, "here")
            self.ground.on_deadline(self.now)
            if self.radio.in_contact:
                octets = self.ground.send(self.now)
                if octets:
                    self.radio.uplink(octets)

    def reboot(self, seconds: int = 1) -> None:
        """Power cut, `seconds` dark, power back."""
        self.computer.power_off()
        self.disk = self.computer.disk = self.disk.reboot()
        self.fly(seconds)
        self.computer.power_on(self.now, Orders())


MakeFlown = Callable[..., Flown]


@pytest.fixture
def make_flown(tmp_path: Path) -> MakeFlown:
    def make(
        ground: Callable[[Dictionary], Ground] | None = None,
        seed: int = 1,
        loss: float = 0.0,
        coding: TmCoding = PLAIN,
        telemetry: TelemetryLink = CLEAR_TELEMETRY,
    ) -> Flown:
        rows = (
            Row("toy", Toy),
            Row("uplink", Uplink),
            Row("commands", Commands),
            Row("parameters", Parameters),
            Row("housekeeping", Housekeeping),
            Row("schedule", Schedule),
            Row("sequences", Sequences, every=1),
            Row("events", Events),
            Row("recorder", Recorder),
            Row("downlink", lambda: Downlink(0)),
        )
        sensors, switches = (Sensor("volts", "V", 0, 40),), (Switch("transmitter"),)
        stores = (Store(1 << 20, 1 << 17),) * 3
        link = TelecommandLink(protected=False)
        mission = with_own_row(
            Mission(
                "bare",
                42,
                rows,
                sensors,
                switches,
                stores,
                tmp_path,
                coding,
                telecommand=link,
                telemetry=telemetry,
            )
        )
        mission.ids_path.write_text(write_lock(update({}, wanted_ids(make_modules(mission)))))
        flown = Flown(mission, ground or (lambda made: Ground(made, settings=Settings())), seed)
        flown.radio.down.spoiling.loss = flown.radio.up.spoiling.loss = loss
        return flown

    return make
