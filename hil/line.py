"""Pseudo-serial lines: a pseudo-terminal as a plug that can be pulled, and a bad line behind it."""

from __future__ import annotations

import contextlib
import os
import tty
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sim.shaping import OctetFaults, ShapedLine

READ_OCTETS = 65_536
NO_FAULTS = OctetFaults()
WAITING_MAX = 1 << 20  # octets that nobody reads at the other end


class PseudoSerial:
    """Our end of a serial line.  The other end opens `path`, whose name stays while it is pulled and plugged.

    Nothing here waits; `fileno` is for a poll, -1 while pulled.
    """

    def __init__(self, path: Path) -> None:
        """FileExistsError if something is there already."""
        self.path = path
        self.lost = 0  # octets that found nobody
        self._handle = -1
        self._waiting = bytearray()
        self.plug()

    def fileno(self) -> int:
        return self._handle

    @property
    def plugged(self) -> bool:
        return self._handle >= 0

    @property
    def wants_to_write(self) -> bool:
        return bool(self._waiting)

    def plug(self) -> None:
        assert not self.plugged
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        try:
            self.path.symlink_to(os.ttyname(theirs))
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self._handle = ours

    def pull(self) -> None:
        """The other end gets an error, as from an adapter that was pulled out."""
        if not self.plugged:
            return
        os.close(self._handle)
        self._handle = -1
        self.lost += len(self._waiting)
        self._waiting.clear()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    def read(self) -> bytes:
        """What has come; nothing while the other end is closed."""
        if not self.plugged:
            return b""
        try:
            return os.read(self._handle, READ_OCTETS)
        except OSError:  # nothing waits, or nobody has opened the other end
            return b""

    def write(self, data: bytes = b"") -> None:
        """What is not taken now goes with the next call."""
        if not self.plugged or len(self._waiting) + len(data) > WAITING_MAX:
            self.lost += len(data)
            return
        self._waiting += data
        try:
            count = os.write(self._handle, self._waiting) if self._waiting else 0
        except OSError:
            return
        del self._waiting[:count]

    def close(self) -> None:
        self.pull()


@dataclass(frozen=True, slots=True)
class Shape:
    """Of both directions: `octets_s` 0 is no limit."""

    octets_s: int = 0
    delay_ns: int = 0
    faults: OctetFaults = NO_FAULTS


class BadLine:
    """A pseudo-serial line that spoils what passes: `down` comes from the other end, `up` goes there."""

    def __init__(self, path: Path, shape: Shape, seed: str) -> None:
        self.plug = PseudoSerial(path)
        self.seed = seed
        self.down, self.up = self._made(shape)
        self.received_octets = 0
        self.tap: Callable[[bytes], bytes] = bytes  # takes off what is not to be spoiled

    def _made(self, shape: Shape) -> tuple[ShapedLine, ShapedLine]:
        down, up = (
            ShapedLine(shape.octets_s, shape.delay_ns, shape.faults, f"{self.seed}/{way}")
            for way in ("down", "up")
        )
        return down, up

    def spoil(self, shape: Shape) -> None:
        """From now on; what is on its way is lost."""
        self.down, self.up = self._made(shape)

    def turn(self, now: int) -> bytes:
        """Move octets both ways; those that have come down."""
        self.down.put(self.tap(self.plug.read()), now)
        self.plug.write(self.up.take(now))
        data = self.down.take(now)
        self.received_octets += len(data)
        return data

    def send(self, data: bytes, now: int) -> None:
        self.up.put(data, now)

    def next_arrival(self) -> int | None:
        due = [one for one in (self.down.next_arrival(), self.up.next_arrival()) if one is not None]
        return min(due, default=None)

    def close(self) -> None:
        self.plug.close()
