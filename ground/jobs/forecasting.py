"""Plans that came down: the newest, the question "when would this run?", and planning one again.

All of it is the planner that flies (`flight.planning`), on what the spacecraft told; so an answer is as old as its
record, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from flight.jobs import Fault, Manifest
from flight.planning import (
    Binding,
    Decision,
    Plan,
    PlanRecord,
    job_of,
    planned,
    read_record,
    record_octets,
)
from ground.protocol import NS, CraftError

LOOKED_AT = 8  # newest names: numbers may have begun anew, the time in a record does not
UPLINK_BIT_S = 9600  # of a station, if the ground says nothing else


class NoPlanError(CraftError):
    """No plan has come down, or none that can be read."""


@dataclass(frozen=True, slots=True)
class NewestPlan:
    """`utc_0_s` is the UTC of slot 0, 0 if not known; `mission_ns` now, None if not known."""

    name: str
    record: PlanRecord
    utc_0_s: int
    mission_ns: int | None

    @property
    def plan(self) -> Plan:
        assert self.record.plan is not None, "newest_record gives those that have one"
        return self.record.plan

    @property
    def age_s(self) -> int | None:
        if self.mission_ns is None:
            return None
        return max(0, self.mission_ns - self.record.slot_0_ns) // NS

    @property
    def slot_now(self) -> int:
        """In which now lies; 0 if now is not known."""
        return (self.age_s or 0) // self.record.problem.limits.slot_s


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A plan with one more job, its last; `arrives` is the slot from which it is on board at the earliest.

    `displaced` are jobs that the plan before ran and this one does not.
    """

    before: NewestPlan
    made: PlanRecord
    arrives: int
    arrives_by_pass: bool
    displaced: tuple[str, ...]

    @property
    def decision(self) -> Decision:
        assert self.made.plan is not None
        return self.made.plan.decisions[-1]

    @property
    def name(self) -> str:
        return self.made.problem.jobs[-1].name


@dataclass(frozen=True, slots=True)
class Replayed:
    """`same`: bit for bit what the record holds."""

    record: PlanRecord
    again: PlanRecord
    same: bool


def newest_record(read: Callable[[str], bytes], names: Sequence[str]) -> tuple[str, PlanRecord]:
    """(name, record) of the newest with a plan, by its slot 0.  NoPlanError if there is none."""
    found: list[tuple[int, str, PlanRecord]] = []
    faults = []
    for name in sorted(names)[-LOOKED_AT:]:
        record = read_record(read(name))
        if isinstance(record, Fault):
            faults.append(f"{name}: {record}")
        elif record.plan is not None:
            found.append((record.slot_0_ns, name, record))
    if not found:
        raise NoPlanError("; ".join(["no plan has come down yet: `command jobs.plan` asks for one", *faults]))
    _, name, record = max(found, key=lambda one: one[:2])
    return name, record


def what_if(before: NewestPlan, manifest: Manifest, octets: int, up_bit_s: float = UPLINK_BIT_S) -> WhatIf:
    """The newest plan, made again with this package beside its jobs.  NoPlanError if its horizon is over."""
    record, limits = before.record, before.record.problem.limits
    slots, first = record.problem.slots, before.slot_now
    if first >= slots:
        raise NoPlanError(f"the newest plan, {before.name}, has run out: ask for a new one with `jobs.plan`")
    if not before.utc_0_s and (manifest.deadline_utc_s or manifest.release_utc_s):
        raise NoPlanError("its release and deadline are UTC, and the spacecraft's clock is not known here")
    contact_mb = record.problem.forecast.contact_mb
    pass_slot = next((slot for slot in range(first, slots) if contact_mb[slot] > 0.0), None)
    up_slots = math.ceil(octets * 8 / (up_bit_s * limits.slot_s))
    arrives = min((first if pass_slot is None else pass_slot) + up_slots, slots)
    job = job_of(manifest, limits.slot_s, slots, before.utc_0_s)
    job = replace(job, release=max(job.release, arrives))
    problem = replace(record.problem, jobs=(*record.problem.jobs, job))
    made = planned(replace(record, problem=problem, previous=before.plan.placements, plan=None))
    assert made.plan is not None
    runs = {one.job for one in made.plan.placements}
    displaced = [record.problem.jobs[one.job].name for one in before.plan.placements if one.job not in runs]
    return WhatIf(before, made, arrives, pass_slot is not None, tuple(displaced))


def replay(octets: bytes) -> Replayed | Fault:
    """Plan a record again."""
    record = read_record(octets)
    if isinstance(record, Fault):
        return record
    again = planned(replace(record, plan=None))
    return Replayed(record, again, record.plan is not None and record_octets(again) == record_octets(record))


def decision_words(decision: Decision, time_of: Callable[[int], str]) -> str:
    """`time_of` says a slot's time."""
    why = decision.binding.value
    if decision.station_pass:
        why += f" of pass {decision.station_pass}"
    if not decision.planned:
        at = f", at {time_of(decision.slot)}" if decision.slot >= 0 else ""
        return f"not planned: {why}{at}"
    words = f"{time_of(decision.first)} to {time_of(decision.finish)}"
    if decision.binding is Binding.NONE:
        return f"{words}, as soon as it may"
    return f"{words}, waits for {why}"
