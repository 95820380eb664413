"""Who else may be heard on the way up: forgers, repeaters, and senders of control frames.  None of them has the keys.

What they radiate is well formed down to its error control, and on top of what the ground radiates: a flood that drowns
the true signal needs no fault of its own (`link.up.loss`).  They are heard in contact only, as everything is here.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

from flight.wire import Ack, TcFrameType, append_crc, encode_tc, encode_tc_frame
from flight.wire.coding import CltuReceiver
from flight.wire.cop1 import SetReceiver, Unlock, encode_control
from flight.wire.sdls import Sender, secure_tc_frame
from flight.wire.sdls.layout import SECURITY_HEADER, SECURITY_HEADER_LENGTH
from flight.wire.segment import SEGMENT_HEADER_LENGTH
from flight.wire.tc_frame import TC_PRIMARY_LENGTH
from flight.wire.telecommand_link import TelecommandLink, clear_frame, segment_header
from ground.keys import Keys
from sim.keys import memory_keys

HEARD_MAX = 4096  # frames that a repeater keeps: all of a run of a day
UNITS_MAX = 600  # of one second: what 115,200 baud carries of the shortest
AD, BD, BC = TcFrameType.AD, TcFrameType.BD, TcFrameType.BC
HEADER = TC_PRIMARY_LENGTH + SEGMENT_HEADER_LENGTH
SHORTEST = HEADER + SECURITY_HEADER_LENGTH
FORGED_SEQUENCE = 0x3000  # from here on, of packets that only a forger sends
CLEAR, WRONG_KEY, CHANGED, RENUMBERED, FAR = range(5)


def number_of(frame: bytes) -> tuple[int, int]:
    """SPI and IV of a protected frame, which stand there for all to read."""
    spi, upper, lower = SECURITY_HEADER.unpack_from(frame, HEADER)
    return spi, upper << 64 | lower


def protected_frames(heard: CltuReceiver, data: bytes) -> list[bytes]:
    """Those of the frames in the line's octets that carry a code."""
    return [frame for frame in heard.receive(data) if not frame[0] & 0x10 and len(frame) > SHORTEST]


class Intruder:
    """Listens to the ground from the start of a run, and radiates what its faults ask for.

    `shares` by kind: of the line's octets of a second, the largest of what is asked.
    """

    def __init__(
        self, spacecraft_id: int, link: TelecommandLink, octets_s: float, seed: int, rng: random.Random
    ) -> None:
        self.spacecraft_id, self.link, self.rng = spacecraft_id, link, rng
        self.octets_s = octets_s
        self.heard: deque[bytes] = deque(maxlen=HEARD_MAX)
        self.asked: dict[str, list[float]] = {}
        self.radiated: dict[str, int] = {}  # units by kind
        self._cltus = CltuReceiver(spacecraft_id, link.randomiser())
        self._keys = Keys(memory_keys(~seed))  # of another spacecraft, under the numbers of ours
        self._sender = Sender(link.rule(), self._keys.vault)
        self._make: dict[str, Callable[[], bytes]] = {
            "forge": self.forge,
            "replay": self.replay,
            "control": self.control,
        }

    def hear(self, data: bytes) -> None:
        self.heard.extend(protected_frames(self._cltus, data))

    def begin(self, kind: str, share: float) -> Callable[[], None]:
        """Give what ends it."""
        asked = self.asked.setdefault(kind, [])
        asked.append(share)
        return lambda: asked.remove(share)

    @property
    def at_work(self) -> bool:
        return any(self.asked.values())

    def join(self, pieces: list[bytes]) -> list[bytes]:
        """What the spacecraft hears in a second: the ground's `pieces`, and before and behind them ours."""
        units = [
            unit for kind, shares in self.asked.items() if shares for unit in self._units(kind, max(shares))
        ]
        self.rng.shuffle(units)
        at = self.rng.randint(0, len(units))
        return [*units[:at], *pieces, *units[at:]]

    def _units(self, kind: str, share: float) -> list[bytes]:
        units: list[bytes] = []
        room = share * self.octets_s
        while room > 0 and len(units) < UNITS_MAX:
            frame = self._make[kind]()
            if not frame:
                break
            units.append(self.link.unit(frame))
            room -= len(units[-1])
        self.radiated[kind] = self.radiated.get(kind, 0) + len(units)
        return units

    # ---------------------------------------------------------------- frames

    def forge(self) -> bytes:
        """Right in everything but the key."""
        how = self.rng.choice(
            (CLEAR, WRONG_KEY, CHANGED, RENUMBERED, FAR) if self.heard else (CLEAR, WRONG_KEY)
        )
        kind = self.rng.choice((AD, BD))
        if how == CLEAR:
            return clear_frame(self.spacecraft_id, self.link, self._packet(), kind, self._sequence(kind))
        if how == WRONG_KEY:
            return self._under_wrong_key(kind)
        frame = bytearray(self.rng.choice(self.heard)[:-2])
        if how == CHANGED:
            frame[self.rng.randrange(SHORTEST, len(frame))] ^= 1 << self.rng.randrange(8)
        else:
            self._renumber(frame, 1 << 33 if how == FAR else 1 << 10)
        if self.rng.random() < 0.5:
            frame[0] ^= 0x20  # AD as BD, BD as AD
        return append_crc(bytes(frame))

    def replay(self) -> bytes:
        """As it was heard, now or long ago."""
        return self.rng.choice(self.heard) if self.heard else b""

    def control(self) -> bytes:
        """Nothing authenticates these (355.0-B)."""
        command = Unlock() if self.rng.random() < 0.5 else SetReceiver(self.rng.randrange(256))
        channel = self.link.channel
        return encode_tc_frame(self.spacecraft_id, channel, encode_control(command), BC)

    def _packet(self) -> bytes:
        return encode_tc(3, FORGED_SEQUENCE + self.rng.randrange(0x1000), 8, 1, bytes(2), ack=Ack.ALL)

    def _sequence(self, kind: TcFrameType) -> int:
        return self.rng.randrange(256) if kind is AD else 0

    def _under_wrong_key(self, kind: TcFrameType) -> bytes:
        if self.heard:
            self._sender.raise_to(number_of(self.heard[-1])[1] + 1)
        self._sender.ready()
        self._keys.settle(0)
        made = secure_tc_frame(
            self._sender,
            self.spacecraft_id,
            self.link.channel,
            self._packet(),
            kind,
            self._sequence(kind),
            segment_header(kind),
        )
        return made or b""

    def _renumber(self, frame: bytearray, ahead: int) -> None:
        """A number that the spacecraft has not seen yet."""
        spi, number = number_of(self.heard[-1])
        number += self.rng.randint(1, ahead)
        SECURITY_HEADER.pack_into(frame, HEADER, spi, number >> 64, number & (1 << 64) - 1)
