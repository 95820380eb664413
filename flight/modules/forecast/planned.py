"""What the jobs module says that the boards will do, held against what they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flight.declare import SECOND
from flight.planning import PlannedLoads


class Course(NamedTuple):
    """Of a slot: the level that each board is to work at; `planned`: by jobs, so it rises there at once."""

    aims: tuple[int, ...]
    planned: bool


class Planned:
    """What was told last; `course` for the slots to come."""

    def __init__(self, tops: Sequence[int]) -> None:
        """`tops`: the highest level of each board."""
        self.tops = tuple(tops)
        self.loads: PlannedLoads | None = None
        self.followed = self.contradicted = 0  # forecasts

    def take(self, told: Sequence[PlannedLoads]) -> None:
        """The last one counts.  One of other boards than ours is none."""
        for loads in told[-1:]:
            fits = all(len(step.levels) == len(self.tops) for step in loads.steps)
            self.loads = loads if fits else None
            self.contradicted += not fits

    def course(self, now: int, aims: Sequence[int], slot_ns: int, slots: int) -> list[Course]:
        """For slots from `now` on; empty without a plan that reaches so far.

        `aims` is what the boards work at as soon as they are let, by the compute module.  A board that does not do what
        the plan says of the moment that is just over goes on as it does: mode, supply and a board that was cut are not
        the plan's, and a plan that is wrong about now is no better about later.
        """
        loads = self.loads
        if loads is None:
            return []
        before, steps = loads.at(now - SECOND), loads.span(now, slot_ns, slots)
        if before is None or not steps:
            return []
        pairs = zip(self._levels(before.levels), aims, strict=True)
        kept_to = [level == aim for level, aim in pairs]
        self.contradicted += not all(kept_to)
        if not any(kept_to):
            return []
        self.followed += 1
        return [Course(self._mixed(kept_to, step.levels, aims), step.planned) for step in steps]

    def _levels(self, levels: Sequence[int]) -> tuple[int, ...]:
        return tuple(map(min, levels, self.tops))

    def _mixed(self, kept_to: Sequence[bool], levels: Sequence[int], aims: Sequence[int]) -> tuple[int, ...]:
        planned = self._levels(levels)
        return tuple(level if kept else aim for kept, level, aim in zip(kept_to, planned, aims, strict=True))
