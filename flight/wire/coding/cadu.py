"""Telemetry codeblocks out of a byte stream in pieces of any size, among garbage (CCSDS 131.0-B, clause 9).

    SEARCH    no place known: the next exact sync marker is a candidate
    CHECK     a candidate, waiting for its octets or (unverified streams) for the next marker
    LOCK      the last block was good; the next is due right behind it
    FLYWHEEL  the last block was bad; its successors' places are still tried, beside every exact marker before them

Where a block can be judged by itself, by Reed-Solomon or by the frame's error control field, that judgement
decides.  So a CADU that arrives whole is given out, whatever stands around it: octets lost or added and console
text cost the frames they hit and no other.  A stream with neither (`TmCoding.verified` is False) has only its
markers: of three in a row two must stand where they should.
"""

from __future__ import annotations

from enum import Enum

from flight.wire.coding.reed_solomon import CORRECTABLE
from flight.wire.coding.tm_coding import DecodedFrame, TmCodec
from flight.wire.counters import LinkCounters
from flight.wire.rejection import Rejection
from flight.wire.tm_frame import SYNC_MARKER

# Wrong bits a marker may have where one is due: noise of 32 bits passes once in 100,000 (41,449 of 2^32 words).
# In the search it must be exact; where a checksum and a place stand for a block it is not asked for at all.
MARKER_BIT_ERRORS = 4

# Bad blocks in a row whose successors are still looked for in their place.  Three: at 2 % of markers hit, one
# frame in 100,000 that the flywheel could have kept is lost; each false place costs one more decoding.
FLYWHEEL_BLOCKS = 3

# Out of place, a damaged codeblock is mended at most twice in the octets of one codeblock: false markers at every
# fourth octet would otherwise ask for a decoding each, at up to a millisecond.
MENDINGS_PER_BLOCK = 2

# How far inside a mended block the next marker is looked for, in octets of each codeword: all that can be mended,
# and as much again, since an octet out of its place may be right by chance.
_SLIP = 2 * CORRECTABLE

_MARKER = int.from_bytes(SYNC_MARKER, "big")
_MARKER_LENGTH = len(SYNC_MARKER)
_NOWHERE = -1


class SyncState(Enum):
    SEARCH = "search"
    CHECK = "check"
    LOCK = "lock"
    FLYWHEEL = "flywheel"


