"""A mission's table for the way up: how telecommand frames are coded, sequenced and protected."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from flight.wire.coding import Randomiser, encode_cltu, telecommand_randomiser
from flight.wire.cop1.farm import DEFAULT_WINDOW, WIDEST_WINDOW
from flight.wire.packet import SequenceFlags
from flight.wire.sdls.layout import SECURITY_OVERHEAD as _SECURITY
from flight.wire.sdls.layout import TC_PREFIX, LinkRule, Protection, strict_mask, telecommand_rule
from flight.wire.segment import SEGMENT_HEADER_LENGTH
from flight.wire.tc_frame import LONGEST_TC_DATA, TcFrameType, encode_tc_frame

SEQUENCED_MAP, EXPEDITED_MAP = 0, 1  # of AD and of BD frames, so that neither breaks into a unit of the other


@dataclass(frozen=True, slots=True)
class TelecommandLink:
    """`window` is W of FARM-1.  `protected` off: telecommands in the clear, for a bench or an amateur mission.

    `strict` authenticates every bit of all headers, frame type and N(S) included: for Skyrack at both ends.  Off, it
    is yamcs's mask.  Set V(R) is a control command, which nothing authenticates; our ground never needs it.
    """

    channel: int = 0
    randomised: bool = True
    window: int = DEFAULT_WINDOW
    set_v_r_allowed: bool = False
    protected: bool = True
    strict: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.channel < 64:
            raise ValueError(f"virtual channel {self.channel} is not in 0..63")
        if not 2 <= self.window <= WIDEST_WINDOW or self.window % 2:
            raise ValueError(f"window {self.window} is not even and in 2..{WIDEST_WINDOW}")

    @property
    def longest_packet(self) -> int:
        """Octets that one frame carries."""
        return LONGEST_TC_DATA - SEGMENT_HEADER_LENGTH - (_SECURITY if self.protected else 0)

    def rule(self) -> LinkRule:
        """For the security of both ends."""
        return telecommand_rule(
            frozenset({self.channel}),
            segment_header=True,
            protection=Protection.PROTECTED if self.protected else Protection.CLEAR,
            mask=strict_mask(TC_PREFIX + SEGMENT_HEADER_LENGTH) if self.strict else b"",
        )

    def randomiser(self) -> Randomiser | None:
        return _randomiser() if self.randomised else None

    def unit(self, frame: bytes) -> bytes:
        """A whole frame as it goes to the line."""
        return encode_cltu(frame, self.randomiser())


PROTECTED_LINK = TelecommandLink()


@cache
def _randomiser() -> Randomiser:
    """It has no state, and takes a moment to make."""
    return telecommand_randomiser()


def segment_header(kind: TcFrameType) -> int:
    """In front of the data of a frame that carries whole packets: unsegmented, on the MAP of its type."""
    map_id = SEQUENCED_MAP if kind is TcFrameType.AD else EXPEDITED_MAP
    return SequenceFlags.UNSEGMENTED.value << 6 | map_id


def clear_frame(
    spacecraft_id: int,
    link: TelecommandLink,
    packet: bytes,
    kind: TcFrameType = TcFrameType.BD,
    sequence: int = 0,
) -> bytes:
    """One packet in one frame without security."""
    data = bytes([segment_header(kind)]) + packet
    return encode_tc_frame(spacecraft_id, link.channel, data, kind, sequence)
