"""What an ORBSCHED instance is.  The rules of the game are in docs/orbsched.md; `sim.orbsched.check` enforces them.

One satellite with `lanes` accelerator slots; time runs in slots of `slot_s` seconds, numbered from 0.  A quantity
"of slot t" is a mean over it; battery and temperature are states at the slot's beginning.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

MILLI = 1000  # work and speed are whole thousandths of a slot, so that progress adds up exactly


@dataclass(frozen=True, slots=True)
class Level:
    """One power setting of a job (DVFS): what it draws, and the work it does in a slot."""

    power_w: float
    speed_milli: int


@dataclass(frozen=True, slots=True)
class Job:
    """Pays `value` if its work is done before slot `deadline` and its output is down before the horizon ends.

    A preemptible job resumes at the price of `resume_milli` more work; any other loses its work when it stops.
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


@dataclass(frozen=True, slots=True)
class World:
    """What the surroundings give in each slot, and how well the radiator works.

    A run cannot cover a slot of `resets`: the computer is reset in it (a SEFI), every running job stops.
    """

    harvest_w: tuple[float, ...]
    base_w: tuple[float, ...]
    sink_c: tuple[float, ...]
    anomaly: tuple[bool, ...]
    contact_mb: tuple[float, ...]
    resistance_k_w: float
    resets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Battery:
    """Energy that is left, not charge.  `floor_wh` is never crossed."""

    capacity_wh: float
    floor_wh: float
    start_wh: float
    charge_efficiency: float
    discharge_efficiency: float


@dataclass(frozen=True, slots=True)
class Radiator:
    """One thermal node: T' = decay * T + (1 - decay) * (sink + resistance * power)."""

    decay: float
    limit_c: float
    start_c: float


@dataclass(frozen=True, slots=True)
class Trust:
    """How wrong the forecast may be: a guard has to hold the limits for every truth inside this."""

    harvest_at_least: float
    resistance_at_most: float


@dataclass(frozen=True, slots=True)
class Instance:
    name: str
    slot_s: int
    lanes: int
    memory_mb: int
    battery: Battery
    radiator: Radiator
    trust: Trust
    forecast: World
    truth: World
    jobs: tuple[Job, ...]

    @property
    def slots(self) -> int:
        return len(self.truth.harvest_w)

    @property
    def slot_h(self) -> float:
        return self.slot_s / 3600.0

    def digest(self) -> str:
        """SHA-256 of everything in it; numbers are rounded where they are made, so it is one on every machine."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()
