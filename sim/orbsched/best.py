"""The best schedules known: files that prove themselves, for a schedule is its own proof of feasibility.

`python -m sim.orbsched.best --seeds 4 --milp-s 60` searches on from what is known and writes what is better.
Planning here is clairvoyant: the true world and every job are known, and the search is longer than one on board.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from flight.planning import plan
from sim.orbsched.bound import optimum, upper_bound
from sim.orbsched.check import Run, Schedule, check, deliver
from sim.orbsched.closed_loop import whole_problem
from sim.orbsched.generate import CLASSES, generate
from sim.orbsched.instance import Instance

KNOWN = Path(__file__).parent / "best.json"
SAME = 0.999  # a bound this close above a whole value proves it


class Known:
    """The file: for each instance its digest, runs, and the two bounds."""

    def __init__(self, path: Path = KNOWN) -> None:
        self.path = path
        self.rows: dict[str, dict[str, object]] = json.loads(path.read_text()) if path.exists() else {}

    def schedule(self, instance: Instance) -> Schedule | None:
        """As stored, for the very same instance; whoever uses it checks it."""
        row = self.rows.get(instance.name)
        if row is None or row["digest"] != instance.digest():
            return None
        runs = row["runs"]
        assert isinstance(runs, dict)
        found = []
        for key, stretches in runs.items():
            job, level = map(int, key.split("/"))
            found += [Run(slot, job, level) for first, last in stretches for slot in range(first, last + 1)]
        return deliver(instance, tuple(sorted(found)))

    def value(self, instance: Instance) -> int:
        """What the stored schedule earns now, by the checker; 0 if it breaks a rule."""
        schedule = self.schedule(instance)
        verdict = check(instance, schedule) if schedule else None
        return verdict.value if verdict and not verdict.violations else 0

    def bound(self, instance: Instance, name: str) -> float | None:
        """`lp` or `milp`, if stored for the very same instance."""
        row = self.rows.get(instance.name)
        if row is None or row["digest"] != instance.digest():
            return None
        bound = row.get(name)
        assert bound is None or isinstance(bound, float)
        return bound

    def store(self, instance: Instance, schedule: Schedule | None, bounds: dict[str, float]) -> None:
        """Keep the better schedule and the lower bounds."""
        row = self.rows.get(instance.name, {})
        if row.get("digest") != instance.digest():
            row = {"digest": instance.digest(), "runs": {}}
        for name, bound in bounds.items():
            old = row.get(name)
            row[name] = round(min(bound, old) if isinstance(old, float) else bound, 6)
        verdict = check(instance, schedule) if schedule else None
        if schedule and verdict and not verdict.violations and verdict.value > self.value(instance):
            row["runs"], row["value"] = _stretches(schedule.runs), verdict.value
        self.rows[instance.name] = row

    def write(self) -> None:
        rows = [f"{json.dumps(name)}: {json.dumps(self.rows[name])}" for name in sorted(self.rows)]
        self.path.write_text("{\n" + ",\n".join(rows) + "\n}\n")


def _stretches(runs: tuple[Run, ...]) -> dict[str, list[list[int]]]:
    """Runs by job and level, as first and last slots."""
    found: dict[str, list[list[int]]] = {}
    for run in sorted(runs, key=lambda one: (one.job, one.level, one.slot)):
        stretches = found.setdefault(f"{run.job}/{run.level}", [])
        if stretches and stretches[-1][1] == run.slot - 1:
            stretches[-1][1] = run.slot
        else:
            stretches.append([run.slot, run.slot])
    return found


def searched(instance: Instance, steps: int, seed: int) -> Schedule:
    """The planner's own search, with the truth as its forecast."""
    found = plan(whole_problem(instance, true=True), steps=steps, seed=seed)
    runs = tuple(sorted(Run(slot, one.job, one.level) for one in found.placements for slot in one.slots))
    return deliver(instance, runs)


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    known = Known()
    for name in options.classes.split(","):
        for seed in range(options.first, options.seeds):
            instance = generate(name, seed)
            if known.bound(instance, "lp") is None:
                known.store(instance, None, {"lp": upper_bound(instance)})
            for turn in range(options.turns):
                known.store(instance, searched(instance, options.steps, 1000 + turn), {})
            if options.milp_s:
                solved = optimum(instance, options.milp_s, known.schedule(instance))
                known.store(instance, solved.schedule, {"milp": solved.bound})
            known.write()
            row = known.rows[instance.name]
            sys.stdout.write(f"{instance.name}: {row.get('value')}, {row.get('lp')}, {row.get('milp')}\n")
            sys.stdout.flush()
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m sim.orbsched.best", description=__doc__.split("\n")[0])
    made.add_argument("--classes", default=",".join(CLASSES))
    made.add_argument("--first", type=int, default=0)
    made.add_argument("--seeds", type=int, default=4)
    made.add_argument("--steps", type=int, default=20_000_000, help="of each local search")
    made.add_argument("--turns", type=int, default=1, help="local searches, each with its own seed")
    made.add_argument("--milp-s", type=float, default=0.0, help="seconds for the mixed-integer program")
    return made


if __name__ == "__main__":
    sys.exit(main())
