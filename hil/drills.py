"""Drills: the line is pulled out, or flight is killed, again and again, until telemetry is back."""

from __future__ import annotations

import enum
import time
from dataclasses import dataclass, field

from hil.bench import Bench
from sim.simulation import NS

PULLED_S = 3  # how long the line stays out
BACK_WITHIN_S = 2.0  # after it is in again


class Drill(enum.Enum):
    PULL = "line pulled and plugged in again"
    KILL = "flight killed"


@dataclass(slots=True)
class Drills:
    """Every `every_s` seconds of contact.  `back_s` are the measured times, in seconds of the mission."""

    bench: Bench
    kind: Drill
    every_s: int
    back_s: list[float] = field(default_factory=list)
    missed: int = 0  # telemetry was not back when the next was due, or when the contact ended
    _next_s: int = -1
    _plug_s: int = -1
    _since_ns: int = -1  # real time; below zero: nothing is measured
    _frames: int = 0
    _pid: int = 0  # of the executive that was killed

    def each_second(self, second: int) -> None:
        bench = self.bench
        self._measure()
        if self._plug_s == second:
            self._plug_s = -1
            bench.plug()
            self._begin()
        if not bench.ground.in_contact:
            self._give_up()
            self._next_s = -1
        elif self._next_s < 0:
            self._next_s = second + self.every_s
        elif second >= self._next_s and self._plug_s < 0:
            self._give_up()
            self._next_s = second + self.every_s
            self._strike(second)

    def _strike(self, second: int) -> None:
        if self.kind is Drill.PULL:
            self.bench.unplug()
            self._plug_s = second + PULLED_S
        else:
            self._pid = self.bench.board.executive()
            self.bench.kill_flight()
            self._begin()

    def _begin(self) -> None:
        self._since_ns, self._frames = time.monotonic_ns(), self.bench.frames

    def _measure(self) -> None:
        bench = self.bench
        if self._pid and bench.board.executive() in (0, self._pid):
            self._frames = bench.frames  # what the dead one had sent
            return
        self._pid = 0
        if self._since_ns >= 0 and bench.frames > self._frames and bench.last_frame_ns > self._since_ns:
            self.back_s.append((bench.last_frame_ns - self._since_ns) * bench.speed / NS)
            self._since_ns = -1

    def _give_up(self) -> None:
        self.missed += self._since_ns >= 0
        self._since_ns = -1

    def rows(self) -> tuple[tuple[str, str], ...]:
        """For the report."""
        if not self.back_s:
            return ((self.kind.value, "0 times"),)
        back = sorted(self.back_s)
        return (
            (self.kind.value, f"{len(back) + self.missed} times"),
            ("telemetry again after, median and worst", f"{back[len(back) // 2]:.2f} s, {back[-1]:.2f} s"),
        )
