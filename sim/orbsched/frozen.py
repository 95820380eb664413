"""Which instances are scored, and the digests that they were frozen with before any planner was written.

`python -m sim.orbsched.frozen` says whether the generator still makes them; `--write` froze them, once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from sim.orbsched.generate import CLASSES, DAY, generate
from sim.orbsched.instance import Instance

FROZEN = Path(__file__).parent / "frozen.txt"
SEEDS = 20  # of each class


def frozen_instances() -> Iterator[Instance]:
    """All of them: SEEDS of each class, then a day of a thousand jobs of each class."""
    for name in CLASSES:
        for seed in range(SEEDS):
            yield generate(name, seed)
    for name in CLASSES:
        yield generate(name, 0, DAY)


def lines_now() -> list[str]:
    return [f"{one.digest()}  {one.name} {len(one.jobs)} jobs" for one in frozen_instances()]


def main(arguments: list[str]) -> int:
    lines = lines_now()
    if arguments == ["--write"]:
        FROZEN.write_text("\n".join(lines) + "\n")
        return 0
    changed = sorted(set(lines) ^ set(FROZEN.read_text().splitlines()))
    sys.stdout.write("\n".join(changed) + "\n" if changed else f"{len(lines)} instances as frozen\n")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
