from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import SYNC_MARKER, TmFrameConfig, TmFrameMaker, append_crc
from flight.wire.coding import (
    CORRECTABLE,
    FLYWHEEL_BLOCKS,
    MARKER_BIT_ERRORS,
    CaduSync,
    SyncState,
    TmCodec,
    TmCoding,
    TmRandomisation,
)

PLAIN = TmCoding(40)
CODED = TmCoding(60, interleave=2, randomisation=TmRandomisation.SHORT)
CODED_ALONE = TmCoding(60, interleave=1, error_control=False)
UNVERIFIED = TmCoding(40, error_control=False)
CODINGS = {
    "plain": PLAIN,
    "coded": CODED,
    "coded, no checksum": CODED_ALONE,
    "long randomiser": TmCoding(40, randomisation=TmRandomisation.LONG),
    "deepest": TmCoding(80, interleave=8),
}
CODECS = {coding: TmCodec(coding) for coding in [*CODINGS.values(), UNVERIFIED]}
every_coding = pytest.mark.parametrize("coding", CODINGS.values(), ids=CODINGS)


def frame(coding: TmCoding, number: int) -> bytes:
    octets = random.Random(number).randbytes(coding.frame_length)
    return append_crc(octets[:-2]) if coding.error_control else octets


def cadus(coding: TmCoding, *numbers: int) -> bytes:
    return b"".join(CODECS[coding].encode(frame(coding, number)) for number in numbers)


def frames(coding: TmCoding, *numbers: int) -> list[bytes]:
    return [frame(coding, number) for number in numbers]


def new_sync(coding: TmCoding) -> CaduSync:
    return CaduSync(CODECS[coding])


def in_pieces(sync: CaduSync, stream: bytes, size: int) -> list[bytes]:
    found = []
    for start in range(0, len(stream), size):
        found += sync.receive(stream[start : start + size])
    return found


def accounted(sync: CaduSync, coding: TmCoding) -> int:
    counters = sync.counters
    return counters.frames * coding.cadu_length - sync.overlapped_octets + counters.skipped_octets + sync.held


def with_errors(stream: bytes, start: int, count: int, seed: int = 0) -> bytes:
    """Wrong symbols in a row."""
    spoilt, numbers = bytearray(stream), random.Random(seed)
    for place in range(start, start + count):
        spoilt[place] ^= numbers.randrange(1, 256)
    return bytes(spoilt)


@every_coding
@pytest.mark.parametrize("size", [1, 3, 43, 44, 45, 1000])
@pytest.mark.parametrize(
    "garbage", [b"", b"\x1a", b"boot: ok\r\n", b"\x1a\xcf\xfc", SYNC_MARKER, SYNC_MARKER * 9]
)
def test_pieces_of_any_size_and_garbage_anywhere(coding: TmCoding, size: int, garbage: bytes) -> None:
    sync = new_sync(coding)
    stream = garbage + cadus(coding, 0, 1) + garbage + cadus(coding, 2) + garbage * 2 + cadus(coding, 3)
    assert in_pieces(sync, stream, size) == frames(coding, 0, 1, 2, 3)
    assert accounted(sync, coding) == len(stream)
    assert sync.counters.skipped_octets == 4 * len(garbage)
    assert sync.state is SyncState.LOCK


parts = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.integers(0, 9),
        st.just(SYNC_MARKER),
        st.tuples(st.integers(0, 9), st.integers(0, 140)),
    ),
    max_size=12,
)


@pytest.mark.slow
@given(parts, st.integers(1, 200), st.sampled_from(sorted(CODINGS)))
def test_what_arrives_whole_is_given_out_and_cutting_changes_nothing(parts, size, name) -> None:
    """Tuples are the beginnings of CADUs."""
    coding = CODINGS[name]
    stream, sent = b"", []
    for part in parts:
        if isinstance(part, bytes):
            stream += part
        elif isinstance(part, tuple):
            stream += cadus(coding, part[0])[: part[1]]
        else:
            stream += cadus(coding, part)
            sent.append(frame(coding, part))
    stream += bytes(coding.cadu_length)
    whole, cut = new_sync(coding), new_sync(coding)
    found = whole.receive(stream)
    remaining = iter(found)
    assert all(one in remaining for one in sent)
    assert in_pieces(cut, stream, size) == found
    assert whole.flush() == cut.flush() == []
    assert whole.counters == cut.counters
    assert accounted(whole, coding) == accounted(cut, coding) == len(stream)
    assert whole.state == cut.state


