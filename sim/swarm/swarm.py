"""Many seeds in parallel, one task each; what they found, as a table and as data."""

from __future__ import annotations

import json
import os
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sim.result import CheckCount
from sim.scenario import load_scenario
from sim.swarm.seed import SeedResult, fly_seed

AHEAD = 2  # tasks for each worker that wait; more would only be thrown away by `until_failure`


@dataclass(frozen=True, slots=True)
class SwarmOptions:
    """Which seeds, how long, and on what."""

    first: int = 0
    seeds: int = 200
    orbits: float = 3.0
    scenario: str = "reference"
    mission: str = ""
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    until_failure: bool = False  # end with the first seed that fails, and each seed at its first failure

    def reproduce(self, seed: int) -> str:
        """The one command that flies this seed again."""
        words = ["skyrack-sim swarm", f"--first {seed} --seeds 1 --orbits {self.orbits:g}"]
        if self.scenario != "reference":
            words.append(f"--scenario {self.scenario}")
        if self.mission:
            words.append(f"--mission {self.mission}")
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Fallen:
    """A seed that ended in an exception, which nothing may let escape."""

    seed: int
    text: str


Outcome = SeedResult | Fallen


@dataclass
class SwarmResult:
    """Everything that the seeds found, in the order of the seeds."""

    options: SwarmOptions
    outcomes: list[Outcome]
    wall_s: float = 0.0

    @property
    def flown(self) -> list[SeedResult]:
        return [outcome for outcome in self.outcomes if isinstance(outcome, SeedResult)]

    def failing(self) -> list[tuple[int, str]]:
        """(seed, first failure) of each seed that failed."""
        found = []
        for outcome in self.outcomes:
            if isinstance(outcome, Fallen):
                found.append((outcome.seed, f"an exception escaped: {outcome.text}"))
            elif outcome.failures:
                found.append((outcome.seed, outcome.failures[0]))
        return found

    def checks(self) -> list[CheckCount]:
        """Summed over all seeds, in the order of the checks."""
        exercised: Counter[str] = Counter()
        failed: Counter[str] = Counter()
        for result in self.flown:
            for count in result.counts:
                exercised[count.name] += count.exercised
                failed[count.name] += count.failed
        return [CheckCount(name, exercised[name], failed[name]) for name in exercised]

    def fault_rows(self) -> Counter[str]:
        return _sum(result.fault_rows for result in self.flown)

    def begun(self) -> Counter[str]:
        return _sum(result.begun for result in self.flown)

    def as_json(self) -> str:
        facts = {
            "options": asdict(self.options),
            "failing": self.failing(),
            "checks": [[count.name, count.exercised, count.failed] for count in self.checks()],
            "fault_rows": dict(self.fault_rows()),
            "faults": dict(self.begun()),
            "seeds": [asdict(result) for result in self.flown],
        }
        return json.dumps(facts, indent=1) + "\n"


def _sum(counted: Iterable[Iterable[tuple[str, int]]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counts in counted:
        for name, count in counts:
            total[name] += count
    return total


def _fly(options: SwarmOptions, seed: int) -> SeedResult:
    scenario = load_scenario(options.scenario if "/" not in options.scenario else Path(options.scenario))
    return fly_seed(scenario, seed, options.orbits, options.mission, stop_early=options.until_failure)


def run_swarm(options: SwarmOptions) -> Iterator[Outcome]:
    """Outcomes in the order of the seeds, each as soon as it and those before it are there."""
    seeds = range(options.first, options.first + options.seeds)
    waiting: list[tuple[int, Future[SeedResult]]] = []
    with ProcessPoolExecutor(max_workers=options.workers) as pool:
        upcoming = iter(seeds)
        while True:
            ahead = 1 if options.until_failure else AHEAD
            while len(waiting) < ahead * options.workers and (seed := next(upcoming, None)) is not None:
                waiting.append((seed, pool.submit(_fly, options, seed)))
            if not waiting:
                return
            outcome = _outcome(*waiting.pop(0))
            yield outcome
            if options.until_failure and (isinstance(outcome, Fallen) or outcome.failures):
                for _, future in waiting:
                    future.cancel()
                return


def _outcome(seed: int, future: Future[SeedResult]) -> Outcome:
    error = future.exception()
    if error is None:
        return future.result()
    return Fallen(seed, "".join(traceback.format_exception(error)))
