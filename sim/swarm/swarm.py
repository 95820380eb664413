"""Many seeds in parallel, one task each; what they found, as a table and as data."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sim.result import CheckCount
from sim.scenario import load_scenario
from sim.swarm.outcomes import AHEAD, Fallen, first_failures, fly_in_order, summed
from sim.swarm.seed import SeedResult, fly_seed


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
        return first_failures(self.outcomes)

    def checks(self) -> list[CheckCount]:
        """Summed over all seeds, in the order of the checks."""
        return summed(self.flown)

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
    ahead = 1 if options.until_failure else AHEAD
    with closing(fly_in_order(_fly, options, seeds, options.workers, ahead)) as outcomes:
        for outcome in outcomes:
            yield outcome
            if options.until_failure and first_failures([outcome]):
                return
