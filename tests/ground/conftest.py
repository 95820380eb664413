"""A spacecraft made of octets by hand for the ground to hear, and archives of what it said."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from flight.declare import (
    Field,
    Limits,
)
from flight.dictionary import (
    CommandEntry,
    Dictionary,
    EventEntry,
    PacketEntry,
    ParameterEntry,
    dictionary_hash,
    pack_arguments,
)
from flight.modules.uplink.chain import Chain
from flight.wire import (
    Rejection,
    TcPacket,
    TmFrameConfig,
    TmFrameMaker,
    VirtualChannel,
    decode_tc,
    encode_tm,
    encode_verification,
    record_number,
)
from flight.wire.coding import TmCodec, TmCoding
from flight.wire.sdls import Vault
from flight.wire.telecommand_link import TelecommandLink
from ground.archive import Archive
from ground.station import Ground

NS = 1_000_000_000
BOARDS = (("alpha", 0), ("beta", 1))


PACKETS = (
    PacketEntry("executive", "status", 1, 10, "", (Field("dictionary_hash", "I"), Field("boots", "H"))),
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
)
EVENTS = (
    EventEntry("executive", "booted", 1, 3, "boot {count}", (Field("count", "H"),)),
    EventEntry(
        "power",
        "changed",
        2,
        1,
        "board {board} to {level:.0%} of {volts}",
        (Field("board", "B", choices=BOARDS), Field("level", "f"), Field("volts", "f")),
    ),
)
SWITCH = (Field("board", "B", choices=BOARDS), Field("on", "?"), Field("seconds", "H", low=1, high=600))
COMMANDS = (
    CommandEntry("power", "switch", 5, False, 15, "Switch a board.", SWITCH),
    CommandEntry("power", "fire", 6, True, 15, "Fire.", ()),
    CommandEntry("power", "load", 7, False, 15, "Load.", (Field("part", "*"),)),
    CommandEntry("commands", "arm", 8, False, 15, "Arm.", (Field("function", "H"),)),
    CommandEntry("commands", "nothing", 9, False, 15, "Nothing.", ()),
)
PARAMETERS = (
    ParameterEntry("power", 1, 30.0, Field("low", "f", unit="V", low=0, high=40)),
    ParameterEntry("power", 2, 3, Field("tries", "H", low=0, high=9)),
)
SMALL = Dictionary(
    mission="small",
    spacecraft_id=42,
    coding=TmCoding(223),
    modules=(("executive", 1), ("power", 2), ("commands", 3), ("downlink", 4)),
    stores=("critical", "event", "housekeeping"),
    packets=PACKETS,
    events=EVENTS,
    commands=COMMANDS,
    parameters=PARAMETERS,
    telecommand=TelecommandLink(protected=False),
)


def make_dictionary(**changes: object) -> Dictionary:
    """Small, with one of everything."""
    made = replace(SMALL, **changes)  # type: ignore[arg-type]
    return replace(made, hash=dictionary_hash(made))


class Craft:
    """A spacecraft by hand: numbers its packets, frames them, and keeps what it was sent."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        config = TmFrameConfig(dictionary.spacecraft_id, dictionary.frame_length)
        self.maker = TmFrameMaker(config)
        self.codec = TmCodec(dictionary.coding)
        self.zone_length = config.zone_length
        self.chain = Chain(dictionary.spacecraft_id, dictionary.telecommand, Vault())
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
            made.append(self.codec.encode(self.maker.make(vc, zone[0], zone[1], self.chain.clcw())))
        return made

    def down(self, *packets: bytes, vc: int = 0) -> bytes:
        return b"".join(self.frames(packets, vc))

    def up(self, octets: bytes) -> list[TcPacket]:
        """What the ground sent, as this spacecraft understands it."""
        self.chain.receive(octets, 0)
        found = [decode_tc(packet) for packet in self.chain.take(0)]
        good = [packet for packet in found if not isinstance(packet, Rejection)]
        assert len(good) == len(found)
        self.heard += good
        return good


def service_up(ground: Ground, craft: Craft, at_ns: int = 0) -> None:
    """A contact in which COP-1 is up and proven at `at_ns`, so that commands go in sequence."""
    begin = at_ns - 20 * NS
    ground.contact(True, begin)
    for second in range(10):
        ground.receive(craft.down(craft.power(0)), begin + second * NS)
        craft.up(ground.send(begin + second * NS))
    ground.uplink.proven = ground.line.starts
    assert ground.line.sequenced_room


@pytest.fixture
def dictionary() -> Dictionary:
    return make_dictionary()


@pytest.fixture
def craft(dictionary: Dictionary) -> Craft:
    return Craft(dictionary)


@pytest.fixture
def changed_dictionary() -> Callable[..., Dictionary]:
    return make_dictionary


# ---------------------------------------------------------------- archives

TABLES = (
    "packets",
    "events",
    "commands",
    "stages",
    "alarms",
    "audit",
    "contacts",
    "dictionaries",
    "counts",
    "coverage",
    "times",
)


@pytest.fixture
def contents() -> Callable[[Path], dict[str, list[tuple[object, ...]]]]:
    """Every table of an archive, without what says how far it reaches."""

    def read(folder: Path) -> dict[str, list[tuple[object, ...]]]:
        connection = sqlite3.connect(folder / "index.db")
        found = {
            table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in TABLES
        }
        connection.close()
        return found

    return read


def run_a_day(ground: Ground, craft: Craft, first_s: int = 0, passes: int = 3) -> None:
    """Passes with everything in them: playback, loss, events, alarms, commands, absences."""
    for number in range(passes):
        start = first_s + 1000 * number
        ground.contact(True, start * NS)
        lost = [craft.power((start + t) * NS) for t in range(3)]
        ground.command(
            "power.switch", {"board": 1, "on": True, "seconds": 5}, start * NS, source="anna", bypass=True
        )
        sent = craft.up(ground.send(start * NS))
        for second in range(start + 1, start + 60):
            packets = [craft.power(second * NS, charge=0.3 if second % 1000 > 40 else 0.9, count=second)]
            if second % 10 == 0:
                packets.append(craft.event("power.changed", second * NS, 0, 0.5, 28.0))
            if sent and second == start + 5:
                packets += [craft.verify(subtype, sent[0].request_id) for subtype in (1, 3, 7)]
            if second == start + 50:
                first = max(craft.next[2] - 70, 0)
                packets.append(craft.report(15, 130, struct.pack(">BQQ", 2, first, first + 20), 0, store=0))
            ground.receive(craft.down(*packets), second * NS, "Kiruna" if number % 2 else "Svalbard")
            ground.on_deadline(second * NS)
        ground.receive(craft.down(*lost[: 3 - number], vc=1), (start + 70) * NS, "Kiruna")
        ground.audit("anna", f"pass {number}", (start + 71) * NS)
        ground.contact(False, (start + 80) * NS)


@pytest.fixture
def a_day() -> Callable[..., None]:
    return run_a_day


@pytest.fixture
def folder(tmp_path: Path, dictionary: Dictionary, craft: Craft) -> Path:
    """A closed archive with three passes in it."""
    ground = Ground(dictionary, Archive(tmp_path / "archive", dictionary))
    run_a_day(ground, craft)
    ground.close()
    return tmp_path / "archive"
