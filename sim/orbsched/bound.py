"""An upper bound that needs no faith in a solver, and the optimum where a solver closes.

HiGHS solves the linear relaxation: jobs run in fractions, outputs flow in proportion to the work done.  Its dual
values, whatever they are, give a bound by weak duality, which is summed here (`certified`).  Needs `highspy`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from scipy.sparse import csc_matrix

from sim.orbsched.check import Run, Schedule, check, deliver
from sim.orbsched.instance import Instance, Job

INFINITE = float("inf")
COLDEST_C = -200.0  # no limit, but weak duality wants every column bounded


class NoSolverError(RuntimeError):
    """`highspy` is not installed."""


@dataclass(slots=True)
class Model:
    """maximise cost x, low <= A x <= high, least <= x <= most; built a column and a row at a time."""

    cost: list[float] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    entries: list[tuple[int, int, float]] = field(default_factory=list)
    runs: dict[tuple[int, int, int], list[int]] = field(default_factory=dict)  # columns that add up to a run

    def column(self, cost: float, least: float, most: float, *, whole: bool = False) -> int:
        self.cost.append(cost)
        self.least.append(least)
        self.most.append(most)
        self.whole.append(whole)
        return len(self.cost) - 1

    def row(self, low: float, high: float, terms: list[tuple[int, float]]) -> None:
        index = len(self.low)
        self.low.append(low)
        self.high.append(high)
        self.entries += [(index, column, value) for column, value in terms]

    def matrix(self) -> csc_matrix:
        rows, columns, values = zip(*self.entries, strict=True)
        return csc_matrix((values, (rows, columns)), shape=(len(self.low), len(self.cost)))


def build(instance: Instance) -> Model:
    """The mixed-integer program; its relaxation bounds every schedule from above."""
    model = Model()
    passes = _passes(instance)
    share: list[list[tuple[int, float]]] = [[] for _ in passes]  # outputs in each pass
    for index, job in enumerate(instance.jobs):
        done = model.column(job.value, 0.0, 1.0, whole=True)
        slots = [slot for slot in range(job.release, job.deadline) if _may_run(instance, job, slot)]
        if job.preemptible or len(job.levels) > 1:
            _any_slots(model, index, job, slots, done)
        else:
            _one_start(model, index, job, slots, done)
        _output(model, index, job, done, passes, share)
    for (_, last, volume), terms in zip(passes, share, strict=True):
        assert last >= 0
        model.row(-INFINITE, volume, terms)
    _satellite(model, instance)
    return model


def _may_run(instance: Instance, job: Job, slot: int) -> bool:
    world = instance.truth
    return slot not in world.resets and (job.anomaly_allowed or not world.anomaly[slot])


def _any_slots(model: Model, index: int, job: Job, slots: list[int], done: int) -> None:
    """A run variable for each slot and level; starts are counted where they cost, or where one alone is allowed."""
    for slot in slots:
        for level in range(len(job.levels)):
            model.runs[index, level, slot] = [model.column(0.0, 0.0, 1.0, whole=True)]
        model.row(-INFINITE, 1.0, _running(model, index, job, slot))
    work = [
        (column, float(level.speed_milli))
        for number, level in enumerate(job.levels)
        for slot in slots
        for column in model.runs[index, number, slot]
    ]
    starts = []
    if job.resume_milli or not job.preemptible:
        for slot in slots:
            start = model.column(0.0, 0.0, 1.0)
            before = [(c, -v) for c, v in _running(model, index, job, slot - 1)]
            model.row(-INFINITE, 0.0, [*_running(model, index, job, slot), *before, (start, -1.0)])
            starts.append(start)
    resume = float(job.resume_milli)
    if job.preemptible:
        model.row(
            -resume,
            INFINITE,
            [*work, (done, -float(job.work_milli)), *((start, -resume) for start in starts)],
        )
    else:
        model.row(0.0, INFINITE, [*work, (done, -float(job.work_milli))])
        model.row(-INFINITE, 1.0, [(start, 1.0) for start in starts])


def _running(model: Model, index: int, job: Job, slot: int) -> list[tuple[int, float]]:
    levels = range(len(job.levels))
    return [(column, 1.0) for level in levels for column in model.runs.get((index, level, slot), [])]


def _one_start(model: Model, index: int, job: Job, slots: list[int], done: int) -> None:
    """One level, no stop: a variable for each start, tighter than run variables."""
    length = -(-job.work_milli // job.levels[0].speed_milli)
    usable, starts = set(slots), []
    for first in slots:
        covered = range(first, first + length)
        if all(slot in usable for slot in covered):
            start = model.column(0.0, 0.0, 1.0, whole=True)
            starts.append((start, 1.0))
            for slot in covered:
                model.runs.setdefault((index, 0, slot), []).append(start)
    model.row(0.0, 0.0, [*starts, (done, -1.0)])


def _passes(instance: Instance) -> list[tuple[int, int, float]]:
    """First slot, last slot and volume of each pass."""
    found: list[tuple[int, int, float]] = []
    for slot, volume in enumerate(instance.truth.contact_mb):
        if volume and found and found[-1][1] == slot - 1:
            found[-1] = (found[-1][0], slot, found[-1][2] + volume)
        elif volume:
            found.append((slot, slot, volume))
    return found


def _output(
    model: Model,
    index: int,
    job: Job,
    done: int,
    passes: list[tuple[int, int, float]],
    share: list[list[tuple[int, float]]],
) -> None:
    """Output leaves in passes, never more than work was done before the pass's last slot."""
    mine: list[tuple[int, float]] = []
    for number, (_, last, _) in enumerate(passes):
        if last <= job.release:
            continue
        column = model.column(0.0, 0.0, job.output_mb)
        mine.append((column, 1.0))
        share[number].append((column, 1.0))
        if last < job.deadline:
            ready = model.column(0.0, 0.0, 1.0, whole=True)
            work = [
                (column, level.speed_milli / job.work_milli)
                for level_number, level in enumerate(job.levels)
                for slot in range(job.release, last)
                for column in model.runs.get((index, level_number, slot), [])
            ]
            model.row(0.0, INFINITE, [*_summed(work), (ready, -1.0)])
            model.row(-INFINITE, 0.0, [*mine, (ready, -job.output_mb)])
    model.row(0.0, INFINITE, [*mine, (done, -job.output_mb)])


