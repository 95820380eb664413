"""The control words of telemetry frames that may be believed (CCSDS 132.0-B, 4.1.5)."""

from __future__ import annotations

from collections.abc import Iterable

from flight.wire.crc import CRC_LENGTH, crc_ok
from flight.wire.tm_frame import OCF_LENGTH, TM_PRIMARY_LENGTH, TmFrameConfig

_OCF_FLAG = 1
_IDENTITY_MASK = 0xFFF0  # version and spacecraft
_MODULO = 256  # of the master channel's frame count

# Frames that a network between station and us may put out of order.  A count so little behind the newest is an
# overtaken frame; any other jump is a gap or a reboot.  After one of those at most so many words are lost by mistake.
OVERTAKEN_MOST = 32


class ClcwReader:
    """One master channel.

    An overtaken CLCW reports a number that was acknowledged already, which FOP-1 takes for a fault (E13) and ends the
    service; so it is dropped here.  `overtaken_most` = 0 takes the words as they come.
    """

    def __init__(self, config: TmFrameConfig, overtaken_most: int = OVERTAKEN_MOST) -> None:
        assert 0 <= overtaken_most < _MODULO // 2
        assert config.frame_length >= TM_PRIMARY_LENGTH + OCF_LENGTH + CRC_LENGTH
        self.damaged = 0  # frames of the wrong length or with bad error control
        self.overtaken = 0
        self._config = config
        self._most = overtaken_most
        self._newest: int | None = None

    def read(self, frames: Iterable[bytes]) -> list[int]:
        """The operational control field of each good frame of ours, in order, as 32-bit numbers.

        Every word counts, repeated ones too: FOP-1 waits for the next CLCW after a directive, changed or not.  A
        recording whose error control was cut off has no frame that may be believed: the list is empty.
        """
        found = (self._word(frame) for frame in frames)
        return [word for word in found if word is not None]

    def _word(self, frame: bytes) -> int | None:
        config = self._config
        if not config.error_control or len(frame) != config.frame_length or not crc_ok(frame):
            self.damaged += 1
            return None
        identity = int.from_bytes(frame[:2], "big")
        if identity & _IDENTITY_MASK != config.spacecraft_id << 4 or not identity & _OCF_FLAG:
            return None
        if self._newest is not None and 0 < (self._newest - frame[2]) % _MODULO <= self._most:
            self.overtaken += 1
            return None
        self._newest = frame[2]
        end = config.frame_length - CRC_LENGTH
        return int.from_bytes(frame[end - OCF_LENGTH : end], "big")
