"""XTCE: every packet of a flown run, decoded by somebody else's library, has the same values."""

from __future__ import annotations

import math
import struct
from io import BytesIO
from pathlib import Path

import pytest
import space_packet_parser

from flight.app import build, load_mission
from flight.dictionary import Dictionary, compile_decoder, to_xtce, unpack_arguments, xtce_name
from flight.wire import Rejection, TmPacket, decode_tm, encode_tm
from sim.scenario import load_scenario
from sim.simulation import Simulation

FLOWN_S = 900  # the first pass begins at 795 s


class Tap:
    """Keeps every packet that comes down."""

    def __init__(self, dictionary: Dictionary) -> None:
        from flight.wire import TmFrameConfig, TmReceiver
        from flight.wire.coding import TmCodec

        self.receiver = TmReceiver(
            TmFrameConfig(dictionary.spacecraft_id, dictionary.frame_length), TmCodec(dictionary.coding)
        )
        self.packets: list[bytes] = []

    def receive(self, data: bytes, now_ns: int, station: str = "") -> None:
        self.packets += [packet for _, packet in self.receiver.receive(data)]

    def contact(self, up: bool, now_ns: int) -> None:
        pass

    def send(self, now_ns: int) -> bytes:
        return b""

    def on_deadline(self, now_ns: int) -> None:
        pass


@pytest.fixture(scope="module")
def flown() -> tuple[Dictionary, list[bytes]]:
    scenario = load_scenario("reference")
    built = build(load_mission(scenario.spacecraft.mission))
    tap = Tap(built.dictionary)
    Simulation(scenario, built.mission, tap).run(FLOWN_S)
    return built.dictionary, tap.packets


def expected(
    dictionary: Dictionary, packet: bytes, found: TmPacket
) -> tuple[str, list[str], tuple[object, ...]] | None:
    """Container, field names and values as our own codec has them."""
    number = int.from_bytes(found.body[:2], "big")
    if (found.service, found.subtype) == (3, 25):
        entry = dictionary.packets_by_sid[number]
        return f"HK_{xtce_name(entry.label)}", [f.name for f in entry.fields], compile_decoder(entry)(packet)
    if found.service == 5:
        event = dictionary.events_by_number[number]
        values = unpack_arguments(event.fields, found.body[2:])
        assert values is not None
        return f"EVENT_{xtce_name(event.label)}", [f.name for f in event.fields], values
    return None


@pytest.mark.slow
def test_every_packet_of_a_run_decodes_to_the_same_values(
    flown: tuple[Dictionary, list[bytes]], tmp_path: Path
) -> None:
    dictionary, packets = flown
    path = tmp_path / "pathfinder.xml"
    path.write_text(to_xtce(dictionary))
    definition = space_packet_parser.load_xtce(path)
    compared: dict[str, int] = {}
    for packet in packets:
        found = decode_tm(packet)
        assert not isinstance(found, Rejection)
        wanted = expected(dictionary, packet, found)
        if wanted is None:
            continue
        container, names, values = wanted
        (raw,) = space_packet_parser.generators.ccsds_generator(BytesIO(packet))
        parsed = definition.parse_bytes(raw)
        assert parsed["RECORD"] == found.record
        assert parsed["TIME_SECONDS"] == found.time_ns // 10**9
        for name, value in zip(names, values, strict=True):
            theirs = parsed[f"{container}_{name}"]
            theirs = getattr(theirs, "raw_value", theirs)
            assert theirs == value or (math.isnan(float(theirs)) and math.isnan(float(value)))  # type: ignore[arg-type]
        compared[container] = compared.get(container, 0) + 1
    silent = {"jobs.row", "jobs.status"}  # without a job
    every = {f"HK_{xtce_name(p.label)}" for p in dictionary.packets if p.label not in silent}
    assert set(compared) >= every, "each housekeeping packet was seen"
    assert sum(compared.values()) > 2000
    assert any(name.startswith("EVENT_") for name in compared)


@pytest.mark.parametrize("name", [b"", b"x", b"tables/plan.bin" * 20])
def test_an_event_with_octets(tmp_path: Path, name: bytes) -> None:
    dictionary = build(load_mission("pathfinder")).dictionary
    event = next(one for one in dictionary.events if one.label == "files.damaged")
    path = tmp_path / "pathfinder.xml"
    path.write_text(to_xtce(dictionary))
    body = struct.pack(">HH", event.number, len(name)) + name
    apid = dictionary.apids[event.module]
    packet = encode_tm(apid, 0, 5, event.severity, 0, 0, 10**9, 7, body)
    (raw,) = space_packet_parser.generators.ccsds_generator(BytesIO(packet))
    parsed = space_packet_parser.load_xtce(path).parse_bytes(raw)
    assert parsed["EVENT_files_damaged_name"] == name == unpack_arguments(event.fields, body[2:])[0]  # type: ignore[index]
    assert parsed["PACKET_ERROR_CONTROL"] == int.from_bytes(packet[-2:], "big")
