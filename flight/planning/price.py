"""What a Wh is worth while nobody knows which jobs are still to come: the bid price of energy.

A planner that takes every job that fits spends on what is there the energy that better ones would have paid for.
Bid-price control (Talluri and van Ryzin, Management Science 44, 1998) takes a job only if it pays for what it uses
at the price that the same resource would fetch later.  The price is the dual value of a linear program of the rest of
the horizon in which jobs are served in fractions and what comes is what is expected.  Of one resource that program is
a sorted list: the best value for energy first, until the energy is spent.

Energy alone has a price: it can be kept.  A cool radiator and a free board cannot, so to wait for better jobs with
those wastes them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from flight.planning.guard import SECONDS_PER_HOUR, gain_wh
from flight.planning.problem import Job, Problem
from flight.planning.timeline import slots_at_least

UNSURE_SLOTS = 20  # added to the time seen: a rate of arrival from the first few minutes is not believed
FINE = 10  # values less what is paid are kept in tenths, so that rounding decides nothing


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What was handed in so far, as it was handed in; `many` of it in the last `slots`, the rest was there before."""

    jobs: tuple[Job, ...]
    many: int
    slots: int


class Worth(NamedTuple):
    """A problem of the jobs that pay for their energy, their values less that, and their indices in the old one."""

    problem: Problem
    kept: tuple[int, ...]


def energy_price(problem: Problem, arrivals: Arrivals) -> float:
    """Value for a Wh; 0 while energy is enough for all that is known and expected."""
    asks = [(float(job.value), needed_wh(problem, job)) for job in problem.jobs]
    for job in arrivals.jobs:
        many = _expected(problem, arrivals, job)
        asks.append((many * job.value, many * needed_wh(problem, job)))
    left_wh = spare_wh(problem)
    for value, wh in sorted((ask for ask in asks if ask[1] > 0.0), key=lambda ask: (-ask[0] / ask[1], ask)):
        left_wh -= wh
        if left_wh < 0.0:
            return value / wh
    return 0.0


def spare_wh(problem: Problem) -> float:
    """What the base load leaves for jobs to the end of the horizon; some of it may be spilled."""
    forecast, limits = problem.forecast, problem.limits
    spare = problem.state.energy_wh - limits.floor_wh
    for harvest_w, base_w in zip(forecast.harvest_w, forecast.base_w, strict=True):
        spare += gain_wh(limits, harvest_w - base_w)
    return spare


def needed_wh(problem: Problem, job: Job) -> float:
    """What is left of a job takes at its most frugal level, without a gap."""
    w_slots = min(level.power_w * slots_at_least(job, index) for index, level in enumerate(job.levels))
    return w_slots * problem.limits.slot_s / SECONDS_PER_HOUR


def worth_their_energy(problem: Problem, price: float) -> Worth:
    """What cannot stop without losing its work stays, whatever its worth."""
    kept, jobs = [], []
    for index, job in enumerate(problem.jobs):
        net = job.value - price * needed_wh(problem, job)
        if net > 0.0 or (job.running and not job.preemptible):
            kept.append(index)
            jobs.append(replace(job, value=max(1, int(FINE * net))))
    return Worth(replace(problem, jobs=tuple(jobs)), tuple(kept))


def _expected(problem: Problem, arrivals: Arrivals, job: Job) -> float:
    """How many of its kind are still to come, in time to be done within the horizon."""
    room = max(0, problem.slots - (job.deadline - job.release))
    rate = arrivals.many / (arrivals.slots + UNSURE_SLOTS)
    return rate * room / len(arrivals.jobs)
