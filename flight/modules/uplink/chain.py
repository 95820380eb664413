"""Octets of the receiver to telecommand packets.

The order is the security promise (docs/link.md): a frame's code is checked before FARM-1 sees the frame, so that a
forged one moves nothing; its number counts as used only after FARM-1 has taken it, so that a genuine one which came out
of order may come again; it is handed on when the disk knows that number, so that no reboot takes it twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from flight.wire import (
    IDLE_APID,
    Reason,
    Rejection,
    TcFrame,
    TcFrameType,
    decode_tc_header,
    split_packets,
)
from flight.wire.coding import CltuReceiver
from flight.wire.cop1 import Farm
from flight.wire.crc import CRC_LENGTH
from flight.wire.sdls import Receiver, SecurityRejection, Vault
from flight.wire.segment import SegmentAssembler
from flight.wire.tc_frame import TC_PRIMARY_LENGTH
from flight.wire.telecommand_link import EXPEDITED_MAP, SEQUENCED_MAP, TelecommandLink


@dataclass(slots=True)
class ChainCounters:
    """Beside those of the layers."""

    packets: int = 0
    idle_packets: int = 0
    sequenced: int = 0  # AD frames taken
    expedited: int = 0  # BD frames taken
    controls: int = 0  # BC frames that FARM-1 took
    out_of_order: int = 0  # authentic AD frames, and control frames, that FARM-1 did not take
    rejections: Counter[Reason] = field(default_factory=Counter)  # of frames and of what was in them


class Chain:
    """One receiver on board.  `vault` outlives it."""

    def __init__(self, spacecraft_id: int, link: TelecommandLink, vault: Vault) -> None:
        self.link = link
        self.cltus = CltuReceiver(spacecraft_id, link.randomiser())
        self.farm = Farm(link.channel, link.window, set_v_r_allowed=link.set_v_r_allowed)
        self.security = Receiver(link.rule(), vault)
        self.segments = SegmentAssembler((SEQUENCED_MAP, EXPEDITED_MAP))
        self.counters = ChainCounters()
        self._taken: list[bytes] = []

    @property
    def held(self) -> int:
        """Octets that wait for the rest of their unit."""
        return self.cltus.held

    def receive(self, data: bytes, now: int) -> None:
        """What it completes comes out of `take`."""
        for frame in self.cltus.receive(data):
            self._frame(frame, now)

    def flush(self, now: int) -> None:
        """The carrier is gone: a unit cut by that must not hold up the next pass."""
        for frame in self.cltus.flush():
            self._frame(frame, now)

    def take(self, now: int) -> list[bytes]:
        """Telecommand packets that no power cut could make acceptable once more."""
        self._collect(now)
        packets, self._taken = self._taken, []
        return packets

    def _collect(self, now: int) -> None:
        for verified in self.security.take(now):
            unit = self.segments.add(verified.prefix[TC_PRIMARY_LENGTH:] + verified.data)
            for packet in split_packets(unit.data) if unit is not None else ():
                self._count(packet)

    def clcw(self) -> int:
        """The word for telemetry; room that came back ends FARM-1's Wait."""
        if self.farm.wait and not self.security.full:
            self.farm.buffer_released()
        return self.farm.clcw()

    def _frame(self, octets: bytes, now: int) -> None:
        header = decode_tc_header(octets)
        assert not isinstance(header, Rejection), "it has passed the check of the unit's header"
        if header.virtual_channel != self.link.channel:
            self.counters.rejections[Reason.CHANNEL] += 1
            return
        frame = TcFrame(header, octets[TC_PRIMARY_LENGTH:-CRC_LENGTH])
        if header.kind is TcFrameType.BC:  # carries no code (355.0-B); docs/link.md says what it can do
            taken = self.farm.receive(frame) is None
            self.counters.controls += taken
            self.counters.out_of_order += not taken
            return
        verified = self.security.verify(octets)
        if isinstance(verified, SecurityRejection):
            return
        if not isinstance(self.farm.receive(frame, room=not self.security.full), bytes):
            self.counters.out_of_order += 1
        elif self.security.accept(verified, now) is None:
            self.counters.sequenced += header.kind is TcFrameType.AD
            self.counters.expedited += header.kind is TcFrameType.BD
            self._collect(now)  # at once: only what waits for the disk takes room

    def _count(self, packet: bytes | Rejection) -> None:
        if isinstance(packet, Rejection):
            self.counters.rejections[packet.reason] += 1
        elif int.from_bytes(packet[:2], "big") & IDLE_APID == IDLE_APID:
            self.counters.idle_packets += 1
        else:
            self.counters.packets += 1
            self._taken.append(packet)
