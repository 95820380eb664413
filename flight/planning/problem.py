"""What a planner is told, and what it answers.  Slot 0 begins now; every later slot is a forecast.

Values are numbers and tuples alone, so that a problem can be logged and planned again bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

LOOPS_MAX = 16  # cooling loops: each costs the planner two walks over the horizon
MILLI = 1000  # work and speed are whole thousandths of a slot: progress adds up exactly


class Binding(Enum):
    """What a decision was bound by."""

    NONE = "nothing in the way"
    ENERGY = "energy"
    TEMPERATURE = "temperature"
    LANES = "accelerator slots"
    MEMORY = "memory"
    ANOMALY = "South Atlantic Anomaly"
    QUIET = "a slot kept quiet"
    DOWNLINK = "downlink volume"
    DEADLINE = "too little time before the deadline"
    WORTH = "other jobs are worth more"
    UNKNOWN = "no such job, level or release"


@dataclass(frozen=True, slots=True)
class Level:
    power_w: float
    speed_milli: int


@dataclass(frozen=True, slots=True)
class Job:
    """A job not yet finished.  `release` and `deadline` count from now; the work must be done before `deadline`.

    `running` says that it ran in the slot that just ended.  A job that is not preemptible loses `done_milli`
    when it stops; any other resumes at the price of `resume_milli` more work.
    """

    name: str
    levels: tuple[Level, ...]
    work_milli: int
    release: int
    deadline: int
    value: int
    preemptible: bool
    resume_milli: int
    anomaly_allowed: bool
    memory_mb: int
    output_mb: float
    done_milli: int = 0
    running: bool = False
    loop: int = -1  # that it runs on, and stays on; -1: any


@dataclass(frozen=True, slots=True)
class Limits:
    """The satellite's own numbers; `harvest_at_least` and `resistance_at_most` are how wrong a forecast may be (see
    `guard`).

    `lanes` are compute boards, `loops` how many of them share each cooling loop; empty: all share one.  A board is
    `quick_k_w` for each W of its loop's load warmer than the loop, whose temperature the planner follows.
    """

    slot_s: int
    lanes: int
    memory_mb: int
    capacity_wh: float
    floor_wh: float
    charge_efficiency: float
    discharge_efficiency: float
    decay: float  # of the temperature in one slot
    limit_c: float
    harvest_at_least: float
    resistance_at_most: float
    loops: tuple[int, ...] = ()
    quick_k_w: float = 0.0

    @property
    def boards(self) -> tuple[int, ...]:
        """Of each loop."""
        return self.loops or (self.lanes,)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Means over each slot; all of one length, which is the horizon.

    `harvest_w` and `resistance_k_w` are the best estimate, for plans; the guard's worst case is drawn from the
    second pair, which no estimate on board may change.
    """

    harvest_w: tuple[float, ...]
    base_w: tuple[float, ...]
    sink_c: tuple[float, ...]
    anomaly: tuple[bool, ...]
    contact_mb: tuple[float, ...]
    resistance_k_w: float
    nominal_harvest_w: tuple[float, ...]
    nominal_resistance_k_w: float
    quiet: frozenset[int] = frozenset()  # slots in which nothing may run: a reset that is planned

    def after(self, past: int) -> Forecast:
        """The same without its first slots."""
        return replace(
            self,
            harvest_w=self.harvest_w[past:],
            base_w=self.base_w[past:],
            sink_c=self.sink_c[past:],
            anomaly=self.anomaly[past:],
            contact_mb=self.contact_mb[past:],
            nominal_harvest_w=self.nominal_harvest_w[past:],
            quiet=frozenset(slot - past for slot in self.quiet if slot >= past),
        )


@dataclass(frozen=True, slots=True)
class State:
    """As measured now; `waiting_mb` are results that wait for a pass."""

    energy_wh: float
    loops_c: tuple[float, ...]  # of each cooling loop
    waiting_mb: float


@dataclass(frozen=True, slots=True)
class Problem:
    limits: Limits
    forecast: Forecast
    state: State
    jobs: tuple[Job, ...]

    @property
    def slots(self) -> int:
        return len(self.forecast.harvest_w)


@dataclass(frozen=True, slots=True)
class Placement:
    """The slots in which a job runs, at one level and on one loop; `finish` is the first slot after its work."""

    job: int
    level: int
    slots: tuple[int, ...]
    finish: int
    loop: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a job runs when it does, waits, or is not planned.

    `slot` is where `binding` bound: the release for a job that could not start at once, the slot that was refused
    for one that is not planned; `station_pass` counts passes from 1 where the downlink bound, else it is 0.
    """

    job: int
    planned: bool
    first: int
    finish: int
    binding: Binding
    slot: int
    station_pass: int

    def words(self, name: str) -> str:
        why = self.binding.value
        if self.station_pass:
            why += f" of pass {self.station_pass}"
        if not self.planned:
            return f"{name}: not planned: {why}, slot {self.slot}"
        if self.binding is Binding.NONE:
            return f"{name}: runs in {self.first} to {self.finish - 1}, as soon as it may"
        return f"{name}: runs in {self.first} to {self.finish - 1}; waits for {why}, slot {self.slot}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Placements in the order of their jobs, their value, and the steps that finding them took.

    `energy_wh` and `temperature_c`, of the hottest loop, are what the plan expects at the beginning of each slot and at
    the end.
    """

    placements: tuple[Placement, ...]
    decisions: tuple[Decision, ...]
    value: int
    steps: int
    energy_wh: tuple[float, ...]
    temperature_c: tuple[float, ...]
