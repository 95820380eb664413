"""Two spacecraft for the ground to hear: one made of octets by hand, one that really flies in virtual time."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
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
    Field,
    Limits,
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
    CommandEntry,
    Dictionary,
    EventEntry,
    PacketEntry,
    ParameterEntry,
    dictionary_hash,
    pack_arguments,
    update,
    wanted_ids,
    write_lock,
)
from flight.mission import Mission, Row, Sensor, Store, Switch
from flight.modules.commands import Commands
from flight.modules.downlink import Downlink
from flight.modules.events import Events
from flight.modules.housekeeping import Housekeeping
from flight.modules.parameters import Parameters
from flight.modules.recorder import Recorder
from flight.modules.schedule import Schedule
from flight.modules.sequences import Sequences
from flight.wire import (
    Rejection,
    TcPacket,
    TcReceiver,
    TmFrameConfig,
    TmFrameMaker,
    VirtualChannel,
    attach_sync_marker,
    decode_tc,
    encode_tm,
    encode_verification,
    record_number,
)
from ground.station import Ground, Settings
from sim.computer import Computer
from sim.disk import SimulatedDisk
from sim.guardian import Orders
from sim.link import Radio

NS = 1_000_000_000
BOARDS = (("alpha", 0), ("beta", 1))


def make_dictionary(**changes: object) -> Dictionary:
    """Small, with one of everything: two packets, limits, choices, events, commands, parameters."""
    made = Dictionary(
        mission="small",
        spacecraft_id=42,
        frame_length=223,
        modules=(("executive", 1), ("power", 2), ("commands", 3), ("downlink", 4)),
        stores=("critical", "event", "housekeeping"),
        packets=(
            PacketEntry(
                "executive", "status", 1, 10, "", (Field("dictionary_hash", "I"), Field("boots", "H"))
            ),
            PacketEntry(
                "power",
                "status",
                2,
                1,
                "",
                (
                    Field("charge", "f", unit="1", limits=Limits(0.5, 0.6, None, None)),
                    Field("volts", "f", unit="V", limits=Limits(24.0, 26.0, 33.0, 34.0)),
                    Field("board", "B", choices=BOARDS),
                    Field("on", "?"),
                    Field("count", "I"),
                ),
            ),
        ),
        events=(
            EventEntry("executive", "booted", 1, 3, "boot {count}", (Field("count", "H"),)),
            EventEntry(
                "power",
                "changed",
                2,
                1,
                "board {board} to {level:.0%} of {volts}",
                (Field("board", "B", choices=BOARDS), Field("level", "f"), Field("volts", "f")),
            ),
        ),
        commands=(
            CommandEntry(
                "power",
                "switch",
                5,
                False,
                15,
                "Switch a board.",
                (
                    Field("board", "B", choices=BOARDS),
                    Field("on", "?"),
                    Field("seconds", "H", low=1, high=600),
                ),
            ),
            CommandEntry("power", "fire", 6, True, 15, "Fire.", ()),
            CommandEntry("power", "load", 7, False, 15, "Load.", (Field("part", "*"),)),
            CommandEntry("commands", "arm", 8, False, 15, "Arm.", (Field("function", "H"),)),
            CommandEntry("commands", "nothing", 9, False, 15, "Nothing.", ()),
        ),
        parameters=(
            ParameterEntry("power", 1, 30.0, Field("low", "f", unit="V", low=0, high=40)),
            ParameterEntry("power", 2, 3, Field("tries", "H", low=0, high=9)),
        ),
    )
    made = replace(made, **changes)  # type: ignore[arg-type]
    return replace(made, hash=dictionary_hash(made))


class Craft:
    """A spacecraft by hand: numbers its packets, frames them, and keeps what it was sent."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        config = TmFrameConfig(dictionary.spacecraft_id, dictionary.frame_length)
        self.maker = TmFrameMaker(config)
        self.zone_length = config.zone_length
        self.receiver = TcReceiver(dictionary.spacecraft_id)
        self.next = [0] * len(dictionary.stores)
        self.heard: list[TcPacket] = []

    def report(self, service: int, subtype: int, body: bytes, time_ns: int, store: int = 1) -> bytes:
        record = record_number(store, self.next[store])
        self.next[store] += 1
        return encode_tm(1, self.next[store], service, subtype, 0, 0, time_ns, record, body)

    def housekeeping(self, label: str, time_ns: int, *values: object) -> bytes:
        entry = self.dictionary.packets_by_label[label]
        body = struct.pack(">H" + "".join(field.code for field in entry.fields), entry.sid, *values)
        return self.report(3, 25, body, time_ns, store=2)

    def power(self, time_ns: int, charge: float = 0.9, volts: float = 28.0, count: int = 0) -> bytes:
        return self.housekeeping("power.status", time_ns, charge, volts, 1, True, count)

    def event(self, label: str, time_ns: int, *values: object) -> bytes:
        entry = next(e for e in self.dictionary.events if e.label == label)
        body = struct.pack(">H", entry.number) + pack_arguments(entry.fields, values)
        return self.report(5, entry.severity, body, time_ns, store=1)

    def verify(self, subtype: int, request_id: int, code: int | None = None, text: str = "") -> bytes:
        body = encode_verification(request_id, code, text.encode(), 1 if subtype in (5, 6) else None)
        return self.report(1, subtype, body, 0, store=0)

    def frames(self, packets: Sequence[bytes], vc: int = 0) -> list[bytes]:
        """With sync markers, each packet whole in them."""
        channel = VirtualChannel(self.zone_length, 10_000_000)
        for packet in packets:
            assert channel.add(packet)
        made = []
        while (zone := channel.take()) is not None:
            made.append(attach_sync_marker(self.maker.make(vc, zone[0], zone[1], 0)))
        return made

    def down(self, *packets: bytes, vc: int = 0) -> bytes:
        return b"".join(self.frames(packets, vc))

    def up(self, octets: bytes) -> list[TcPacket]:
        """What the ground sent, as this spacecraft understands it."""
        found = [decode_tc(packet) for packet in self.receiver.receive(octets)]
        good = [packet for packet in found if not isinstance(packet, Rejection)]
        assert len(good) == len(found)
        self.heard += good
        return good


@pytest.fixture
def dictionary() -> Dictionary:
    return make_dictionary()


@pytest.fixture
def craft(dictionary: Dictionary) -> Craft:
    return Craft(dictionary)


@pytest.fixture
def changed_dictionary() -> Callable[..., Dictionary]:
    return make_dictionary


# ---------------------------------------------------------------- one that flies


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
        self.computer.power_on(0, Orders())
        assert self.computer.kernel is not None
        self.dictionary = self.computer.kernel.dictionary
        self.ground = ground(self.dictionary)

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
    def make(ground: Callable[[Dictionary], Ground] | None = None, seed: int = 1, loss: float = 0.0) -> Flown:
        rows = (
            Row("toy", Toy),
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
        mission = with_own_row(Mission("bare", 42, rows, sensors, switches, stores, tmp_path))
        mission.ids_path.write_text(write_lock(update({}, wanted_ids(make_modules(mission)))))
        flown = Flown(mission, ground or (lambda made: Ground(made, settings=Settings())), seed)
        flown.radio.down.spoiling.loss = flown.radio.up.spoiling.loss = loss
        return flown

    return make
