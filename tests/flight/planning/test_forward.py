"""Plans whose jobs stand as far in front as the others let them."""

from __future__ import annotations

import pytest

from flight.planning import plan
from sim.orbsched import CLASSES, Size, generate
from sim.orbsched.check import Run, check, deliver
from sim.orbsched.closed_loop import whole_problem

SMALL = Size(orbits=2, jobs=12, work_slots=(3, 15))


@pytest.mark.parametrize("name", CLASSES)
def test_the_same_jobs_no_later_and_every_rule_held(name: str) -> None:
    instance = generate(name, 11, SMALL)
    told = whole_problem(instance, true=True)
    late, early = plan(told, steps=40_000), plan(told, steps=40_000, early=True)
    runs = tuple(Run(slot, one.job, one.level) for one in early.placements for slot in one.slots)
    verdict = check(instance, deliver(instance, runs))
    assert verdict.violations == []
    assert verdict.value == early.value == late.value
    before = {one.job: one.finish for one in late.placements}
    after = {one.job: one.finish for one in early.placements}
    assert before.keys() == after.keys()
    assert all(after[job] <= before[job] for job in after)
    if name != "energy":  # where nothing is left to be brought forward
        assert sum(after.values()) < sum(before.values())