def test_states_from_search_to_flywheel_and_back() -> None:
    sync = new_sync(PLAIN)
    assert sync.state is SyncState.SEARCH
    sync.receive(b"noise" * 20 + cadus(PLAIN, 0)[:30])
    assert sync.state is SyncState.CHECK
    sync.receive(cadus(PLAIN, 0)[30:])
    assert sync.state is SyncState.LOCK
    for _ in range(FLYWHEEL_BLOCKS):
        sync.receive(bytes(PLAIN.cadu_length))
        assert sync.state is SyncState.FLYWHEEL
    sync.receive(bytes(PLAIN.cadu_length))
    assert sync.state is SyncState.SEARCH
    assert sync.receive(cadus(PLAIN, 1)) == frames(PLAIN, 1)
    assert sync.state is SyncState.LOCK


@every_coding
def test_a_marker_hit_anyhow_costs_nothing_behind_a_good_frame(coding: TmCoding) -> None:
    """Where frames have a checksum."""
    stream = bytearray(cadus(coding, 0, 1, 2))
    stream[coding.cadu_length : coding.cadu_length + 4] = b"\0\xff\0\xff"
    sync, checked = new_sync(coding), coding.error_control
    assert sync.receive(bytes(stream)) == frames(coding, *((0, 1, 2) if checked else (0, 2)))
    assert sync.counters.damaged_markers == checked


@pytest.mark.parametrize("octet", [b"\0", b"\xff"])
def test_a_line_at_rest_is_no_frame_though_it_is_a_codeword(octet: bytes) -> None:
    sync = new_sync(CODED_ALONE)
    assert sync.receive(cadus(CODED_ALONE, 0) + octet * 1000) == frames(CODED_ALONE, 0)


@pytest.mark.parametrize(("wrong_bits", "kept"), [(MARKER_BIT_ERRORS, True), (MARKER_BIT_ERRORS + 1, False)])
def test_behind_a_bad_frame_a_marker_may_be_hit_a_little(wrong_bits: int, kept: bool) -> None:
    """With a checksum of 16 bits; Reed-Solomon needs no marker there."""
    for coding in (PLAIN, CODED):
        length = coding.cadu_length
        stream = bytearray(with_errors(cadus(coding, 0, 1, 2, 3), length, length))
        marker = int.from_bytes(SYNC_MARKER, "big") ^ (1 << wrong_bits) - 1
        stream[2 * length : 2 * length + 4] = marker.to_bytes(4, "big")
        found = new_sync(coding).receive(bytes(stream))
        assert found == frames(coding, *((0, 2, 3) if kept or coding is CODED else (0, 3)))


def test_a_hit_marker_costs_the_frame_when_no_place_is_known() -> None:
    sync = new_sync(PLAIN)
    assert sync.receive(b"\x1b" + cadus(PLAIN, 0)[1:] + cadus(PLAIN, 1)) == frames(PLAIN, 1)


@pytest.mark.parametrize(("bad", "kept"), [(FLYWHEEL_BLOCKS, True), (FLYWHEEL_BLOCKS + 1, False)])
def test_the_flywheel_turns_so_many_blocks(bad: int, kept: bool) -> None:
    """Every marker is hit as well, so that the place alone can find the frame behind."""
    length = CODED.cadu_length
    stream = with_errors(cadus(CODED, *range(bad + 2)), length, bad * length + 4)
    assert new_sync(CODED).receive(stream) == frames(CODED, *((0, bad + 1) if kept else (0,)))


@pytest.mark.slow
@every_coding
def test_octets_lost_added_or_spoilt_cost_the_frame_they_hit_and_no_other(coding: TmCoding) -> None:
    """A lost last octet may be the next frame's first one as well as this frame's last."""
    length, stream = coding.cadu_length, cadus(coding, 0, 1, 2, 3)
    for place in range(length, 2 * length):
        for spoilt in (
            stream[:place] + stream[place + 1 :],
            stream[:place] + stream[place + 9 :],
            stream[:place] + b"login: " + stream[place:],
            with_errors(stream, place, 30),
        ):
            sync = new_sync(coding)
            found = sync.receive(spoilt + bytes(length))
            hit = 1 + (len(spoilt) < len(stream) and place + 9 > 2 * length)
            hit = 2 if len(spoilt) == len(stream) and place + 30 > 2 * length else hit
            intact = [number for number in (0, 1, 2, 3) if number not in range(1, 1 + hit)]
            assert [one for one in found if one in frames(coding, *intact)] == frames(coding, *intact), place
            assert accounted(sync, coding) == len(spoilt) + length


