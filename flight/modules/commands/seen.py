"""Which telecommands have been taken, so that an echo of one does not run it again; kept over reboots.

Echoes come from a line that doubles a frame, from a relay that gives a stored one out again, and from a ground that
repeats, octet for octet, what it has heard nothing of.  None is known by its age, all by what came in between.  So
the promise is a count: what was accepted is known until REMEMBERED others have been accepted after it, over reboots
too.  What was refused, repeated or not stored takes no place.  See docs/decisions/acceptance-after-the-disk.md.
"""

from __future__ import annotations

import enum
import types
from binascii import crc_hqx

from flight.declare import U64, Kept
from flight.wire import TcPacket

REMEMBERED = 256  # a pass's worth of commands; 2.3 kB of the 16 kB that a critical state may have
WAITING_MAX = 32  # commands checked and waiting for their identity to be on disk
PLACES = REMEMBERED + WAITING_MAX  # so that what waits, and may fail, pushes nothing out
CHECKSUM_BITS = 16
UNSURE = 1 << 63  # on disk, of one that was not accepted when it was written
IDENTITY = UNSURE - 1


class Known(enum.Enum):
    WAITING = "waiting"  # for the disk; not accepted yet
    ACCEPTED = "accepted"
    UNSURE = (
        "unsure"  # was on its way to disk when the computer or the module ended: it ran, or it never will
    )


def identity_of(packet: TcPacket) -> int:
    """Request id and a checksum of all else: a ground that has lost its counts sends other commands under old ids."""
    head = bytes((packet.ack, packet.service, packet.subtype)) + packet.source.to_bytes(2, "big")
    return packet.request_id << CHECKSUM_BITS | crc_hqx(head + packet.data, 0xFFFF)


def _seen() -> type[Kept]:
    space = {
        "__annotations__": {f"r{index}": U64 for index in range(PLACES)},  # newest first, 0 for none
        "__module__": __name__,
        "__qualname__": "Seen",
    }
    made = types.new_class("Seen", (Kept,), {"version": 2}, lambda body: body.update(space))
    assert issubclass(made, Kept)
    return made


Seen = _seen()


class Taken:
    """What was accepted and what waits for its write, both also as `kept`: what the next write holds."""

    def __init__(self) -> None:
        self.kept = Seen()
        self.past: dict[int, Known] = {}  # oldest first
        self.waiting: list[int] = []  # the same

    def load(self) -> None:
        """From `kept`, which the executive has filled."""
        for one in reversed(_stored(self.kept)):
            self._keep(one & IDENTITY, Known.UNSURE if one & UNSURE else Known.ACCEPTED)

    def look(self, identity: int) -> Known | None:
        return Known.WAITING if identity in self.waiting else self.past.get(identity)

    def take(self, identity: int) -> None:
        """It goes to disk with the next write, and waits for that."""
        assert len(self.waiting) < WAITING_MAX
        self.waiting.append(identity)
        self._show()

    def accept(self, identity: int) -> None:
        self.waiting.remove(identity)
        self._keep(identity, Known.ACCEPTED)
        self._show()

    def drop(self, identity: int) -> None:
        """It was not accepted, and may be when it comes again."""
        self.waiting.remove(identity)
        self._show()

    def _keep(self, identity: int, known: Known) -> None:
        self.past[identity] = known
        if len(self.past) > REMEMBERED:
            del self.past[next(iter(self.past))]

    def _show(self) -> None:
        oldest_first = [one | UNSURE * (known is Known.UNSURE) for one, known in self.past.items()]
        oldest_first += [one | UNSURE for one in self.waiting]
        newest_first = [*reversed(oldest_first), *[0] * (PLACES - len(oldest_first))]
        vars(self.kept).update({f"r{index}": one for index, one in enumerate(newest_first)})


def _stored(kept: Kept) -> list[int]:
    """Newest first."""
    held = vars(kept)
    found = [held.get(f"r{index}", 0) for index in range(PLACES)]
    return [one for one in found if one]


def was_seen(kept: Kept, request: int) -> bool:
    """Whether `kept` holds this request id: for those who look from outside."""
    return any((one & IDENTITY) >> CHECKSUM_BITS == request for one in _stored(kept))
