"""What a test holds: a connected client, and hands on the board, the same for every board."""

from __future__ import annotations

from typing import Protocol

from ground.client import Craft, connect
from hil.bench import Bench
from hil.line import Shape
from sim.flying import Flying
from sim.shaping import Spoiler

NAME = "test"


class Rig(Protocol):
    """`craft` is connected; `close` ends the flight."""

    craft: Craft

    def unplug(self) -> None:
        """Pull the line to the radio out; nothing passes."""
        ...

    def plug(self) -> None: ...

    def kill_flight(self) -> None:
        """The executive ends as if it had crashed; its guardian starts another."""
        ...

    def spoil(self, shape: Shape) -> None:
        """From now on the line is that bad; rate and delay are those of a board, a simulation has its own."""
        ...

    def frames(self) -> int:
        """Good telemetry frames so far."""
        ...

    def close(self) -> None: ...


class SimRig:
    """In virtual time, in this process."""

    def __init__(self, scenario: str, mission: str | None, seed: int | None) -> None:
        self.flying = Flying(scenario, mission, seed)
        self.craft = connect(self.flying, NAME)
        self._lines = self.flying.simulation.radio.down, self.flying.simulation.radio.up

    def unplug(self) -> None:
        for line in self._lines:
            line.cut = True

    def plug(self) -> None:
        for line in self._lines:
            line.cut = False

    def kill_flight(self) -> None:
        self.flying.simulation.restart_executive(None)

    def spoil(self, shape: Shape) -> None:
        seed = self.flying.simulation.seed
        for way, line in zip(("down", "up"), self._lines, strict=True):
            line.spoiler = Spoiler(shape.faults, f"{seed}/line/{way}")

    def frames(self) -> int:
        return self.flying.ground.link.frames.frames

    def close(self) -> None:
        self.craft.close()
        self.flying.close()


class PtyRig:
    """Real processes of this computer behind pseudo-serial lines."""

    def __init__(self, scenario: str, mission: str | None, seed: int | None, speed: int) -> None:
        self.bench = Bench(scenario, mission, seed, speed=speed)
        self.craft = connect(self.bench, NAME)

    def unplug(self) -> None:
        self.bench.unplug()

    def plug(self) -> None:
        self.bench.plug()

    def kill_flight(self) -> None:
        self.bench.kill_flight()

    def spoil(self, shape: Shape) -> None:
        self.bench.spoil(shape)

    def frames(self) -> int:
        return self.bench.ground.link.frames.frames

    def close(self) -> None:
        try:
            self.craft.close()
        finally:
            self.bench.close()


def make_rig(
    board: str, scenario: str, mission: str | None = None, seed: int | None = None, speed: int = 1
) -> Rig:
    """Of `--board`; `speed` is of a board, for virtual time passes as fast as it can."""
    return PtyRig(scenario, mission, seed, speed) if board == "pty" else SimRig(scenario, mission, seed)