def _summed(terms: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """One entry for each column; a start covers many slots."""
    sums: dict[int, float] = {}
    for column, value in terms:
        sums[column] = sums.get(column, 0.0) + value
    return list(sums.items())


def _satellite(model: Model, instance: Instance) -> None:
    """Lanes, memory, battery and temperature, slot after slot."""
    battery, radiator, world, hours = instance.battery, instance.radiator, instance.truth, instance.slot_h
    by_slot: list[list[tuple[int, float, float]]] = [[] for _ in range(instance.slots)]
    for (index, level, slot), columns in model.runs.items():
        job = instance.jobs[index]
        by_slot[slot] += [(column, job.levels[level].power_w, job.memory_mb) for column in columns]
    most_w = max(world.harvest_w) + instance.lanes * 1000.0
    energy = model.column(0.0, battery.start_wh, battery.start_wh)
    heat = model.column(0.0, radiator.start_c, radiator.start_c)
    for slot, running in enumerate(by_slot):
        model.row(-INFINITE, float(instance.lanes), [(column, 1.0) for column, _, _ in running])
        model.row(-INFINITE, float(instance.memory_mb), [(column, memory) for column, _, memory in running])
        load = [(column, watts) for column, watts, _ in running]
        charge, discharge, spill = (model.column(0.0, 0.0, most_w) for _ in range(3))
        surplus = world.harvest_w[slot] - world.base_w[slot]
        model.row(surplus, surplus, [(charge, 1.0), (discharge, -1.0), (spill, 1.0), *load])
        after = model.column(0.0, battery.floor_wh, battery.capacity_wh)
        gain = hours * battery.charge_efficiency
        loss = hours / battery.discharge_efficiency
        model.row(0.0, 0.0, [(after, 1.0), (energy, -1.0), (charge, -gain), (discharge, loss)])
        energy = after
        part = 1.0 - radiator.decay
        warm = part * (world.sink_c[slot] + world.resistance_k_w * world.base_w[slot])
        hotter = model.column(0.0, COLDEST_C, radiator.limit_c)
        terms = [(column, -part * world.resistance_k_w * watts) for column, watts in load]
        model.row(warm, warm, [(hotter, 1.0), (heat, -radiator.decay), *terms])
        heat = hotter


def certified(model: Model, duals: Any) -> float:
    """The bound that any row multipliers prove, by weak duality; a multiplier on a missing side counts as 0."""
    low, high = np.array(model.low), np.array(model.high)
    y = np.array(duals, dtype=float)
    y[(y > 0) & np.isinf(high)] = 0.0
    y[(y < 0) & np.isinf(low)] = 0.0
    rows = np.where(y > 0, y * np.where(np.isinf(high), 0.0, high), y * np.where(np.isinf(low), 0.0, low))
    reduced = np.array(model.cost) - model.matrix().T @ y
    columns = np.where(reduced > 0, reduced * np.array(model.most), reduced * np.array(model.least))
    return float(rows.sum() + columns.sum())


def solver(model: Model, *, relaxed: bool, seconds: float) -> Any:
    """HiGHS with the model loaded, silent, one thread."""
    try:
        highspy = import_module("highspy")
    except ImportError:
        raise NoSolverError("the bound needs highspy: pip install 'skyrack[bound]'") from None
    matrix = model.matrix()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(model.cost), len(model.low)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = map(np.array, (model.cost, model.least, model.most))
    lp.row_lower_, lp.row_upper_ = np.array(model.low), np.array(model.high)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    if not relaxed:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[whole] for whole in model.whole]
    highs = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("time_limit", float(seconds))):
        highs.setOptionValue(option, value)
    highs.passModel(lp)
    return highs


