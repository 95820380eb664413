"""Hunt for inputs that a parser cannot bear: `make fuzz`.

python -m tests.fuzz [--seconds 600] [--jobs 2] [--seed 1] [--only "CFDP PDUs"] [--list]

Each target has its share of the time.  The exit status is 1 if any input raised or cost too much, or if a target
or a function that it names was not exercised at all.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from checks.findings import ROOT
from tests.fuzz.branches import Reached, reached
from tests.fuzz.engine import GROWTH_MAX, Finding, Search, Target
from tests.fuzz.targets import TARGETS

FOUND = ROOT / "runs" / "fuzz"  # what failed, one file each: the input itself


class Outcome(NamedTuple):
    name: str
    runs: int
    kept: int
    reached: Reached
    growth: float
    findings: tuple[Finding, ...]

    @property
    def exercised(self) -> bool:
        """Branches were taken, where there are any; and nothing that is named was left out."""
        return not self.reached.idle and (self.reached.taken > 0 or self.reached.total == 0)

    @property
    def passed(self) -> bool:
        return self.exercised and not self.findings


def hunt(
    target: Target, *, seconds: float = 0.0, rounds: int = 0, seed: int = 1, shapes: int = 60
) -> Outcome:
    search = Search(target, seed, shapes=shapes)
    search.run(seconds=seconds, rounds=rounds)
    found = tuple(search.findings.values())
    return Outcome(
        target.name,
        search.runs,
        len(search.kept),
        reached(target, search.kept),
        search.worst_growth[0],
        found,
    )


def _hunt_by_name(name: str, seconds: float, seed: int) -> Outcome:
    """In a process of its own; targets themselves cannot be sent there."""
    warnings.simplefilter("ignore")
    return hunt(next(one for one in TARGETS if one.name == name), seconds=seconds, seed=seed)


def row(outcome: Outcome) -> str:
    share = outcome.reached
    branches = f"{share.taken}/{share.total}" if share.total else "none there"
    percent = f"{100 * share.share:.0f} %" if share.total else ""
    growth = f"{outcome.growth:.2f}" if outcome.growth else "-"
    verdict = "passed" if outcome.passed else "FAILED" if outcome.findings else "NOT EXERCISED"
    return f"{outcome.name:<26}{outcome.runs:>9}{outcome.kept:>6}{branches:>12}{percent:>7}{growth:>8}  {verdict}"


HEAD = f"{'target':<26}{'inputs':>9}{'kept':>6}{'branches':>12}{'share':>7}{'growth':>8}"


def tell(outcome: Outcome) -> None:
    print(row(outcome), flush=True)
    for name in outcome.reached.idle:
        print(f"    NOT EXERCISED: {name}")
    for number, finding in enumerate(outcome.findings):
        FOUND.mkdir(parents=True, exist_ok=True)
        path = FOUND / f"{outcome.name.replace(' ', '-').replace(',', '')}-{number}"
        path.write_bytes(finding.data)
        print(f"  {finding}\n    kept in {path.relative_to(ROOT)}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="for all targets together")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", metavar="TARGET", help="this one (may be repeated)")
    parser.add_argument("--input", type=Path, help="run this one input of --only, with its traceback")
    parser.add_argument("--list", action="store_true", help="the targets")
    parser.add_argument("--json", type=Path, help="write the table there too")
    options = parser.parse_args(arguments)
    names = [target.name for target in TARGETS]
    if options.list:
        print("\n".join(names))
        return 0
    unknown = sorted(set(options.only or ()) - set(names))
    if unknown:
        parser.error(f"no target is called {', '.join(unknown)}; --list has them")
    todo = [name for name in names if not options.only or name in options.only]
    if options.input:
        for name in todo:
            next(one for one in TARGETS if one.name == name).feed(options.input.read_bytes())
        return 0
    each = options.seconds * options.jobs / len(todo)
    print(
        f"{len(todo)} targets, {each:.0f} s each, seed {options.seed}; growth must stay below {GROWTH_MAX}\n{HEAD}"
    )
    outcomes = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(partial(_hunt_by_name, seconds=each, seed=options.seed), todo):
            outcomes.append(outcome)
            tell(outcome)
    return summary(outcomes, options.json)


def summary(outcomes: Sequence[Outcome], path: Path | None = None) -> int:
    taken, total = (sum(getattr(one.reached, name) for one in outcomes) for name in ("taken", "total"))
    failed = [one.name for one in outcomes if not one.passed]
    print(
        f"fuzz: {sum(one.runs for one in outcomes)} inputs, {len(outcomes)} targets, {taken} of {total} branches, "
        f"{sum(len(one.findings) for one in outcomes)} findings, {len(failed)} failed"
    )
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [
            one._asdict() | {"reached": one.reached._asdict(), "findings": [f.what for f in one.findings]}
            for one in outcomes
        ]
        path.write_text(json.dumps(rows, indent=1))
    return 1 if failed or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
