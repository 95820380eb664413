"""`python -m tests.planted`: hunt every planted bug with the swarm and write the table of what it took.

Batches grow, so that what is found early costs little; `--minutes` bounds the whole, and what is not found within it
is said to be not found.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tests.planted.planting import ROOT, Bug, Found, all_bugs, copy_tree, hunt

BATCHES = (8, 24, 68, 400)  # 500 seeds in all
STATE = ROOT / "runs" / "planted.json"
TABLE = ROOT / "docs" / "planted.md"


def main() -> int:
    options = parser().parse_args()
    bugs = [bug for bug in all_bugs() if not options.bugs or bug.name in options.bugs.split(",")]
    results: dict[str, Found] = {} if options.anew else read_state()
    until = time.monotonic() + options.minutes * 60
    STATE.parent.mkdir(exist_ok=True)

    def hunt_one(bug: Bug) -> None:
        if bug.name in results and results[bug.name].seed is not None:
            return
        results[bug.name] = hunt_bug(bug, options.seeds, options.orbits, until)
        print(f"{bug.name}: {results[bug.name]}", flush=True)
        STATE.write_text(
            json.dumps({name: asdict(found) for name, found in sorted(results.items())}, indent=1)
        )

    with ThreadPoolExecutor(max_workers=options.workers) as pool:
        list(pool.map(hunt_one, bugs))
    if options.table:
        TABLE.write_text(table(all_bugs(), results, options.orbits))
    return 0 if all(results[bug.name].seed is not None for bug in bugs) else 1


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__.split("\n")[0])
    made.add_argument("--bugs", default="", help="names, with commas between; all if left out")
    made.add_argument("--seeds", type=int, default=500, help="at most so many for each bug")
    made.add_argument("--orbits", type=float, default=3.0)
    made.add_argument("--minutes", type=float, default=720.0, help="for all of it")
    made.add_argument("--workers", type=int, default=2)
    made.add_argument("--anew", action="store_true", help="forget earlier hunts")
    made.add_argument("--table", action="store_true", help=f"write {TABLE.relative_to(ROOT)}")
    return made


def read_state() -> dict[str, Found]:
    if not STATE.exists():
        return {}
    return {name: Found(**found) for name, found in json.loads(STATE.read_text()).items()}


def hunt_bug(bug: Bug, seeds: int, orbits: float, until: float) -> Found:
    """A seed counts only if the tree without the bug passes it."""
    flown, cpu_s = 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        tree = copy_tree(Path(folder) / "planted", bug)
        clean = copy_tree(Path(folder) / "clean", None)
        while flown < seeds and time.monotonic() < until:
            batch = next((size for size in BATCHES if size > flown), BATCHES[-1])
            found = hunt(tree, flown, min(batch, seeds - flown), orbits)
            cpu_s += found.cpu_s
            if found.seed is None:
                flown += found.seeds
                continue
            flown = found.seed + 1
            if hunt(clean, found.seed, 1, orbits).seed is None:
                return Found(flown, found.seed, found.check, found.text, cpu_s)
    return Found(flown, None, "", "", cpu_s)


def table(bugs: list[Bug], results: dict[str, Found], orbits: float) -> str:
    """Markdown."""
    hunted = [(bug, results[bug.name]) for bug in bugs if bug.name in results]
    found = [one for _, one in hunted if one.seed is not None]
    hours = sum(one.cpu_s for _, one in hunted) / 3600.0
    lines = [
        "# Planted bugs",
        "",
        "Written by `python -m tests.planted --table`.  Each bug is a small change in `tests/planted/bugs`, frozen",
        "by its hash before the checks were tuned.  A seed is random faults and commands for",
        f"{orbits:g} orbits, then quiet until all is well again.  Seeds are flown in order from 0, and one counts only",
        "if the tree without the bug passes it.",
        "",
        f"Found: {len(found)} of {len(bugs)} planted, in {hours:.1f} hours of one processor core.",
        "",
        "| bug | what it does | found by the check | seeds | core s |",
        "|---|---|---|--:|--:|",
    ]
    for bug in bugs:
        one = results.get(bug.name)
        if one is None:
            lines.append(f"| {bug.name} | {bug.says} | not hunted yet | | |")
        elif one.seed is None:
            lines.append(f"| {bug.name} | {bug.says} | **not found** | {one.seeds} | {one.cpu_s:.0f} |")
        else:
            lines.append(f"| {bug.name} | {bug.says} | {one.check} | {one.seeds} | {one.cpu_s:.0f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
