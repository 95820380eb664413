"""Sending end: a frame's header and data in, its secured field out, never two under one IV."""

from __future__ import annotations

from dataclasses import dataclass

from flight.wire.sdls.layout import (
    SECURITY_HEADER,
    SECURITY_OVERHEAD,
    SPI_LENGTH,
    LinkRule,
    Protection,
)
from flight.wire.sdls.vault import Vault

_LOWER = (1 << 64) - 1


@dataclass(slots=True)
class SendingCounters:
    frames: int = 0
    no_key: int = 0  # frames that could not go: no active key
    not_reserved: int = 0  # frames that could not go: the disk has not reserved their numbers yet


class Sender:
    def __init__(self, rule: LinkRule, vault: Vault) -> None:
        self.rule, self.counters = rule, SendingCounters()
        self._vault = vault
        self._mask = int.from_bytes(rule.mask, "big")
        self._additional_length = len(rule.mask)
        self._prefix_length = rule.prefix_length
        self._clear = rule.protection is Protection.CLEAR

    @property
    def overhead(self) -> int:
        """Octets that a frame carries less."""
        return 0 if self._clear else SECURITY_OVERHEAD

    @property
    def spi(self) -> int:
        """Of the association in use; 0 for none."""
        association = self._vault.sending.get(self.rule.use)
        return 0 if self._clear or association is None else association.spi

    def ready(self) -> bool:
        """`apply` would give a field now; if not, it is counted why, and the numbers that it needs are asked for."""
        if self._clear:
            return True
        association = self._vault.sending.get(self.rule.use)
        if association is None or not association.on_disk:
            self.counters.no_key += 1
            return False
        if association.counter.ready:
            return True
        self.counters.not_reserved += 1
        return False

    def apply(self, prefix: bytes, data: bytes) -> bytes | None:
        """What stands between `prefix` and trailer: `overhead` octets longer than `data`.

        `prefix` is the header as it will be sent, with the final length in it (and the segment header).  None while
        there is no key or no number: the frame cannot go now, and nothing is used up.
        """
        assert len(prefix) == self._prefix_length
        if self._clear:
            return data
        association = self._vault.sending.get(self.rule.use)
        if association is None or not association.on_disk:
            self.counters.no_key += 1
            return None
        number = association.counter.take()
        if number is None:
            self.counters.not_reserved += 1
            return None
        header = SECURITY_HEADER.pack(association.spi, number >> 64, number & _LOWER)
        masked = int.from_bytes(prefix + header, "big") & self._mask
        additional = masked.to_bytes(self._additional_length, "big")
        self.counters.frames += 1
        return header + association.cipher.encrypt(header[SPI_LENGTH:], data, additional)

    def raise_to(self, number: int) -> bool:
        """The other end takes nothing below `number`: go on from there.  False if that is out of its window.

        Only on authentic telemetry or an operator's word: a liar could make us skip until we are out of reach.
        """
        association = self._vault.sending.get(self.rule.use)
        if association is None or number - association.counter.next >= self.rule.window:
            return False
        association.counter.raise_to(number)
        return True
