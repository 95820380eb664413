# mypy: disable-error-code="union-attr, attr-defined"
"""Anybody's transfer frames, TM and AOS: against the definitions, and any octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import (
    AOS_IDLE_CHANNEL,
    NO_WORD,
    FrameFields,
    FrameKind,
    FrameLayout,
    Reason,
    Rejection,
    TmFrameConfig,
    TmFrameMaker,
    append_crc,
    read_frame,
)
from flight.wire.definitions import aos_frame_header, tm_frame_header
from flight.wire.tm_frame import ONLY_IDLE

TM = FrameLayout(FrameKind.TM, 64)
AOS = FrameLayout(FrameKind.AOS, 64)
BARE_TM = FrameLayout(FrameKind.TM, 64, error_control=False)


def test_our_own_frames() -> None:
    maker = TmFrameMaker(TmFrameConfig(42, 64))
    frame = maker.make(1, bytes(52), 7, 0x01000203)
    found = read_frame(frame, TM)
    assert found == FrameFields(42, 1, 0, 0, 256, 7, 6, 58, 0x01000203, 0)
    assert read_frame(maker.make_idle(0), TM).idle
    assert not found.idle


@given(st.binary(min_size=64, max_size=64))
def test_tm_headers_are_as_defined(frame) -> None:
    known = tm_frame_header.parse(frame)
    found = read_frame(frame, BARE_TM)
    if known.version:
        assert found.reason is Reason.VERSION
        return
    secondary = (frame[6] & 0x3F) + 1 if known.secondary_header else 0
    end = 60 if known.operational_control else 64
    if 6 + secondary >= end:
        assert found.reason is Reason.LENGTH
        return
    assert found.spacecraft_id == known.spacecraft_id
    assert found.virtual_channel == known.virtual_channel
    assert (found.master_count, found.channel_count) == (known.master_count, known.virtual_count)
    assert found.first_header == known.first_header
    assert found.start == (0 if known.synchronised else 6 + secondary)
    assert found.end == end
    assert found.secondary_length == secondary
    assert found.control_word == (int.from_bytes(frame[60:], "big") if known.operational_control else NO_WORD)


@given(st.binary(min_size=62, max_size=62), st.booleans(), st.booleans(), st.integers(0, 20))
def test_aos_headers_are_as_defined(data, control_field, header_control, insert_zone) -> None:
    frame = append_crc(data)
    layout = FrameLayout(FrameKind.AOS, 64, True, control_field, insert_zone, header_control)
    known = aos_frame_header.parse(frame)
    found = read_frame(frame, layout)
    if known.version != 1:
        assert found.reason is Reason.VERSION
        return
    assert found.spacecraft_id == known.spacecraft_id_high << 8 | known.spacecraft_id
    assert found.virtual_channel == known.virtual_channel
    assert found.channel_count == known.virtual_count + (known.cycle << 24) * known.cycle_in_use
    assert found.modulo == (1 << 28 if known.cycle_in_use else 1 << 24)
    assert found.master_count == -1
    start = 6 + 2 * header_control + insert_zone
    if known.virtual_channel == AOS_IDLE_CHANNEL:
        assert found.first_header == ONLY_IDLE
    else:
        assert found.first_header == int.from_bytes(frame[start : start + 2], "big") & 0x7FF
        assert found.start == start + 2
    assert found.end == 62 - 4 * control_field
    assert found.control_word == (int.from_bytes(frame[58:62], "big") if control_field else NO_WORD)


@pytest.mark.parametrize("layout", [TM, AOS])
def test_a_frame_of_another_length_or_checksum_is_refused(layout) -> None:
    frame = append_crc(bytes([0x40 * (layout is AOS)]) + bytes(61))
    assert not isinstance(read_frame(frame, layout), Rejection)
    assert read_frame(frame + b"\0", layout).reason is Reason.LENGTH
    spoilt = frame[:-1] + bytes([frame[-1] ^ 1])
    assert read_frame(spoilt, layout).reason is Reason.CHECKSUM
    assert not isinstance(read_frame(spoilt, layout, checked=True), Rejection)


def test_the_idle_channel_of_aos_carries_no_packets_whatever_stands_there() -> None:
    found = read_frame(append_crc(b"\x40\x3f" + bytes(60)), AOS)
    assert found.virtual_channel == AOS_IDLE_CHANNEL
    assert found.idle
    assert not read_frame(append_crc(b"\x40\x3e" + bytes(60)), AOS).idle


@pytest.mark.parametrize("kind", list(FrameKind))
def test_security_fields_are_passed_over(kind) -> None:
    plain = FrameLayout(kind, 64, control_field=kind is FrameKind.AOS)
    secured = FrameLayout(kind, 64, control_field=plain.control_field, security_header=6, security_trailer=16)
    assert secured.shortest == plain.shortest + 22
    first = b"\x40\x00" if kind is FrameKind.AOS else b"\x00\x01"
    frame = append_crc(first + bytes(60))
    before, after = read_frame(frame, plain), read_frame(frame, secured)
    assert after.start == before.start + 6
    assert after.end == before.end - 16 == 42
    assert after.control_word == before.control_word


@given(st.sampled_from([TM, AOS, BARE_TM]), st.binary(max_size=70))
def test_any_octets_give_fields_or_a_rejection(layout, data) -> None:
    found = read_frame(data, layout, checked=True)
    if isinstance(found, FrameFields):
        assert 0 <= found.start < found.end <= layout.length


def test_a_layout_without_room_for_data_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="frame length 8 is not in 9..2048"):
        FrameLayout(FrameKind.TM, 8)
    with pytest.raises(ValueError, match="is not in"):
        FrameLayout(FrameKind.TM, 2049)
    with pytest.raises(ValueError, match="is not in"):
        FrameLayout(FrameKind.AOS, 20, insert_zone=10)
    assert FrameLayout(FrameKind.AOS, 2049).length == 2049
