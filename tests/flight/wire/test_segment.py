# mypy: disable-error-code="union-attr"
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import (
    MAPS,
    Reason,
    Rejection,
    Segment,
    SegmentAssembler,
    SequenceFlags,
    ServiceDataUnit,
    cut_into_segments,
    decode_segment,
    decode_tc_frame,
    encode_segment,
)

FIRST, MIDDLE, LAST, WHOLE = (
    SequenceFlags.FIRST,
    SequenceFlags.CONTINUATION,
    SequenceFlags.LAST,
    SequenceFlags.UNSEGMENTED,
)


def segment(flags: SequenceFlags, data: bytes, map_id: int = 2) -> bytes:
    return encode_segment(Segment(flags, map_id, data))


def test_recorded_segments(tc_vectors) -> None:
    """Two frames carry one unit on MAP 2, cut after 248 octets."""
    assembler = SegmentAssembler([2])
    fields = [decode_tc_frame(tc_vectors[f"TC_FRAME_0{n}"]).data for n in (1, 2)]
    assert fields == [tc_vectors["TC_SEGMENT_01"], tc_vectors["TC_SEGMENT_02"]]
    assert decode_segment(fields[0]) == Segment(FIRST, 2, fields[0][1:])
    assert decode_segment(fields[1]) == Segment(LAST, 2, fields[1][1:])
    assert assembler.add(fields[0]) is None
    unit = assembler.add(fields[1])
    assert unit == ServiceDataUnit(2, fields[0][1:] + fields[1][1:])
    assert cut_into_segments(unit, len(fields[0])) == fields


@given(st.binary(min_size=1, max_size=300), st.integers(0, MAPS - 1), st.integers(2, 60))
def test_cut_and_put_together(data: bytes, map_id: int, longest: int) -> None:
    fields = cut_into_segments(ServiceDataUnit(map_id, data), longest)
    assert all(len(one) <= longest for one in fields)
    assembler = SegmentAssembler([map_id])
    assert [assembler.add(one) for one in fields] == [None] * (len(fields) - 1) + [(map_id, data)]
    assert assembler.held == 0


def test_maps_do_not_disturb_each_other() -> None:
    assembler = SegmentAssembler(range(MAPS))
    for map_id in range(MAPS):
        assert assembler.add(segment(FIRST, bytes([map_id]), map_id)) is None
    assert assembler.held == MAPS
    for map_id in reversed(range(MAPS)):
        assert assembler.add(segment(LAST, b"!", map_id)) == (map_id, bytes([map_id]) + b"!")


@pytest.mark.parametrize(
    ("fields", "found", "reasons"),
    [
        ([b"", b"\xc2"], [], {Reason.TOO_SHORT: 2}),
        ([segment(WHOLE, b"a", 3)], [], {Reason.CHANNEL: 1}),
        ([segment(MIDDLE, b"a"), segment(LAST, b"b")], [], {Reason.PACKET_LOST: 2}),
        ([segment(FIRST, b"a"), segment(WHOLE, b"b")], [b"b"], {Reason.PACKET_LOST: 1}),
        ([segment(FIRST, b"a"), segment(FIRST, b"b"), segment(LAST, b"c")], [b"bc"], {Reason.PACKET_LOST: 1}),
        ([segment(FIRST, b"aaa"), segment(LAST, b"aa")], [b"aaaaa"], {}),
        ([segment(FIRST, b"aaa"), segment(LAST, b"aaa")], [], {Reason.TOO_LONG: 1}),
        (
            [segment(FIRST, b"aaa"), segment(MIDDLE, b"aaa"), segment(LAST, b"a")],
            [],
            {Reason.TOO_LONG: 1, Reason.PACKET_LOST: 1},
        ),
        ([segment(WHOLE, b"aaaaaa"), segment(WHOLE, b"b")], [b"b"], {Reason.TOO_LONG: 1}),
    ],
)
def test_what_is_out_of_order_is_refused_with_its_reason(fields, found, reasons) -> None:
    assembler = SegmentAssembler([2], longest_unit=5)
    units = [unit for field in fields if (unit := assembler.add(field))]
    assert [unit.data for unit in units] == found
    assert assembler.counters.rejections == reasons
    assert assembler.counters.units == len(found)


def test_what_was_begun_is_given_up_when_frames_are_lost() -> None:
    assembler = SegmentAssembler([1, 2])
    assembler.add(segment(FIRST, b"a"))
    assembler.lose()
    assert assembler.held == 0
    assert assembler.add(segment(LAST, b"b")) is None
    assert assembler.counters.rejections == {Reason.PACKET_LOST: 2}


@given(st.lists(st.binary(max_size=9), max_size=30))
def test_any_fields_give_units_or_counted_rejections_and_bounded_memory(fields: list[bytes]) -> None:
    assembler = SegmentAssembler([0, 1, 2], longest_unit=12)
    for field in fields:
        before = (assembler.counters.segments, assembler.counters.rejections.total())
        assembler.add(field)
        assert (assembler.counters.segments, assembler.counters.rejections.total()) > before
        assert assembler.held <= 3 * 12
        assert not isinstance(decode_segment(field), Rejection) or len(field) < 2
