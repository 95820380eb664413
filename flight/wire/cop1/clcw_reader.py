"""The control words of telemetry frames that may be believed (CCSDS 132.0-B, 4.1.5)."""

from __future__ import annotations

from collections.abc import Iterable

from flight.wire.crc import CRC_LENGTH, crc_ok
from flight.wire.tm_frame import OCF_LENGTH, TM_PRIMARY_LENGTH, TmFrameConfig

_OCF_FLAG = 1
_IDENTITY_MASK = 0xFFF0  # version and spacecraft


def control_words(frames: Iterable[bytes], config: TmFrameConfig) -> list[int]:
    """The operational control field of each frame of ours with good error control, in order, as 32-bit numbers.

    Every word counts, repeated ones too: FOP-1 waits for the next CLCW after a directive, changed or not.  Frames of
    the wrong length, with bad error control or of other spacecraft say nothing.  A recording whose error control was
    cut off (`config.error_control` False) has no frame that may be believed: the list is empty.
    """
    if not config.error_control:
        return []
    end = config.frame_length - CRC_LENGTH
    start = end - OCF_LENGTH
    assert start >= TM_PRIMARY_LENGTH
    words: list[int] = []
    for frame in frames:
        if len(frame) != config.frame_length or not crc_ok(frame):
            continue
        identity = int.from_bytes(frame[:2], "big")
        if identity & _IDENTITY_MASK == config.spacecraft_id << 4 and identity & _OCF_FLAG:
            words.append(int.from_bytes(frame[start:end], "big"))
    return words
