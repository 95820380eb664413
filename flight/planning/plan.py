"""`plan`: a problem in, a plan with its reasons out.  A pure function, bounded in steps."""

from __future__ import annotations

from itertools import product

from flight.planning.forward import bring_forward
from flight.planning.problem import Binding, Decision, Placement, Plan, Problem
from flight.planning.search import Search, begin, improve
from flight.planning.timeline import Timeline

STEPS = 4_000_000  # slots looked at; see docs/orbsched.md for what that takes and buys


def plan(
    problem: Problem,
    *,
    steps: int = STEPS,
    seed: int = 1,
    previous: tuple[Placement, ...] = (),
    early: bool = False,
) -> Plan:
    """The best plan that `steps` find.  `previous` are placements of the plan before, moved to this problem's slots.

    Even 0 steps give a plan: what still fits of the previous one, and then each job once, by worth.  `early`: then
    every job is moved to the front as far as the others let it.
    """
    search = begin(problem, seed, previous)
    improve(search, steps)
    if early:
        bring_forward(search)
    timeline = search.timeline
    placements = tuple(timeline.placed[index] for index in sorted(timeline.placed))
    return Plan(
        placements,
        _decisions(search),
        search.value,
        timeline.steps,
        tuple(timeline.energy_wh),
        tuple(timeline.heat_c),
    )


def _decisions(search: Search) -> tuple[Decision, ...]:
    alone = Timeline.empty(search.problem)
    return tuple(_decision(search, alone, index) for index in range(len(search.problem.jobs)))


def _decision(search: Search, alone: Timeline, index: int) -> Decision:
    """Why, found by one more walk: beside the finished plan, and with nothing else in the way."""
    problem, timeline = search.problem, search.timeline
    job = problem.jobs[index]
    placement = timeline.placed.get(index)
    if placement is None:
        binding, slot = _refusal(alone, index)
        if binding is Binding.NONE:  # alone it would do, so others stand in its way
            binding, slot = _refusal(timeline, index)
            binding = Binding.WORTH if binding is Binding.NONE else binding
        return Decision(index, False, -1, -1, binding, slot, _pass_number(problem, binding, slot))
    first = placement.slots[0]
    if first <= job.release:
        return Decision(index, True, first, placement.finish, Binding.NONE, first, 0)
    binding, slot = _waits_for(timeline, index, placement)
    return Decision(index, True, first, placement.finish, binding, slot, 0)


def _refusal(timeline: Timeline, index: int) -> tuple[Binding, int]:
    """What refuses a job: the constraint met first on an earliest start at its slowest and fastest level."""
    job = timeline.problem.jobs[index]
    found = (Binding.DEADLINE, job.deadline)
    loops = range(len(timeline.loops)) if job.loop < 0 else (job.loop,)
    for level, loop in product(range(len(job.levels)), loops):
        if timeline.walk(index, level, job.release, None, loop):
            return Binding.NONE, job.release
        met = {binding: slot for binding, slot in timeline.refused.items() if binding is not Binding.DEADLINE}
        if met:
            binding = Binding.DOWNLINK if Binding.DOWNLINK in met else min(met, key=lambda one: met[one])
            found = (binding, met[binding])
    return found


def _waits_for(timeline: Timeline, index: int, placement: Placement) -> tuple[Binding, int]:
    """What an earliest start would meet; if nothing, waiting was a choice for the others' sake."""
    job = timeline.problem.jobs[index]
    timeline.take(index)
    timeline.settle()
    timeline.walk(index, placement.level, job.release, None, placement.loop)
    before = {binding: slot for binding, slot in timeline.refused.items() if slot < placement.slots[0]}
    timeline.put(placement)
    timeline.settle()
    if not before:
        return Binding.WORTH, job.release
    binding = min(before, key=lambda one: before[one])
    return binding, before[binding]


def _pass_number(problem: Problem, binding: Binding, slot: int) -> int:
    """The pass, counted from 1, whose volume was missing: the first after `slot`."""
    if binding is not Binding.DOWNLINK:
        return 0
    volume = (0.0, *problem.forecast.contact_mb)
    starts = [at for at in range(len(volume) - 1) if volume[at + 1] and not volume[at]]
    return max(
        1, sum(start < slot for start in starts) + (1 if any(start >= slot for start in starts) else 0)
    )
