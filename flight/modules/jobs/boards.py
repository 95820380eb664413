"""On which board a job begins, and at which level: as planned, where heat and commands let it, on the coolest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from flight.modules.jobs.row import Usable


class Boards(NamedTuple):
    """Of each board its cooling loop, how warm that is, and the highest level that it may work at now."""

    loops: tuple[int, ...]
    loops_c: tuple[float, ...]
    caps: tuple[int, ...]

    def best(
        self, free: Iterable[int], uses: Sequence[Usable], use: int, loop: int
    ) -> tuple[int, int] | None:
        """Board and index of `uses`; None where no free board may work at any of them.  `loop` is the planned one."""
        found = []
        for lane in free:
            fitting = fit(uses, use, self.caps[lane])
            if fitting >= 0:
                warm_c = self.loops_c[self.loops[lane]]
                warm_c = math.inf if math.isnan(warm_c) else warm_c
                apart = self.loops[lane] != loop
                found.append((fitting != use, -uses[fitting].speed_milli, apart, warm_c, lane, fitting))
        if not found:
            return None
        *_, lane, fitting = min(found)
        return lane, fitting


def fit(uses: Sequence[Usable], use: int, cap: int) -> int:
    """The level wanted, or the fastest other that a board may work at up to `cap`; -1 if there is none."""
    if uses[use].board_level <= cap:
        return use
    below = [index for index, one in enumerate(uses) if one.board_level <= cap]
    return max(below, key=lambda index: (uses[index].speed_milli, -index)) if below else -1
