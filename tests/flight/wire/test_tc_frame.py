# mypy: disable-error-code="union-attr"
from __future__ import annotations

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import (
    LONGEST_TC_DATA,
    START_SEQUENCE,
    Clcw,
    Reason,
    Rejection,
    TcFrame,
    TcFrameHeader,
    TcFrameType,
    TcReceiver,
    append_crc,
    attach_start_sequence,
    crc,
    crc16,
    decode_clcw,
    decode_tc_frame,
    decode_tc_header,
    encode_tc,
    encode_tc_frame,
    idle_packet,
)
from flight.wire.definitions import tc_frame

SPACECRAFT = 42
PING = encode_tc(1, 0, 17, 1, b"")
FRAME = encode_tc_frame(SPACECRAFT, 0, PING)


def sent(*packets: bytes, **other) -> bytes:
    return attach_start_sequence(encode_tc_frame(SPACECRAFT, 0, b"".join(packets), **other))


def accounted(receiver: TcReceiver, data: bytes) -> bool:
    """Accepted frames are only PING's here."""
    good = receiver.counters.frames * len(sent(PING))
    return good + receiver.counters.skipped_octets + receiver.held == len(data)


@given(
    st.integers(0, 1023),
    st.integers(0, 63),
    st.binary(min_size=1, max_size=60),
    st.sampled_from(TcFrameType),
    st.integers(0, 255),
)
def test_round_trip_and_definition(spacecraft, vc, data, kind, sequence) -> None:
    sequence = sequence if kind is TcFrameType.AD else 0
    frame = encode_tc_frame(spacecraft, vc, data, kind, sequence)
    header = TcFrameHeader(kind, spacecraft, vc, len(frame), sequence)
    assert decode_tc_frame(frame) == TcFrame(header, data)
    assert decode_tc_header(frame) == header
    built = tc_frame.build(
        {
            "header": {
                "version": 0,
                "bypass": kind is not TcFrameType.AD,
                "control_command": kind is TcFrameType.BC,
                "spare": 0,
                "spacecraft_id": spacecraft,
                "virtual_channel": vc,
                "frame_length": len(frame) - 1,
                "sequence": sequence,
            },
            "data": data,
            "error_control": crc16(frame[:-2]),
        }
    )
    assert frame == built


def test_sequence_numbers_wrap_at_eight_bits_and_belong_to_type_ad() -> None:
    for number in (255, 256, 257):
        frame = decode_tc_frame(encode_tc_frame(1, 0, b"x", TcFrameType.AD, number))
        assert frame.header.sequence == number % 256
    with pytest.raises(AssertionError):
        encode_tc_frame(1, 0, b"x", TcFrameType.BD, 1)


def test_longest_frame() -> None:
    assert len(encode_tc_frame(1, 0, bytes(LONGEST_TC_DATA))) == 1024
    for size in (0, LONGEST_TC_DATA + 1):
        with pytest.raises(AssertionError):
            encode_tc_frame(1, 0, bytes(size))


def test_every_truncation_and_every_flipped_bit_is_rejected() -> None:
    for size in range(len(FRAME)):
        assert isinstance(decode_tc_frame(FRAME[:size]), Rejection)
    for bit in range(8 * len(FRAME)):
        spoilt = bytearray(FRAME)
        spoilt[bit // 8] ^= 0x80 >> bit % 8
        assert isinstance(decode_tc_frame(bytes(spoilt)), Rejection), bit
    assert decode_tc_frame(FRAME + b"\0").reason is Reason.LENGTH


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (0, FRAME[0] | 0x40, Reason.VERSION),
        (0, FRAME[0] | 0x04, Reason.FIELD),
        (0, 0x10, Reason.FRAME_TYPE),
        (3, 6, Reason.LENGTH),
    ],
)
def test_strange_headers_with_a_good_checksum(place: int, value: int, reason: Reason) -> None:
    body = bytearray(FRAME[:-2])
    body[place] = value
    frame = append_crc(bytes(body))
    assert decode_tc_frame(frame).reason is reason
    receiver = TcReceiver(SPACECRAFT)
    assert receiver.receive(attach_start_sequence(frame) + sent(PING)) == [PING]
    assert receiver.counters.rejections[reason] == 1


