from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import Reason, TcFrameType, encode_tc_frame
from flight.wire.coding import (
    IDLE_OCTET,
    LONGEST_CLTU_DATA,
    TAIL_SEQUENCE,
    TELECOMMAND_REGISTER,
    BchMode,
    CltuReceiver,
    Randomiser,
    bch,
    cltu,
    encode_blocks,
    encode_cltu,
    telecommand_randomiser,
)
from flight.wire.crc import append_crc

SPACECRAFT = 42
RANDOMISER = telecommand_randomiser()


def frame(length: int = 30, seed: int = 0) -> bytes:
    return encode_tc_frame(SPACECRAFT, 0, random.Random(seed).randbytes(length))


def unit(*frames: bytes) -> bytes:
    return encode_cltu(b"".join(frames), RANDOMISER)


def new_receiver(mode: BchMode = BchMode.CORRECT, longest: int = 1024) -> CltuReceiver:
    return CltuReceiver(SPACECRAFT, RANDOMISER, mode, longest)


def in_pieces(receiver: CltuReceiver, stream: bytes, size: int) -> list[bytes]:
    found = []
    for start in range(0, len(stream), size):
        found += receiver.receive(stream[start : start + size])
        assert receiver.held < 2 + 8 * 147 + size
    return found


def accounted(receiver: CltuReceiver) -> int:
    counters = receiver.counters
    return counters.cltu_octets + counters.skipped_octets + receiver.held - receiver.overlapped_octets


@pytest.fixture(scope="module")
def recorded(tc_vectors):
    return [(tc_vectors[f"TC_FRAME_0{n}"], tc_vectors[f"CLTU_0{n}"]) for n in (1, 2)]


def test_units_are_as_recorded_but_for_their_legacy_tail(recorded) -> None:
    for sent, line in recorded:
        made = encode_cltu(sent, None)
        assert made[:-8] == line[:-8]
        assert made.endswith(TAIL_SEQUENCE)
        assert line.endswith(b"\x55" * 8)


@pytest.mark.parametrize("mode", BchMode)
def test_recorded_units_are_read_with_their_legacy_tail(recorded, mode) -> None:
    receiver = CltuReceiver(758, None, mode)
    assert receiver.receive(b"".join(line for _, line in recorded)) == [sent for sent, _ in recorded]


def test_the_randomiser_covers_frames_and_neither_start_nor_fill() -> None:
    sent = frame(4)
    blocks = encode_blocks(RANDOMISER.apply(sent))
    assert unit(sent) == b"\xeb\x90" + blocks + b"\xc5" * 7 + b"\x79"
    assert blocks[12:15] == b"\x55" * 3


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 64, 10000])
@pytest.mark.parametrize(
    "between", [b"", IDLE_OCTET * 8, b"\xeb", b"\xeb\x90", b"boot: ok\r\n", TAIL_SEQUENCE]
)
@pytest.mark.parametrize("mode", BchMode)
def test_units_back_to_back_or_with_anything_between(size: int, between: bytes, mode: BchMode) -> None:
    frames = [frame(length, length) for length in (1, 3, 7, 250, 1017)]
    receiver = new_receiver(mode)
    stream = b"".join(between + unit(one) for one in frames) + between
    assert in_pieces(receiver, stream, size) + receiver.flush() == frames
    assert receiver.counters.cltus == receiver.counters.frames == len(frames)
    assert accounted(receiver) == len(stream)
    if not between:
        assert receiver.counters.skipped_octets == 0


@pytest.mark.parametrize("size", [1, 8, 10000])
def test_several_frames_in_one_unit(size: int) -> None:
    frames = [frame(length, length) for length in (1, 2, 3, 4, 5, 6, 7, 8, 100)]
    receiver = new_receiver()
    stream = unit(*frames) + unit(frames[0])
    assert in_pieces(receiver, stream, size) == [*frames, frames[0]]
    assert receiver.counters.cltus == 2
    assert accounted(receiver) == len(stream)