class CaduSync:
    """Finds, decodes, counts.  Every octet is in a good CADU, in `skipped_octets`, or held.

    Holds less than one CADU; of an unverified stream less than two and a marker.  Cost is linear: each octet
    starts one candidate at most, those behind a mended block two.

    `overlapped_octets` stood in two good CADUs: an octet lost in the last symbols of a block is mended by
    Reed-Solomon, and what was read in its stead is the head of the next marker.
    """

    def __init__(self, codec: TmCodec, counters: LinkCounters | None = None) -> None:
        self.counters = LinkCounters() if counters is None else counters
        self._codec = codec
        self._length = codec.coding.cadu_length
        self._verified = codec.coding.verified
        self._needed = self._length if self._verified else 2 * self._length + _MARKER_LENGTH
        self._mending_gap = self._length // MENDINGS_PER_BLOCK
        self._held = b""
        self._place = _NOWHERE  # where the next block is due, in _held; it is never passed unjudged
        self._misses = 0  # bad blocks in place since the last good one
        self._mend_from = 0  # out of place, no codeblock that starts before this in _held is mended
        self._ending = b""  # of the last good block if it was mended: as much as mending can have made good
        self.overlapped_octets = 0
        self.places: list[int] = []  # of the frames last given out: where in the stream their markers began
        self._held_at = 0  # where in the stream _held begins

    @property
    def held(self) -> int:
        return len(self._held)

    @property
    def state(self) -> SyncState:
        if self._place >= 0:
            return SyncState.FLYWHEEL if self._misses else SyncState.LOCK
        return SyncState.CHECK if self._held.startswith(SYNC_MARKER) else SyncState.SEARCH

    def receive(self, data: bytes) -> list[bytes]:
        """The good frames that `data` completes, decoded."""
        if len(self._held) + len(data) < self._needed:
            self._held += data
            self.places = []
            return []
        return self._drain(self._held + data, self._needed)

    def flush(self) -> list[bytes]:
        """Nothing will follow: an unverified stream's last block need not wait for the next marker."""
        return self._drain(self._held, self._length)

    def _drain(self, stream: bytes, needed: int) -> list[bytes]:
        frames: list[bytes] = []
        self.places = places = []
        position = self._next(stream, 0)
        while position + needed <= len(stream):
            if position == self._place and self._verified and not self._misses:
                position = self._run(stream, position, frames)
                if position + needed > len(stream):
                    break
            frame = self._judge(stream, position)
            if frame is not None:
                frames.append(frame)
                places.append(self._held_at + position)
                self._misses = 0
                self._place = position = position + self._length
            elif position == self._place:
                stream, position = self._miss(stream, position)
            else:
                self.counters.skipped_octets += 1
                position += 1
            position = self._next(stream, position)
        self.counters.frames += len(frames)
        self._held = stream[position:]
        if self._place >= 0:
            self._place -= position
        self._mend_from -= position
        self._held_at += position
        return frames

    def _run(self, stream: bytes, position: int, frames: list[bytes]) -> int:
        """Take clean blocks behind clean blocks, each in its place: all there is on a good line."""
        length, clean, places = self._length, self._codec.clean, self.places
        last, begin = len(stream) - length, position
        while position <= last and stream.startswith(SYNC_MARKER, position):
            frame = clean(stream[position + _MARKER_LENGTH : position + length])
            if frame is None:
                break
            frames.append(frame)
            places.append(self._held_at + position)
            position += length
        if position > begin:
            self._ending = b""
        self._place = position
        return position

    def _miss(self, stream: bytes, position: int) -> tuple[bytes, int]:
        """The stream and where its search goes on: if a marker begins inside the block before, which was mended,
        from there."""
        self._misses += 1
        self._place = position + self._length if self._misses <= FLYWHEEL_BLOCKS else _NOWHERE
        ending, self._ending = self._ending, b""
        found = (ending + stream[position : position + _MARKER_LENGTH - 1]).find(SYNC_MARKER)
        if found < 0:
            self.counters.skipped_octets += 1
            return stream, position + 1
        overlap = ending[found:]
        self.overlapped_octets += len(overlap)
        self._held_at += position - len(overlap)
        self._place += len(overlap) - position
        self._mend_from += len(overlap) - position
        return overlap + stream[position:], 0

    def _next(self, stream: bytes, start: int) -> int:
        """The next candidate: an exact marker or the place where a block is due; up to three octets of a marker
        may stand at the end."""
        found = start if start == self._place else stream.find(SYNC_MARKER, start)
        if found < 0:
            found = max(start, len(stream) - _MARKER_LENGTH + 1)
        if start <= self._place < found:
            found = self._place
        self.counters.skipped_octets += found - start
        return found

    def _judge(self, stream: bytes, position: int) -> bytes | None:
        """The frame of the candidate, or None."""
        in_place = position == self._place
        wrong_bits = self._wrong_bits(stream, position)
        if not self._verified and not self._among_markers(stream, position, wrong_bits):
            return None
        if self._verified and wrong_bits > MARKER_BIT_ERRORS and self._needs_marker():
            return None
        decoded = self._decode(stream, position, in_place=in_place)
        if isinstance(decoded, Rejection):
            return None
        end = position + self._length
        slack = min(_SLIP * self._codec.coding.interleave, self._length - 1)
        self._ending = stream[end - slack : end] if decoded.corrected_symbols else b""
        counters = self.counters
        counters.damaged_markers += wrong_bits > 0
        counters.corrected_frames += decoded.corrected_symbols > 0
        counters.corrected_symbols += decoded.corrected_symbols
        return decoded.frame

    def _needs_marker(self) -> bool:
        """A checksum of 16 bits alone is enough right behind a good frame, and not after a second accident.
        Reed-Solomon alone never is: a line at rest, all zeros or all ones, is a codeword."""
        coding = self._codec.coding
        return not coding.error_control or (self._misses > 0 and not coding.interleave)

    def _decode(self, stream: bytes, position: int, *, in_place: bool) -> DecodedFrame | Rejection:
        mend = in_place or position >= self._mend_from
        decoded = self._codec.decode(stream[position + _MARKER_LENGTH : position + self._length], mend=mend)
        if isinstance(decoded, Rejection):
            if self._codec.coding.interleave:
                self.counters.uncorrectable += mend
            else:
                self.counters.bad_error_control += 1
            if mend and not in_place:
                self._mend_from = position + self._mending_gap
        return decoded

    def _wrong_bits(self, stream: bytes, position: int) -> int:
        """32 where the stream has ended."""
        marker = stream[position : position + _MARKER_LENGTH]
        if len(marker) < _MARKER_LENGTH:
            return 8 * _MARKER_LENGTH
        return (int.from_bytes(marker, "big") ^ _MARKER).bit_count()

    def _among_markers(self, stream: bytes, position: int, wrong_bits: int) -> bool:
        """Of an unverified stream: two of three markers stand; at its end, that of a block in its place."""
        after = [
            self._wrong_bits(stream, position + step * self._length) <= MARKER_BIT_ERRORS for step in (1, 2)
        ]
        if position != self._place:
            return wrong_bits == 0 and any(after)
        ended = len(stream) < position + self._needed
        return (wrong_bits <= MARKER_BIT_ERRORS) + sum(after) >= (1 if ended else 2)
