"""The power-cut bench: scenarios on a disk that fails, again and again, at every one of its operations.

On an honest disk nothing acknowledged may be missing; on any disk nothing may be unreadable (an exception) or wrong
(a body that was never given under that name or number).  The scenarios judge, and raise AssertionError.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from sim.disk import Cache, PowerCut, ProcessKilled, SimulatedDisk
from tests.crash.scenarios import Scenario
from tests.crash.truth import Conditions

LIVES = 3  # of a trial: the fault under test strikes the first, cuts anywhere the others

Maker = type[Scenario]


@dataclass
class Tally:
    """What a sweep exercised, and what it found."""

    operations: int  # of the first life; each of them was hit
    trials: int = 0
    struck: int = 0  # faults that met a life at work
    lost: int = 0
    reused: int = 0
    failures: int = 0


def operations_of(make: Maker) -> int:
    """Disk operations of a first life without faults."""
    disk = SimulatedDisk(random.Random(0))
    make(Conditions()).live(disk)
    return disk.operations


def sweep_cuts(make: Maker, outcomes: int, cache: Cache = Cache.HONEST) -> Tally:
    """A power cut at every operation of the first life, each with so many outcomes."""
    tally = Tally(operations_of(make))
    for operation in range(1, tally.operations + 1):
        for outcome in range(outcomes):
            rng = random.Random(f"cut {operation} {outcome}")
            conditions = Conditions(honest=cache is Cache.HONEST)
            disk = SimulatedDisk(rng, cache=cache)
            disk.cut_at(operation)
            _live_on(make(conditions), disk, rng, tally)
    return tally


def sweep_kills(make: Maker, outcomes: int) -> Tally:
    """The process is killed at every operation and starts again on the same disk; then power cuts anywhere."""
    tally = Tally(operations_of(make))
    for operation in range(1, tally.operations + 1):
        for outcome in range(outcomes):
            rng = random.Random(f"kill {operation} {outcome}")
            scenario = make(Conditions())
            disk = SimulatedDisk(rng)
            disk.kill_at(operation)
            try:
                scenario.live(disk)
            except ProcessKilled:
                tally.struck += 1
            disk.cut_at(disk.operations + rng.randint(1, tally.operations))
            _live_on(scenario, disk, rng, tally)
    return tally


def sweep_errors(make: Maker, times: int, outcomes: int) -> Tally:
    """EIO at every operation and the `times - 1` after it; the life goes on, then power cuts anywhere."""
    tally = Tally(operations_of(make))
    for operation in range(1, tally.operations + 1):
        for outcome in range(outcomes):
            rng = random.Random(f"error {operation} {outcome}")
            disk = SimulatedDisk(rng)
            disk.fail_at(operation, times)
            _live_on(make(Conditions()), disk, rng, tally)
    return tally


def _live_on(scenario: Scenario, disk: SimulatedDisk, rng: random.Random, tally: Tally) -> None:
    conditions = scenario.conditions
    for _ in range(LIVES):
        try:
            scenario.live(disk)
        except PowerCut:
            tally.struck += 1
        disk = disk.reboot()
        conditions.proven = True
        disk.cut_at(rng.randint(1, 2 * tally.operations))
    scenario.check(disk.reboot())
    tally.trials += 1
    tally.lost += conditions.lost
    tally.reused += conditions.reused
    tally.failures += conditions.failures


@dataclass
class FlipTally:
    """After one bit was flipped at rest: what reading gave."""

    trials: int = 0
    newest_intact: int = 0
    detected: int = 0  # something is missing or older, and the store reports damage
    silent: int = 0  # something is missing or older, and nothing is reported
    most_lost: int = 0  # records or states that one bit has cost


def flip_bits(make: Maker, trials: int) -> FlipTally:
    """One bit of all that a life has stored, drawn evenly; what is read must be true, though it may be less."""
    tally = FlipTally()
    for trial in range(trials):
        conditions = Conditions(proven=True)
        disk = SimulatedDisk(random.Random(f"flip {trial}"))
        scenario = make(conditions)
        scenario.live(disk)
        disk = disk.reboot()
        before = scenario.look(disk)
        disk.flip_any()
        after = scenario.look(disk)
        conditions.honest = False
        scenario.check(disk)
        changed = after.everything != before.everything
        tally.trials += 1
        tally.newest_intact += after.newest == before.newest
        tally.detected += changed and after.reported
        tally.silent += changed and not after.reported
        tally.most_lost = max(tally.most_lost, len(before.everything) - len(after.everything))
    return tally
