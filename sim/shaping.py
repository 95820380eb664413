"""A bad line, octet by octet: rate, delay, lost and flipped bits, bursts, and a console that talks into the stream.

Sans-I/O: `now` in ns comes from outside, so the same line is shaped in virtual time and between two pseudo-terminals.
Where a fault strikes depends on the seed and on the place in the stream alone, never on how it was cut into pieces.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass

NS = 1_000_000_000
PIECE_NS = NS // 200  # what is paced travels in pieces of so much line: 46 octets at 92,160 a second
WAITING_MAX = 1 << 20  # octets on the way; more is a sender that knows no limit, and is lost
NEVER = 1 << 62
CONSOLE = b"\r\n[%5d.%06d] usb 1-1: reset full-speed USB device number 2 using xhci_hcd\r\n"


@dataclass(frozen=True, slots=True)
class OctetFaults:
    """Probabilities for each octet, `flip` for each bit."""

    loss: float = 0.0  # dropped, as by a UART whose memory is full
    flip: float = 0.0
    burst: float = 0.0  # that noise begins here
    burst_octets: int = 32  # which it overwrites, one to so many
    console: float = 0.0  # that a line of console text stands in front of it

    def __post_init__(self) -> None:
        """ValueError, in one line, for what is no probability."""
        for name in ("loss", "flip", "burst", "console"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} {getattr(self, name)!r}: expected 0 to 1")
        if not 1 <= self.burst_octets <= 65_536:
            raise ValueError(f"burst_octets {self.burst_octets!r}: expected 1 to 65536")


class Strikes:
    """Places in an endless stream, each struck with the same probability."""

    def __init__(self, rng: random.Random, probability: float) -> None:
        self.rng, self.probability = rng, probability
        self.next = self._gap()

    def _gap(self) -> int:
        if self.probability <= 0.0:
            return NEVER
        if self.probability >= 1.0:
            return 0
        return int(math.log(1.0 - self.rng.random()) / math.log(1.0 - self.probability))

    def take(self, length: int) -> list[int]:
        """Offsets within the next `length` places."""
        found = []
        while self.next < length:
            found.append(self.next)
            self.next += 1 + self._gap()
        self.next -= length
        return found


class Spoiler:
    """One direction.  `name` and seed say where it strikes."""

    def __init__(self, faults: OctetFaults, seed: str) -> None:
        self.faults = faults
        self.octets = self.lost = self.flipped = self.bursts = self.inserted = 0
        streams = {kind: random.Random(f"{seed}/{kind}") for kind in ("loss", "flip", "burst", "console")}
        self._noise = streams["burst"]
        self._burst_left = 0
        self._loss = Strikes(streams["loss"], faults.loss)
        self._flip = Strikes(streams["flip"], faults.flip)
        self._burst = Strikes(random.Random(f"{seed}/burst places"), faults.burst)
        self._console = Strikes(streams["console"], faults.console)

    def spoil(self, data: bytes) -> bytes:
        count = len(data)
        octets = bytearray(data)
        for place in self._flip.take(8 * count):
            octets[place // 8] ^= 0x80 >> place % 8
            self.flipped += 1
        self._strike_bursts(octets)
        lost, talks = set(self._loss.take(count)), set(self._console.take(count))
        self.octets += count
        if not lost and not talks:
            return bytes(octets)
        self.lost += len(lost)
        self.inserted += len(talks)
        out = bytearray()
        for place, octet in enumerate(octets):
            if place in talks:
                moment = self.octets - count + place
                out += CONSOLE % (moment // 1_000_000, moment % 1_000_000)
            if place not in lost:
                out.append(octet)
        return bytes(out)

    def _strike_bursts(self, octets: bytearray) -> None:
        """A burst may go on into the next piece."""
        length = len(octets)
        starts = self._burst.take(length)
        place = 0
        while place < length:
            if self._burst_left == 0:
                if not starts:
                    return
                place = max(place, starts.pop(0))
                self._burst_left = self._noise.randint(1, self.faults.burst_octets)
                self.bursts += 1
            octets[place] = self._noise.randrange(256)
            self._burst_left -= 1
            place += 1


class ShapedLine:
    """One direction, `octets_s` 0 for no limit.  What is put in comes out later, slower and worse."""

    def __init__(
        self, octets_s: int = 0, delay_ns: int = 0, faults: OctetFaults | None = None, seed: str = "0"
    ) -> None:
        self.octets_s, self.delay_ns = octets_s, delay_ns
        self.spoiler = Spoiler(faults or OctetFaults(), seed)
        self.cut = False  # nothing passes
        self.discarded = 0  # while it was cut, or beyond what may be on its way
        self._way: deque[tuple[int, bytes]] = deque()
        self._waiting = 0
        self._free_at = 0

    def put(self, data: bytes, now: int) -> None:
        if self.cut or self._waiting + len(data) > WAITING_MAX:
            self.discarded += len(data)
            return
        out = self.spoiler.spoil(data)
        self._waiting += len(out)
        if not self.octets_s:
            self._way.append((now + self.delay_ns, out))
            return
        step = max(1, self.octets_s * PIECE_NS // NS)
        self._free_at = max(self._free_at, now)
        for start in range(0, len(out), step):
            piece = out[start : start + step]
            self._free_at += len(piece) * NS // self.octets_s
            self._way.append((self._free_at + self.delay_ns, piece))

    def take(self, now: int) -> bytes:
        parts = []
        while self._way and self._way[0][0] <= now:
            parts.append(self._way.popleft()[1])
        data = b"".join(parts)
        self._waiting -= len(data)
        return data

    def next_arrival(self) -> int | None:
        return self._way[0][0] if self._way else None
