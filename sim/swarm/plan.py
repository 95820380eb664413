"""What one seed does: which kinds of faults and of commands there are at all, and when each comes.

Omitting kinds at random finds more than drawing each time from everything (swarm testing: Groce et al., ISSTA 2012).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flight.mission import Mission, Sensor
from sim.payload.tables import JobTable, TenantTable
from sim.scenario import Fault, Scenario
from sim.simulation import stream
from sim.swarm.job_plan import (
    JOB_FEATURES,
    board_w,
    draw_hungry_jobs,
    draw_jobs,
    less_sun,
    short_or_long,
)
from sim.swarm.orders import KINDS, Order

DENSITIES = (0.04, 0.1, 0.2, 0.4)  # of the kinds of faults, in one seed: some have one, some half of them
ORDER_SHARE = 0.6
EACH_MAX = 4  # faults of one kind
ORDERS_EACH = (2, 8)
SETTLE_S = 30  # before the first fault
HEATED_SHARE = 0.5
RADIO_SHARE = 0.5
CHARGE = (0.6, 1.0)
LEAN_SHARE = 0.15  # of the seeds have more work for the boards than energy, as few would have by chance
LEAN_CHARGE = (0.8, 0.9)  # jobs run from 75 %, and what they may take ends at the table's floor
IN_PASS = 0.5  # of the faults come while a station is in view, where most happens
LONGEST_S = 3000
SPEAKERS = ("events", "commands", "downlink")  # a flood must not be hidden by what carries it being away
ISOLATED_AFTER_S = 23  # of a module that crashes at every start: back-offs of 1, 4 and 16 s
HOURS = 24  # of the first day in which a run may begin

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a seed decides, apart from the noise.  Times in s since the start."""

    seed: int
    hours: int  # the run begins so much later than the scenario says
    charge: float
    quiet_s: int  # from here on nothing goes wrong any more
    faults: tuple[Fault, ...]
    orders: tuple[Order, ...]
    tenants: tuple[TenantTable, ...] = ()
    jobs: tuple[JobTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """What can be struck, and when."""

    scenario: Scenario
    mission: Mission
    end_s: int
    passes: Sequence[Span]

    def time(self, rng: random.Random) -> int:
        within = [span for span in self.passes if span[1] < self.end_s]
        if within and rng.random() < IN_PASS:
            start, end = rng.choice(within)
            return rng.randint(int(start), int(end))
        return rng.randint(SETTLE_S, self.end_s - 60)

    def sensor(self, rng: random.Random) -> Sensor:
        """As often one of a heated node as any other: few nodes have heaters, and much hangs on them."""
        sensors = [sensor for sensor in self.mission.sensors if sensor.unit]
        heated = [heater.node for heater in self.scenario.spacecraft.heaters]
        near = [one for one in sensors if any(one.name.startswith(f"{node}_temperature") for node in heated)]
        return rng.choice(near if near and rng.random() < HEATED_SHARE else sensors)

    def fault(
        self,
        rng: random.Random,
        target: str,
        kind: str,
        name: str = "",
        value: float | None = None,
        span: tuple[int, int] = (10, LONGEST_S),
        at_s: int | None = None,
    ) -> Fault:
        """Short ones as often as long ones; none lasts into the quiet."""
        at_s = self.time(rng) if at_s is None else at_s
        duration = short_or_long(rng, span)
        return Fault(at_s, max(1, min(duration, self.end_s - at_s)), target, name, kind, value)


Draw = Callable[[random.Random, Stage], Sequence[Fault]]


def _sensor(kind: str) -> Draw:
    def draw(rng: random.Random, stage: Stage) -> Sequence[Fault]:
        sensor = stage.sensor(rng)
        width = sensor.high - sensor.low
        value = {
            "stuck": rng.choice((None, rng.uniform(sensor.low, sensor.high))),
            "offset": rng.choice((-1, 1)) * width * rng.uniform(0.02, 0.3),
            "noise": width * rng.uniform(0.005, 0.2),
            "late": float(rng.randint(2, 120)),
        }.get(kind)
        return (stage.fault(rng, "sensor", kind, sensor.name, value),)

    return draw


def _share(target: str, kind: str, low: float, high: float, span: tuple[int, int] = (10, LONGEST_S)) -> Draw:
    return lambda rng, stage: (stage.fault(rng, target, kind, value=rng.uniform(low, high), span=span),)


def _plain(target: str, kind: str, span: tuple[int, int] = (1, LONGEST_S)) -> Draw:
    return lambda rng, stage: (stage.fault(rng, target, kind, span=span),)


def _module(kind: str, span: tuple[int, int] = (1, 2)) -> Draw:
    return lambda rng, stage: (
        stage.fault(rng, "module", kind, rng.choice(stage.mission.rows).name, span=span),
    )


def _latch_up(rng: random.Random, stage: Stage) -> Sequence[Fault]:
    rail = rng.choice([rail for rail in stage.scenario.spacecraft.rails if rail.switchable])
    return (stage.fault(rng, "rail", "latch_up", rail.name, rng.uniform(10.0, 60.0), (60, 2000)),)


def _rail(kind: str) -> Draw:
    """As often one of the radio as any other, and then for less than a pass: much hangs on those two."""

    def draw(rng: random.Random, stage: Stage) -> Sequence[Fault]:
        form = stage.scenario.spacecraft
        if rng.random() < RADIO_SHARE:
            name = rng.choice((form.radio.transmitter, form.radio.receiver))
            return (stage.fault(rng, "rail", kind, name, span=(5, 200)),)
        rail = rng.choice([rail for rail in form.rails if rail.switchable])
        return (stage.fault(rng, "rail", kind, rail.name),)

    return draw


def _heater(kind: str) -> Draw:
    def draw(rng: random.Random, stage: Stage) -> Sequence[Fault]:
        name = rng.choice(stage.scenario.spacecraft.heaters).name
        return (stage.fault(rng, "heater", kind, name, rng.random() if kind == "duty" else None, (60, 2000)),)

    return draw


def _array(rng: random.Random, stage: Stage) -> Sequence[Fault]:
    """Early and for long, for the battery is slow: what it costs shows an orbit later."""
    at_s = rng.randint(SETTLE_S, stage.end_s // 3)
    longest = max(600, stage.end_s - at_s)
    return (
        stage.fault(
            rng, "array", "loss", value=rng.uniform(0.2, 0.75), span=(longest // 2, longest), at_s=at_s
        ),
    )


def _outage(rng: random.Random, stage: Stage) -> Sequence[Fault]:
    name = rng.choice(stage.scenario.stations).name
    return (stage.fault(rng, "station", "outage", name, span=(300, 8000)),)


def _dips(rng: random.Random, stage: Stage) -> Sequence[Fault]:
    """One power cut after the other."""
    at_s = stage.time(rng)
    times = sorted(rng.randint(at_s, min(at_s + 600, stage.end_s - 60)) for _ in range(rng.randint(3, 8)))
    return [stage.fault(rng, "computer", "reset", at_s=time) for time in times]


def _cuts(rng: random.Random, stage: Stage) -> Sequence[Fault]:
    """In the middle of any operation of the disk."""
    return [stage.fault(rng, "disk", "power_cut") for _ in range(rng.randint(1, 4))]


def _cuts_in_saves(rng: random.Random, stage: Stage) -> Sequence[Fault]:
    """Each waits for its file to be saved, which for some is once in ten minutes."""
    return [stage.fault(rng, "disk", "cut_in_save", span=(300, 6000)) for _ in range(rng.randint(2, 6))]


def _flips(rng: random.Random, stage: Stage) -> Sequence[Fault]:
    """Several: most hit a body, which costs its record; few a header, from which a reader has to find its way on."""
    return [stage.fault(rng, "disk", "bit_flip") for _ in range(rng.randint(1, 8))]


def _step(rng: random.Random, stage: Stage) -> Sequence[Fault]:
    size = 10 ** rng.uniform(0.0, 8.5)
    return (stage.fault(rng, "clock", "step", value=rng.choice((-1, 1)) * size),)


def _flood(rng: random.Random, stage: Stage) -> Sequence[Fault]:
    """A flood of events, and in the middle of it another module that is isolated, which is a grave event."""
    at_s = max(stage.time(rng), 2 * SETTLE_S)
    rows = [row.name for row in stage.mission.rows if row.name not in SPEAKERS]
    flooding, crashing = rng.sample(rows, 2)
    return (
        stage.fault(rng, "module", "flood", flooding, span=(8, 16), at_s=at_s),
        stage.fault(rng, "module", "crash_again", crashing, span=(30, 60), at_s=at_s - ISOLATED_AFTER_S + 2),
    )


FEATURES: Mapping[str, Draw] = {
    **{
        f"sensor {kind}": _sensor(kind) for kind in ("stuck", "offset", "noise", "missing", "late", "garbage")
    },
    "rail stuck": _rail("stuck"),
    "rail off": _rail("off"),
    "latch-up": _latch_up,
    **{f"heater {kind}": _heater(kind) for kind in ("stuck_on", "stuck_off", "duty")},
    "array loss": _array,
    "battery loss": _share("battery", "loss", 0.02, 0.2),
    "up loss": _share("link.up", "loss", 0.05, 0.9),
    "up corrupt": _share("link.up", "corrupt", 0.05, 0.9),
    "up duplicate": _share("link.up", "duplicate", 0.1, 1.0),
    "up echo": _share("link.up", "echo", 0.02, 0.3, (300, 8000)),
    "up forge": _share("link.up", "forge", 0.02, 1.0, (60, 6000)),
    "up replay": _share("link.up", "replay", 0.02, 1.0, (60, 6000)),
    "up control": _share("link.up", "control", 0.02, 1.0, (60, 6000)),
    "up truncate": _share("link.up", "truncate", 0.05, 0.5),
    "up insert": _share("link.up", "insert", 0.1, 1.0),
    "up silent": _plain("link.up", "silent"),
    "down loss": _share("link.down", "loss", 0.05, 0.9),
    "down corrupt": _share("link.down", "corrupt", 0.05, 0.9),
    "down duplicate": _share("link.down", "duplicate", 0.1, 1.0),
    "down truncate": _share("link.down", "truncate", 0.05, 0.5),
    "down insert": _share("link.down", "insert", 0.1, 1.0),
    "down silent": _plain("link.down", "silent"),
    "outage": _outage,
    "UTC step": _step,
    "UTC drift": _share("clock", "drift", -0.01, 0.01, (300, 8000)),
    "power cut": _cuts,
    "power cut in a save": _cuts_in_saves,
    "dips": _dips,
    "disk error": _plain("disk", "error"),
    "disk full": _plain("disk", "full", (60, 6000)),
    "disk slow": _share("disk", "slow", 1.0, 60.0, (10, 600)),
    "bit flip": _flips,
    "file disk error": _plain("disk.files", "error"),
    "file disk full": _plain("disk.files", "full", (60, 6000)),
    "power cut in a file": _plain("disk.files", "power_cut"),
    "files killed": _plain("process.files", "kill"),
    "files stopped": _plain("process.files", "stop", (5, 200)),
    "storage stops": _plain("process.storage", "stop", (5, 200)),
    "storage killed": _plain("process.storage", "kill"),
    "executive killed": _plain("process.executive", "kill"),
    "executive stopped": _plain("process.executive", "stop"),
    "guardian killed": _plain("process.guardian", "kill"),
    "guardian stopped": _plain("process.guardian", "stop", (2, 60)),
    "module crash": _module("crash"),
    "module crashes again": _module("crash_again", (10, 200)),
    "module hangs": _module("hang"),
    "module stalls": _module("stall", (5, 60)),
    "module floods": _flood,
}


def start_of(seed: int) -> tuple[int, float]:
    """Hours after the scenario's epoch, and the charge to begin with."""
    rng = stream(seed, "start")
    hours, charge = rng.randrange(HOURS), rng.uniform(*CHARGE)
    return hours, stream(seed, "lean charge").uniform(*LEAN_CHARGE) if is_lean(seed) else charge


def is_lean(seed: int) -> bool:
    """A seed in which jobs want more energy than there is."""
    return stream(seed, "lean").random() < LEAN_SHARE


def draw_plan(seed: int, scenario: Scenario, mission: Mission, quiet_s: int, passes: Sequence[Span]) -> Plan:
    """Streams of their own for each kind, so that a new kind does not reshuffle the others."""
    stage = Stage(scenario, mission, quiet_s, passes)
    density = stream(seed, "density").choice(DENSITIES)
    faults: list[Fault] = []
    for name, draw in FEATURES.items():
        rng = stream(seed, f"feature {name}")
        if rng.random() < density:
            for _ in range(rng.randint(1, EACH_MAX)):
                faults += draw(rng, stage)
    orders: list[Order] = []
    for name in KINDS:
        rng = stream(seed, f"orders {name}")
        if rng.random() < ORDER_SHARE:
            count = rng.randint(*ORDERS_EACH)
            orders += [Order(stage.time(rng), name, rng.getrandbits(32)) for _ in range(count)]
    lean = mission.takes_jobs and is_lean(seed)
    if lean:
        faults.append(less_sun(seed, quiet_s))
    tenants, jobs = jobs_of(seed, scenario, mission, quiet_s, lean=lean)
    for name, draw_of in JOB_FEATURES.items() if tenants else ():
        rng = stream(seed, f"feature {name}")
        if rng.random() < density:
            for _ in range(rng.randint(1, EACH_MAX)):
                faults += draw_of(rng, jobs, stage.fault)
    hours, charge = start_of(seed)
    return Plan(
        seed,
        hours,
        charge,
        quiet_s,
        tuple(sorted(faults, key=lambda fault: fault.at_s)),
        tuple(sorted(orders)),
        tenants,
        jobs,
    )


def jobs_of(
    seed: int, scenario: Scenario, mission: Mission, end_s: int, *, lean: bool
) -> tuple[tuple[TenantTable, ...], tuple[JobTable, ...]]:
    """None for a mission that takes no jobs.  `lean`: more than there is energy for."""
    if not mission.takes_jobs:
        return (), ()
    draw = draw_hungry_jobs if lean else draw_jobs
    return draw(seed, end_s, board_w(scenario))
