from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import (
    ONLY_IDLE,
    SYNC_MARKER,
    Clcw,
    LinkCounters,
    PacketType,
    Reason,
    ReceivedPacket,
    TmFrameConfig,
    TmFrameMaker,
    TmReceiver,
    append_crc,
    attach_sync_marker,
    encode_clcw,
    encode_packet,
)

CONFIG = TmFrameConfig(42)
IDLE_CLCW = encode_clcw(Clcw(0))


def packet(number: int, size: int = 211) -> bytes:
    return encode_packet(PacketType.TELEMETRY, 5, number, bytes([number % 251]) * (size - 6))


def made(*numbers: int, vc: int = 0, config: TmFrameConfig = CONFIG, clcw: int = IDLE_CLCW) -> list[bytes]:
    """One frame for each packet of one zone."""
    maker = TmFrameMaker(config)
    return [maker.make(vc, packet(number, config.zone_length), 0, clcw) for number in numbers]


def stream(frames: list[bytes]) -> bytes:
    return b"".join(attach_sync_marker(frame) for frame in frames)


def altered(frame: bytes, place: int, value: int) -> bytes:
    """With a matching checksum."""
    body = bytearray(frame[:-2])
    body[place] = value
    return append_crc(bytes(body))


def test_packets_with_their_channel_and_the_frames_as_they_came() -> None:
    receiver = TmReceiver(CONFIG)
    frames = made(0, 1, vc=2)
    assert receiver.receive(stream(frames)) == [ReceivedPacket(2, packet(0)), ReceivedPacket(2, packet(1))]
    assert isinstance(receiver.receive(stream(made(0, vc=1)))[0], ReceivedPacket)
    assert receiver.frames == made(0, vc=1), "those of the last call only"
    assert receiver.counters == LinkCounters(frames=3, packets=3)
    receiver.receive(b"")
    assert receiver.frames == []


@pytest.mark.parametrize("frame_length", [19, 223, 1115, 2048])
def test_every_frame_length(frame_length: int) -> None:
    config = TmFrameConfig(1023, frame_length)
    receiver = TmReceiver(config)
    found = receiver.receive(stream(made(*range(5), config=config)))
    assert [one.packet for one in found] == [packet(number, config.zone_length) for number in range(5)]


def test_archived_frames_give_the_same_packets() -> None:
    live, replay = TmReceiver(CONFIG), TmReceiver(CONFIG)
    frames = made(0, 1, 2, 3)
    assert live.receive(stream(frames)) == [one for frame in frames for one in replay.receive_frame(frame)]
    assert live.counters == replay.counters


def test_counts_wrap_at_eight_bits_without_a_gap() -> None:
    receiver = TmReceiver(CONFIG)
    assert len(receiver.receive(stream(made(*range(600))))) == 600
    assert (receiver.counters.vc_gaps, receiver.counters.lost_frames) == (0, 0)


@pytest.mark.parametrize("lost", [1, 5, 100, 255])
def test_a_gap_is_counted_with_its_length(lost: int) -> None:
    frames = made(*range(300))
    receiver = TmReceiver(CONFIG)
    receiver.receive(stream(frames[:10] + frames[10 + lost :]))
    assert (receiver.counters.vc_gaps, receiver.counters.lost_frames) == (1, lost)


def test_a_gap_on_one_channel_leaves_the_others_alone() -> None:
    maker = TmFrameMaker(CONFIG)
    first, last = maker.make(1, packet(7, 300)[:211], 0, IDLE_CLCW), packet(7, 300)[211:] + packet(8, 122)
    others = [maker.make(0, packet(number), 0, IDLE_CLCW) for number in range(3)]
    receiver = TmReceiver(CONFIG)
    found = receiver.receive(stream([first, others[0], others[2], maker.make(1, last, 89, IDLE_CLCW)]))
    assert found == [(0, packet(0)), (0, packet(2)), (1, packet(7, 300)), (1, packet(8, 122))]
    assert (receiver.counters.vc_gaps, receiver.counters.lost_frames) == (1, 1)


