"""Two compute boards driven by hand: their switches obey, but for those that are broken."""

from __future__ import annotations

from typing import Any

import pytest

from flight.declare import COMPUTE, SECOND, Boot, Call, Outbox
from flight.modules.compute import Board, compute

BOOT = Boot(1, True, False, 0)
WATTS = (0.0, 5.0, 10.0, 15.0, 25.0)
TABLE = (Board("a", 0, 1, WATTS, node="gpu_a", wanted=4), Board("b", 2, 2, WATTS, node="gpu_b"))
ALL = 0b101
DWELL_S = 60


class Bench:
    """Board a has a rail (switch 0) and a throttle (switch 1); board b is one switch (2) for both."""

    def __init__(self, table: tuple[Board, ...] = TABLE, **parameters: object) -> None:
        self.module: Any = compute(table)
        vars(self.module).update(parameters)
        self.out = Outbox()
        self.now = 1000 * SECOND
        self.levels = [1, 0, 0]
        self.broken: set[int] = set()
        self.sees: dict[str, object] = {
            "mode": COMPUTE, "mode_age": 0, "rung": 0, "rung_age": 0, "rails_allowed": ALL,
            "thermal_rung_gpu_a": 0, "thermal_rung_gpu_b": 0,
        }  # fmt: skip
        self.sets: list[tuple[int, int]] = []
        self.module.start(self.now, BOOT, self.out)

    def run(self, seconds: int = 1, **sees: object) -> list[int]:
        for _ in range(seconds):
            self.now += SECOND
            row = self.sees | sees | {"levels": tuple(self.levels)}
            self.module.step(self.now, self.module.Inputs(**row), self.out)
            self.sets += self.out.switches
            for switch, level in self.out.switches:
                if switch not in self.broken:
                    self.levels[switch] = level
            self.out.switches.clear()
        return self.levels[1:]

    def order(self, board: int, level: int) -> object:
        return self.module.level(Call(self.now, 3), self.out, board, level)

    def at(self, level: int) -> None:
        """Bring board a there."""
        self.order(0, level)
        self.run(level * (DWELL_S + 1) + 1)
        assert self.levels[1] == level
        self.names()
        self.sets.clear()

    def names(self) -> list[str]:
        names = [event.name for event, _ in self.out.events]
        self.out.clear()
        return names


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def make():
    """Make one with other parameters: `make(cap_level=3)`."""
    return Bench