@given(st.binary(max_size=80), st.booleans())
def test_any_bytes_decode_or_are_rejected(data: bytes, with_crc: bool) -> None:
    assert isinstance(decode_tc_frame(append_crc(data) if with_crc else data), TcFrame | Rejection)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 19, 1000])
@pytest.mark.parametrize("garbage", [b"", b"\x55" * 9, b"\xeb", b"\xeb\xeb", b"\xeb\x90\xff", b"login:\r\n"])
def test_pieces_of_any_size_and_garbage_anywhere(size: int, garbage: bytes) -> None:
    receiver = TcReceiver(SPACECRAFT)
    stream = garbage + sent(PING) + garbage + sent(PING) + sent(PING) + garbage
    found = []
    for start in range(0, len(stream), size):
        found += receiver.receive(stream[start : start + size])
    assert found == [PING] * 3
    assert receiver.counters.packets == receiver.counters.frames == 3
    assert accounted(receiver, stream)
    receiver.flush()
    assert receiver.held == 0
    assert accounted(receiver, stream)


def test_several_packets_in_a_frame_in_order_without_idle_ones() -> None:
    packets = [encode_tc(1, number, 8, 1, bytes(number)) for number in range(5)]
    receiver = TcReceiver(SPACECRAFT)
    assert receiver.receive(sent(*packets[:2], idle_packet(30), *packets[2:])) == packets
    assert (receiver.counters.packets, receiver.counters.idle_packets) == (5, 1)


def test_rubbish_behind_a_packet_is_counted_once() -> None:
    receiver = TcReceiver(SPACECRAFT)
    assert receiver.receive(sent(PING, b"\x18\x01")) == [PING]
    assert receiver.counters.rejections == {Reason.TOO_SHORT: 1}


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (encode_tc_frame(SPACECRAFT + 1, 0, PING), Reason.SPACECRAFT),
        (encode_tc_frame(SPACECRAFT, 1, PING), Reason.CHANNEL),
        (encode_tc_frame(SPACECRAFT, 0, PING, TcFrameType.AD, 4), Reason.FRAME_TYPE),
        (encode_tc_frame(SPACECRAFT, 0, b"\0", TcFrameType.BC), Reason.FRAME_TYPE),
        (encode_tc_frame(SPACECRAFT, 0, bytes(95)), Reason.TOO_LONG),
    ],
)
def test_frames_that_are_not_for_this_receiver(frame: bytes, reason: Reason) -> None:
    receiver = TcReceiver(SPACECRAFT, longest_frame=100)
    stream = attach_start_sequence(frame) + sent(PING)
    assert receiver.receive(stream) == [PING]
    assert receiver.counters.rejections == {reason: 1}
    assert accounted(receiver, stream)


