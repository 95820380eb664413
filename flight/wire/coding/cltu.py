"""Communications link transmission units: telecommand frames on the line (CCSDS 231.0-B, clauses 4 and 5).

    EB 90 | codeblocks of 8 octets | C5 C5 C5 C5 C5 C5 C5 79

The receiver searches for a start sequence, decodes codeblocks until one is refused (the tail is made for that),
and searches again.  It goes further than the standard asks, since on a serial line octets vanish and appear:

  * only a start sequence with a plausible first header of this spacecraft holds its attention;
  * a frame is given out when its length and its error control field are satisfied, not when the tail came;
  * after a candidate that came to nothing the search goes on right behind its start sequence, and after a good
    frame right behind its last codeblock.

So a unit that arrives whole is found, whatever stands before it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from flight.wire.coding.bch import BLOCK_DATA_LENGTH, BLOCK_LENGTH, BchMode, decode_blocks, encode_blocks
from flight.wire.coding.randomiser import TELECOMMAND_REGISTER, Randomiser
from flight.wire.crc import crc_ok
from flight.wire.rejection import Reason, Rejection
from flight.wire.tc_frame import (
    LONGEST_TC_FRAME,
    START_SEQUENCE,
    TC_PRIMARY_LENGTH,
    TcFrameHeader,
    decode_tc_header,
)

TAIL_SEQUENCE = b"\xc5" * 7 + b"\x79"
TAIL_BIT_ERRORS = 1  # a tail hit no harder is counted as one, not as noise
IDLE_OCTET = b"\x55"  # what a station sends between units, if anything (acquisition and idle sequences)

# The most octets that one unit may carry.  Eight of the longest frames: 70 ms of a 1 Mbit/s line.
LONGEST_CLTU_DATA = 8 * LONGEST_TC_FRAME

# Wrong bits that a start sequence may have.  A detecting decoder takes none (231.0-B, 5.2).
START_BIT_ERRORS = {BchMode.DETECT: 0, BchMode.CORRECT: 1}

_TAIL = int.from_bytes(TAIL_SEQUENCE, "big")


def _start_pattern(bit_errors: int) -> re.Pattern[bytes]:
    exact = int.from_bytes(START_SEQUENCE, "big")
    words = [exact] + [exact ^ 1 << bit for bit in range(16)] * bit_errors
    return re.compile(b"|".join(re.escape(word.to_bytes(2, "big")) for word in words), re.DOTALL)


_START = {mode: _start_pattern(errors) for mode, errors in START_BIT_ERRORS.items()}


@dataclass(slots=True)
class CltuCounters:
    """Every octet received is in `cltu_octets`, in `skipped_octets`, or held."""

    cltus: int = 0  # with at least one good frame
    frames: int = 0
    cltu_octets: int = 0  # start sequences, codeblocks of good frames, tails
    skipped_octets: int = 0
    corrected_bits: int = 0  # in codeblocks of good frames and of frames that failed later
    refused_blocks: int = 0  # where more data was due; not tails
    rejections: Counter[Reason] = field(default_factory=Counter)  # of candidates, by their header or checksum


def encode_cltu(frames: bytes, randomiser: Randomiser | None) -> bytes:
    """One unit with one or more whole frames."""
    assert 0 < len(frames) <= LONGEST_CLTU_DATA
    octets = randomiser.apply(frames) if randomiser else frames
    return START_SEQUENCE + encode_blocks(octets) + TAIL_SEQUENCE


def telecommand_randomiser() -> Randomiser:
    return Randomiser(TELECOMMAND_REGISTER, LONGEST_CLTU_DATA + BLOCK_DATA_LENGTH)


class CltuReceiver:
    """On board: byte stream in pieces of any size to whole telecommand frames with good error control.

    Holds less than a start sequence and one frame in codeblocks.  Cost is linear: start sequences do not overlap,
    and none decodes more than one frame for nothing.

    `overlapped_octets` stood in two units: one that was cut in its last codeblock may find the missing octets in the
    head of the next.
    """

    def __init__(
        self,
        spacecraft_id: int,
        randomiser: Randomiser | None,
        mode: BchMode = BchMode.CORRECT,
        longest_frame: int = LONGEST_TC_FRAME,
    ) -> None:
        self.counters = CltuCounters()
        self._spacecraft_id = spacecraft_id
        self._randomiser = randomiser
        self._mode = mode
        self._start = _START[mode]
        self._longest = longest_frame
        self._held = bytearray()
        self._lead = 0  # octets held before the codeblocks: a start sequence, or none behind a good frame
        self._tail_due = False  # _held begins right behind a good frame, and the unit is over
        self._unused = b""  # of the last good frame's last codeblock: the last octet, fill and parity
        self.overlapped_octets = 0
        self._attentive = False  # _held begins with a start sequence, or with a block behind a good frame
        self._checked = 0  # codeblocks decoded of those held
        self._octets = bytearray()  # what they and the end of the frame before said
        self._decoded = 0  # octets of the unit decoded so far: the randomiser's place
        self._header: TcFrameHeader | None = None

    @property
    def held(self) -> int:
        """Octets waiting for the rest of their unit."""
        return len(self._held)

    def receive(self, data: bytes) -> list[bytes]:
        """The frames that `data` completes, in order."""
        self._held += data
        return self._drain(last=False)

    def flush(self) -> list[bytes]:
        """Nothing will follow: give up the unit under way and look for whole ones inside it."""
        return self._drain(last=True)

    def _drain(self, *, last: bool) -> list[bytes]:
        frames: list[bytes] = []
        while self._attentive or self._search(last=last):
            if self._decode_blocks():
                self._take_frames(frames)
            elif last:
                self._end(None)
            else:
                break
        return frames

    def _search(self, *, last: bool) -> bool:
        """Skip to the next start sequence; an octet that may be the first half of one is kept."""
        held = self._held
        if self._tail_due and not last and len(held) < len(TAIL_SEQUENCE):
            return False
        if self._tail_due:
            self._end_unit()
        found = self._start.search(held)
        skip = found.start() if found else max(len(held) - (not last), 0)
        self.counters.skipped_octets += skip
        del held[:skip]
        if found:
            self._attentive, self._lead = True, len(START_SEQUENCE)
            self._decoded = 0
        return found is not None

    def _end_unit(self) -> None:
        """Behind a good frame: the tail, or anything else."""
        held, unused = self._held, self._unused
        self._tail_due, self._unused = False, b""
        if self._at_tail():
            self.counters.cltu_octets += len(TAIL_SEQUENCE)
            del held[: len(TAIL_SEQUENCE)]
        elif (found := (unused + held[:1]).find(START_SEQUENCE)) >= 0:
            self.overlapped_octets += len(unused) - found
            held[0:0] = unused[found:]

    def _decode_blocks(self) -> bool:
        """Decode as many blocks as the frame still needs.  False while octets are missing."""
        wanted = TC_PRIMARY_LENGTH if self._header is None else self._header.length
        need = -(-(wanted - len(self._octets)) // BLOCK_DATA_LENGTH)
        if need <= 0:
            return True
        at = self._lead + BLOCK_LENGTH * self._checked
        count = min(need, (len(self._held) - at) // BLOCK_LENGTH)
        if count <= 0:
            return False
        blocks = decode_blocks(bytes(self._held[at : at + BLOCK_LENGTH * count]), self._mode)
        self.counters.corrected_bits += blocks.corrected_bits
        data = self._randomiser.apply(blocks.data, self._decoded) if self._randomiser else blocks.data
        self._octets += data
        self._decoded += len(data)
        self._checked += len(blocks.data) // BLOCK_DATA_LENGTH
        if blocks.refused:
            self._refuse_block()
            return True
        return count == need

    def _refuse_block(self) -> None:
        """The end of the unit, if a good frame stands before it; else damage."""
        if self._lead or self._header:
            self.counters.refused_blocks += 1
            self._end(Reason.CHECKSUM if self._header else None)
        else:
            self._end(None)

    def _take_frames(self, frames: list[bytes]) -> None:
        if not self._attentive:
            return
        if self._header is None:
            header = self._plausible(decode_tc_header(bytes(self._octets)))
            if isinstance(header, Rejection):
                self._end(header.reason if self._lead else None)
            else:
                self._header = header
            return
        length = self._header.length
        frame = bytes(self._octets[:length])
        if not crc_ok(frame):
            self._end(Reason.CHECKSUM)
            return
        frames.append(frame)
        self.counters.frames += 1
        self.counters.cltus += bool(self._lead)
        consumed = self._lead + BLOCK_LENGTH * self._checked
        self.counters.cltu_octets += consumed
        self._unused = bytes(self._held[consumed - len(self._octets) + length - 2 : consumed])
        del self._held[:consumed]
        del self._octets[:length]
        self._lead = self._checked = 0
        self._header = None

    def _plausible(self, header: TcFrameHeader | Rejection) -> TcFrameHeader | Rejection:
        if isinstance(header, Rejection):
            return header
        if header.spacecraft_id != self._spacecraft_id:
            return Rejection(Reason.SPACECRAFT, f"spacecraft {header.spacecraft_id}")
        room = LONGEST_CLTU_DATA - self._decoded + len(self._octets)
        if header.length > min(self._longest, room):
            return Rejection(Reason.TOO_LONG, f"frame of {header.length} octets")
        return header

    def _end(self, reason: Reason | None) -> None:
        """Back to the search: behind the last good frame, or behind the start sequence that led nowhere."""
        if reason is not None:
            self.counters.rejections[reason] += 1
        self.counters.skipped_octets += self._lead
        del self._held[: self._lead]
        self._tail_due = not self._lead
        self._attentive = False
        self._lead = self._checked = 0
        self._octets.clear()
        self._header = None

    def _at_tail(self) -> bool:
        block = self._held[: len(TAIL_SEQUENCE)]
        wrong = (int.from_bytes(block, "big") ^ _TAIL).bit_count()
        return len(block) == len(TAIL_SEQUENCE) and wrong <= TAIL_BIT_ERRORS
