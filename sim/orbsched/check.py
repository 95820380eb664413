"""The rules of ORBSCHED, as a judge of schedules that shares no code with any scheduler.

A schedule is judged in the true world.  A violation is a fact (a limit crossed, a lane too many, octets sent that
did not exist yet); a job that is late or whose output is not wholly down is no violation, it just pays nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from sim.orbsched.instance import Instance, Job

TOLERANCE = 1e-6  # Wh, degC, MB: rounding of sums, and a solver's idea of equality


class Rule(Enum):
    ENERGY = "energy"
    THERMAL = "thermal"
    LANES = "lanes"
    MEMORY = "memory"
    ANOMALY = "anomaly"
    RESET = "reset"
    RELEASE = "release"
    TWICE = "twice in a slot"
    CONTACT = "contact volume"
    SENT_EARLY = "sent before it was finished"
    SENT_TOO_MUCH = "sent more than there is"
    UNKNOWN = "unknown job, level or slot"


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """Job `job` (its index) runs through slot `slot` at its level `level`."""

    slot: int
    job: int
    level: int


@dataclass(frozen=True, slots=True, order=True)
class Sent:
    slot: int
    job: int
    mb: float


@dataclass(frozen=True, slots=True)
class Schedule:
    runs: tuple[Run, ...]
    sent: tuple[Sent, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    rule: Rule
    slot: int
    amount: float  # by how much, in the unit of what is limited


@dataclass(slots=True)
class Verdict:
    """What a schedule is worth.  `finished` maps a job to the first slot in which its result exists."""

    violations: list[Violation] = field(default_factory=list)
    finished: dict[int, int] = field(default_factory=dict)
    delivered: set[int] = field(default_factory=set)
    value: int = 0

    def found(self, rule: Rule, slot: int, amount: float) -> None:
        if amount > TOLERANCE:
            self.violations.append(Violation(rule, slot, amount))


def check(instance: Instance, schedule: Schedule) -> Verdict:
    verdict = Verdict()
    runs = sorted(run for run in schedule.runs if _known(instance, run, verdict))
    by_slot: list[list[Run]] = [[] for _ in range(instance.slots)]
    for run in runs:
        by_slot[run.slot].append(run)
    _check_slots(instance, by_slot, verdict)
    _check_energy_and_heat(instance, by_slot, verdict)
    for index, job in enumerate(instance.jobs):
        mine = {run.slot: job.levels[run.level].speed_milli for run in runs if run.job == index}
        finish = finished_at(job, mine)
        if finish is not None:
            verdict.finished[index] = finish
    _check_downlink(instance, schedule.sent, verdict)
    late = {index for index, finish in verdict.finished.items() if finish > instance.jobs[index].deadline}
    verdict.value = sum(instance.jobs[index].value for index in verdict.delivered - late)
    return verdict


def finished_at(job: Job, speeds: dict[int, int]) -> int | None:
    """First slot after the work is done, from the speed in each slot that it runs in; None if never."""
    done, before = 0, -2
    for slot in sorted(speeds):
        if done and slot != before + 1:
            done = done - job.resume_milli if job.preemptible else 0
        done += speeds[slot]
        before = slot
        if done >= job.work_milli:
            return slot + 1
    return None


def loads(instance: Instance, by_slot: list[list[Run]]) -> Iterator[float]:
    for slot, runs in enumerate(by_slot):
        jobs = sum(instance.jobs[run.job].levels[run.level].power_w for run in runs)
        yield instance.truth.base_w[slot] + jobs


def _known(instance: Instance, run: Run, verdict: Verdict) -> bool:
    jobs = instance.jobs
    known = (
        0 <= run.slot < instance.slots
        and 0 <= run.job < len(jobs)
        and 0 <= run.level < len(jobs[run.job].levels)
    )
    verdict.found(Rule.UNKNOWN, run.slot, 0.0 if known else 1.0)
    return known


def _check_slots(instance: Instance, by_slot: list[list[Run]], verdict: Verdict) -> None:
    for slot, runs in enumerate(by_slot):
        jobs = [instance.jobs[run.job] for run in runs]
        verdict.found(Rule.LANES, slot, len(runs) - instance.lanes)
        verdict.found(Rule.TWICE, slot, max(Counter(run.job for run in runs).values(), default=1) - 1)
        verdict.found(Rule.MEMORY, slot, sum(job.memory_mb for job in jobs) - instance.memory_mb)
        verdict.found(Rule.RELEASE, slot, sum(slot < job.release for job in jobs))
        if instance.truth.anomaly[slot]:
            verdict.found(Rule.ANOMALY, slot, sum(not job.anomaly_allowed for job in jobs))
        if slot in instance.truth.resets:
            verdict.found(Rule.RESET, slot, len(runs))


def _check_energy_and_heat(instance: Instance, by_slot: list[list[Run]], verdict: Verdict) -> None:
    battery, radiator, world = instance.battery, instance.radiator, instance.truth
    energy_wh, temperature_c = battery.start_wh, radiator.start_c
    for slot, load_w in enumerate(loads(instance, by_slot)):
        surplus_wh = (world.harvest_w[slot] - load_w) * instance.slot_h
        if surplus_wh > 0:
            energy_wh = min(battery.capacity_wh, energy_wh + battery.charge_efficiency * surplus_wh)
        else:
            energy_wh += surplus_wh / battery.discharge_efficiency
        equilibrium_c = world.sink_c[slot] + world.resistance_k_w * load_w
        temperature_c = radiator.decay * temperature_c + (1.0 - radiator.decay) * equilibrium_c
        verdict.found(Rule.ENERGY, slot, battery.floor_wh - energy_wh)
        verdict.found(Rule.THERMAL, slot, temperature_c - radiator.limit_c)


def _check_downlink(instance: Instance, sent: tuple[Sent, ...], verdict: Verdict) -> None:
    volume, down = [0.0] * instance.slots, [0.0] * len(instance.jobs)
    for one in sent:
        if not (0 <= one.slot < instance.slots and 0 <= one.job < len(down) and one.mb >= 0.0):
            verdict.found(Rule.UNKNOWN, one.slot, 1.0)
            continue
        volume[one.slot] += one.mb
        down[one.job] += one.mb
        if one.slot < verdict.finished.get(one.job, instance.slots):
            verdict.found(Rule.SENT_EARLY, one.slot, one.mb)
    for slot, mb in enumerate(volume):
        verdict.found(Rule.CONTACT, slot, mb - instance.truth.contact_mb[slot])
    for index, mb in enumerate(down):
        verdict.found(Rule.SENT_TOO_MUCH, instance.slots, mb - instance.jobs[index].output_mb)
        if index in verdict.finished and mb >= instance.jobs[index].output_mb - TOLERANCE:
            verdict.delivered.add(index)


def deliver(instance: Instance, runs: tuple[Run, ...]) -> Schedule:
    """A schedule of these runs: every result that is in time is sent, most valuable for its size first.

    Outputs share one deadline, the end, so that no order delivers more volume; a result that cannot come down
    whole is left out beforehand, least value for its size first.
    """
    finishes: dict[int, int] = {}
    for index, job in enumerate(instance.jobs):
        finish = finished_at(job, {r.slot: job.levels[r.level].speed_milli for r in runs if r.job == index})
        if finish is not None and finish <= job.deadline:
            finishes[index] = finish
    kept = deliverable(instance, finishes)
    waiting = {index: instance.jobs[index].output_mb for index in kept}
    sent = []
    for slot, contact_mb in enumerate(instance.truth.contact_mb):
        volume = contact_mb
        for index in kept:
            mb = min(volume, waiting[index]) if finishes[index] <= slot else 0.0
            if mb > 0.0:
                sent.append(Sent(slot, index, mb))
                waiting[index] -= mb
                volume -= mb
    return Schedule(runs, tuple(sent))


def deliverable(instance: Instance, finishes: dict[int, int]) -> list[int]:
    """Those of the finished jobs that come down whole together, taken greedily by value for size."""
    jobs = instance.jobs
    order = sorted(finishes, key=lambda index: -jobs[index].value / jobs[index].output_mb)
    kept: list[int] = []
    for index in order:
        trial = [*kept, index]
        room, fits = 0.0, True
        for slot in range(instance.slots - 1, -1, -1):
            room += instance.truth.contact_mb[slot]
            asked = sum(jobs[one].output_mb for one in trial if finishes[one] >= slot)
            fits = fits and asked <= room + TOLERANCE / 2
        if fits:
            kept = trial
    return kept
