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
    return generate(names[number % len(names)], FIRST_SEED + number, size)


def _harder(instance: Instance, number: int) -> Instance:
    """All jobs are there at once; three in four begin with a battery that one eclipse could bring to its floor.

    Not with one that the base load alone brings below it (one in 100,000), which no guard could help.
    """
    battery, luck = instance.battery, stream(number, "orbsched/start").random()
    jobs = tuple(replace(job, release=0) for job in instance.jobs)
    ample = replace(battery, start_wh=battery.floor_wh + AMPLE_WH)
    scarce = replace(battery, start_wh=battery.floor_wh + 26.0 + 30.0 * luck)
    harder = replace(instance, battery=scarce if number % 4 else ample, jobs=jobs)
    return replace(harder, battery=ample) if check(harder, IDLE).violations else harder


def _judge(proof: Proof, instance: Instance, policy: Policy, *, batch: bool = True) -> None:
    flown = fly(instance, policy, batch=batch)
    verdict = check(instance, flown.schedule)
    proof.flights += 1
    proof.slots += instance.slots
    proof.refused += flown.refused
    if verdict.violations:
        proof.broken.update(one.rule.value for one in verdict.violations)
        proof.seeds.append(instance.name)
