# mypy: disable-error-code="import-untyped, union-attr"
from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacepackets.ccsds.tm_frame import TmTransferFrame

from flight.wire import (
    NO_PACKET_START,
    ONLY_IDLE,
    SYNC_MARKER,
    Clcw,
    PacketType,
    Rejection,
    TmFrameConfig,
    TmFrameMaker,
    VirtualChannel,
    attach_sync_marker,
    crc16,
    decode_header,
    encode_clcw,
    encode_packet,
    idle_packet,
    split_packets,
)
from flight.wire.definitions import tm_frame

CLCW = encode_clcw(Clcw(1, 7, 2, lockout=True))


def packet(number: int, size: int) -> bytes:
    return encode_packet(PacketType.TELEMETRY, 5, number, bytes([number % 256]) * (size - 6))


def drain(channel: VirtualChannel) -> list[tuple[bytes, int]]:
    zones = []
    while zone := channel.take():
        zones.append(zone)
    return zones


def packets_of(zones: list[tuple[bytes, int]]) -> list[bytes]:
    return [part for part in split_packets(b"".join(zone for zone, _ in zones)) if isinstance(part, bytes)]


@pytest.mark.parametrize("frame_length", [223, 1115])
@settings(max_examples=40)
@given(vc=st.integers(0, 7), first_header=st.integers(0, 2047), octet=st.integers(0, 255))
def test_same_as_definition_and_as_spacepackets(frame_length, vc, first_header, octet) -> None:
    config = TmFrameConfig(42, frame_length)
    zone = bytes([octet]) * config.zone_length
    frame = TmFrameMaker(config).make(vc, zone, first_header, CLCW)
    header = {
        "version": 0,
        "spacecraft_id": 42,
        "virtual_channel": vc,
        "operational_control": True,
        "master_count": 0,
        "virtual_count": 0,
        "secondary_header": False,
        "synchronised": False,
        "packet_order": False,
        "segment_length": 3,
        "first_header": first_header,
    }
    parsed = tm_frame(frame_length).parse(frame)
    assert {name: parsed.header[name] for name in header} == header
    assert parsed.zone == zone
    assert (parsed.clcw.virtual_channel, parsed.clcw.report_value, parsed.clcw.lockout) == (1, 7, True)
    assert parsed.error_control == crc16(frame[:-2])
    assert tm_frame(frame_length).build(parsed) == frame
    peer = TmTransferFrame.unpack(frame, frame_length, has_error_control_field=True)
    assert peer.pack() == frame
    assert peer.data_field == zone
    assert peer.op_ctrl_field == CLCW.to_bytes(4, "big")


def test_zone_lengths() -> None:
    assert TmFrameConfig(1).zone_length == 211
    assert TmFrameConfig(1, 1115).zone_length == 1103


@pytest.mark.parametrize(
    "wrong",
    [
        {"spacecraft_id": 1024},
        {"spacecraft_id": -1},
        {"spacecraft_id": 1, "frame_length": 18},
        {"spacecraft_id": 1, "frame_length": 2049},
        {"spacecraft_id": 1, "longest_packet": 6},
        {"spacecraft_id": 1, "longest_packet": 65543},
    ],
)
def test_an_impossible_configuration_cannot_be_built(wrong) -> None:
    with pytest.raises(ValueError, match=list(wrong)[-1]):
        TmFrameConfig(**wrong)


def test_master_and_virtual_counts_are_separate_and_wrap_at_eight_bits() -> None:
    config = TmFrameConfig(42)
    maker = TmFrameMaker(config)
    zone = bytes(config.zone_length)
    counts = {0: 0, 3: 0}
    for number in range(600):
        vc = 3 if number % 3 == 0 else 0
        frame = maker.make(vc, zone, 0, CLCW)
        assert frame[2] == number % 256
        assert frame[3] == counts[vc] % 256
        counts[vc] += 1
    assert min(counts.values()) < 256 < max(counts.values())


def test_idle_frames_carry_the_control_word_on_virtual_channel_7() -> None:
    frame = tm_frame(223).parse(TmFrameMaker(TmFrameConfig(42)).make_idle(CLCW))
    assert frame.header.virtual_channel == 7
    assert frame.header.first_header == ONLY_IDLE == 0x7FE
    assert frame.clcw.report_value == 7


