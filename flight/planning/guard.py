"""The guard: whatever asks to run, no battery or temperature limit is crossed.

It trusts nobody's plan.  For each slot it is given what is measured now and what is asked for, and admits so much
of it that after this one slot, even in the worst world that the limits allow, everything could be switched off and
the base load alone would stay inside both limits to the end of the forecast.  That "to the end" is the point: a
guard that looks at the present eclipse alone lets the next one flatten the battery.

The worst world: the sun gives only `harvest_at_least` of the nominal forecast, and the radiators are
`resistance_at_most` times as bad.  Each cooling loop is held to the limit with its own boards.  What is measured is
taken to be right: its error belongs into the limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flight.planning.problem import Binding, Forecast, Job, Level, Limits

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Envelope:
    """At the beginning of each slot, and at the end: least energy and greatest temperature to survive from."""

    energy_wh: tuple[float, ...]
    temperature_c: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A job, by its index, the level at which it is to run through this slot, and the cooling loop of its board."""

    job: int
    level: int
    loop: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`level` is what was admitted, which may be a slower one than asked for; -1 if none was."""

    request: Request
    level: int
    binding: Binding


class Load:
    """What has been admitted in a slot: W of everything, and W, boards and memory of each loop."""

    __slots__ = ("boards", "jobs", "loops_w", "memory_mb", "power_w")

    def __init__(self, limits: Limits, base_w: float) -> None:
        self.jobs = set[int]()
        self.power_w, self.memory_mb = base_w, 0
        self.loops_w, self.boards = [base_w] * len(limits.boards), list(limits.boards)

    def add(self, request: Request, job: Job, power_w: float) -> None:
        self.jobs.add(request.job)
        self.power_w, self.memory_mb = self.power_w + power_w, self.memory_mb + job.memory_mb
        self.loops_w[request.loop] += power_w
        self.boards[request.loop] -= 1


def gain_wh(limits: Limits, surplus_w: float) -> float:
    """Change of the battery's energy over a slot, before it is full."""
    energy_wh = surplus_w * limits.slot_s / SECONDS_PER_HOUR
    return (
        energy_wh * limits.charge_efficiency if energy_wh > 0.0 else energy_wh / limits.discharge_efficiency
    )


def envelope(limits: Limits, forecast: Forecast) -> Envelope:
    """Backwards from the end: what the base load needs in the worst world."""
    energy, heat = [limits.floor_wh], [limits.limit_c]
    for slot in range(len(forecast.base_w) - 1, -1, -1):
        surplus_w = limits.harvest_at_least * forecast.nominal_harvest_w[slot] - forecast.base_w[slot]
        energy.append(max(limits.floor_wh, energy[-1] - gain_wh(limits, surplus_w)))
        warmed = (1.0 - limits.decay) * worst_equilibrium_c(limits, forecast, slot, forecast.base_w[slot])
        heat.append(min(limits.limit_c, (heat[-1] - warmed) / limits.decay))
    return Envelope(tuple(reversed(energy)), tuple(reversed(heat)))


def worst_equilibrium_c(limits: Limits, forecast: Forecast, slot: int, power_w: float) -> float:
    resistance_k_w = limits.resistance_at_most * forecast.nominal_resistance_k_w
    return forecast.sink_c[slot] + resistance_k_w * power_w


def admit(
    limits: Limits,
    forecast: Forecast,
    survives: Envelope,
    slot: int,
    measured: tuple[float, tuple[float, ...]],
    jobs: Sequence[Job],
    requests: Sequence[Request],
) -> tuple[Verdict, ...]:
    """One verdict for each request, in their order, which is their priority.

    `measured` is energy in Wh and each loop's temperature in degC; one that is no number admits nothing.
    """
    assert len(measured[1]) == len(limits.boards)
    load = Load(limits, forecast.base_w[slot])
    verdicts = []
    for request in requests:
        level, binding = -1, _barred(limits, forecast, slot, jobs, request, load)
        if binding is Binding.NONE:
            job, near = jobs[request.job], (measured[0], measured[1][request.loop])
            for tried in _slower(job.levels, request.level):
                more_w = job.levels[tried].power_w
                watts = (load.power_w + more_w, load.loops_w[request.loop] + more_w)
                binding = _limit_crossed(limits, forecast, survives, slot, near, watts)
                if binding is Binding.NONE:
                    level = tried
                    load.add(request, job, more_w)
                    break
        verdicts.append(Verdict(request, level, binding))
    return tuple(verdicts)


def _slower(levels: tuple[Level, ...], level: int) -> list[int]:
    """The level asked for, then those that draw less, greatest first."""
    asked_w = levels[level].power_w
    less = [index for index, one in enumerate(levels) if one.power_w < asked_w]
    return [level, *sorted(less, key=lambda index: (-levels[index].power_w, index))]


def _barred(
    limits: Limits,
    forecast: Forecast,
    slot: int,
    jobs: Sequence[Job],
    request: Request,
    load: Load,
) -> Binding:
    """What forbids a request whatever it draws.  Requests may be nonsense: a planner may be broken."""
    if not 0 <= request.job < len(jobs) or not 0 <= request.level < len(jobs[request.job].levels):
        return Binding.UNKNOWN
    job = jobs[request.job]
    if request.job in load.jobs or job.release > slot or not 0 <= request.loop < len(load.boards):
        return Binding.UNKNOWN
    if load.boards[request.loop] <= 0:
        return Binding.LANES
    if load.memory_mb + job.memory_mb > limits.memory_mb:
        return Binding.MEMORY
    if forecast.anomaly[slot] and not job.anomaly_allowed:
        return Binding.ANOMALY
    return Binding.QUIET if slot in forecast.quiet else Binding.NONE


def _limit_crossed(
    limits: Limits,
    forecast: Forecast,
    survives: Envelope,
    slot: int,
    measured: tuple[float, float],
    watts: tuple[float, float],
) -> Binding:
    """`measured` and `watts` of everything, and of the loop.  Comparisons are written so that a NaN refuses."""
    (energy_wh, temperature_c), (power_w, loop_w) = measured, watts
    surplus_w = limits.harvest_at_least * forecast.nominal_harvest_w[slot] - power_w
    if not energy_wh + gain_wh(limits, surplus_w) >= survives.energy_wh[slot + 1]:
        return Binding.ENERGY
    warmed = (1.0 - limits.decay) * worst_equilibrium_c(limits, forecast, slot, loop_w)
    warmed += limits.quick_k_w * loop_w
    if not limits.decay * temperature_c + warmed <= survives.temperature_c[slot + 1]:
        return Binding.TEMPERATURE
    return Binding.NONE
