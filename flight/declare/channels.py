"""How the virtual channels share the line down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flight.declare.fields import DeclarationError

LIVE, PLAYBACK, FILES = 0, 1, 2  # virtual channels in the order of their priority (architecture 5); 7 is idle
NEARLY_NOTHING = 1e-9  # sums of decimal fractions


class ChannelShare(NamedTuple):
    """What virtual channel `vc` gets of the line, 0 to 1, whatever the others have to send.

    What a channel leaves goes to the others, the most important first.
    """

    vc: int
    share: float


def checked_shares(shares: Sequence[ChannelShare]) -> Sequence[ChannelShare]:
    """DeclarationError in one line if the table cannot be."""
    if [one.vc for one in shares] != [LIVE, PLAYBACK, FILES]:
        raise DeclarationError(f"shares of the line name channels {[one.vc for one in shares]}, not 0, 1, 2")
    if any(not 0.0 <= one.share <= 1.0 for one in shares) or shares[LIVE].share <= 0.0:
        raise DeclarationError("a share of the line lies in 0 to 1, and channel 0 has one")
    if abs(sum(one.share for one in shares) - 1.0) > NEARLY_NOTHING:
        raise DeclarationError(f"shares of the line make {sum(one.share for one in shares):g}, not 1")
    return shares
