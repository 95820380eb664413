from __future__ import annotations

import binascii
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import SYNC_MARKER, FrameSync, append_crc, attach_sync_marker, frame_sync

LENGTH = 40
CADU = LENGTH + 4


def frame(number: int) -> bytes:
    return append_crc(random.Random(number).randbytes(LENGTH - 2))


def cadus(*numbers: int) -> bytes:
    return b"".join(attach_sync_marker(frame(number)) for number in numbers)


def in_pieces(sync: FrameSync, stream: bytes, size: int) -> list[bytes]:
    found = []
    for start in range(0, len(stream), size):
        found += sync.receive(stream[start : start + size])
        assert sync.held < CADU
    return found


def accounted(sync: FrameSync) -> int:
    return sync.counters.frames * CADU + sync.counters.skipped_octets + sync.held


@pytest.mark.parametrize("size", [1, 2, 3, 7, CADU - 1, CADU, CADU + 1, 1000])
@pytest.mark.parametrize("garbage", [b"", b"\x1a", b"boot: ok\r\n", b"\x1a\xcf\xfc", b"\x1a\xcf\xfc" * 40])
def test_pieces_of_any_size_and_garbage_anywhere(size: int, garbage: bytes) -> None:
    sync = FrameSync(LENGTH)
    stream = garbage + cadus(0, 1) + garbage + cadus(2) + garbage + garbage + cadus(3)
    assert in_pieces(sync, stream, size) == [frame(number) for number in range(4)]
    assert accounted(sync) == len(stream)
    assert sync.counters.skipped_octets == 4 * len(garbage)


@given(st.lists(st.one_of(st.binary(max_size=60), st.integers(0, 9)), max_size=12), st.integers(1, 200))
def test_octets_are_never_lost_from_the_books_and_cutting_changes_nothing(parts, size) -> None:
    stream = b"".join(cadus(part) if isinstance(part, int) else part for part in parts)
    whole, cut = FrameSync(LENGTH), FrameSync(LENGTH)
    assert whole.receive(stream) == in_pieces(cut, stream, size)
    assert whole.counters == cut.counters
    assert accounted(whole) == accounted(cut) == len(stream)


def test_every_flipped_bit_of_a_frame_costs_that_frame_alone() -> None:
    stream = cadus(0, 1, 2)
    for bit in range(8 * (CADU + 4), 8 * 2 * CADU):
        spoilt = bytearray(stream)
        spoilt[bit // 8] ^= 0x80 >> bit % 8
        sync = FrameSync(LENGTH)
        assert sync.receive(bytes(spoilt)) == [frame(0), frame(2)], bit
        assert sync.counters.bad_error_control >= 1
        assert accounted(sync) == len(stream)


def test_a_hit_marker_costs_nothing_after_a_good_frame() -> None:
    for bit in range(8 * CADU, 8 * (CADU + 4)):
        spoilt = bytearray(cadus(0, 1, 2))
        spoilt[bit // 8] ^= 0x80 >> bit % 8
        sync = FrameSync(LENGTH)
        assert sync.receive(bytes(spoilt)) == [frame(0), frame(1), frame(2)]
        assert sync.counters.damaged_markers == 1


def test_a_hit_marker_costs_the_frame_when_not_in_lock() -> None:
    sync = FrameSync(LENGTH)
    assert sync.receive(b"\x1b" + cadus(0)[1:] + cadus(1)) == [frame(1)]
    assert sync.counters.damaged_markers == 0


def test_octets_lost_or_added_cost_one_frame() -> None:
    """Frame 1 ends in the first octet of a marker, so that losing its last one costs frame 2 instead."""
    stream = cadus(0, 1, 2)
    kept = ([frame(0), frame(2)], [frame(0), frame(1)])
    for place in range(CADU, 2 * CADU):
        lost = FrameSync(LENGTH)
        assert lost.receive(stream[:place] + stream[place + 1 :] + bytes(CADU)) in kept, place
        added = FrameSync(LENGTH)
        found = added.receive(stream[:place] + b"\0" + stream[place:])
        assert found == (kept[0] if place > CADU else [frame(0), frame(1), frame(2)]), place


def test_lock_ends_with_the_first_bad_frame() -> None:
    """Else any octets with a matching checksum, once in 65536, would pass for a frame."""
    sync = FrameSync(LENGTH)
    sync.receive(cadus(0) + bytes(2 * CADU))
    assert sync.held == 3
    assert sync.receive(bytes(1) + frame(1)) == []


@pytest.mark.parametrize("split", [1, 2, 3])
def test_a_marker_cut_by_the_end_of_a_piece_of_garbage(split: int) -> None:
    sync = FrameSync(LENGTH)
    assert sync.receive(bytes(CADU) + SYNC_MARKER[:split]) == []
    assert sync.receive(SYNC_MARKER[split:] + frame(1)) == [frame(1)]


def test_every_truncation_waits_and_then_costs_that_frame() -> None:
    for size in range(1, CADU):
        sync = FrameSync(LENGTH)
        assert sync.receive(cadus(0)[:size]) == []
        assert sync.held == size
        assert sync.receive(cadus(1, 2)) == [frame(1), frame(2)]
        assert accounted(sync) == size + 2 * CADU


def test_a_marker_inside_a_frame_is_no_frame() -> None:
    tricky = append_crc(b"abc" + SYNC_MARKER + bytes(LENGTH - 2 - 7))
    sync = FrameSync(LENGTH)
    stream = attach_sync_marker(tricky) + cadus(1)
    assert sync.receive(stream) == [tricky, frame(1)]
    late = FrameSync(LENGTH)
    assert late.receive(stream[5:]) == [frame(1)]


def test_without_error_control_the_marker_decides() -> None:
    sync = FrameSync(LENGTH, error_control=False)
    assert sync.receive(SYNC_MARKER + bytes(LENGTH) + bytes(4) + frame(1)) == [bytes(LENGTH)]
    assert sync.counters.skipped_octets + sync.held == CADU


@pytest.mark.parametrize(
    "unit",
    [SYNC_MARKER, bytes(4), b"\x1a" * 4, SYNC_MARKER + bytes(LENGTH), SYNC_MARKER[:3] + b"\x1a", cadus(5)],
)
@pytest.mark.parametrize("piece", [1, 100, 10**6])
def test_cost_is_linear_whatever_comes(unit: bytes, piece: int, monkeypatch, calls_of) -> None:
    """Calls, and octets through the checksum: at most one frame for every marker or for every frame's length."""
    work = []

    def counted(data: bytes, start: int) -> int:
        work.append(len(data))
        return binascii.crc_hqx(data, start)

    def cost(repeats: int) -> tuple[int, int]:
        sync, stream = FrameSync(LENGTH), unit * repeats
        work.clear()
        pieces = [stream[start : start + piece] for start in range(0, len(stream), piece)]
        calls = calls_of(lambda: [sync.receive(one) for one in pieces])
        assert len(work) <= len(stream) / 4
        return calls, sum(work)

    monkeypatch.setattr(frame_sync, "crc_hqx", counted)
    once, twice = cost(100), cost(200)
    assert once[0] > 0
    assert twice[0] <= 2 * once[0] + 20 * CADU / 4
    assert twice[1] <= 2 * once[1] + 2 * LENGTH * CADU / 4
