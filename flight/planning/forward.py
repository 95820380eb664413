"""Placements moved to the front: what runs now cannot be upset by what the forecast did not know.

A plan is worth the same wherever its jobs stand in time, so the search leaves them anywhere.  Planned again and again,
a job without a deadline could stay an hour ahead for ever.
"""

from __future__ import annotations

from flight.planning.problem import Job, Placement
from flight.planning.search import Search


def bring_forward(search: Search) -> None:
    """Each placement, the first ones first, to its earliest finish beside the others, at the level that it has."""
    timeline = search.timeline
    for index in sorted(timeline.placed, key=lambda one: (timeline.placed[one].slots[0], one)):
        old = timeline.take(index)
        timeline.settle()
        found = _earliest(search, search.problem.jobs[index], old)
        better = found is not None and (found.finish, found.slots[0]) < (old.finish, old.slots[0])
        timeline.put(found if found is not None and better else old)
        timeline.settle()


def _earliest(search: Search, job: Job, old: Placement) -> Placement | None:
    """On any loop that it may be on; the coolest one of those on which it is done as early."""
    if job.running and not job.preemptible and old.slots[0] == 0:
        return None  # it is where it must be
    found = [_earliest_on(search, job, old, loop) for loop in search.loops(job)]
    return min(
        (one for one in found if one is not None), key=lambda one: (one.finish, one.slots[0]), default=None
    )


def _earliest_on(search: Search, job: Job, old: Placement, loop: int) -> Placement | None:
    if job.preemptible:
        return search.timeline.walk(old.job, old.level, job.release, None, loop)
    length = old.finish - old.slots[0]
    return search.first_start(old.job, old.level, job.release, old.slots[0] - 1, length, loop)
