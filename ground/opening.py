"""Protected telemetry frames of one station, opened: below the receiver, above the coding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flight.wire.sdls import FollowingReceiver, SecurityCounters, SecurityRejection, Use, Vault
from flight.wire.telemetry_link import TelemetryLink

_OURS = 0xFFF0  # version and spacecraft, of a frame's first two octets


def floors_of(vault: Vault) -> dict[int, int]:
    """By SPI: the number above which a contact that begins now takes frames."""
    return {spi: one.counter.next for spi, one in vault.associations.items() if one.use is Use.TELEMETRY}


class FrameOpener:
    """Good frames in, good frames out; those of protected channels only when their code fits, and then in the clear."""

    def __init__(
        self, spacecraft_id: int, link: TelemetryLink, vault: Vault, floors: Mapping[int, int]
    ) -> None:
        self._identity = spacecraft_id << 4
        self._protected = frozenset(link.protected)
        self._receiver = FollowingReceiver(link.rule(), vault, floors)

    @property
    def counters(self) -> SecurityCounters:
        return self._receiver.counters

    def open(self, frames: Sequence[bytes]) -> list[bytes]:
        opened = []
        for frame in frames:
            identity = frame[0] << 8 | frame[1]
            # Frames of others are refused where all frames are looked at.
            if identity >> 1 & 7 in self._protected and identity & _OURS == self._identity:
                made = self._receiver.open(frame)
                if not isinstance(made, SecurityRejection):
                    opened.append(made)
            else:
                opened.append(frame)
        return opened


def joined(counters: Iterable[SecurityCounters]) -> SecurityCounters:
    """The sums, and what was taken last."""
    total = SecurityCounters()
    for one in counters:
        total.verified += one.verified
        total.accepted += one.accepted
        total.rejections.update(one.rejections)
        if one.last_spi:
            total.last_spi, total.last_number = one.last_spi, one.last_number
    return total