def test_a_frame_that_comes_twice_counts_once() -> None:
    frames = made(0, 1, 2)
    receiver = TmReceiver(CONFIG)
    found = receiver.receive(stream([frames[0], frames[0], frames[1], frames[1], frames[1], frames[2]]))
    assert [one.packet for one in found] == [packet(0), packet(1), packet(2)]
    assert receiver.counters.repeated_frames == 3
    assert receiver.counters.vc_gaps == 0


def test_every_truncation_and_every_flipped_bit_is_counted() -> None:
    frame = made(0)[0]
    for size in range(len(frame)):
        receiver = TmReceiver(CONFIG)
        assert receiver.receive_frame(frame[:size]) == []
        assert receiver.counters.rejections == {Reason.LENGTH: 1}
    for bit in range(8 * len(frame)):
        spoilt = bytearray(frame)
        spoilt[bit // 8] ^= 0x80 >> bit % 8
        receiver = TmReceiver(CONFIG)
        assert receiver.receive_frame(bytes(spoilt)) == []
        assert receiver.counters == LinkCounters(bad_error_control=1)


FRAME = made(0)[0]
STRANGE = {
    "another spacecraft": (altered(FRAME, 1, FRAME[1] ^ 0x10), Reason.SPACECRAFT),
    "another version": (altered(FRAME, 0, FRAME[0] | 0x40), Reason.VERSION),
    "synchronous data": (altered(FRAME, 4, FRAME[4] | 0x40), Reason.FRAME_TYPE),
    "secondary header longer than the frame": (
        append_crc(made(0, config=TmFrameConfig(42, 50))[0][:4] + b"\x98\0\x3f" + bytes(37) + b"\1\0\0\0"),
        Reason.LENGTH,
    ),
    "secondary header that leaves no room": (
        append_crc(made(0, config=TmFrameConfig(42, 50))[0][:4] + b"\x98\0\x25" + bytes(37) + b"\1\0\0\0"),
        Reason.LENGTH,
    ),
}


@pytest.mark.parametrize(("frame", "reason"), STRANGE.values(), ids=STRANGE)
def test_good_checksums_on_strange_frames(frame: bytes, reason: Reason) -> None:
    receiver = TmReceiver(TmFrameConfig(42, len(frame)))
    assert receiver.receive(attach_sync_marker(frame)) == []
    assert receiver.counters.rejections == {reason: 1}
    assert receiver.counters.frames == 1
    assert receiver.frames == [frame]


def test_a_frame_without_packets_cuts_the_packet_under_way() -> None:
    maker = TmFrameMaker(CONFIG)
    first, middle, last = packet(0, 300)[:211], bytes(211), packet(0, 300)[211:] + packet(1, 122)
    frames = [
        maker.make(0, zone, pointer, IDLE_CLCW) for zone, pointer in ((first, 0), (middle, 0), (last, 89))
    ]
    frames[1] = altered(frames[1], 4, frames[1][4] | 0x40)
    receiver = TmReceiver(CONFIG)
    assert receiver.receive(stream(frames)) == [ReceivedPacket(0, packet(1, 122))]
    assert receiver.counters.rejections == {Reason.FRAME_TYPE: 1, Reason.PACKET_LOST: 1}


@pytest.mark.parametrize("first", [0x06, 0x46, 0xC6])
def test_a_secondary_header_is_stepped_over(first: int) -> None:
    """Six bits are its length - 1, the upper two a version."""
    config = TmFrameConfig(42, 223)
    header = bytes([first]) + bytes(6)
    zone = header + packet(1, 204)
    frame = TmFrameMaker(config).make(0, zone, 0, IDLE_CLCW)
    marked = altered(frame, 4, frame[4] | 0x80)
    receiver = TmReceiver(config)
    assert receiver.receive_frame(marked) == [ReceivedPacket(0, packet(1, 204))]


def test_without_operational_control_field_the_zone_is_longer_and_there_is_no_clcw() -> None:
    bare = append_crc(bytes([42 >> 4, (42 & 15) << 4, 0, 0, 0x18, 0]) + packet(3, 215))
    receiver = TmReceiver(CONFIG)
    assert receiver.receive_frame(bare) == [ReceivedPacket(0, packet(3, 215))]
    assert receiver.clcws == {}


def test_idle_frames_are_counted_and_give_nothing() -> None:
    maker = TmFrameMaker(CONFIG)
    receiver = TmReceiver(CONFIG)
    assert receiver.receive(stream([maker.make_idle(IDLE_CLCW) for _ in range(300)])) == []
    assert receiver.counters == LinkCounters(frames=300, idle_frames=300)


def test_control_words_are_kept_for_each_command_channel() -> None:
    """Euclid alternates the words of two channels frame by frame."""
    maker = TmFrameMaker(CONFIG)
    receiver = TmReceiver(CONFIG)
    for value in range(6):
        clcw = Clcw(1 + value % 2, report_value=value)
        receiver.receive(attach_sync_marker(maker.make_idle(encode_clcw(clcw))))
        assert receiver.clcws[1 + value % 2] == clcw
    assert receiver.clcws == {1: Clcw(1, report_value=4), 2: Clcw(2, report_value=5)}


def test_control_words_come_from_good_frames_alone() -> None:
    receiver = TmReceiver(CONFIG)
    frame = TmFrameMaker(CONFIG).make_idle(encode_clcw(Clcw(1, report_value=9)))
    receiver.receive(attach_sync_marker(frame[:-1] + bytes([frame[-1] ^ 1])))
    assert receiver.clcws == {}
    other = TmFrameMaker(TmFrameConfig(43)).make_idle(encode_clcw(Clcw(1, report_value=9)))
    receiver.receive(attach_sync_marker(other))
    assert receiver.clcws == {}


def test_a_word_that_is_no_clcw_is_counted_and_the_packets_still_come() -> None:
    receiver = TmReceiver(CONFIG)
    assert len(receiver.receive(stream(made(0, clcw=0x8000_0000)))) == 1
    assert receiver.clcws == {}
    assert receiver.counters.rejections == {Reason.FIELD: 1}


@given(st.binary(max_size=900), st.integers(1, 300))
def test_any_bytes(data: bytes, size: int) -> None:
    receiver = TmReceiver(TmFrameConfig(42, 19))
    for start in range(0, len(data), size):
        receiver.receive(data[start : start + size])
    counters = receiver.counters
    assert counters.frames * 23 + counters.skipped_octets + receiver.held == len(data)


@given(st.lists(st.binary(min_size=29, max_size=29), max_size=30), st.booleans())
def test_any_frames_behind_a_good_checksum(bodies: list[bytes], ours: bool) -> None:
    """What an undetected error or another's transmitter might say: headers, pointers and packets at random."""
    receiver = TmReceiver(TmFrameConfig(42, 31, longest_packet=100))
    for body in bodies:
        frame = append_crc(bytes([42 >> 4, (42 & 15) << 4 | body[1] & 15]) + body[2:] if ours else body)
        for one in receiver.receive(SYNC_MARKER + (frame + bytes(31))[:31]):
            assert 7 <= len(one.packet) <= 100
    assert len(receiver.clcws) <= 64


def test_pointer_to_only_idle_data_on_a_channel_with_packets() -> None:
    maker = TmFrameMaker(CONFIG)
    receiver = TmReceiver(CONFIG)
    frames = [
        maker.make(0, packet(0, 300)[:211], 0, IDLE_CLCW),
        maker.make(0, bytes(211), ONLY_IDLE, IDLE_CLCW),
        maker.make(0, packet(0, 300)[211:] + packet(1, 122), 89, IDLE_CLCW),
    ]
    assert [one.packet for one in receiver.receive(stream(frames))] == [packet(0, 300), packet(1, 122)]