def test_an_octet_lost_at_the_end_of_a_codeblock_costs_nothing() -> None:
    """The block is mended with the next marker's first octet in its last place; that marker is found all the same."""
    length, stream = CODED.cadu_length, cadus(CODED, 0, 1, 2)
    for lost in range(1, CORRECTABLE):
        for size in (1, 50, 1000):
            sync = new_sync(CODED)
            spoilt = stream[: 2 * length - lost] + stream[2 * length :] + bytes(length)
            assert in_pieces(sync, spoilt, size) == frames(CODED, 0, 1, 2)
            assert sync.overlapped_octets == lost
            assert accounted(sync, CODED) == len(spoilt)


def test_even_when_more_octets_were_lost_than_can_be_mended_and_some_are_right_by_chance() -> None:
    coding, lost = CODED_ALONE, CORRECTABLE + 1
    head = SYNC_MARKER + CODECS[coding].encode(frame(coding, 1))[4:lost]
    data = next(
        data
        for seed in range(10_000)
        if any(map(int.__eq__, CODECS[coding].encode(data := frame(coding, seed))[-lost:], head))
    )
    following = cadus(coding, 1, 2)
    sync = new_sync(coding)
    assert sync.receive(CODECS[coding].encode(data)[:-lost] + following + bytes(60)) == [
        data,
        *frames(coding, 1, 2),
    ]
    assert sync.overlapped_octets == lost


def test_a_false_marker_inside_a_mended_block_moves_no_place() -> None:
    """The frame behind has only its place to be found by."""
    length = CODED.cadu_length
    stream = bytearray(with_errors(cadus(CODED, 0, 1, 2, 3), 2 * length, length + 4))
    stream[2 * length - 20 : 2 * length - 16] = SYNC_MARKER
    assert new_sync(CODED).receive(bytes(stream)) == frames(CODED, 0, 1, 3)


def test_a_damaged_frame_behind_a_slip_is_mended() -> None:
    """Whatever false marker stood before, all in one piece."""
    length = CODED.cadu_length
    slipped = cadus(CODED, 0, 1)[: 2 * length - 1] + with_errors(cadus(CODED, 2), 50, 3)
    sync = new_sync(CODED)
    assert sync.receive(SYNC_MARKER + b"noise" + slipped + bytes(length)) == frames(CODED, 0, 1, 2)


def test_symbols_are_mended_and_counted() -> None:
    sync = new_sync(CODED)
    stream = with_errors(cadus(CODED, 0, 1, 2), CODED.cadu_length + 20, 2 * CORRECTABLE)
    assert sync.receive(stream) == frames(CODED, 0, 1, 2)
    assert (sync.counters.corrected_frames, sync.counters.corrected_symbols) == (1, 2 * CORRECTABLE)
    assert sync.counters.uncorrectable == 0


def test_what_cannot_be_mended_is_counted_and_refused() -> None:
    sync = new_sync(CODED)
    stream = with_errors(cadus(CODED, 0, 1, 2), CODED.cadu_length + 20, 2 * CORRECTABLE + 2)
    assert sync.receive(stream) == frames(CODED, 0, 2)
    assert sync.counters.uncorrectable == 1


def test_a_word_mended_to_another_frame_is_caught_by_error_control() -> None:
    """Seen from the receiver that is a codeword with a bad checksum."""
    bad = frame(CODED, 1)[:-1] + bytes([frame(CODED, 1)[-1] ^ 1])
    sync = new_sync(CODED)
    assert sync.receive(cadus(CODED, 0) + CODECS[CODED].encode(bad) + cadus(CODED, 2)) == frames(CODED, 0, 2)
    assert sync.counters.uncorrectable == 1


def test_a_damaged_first_frame_is_mended_too() -> None:
    sync = new_sync(CODED)
    assert sync.receive(b"text" + with_errors(cadus(CODED, 0), 9, 10)) == frames(CODED, 0)


