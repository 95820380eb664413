"""What is known of jobs as maps, for the ground's server and its clients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from ground.job_facts import JobFacts, Planned, Stretch
from ground.protocol import Plain, ProtocolError, taken

PLAIN = tuple(one.name for one in fields(JobFacts) if one.name not in ("planned", "plans", "stretches"))


def facts_map(facts: JobFacts, pieces: int) -> Plain:
    """With the newest `pieces` of its runs and of its plans."""
    return {
        **{name: getattr(facts, name) for name in PLAIN},
        "planned": facts.planned and list(facts.planned),
        "plans": [list(one) for one in facts.plans[-pieces:]],
        "stretches": [list(one) for one in facts.stretches[-pieces:]],
    }


def job_facts(given: object) -> JobFacts:
    """ProtocolError for what no server of this version would send."""
    told: dict[str, Any] = dict(taken(given, dict))
    try:
        told["planned"] = told["planned"] and Planned(*told["planned"])
        told["plans"] = tuple(Planned(*one) for one in told["plans"])
        told["stretches"] = tuple(Stretch(*one) for one in told["stretches"])
        return JobFacts(**told)
    except (KeyError, TypeError) as error:
        raise ProtocolError(f"no job: {error}") from None


def times_of(jobs: Iterable[JobFacts]) -> Iterator[int]:
    """Every time in them, mission clock, some of them twice."""
    for job in jobs:
        for at_ns in (job.taken_ns, job.ended_ns, job.kept_ns, job.delivered_ns, job.told_ns):
            if at_ns is not None:
                yield at_ns
        for plan in job.plans:
            yield from plan
        if job.planned is not None:
            yield from job.planned
        for stretch in job.stretches:
            yield from (at_ns for at_ns in stretch[1:3] if at_ns is not None)
