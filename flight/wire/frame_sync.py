"""Telemetry frames out of a byte stream in pieces of any size, among garbage (CCSDS 131.0-B, clause 9)."""

from __future__ import annotations

from binascii import crc_hqx

from flight.wire.counters import LinkCounters
from flight.wire.crc import CRC_START
from flight.wire.tm_frame import SYNC_MARKER

_MARKER_LENGTH = len(SYNC_MARKER)


class FrameSync:
    """Finds sync markers, checks the error control field, counts.

    A frame whose marker was hit is still taken if it directly follows a good one and its checksum matches.
    After a bad frame the search goes on inside it, so octets lost or added on the line cost one frame, not
    two.  Holds less than one frame.  Cost is linear; at worst, where the stream is nothing but markers, every
    fourth octet starts a candidate whose checksum is computed.
    """

    def __init__(
        self, frame_length: int, counters: LinkCounters | None = None, *, error_control: bool = True
    ) -> None:
        self.counters = LinkCounters() if counters is None else counters
        self._cadu_length = _MARKER_LENGTH + frame_length
        self._error_control = error_control
        self._held = bytearray()
        self._locked = False

    @property
    def held(self) -> int:
        """Octets waiting for the rest of their frame."""
        return len(self._held)

    def receive(self, data: bytes) -> list[bytes]:
        """The good frames that `data` completes, without their markers."""
        held, length = self._held, self._cadu_length
        if len(held) + len(data) < length:
            held += data
            return []
        stream = bytes(held) + data if held else data
        frames: list[bytes] = []
        position, last = 0, len(stream) - length
        while position <= last:
            frame = stream[position + _MARKER_LENGTH : position + length]
            if self._good(stream, position, frame):
                frames.append(frame)
                position += length
            else:
                position = self._search(stream, position + 1)
        self.counters.frames += len(frames)
        self._held = bytearray(stream[position:])
        return frames

    def _good(self, stream: bytes, position: int, frame: bytes) -> bool:
        if stream.startswith(SYNC_MARKER, position):
            if not self._error_control or not crc_hqx(frame, CRC_START):
                self._locked = True
                return True
            self.counters.bad_error_control += 1
        elif self._locked and self._error_control and not crc_hqx(frame, CRC_START):
            self.counters.damaged_markers += 1
            return True
        self._locked = False
        return False

    def _search(self, stream: bytes, start: int) -> int:
        """Where the next marker begins, or might: up to three octets of one may stand at the end."""
        found = stream.find(SYNC_MARKER, start)
        if found < 0:
            found = max(start, len(stream) - _MARKER_LENGTH + 1)
        self.counters.skipped_octets += found - start + 1
        return found
