"""Who decides: the planner of `flight.planning`, and the rules that it is measured against.

The rules know what has been handed in, keep what they have begun and run what they can; they never wait on purpose,
except the price rule, which is what a price is for.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from flight.planning import Job, Placement, Plan, Problem, Request, State, plan
from flight.planning.correction import Correction, Measured, apply, corrected
from flight.planning.fallback import greedy
from flight.planning.timeline import slots_at_least
from sim.orbsched.closed_loop import Board

APART_WH, APART_C = 1.0, 0.5  # from what the plan expected: re-plan
REST_SLOTS = 2  # between re-plans for such a reason
ANEW = 0.02  # of harvest or resistance, learned since the last long search: another one
ROUND_SLOTS = 20  # re-plan after so many in any case, to go on searching


def problem_now(board: Board, indices: list[int], correction: Correction) -> Problem:
    """The rest of the horizon as the planner sees it, slot 0 being now."""
    now = board.slot
    forecast = apply(correction, board.forecast).after(now)
    jobs = tuple(job_now(board, index) for index in indices)
    waiting = sum(board.waiting_mb.values())
    return Problem(board.limits, forecast, State(board.energy_wh, (board.temperature_c,), waiting), jobs)


def job_now(board: Board, index: int) -> Job:
    job, now = board.jobs[index], board.slot
    return replace(
        job,
        release=max(0, job.release - now),
        deadline=job.deadline - now,
        done_milli=board.done_milli.get(index, 0),
        running=index in board.running,
    )


@dataclass(slots=True)
class Planned:
    """The planner in a rolling horizon: a long search at first, shorter ones on events and every 20 slots.

    Online, what is planned runs as early as the others let it: who waits for no reason is in the way of jobs to come.
    """

    steps: int
    again_steps: int
    seed: int = 1
    planned_s: float = 0.0  # within the last `requests`
    slowest_s: float = 0.0
    plans: int = 0
    correction: Correction = field(default_factory=Correction)
    _plan: Plan | None = None
    _indices: list[int] = field(default_factory=list)
    _at: int = 0
    _searched: Correction = field(default_factory=Correction)  # that of the last long search

    def requests(self, board: Board) -> list[Request]:
        self.planned_s = 0.0
        if board.slot:
            seen = Measured(
                board.slot - 1, board.harvest_w, board.load_w, board.before_c, board.temperature_c
            )
            self.correction = corrected(self.correction, board.limits, board.forecast, seen)
        if self._due(board):
            self._replan(board)
        assert self._plan is not None
        here = board.slot - self._at
        wanted = [
            Request(self._indices[one.job], one.level)
            for one in self._plan.placements
            if here in one.slots and self._indices[one.job] not in board.finished
        ]
        return sorted(wanted, key=lambda one: _rank(board, one.job))

    def _due(self, board: Board) -> bool:
        if self._plan is None:
            return True
        since = board.slot - self._at
        if set(board.known()) - set(self._indices) or board.was_reset:
            return True
        apart = (
            abs(board.energy_wh - self._plan.energy_wh[since]) > APART_WH
            or abs(board.temperature_c - self._plan.temperature_c[since]) > APART_C
            or board.missed_mb > 0.0
        )
        return since >= (REST_SLOTS if apart else ROUND_SLOTS)

    def _replan(self, board: Board) -> None:
        began = time.process_time()
        indices = board.known()
        problem = problem_now(board, indices, self.correction)
        previous = self._moved(board, indices)
        steps = self.again_steps
        if self._plan is None or _moved_by(self._searched, self.correction) > ANEW:
            steps, self._searched = self.steps, self.correction
        early = not board.batch
        self._plan = plan(problem, steps=steps, seed=self.seed + board.slot, previous=previous, early=early)
        self._indices, self._at = indices, board.slot
        self.planned_s = time.process_time() - began
        self.slowest_s = max(self.slowest_s, self.planned_s)
        self.plans += 1

    def _moved(self, board: Board, indices: list[int]) -> tuple[Placement, ...]:
        """What is left of the plan, in the slots and job numbers of the new problem."""
        if self._plan is None:
            return ()
        since, position = board.slot - self._at, {index: at for at, index in enumerate(indices)}
        moved = []
        for one in self._plan.placements:
            slots = tuple(slot - since for slot in one.slots if slot >= since)
            index = self._indices[one.job]
            if slots and index in position:
                moved.append(Placement(position[index], one.level, slots, one.finish - since))
        return tuple(moved)


def _moved_by(old: Correction, new: Correction) -> float:
    return max(abs(new.harvest - old.harvest), abs(new.resistance - old.resistance))


def _rank(board: Board, index: int) -> tuple[bool, int, int]:
    """What would lose its work comes first, then the most valuable."""
    job = board.jobs[index]
    return (not (index in board.running and not job.preemptible), -job.value, index)


@dataclass(slots=True)
class Ranked:
    """A list rule: what cannot stop goes on, then jobs by `key`, least first; each at full speed."""

    key: Callable[[Job, Job], float]  # of the job as it was handed in, and as it is now

    def requests(self, board: Board) -> list[Request]:
        ready = [index for index in board.known() if _still_possible(board, index)]
        held = {index for index in ready if index in board.running and not board.jobs[index].preemptible}
        ready.sort(
            key=lambda index: (index not in held, self.key(board.jobs[index], job_now(board, index)), index)
        )
        return [Request(index, 0) for index in ready]


def _still_possible(board: Board, index: int) -> bool:
    job = job_now(board, index)
    return job.release == 0 and slots_at_least(job, 0) <= job.deadline


@dataclass(slots=True)
class Priced:
    """After Equinox (arXiv 2604.19958): a job runs if its worth exceeds a price that rises as reserves shrink.

    Our reading of the abstract: barrier prices of charge and heat, and a queue that makes the satellite choosier.
    """

    def requests(self, board: Board) -> list[Request]:
        limits = board.limits
        charge = (board.energy_wh - limits.floor_wh) / (limits.capacity_wh - limits.floor_wh)
        heat = (limits.limit_c - board.temperature_c) / limits.limit_c
        price = 0.25 / max(charge, 1e-3) + 0.15 / max(heat, 1e-3)
        ready = [index for index in board.known() if _still_possible(board, index)]
        worth = {index: 20.0 * _per_energy(job_now(board, index)) for index in ready}
        price *= 1.0 + len(ready) / 20.0
        held = {index for index in ready if index in board.running and not board.jobs[index].preemptible}
        wanted = [index for index in ready if index in held or worth[index] > price]
        wanted.sort(key=lambda index: (index not in held, -worth[index], index))
        return [Request(index, 0) for index in wanted]


def _per_energy(job: Job) -> float:
    return job.value / (slots_at_least(job, 0) * job.levels[0].power_w)


@dataclass(slots=True)
class FallenBack:
    """The safe greedy rule that flies when there is no plan."""

    def requests(self, board: Board) -> list[Request]:
        indices = board.known()
        problem = problem_now(board, indices, Correction())
        return [Request(indices[one.job], one.level) for one in greedy(problem)]


@dataclass(slots=True)
class Nonsense:
    """Asks for anything, of jobs that exist or do not, in any order: what the guard has to stand."""

    rng: random.Random

    def requests(self, board: Board) -> list[Request]:
        many = len(board.jobs)
        asked = range(int(self.rng.random() * 16))
        return [
            Request(int(self.rng.random() * (many + 2)) - 1, int(self.rng.random() * 4) - 1) for _ in asked
        ]


RULES: dict[str, Callable[[], Ranked | Priced | FallenBack]] = {
    "FIFO": lambda: Ranked(lambda job, _: float(job.release)),
    "EDF": lambda: Ranked(lambda job, _: float(job.deadline)),
    "value/energy": lambda: Ranked(lambda _, now: -_per_energy(now)),
    "price": Priced,
    "fall-back": FallenBack,
}
