"""What runs when there is no plan: the planner crashed, was late, or its plan is too old.

One slot at a time, by value for energy.  It never waits on purpose, so it earns less; it is as safe as any plan,
for the same guard stands behind it.
"""

from __future__ import annotations

from flight.planning.guard import Request
from flight.planning.problem import Job, Problem
from flight.planning.timeline import slots_at_least


def greedy(problem: Problem) -> tuple[Request, ...]:
    """Requests for slot 0, most wanted first: what must not stop, then value for the energy still to spend."""
    waiting = [index for index, job in enumerate(problem.jobs) if _worth_trying(problem, job)]
    waiting.sort(key=lambda index: (not _held(problem.jobs[index]), -density(problem.jobs[index]), index))
    return tuple(Request(index, _slowest_in_time(problem.jobs[index])) for index in waiting)


def density(job: Job) -> float:
    """Value for each W slot still to spend at the first level."""
    return job.value / (slots_at_least(job, 0) * job.levels[0].power_w)


def _held(job: Job) -> bool:
    """It would lose its work if it stopped."""
    return job.running and not job.preemptible


def _slowest_in_time(job: Job) -> int:
    """The level that draws least and still makes the deadline."""
    in_time = [level for level in range(len(job.levels)) if slots_at_least(job, level) <= job.deadline]
    return min(in_time, key=lambda level: (job.levels[level].power_w, level))


def _worth_trying(problem: Problem, job: Job) -> bool:
    if job.release > 0:
        return False
    finish = min(slots_at_least(job, level) for level in range(len(job.levels)))
    if finish > min(job.deadline, problem.slots):
        return False
    return job.output_mb + problem.state.waiting_mb <= sum(problem.forecast.contact_mb[finish:])
