"""Frames and packets as somebody else may make them, with a struct of their own."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from flight.wire import FrameKind, FrameLayout, append_crc, attach_sync_marker, encode_packet, idle_packet
from flight.wire.coding import TmCodec, TmRandomisation
from flight.wire.packet import PacketType
from ground.recording.layout import Form, Layout


def space_packets(count: int, apids: Sequence[int] = (100, 200), longest: int = 90) -> list[bytes]:
    """Telemetry that ends in a CRC-16, of lengths all over the range."""
    numbers = dict.fromkeys(apids, 0)
    packets = []
    for number in range(count):
        apid = apids[number * 7 % len(apids)]
        body = bytes(number * 31 + at & 0xFF for at in range(4 + number * 13 % longest))
        packet = encode_packet(PacketType.TELEMETRY, apid, numbers[apid], body + b"\0\0", secondary=False)
        packets.append(append_crc(packet[:-2]))
        numbers[apid] += 1
    return packets


def tm_frames(
    packets: Sequence[bytes],
    layout: FrameLayout,
    *,
    spacecraft_id: int = 77,
    secondary: bytes = b"",
    vc: int = 3,
) -> list[bytes]:
    """As somebody else's spacecraft may make them: own struct, secondary header, filled with an idle packet."""
    head_length = 6 + len(secondary)
    room = layout.length - head_length - 4 - 2 * layout.error_control
    frames = []
    for number, (zone, first) in enumerate(zones(packets, room)):
        status = 0x1800 | (0x8000 if secondary else 0) | first
        frame = struct.pack(">HBBH", spacecraft_id << 4 | vc << 1 | 1, number & 0xFF, number & 0xFF, status)
        frame += secondary + zone + struct.pack(">I", 0x01000000 | vc << 18)
        frames.append(append_crc(frame) if layout.error_control else frame)
    return frames


def aos_frames(
    packets: Sequence[bytes], layout: FrameLayout, *, spacecraft_id: int = 77, vc: int = 9
) -> list[bytes]:
    assert layout.kind is FrameKind.AOS
    overhead = 6 + 2 * layout.header_error_control + layout.insert_zone + 2
    overhead += 4 * layout.control_field + 2 * layout.error_control
    frames = []
    for number, (zone, first) in enumerate(zones(packets, layout.length - overhead)):
        frame = struct.pack(">HI", 1 << 14 | (spacecraft_id & 0xFF) << 6 | vc, number << 8)
        frame += b"\xaa" * 2 * layout.header_error_control + b"\x11" * layout.insert_zone
        frame += struct.pack(">H", first) + zone + b"\x01\x24\0\0" * layout.control_field
        frames.append(append_crc(frame) if layout.error_control else frame)
    return frames


def zones(packets: Sequence[bytes], room: int) -> list[tuple[bytes, int]]:
    """Data fields of `room` octets and their first header pointers; fill at the end."""
    whole = list(packets)
    while sum(map(len, whole)) % room:
        short = -sum(map(len, whole)) % room
        whole.append(idle_packet(short if short >= 7 else short + room))
    starts, at = [], 0
    for packet in whole:
        starts.append(at)
        at += len(packet)
    stream, found = b"".join(whole), []
    for begin in range(0, len(stream), room):
        first = next((start for start in starts if begin <= start < begin + room), None)
        found.append((stream[begin : begin + room], 0x7FF if first is None else first - begin))
    return found


TM = FrameLayout(FrameKind.TM, 120)
BARE = FrameLayout(FrameKind.TM, 120, error_control=False)
LAYOUTS = [
    Layout(Form.TM, TM),
    Layout(Form.TM, FrameLayout(FrameKind.TM, 120, error_control=False)),
    Layout(Form.TM, TM, marker=True),
    Layout(Form.TM, TM, marker=True, randomisation=TmRandomisation.SHORT),
    Layout(Form.TM, TM, marker=True, interleave=2, randomisation=TmRandomisation.LONG),
    Layout(Form.TM, FrameLayout(FrameKind.TM, 120, error_control=False), marker=True, interleave=1),
    Layout(Form.TM, TM, interleave=1, randomisation=TmRandomisation.SHORT),
    Layout(Form.AOS, FrameLayout(FrameKind.AOS, 120)),
    Layout(Form.AOS, FrameLayout(FrameKind.AOS, 120, control_field=True), marker=True),
    Layout(Form.AOS, FrameLayout(FrameKind.AOS, 120, insert_zone=5, header_error_control=True)),
]


def recorded(layout: Layout, packets: list[bytes]) -> bytes:
    assert layout.frames is not None
    frames = (tm_frames if layout.form is Form.TM else aos_frames)(packets, layout.frames)
    if layout.coded:
        codec = TmCodec(layout.coding)
        cadus = [codec.encode(frame) for frame in frames]
        return b"".join(cadus if layout.marker else [cadu[4:] for cadu in cadus])
    return b"".join(map(attach_sync_marker, frames) if layout.marker else frames)
