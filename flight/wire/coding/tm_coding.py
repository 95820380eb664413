"""What lies between a telemetry frame and its codeblock: Reed-Solomon, then the randomiser (CCSDS 131.0-B).

frame -> [Reed-Solomon parity] -> [randomiser] -> sync marker in front -> line
"""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from flight.wire.coding.randomiser import (
    LONG_TELEMETRY_REGISTER,
    LONGEST_RANDOMISED,
    TELEMETRY_REGISTER,
    Randomiser,
)
from flight.wire.coding.reed_solomon import (
    DATA_LENGTH,
    DEEPEST_INTERLEAVE,
    PARITY_LENGTH,
    Parity,
    ReedSolomon,
    parity,
)
from flight.wire.crc import CRC_START, crc_ok
from flight.wire.rejection import Reason, Rejection
from flight.wire.tm_frame import SYNC_MARKER, attach_sync_marker

NO_REED_SOLOMON = 0


class TmRandomisation(Enum):
    NONE = None
    SHORT = TELEMETRY_REGISTER  # period 255 bits; the only one before 131.0-B-5
    LONG = LONG_TELEMETRY_REGISTER  # period 131071 bits


@dataclass(frozen=True, slots=True)
class TmCoding:
    """What both ends must agree on beside TmFrameConfig.  The default is the plain stream.

    `interleave` is the number of Reed-Solomon codewords in a codeblock, 1 to 8; 0 is none.
    """

    frame_length: int = 223
    interleave: int = NO_REED_SOLOMON
    randomisation: TmRandomisation = TmRandomisation.NONE
    error_control: bool = True

    def __post_init__(self) -> None:
        depth, length = self.interleave, self.frame_length
        if not 0 <= depth <= DEEPEST_INTERLEAVE:
            raise ValueError(f"interleave {depth} is not in 0..{DEEPEST_INTERLEAVE}")
        if not 0 < length <= LONGEST_RANDOMISED:
            raise ValueError(f"frame_length {length} is not in 1..{LONGEST_RANDOMISED}")
        if depth and (length % depth or length > depth * DATA_LENGTH):
            raise ValueError(
                f"frame_length {length} is not a multiple of {depth} up to {depth * DATA_LENGTH}"
            )

    @property
    def block_length(self) -> int:
        """Octets behind each sync marker."""
        return self.frame_length + self.interleave * PARITY_LENGTH

    @property
    def cadu_length(self) -> int:
        return len(SYNC_MARKER) + self.block_length

    @property
    def verified(self) -> bool:
        """A good block can be told from a bad one without its neighbours."""
        return self.error_control or self.interleave > 0


class DecodedFrame(NamedTuple):
    frame: bytes
    corrected_symbols: int


class TmCodec:
    """One direction or both of one link.  `parity` may be a faster implementation of the same function."""

    def __init__(self, coding: TmCoding, parity: Parity = parity) -> None:
        self.coding = coding
        self._frame_length, self._error_control = coding.frame_length, coding.error_control
        register = coding.randomisation.value
        self._randomiser = Randomiser(register, coding.block_length) if register else None
        self._reed_solomon = (
            ReedSolomon(coding.frame_length, coding.interleave, parity) if coding.interleave else None
        )

    @property
    def frame_length(self) -> int:
        return self.coding.frame_length

    @property
    def cadu_length(self) -> int:
        return self.coding.cadu_length

    def encode(self, frame: bytes) -> bytes:
        """The CADU of one frame, whose own error control field stands already."""
        assert len(frame) == self.coding.frame_length
        block = self._reed_solomon.encode(frame) if self._reed_solomon else frame
        return attach_sync_marker(self._randomiser.apply(block) if self._randomiser else block)

    def clean(self, block: bytes) -> bytes | None:
        """The frame, if nothing of `block` (of the right length) was hit: the common case, at a third of the cost."""
        if self._randomiser is not None:
            block = self._randomiser.apply(block)
        if self._reed_solomon is not None:
            if not self._reed_solomon.clean(block):
                return None
            block = block[: self._frame_length]
        return block if not self._error_control or not crc_hqx(block, CRC_START) else None

    def decode(self, block: bytes, *, mend: bool = True) -> DecodedFrame | Rejection:
        """The frame of what came behind a sync marker.

        Without `mend` damaged codewords are refused at once: a search among false markers costs little then.
        """
        if len(block) != self.coding.block_length:
            return Rejection(Reason.LENGTH, f"codeblock of {len(block)} octets")
        frame, symbols = self._randomiser.apply(block) if self._randomiser else block, 0
        if self._reed_solomon:
            if not mend and not self._reed_solomon.clean(frame):
                return Rejection(Reason.CHECKSUM, "damaged codeword")
            corrected = self._reed_solomon.decode(frame) if mend else None
            if isinstance(corrected, Rejection):
                return corrected
            frame = frame[: self.coding.frame_length]
            if corrected is not None:
                frame, symbols = corrected
        if self.coding.error_control and not crc_ok(frame):
            return Rejection(Reason.CHECKSUM, "frame error control")
        return DecodedFrame(frame, symbols)
