"""The record of one planning: what the planner was told, and what it made of it; planned again, it is the same.

Eight octets that say so, and CBOR of the plain kind, compressed.  Rows of numbers stand in it as octets, big-endian, so
that they come back bit for bit.  Compression carries a checksum: what is damaged is not read.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from itertools import pairwise

from flight.jobs import DamagedError, Fault, as_flag, as_list, as_number, as_whole
from flight.jobs.plain_cbor import read_plain, write_plain
from flight.planning.plan import plan
from flight.planning.problem import (
    LOOPS_MAX,
    Binding,
    Decision,
    Forecast,
    Job,
    Level,
    Limits,
    Placement,
    Plan,
    Problem,
    State,
)

MAGIC = b"SKYPLAN\x02"  # the last octet is the version; 1 knew no cooling loops
RECORD_OCTETS = 1 << 20  # as it is stored and sent; a day of a thousand jobs makes 0.1 MB
PLAIN_OCTETS = 1 << 22  # unpacked
SLOTS_MAX = 4096  # of a horizon: nearly three days of minutes
JOBS_MAX = 1024
LEVELS_MAX = 8
STEPS_MAX = 100_000_000  # a minute of one core; more is no plan for this day
ITEMS_MAX = 64 * JOBS_MAX  # a job has 14 and 3 for each level, its placements and decision 15
WHOLE_MAX = 1 << 62
BINDINGS = tuple(Binding)


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """`plan` is None until it is planned.  Slot 0, UTC and shadows are for who looks at it: no plan depends on them."""

    problem: Problem
    steps: int
    seed: int
    previous: tuple[Placement, ...] = ()
    slot_0_ns: int = 0
    utc_0_s: int = 0
    eclipse: tuple[float, ...] = ()
    plan: Plan | None = None


def planned(record: PlanRecord) -> PlanRecord:
    found = plan(record.problem, steps=record.steps, seed=record.seed, previous=record.previous, early=True)
    return replace(record, plan=found)


# ---------------------------------------------------------------- writing


def record_octets(record: PlanRecord) -> bytes:
    """The caller has kept the bounds above: AssertionError if not."""
    problem, made = record.problem, record.plan
    value = [
        [record.steps, record.seed, record.slot_0_ns, record.utc_0_s, _numbers(record.eclipse)],
        _limits_value(problem.limits),
        _forecast_value(problem.forecast),
        [problem.state.energy_wh, _numbers(problem.state.loops_c), problem.state.waiting_mb],
        [_job_value(job) for job in problem.jobs],
        [_placement_value(one) for one in record.previous],
        [] if made is None else _plan_value(made),
    ]
    octets = MAGIC + zlib.compress(write_plain(value, ITEMS_MAX))
    assert len(octets) <= RECORD_OCTETS
    return octets


def _numbers(values: Iterable[float]) -> bytes:
    row = tuple(values)
    return struct.pack(f">{len(row)}d", *row)


def _wholes(values: Iterable[int]) -> bytes:
    row = tuple(values)
    return struct.pack(f">{len(row)}H", *row)


def _limits_value(limits: Limits) -> list[object]:
    *numbers, loops, quick_k_w = astuple(limits)
    return [*numbers, _wholes(loops), quick_k_w]


def _forecast_value(told: Forecast) -> list[object]:
    return [
        *(_numbers(row) for row in (told.harvest_w, told.base_w, told.sink_c)),
        bytes(told.anomaly),
        _numbers(told.contact_mb),
        told.resistance_k_w,
        _numbers(told.nominal_harvest_w),
        told.nominal_resistance_k_w,
        _wholes(sorted(told.quiet)),
    ]


def _job_value(job: Job) -> list[object]:
    levels = [[level.power_w, level.speed_milli] for level in job.levels]
    return [job.name, levels, *(getattr(job, name) for name in JOB_REST)]


def _placement_value(one: Placement) -> list[object]:
    return [one.job, one.level, _wholes(one.slots), one.finish, one.loop]


def _plan_value(made: Plan) -> list[object]:
    decisions = [
        [d.job, d.planned, d.first, d.finish, BINDINGS.index(d.binding), d.slot, d.station_pass]
        for d in made.decisions
    ]
    rows = [_numbers(made.energy_wh), _numbers(made.temperature_c)]
    return [[_placement_value(one) for one in made.placements], decisions, made.value, made.steps, *rows]


JOB_REST = tuple(Job.__dataclass_fields__)[2:]  # what stands behind the name and the levels


# ---------------------------------------------------------------- reading


def read_record(octets: bytes) -> PlanRecord | Fault:
    """What stands in it if all of it can be planned with; else one line that says what is wrong."""
    try:
        return _record(_unpacked(octets))
    except DamagedError as damage:
        return Fault("plan record", str(damage), "a record of one planning, a file of plans/")


def _unpacked(octets: bytes) -> list[object]:
    if octets.startswith(MAGIC[:-1]) and octets[len(MAGIC) - 1 : len(MAGIC)] != MAGIC[-1:]:
        found = octets[len(MAGIC) - 1] if len(octets) >= len(MAGIC) else 0
        raise DamagedError(f"version {found}, made by another release; this one reads version {MAGIC[-1]}")
    if not octets.startswith(MAGIC):
        raise DamagedError(f"{len(octets):,} octets of something else")
    if len(octets) > RECORD_OCTETS:
        raise DamagedError(f"more than {RECORD_OCTETS:,} octets")
    reader = zlib.decompressobj()
    try:
        plain = reader.decompress(octets[len(MAGIC) :], PLAIN_OCTETS)
    except zlib.error as error:
        raise DamagedError("does not hold its checksum") from error
    if not reader.eof or reader.unused_data:
        raise DamagedError("is cut off, or too long")
    return as_list(read_plain(plain, ITEMS_MAX), 7)


def _record(value: list[object]) -> PlanRecord:
    head, limits, forecast, state, jobs, previous, made = value
    steps, seed, slot_0_ns, utc_0_s, eclipse = as_list(head, 5)
    found = Problem(known := _limits(limits), _forecast(forecast), _state(state, known), _jobs(jobs, known))
    slots = found.slots
    return PlanRecord(
        found,
        as_whole(steps, 0, STEPS_MAX),
        as_whole(seed, 0, WHOLE_MAX),
        _placements(previous, found),
        as_whole(slot_0_ns, 0, WHOLE_MAX),
        as_whole(utc_0_s, 0, WHOLE_MAX),
        _row(eclipse, slots) if eclipse != b"" else (),
        _plan(made, found) if made != [] else None,
    )


def _octets(value: object, length: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != length:
        raise DamagedError("a row of another length")
    return value


def _row(value: object, length: int) -> tuple[float, ...]:
    row = struct.unpack(f">{length}d", _octets(value, 8 * length))
    if not all(math.isfinite(one) for one in row):
        raise DamagedError("a row with what is no number")
    return row


def _slots(value: object, slots: int) -> tuple[int, ...]:
    """Rising slots of the horizon."""
    count = len(value) // 2 if isinstance(value, bytes) else 0
    row: tuple[int, ...] = struct.unpack(f">{count}H", _octets(value, 2 * count))
    if any(after <= before for before, after in pairwise(row)) or (row and row[-1] >= slots):
        raise DamagedError("slots out of order, or beyond the horizon")
    return row


def _limits(value: object) -> Limits:
    slot_s, lanes, memory_mb, *rest, loops, quick_k_w = as_list(value, len(Limits.__dataclass_fields__))
    numbers = [as_number(one) for one in rest]
    count = len(loops) // 2 if isinstance(loops, bytes) else 0
    boards: tuple[int, ...] = struct.unpack(f">{count}H", _octets(loops, 2 * count))
    if count > LOOPS_MAX or (boards and sum(boards) != lanes):
        raise DamagedError("cooling loops that do not have the boards")
    if not all(one > 0.0 for one in (numbers[0], numbers[2], numbers[3])) or not 0.0 < numbers[4] < 1.0:
        raise DamagedError("limits that no satellite has")
    whole = (as_whole(slot_s, 1, WHOLE_MAX), as_whole(lanes, 0, JOBS_MAX), as_whole(memory_mb, 0, WHOLE_MAX))
    capacity_wh, floor_wh, charge, discharge, decay, limit_c, harvest, resistance = numbers
    battery = (capacity_wh, floor_wh, charge, discharge)
    return Limits(*whole, *battery, decay, limit_c, harvest, resistance, boards, as_number(quick_k_w))


def _forecast(value: object) -> Forecast:
    harvest, base, sink, anomaly, contact, resistance, nominal, nominal_resistance, quiet = as_list(value, 9)
    slots = len(anomaly) if isinstance(anomaly, bytes) else 0
    if not 0 < slots <= SLOTS_MAX:
        raise DamagedError(f"a horizon that is not 1 to {SLOTS_MAX} slots")
    return Forecast(
        _row(harvest, slots),
        _row(base, slots),
        _row(sink, slots),
        tuple(bool(one) for one in _octets(anomaly, slots)),
        _row(contact, slots),
        as_number(resistance),
        _row(nominal, slots),
        as_number(nominal_resistance),
        frozenset(_slots(quiet, slots)),
    )


def _state(value: object, limits: Limits) -> State:
    energy_wh, loops_c, waiting_mb = as_list(value, 3)
    return State(as_number(energy_wh), _row(loops_c, len(limits.boards)), as_number(waiting_mb))


def _jobs(value: object, limits: Limits) -> tuple[Job, ...]:
    return tuple(_job(one, limits) for one in as_list(value, most=JOBS_MAX))


def _job(value: object, limits: Limits) -> Job:
    name, levels, work, release, deadline, worth, *rest = as_list(value, 2 + len(JOB_REST))
    preemptible, resume, allowed, memory, output, done, running, loop = rest
    found = tuple(_level(one) for one in as_list(levels, most=LEVELS_MAX))
    if not isinstance(name, str) or not found:
        raise DamagedError("a job without a name or a level")
    return Job(
        name,
        found,
        as_whole(work, 1, WHOLE_MAX),
        as_whole(release, 0, WHOLE_MAX),
        as_whole(deadline, 0, WHOLE_MAX),
        as_whole(worth, 0, WHOLE_MAX),
        as_flag(preemptible),
        as_whole(resume, 0, WHOLE_MAX),
        as_flag(allowed),
        as_whole(memory, 0, WHOLE_MAX),
        as_number(output),
        as_whole(done, 0, WHOLE_MAX),
        as_flag(running),
        as_whole(loop, -1, len(limits.boards) - 1),
    )


def _level(value: object) -> Level:
    power, speed = as_list(value, 2)
    if not as_number(power) > 0.0:
        raise DamagedError("a level without power")
    return Level(as_number(power), as_whole(speed, 1, WHOLE_MAX))


def _placements(value: object, told: Problem) -> tuple[Placement, ...]:
    found = tuple(_placement(one, told) for one in as_list(value, most=JOBS_MAX))
    if len({one.job for one in found}) < len(found):
        raise DamagedError("a job that is placed twice")
    return found


def _placement(value: object, told: Problem) -> Placement:
    job, level, slots, finish, loop = as_list(value, 5)
    number = as_whole(job, 0, len(told.jobs) - 1)
    speed = as_whole(level, 0, len(told.jobs[number].levels) - 1)
    row = _slots(slots, told.slots)
    if not row:
        raise DamagedError("a placement in no slot")
    last = len(told.limits.boards) - 1
    return Placement(number, speed, row, as_whole(finish, row[-1] + 1, told.slots), as_whole(loop, 0, last))


def _plan(value: object, told: Problem) -> Plan:
    placements, decisions, worth, steps, energy, heat = as_list(value, 6)
    return Plan(
        _placements(placements, told),
        tuple(_decision(one, told) for one in as_list(decisions, most=JOBS_MAX)),
        as_whole(worth, 0, WHOLE_MAX),
        as_whole(steps, 0, WHOLE_MAX),
        _row(energy, told.slots + 1),
        _row(heat, told.slots + 1),
    )


def _decision(value: object, told: Problem) -> Decision:
    job, made, first, finish, binding, slot, station_pass = as_list(value, 7)
    return Decision(
        as_whole(job, 0, len(told.jobs) - 1),
        as_flag(made),
        as_whole(first, -1, told.slots),
        as_whole(finish, -1, told.slots),
        BINDINGS[as_whole(binding, 0, len(BINDINGS) - 1)],
        as_whole(slot, -1, WHOLE_MAX),
        as_whole(station_pass, 0, told.slots),
    )
