"""Receiving end of telemetry: one for each ground station, all with the keys of one ground."""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct

from flight.wire.crc import append_crc
from flight.wire.sdls.association import Association
from flight.wire.sdls.layout import (
    MAC_LENGTH,
    SECURITY_HEADER_LENGTH,
    SECURITY_OVERHEAD,
    TM_PREFIX,
    TM_TRAILER,
    LinkRule,
    Use,
)
from flight.wire.sdls.receiver import FOLLOWING, Receiver
from flight.wire.sdls.refusal import Refusal, SecurityRejection
from flight.wire.sdls.vault import Vault

_header = Struct(">HHH").unpack_from  # identity, counts, data field status
_OCF_FLAG = 1
_PLAIN_STATUS = 0b00011 << 11  # no secondary header, packets in order, segment length identifier 11
_SECONDARY_FLAG = 0x8000
# Version 00 and the length less one in the first octet (132.0-B, 4.1.3.2): 30 octets, as many as security took.
_SECONDARY_ID = bytes([SECURITY_OVERHEAD - 1])
_REST = bytes(MAC_LENGTH - len(_SECONDARY_ID))


class FollowingReceiver(Receiver):
    """Takes rising numbers from its own station, above those that any station had taken when the contact began.

    Stations that hear the same frames each have the whole stream so, as they need it: packets span frames.  What comes
    twice by that is known by the packets' record numbers.  `floors` by SPI; a key without one begins at its counter.
    """

    def __init__(self, rule: LinkRule, vault: Vault, floors: Mapping[int, int]) -> None:
        assert rule.use is Use.TELEMETRY
        assert rule.prefix_length == TM_PREFIX, "our frames have no secondary header"
        super().__init__(rule, vault, FOLLOWING)
        self._next = dict(floors)

    def _lowest(self, association: Association) -> int:
        return self._next.setdefault(association.spi, association.counter.next)

    def open(self, frame: bytes) -> bytes | SecurityRejection:
        """`frame`: one of ours on a protected channel, whole, with good error control.

        The same frame in the clear, as long as it was: what security took is a secondary header now, with SPI and IV
        in it, so that any decoder reads it.
        """
        identity, _, status = _header(frame)
        # yamcs's mask leaves these bits to whoever holds the line, and our frames have no others.
        if not identity & _OCF_FLAG or status & 0xF800 != _PLAIN_STATUS:
            return self._refuse(Refusal.MALFORMED, 0)
        verified = self.verify(frame)
        if isinstance(verified, SecurityRejection):
            return verified
        spi, number = verified.spi, verified.number
        self._next[spi] = number + 1
        counter = self._vault.associations[spi].counter
        if number >= counter.next:
            counter.pass_over(number)
        self.counters.accepted += 1
        self.counters.last_spi, self.counters.last_number = spi, number
        prefix = frame[:4] + (status | _SECONDARY_FLAG).to_bytes(2, "big")
        told = frame[TM_PREFIX : TM_PREFIX + SECURITY_HEADER_LENGTH]
        control = frame[-TM_TRAILER:-2]
        return append_crc(prefix + _SECONDARY_ID + told + _REST + verified.data + control)


assert len(_SECONDARY_ID) + SECURITY_HEADER_LENGTH + len(_REST) == SECURITY_OVERHEAD
assert SECURITY_OVERHEAD - 1 < 64, "it fits into the field of a secondary header's length"
