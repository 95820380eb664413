"""The long proofs, one after the other, and what they cost: `make prove`.

python -m checks.prove [--jobs 2] [--seed 1] [--only swarm] [-- -k words for pytest]

All run even if one fails; the exit status is 1 if any did.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from checks.findings import ROOT

SECONDS_PER_HOUR = 3600.0
SWARM_SEEDS, SWARM_ORBITS = 200, 3
CAMPAIGN_DAYS = 1000  # of jobs in closed loop
FUZZ_SECONDS = 600  # for all targets together
MUTATION_FLOOR = 80  # percent of planted mistakes that the tests of each area must notice

Say = Callable[[str], None]


class Step(NamedTuple):
    name: str
    command: tuple[str, ...]


class Cost(NamedTuple):
    """What became of a step.  `cpu_s` is of all its processes."""

    name: str
    passed: bool
    wall_s: float
    cpu_s: float


def steps(jobs: int, seed: int, words: Sequence[str]) -> list[Step]:
    """The hunt comes first: what it has found in this tree the long tests take as found."""
    python = sys.executable
    swarm = f"--seeds {SWARM_SEEDS} --orbits {SWARM_ORBITS} --workers {jobs} --quiet --json runs/swarm.json"
    campaign = f"--days {CAMPAIGN_DAYS} --workers {jobs} --quiet --json runs/campaign.json"
    tests = f"-n {jobs} --dist worksteal --randomly-seed={seed} -m long"
    fuzz = f"--seconds {FUZZ_SECONDS} --jobs {jobs} --seed {seed} --json runs/fuzz.json"
    return [
        Step("planted bugs", (python, "-m", "tests.planted", "--workers", str(jobs))),
        Step("swarm", (python, "-m", "sim", "swarm", *swarm.split())),
        Step("campaign", (python, "-m", "sim", "campaign", *campaign.split())),
        Step("long tests", (python, "-m", "pytest", *tests.split(), *words)),
        Step("fuzzing", (python, "-m", "tests.fuzz", *fuzz.split())),
        Step("mutation", (python, "-m", "checks.mutation", "--floor", str(MUTATION_FLOOR))),
    ]


def run(step: Step) -> Cost:
    began = time.monotonic()
    process = subprocess.Popen(step.command, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu_s = usage.ru_utime + usage.ru_stime
    return Cost(step.name, process.returncode == 0, time.monotonic() - began, cpu_s)


def prove(todo: Sequence[Step], say: Say) -> int:
    costs = []
    for step in todo:
        say(f"== {step.name}: {' '.join(step.command[1:])}")
        costs.append(run(step))
    for line in account(costs):
        say(line)
    return 0 if costs and all(cost.passed for cost in costs) else 1


def account(costs: Sequence[Cost]) -> list[str]:
    """A line for each step, and the sum."""
    lines = [f"{'proof':<14}{'result':>8}{'minutes':>10}{'processor hours':>17}"]
    for cost in costs:
        result = "passed" if cost.passed else "FAILED"
        lines.append(
            f"{cost.name:<14}{result:>8}{cost.wall_s / 60:>10.1f}{cost.cpu_s / SECONDS_PER_HOUR:>17.2f}"
        )
    failed = sum(not cost.passed for cost in costs)
    hours = sum(cost.cpu_s for cost in costs) / SECONDS_PER_HOUR
    lines.append(f"prove: {len(costs)} proofs, {failed} failed, {hours:.2f} hours of processor")
    return lines


def _say(text: str) -> None:
    print(text, flush=True)


def main(arguments: Sequence[str] | None = None, say: Say = _say) -> int:
    parser = argparse.ArgumentParser(prog="python -m checks.prove", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--jobs", type=int, default=2, help="processes of each proof")
    parser.add_argument("--seed", type=int, default=1, help="the order of the tests")
    parser.add_argument("--only", action="append", help="this proof (may be repeated)")
    parser.add_argument("words", nargs="*", help="more for pytest")
    options = parser.parse_args(arguments)
    todo = steps(options.jobs, options.seed, options.words)
    unknown = set(options.only or ()) - {step.name for step in todo}
    if unknown:
        parser.error(
            f"no proof is called {', '.join(sorted(unknown))}; there are {', '.join(s.name for s in todo)}"
        )
    (ROOT / "runs").mkdir(exist_ok=True)
    return prove([step for step in todo if not options.only or step.name in options.only], say)


if __name__ == "__main__":
    sys.exit(main())