@pytest.mark.slow
def test_a_unit_of_the_greatest_length() -> None:
    frames = [frame(1017, seed) for seed in range(LONGEST_CLTU_DATA // 1024)]
    receiver = new_receiver()
    assert in_pieces(receiver, unit(*frames) + unit(frame()), 500) == [*frames, frame()]


def test_a_frame_beyond_the_greatest_unit_is_not_waited_for() -> None:
    octets = b"".join(frame(1017, seed) for seed in range(9))
    randomiser = Randomiser(TELECOMMAND_REGISTER, len(octets))
    line = b"\xeb\x90" + encode_blocks(randomiser.apply(octets)) + TAIL_SEQUENCE
    receiver = new_receiver()
    assert len(receiver.receive(line + unit(frame()))) == 9
    assert receiver.receive(b"") == []
    assert accounted(receiver) == len(line) + len(unit(frame()))


def test_a_frame_is_given_out_before_its_tail() -> None:
    assert new_receiver().receive(unit(frame())[: -len(TAIL_SEQUENCE)]) == [frame()]


def test_each_single_flipped_bit_of_a_unit_is_mended() -> None:
    """Start sequence, codeblocks and tail; and the unit behind it never suffers."""
    line, following = unit(frame(9)), unit(frame(20, 1))
    for bit in range(8 * len(line)):
        spoilt = bytearray(line)
        spoilt[bit // 8] ^= 0x80 >> bit % 8
        receiver = new_receiver()
        assert receiver.receive(bytes(spoilt) + following) == [frame(9), frame(20, 1)], bit
        assert receiver.counters.skipped_octets == 0
        assert receiver.counters.corrected_bits == (16 <= bit < 8 * (len(line) - 8) and bit % 64 != 15)


def test_each_single_flipped_bit_is_refused_when_detecting_and_the_next_unit_is_taken() -> None:
    line, following = unit(frame(9)), unit(frame(20, 1))
    for bit in range(8 * (len(line) - 8)):
        spoilt = bytearray(line)
        spoilt[bit // 8] ^= 0x80 >> bit % 8
        receiver = new_receiver(BchMode.DETECT)
        found = receiver.receive(bytes(spoilt) + following)
        filler = bit >= 16 and bit % 64 == 15
        assert found == [frame(9), frame(20, 1)][not filler :], bit


@pytest.mark.parametrize("mode", BchMode)
def test_octets_lost_added_or_cut_cost_one_unit(mode: BchMode) -> None:
    line, following = unit(frame(60)), unit(frame(20, 1))
    end = len(line) - len(TAIL_SEQUENCE)
    for place in range(len(line)):
        for spoilt in (line[:place] + line[place + 1 :], line[:place] + b"\xff" + line[place:], line[:place]):
            receiver = new_receiver(mode)
            found = receiver.receive(spoilt + following) + receiver.flush()
            assert found[-1] == frame(20, 1), place
            assert len(found) == 1 or place in {0, *range(end - 8, len(line))}, place
            assert accounted(receiver) == len(spoilt + following)


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_a_start_sequence_taken_for_the_end_of_a_cut_unit_is_found(size: int) -> None:
    """One frame in 128 has a last block whose parity is EB, the first octet of the start sequence behind it."""
    parities = (b"\xea" + TAIL_SEQUENCE, b"\xeb" + TAIL_SEQUENCE)  # the filler bit is not checked
    seed = next(seed for seed in range(10_000) if unit(frame(2, seed)).endswith(parities))
    line = unit(frame(2, seed))[: -len(TAIL_SEQUENCE) - 1] + unit(frame(3))
    receiver = new_receiver()
    assert in_pieces(receiver, line, size) == [frame(2, seed), frame(3)]
    assert receiver.overlapped_octets == 1
    assert accounted(receiver) == len(line)


def mended(block: bytes) -> bytes:
    return bch.decode_blocks(block, BchMode.CORRECT).data


def test_even_when_its_first_octet_was_the_last_of_the_frame() -> None:
    """A cut frame whose last octet is EB, first of its codeblock; the rest of the block is mended, and not needed."""
    cut = next(one for seed in range(10_000) if RANDOMISER.apply((one := frame(1, seed))[-1:], 7) == b"\xeb")
    last = next(one for seed in range(1000) if mended(unit(one := frame(3, seed))[:8]).startswith(b"\xeb"))
    receiver = new_receiver()
    assert receiver.receive(unit(cut)[:10] + unit(last)) == [cut, last]
    assert receiver.overlapped_octets == 8


def test_a_unit_whose_header_says_too_much_does_not_hold_the_next_one() -> None:
    """A checksum that holds for a length field that lies: the wait ends at the first refused block."""
    lying = bytearray(frame(20))
    lying[2] |= 3
    receiver = new_receiver(BchMode.DETECT)
    assert receiver.receive(encode_cltu(bytes(lying), RANDOMISER) + unit(frame(3))) == [frame(3)]
    assert receiver.counters.rejections == {Reason.CHECKSUM: 1}
    assert receiver.counters.refused_blocks == 1


def test_a_unit_that_is_cut_is_given_up_by_flush() -> None:
    receiver = new_receiver()
    assert receiver.receive(unit(frame(100))[:40]) == []
    assert receiver.held == 40
    assert receiver.flush() == []
    assert receiver.held == 0
    assert receiver.counters.skipped_octets == 40
    assert receiver.receive(unit(frame(3))) == [frame(3)]


def test_what_is_not_for_us_is_refused_with_its_reason() -> None:
    foreign = encode_tc_frame(7, 0, b"abc")
    bad_checksum = frame(9)[:-1] + bytes([frame(9)[-1] ^ 1])
    illegal = append_crc(bytes([0x10 | SPACECRAFT >> 8, SPACECRAFT, 0, 9, 0]) + b"abc")
    for octets, reason in (
        (foreign, Reason.SPACECRAFT),
        (bad_checksum, Reason.CHECKSUM),
        (illegal, Reason.FRAME_TYPE),
        (b"\x40" + frame(9)[1:], Reason.VERSION),
        (b"\x0c" + frame(9)[1:], Reason.FIELD),
        (frame(200), Reason.TOO_LONG),
    ):
        receiver = new_receiver(longest=100)
        assert receiver.receive(unit(octets) + unit(frame(3))) == [frame(3)]
        assert receiver.counters.rejections == {reason: 1}


def test_every_type_of_frame_is_carried() -> None:
    frames = [encode_tc_frame(SPACECRAFT, 3, b"\0", kind) for kind in TcFrameType]
    assert new_receiver().receive(b"".join(map(unit, frames))) == frames


parts = st.lists(st.one_of(st.binary(max_size=40), st.integers(0, 5), st.just(b"\xeb\x90")), max_size=8)


@given(parts, st.integers(1, 100), st.sampled_from(BchMode))
def test_whole_units_are_always_found_and_cutting_changes_nothing(parts, size, mode) -> None:
    sent = [frame(3 * part + 1, part) for part in parts if isinstance(part, int)]
    stream = b"".join(unit(frame(3 * part + 1, part)) if isinstance(part, int) else part for part in parts)
    whole, cut = new_receiver(mode), new_receiver(mode)
    found = whole.receive(stream) + whole.flush()
    assert found == sent
    assert in_pieces(cut, stream, size) + cut.flush() == found
    assert whole.counters == cut.counters
    assert accounted(whole) == accounted(cut) == len(stream)


def nested_starts(mode: BchMode) -> bytes:
    """Eight octets whose endless repetition is a start sequence and a header of ours at every turn, all blocks
    good: the most that octets can ask of the receiver."""
    masked = RANDOMISER.apply(frame(1017)[:5] + b"\0\0")[:5]
    for last in range(256):
        turn = b"\xeb\x90" + masked + bytes([last])
        block = (turn + turn)[2:10]
        if not bch.decode_blocks(block, mode).refused:
            return turn
    raise AssertionError


@pytest.mark.slow
@pytest.mark.parametrize("unit_of", ["nested", "starts", "zeros", "units", "tails"])
@pytest.mark.parametrize("piece", [1, 100, 10**6])
def test_cost_is_linear_whatever_comes(unit_of: str, piece: int, monkeypatch, calls_of) -> None:
    """Calls, and codeblocks decoded: at most one longest frame's for each start sequence."""
    octets = {
        "nested": nested_starts(BchMode.CORRECT),
        "starts": b"\xeb\x90",
        "zeros": bytes(8),
        "units": unit(frame(3)),
        "tails": TAIL_SEQUENCE,
    }[unit_of]
    octets *= 64 // len(octets) or 1
    blocks = []

    def counted(data: bytes, mode: BchMode):
        blocks.append(len(data) // 8)
        return bch.decode_blocks(data, mode)

    def cost(repeats: int) -> tuple[int, int]:
        receiver, stream = new_receiver(), octets * repeats
        blocks.clear()
        pieces = [stream[start : start + piece] for start in range(0, len(stream), piece)]
        calls = calls_of(lambda: [receiver.receive(one) for one in pieces])
        return calls, sum(blocks)

    monkeypatch.setattr(cltu, "decode_blocks", counted)
    once, twice, thrice = cost(60), cost(120), cost(180)
    assert once[0] > 0
    for first, second, third in zip(once, twice, thrice, strict=True):
        assert third - second <= 1.05 * (second - first) + 200  # an awaited frame more or less
    assert thrice[1] <= 147 / 8 * 180 * len(octets)


def test_nested_starts_ask_for_a_whole_frame_each() -> None:
    """That the worst case above is one."""
    receiver = new_receiver()
    assert receiver.receive(nested_starts(BchMode.CORRECT) * 400) == []
    assert receiver.counters.rejections[Reason.CHECKSUM] > 200
