"""One simulated day of the reference mission, whole stack in one process: how many times real time.

    python tests/bench/bench_day.py            one day, and three for the slope
    python tests/bench/bench_day.py --days 30  memory over a month (takes about ten minutes)

Processor time counts, since the machine may be shared; wall time is printed beside it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOAL = 5_000  # x real time on one core


def fly_here(days: float) -> dict[str, float]:
    """In this process; peak memory in MB."""
    from sim.run import fly
    from sim.scenario import load_scenario

    scenario = load_scenario("reference")
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        outcome = fly(scenario, duration_s=days * 86_400.0, folder=Path(folder) / "run")
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    totals = dict(outcome.result.totals)
    return {
        "days": days,
        "cpu_s": cpu,
        "wall_s": wall,
        "packets": float(totals["packets sent"].replace(",", "")),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    }


def fly_apart(days: float) -> dict[str, float]:
    """In a process of its own, so that one run's memory does not count for the next."""
    done = subprocess.run(
        [sys.executable, __file__, "--inside", str(days)], check=True, capture_output=True, text=True
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--days", type=float, nargs="+", default=[1.0, 3.0])
    parser.add_argument("--inside", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(fly_here(options.inside)))
        return
    print(
        f"{'days':>6} {'packets':>12} {'cpu s':>8} {'wall s':>8} {'x real time':>12} {'us/s':>7} {'peak MB':>8}"
    )
    for days in options.days:
        row = fly_apart(days)
        speed = days * 86_400.0 / row["cpu_s"]
        print(
            f"{days:>6g} {row['packets']:>12,.0f} {row['cpu_s']:>8.1f} {row['wall_s']:>8.1f} {speed:>12,.0f}"
            f" {1e6 / speed:>7.0f} {row['peak_mb']:>8.0f}",
            flush=True,
        )
    print(f"goal: {GOAL:,} x real time of one core")


if __name__ == "__main__":
    main()
