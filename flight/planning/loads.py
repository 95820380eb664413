"""What the jobs module tells the forecast: how hard each compute board is planned to work, and from when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

LOADS_SLOTS = 90  # that are told of: 30 for the forecast, and the 60 for which a plan holds at most
STEPS_MAX = LOADS_SLOTS + 1  # one for now, and one at the beginning of each later slot


class LoadStep(NamedTuple):
    """From then on; `levels` are of the boards, in the order of the mission's table.

    `planned`: jobs are why.  Without any left the boards do what they are commanded to, one level after the other.
    """

    from_ns: int
    levels: tuple[int, ...]
    planned: bool


@dataclass(frozen=True, slots=True)
class PlannedLoads:
    """Steps in the order of time; nothing is said of what is before the first or from `until_ns` on.

    Without steps nothing is planned: there is no plan, or safing keeps it from being followed.
    """

    steps: tuple[LoadStep, ...]
    until_ns: int

    def __post_init__(self) -> None:
        assert len(self.steps) <= STEPS_MAX, len(self.steps)
        times = [step.from_ns for step in self.steps] + [self.until_ns]
        assert times == sorted(times), times
        assert len({len(step.levels) for step in self.steps}) <= 1, self.steps
        assert all(level >= 0 for step in self.steps for level in step.levels), self.steps

    def at(self, now: int) -> LoadStep | None:
        """In force at `now`."""
        if now >= self.until_ns:
            return None
        return next((step for step in reversed(self.steps) if step.from_ns <= now), None)

    def span(self, begin: int, slot_ns: int, slots: int) -> list[LoadStep]:
        """The steps in force as these slots begin; empty unless all are told of."""
        if not self.steps or begin < self.steps[0].from_ns or begin + slots * slot_ns > self.until_ns:
            return []
        found, place = [], 0
        for slot in range(slots):
            at = begin + slot * slot_ns
            while place + 1 < len(self.steps) and self.steps[place + 1].from_ns <= at:
                place += 1
            found.append(self.steps[place])
        return found


def steps_of(steps: Sequence[LoadStep]) -> tuple[LoadStep, ...]:
    """Without those that change nothing."""
    return tuple(step for place, step in enumerate(steps) if not place or step[1:] != steps[place - 1][1:])
