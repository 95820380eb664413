# mypy: disable-error-code="union-attr, attr-defined"
"""What a file is, found from its octets alone."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import SYNC_MARKER, FrameKind, FrameLayout
from ground.recording.guess import guess_layout
from ground.recording.layout import Form, Given, Layout, RecordingError
from ground.recording.recording import Recording
from tests.ground.recording.made import BARE, LAYOUTS, aos_frames, recorded, space_packets, tm_frames


@pytest.mark.parametrize("layout", LAYOUTS, ids=Layout.words)
def test_a_layout_is_found_from_the_octets(layout) -> None:
    if layout.coded and not layout.marker:
        pytest.skip("coded frames without markers must be told")
    assert layout.frames is not None
    told = Given(
        insert_zone=layout.frames.insert_zone, header_error_control=layout.frames.header_error_control
    )
    guess = guess_layout(recorded(layout, space_packets(200)), told)
    assert guess.layout == layout
    assert guess.assumed


def test_markers_within_frames_are_not_taken_for_theirs() -> None:
    """Two frames in a row that carry a marker in the same place, in a file of many without."""
    frames = [bytearray(one) for one in tm_frames(space_packets(200), BARE)]
    for frame in frames[40:42]:
        frame[50:54] = SYNC_MARKER
    guess = guess_layout(b"".join(frames), Given())
    assert guess.layout == Layout(Form.TM, BARE)


def test_a_control_field_of_aos_is_told_from_data() -> None:
    """Words that would be CLCWs but for their spare bits."""
    layout = FrameLayout(FrameKind.AOS, 120, error_control=False)
    frames = [bytearray(one) for one in aos_frames(space_packets(100), layout)]
    for frame in frames:
        frame[-4:] = b"\x01\x03\x01\x00"
    assert guess_layout(b"".join(frames), Given()).layout.frames == layout


@given(st.binary(max_size=3000))
def test_a_guess_of_any_octets_is_a_layout_or_a_refusal(data) -> None:
    try:
        guess = guess_layout(data, Given())
    except RecordingError:
        return
    recording = Recording(guess.layout)
    recording.receive(data)
    recording.finish()


def test_noise_is_not_taken_for_frames() -> None:
    noise = random.Random(3)
    for size in (100, 1000, 5000, 300_000):
        with pytest.raises(RecordingError, match="cannot tell"):
            guess_layout(noise.randbytes(size), Given())