def upper_bound(instance: Instance, seconds: float = 120.0) -> float:
    """Value that no schedule in the true world exceeds."""
    model = build(instance)
    highs = solver(model, relaxed=True, seconds=seconds)
    highs.run()
    # HiGHS's duals of a maximisation are of its sign convention: both signs are tried, the better bound holds.
    duals = np.array(highs.getSolution().row_dual)
    return min(certified(model, duals), certified(model, -duals))


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best schedule that the program found, and the bound it proved (equal when it closed)."""

    schedule: Schedule
    value: int
    bound: float


def optimum(instance: Instance, seconds: float, hint: Schedule | None = None) -> Optimum:
    """The mixed-integer program for at most `seconds`, from a known schedule on if one is given."""
    model = build(instance)
    highs = solver(model, relaxed=False, seconds=seconds)
    if hint is not None:
        _start_from(model, instance, hint, highs)
    highs.run()
    solution = highs.getSolution().col_value
    runs = tuple(
        sorted(
            Run(slot, index, level)
            for (index, level, slot), columns in model.runs.items()
            if solution and sum(solution[column] for column in columns) > 0.5
        )
    )
    schedule = deliver(instance, runs)
    return Optimum(schedule, check(instance, schedule).value, float(highs.getInfo().mip_dual_bound))


def _start_from(model: Model, instance: Instance, hint: Schedule, highs: Any) -> None:
    """Tell the solver which whole columns a schedule sets; it completes the others."""
    running = {(run.job, run.level, run.slot) for run in hint.runs}
    delivered = check(instance, hint).delivered
    known: dict[int, float] = {}
    for key, columns in model.runs.items():
        if len(columns) == 1:
            known[columns[0]] = float(key in running)
    done = [column for column, cost in enumerate(model.cost) if cost]
    known |= {column: float(index in delivered) for index, column in enumerate(done)}
    highs.setSolution(len(known), np.array(list(known), dtype=np.int32), np.array(list(known.values())))
