"""Our end of the umbilical: a second pseudo-serial line, or a virtual channel on the first.

What spoils the radio's line must not spoil the world: on a shared line the umbilical's units pass beside the shaping.
Down they are taken off the line before it is spoiled, up they are put behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from flight.boards.umbilical_channel import DownTap, UpEnd
from flight.drivers.umbilical_pipes import Messages, enclose
from flight.mission import Mission
from hil.line import BadLine, PseudoSerial

CHANNEL, LINE = "channel", "line"
KINDS = (LINE, CHANNEL)


class Cord(Protocol):
    @property
    def address(self) -> str:
        """As `--umbilical` of the flight program has it."""
        ...

    @property
    def plugs(self) -> Sequence[PseudoSerial]:
        """Of its own, for a poll."""
        ...

    def messages(self) -> list[bytes]:
        """Those that have come."""
        ...

    def send(self, message: bytes) -> None: ...

    def tend(self) -> None:
        """What was not taken goes now."""
        ...

    def close(self) -> None: ...


class SecondLine:
    def __init__(self, path: Path, baud: int) -> None:
        self._serial, self._messages = PseudoSerial(path), Messages()
        self.address = f"serial:{path}@{baud}"
        self.plugs = (self._serial,)

    def messages(self) -> list[bytes]:
        return self._messages.take(self._serial.read())

    def send(self, message: bytes) -> None:
        self._serial.write(enclose(message))

    def tend(self) -> None:
        self._serial.write()

    def close(self) -> None:
        self._serial.close()


class SharedChannel:
    """Taps `line`: what is the umbilical's never comes into the shaping."""

    address = CHANNEL

    def __init__(self, line: BadLine, mission: Mission) -> None:
        self._line, self._down, self._up = line, DownTap(mission), UpEnd(mission)
        self._waiting: list[bytes] = []
        self.plugs: tuple[PseudoSerial, ...] = ()
        line.tap = self._take

    def _take(self, data: bytes) -> bytes:
        rest, messages = self._down.take(data)
        self._waiting += messages
        return rest

    def messages(self) -> list[bytes]:
        found, self._waiting = self._waiting, []
        return found

    def send(self, message: bytes) -> None:
        self._line.plug.write(self._up.unit(message))

    def tend(self) -> None:
        """The line does."""

    def close(self) -> None:
        """The same."""
