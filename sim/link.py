"""The space link in virtual time: carrier, rates, delay, and a line that may spoil what it carries."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from flight.ports import LineState
from sim.intruders import Intruder
from sim.shaping import Spoiler

NS = 1_000_000_000
ECHO_FRAMES = 240  # that a relay may bring back; flight promises to know the last 256 that it accepted
START_SEQUENCE = b"\xeb\x90"  # of a telecommand frame
WAITING_MAX = 65_536  # octets in the receiver's buffer; a minute of uplink at 9,600 bit/s is 72,000


@dataclass
class Spoiling:
    """What the line does to each chunk (a frame, as sent): probabilities, all independent."""

    loss: float = 0.0
    flip: float = 0.0  # one bit of the chunk
    duplicate: float = 0.0
    truncate: float = 0.0
    insert: float = 0.0  # up to 16 octets of noise in front
    echo: float = 0.0  # each second: one of the last chunks comes again, however long ago it was

    def any(self) -> bool:
        return bool(self.loss or self.flip or self.duplicate or self.truncate or self.insert or self.echo)


class Line:
    """One direction.  Perfect while `spoiling` is all zeros."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.spoiling = Spoiling()
        self.spoiler: Spoiler | None = None  # octet by octet, as a serial line does
        self.cut = False  # nothing passes
        self.carried = 0
        self.spoiled = 0
        self.echoes: deque[bytes] = deque()

    def carry(self, chunks: list[bytes]) -> list[bytes]:
        self.carried += len(chunks)
        if self.echoes and not self.spoiling.echo:
            self.echoes.clear()
        if self.cut:
            return []
        if self.spoiler is not None:
            chunks = [self.spoiler.spoil(chunk) for chunk in chunks]
        if not self.spoiling.any():
            return chunks
        spoiled = [piece for chunk in chunks for piece in self._spoil(chunk)]
        if self.spoiling.echo:
            self._echo(chunks, spoiled)
        return spoiled

    def _echo(self, chunks: list[bytes], spoiled: list[bytes]) -> None:
        if self.echoes and self.rng.random() < self.spoiling.echo:
            self.spoiled += 1
            spoiled.append(self.rng.choice(self.echoes))
        self.echoes.extend(chunks)
        while sum(max(1, chunk.count(START_SEQUENCE)) for chunk in self.echoes) > ECHO_FRAMES:
            self.echoes.popleft()

    def _spoil(self, chunk: bytes) -> list[bytes]:
        rng, how = self.rng, self.spoiling
        if rng.random() < how.loss:
            self.spoiled += 1
            return []
        out = chunk
        if out and rng.random() < how.flip:
            self.spoiled += 1
            place = rng.randrange(8 * len(out))
            spoiled = bytearray(out)
            spoiled[place // 8] ^= 1 << place % 8
            out = bytes(spoiled)
        if rng.random() < how.truncate:
            self.spoiled += 1
            out = out[: rng.randrange(len(out) + 1)]
        if rng.random() < how.insert:
            self.spoiled += 1
            out = rng.randbytes(rng.randint(1, 16)) + out
        return [out, out] if rng.random() < how.duplicate else [out]


class Radio:
    """The transceiver on board: `flight.ports.Link` towards flight, a pair of pipes towards the world."""

    def __init__(
        self, down_bit_s: float, up_bit_s: float, rng_down: random.Random, rng_up: random.Random
    ) -> None:
        self.down_octets_s = down_bit_s / 8.0
        self.up_octets_s = up_bit_s / 8.0
        self.down, self.up = Line(rng_down), Line(rng_up)
        self.listeners: list[Callable[[bytes], None]] = []  # of what the ground radiates
        self.intruder: Intruder | None = None
        self.in_contact = False
        self.transmitting = True  # the transmitter's rail is on
        self.receiving = True
        self.sent: list[bytes] = []
        self.sent_octets = self.received_octets = 0
        self._waiting = bytearray()
        self._uplink = bytearray()
        self._credit = 0.0
        self.overflowed = 0

    # Towards flight.

    def carrier(self) -> bool:
        return self.in_contact and self.receiving

    def receive(self) -> bytes:
        if not self._waiting:
            return b""
        data = bytes(self._waiting)
        self._waiting.clear()
        self.received_octets += len(data)
        return data

    def room(self) -> int:
        """Octets; none while what was sent beyond the last room is still on its way."""
        if not self.in_contact or not self.transmitting or self._credit < 1.0:
            return 0
        return int(self._credit)

    def send(self, data: bytes) -> None:
        self._credit -= len(data)
        self.sent_octets += len(data)
        if self.transmitting and self.in_contact:
            self.sent.append(data)

    def line(self) -> LineState:
        """A radio on board has no plug; what it keeps waiting is the credit spent ahead."""
        return LineState(
            connected=True,
            sent=self.sent_octets,
            received=self.received_octets,
            lost=self.overflowed,
            connections=1,
            failures=0,
            queued=max(0, -int(self._credit)),
        )

    # Towards the world, once a second.

    def advance(self, seconds: float) -> None:
        """Let time pass: the transmitter gets room for one second at most, uplink octets arrive at their rate."""
        self._credit = min(self._credit + self.down_octets_s * seconds, self.down_octets_s)
        intruder = self.intruder if self.intruder is not None and self.intruder.at_work else None
        if not self._uplink and not self.up.spoiling.echo and intruder is None:
            return
        if not self.carrier():
            self._uplink.clear()
            return
        count = int(self.up_octets_s * seconds)
        chunks = [bytes(self._uplink[:count])] if self._uplink else []
        pieces = self.up.carry(chunks)
        for piece in pieces if intruder is None else intruder.join(pieces):
            self._waiting += piece
        del self._uplink[:count]
        if len(self._waiting) > WAITING_MAX:
            self.overflowed += len(self._waiting) - WAITING_MAX
            del self._waiting[WAITING_MAX:]

    def uplink(self, data: bytes) -> None:
        """The ground station radiates."""
        for listener in self.listeners:
            listener(data)
        self._uplink += data

    def take_sent(self) -> list[bytes]:
        if not self.sent and not self.down.spoiling.echo:
            return self.sent
        sent, self.sent = self.sent, []
        return self.down.carry(sent)