def test_false_markers_do_not_ask_for_a_mending_each(monkeypatch) -> None:
    mended = []
    codec = TmCodec(CODED)
    decode = codec.decode

    def counted(block: bytes, *, mend: bool = True):
        mended.append(mend)
        return decode(block, mend=mend)

    monkeypatch.setattr(codec, "decode", counted)
    octets = SYNC_MARKER * 1000
    CaduSync(codec).receive(octets)
    assert len(mended) > 900
    assert sum(mended) <= 2 * len(octets) / CODED.cadu_length + 1


def test_an_unverified_stream_lives_by_its_markers() -> None:
    length = UNVERIFIED.cadu_length
    stream = cadus(UNVERIFIED, *range(6))
    for size in (1, 50, 1000):
        sync = new_sync(UNVERIFIED)
        assert in_pieces(sync, stream, size) + sync.flush() == frames(UNVERIFIED, *range(6))
        assert sync.held == 0
    sync = new_sync(UNVERIFIED)
    assert sync.receive(SYNC_MARKER + bytes(2 * length) + SYNC_MARKER + bytes(3 * length)) == []
    for place in range(2 * length, 3 * length):
        shorter = new_sync(UNVERIFIED)
        found = shorter.receive(stream[:place] + stream[place + 1 :]) + shorter.flush()
        in_marker = (
            place < 2 * length + 4
        )  # then frame 1 stands beside no marker in its place, and goes as well
        assert found == frames(UNVERIFIED, *((0, 3, 4, 5) if in_marker else (0, 1, 3, 4, 5)))
        assert accounted(shorter, UNVERIFIED) == len(stream) - 1


def test_one_marker_hit_in_an_unverified_stream_costs_nothing() -> None:
    length = UNVERIFIED.cadu_length
    for number in (1, 2, 3, 4):
        stream = bytearray(cadus(UNVERIFIED, *range(6)))
        stream[number * length : number * length + 4] = bytes(4)
        sync = new_sync(UNVERIFIED)
        assert sync.receive(bytes(stream)) + sync.flush() == frames(UNVERIFIED, *range(6))


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", [SYNC_MARKER, bytes(4), SYNC_MARKER + bytes(40), SYNC_MARKER[:3] + b"\x1a", cadus(PLAIN, 5)]
)
@pytest.mark.parametrize("piece", [1, 100, 10**6])
@pytest.mark.parametrize("coding", [PLAIN, CODED, UNVERIFIED], ids=["plain", "coded", "unverified"])
def test_cost_is_linear_whatever_comes(unit: bytes, piece: int, coding: TmCoding, calls_of) -> None:
    def cost(repeats: int) -> int:
        sync, stream = new_sync(coding), unit * repeats
        pieces = [stream[start : start + piece] for start in range(0, len(stream), piece)]
        return calls_of(lambda: [sync.receive(one) for one in pieces])

    cost(20)  # makes tables
    once, twice, thrice = cost(100), cost(200), cost(300)
    assert once > 0
    assert thrice - twice <= 1.1 * (twice - once) + 400  # one mending more or less


@pytest.mark.parametrize(
    "changes",
    [
        {"interleave": 9},
        {"interleave": 2, "frame_length": 223},
        {"interleave": 1, "frame_length": 224},
        {"frame_length": 2049},
    ],
)
def test_a_coding_that_cannot_be_is_refused(changes) -> None:
    with pytest.raises(ValueError, match="is not"):
        TmCoding(**changes)


def test_the_end_of_a_mended_block_is_forgotten_behind_the_next_good_one() -> None:
    """Else its last octet could lend a marker its first: here it looks just so."""
    codec = TmCodec(TmCoding(223, 1))
    maker = TmFrameMaker(TmFrameConfig(42, 223))
    cadus = (codec.encode(maker.make(0, n.to_bytes(2, "big") + bytes(209), 0, 0)) for n in range(5000))
    mended = bytearray(next(cadu for cadu in cadus if cadu[-1] == SYNC_MARKER[0]))
    mended[100] ^= 1
    clean, cut = (codec.encode(maker.make(0, bytes(211), 0, 0)) for _ in range(2))
    sync = CaduSync(codec)
    assert len(sync.receive(bytes(mended) + clean + cut[1:] + clean)) == 3
    assert sync.counters.corrected_frames == 1
    assert sync.overlapped_octets == 0
