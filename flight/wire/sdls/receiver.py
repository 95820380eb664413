"""Receiving end: whole frames in, authentic data out, each at most once for ever.

`verify` decides and changes nothing but counters of what it saw; COP-1 stands between it and `accept`, so a forged
frame cannot move V(R), and a frame that FARM-1 discards may come again.  `take` hands on what was accepted, in
order, as soon as a power cut could no longer make the same frame acceptable again.

What a flood costs: everything before the MAC is comparisons; the MAC itself costs about what the frame's CRC and
parsing cost, so every frame that comes so far is worked on and none is dropped to save work: a quota that forged
frames can use up would shut out the true one.  Forged frames cause no write, no event and take no memory.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from flight.wire.sdls.association import Association, KeyState
from flight.wire.sdls.layout import (
    IV_LENGTH,
    MAC_LENGTH,
    NUMBER_LIMIT,
    SECURITY_HEADER,
    SECURITY_HEADER_LENGTH,
    SECURITY_OVERHEAD,
    SPI_LENGTH,
    LinkRule,
    Protection,
    Use,
)
from flight.wire.sdls.refusal import Refusal, SecurityCounters, SecurityRejection
from flight.wire.sdls.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable

HELD_MAX = 32  # authentic frames that wait for a write, as many as a COP-1 window usually has under way
HELD_LONGEST_NS = 10_000_000_000  # a disk that takes longer does not answer; the ground repeats

# Which keys the commanded end takes, and which one that follows its sender's choice: a ground receives whatever
# key the board chose, also after the board has lost its counters.
COMMANDED = frozenset({KeyState.TRIAL, KeyState.ACTIVE})
FOLLOWING = COMMANDED | {KeyState.PRE_ACTIVATION}


class Verified(NamedTuple):
    """An authentic frame.  `prefix` is its header (with the segment header); `data` is decrypted."""

    spi: int
    number: int
    prefix: bytes
    data: bytes


class Receiver:
    def __init__(self, rule: LinkRule, vault: Vault, states: frozenset[KeyState] = COMMANDED) -> None:
        self.rule, self.counters = rule, SecurityCounters()
        self._vault, self._states = vault, states
        self._confirms = KeyState.PRE_ACTIVATION not in states
        self._held: deque[tuple[Verified, int]] = deque()
        self._prefix_length, self._trailer_length = rule.prefix_length, rule.trailer_length
        self._mask = int.from_bytes(rule.mask, "big")
        self._additional_length = len(rule.mask)
        self._clear = rule.protection is Protection.CLEAR
        self._channel: Callable[[bytes], int] = _tc_channel if rule.use is Use.TELECOMMAND else _tm_channel

    @property
    def full(self) -> bool:
        """Nothing more can be accepted: for FARM-1, its Wait state."""
        return len(self._held) >= HELD_MAX

    @property
    def waiting(self) -> int:
        """Accepted frames that the disk does not know of yet."""
        return len(self._held)

    # ---------------------------------------------------------------- verify

    def verify(self, frame: bytes) -> Verified | SecurityRejection:
        """`frame`: whole, from the primary header to the error control field, which was checked before."""
        verified = self._open_clear(frame) if self._clear else self._open(frame)
        if isinstance(verified, SecurityRejection):
            self.counters.rejections[verified.reason] += 1
        else:
            self.counters.verified += 1
        return verified

    def _open_clear(self, frame: bytes) -> Verified | SecurityRejection:
        start, end = self._prefix_length, len(frame) - self._trailer_length
        if end <= start:
            return SecurityRejection(Refusal.MALFORMED)
        if self._channel(frame) not in self.rule.channels:
            return SecurityRejection(Refusal.CHANNEL)
        return Verified(0, 0, frame[:start], frame[start:end])

    def _open(self, frame: bytes) -> Verified | SecurityRejection:
        start, end = self._prefix_length, len(frame) - self._trailer_length
        if end - start <= SECURITY_OVERHEAD:
            return SecurityRejection(Refusal.MALFORMED)
        if self._channel(frame) not in self.rule.channels:
            return SecurityRejection(Refusal.CHANNEL)
        spi, upper, lower = SECURITY_HEADER.unpack_from(frame, start)
        number = upper << 64 | lower
        association = self._vault.associations.get(spi)
        reason = self._objection(association, number)
        if reason is not None or association is None:
            return SecurityRejection(reason or Refusal.UNKNOWN_SPI, spi)
        from cryptography.exceptions import InvalidTag

        at = start + SECURITY_HEADER_LENGTH
        masked = int.from_bytes(frame[:at], "big") & self._mask
        additional = masked.to_bytes(self._additional_length, "big")
        try:
            data = association.cipher.decrypt(frame[start + SPI_LENGTH : at], frame[at:end], additional)
        except InvalidTag:
            return SecurityRejection(Refusal.MAC, spi)
        return Verified(spi, number, frame[:start], data)

    def _objection(self, association: Association | None, number: int) -> Refusal | None:
        """What can be known before the MAC."""
        if association is None or association.use is not self.rule.use:
            return Refusal.UNKNOWN_SPI if self._vault.associations else Refusal.NO_KEYS
        if association.state not in self._states:
            return Refusal.KEY_STATE
        ahead = number - self._lowest(association)
        if ahead < 0:
            return Refusal.REPLAY
        if ahead >= self.rule.window or number >= NUMBER_LIMIT:
            return Refusal.WINDOW
        return None

    def _lowest(self, association: Association) -> int:
        """The lowest number that is still taken."""
        return association.counter.next

    # ---------------------------------------------------------------- accept

    def accept(self, verified: Verified, now: int) -> SecurityRejection | None:
        """Count it as received: its number and those below are never taken again.  It comes out of `take`."""
        if self.full:
            return self._refuse(Refusal.HELD, verified.spi)
        if not self._clear:
            association = self._vault.associations[verified.spi]
            # Since it was verified it may have been accepted, or its key changed.
            reason = self._objection(association, verified.number)
            if reason is not None:
                return self._refuse(reason, verified.spi)
            association.counter.pass_over(verified.number)
            self.counters.last_spi, self.counters.last_number = verified.spi, verified.number
        self._held.append((verified, now + HELD_LONGEST_NS))
        return None

    def _refuse(self, reason: Refusal, spi: int) -> SecurityRejection:
        self.counters.rejections[reason] += 1
        return SecurityRejection(reason, spi)

    def take(self, now: int) -> list[Verified]:
        """Accepted frames that the disk knows of, in the order of their acceptance."""
        taken = []
        while self._held:
            verified, until = self._held[0]
            if self._known_on_disk(verified):
                taken.append(verified)
                self.counters.accepted += 1
            elif now >= until or not self._may_be_known(verified):
                self._refuse(Refusal.NOT_KEPT, verified.spi)
            else:
                break
            self._held.popleft()
        return taken

    def _known_on_disk(self, verified: Verified) -> bool:
        """No power cut can make this frame acceptable again."""
        if self._clear:
            return True
        association = self._vault.associations[verified.spi]
        state = association.state
        if state >= KeyState.DEACTIVATED:  # its key was replaced while it waited, and that is on disk
            return True
        if state is KeyState.TRIAL and self._confirms:
            self._vault.confirm_key(verified.spi)  # counts when stored; a refusal means: not yet
            return False
        tried = association.on_disk or state is KeyState.PRE_ACTIVATION
        return tried and state in self._states and verified.number < association.counter.reserved

    def _may_be_known(self, verified: Verified) -> bool:
        """False once the trial of its key has ended without confirmation."""
        return self._vault.associations[verified.spi].state in self._states


def _tc_channel(frame: bytes) -> int:
    return frame[2] >> 2


def _tm_channel(frame: bytes) -> int:
    return frame[1] >> 1 & 7


assert SECURITY_HEADER.size == SECURITY_HEADER_LENGTH == SPI_LENGTH + IV_LENGTH
assert SECURITY_OVERHEAD == SECURITY_HEADER_LENGTH + MAC_LENGTH
