"""The cooling loops with their boards: how hot, what they draw, and what the ladder is asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

from flight.declare import SECOND
from flight.modules.forecast.loads import BoardLoad
from flight.modules.forecast.model import Warm
from flight.modules.forecast.throttle import Asked, Ladder
from flight.planning import PlanningTable

LADDER_SIGNALS = ("rung", "power_rung", "thermal_rung", "fault_rung")
NAN = math.nan


class Loops:
    """`see` each second; `first` is the place of the table's sensors among the inputs, and `signals` follow them."""

    def __init__(self, table: PlanningTable, boards: Sequence[BoardLoad], first: int) -> None:
        self.boards, self.quick_k_w = boards, table.quick_k_w
        many = len(table.sensors) // table.loops
        self.sensors = [slice(first + many * loop, first + many * (loop + 1)) for loop in range(table.loops)]
        named = all(board.name for board in boards)
        self.signals = (
            [*LADDER_SIGNALS, *(name for board in boards for name in board.signals)] if named else []
        )
        self.rest = first + len(table.sensors)
        self.told: tuple[object, ...] = ()  # signals, as they were seen last
        self.levels: tuple[int, ...] = ()
        self.ladder = Ladder(boards, table.loops)
        self.watts = (0.0,) * table.loops
        self.hot_c = self.before_c = (NAN,) * table.loops  # now; slow, as the slot under way began
        self.quick = Quick(table.loops, table.quick_s)

    def see(self, now: int, sees: tuple[object, ...], levels: tuple[int, ...]) -> None:
        readings = cast("tuple[float, ...]", sees)
        self.hot_c = tuple([hottest(readings[sensors]) for sensors in self.sensors])
        told = sees[self.rest :]
        if levels != self.levels or told != self.told:
            self.levels, self.told = levels, told
            self.ladder.see(now, self._asked(levels, cast("tuple[int, ...]", told)))
            self.watts = self.ladder.watts()
            self.quick.change(now, self.watts)

    def _asked(self, levels: tuple[int, ...], told: tuple[int, ...]) -> Asked:
        """Boards without a name work on as they do, whatever the ladder says."""
        if not told:
            boards = self.boards
            aims = tuple(levels[board.switch] if board.switch < len(levels) else 0 for board in boards)
            return Asked(0, 0, 0, 0, (0,) * len(boards), aims, levels)
        first = len(LADDER_SIGNALS)
        rung, power_rung, thermal_rung, fault_rung = told[:first]
        return Asked(rung, power_rung, thermal_rung, fault_rung, told[first + 1 :: 2], told[first::2], levels)

    def begin_slot(self, now: int) -> None:
        self.before_c = self.slow_c(now)

    def slow_c(self, now: int) -> tuple[float, ...]:
        """Without what follows the watts quickly."""
        if not self.quick_k_w:
            return self.hot_c
        return tuple(one.slow_c for one in self.warm(now))

    def warm(self, now: int) -> tuple[Warm, ...]:
        pairs = zip(self.hot_c, self.quick.watts(now), strict=True)
        return tuple(Warm(hot - self.quick_k_w * watts, watts) for hot, watts in pairs)


class Quick:
    """Watts of the loops, as what is close to the boards has followed them by now."""

    __slots__ = ("at", "followed", "quick_s", "told")

    def __init__(self, loops: int, quick_s: float) -> None:
        self.told = self.followed = (0.0,) * loops
        self.at, self.quick_s = 0, quick_s

    def watts(self, now: int) -> tuple[float, ...]:
        kept = math.exp(-(now - self.at) / (self.quick_s * SECOND))
        return tuple(
            told + kept * (followed - told) for told, followed in zip(self.told, self.followed, strict=True)
        )

    def change(self, now: int, told: tuple[float, ...]) -> None:
        self.followed, self.at, self.told = self.watts(now), now, told


def hottest(sensors: Sequence[float]) -> float:
    """NaN as soon as one is not known."""
    found = -math.inf
    for one in sensors:
        if one != one:
            return one
        if one > found:  # noqa: PLR1730 (a call would double the cost of the loop)
            found = one
    return found
