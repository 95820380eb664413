"""`python -m tests.planted`: hunt every planted bug with the swarm and write the table of what it took.

Batches grow, so that what is found early costs little; `--minutes` bounds the whole, and what is not found within it
is said to be not found.  What was found in this very tree is not hunted again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

from tests.planted.planting import ROOT, Bug, Found, all_bugs, copy_tree, hunt, tree_digest

BATCHES = (8, 24, 68, 400)  # 500 seeds in all
SEEDS, ORBITS = 500, 3.0
STATE = ROOT / "runs" / "planted"
TABLE = ROOT / "docs" / "planted.md"
SECONDS_PER_HOUR = 3600.0


def main() -> int:
    options = parser().parse_args()
    bugs = [bug for bug in all_bugs() if not options.bugs or bug.name in options.bugs.split(",")]
    until = time.monotonic() + options.minutes * 60
    results: dict[str, Found] = {}

    def hunt_one(bug: Bug) -> None:
        results[bug.name] = hunted(bug, options.seeds, options.orbits, until, keep=options.keep)
        print(f"{bug.name}: {words(results[bug.name])}", flush=True)

    with ThreadPoolExecutor(max_workers=options.workers) as pool:
        list(pool.map(hunt_one, bugs))
    if options.table:
        TABLE.write_text(table(all_bugs(), read_all(), options.orbits, options.swarm_result))
    spent = sum(found.cpu_s for found in results.values()) / SECONDS_PER_HOUR
    missing = [name for name, found in results.items() if found.seed is None]
    print(f"{len(results) - len(missing)} of {len(results)} found, {spent:.2f} hours of processor")
    return 1 if missing else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__.split("\n")[0])
    made.add_argument("--bugs", default="", help="names, with commas between; all if left out")
    made.add_argument("--seeds", type=int, default=SEEDS, help="at most so many for each bug")
    made.add_argument("--orbits", type=float, default=ORBITS)
    made.add_argument("--minutes", type=float, default=720.0, help="for all of it")
    made.add_argument("--workers", type=int, default=2)
    made.add_argument("--keep", action="store_true", help="what was found in an earlier tree counts, too")
    made.add_argument("--table", action="store_true", help=f"write {TABLE.relative_to(ROOT)}")
    made.add_argument(
        "--swarm-result", type=Path, help="put what this swarm of the clean tree found into the table"
    )
    return made


def hunted(bug: Bug, seeds: int, orbits: float, until: float, *, keep: bool = False) -> Found:
    """From an earlier hunt in this tree, or by a new one.  Each bug has a file: several processes may hunt."""
    path, tree = STATE / f"{bug.name}.json", tree_digest()
    if path.exists():
        known = Found(**json.loads(path.read_text()))
        if known.seed is not None and (keep or known.tree == tree):
            return known
    found = replace(hunt_bug(bug, seeds, orbits, until), tree=tree)
    STATE.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(found), indent=1) + "\n")
    return found


def read_all() -> dict[str, Found]:
    return {path.stem: Found(**json.loads(path.read_text())) for path in sorted(STATE.glob("*.json"))}


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
            without = hunt(clean, found.seed, 1, orbits)
            cpu_s += without.cpu_s
            if without.seed is None:
                return Found(flown, found.seed, found.check, found.text, cpu_s)
            print(f"{bug.name}: seed {found.seed} fails without the bug, too: {without.text}", flush=True)
    return Found(flown, None, "", "", cpu_s)


def words(found: Found) -> str:
    if found.seed is None:
        return f"not found in {found.seeds} seeds, {found.cpu_s:.0f} s of processor"
    return f"seed {found.seed}, {found.cpu_s:.0f} s of processor: {found.text[:160]}"


def table(bugs: list[Bug], results: dict[str, Found], orbits: float, swarm: Path | None) -> str:
    """Markdown."""
    hunts = [results[bug.name] for bug in bugs if bug.name in results]
    found = [one for one in hunts if one.seed is not None]
    hours = sum(one.cpu_s for one in hunts) / SECONDS_PER_HOUR
    trees = Counter(one.tree for one in hunts)
    lines = [
        "# Planted bugs",
        "",
        "Written by `python -m tests.planted --table`.  Each bug is a small change in `tests/planted/bugs`, frozen",
        "by its hash before the checks were tuned (`frozen.txt`).  Where the tree has moved under one since, the same",
        "mistake was planted anew, and its note says why.  A seed is random faults and commands for",
        f"{orbits:g} orbits, then quiet until all is well again.  Seeds are flown in order from 0, and one counts only",
        "if the tree without the bug passes it.",
        "",
        f"Found: {len(found)} of {len(bugs)} planted, in {hours:.2f} hours of one processor core, the clean tree's",
        "flights for comparison included.  Digest of the packages flown: "
        + ", ".join(f"{tree} ({count})" for tree, count in trees.most_common())
        + ".",
        "",
        "| bug | what it does | found by the check | seeds | core s |",
        "|---|---|---|--:|--:|",
    ]
    lines += [_row(bug, results.get(bug.name)) for bug in bugs]
    notes = [f"- {bug.name}, planted anew {bug.replanted}." for bug in bugs if bug.replanted]
    if notes:
        lines += ["", "Notes:", "", *notes]
    if swarm is not None:
        lines += ["", *swarm_section(json.loads(swarm.read_text()))]
    return "\n".join(lines) + "\n"


def _row(bug: Bug, one: Found | None) -> str:
    if one is None:
        return f"| {bug.name} | {bug.says} | not hunted yet | | |"
    by = "**not found**" if one.seed is None else one.check
    return f"| {bug.name} | {bug.says} | {by} | {one.seeds} | {one.cpu_s:.0f} |"


def swarm_section(facts: dict[str, object]) -> list[str]:
    """What a swarm of the tree without bugs found, from its `--json`."""
    options, flown, failing = facts["options"], facts["seeds"], facts["failing"]
    assert isinstance(options, dict)
    assert isinstance(flown, list)
    assert isinstance(failing, list)
    hours = sum(seed["cpu_s"] for seed in flown) / SECONDS_PER_HOUR
    simulated = sum(seed["simulated_s"] for seed in flown) / SECONDS_PER_HOUR
    lines = [
        "## The tree without bugs",
        "",
        f"`skyrack-sim swarm --seeds {options['seeds']} --orbits {options['orbits']:g}`:",
        f"{len(flown)} seeds, {len(failing)} failed; {simulated:,.0f} simulated hours,",
        f"{sum(seed['boots'] for seed in flown):,} boots, {sum(seed['commands'] for seed in flown):,} telecommands;",
        f"{hours:.2f} hours of one processor core.",
        "",
    ]
    lines += [f"- seed {seed}: {text.splitlines()[0]}" for seed, text in failing]
    for title, key, what in (
        ("check", "checks", "exercised"),
        ("row of the fault table", "fault_rows", "episodes"),
        ("kind of fault", "faults", "begun"),
    ):
        found = facts[key]
        rows = sorted(found.items()) if isinstance(found, dict) else found
        assert isinstance(rows, list)
        lines += ["", f"| {title} | {what} |", "|---|--:|"]
        lines += [f"| {row[0]} | {f'{row[1]:,}' if row[1] else 'NOT EXERCISED'} |" for row in rows]
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
