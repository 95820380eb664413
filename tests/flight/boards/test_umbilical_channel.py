"""The umbilical's channel: taken out of the line whole, whatever stands around it, and nothing else with it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.app import load_mission
from flight.boards.umbilical_channel import (
    CHANNEL,
    WAITING_MAX,
    ChannelPipe,
    DownEnd,
    DownTap,
    SharedLine,
    UpEnd,
    UpTap,
)
from flight.drivers.line_link import LineLink
from flight.wire import TmFrameConfig, TmFrameMaker, encode_tc_frame
from flight.wire.coding import TmCodec

MISSIONS = {name: load_mission(name) for name in ("pathfinder", "ai_rack")}
NAMES = st.sampled_from(sorted(MISSIONS))
MESSAGES = st.lists(st.binary(min_size=1, max_size=400), max_size=4)
NOISE = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(
        [b"\xeb\x90", b"\xeb", b"\x1a\xcf\xfc\x1d", b"\x1a\xcf", b"login: ", b"\xc5" * 7 + b"\x79"]
    ),
)
CUTS = st.lists(st.integers(1, 500), min_size=1, max_size=12)


def pieces(octets: bytes, cuts: list[int]) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    while at < len(octets):
        size = cuts[len(found) % len(cuts)]
        found.append(octets[at : at + size])
        at += size
    return found


def run(tap: DownTap | UpTap, octets: bytes, cuts: list[int]) -> tuple[bytes, list[bytes]]:
    rest, messages = b"", []
    for piece in pieces(octets, cuts):
        left, found = tap.take(piece)
        rest += left
        messages += found
    return rest, messages


def frames_of(name: str, count: int) -> list[bytes]:
    mission = MISSIONS[name]
    config = TmFrameConfig(mission.spacecraft_id, mission.coding.frame_length)
    maker, codec = TmFrameMaker(config), TmCodec(mission.coding)
    return [codec.encode(maker.make(0, bytes([n]) * config.zone_length, 0, 0)) for n in range(count)]


def units_of(name: str, count: int) -> list[bytes]:
    mission = MISSIONS[name]
    link = mission.telecommand
    return [
        link.unit(encode_tc_frame(mission.spacecraft_id, link.channel, bytes([n]) * (5 + 31 * n)))
        for n in range(count)
    ]


@settings(max_examples=25)
@given(NAMES, MESSAGES, CUTS)
def test_down_between_frames_nothing_of_them_is_touched(name, messages, cuts) -> None:
    end, tap = DownEnd(MISSIONS[name]), DownTap(MISSIONS[name])
    frames = frames_of(name, len(messages) + 1)
    stream = frames[0] + b"".join(
        end.unit(one) + frame for one, frame in zip(messages, frames[1:], strict=True)
    )
    assert run(tap, stream, cuts) == (b"".join(frames), messages)


@settings(max_examples=25)
@given(NAMES, MESSAGES, CUTS)
def test_up_between_units_and_inside_them(name, messages, cuts) -> None:
    """A slow line hands the radio's octets on in pieces, so that readings may stand inside a unit of the radio's."""
    end, tap = UpEnd(MISSIONS[name]), UpTap(MISSIONS[name])
    radio = b"".join(units_of(name, 3))
    parts = pieces(radio, [len(radio) // (len(messages) + 1) + 1])
    stream = b"".join(
        part + (end.unit(messages[place]) if place < len(messages) else b"")
        for place, part in enumerate(parts)
    )
    heard = messages[: len(parts)]
    assert run(tap, stream, cuts) == (radio, heard)


@settings(max_examples=25)
@given(NAMES, MESSAGES, st.lists(NOISE, min_size=5, max_size=5), CUTS)
def test_among_anything_every_message_is_found_and_every_other_octet_passes(
    name, messages, noise, cuts
) -> None:
    mission = MISSIONS[name]
    for end, tap, after in (
        (DownEnd(mission), DownTap(mission), bytes(2 * mission.coding.cadu_length)),
        (UpEnd(mission), UpTap(mission), bytes(1200)),
    ):
        stream = noise[0] + b"".join(
            end.unit(one) + between for one, between in zip(messages, noise[1:], strict=False)
        )
        rest, found = run(tap, stream + after, cuts)
        assert found == messages
        assert rest == b"".join(noise[: len(messages) + 1]) + after


@settings(max_examples=25)
@given(NAMES, st.binary(max_size=3000), CUTS)
def test_any_octets_pass_as_they_are(name, octets, cuts) -> None:
    for tap in (DownTap(MISSIONS[name]), UpTap(MISSIONS[name])):
        rest, messages = run(tap, octets, cuts)
        assert messages == []
        assert octets.startswith(rest)
        assert len(octets) - len(rest) < 1300, "no more is held than a unit"


def test_a_damaged_unit_is_no_message() -> None:
    mission = MISSIONS["pathfinder"]
    for end, tap in ((DownEnd(mission), DownTap(mission)), (UpEnd(mission), UpTap(mission))):
        unit = bytearray(end.unit(b"readings"))
        unit[12] ^= 1
        rest, messages = tap.take(bytes(unit) + bytes(600))
        assert messages == []
        assert rest == bytes(unit) + bytes(600)


def test_a_frame_whose_checksum_is_wrong_is_no_message() -> None:
    """Though each of its codeblocks is right."""
    mission = MISSIONS["pathfinder"]
    frame = bytearray(encode_tc_frame(mission.spacecraft_id, CHANNEL, b"readings"))
    frame[6] ^= 0x55
    unit = mission.telecommand.unit(bytes(frame))
    assert UpTap(mission).take(unit + bytes(600)) == (unit + bytes(600), [])


class Wire:
    """An endpoint in memory."""

    def __init__(self) -> None:
        self.sent = b""
        self.coming = b""

    def open(self) -> bool:
        return True

    def read(self, count: int) -> bytes:
        data, self.coming = self.coming[:count], self.coming[count:]
        return data

    def write(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def held(self) -> int:
        return 0

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize("name", sorted(MISSIONS))
def test_both_share_the_line(name: str) -> None:
    mission, wire = MISSIONS[name], Wire()
    shared = SharedLine(LineLink(wire), mission)
    pipe = ChannelPipe(shared)
    assert not pipe.send(b"too early"), "nobody is there"
    shared.octets.tend(0)
    assert pipe.send(b"switch 3 on")
    (frame,) = frames_of(name, 1)
    shared.send(frame)
    assert DownTap(mission).take(wire.sent) == (frame, [b"switch 3 on"])
    (unit,) = units_of(name, 1)
    wire.coming = unit[:9] + UpEnd(mission).unit(b"readings") + unit[9:]
    shared.octets.tend(1)
    assert shared.receive() == unit
    assert pipe.receive() == b"readings"
    assert pipe.receive() is None


def test_a_board_that_does_not_look_keeps_the_newest() -> None:
    mission, wire = MISSIONS["pathfinder"], Wire()
    shared = SharedLine(LineLink(wire), mission)
    shared.octets.tend(0)
    end = UpEnd(mission)
    wire.coming = b"".join(end.unit(b"%d" % n) for n in range(WAITING_MAX + 9))
    shared.octets.tend(1)
    shared.receive()
    assert shared.message() == b"9"


def test_no_mission_of_ours_is_on_that_channel() -> None:
    assert all(mission.telecommand.channel != CHANNEL for mission in MISSIONS.values())
