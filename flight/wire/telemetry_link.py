"""A mission's table for the security of the way down: which virtual channels are protected, and under which mask."""

from __future__ import annotations

from dataclasses import dataclass

from flight.wire.sdls.layout import (
    SECURITY_HEADER_LENGTH,
    SECURITY_OVERHEAD,
    TM_PREFIX,
    LinkRule,
    strict_mask,
    telemetry_rule,
)
from flight.wire.tm_frame import IDLE_CHANNEL

CHANNELS = (0, 1, 2, IDLE_CHANNEL)
TM_MASK_LENGTH = TM_PREFIX + SECURITY_HEADER_LENGTH
STRICT_TM_MASK = strict_mask(TM_PREFIX)  # every bit of both headers: for Skyrack at both ends


@dataclass(frozen=True, slots=True)
class TelemetryLink:
    """`protected` names virtual channels; on those nothing goes or is taken in the clear, ever.

    `mask` says which bits of the primary header, SPI and IV are authenticated; empty, it is yamcs's.  No mask covers
    the control word, which 355.0-B leaves in the clear.
    """

    protected: tuple[int, ...] = ()
    mask: bytes = b""

    def __post_init__(self) -> None:
        if list(self.protected) != sorted(set(self.protected) & set(CHANNELS)):
            raise ValueError(f"protected channels {self.protected} are not some of {CHANNELS}, in order")
        if self.mask and len(self.mask) != TM_MASK_LENGTH:
            raise ValueError(f"mask of {len(self.mask)} octets, not {TM_MASK_LENGTH}")

    @property
    def overhead(self) -> int:
        """Octets that a protected frame carries less."""
        return SECURITY_OVERHEAD if self.protected else 0

    def rule(self) -> LinkRule:
        """For the security of both ends."""
        return telemetry_rule(frozenset(self.protected), mask=self.mask)


CLEAR_TELEMETRY = TelemetryLink()
