"""A file over a serial line in virtual time: real frames, paced octet by octet, with at most so much queued below us.

Down: packets in secured telemetry frames, live ones first.  Up: one PDU in each secured CLTU.  Frames are lost whole,
by chance, and what is not lost arrives `DELAY_NS` after its last octet has left.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import replace
from typing import NamedTuple

from flight.wire import (
    PacketType,
    TmFrameConfig,
    TmFrameMaker,
    TmReceiver,
    VirtualChannel,
    attach_sync_marker,
    encode_packet,
)
from flight.wire.cfdp import CfdpEntity, Local, MemoryFileStore, Put, Remote
from flight.wire.file_packets import FileSettings
from flight.wire.sdls import SECURITY_OVERHEAD

SECOND = 1_000_000_000
TICK_NS = SECOND // 100  # how often flight and ground look at their ends of the line
QUEUED_NS = SECOND // 10  # at most so much of line may wait below us
DELAY_NS = SECOND // 20
BITS_AN_OCTET = 10  # 8N1
GROUND, CRAFT = 1, 2
LIVE, FILES = 0, 2
LIVE_EVERY_NS = SECOND
LIVE_OCTETS = 60
HEADER, WIDE_HEADER = 12, 16  # of a file data PDU, with its offset
UP_OVERHEAD = 6 + 1 + 30 + 7  # packet, segment, security, frame
APID = 77
LONGEST_S = 3600


class Line(NamedTuple):
    """`loss`: of frames.  The frame table of our notes has `packets_octets_s`: 88.4 and 9.19 kB/s for these two."""

    baud: int
    frame_length: int
    loss: float

    @property
    def packets_octets_s(self) -> float:
        """What such frames leave for packets, without loss."""
        return self.baud / BITS_AN_OCTET * self.zone / (self.frame_length + 4)

    @property
    def zone(self) -> int:
        return TmFrameConfig(42, self.frame_length - SECURITY_OVERHEAD).zone_length

    def ceiling(self, header: int) -> float:
        """Of the packets' rate: one PDU a frame, with so long a header, and what is lost."""
        return (1 - self.loss) * (self.zone - 6 - header) / self.zone


class Outcome(NamedTuple):
    right: bool
    seconds: float
    share: float  # of the packets' rate
    file_share: float  # of what is left for file data when each frame has one PDU
    most_queued_ms: float
    slowest_live_ms: float  # from ready to the last octet of its frame


class _Way:
    """One direction: octets leave one after the other."""

    def __init__(self, baud: int, loss: float, chance: random.Random) -> None:
        self.octet_ns = BITS_AN_OCTET * SECOND // baud
        self.loss, self.chance = loss, chance
        self.free_at = 0
        self.most_queued = 0
        self.arriving: list[tuple[int, int, bytes]] = []
        self._number = 0

    def room(self, now: int) -> int:
        """Octets that may be handed over now."""
        return (QUEUED_NS - max(0, self.free_at - now)) // self.octet_ns

    def send(self, data: bytes, octets: int, now: int) -> int:
        """When the last octet has left."""
        self.free_at = max(now, self.free_at) + octets * self.octet_ns
        self.most_queued = max(self.most_queued, self.free_at - now)
        self._number += 1
        if self.chance.random() >= self.loss:
            heapq.heappush(self.arriving, (self.free_at + DELAY_NS, self._number, data))
        return self.free_at

    def arrived(self, now: int) -> list[bytes]:
        found = []
        while self.arriving and self.arriving[0][0] <= now:
            found.append(heapq.heappop(self.arriving)[2])
        return found


def cltu_octets(pdu: bytes) -> int:
    """Start, codeblocks of seven octets in eight, tail."""
    return 2 + -(-(len(pdu) + UP_OVERHEAD) // 7) * 8 + 8


def carry(line: Line, octets: int, seed: int = 1, *, wide_ids: bool = False, live: bool = True) -> Outcome:
    """`live`: a frame of live telemetry each second; else the file has the line for itself."""
    chance = random.Random(seed)
    # A frame with security is one without it and as much longer: the codes themselves are no matter of pace.
    inner = TmFrameConfig(42, line.frame_length - SECURITY_OVERHEAD)
    cadu_octets = line.frame_length + 4
    longest = inner.zone_length - 6
    local = Local(CRAFT) if wide_ids else FileSettings(0, line.frame_length).local(CRAFT, transactions=4)
    stores = {GROUND: MemoryFileStore(), CRAFT: MemoryFileStore()}
    craft = CfdpEntity(local, [Remote(GROUND, longest_pdu=longest)], stores[CRAFT])
    ground = CfdpEntity(replace(local, entity=GROUND), [Remote(CRAFT, longest_pdu=220)], stores[GROUND])
    maker, receiver = TmFrameMaker(inner), TmReceiver(inner)
    channels = {LIVE: VirtualChannel(inner.zone_length), FILES: VirtualChannel(inner.zone_length)}
    down, up = _Way(line.baud, line.loss, chance), _Way(line.baud, line.loss, chance)
    data = chance.randbytes(octets)
    stores[CRAFT].put("a", data)
    craft.put(Put(GROUND, "a", "b"), 0)
    ready: list[int] = []  # when the live packets that wait were made
    now = slowest = sequence = 0
    while not stores[GROUND].exists("b") and now < LONGEST_S * SECOND:
        for pdu in up.arrived(now):
            craft.receive(pdu, now)
        for frame in down.arrived(now):
            for found in receiver.receive(frame):
                if found.vc == FILES:
                    ground.receive(found.packet[6:], now)
        craft.on_deadline(now)
        ground.on_deadline(now)
        if live and now % LIVE_EVERY_NS == 0:
            ready.append(now)
            channels[LIVE].add(encode_packet(PacketType.TELEMETRY, 1, 0, bytes(LIVE_OCTETS)))
        frames = down.room(now) // cadu_octets
        room = frames * inner.zone_length - channels[FILES].pending
        for pdu in craft.send(now, max(0, room)):
            sequence = (sequence + 1) % 16_384
            channels[FILES].add(encode_packet(PacketType.TELEMETRY, APID, sequence, pdu, secondary=False))
        for vc in (LIVE, FILES):
            while frames > 0 and (zone := channels[vc].take()) is not None:
                frames -= 1
                gone = down.send(attach_sync_marker(maker.make(vc, *zone, 1 << 24)), cadu_octets, now)
                if vc == LIVE:
                    slowest = max([slowest, *(gone - at for at in ready)])
                    ready.clear()
        for pdu in ground.send(now, up.room(now)):
            up.send(pdu, cltu_octets(pdu), now)
        now += TICK_NS
    seconds = now / SECOND
    header = WIDE_HEADER if wide_ids else HEADER
    per_frame = (inner.zone_length - 6 - header) / (cadu_octets * down.octet_ns / SECOND)
    right = stores[GROUND].exists("b") and stores[GROUND].content("b") == data
    goodput = octets / seconds
    queued = max(down.most_queued, up.most_queued) / 1e6
    return Outcome(
        right, seconds, goodput / line.packets_octets_s, goodput / per_frame, queued, slowest / 1e6
    )


FAST = Line(921_600, 1115, 0.01)
SLOW = Line(115_200, 223, 0.05)