def test_sync_marker() -> None:
    assert attach_sync_marker(b"frame") == bytes.fromhex("1acffc1d") + b"frame"
    assert len(SYNC_MARKER) == 4


def test_nothing_waits_nothing_taken() -> None:
    assert VirtualChannel(211).take() is None


def test_first_header_pointers() -> None:
    channel = VirtualChannel(100)
    for number, size in enumerate((100, 150, 30, 320)):
        channel.add(packet(number, size))
    pointers = [pointer for _, pointer in drain(channel)]
    assert pointers == [0, 0, 50, NO_PACKET_START, NO_PACKET_START, NO_PACKET_START]


@pytest.mark.parametrize("missing", range(1, 12))
def test_fill_is_an_idle_packet_whose_end_may_wait_for_the_next_packet(missing: int) -> None:
    channel = VirtualChannel(100)
    first, second = packet(1, 100 - missing), packet(2, 50)
    channel.add(first)
    zones = drain(channel)
    assert [(len(zone), pointer) for zone, pointer in zones] == [(100, 0)]
    assert channel.pending == 0, "fill alone is nothing to send"
    channel.add(second)
    zones += drain(channel)
    assert [pointer for _, pointer in zones] == [0, max(7 - missing, 0)]
    parts = packets_of(zones)
    assert [part for part in parts if decode_header(part).apid != 0x7FF] == [first, second]
    assert b"".join(parts) == b"".join(zone for zone, _ in zones)


@settings(max_examples=50)
@given(st.lists(st.integers(7, 700), max_size=20), st.integers(7, 300), st.data())
def test_zones_are_the_packets_in_order_and_pointers_point_at_packets(sizes, zone_length, draw) -> None:
    """Taken at any moment, so that fill stands in any place."""
    channel = VirtualChannel(zone_length)
    zones: list[tuple[bytes, int]] = []
    sent = [packet(number, size) for number, size in enumerate(sizes)]
    for one in sent:
        assert channel.add(one)
        while draw.draw(st.booleans()) and (taken := channel.take()):
            zones.append(taken)
    zones += drain(channel)
    assert channel.pending == 0
    stream = b"".join(zone for zone, _ in zones)
    starts, parts, position = set(), [], 0
    while position < len(stream):
        starts.add(position)
        header = decode_header(stream[position:])
        length = 7 if isinstance(header, Rejection) else header.length  # fill, cut inside its header
        parts.append(stream[position : position + length])
        position += length
    assert position - len(stream) < 7  # the end of the last fill may still wait for a packet
    assert [part for part in parts if part[0] != 0x07] == sent
    for number, (zone, pointer) in enumerate(zones):
        here = [start for start in starts if number * zone_length <= start < (number + 1) * zone_length]
        assert len(zone) == zone_length
        assert pointer == (min(here) - number * zone_length if here else NO_PACKET_START)


def test_a_full_queue_refuses_and_counts() -> None:
    channel = VirtualChannel(211, capacity=250)
    first, refused, third, fourth = (packet(number, size) for number, size in enumerate((200, 51, 50, 100)))
    assert channel.add(first)
    assert not channel.add(refused)
    assert channel.add(third)
    assert (channel.refused, channel.pending) == (1, 250)
    zone = channel.take()
    assert zone
    assert channel.add(fourth)
    kept = [part for part in packets_of([zone, *drain(channel)]) if decode_header(part).apid != 0x7FF]
    assert kept == [first, third, fourth]
    assert channel.refused == 1


def test_memory_stays_flat_whether_or_not_the_queue_ever_empties() -> None:
    channel = VirtualChannel(211)
    peaks = []
    for _ in range(2):
        tracemalloc.start()
        for number in range(3000):
            channel.add(packet(number, 211))
            if number:
                channel.take()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert channel.pending == 422  # never drained
    assert max(peaks) < 400_000


def test_idle_packet_of_a_whole_zone_is_never_sent_alone() -> None:
    channel = VirtualChannel(100)
    channel.add(idle_packet(100))
    assert len(drain(channel)) == 1


def test_packets_that_fill_a_zone_exactly_need_no_fill() -> None:
    channel = VirtualChannel(100)
    for number in range(2):
        channel.add(packet(number, 100))
        assert drain(channel) == [(packet(number, 100), 0)]
