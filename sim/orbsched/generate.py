"""Instances from a seed: the five classes, and a whole day with a thousand jobs.

Sizes are those of a small satellite with an accelerator board: 40 W of base load, 200 Wh, depth of discharge 30 %.
A class makes one resource scarce and leaves the others wide; what is scarce allows about half of what is asked for.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

from sim.orbsched.instance import MILLI, Battery, Instance, Job, Level, Radiator, Trust, World
from sim.simulation import stream

ORBIT_SLOTS = 95  # minutes; 500 km
ECLIPSE_SLOTS = (33, 36)
BASE_W = 40.0
TRANSMITTER_W = 15.0  # while a station hears us
CONTACT_MB = 60.0  # a slot at 8 Mbit/s
PASS_SLOTS = (6, 10)
ANOMALY_SLOTS = (8, 14)
ANOMALY_SHARE = 0.6  # of the orbits cross the South Atlantic Anomaly
SINK_SUN_C, SINK_ECLIPSE_C = 12.0, -12.0
TIME_CONSTANT_SLOTS = 20.0
DVFS = ((1000, 1.0), (750, 0.62), (500, 0.38))  # speed in thousandths, share of the power
RESET_SLOTS = 360  # a SEFI every six hours
# Of the bad forecast (payload anchors, 3.4): harvest -20 %, resistance +25 %.
TRUE_HARVEST, TRUE_RESISTANCE = 0.80, 1.25
# What every guard has to stand, whatever the class: a little more than the worst truth.
TRUST = Trust(harvest_at_least=0.75, resistance_at_most=1.30)


@dataclass(frozen=True, slots=True)
class Size:
    orbits: int = 4
    jobs: int = 40
    lanes: int = 2
    work_slots: tuple[int, int] = (5, 40)


STANDARD = Size()
DAY = Size(orbits=15, jobs=1000, work_slots=(2, 8))  # 24 h, less a quarter of an hour


@dataclass(frozen=True, slots=True)
class Scarcity:
    """What makes a class: sunlit array power, thermal resistance and limit, and output for a slot of work."""

    harvest_w: float
    resistance_k_w: float
    limit_c: float
    output_mb: tuple[float, float]
    bad_forecast: bool = False


CLASSES = {
    "energy": Scarcity(130.0, 0.25, 75.0, (2.0, 30.0)),
    "thermal": Scarcity(320.0, 0.60, 60.0, (2.0, 30.0)),
    "downlink": Scarcity(320.0, 0.25, 75.0, (20.0, 180.0)),
    "mixed": Scarcity(165.0, 0.50, 60.0, (10.0, 110.0)),
    "bad-forecast": Scarcity(190.0, 0.42, 60.0, (10.0, 110.0), bad_forecast=True),
}


def generate(name: str, seed: int, size: Size = STANDARD) -> Instance:
    """The instance of a class, the same on every machine."""
    scarcity = CLASSES[name]
    rng = stream(seed, f"orbsched/{name}/{size}")
    sunlit = _sunlit(rng, size.orbits)
    passes = _passes(rng, size.orbits)
    slots = len(sunlit)
    harvest = scarcity.harvest_w * (0.93 + 0.14 * rng.random())
    contact = _contact(passes, slots)
    forecast = World(
        harvest_w=tuple(round(harvest * share, 3) for share in sunlit),
        base_w=tuple(BASE_W + (TRANSMITTER_W if volume else 0.0) for volume in contact),
        sink_c=tuple(round(SINK_ECLIPSE_C + (SINK_SUN_C - SINK_ECLIPSE_C) * s, 3) for s in sunlit),
        anomaly=_anomaly(rng, size.orbits),
        contact_mb=contact,
        resistance_k_w=round(scarcity.resistance_k_w * (0.95 + 0.1 * rng.random()), 4),
    )
    return Instance(
        name=f"{name}-{seed}",
        slot_s=60,
        lanes=size.lanes,
        memory_mb=12_000,
        battery=Battery(200.0, 140.0, round(165.0 + 30.0 * rng.random(), 3), 0.95, 0.95),
        radiator=Radiator(round(math.exp(-1.0 / TIME_CONSTANT_SLOTS), 6), scarcity.limit_c, 25.0),
        trust=TRUST,
        forecast=forecast,
        truth=_worse(rng, forecast, passes) if scarcity.bad_forecast else forecast,
        jobs=tuple(_job(rng, index, slots, size, scarcity) for index in range(size.jobs)),
    )


def _between(rng: random.Random, low: int, high: int) -> int:
    """`random()` alone is promised to stay the same over versions of Python."""
    return low + int(rng.random() * (high - low + 1))


def _sunlit(rng: random.Random, orbits: int) -> tuple[float, ...]:
    """Share of each slot in sunlight; the phase of the first orbit is drawn, the edges are penumbra."""
    eclipse = _between(rng, *ECLIPSE_SLOTS)
    phase = _between(rng, 0, ORBIT_SLOTS - 1)
    shares = []
    for slot in range(orbits * ORBIT_SLOTS):
        within = (slot + phase) % ORBIT_SLOTS
        edge = within in {0, eclipse - 1}
        shares.append(0.5 if edge else 0.0 if within < eclipse else 1.0)
    return tuple(shares)


def _passes(rng: random.Random, orbits: int) -> list[tuple[int, int]]:
    """First slot and length of each pass: none to two an orbit, at least one in the last, never overlapping."""
    passes = []
    for orbit in range(orbits):
        luck = rng.random()
        count = 0 if luck < 0.2 else 1 if luck < 0.6 else 2
        if orbit == orbits - 1:
            count = max(count, 1)
        half = ORBIT_SLOTS // 2
        for number in range(count):
            length = _between(rng, *PASS_SLOTS)
            start = orbit * ORBIT_SLOTS + number * half + _between(rng, 0, half - length)
            passes.append((start, length))
    return passes


def _contact(passes: list[tuple[int, int]], slots: int) -> tuple[float, ...]:
    """Volume of each slot; first and last of a pass are low above the horizon."""
    volume = [0.0] * slots
    for start, length in passes:
        for slot in range(start, start + length):
            volume[slot] = CONTACT_MB * (0.5 if slot in {start, start + length - 1} else 1.0)
    return tuple(volume)


def _anomaly(rng: random.Random, orbits: int) -> tuple[bool, ...]:
    mask = [False] * (orbits * ORBIT_SLOTS)
    for orbit in range(orbits):
        if rng.random() < ANOMALY_SHARE:
            length = _between(rng, *ANOMALY_SLOTS)
            start = orbit * ORBIT_SLOTS + _between(rng, 0, ORBIT_SLOTS - length)
            mask[start : start + length] = [True] * length
    return tuple(mask)


def _job(rng: random.Random, index: int, slots: int, size: Size, scarcity: Scarcity) -> Job:
    work = _between(rng, *size.work_slots)
    power = 30.0 + 50.0 * rng.random()
    window = max(work + 2, int(work * (1.5 + 3.5 * rng.random())))
    at_once = rng.random() < 0.3
    release = 0 if at_once else int(0.8 * slots * rng.random())
    release = max(0, min(release, slots - window))
    worth = 0.5 * 4.0 ** rng.random()  # value for energy, over a factor of four
    scaled = rng.random() < 0.4
    low, high = scarcity.output_mb
    preemptible = rng.random() < 0.6
    return Job(
        name=f"j{index:04d}",
        levels=tuple(
            Level(round(power * share, 2), speed) for speed, share in (DVFS if scaled else DVFS[:1])
        ),
        work_milli=work * MILLI,
        release=release,
        deadline=min(slots, release + window),
        value=max(1, round(work * power / 20.0 * worth)),
        preemptible=preemptible,
        resume_milli=_between(rng, 0, 2) * MILLI if preemptible else 0,
        anomaly_allowed=rng.random() < 0.6,
        memory_mb=_between(rng, 1, 8) * MILLI,
        output_mb=round(low + (high - low) * rng.random(), 1),
    )


def _worse(rng: random.Random, forecast: World, passes: list[tuple[int, int]]) -> World:
    """The truth behind a bad forecast: less sun, a worse radiator, a contact lost, a SEFI every six hours."""
    start, length = passes[_between(rng, 0, len(passes) - 1)]
    lost = range(start, start + length)
    slots = len(forecast.harvest_w)
    return replace(
        forecast,
        harvest_w=tuple(round(TRUE_HARVEST * watts, 3) for watts in forecast.harvest_w),
        contact_mb=tuple(0.0 if slot in lost else mb for slot, mb in enumerate(forecast.contact_mb)),
        resistance_k_w=round(TRUE_RESISTANCE * forecast.resistance_k_w, 4),
        resets=tuple(range(_between(rng, 30, RESET_SLOTS - 1), slots, RESET_SLOTS)),
    )
