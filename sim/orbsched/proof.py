"""No limit is crossed: many instances with the real planner, many more with one that asks for nonsense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sim.orbsched.check import Schedule, check
from sim.orbsched.closed_loop import Policy, fly
from sim.orbsched.generate import CLASSES, Size, generate
from sim.orbsched.instance import Instance
from sim.orbsched.policies import Nonsense, Planned
from sim.simulation import stream

# One orbit, so that a hundred thousand can be flown: sun, eclipse and sun again, whatever the phase.
GUARDED = Size(orbits=1, jobs=12, work_slots=(3, 15))
FIRST_SEED = 10_000  # none of the scored ones
AMPLE_WH = 55.0  # above the floor: more than the base load takes in an eclipse
IDLE = Schedule((), ())


@dataclass(slots=True)
class Proof:
    flights: int = 0
    slots: int = 0
    refused: int = 0  # requests that the guard turned down or slowed: it had something to do
    broken: Counter[str] = field(default_factory=Counter)
    seeds: list[str] = field(default_factory=list)

    def words(self) -> str:
        return (
            f"{sum(self.broken.values())} violations in {self.flights:,} flights of {self.slots:,} slots; "
            f"the guard turned down or slowed {self.refused:,} requests."
        )


def nonsense(numbers: Iterable[int], size: Size) -> Proof:
    """A planner that asks for anything, on instances of all classes, some begun just above the limits."""
    proof = Proof()
    for number in numbers:
        instance = _harder(_instance(number, size), number)
        _judge(proof, instance, Nonsense(stream(number, "orbsched/nonsense")))
    return proof


def real(numbers: Iterable[int], size: Size, steps: int) -> Proof:
    """The planner in closed loop, batch and online in turn."""
    proof = Proof()
    for number in numbers:
        instance = _instance(number, size)
        _judge(proof, instance, Planned(steps, steps), batch=number % 2 == 0)
    return proof


def _instance(number: int, size: Size) -> Instance:
    names = tuple(CLASSES)
    return _lasting(generate(names[number % len(names)], FIRST_SEED + number, size))


def _lasting(instance: Instance) -> Instance:
    """A battery that the base load alone brings below its floor begins with more: no guard could help it."""
    if not check(instance, IDLE).violations:
        return instance
    battery = instance.battery
    return replace(instance, battery=replace(battery, start_wh=battery.floor_wh + AMPLE_WH))


def _harder(instance: Instance, number: int) -> Instance:
    """All jobs are there at once; three in four begin with a battery that one eclipse could bring to its floor."""
    battery, luck = instance.battery, stream(number, "orbsched/start").random()
    start_wh = battery.floor_wh + (26.0 + 30.0 * luck if number % 4 else AMPLE_WH)
    jobs = tuple(replace(job, release=0) for job in instance.jobs)
    return _lasting(replace(instance, battery=replace(battery, start_wh=start_wh), jobs=jobs))


def _judge(proof: Proof, instance: Instance, policy: Policy, *, batch: bool = True) -> None:
    flown = fly(instance, policy, batch=batch)
    verdict = check(instance, flown.schedule)
    proof.flights += 1
    proof.slots += instance.slots
    proof.refused += flown.refused
    if verdict.violations:
        proof.broken.update(one.rule.value for one in verdict.violations)
        proof.seeds.append(instance.name)
