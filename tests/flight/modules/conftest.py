"""A bare spacecraft that only talks: the service modules on a simulated computer, driven by telecommand octets."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from flight.app import make_modules, with_own_row
from flight.declare import (
    DONE,
    IDLE,
    U8,
    U16,
    Call,
    Event,
    Module,
    Outbox,
    Outcome,
    Parameter,
    Rule,
    Severity,
    Signals,
    Telemetry,
    command,
)
from flight.dictionary import Dictionary, pack_arguments, unpack_arguments, update, wanted_ids, write_lock
from flight.mission import Mission, Row, Sensor, Store, Switch
from flight.modules.commands import Commands
from flight.modules.downlink import Downlink
from flight.modules.event_actions import Default, EventActions
from flight.modules.events import Events
from flight.modules.housekeeping import Housekeeping
from flight.modules.parameters import Parameters
from flight.modules.recorder import Recorder
from flight.modules.schedule import Schedule
from flight.modules.sequences import Sequences
from flight.modules.uplink import Uplink
from flight.wire import (
    Ack,
    Rejection,
    TmFrameConfig,
    TmPacket,
    TmReceiver,
    decode_tm,
    decode_verification,
    encode_tc,
)
from flight.wire.coding import TmCodec
from flight.wire.telecommand_link import TelecommandLink, clear_frame
from sim.computer import Computer
from sim.disk import SimulatedDisk
from sim.guardian import Orders
from sim.link import Radio

NS = 1_000_000_000


class Toy(Module):
    """Something to command, to set and to hear from."""

    class Outputs(Signals):
        mode: U8

    class Status(Telemetry, period=1):
        pushed: U16

    low = Parameter(1.0, unit="V", low=0, high=10)
    high = Parameter(2.0, unit="V", low=0, high=10)
    steps = Parameter(3, low=0, high=100)
    rules = (Rule("low must lie below high", lambda v: v["low"] < v["high"]),)

    pushed = Event(Severity.INFO, "pushed {times} times", times=U16)
    alarm = Event(Severity.HIGH, "alarm {times}", times=U16)

    def __init__(self) -> None:
        self.outputs = self.Outputs()
        self.outputs.mode = int(IDLE)
        self.status = self.Status()
        self.pushes: list[int] = []

    def step(self, now: int, sees: object, out: Outbox) -> None:
        self.status.pushed = len(self.pushes)

    @command()
    def push(self, call: Call, out: Outbox, times: U16) -> Outcome:
        """Push it."""
        self.pushes.append(times)
        for _ in range(times):
            out.event(self.pushed, times)
        return DONE

    @command(hazardous=True)
    def fire(self, call: Call, out: Outbox) -> Outcome:
        """Fire it."""
        self.pushes.append(-1)
        out.event(self.alarm, 1)
        return DONE

    @command(modes=(IDLE,))
    def idle_only(self, call: Call, out: Outbox) -> Outcome:
        """Only in IDLE."""
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


class Answer(NamedTuple):
    """A verification report: its subtype, failure code and reason."""

    subtype: int
    code: int | None
    reason: str


class Craft:
    """`fly(s)` seconds; `send` a telecommand; `answers` by request id; all received packets once, in order."""

    def __init__(self, mission: Mission) -> None:
        self.mission = mission
        self.radio = Radio(115_200.0, 96_000.0, random.Random(1), random.Random(2))
        self.disk = SimulatedDisk(random.Random(3))
        self.switch = OneSwitch()
        self.computer = Computer(mission, self.disk, self.radio, NoSensors(), self.switch, random.Random(4))
        self.second = 0
        self.sequence = 0
        self.packets: list[TmPacket] = []
        self.records: set[int] = set()
        self.channels: list[int] = []
        self.receiver = TmReceiver(
            TmFrameConfig(mission.spacecraft_id, mission.frame_length), TmCodec(mission.coding)
        )
        self.computer.power_on(0, Orders())

    @property
    def dictionary(self) -> Dictionary:
        assert self.computer.kernel is not None
        return self.computer.kernel.dictionary

    def module(self, name: str) -> Module:
        assert self.computer.kernel is not None
        return next(slot.module for slot in self.computer.kernel.slots if slot.name == name)

    def fly(self, seconds: int) -> None:
        for _ in range(seconds):
            self.radio.advance(1.0)
            self.radio.transmitting = True
            kernel = self.computer.kernel
            if kernel is not None:
                for tick in range(10):
                    kernel.tick(self.second * NS + tick * NS // 10 + self.computer.offset)
            self.second += 1
            for chunk in self.radio.take_sent():
                for vc, packet in self.receiver.receive(chunk):
                    self._take(vc, packet)

    def _take(self, vc: int, packet: bytes) -> None:
        found = decode_tm(packet)
        assert not isinstance(found, Rejection)
        if found.record not in self.records:
            self.records.add(found.record)
            self.packets.append(found)
            self.channels.append(vc)

    def contact(self, up: bool) -> None:
        self.radio.in_contact = up

    def send(
        self, apid: int, service: int, subtype: int, data: bytes = b"", sequence: int | None = None
    ) -> int:
        """The request id."""
        if sequence is None:
            sequence, self.sequence = self.sequence, self.sequence + 1
        packet = encode_tc(apid, sequence, service, subtype, data, ack=Ack.ALL)
        self.uplink(packet)
        return int.from_bytes(packet[:4], "big")

    def uplink(self, packet: bytes) -> None:
        link = self.mission.telecommand
        self.radio.uplink(link.unit(clear_frame(self.mission.spacecraft_id, link, packet)))

    def function(self, label: str, *arguments: object) -> tuple[int, bytes]:
        entry = self.dictionary.commands_by_label[label]
        data = struct.pack(">H", entry.number) + pack_arguments(entry.fields, arguments)
        return self.dictionary.apids[entry.module], data

    def call(self, label: str, *arguments: object) -> int:
        apid, data = self.function(label, *arguments)
        return self.send(apid, 8, 1, data)

    def packed(self, label: str, *arguments: object, sequence: int = 5000) -> bytes:
        """A telecommand packet for a schedule or a sequence."""
        apid, data = self.function(label, *arguments)
        return encode_tc(apid, sequence, 8, 1, data, ack=Ack.ALL)

    def answers(self, request: int) -> list[Answer]:
        found = []
        for packet in self.packets:
            if packet.service == 1:
                report = decode_verification(packet.subtype, packet.body)
                assert not isinstance(report, Rejection)
                if report.request_id == request:
                    found.append(Answer(packet.subtype, report.failure, report.detail))
        return found

    def stages(self, request: int) -> list[int]:
        return [answer.subtype for answer in self.answers(request)]

    def events(self) -> list[tuple[str, tuple[object, ...]]]:
        found: list[tuple[str, tuple[object, ...]]] = []
        for packet in self.packets:
            if packet.service == 5:
                entry = self.dictionary.events_by_number[int.from_bytes(packet.body[:2], "big")]
                values = unpack_arguments(entry.fields, packet.body[2:])
                assert values is not None
                found.append((entry.label, values))
        return found

    def reboot(self, seconds: int = 1) -> None:
        """Power cut, `seconds` dark, power back."""
        self.computer.power_off()
        self.disk = self.computer.disk = self.disk.reboot()
        self.fly(seconds)
        self.computer.power_on(self.second * NS, Orders())


MakeCraft = Callable[..., Craft]


def bare_mission(folder: Path, storage_budget: int = 1 << 20, actions: Sequence[Default] = ()) -> Mission:
    """Its ids.lock is made in `folder`."""
    rows = (
        Row("toy", Toy),
        Row("uplink", Uplink),
        Row("commands", Commands),
        Row("parameters", Parameters),
        Row("housekeeping", Housekeeping),
        Row("schedule", Schedule),
        Row("sequences", Sequences, every=1),
        Row("event_actions", lambda: EventActions(actions)),
        Row("events", Events),
        Row("recorder", Recorder),
        Row("downlink", lambda: Downlink(0)),
    )
    store = Store(storage_budget, storage_budget // 8)
    sensors, switches = (Sensor("volts", "V", 0, 40),), (Switch("transmitter"),)
    link = TelecommandLink(protected=False)
    stores = (store,) * 3
    mission = with_own_row(Mission("bare", 42, rows, sensors, switches, stores, folder, telecommand=link))
    mission.ids_path.write_text(write_lock(update({}, wanted_ids(make_modules(mission)))))
    return mission


@pytest.fixture
def make_craft(tmp_path: Path) -> MakeCraft:
    def make(
        *, storage_budget: int = 1 << 20, contact: bool = True, actions: Sequence[Default] = ()
    ) -> Craft:
        craft = Craft(bare_mission(tmp_path, storage_budget, actions))
        craft.contact(contact)
        return craft

    return make


@pytest.fixture
def craft(make_craft: MakeCraft) -> Craft:
    return make_craft()


__all__ = ["NS", "Craft", "MakeCraft"]
