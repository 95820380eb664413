"""Recordings of anybody's spacecraft, the chain of telecommands on board, and the lists that services carry."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

from flight.app import load_mission
from flight.boards.umbilical_channel import DownEnd, DownTap, UpEnd, UpTap
from flight.modules.uplink.chain import Chain
from flight.wire import (
    FrameKind,
    FrameLayout,
    append_crc,
    encapsulation,
    frame_fields,
    monitoring,
    packet_stores,
    read_frame,
    scheduling,
)
from flight.wire.coding import encode_cltu
from flight.wire.encapsulation import decode_encapsulation, encode_encapsulation, packet_length
from flight.wire.line_address import LineAddressError, parse_line_address
from flight.wire.sdls import Use
from flight.wire.telecommand_link import TelecommandLink, clear_frame
from ground.recording.assembling import Assembler
from ground.recording.framing import AdjacentFrames, MarkedFrames
from ground.recording.guess import guess_layout
from ground.recording.layout import Form, Given, Layout, RecordingError
from ground.recording.recording import Recording
from ground.recording.walking import PacketWalk
from tests.flight.wire.sdls.ends import SPACECRAFT, End
from tests.fuzz.engine import Target
from tests.fuzz.wire_targets import FRAME, TELECOMMANDS, TELEMETRY, frame_seeds, pieces

LAYOUTS = (
    FrameLayout(FrameKind.TM, FRAME),
    FrameLayout(FrameKind.TM, 20, error_control=False),
    FrameLayout(FrameKind.AOS, FRAME, control_field=True),
    FrameLayout(FrameKind.AOS, 30, header_error_control=True, insert_zone=2, security_header=4),
)
AOS = b"\x40\x42\0\0\1\0\0\0"
AOS_FRAME = append_crc((AOS + TELEMETRY[0] + bytes(FRAME))[: FRAME - 2])


def frames_of_anybody(data: bytes) -> None:
    for layout in LAYOUTS:
        for frame in (data[: layout.length], data[: layout.length].ljust(layout.length, b"\0")):
            read_frame(frame, layout)
            read_frame(append_crc(frame[:-2]), layout)
            read_frame(frame, layout, checked=True)


def recordings(data: bytes) -> None:
    """With what is guessed about it, and as each layout."""
    layouts = [
        Layout(Form.PACKETS),
        *(Layout(Form(one.kind.value), one, marker=n % 2 == 0) for n, one in enumerate(LAYOUTS)),
    ]
    with suppress(RecordingError):
        layouts.append(guess_layout(data, Given()).layout)
    for layout in layouts:
        recording = Recording(layout)
        for piece in pieces(data):
            recording.receive(piece)
        recording.finish()
        assert recording.tally.octets == len(data)


def recording_seeds() -> list[bytes]:
    return [
        *frame_seeds(),
        b"".join(frame_seeds()) * 2,
        AOS_FRAME * 3,
        b"".join(TELEMETRY * 3),
        encode_encapsulation(2, bytes(9)),
    ]


def encapsulated(data: bytes) -> None:
    decode_encapsulation(data)
    if len(data) >= 8:
        packet_length(data, 0)


@cache
def senders() -> tuple[TelecommandLink, End]:
    link = TelecommandLink()
    ground = End(Use.TELECOMMAND, (link.rule(), End(Use.TELEMETRY).rules[Use.TELEMETRY]))
    ground.settle()
    return link, ground


def chain(data: bytes) -> None:
    """Octets from the radio; nothing of them is authentic, so no packet may come out; BC frames may pass."""
    link, ground = senders()
    board = End(Use.TELEMETRY, (link.rule(), ground.rules[Use.TELEMETRY]))
    found = Chain(SPACECRAFT, link, board.vault)
    sealed = encode_cltu(append_crc(data[:500]), link.randomiser())
    for stream in (data, sealed):
        for piece in pieces(stream):
            found.receive(piece, 0)
            found.clcw()
        found.flush(0)
        assert found.take(0) == [], "forged"
    assert found.held == 0


def chain_seeds() -> list[bytes]:
    link, _ = senders()
    frames = [clear_frame(SPACECRAFT, link, packet) for packet in TELECOMMANDS]
    return [
        *map(link.unit, frames),
        *(frame[:-2] for frame in frames),
        frames[0][:5] + b"\0",
        frames[0][:5] + bytes(40),
    ]


def lists(data: bytes) -> None:
    monitoring.read_transitions(data)
    monitoring.read_definitions(data)
    monitoring.read_switches(data)
    scheduling.read_window(data)
    scheduling.read_requests(data)
    scheduling.read_offset(data)
    packet_stores.read_stores(data, 3)
    packet_stores.read_deletion(data, 3)
    packet_stores.read_contents(data)
    packet_stores.read_statuses(data)


def list_seeds() -> list[bytes]:
    return [
        b"\0",
        scheduling.pack_requests([1, 2]),
        scheduling.pack_offset(-5),
        b"\1" + bytes(14),
        b"\0\1" + bytes(40),
        packet_stores.pack_deletion(5, [1, 2]),
        packet_stores.pack_contents([packet_stores.StoreContent(1, 2, 3, 4, 5, 6)]),
        packet_stores.pack_statuses([packet_stores.StoreStatus(1, True, False, True)]),
    ]


MISSION = load_mission("pathfinder")


def taps(data: bytes) -> None:
    """Every octet that is in no message passes as it came."""
    after = bytes(2000)  # more than a unit that is waited for
    for tap in (DownTap(MISSION), UpTap(MISSION)):
        passed, found = b"", 0
        for piece in [*pieces(data), after]:
            rest, messages = tap.take(piece)
            passed, found = passed + rest, found + len(messages)
        assert found or (data + after).startswith(passed)
        assert found or len(passed) >= len(data)


def tap_seeds() -> list[bytes]:
    down, up = DownEnd(MISSION), UpEnd(MISSION)
    return [down.unit(b"switch"), up.unit(b"readings"), up.unit(b"a") + b"\xeb\x90" + up.unit(bytes(300))]


def addresses(data: bytes) -> None:
    with suppress(LineAddressError):
        parse_line_address(data.decode("latin-1"))


TARGETS = (
    Target(
        "anybody's frames",
        frames_of_anybody,
        lambda: [AOS_FRAME, *(one[4:] for one in frame_seeds())],
        (read_frame, frame_fields._read_tm, frame_fields._read_aos),
        0,
    ),
    Target(
        "recordings",
        recordings,
        recording_seeds,
        (Recording, Assembler, MarkedFrames, AdjacentFrames, PacketWalk),
        parts=(b"\x1a\xcf\xfc\x1d", AOS),
    ),
    Target(
        "encapsulation packets",
        encapsulated,
        lambda: [encode_encapsulation(2, bytes(n)) for n in (1, 300)] + [b"\xe0"],
        (encapsulation.decode_encapsulation, encapsulation.packet_length),
        0,
    ),
    Target(
        "telecommand chain",
        chain,
        chain_seeds,
        (Chain.receive, Chain._frame, Chain.flush),
        parts=(b"\xeb\x90", b"\xc5" * 8),
    ),
    Target(
        "lists of services",
        lists,
        list_seeds,
        (
            monitoring.read_transitions,
            monitoring.read_definitions,
            monitoring.read_switches,
            scheduling.read_window,
            scheduling.read_requests,
            scheduling.read_offset,
            packet_stores.read_stores,
            packet_stores.read_deletion,
            packet_stores.read_contents,
            packet_stores.read_statuses,
        ),
        0,
    ),
    Target(
        "umbilical's channel",
        taps,
        tap_seeds,
        (DownTap, UpTap),
        parts=(b"\x1a\xcf\xfc\x1d", b"\xeb\x90", b"\xc5" * 7 + b"\x79"),
    ),
    Target(
        "line addresses",
        addresses,
        lambda: [b"serial:/dev/ttyUSB0@921600", b"tcp:localhost:5000", b"udp:10.0.0.1:7:8", b"pty:"],
        (parse_line_address,),
        0,
    ),
)
