"""A schedule made slot by slot: a policy asks, the guard admits, the true world answers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from flight.planning import Forecast, Job, Level, Limits, Problem, Request, State, admit, envelope
from sim.orbsched.check import Run, Schedule, Sent
from sim.orbsched.instance import Instance


def limits_of(instance: Instance) -> Limits:
    battery, radiator, trust = instance.battery, instance.radiator, instance.trust
    return Limits(
        slot_s=instance.slot_s,
        lanes=instance.lanes,
        memory_mb=instance.memory_mb,
        capacity_wh=battery.capacity_wh,
        floor_wh=battery.floor_wh,
        charge_efficiency=battery.charge_efficiency,
        discharge_efficiency=battery.discharge_efficiency,
        decay=radiator.decay,
        limit_c=radiator.limit_c,
        harvest_at_least=trust.harvest_at_least,
        resistance_at_most=trust.resistance_at_most,
    )


def forecast_of(instance: Instance, *, true: bool = False) -> Forecast:
    """What the satellite is told; with `true`, what only a clairvoyant knows."""
    world = instance.truth if true else instance.forecast
    return Forecast(
        harvest_w=world.harvest_w,
        base_w=world.base_w,
        sink_c=world.sink_c,
        anomaly=world.anomaly,
        contact_mb=world.contact_mb,
        resistance_k_w=world.resistance_k_w,
        nominal_harvest_w=instance.forecast.harvest_w,
        nominal_resistance_k_w=instance.forecast.resistance_k_w,
        quiet=frozenset(world.resets),
    )


def jobs_of(instance: Instance) -> tuple[Job, ...]:
    return tuple(
        Job(
            name=job.name,
            levels=tuple(Level(level.power_w, level.speed_milli) for level in job.levels),
            work_milli=job.work_milli,
            release=job.release,
            deadline=job.deadline,
            value=job.value,
            preemptible=job.preemptible,
            resume_milli=job.resume_milli,
            anomaly_allowed=job.anomaly_allowed,
            memory_mb=job.memory_mb,
            output_mb=job.output_mb,
        )
        for job in instance.jobs
    )


def whole_problem(instance: Instance, *, true: bool = False) -> Problem:
    """Everything known at the beginning, to be planned at once."""
    start = State(instance.battery.start_wh, (instance.radiator.start_c,), 0.0)
    return Problem(limits_of(instance), forecast_of(instance, true=true), start, jobs_of(instance))


@dataclass(slots=True)
class Board:
    """What can be seen on board at the beginning of a slot."""

    limits: Limits
    forecast: Forecast
    jobs: tuple[Job, ...]  # with absolute slots, without progress
    batch: bool
    energy_wh: float
    temperature_c: float
    slot: int = 0
    done_milli: dict[int, int] = field(default_factory=dict)
    running: dict[int, int] = field(default_factory=dict)  # level in the slot before
    finished: dict[int, int] = field(default_factory=dict)
    waiting_mb: dict[int, float] = field(default_factory=dict)
    harvest_w: float = 0.0  # these four: of the slot before
    load_w: float = 0.0
    before_c: float = 0.0
    was_reset: bool = False
    missed_mb: float = 0.0  # forecast volume that a contact did not have

    def known(self) -> list[int]:
        """Jobs that are not finished, not hopeless, and have been handed in."""
        return [
            index
            for index, job in enumerate(self.jobs)
            if index not in self.finished
            and job.deadline > self.slot
            and (self.batch or job.release <= self.slot)
        ]


class Policy(Protocol):
    def requests(self, board: Board) -> list[Request]:
        """What to run in this slot, most wanted first."""


@dataclass(frozen=True, slots=True)
class Flown:
    schedule: Schedule
    slowest_decision_ms: float
    refused: int  # requests that the guard did not admit as asked


def fly(instance: Instance, policy: Policy, *, batch: bool) -> Flown:
    """The whole horizon.  Times are of the processor, without what `policy` says it re-planned."""
    limits, forecast, jobs = limits_of(instance), forecast_of(instance), jobs_of(instance)
    survives = envelope(limits, forecast)
    board = Board(limits, forecast, jobs, batch, instance.battery.start_wh, instance.radiator.start_c)
    runs: list[Run] = []
    sent: list[Sent] = []
    slowest, refused = 0.0, 0
    for slot in range(instance.slots):
        board.slot = slot
        began = time.process_time()
        asked = policy.requests(board)
        measured = (board.energy_wh, (board.temperature_c,))
        verdicts = admit(limits, forecast, survives, slot, measured, jobs, asked)
        spent = time.process_time() - began - getattr(policy, "planned_s", 0.0)
        slowest = max(slowest, spent)
        refused += sum(verdict.level != verdict.request.level for verdict in verdicts)
        admitted = {verdict.request.job: verdict.level for verdict in verdicts if verdict.level >= 0}
        if slot in instance.truth.resets:
            admitted = {}
        runs += [Run(slot, job, level) for job, level in admitted.items()]
        _downlink(instance, board, sent)
        _advance(instance, board, admitted)
    return Flown(Schedule(tuple(sorted(runs)), tuple(sent)), 1e3 * slowest, refused)


def _advance(instance: Instance, board: Board, admitted: dict[int, int]) -> None:
    """One slot of the true world."""
    world, battery, radiator, slot = instance.truth, instance.battery, instance.radiator, board.slot
    load_w = world.base_w[slot]
    for index, level in admitted.items():
        load_w += instance.jobs[index].levels[level].power_w
        _work(instance, board, index, level)
    for index in board.running:
        if index not in admitted and not instance.jobs[index].preemptible:
            board.done_milli.pop(index, None)
    surplus_wh = (world.harvest_w[slot] - load_w) * instance.slot_h
    share = battery.charge_efficiency if surplus_wh > 0 else 1.0 / battery.discharge_efficiency
    board.energy_wh = min(battery.capacity_wh, board.energy_wh + share * surplus_wh)
    equilibrium_c = world.sink_c[slot] + world.resistance_k_w * load_w
    board.before_c = board.temperature_c
    board.temperature_c = radiator.decay * board.temperature_c + (1.0 - radiator.decay) * equilibrium_c
    board.harvest_w, board.load_w = world.harvest_w[slot], load_w
    board.was_reset = slot in world.resets
    board.missed_mb = instance.forecast.contact_mb[slot] - world.contact_mb[slot]
    board.running = {index: level for index, level in admitted.items() if index not in board.finished}


def _work(instance: Instance, board: Board, index: int, level: int) -> None:
    if index in board.finished:
        return
    job = instance.jobs[index]
    done = board.done_milli.get(index, 0)
    if done and index not in board.running:
        done = done - job.resume_milli if job.preemptible else 0
    done += job.levels[level].speed_milli
    board.done_milli[index] = done
    if done >= job.work_milli:
        board.finished[index] = board.slot + 1
        if board.slot < job.deadline:
            board.waiting_mb[index] = job.output_mb


def _downlink(instance: Instance, board: Board, sent: list[Sent]) -> None:
    """Results in time go down by value for what is left of them, so that those begun are ended."""
    volume = instance.truth.contact_mb[board.slot]
    waiting = board.waiting_mb
    for index in sorted(waiting, key=lambda one: -board.jobs[one].value / max(waiting[one], 1e-9)):
        mb = min(volume, waiting[index])
        if mb > 0.0:
            sent.append(Sent(board.slot, index, mb))
            volume -= mb
            waiting[index] -= mb
        if waiting[index] <= 0.0:
            del waiting[index]