def test_every_flipped_bit_on_the_line_is_counted_and_costs_that_frame_alone() -> None:
    for bit in range(16, 8 * len(sent(PING))):
        spoilt = bytearray(sent(PING))
        spoilt[bit // 8] ^= 0x80 >> bit % 8
        receiver = TcReceiver(SPACECRAFT)
        found = receiver.receive(bytes(spoilt) + sent(PING)) + receiver.flush()
        assert found == [PING], bit
        assert receiver.counters.rejections.total() == 1


def test_a_cut_frame_waits_and_flush_ends_the_wait() -> None:
    for size in range(2, len(sent(PING))):
        receiver = TcReceiver(SPACECRAFT)
        assert receiver.receive(sent(PING)[:size]) == []
        assert receiver.held == size
        assert receiver.flush() == []
        assert receiver.counters.rejections.total() == 1
        assert receiver.held == 0
        assert receiver.receive(sent(PING)) == [PING]


def test_a_frame_swallowed_by_the_length_of_a_cut_one_comes_out() -> None:
    long = attach_start_sequence(encode_tc_frame(SPACECRAFT, 0, bytes(900)))[:50]
    receiver = TcReceiver(SPACECRAFT)
    assert receiver.receive(long + sent(PING)) == []
    assert receiver.flush() == [PING]
    other = TcReceiver(SPACECRAFT)
    found = other.receive(long)
    for _ in range(50):
        found += other.receive(sent(PING))
    assert len(found) == 50
    assert other.held == 0


def test_control_word_counts_accepted_frames_modulo_four() -> None:
    receiver = TcReceiver(SPACECRAFT, vc=3)
    line = attach_start_sequence(encode_tc_frame(SPACECRAFT, 3, PING + PING))
    for number in range(6):
        assert decode_clcw(receiver.clcw()) == Clcw(3, farm_b_counter=number % 4)
        receiver.receive(line + b"noise" + attach_start_sequence(encode_tc_frame(9, 3, PING)))


@given(
    st.lists(st.one_of(st.binary(max_size=40), st.just(sent(PING)), st.just(START_SEQUENCE))),
    st.integers(1, 90),
)
def test_any_bytes_and_cutting_changes_nothing(parts: list[bytes], size: int) -> None:
    stream = b"".join(parts)
    whole, cut = TcReceiver(SPACECRAFT), TcReceiver(SPACECRAFT)
    found = []
    for start in range(0, len(stream), size):
        found += cut.receive(stream[start : start + size])
        assert cut.held < 2 + 1024
    assert found + cut.flush() == whole.receive(stream) + whole.flush()
    assert whole.counters == cut.counters
    assert whole.held == 0


@pytest.mark.parametrize(
    ("unit", "longest"),
    [
        (b"\xeb", 0),
        (b"\xeb\x90", 0),
        (START_SEQUENCE + FRAME[:5], len(FRAME)),
        (START_SEQUENCE + b"\x20\x2a\x03\xff\0", 1024),
        (sent(PING), len(FRAME)),
    ],
)
@pytest.mark.parametrize("piece", [1, 10**6])
def test_cost_is_linear_whatever_comes(unit: bytes, longest: int, piece: int, monkeypatch, calls_of) -> None:
    """Calls, and octets through the checksum: at most one longest frame for each start sequence and header."""
    work = []

    def counted(data: bytes, start: int) -> int:
        work.append(len(data))
        return binascii.crc_hqx(data, start)

    def cost(repeats: int) -> tuple[int, int]:
        receiver, stream = TcReceiver(SPACECRAFT), unit * repeats
        work.clear()
        pieces = [stream[start : start + piece] for start in range(0, len(stream), piece)]
        return calls_of(lambda: [receiver.receive(one) for one in pieces]), sum(work)

    monkeypatch.setattr(crc, "crc_hqx", counted)
    once, twice = cost(150), cost(300)
    waiting = longest / len(unit)  # starts that still wait for the length they announce
    assert once[0] > 0
    assert twice[0] <= 2 * once[0] + 60 * waiting + 60
    assert twice[1] <= 2 * once[1] + longest * waiting + longest


@pytest.mark.peer
def test_spacepylibrary_frames(tc_vectors) -> None:
    """Recorded frames of type BD; the data is a segment, whose header is not ours to read."""
    for number, length in ((1, 256), (2, 36)):
        frame, segment = tc_vectors[f"TC_FRAME_0{number}"], tc_vectors[f"TC_SEGMENT_0{number}"]
        assert decode_tc_frame(frame) == TcFrame(TcFrameHeader(TcFrameType.BD, 758, 0, length, 0), segment)
        assert encode_tc_frame(758, 0, segment) == frame
        receiver = TcReceiver(SPACECRAFT)
        assert receiver.receive(attach_start_sequence(frame)) == []
        assert receiver.counters.rejections == {Reason.SPACECRAFT: 1}
