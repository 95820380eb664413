"""What running a job costs: how soon a freeze reaches it, and what runner and sandbox take of a core while it runs.

    python tests/bench/bench_runner.py [--freezes 200] [--seconds 10]

The runner is a process of its own, as in flight; times are from the order at the executive's end to the state as
read back by the runner.
"""

from __future__ import annotations

import argparse
import os
import select
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from flight.boards.clock import monotonic
from flight.declare.running import Isolation, JobEntry, JobFolders, JobLimits, JobState, JobToRun, RunnerKind
from flight.runners.client import RunnerClient
from tests.bench.verdict import at_most

NAMES = ("package", "models", "outputs", "checkpoints", "scratch", "control", "record")
LIMITS = JobLimits(memory_octets=2**28, disk_octets=2**26)
MS = 10**6


def waited(client: RunnerClient, job: int, state: JobState) -> JobEntry:
    while True:
        client.tend(monotonic())
        entry = client.known.get(job)
        if entry is not None and entry.state is state:
            return entry
        assert entry is None or entry.state is not JobState.ENDED, entry
        handles = [client.socket] if client.socket is not None else []
        select.select(handles, [], [], 0.05)


def started(client: RunnerClient, place: Path, job: int, words: tuple[str, ...]) -> None:
    folder = place / f"job-{job}"
    for name in NAMES:
        (folder / name).mkdir(parents=True)
    folder.chmod(0o711)
    folders = JobFolders(*(str(folder / name) for name in NAMES))
    while not client.reachable:
        client.tend(monotonic())
        select.select([], [], [], 0.01)
    begun = monotonic()
    assert client.start(JobToRun(job, RunnerKind.PROCESS, words), LIMITS, folders, begun) is None
    entry = waited(client, job, JobState.RUNNING)
    print(f"  up after {(monotonic() - begun) / MS:.0f} ms; {entry.protection}")


def used_s(pid: int) -> float:
    """Processor time of one process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def share(values: list[int], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(part * len(values)))] / MS


def freezes(client: RunnerClient, count: int) -> None:
    frozen, thawed, by_runner = [], [], []
    for _ in range(count):
        begun = monotonic()
        client.freeze(1, begun)
        entry = waited(client, 1, JobState.FROZEN)
        frozen.append(monotonic() - begun)
        by_runner.append(entry.took_ns)
        begun = monotonic()
        client.thaw(1, begun)
        waited(client, 1, JobState.RUNNING)
        thawed.append(monotonic() - begun)
    worst = share(frozen, 0.99)
    print(
        f"  freeze, {count} times, p50 {share(frozen, 0.5):.2f} ms, p99 {worst:.2f} ms{at_most(worst, 100)}"
    )
    print(f"    within the runner p50 {share(by_runner, 0.5):.2f} ms, p99 {share(by_runner, 0.99):.2f} ms")
    print(f"  thaw, p50 {share(thawed, 0.5):.2f} ms, p99 {share(thawed, 0.99):.2f} ms")


def overhead(client: RunnerClient, seconds: int) -> None:
    """The executive's end is called ten times a second, as in flight."""
    runner, own = client.child, os.getpid()
    before, own_before, end = used_s(runner), used_s(own), monotonic() + seconds * 10**9
    while monotonic() < end:
        client.poll(monotonic())
        select.select([], [], [], 0.1)
    took, own_took = used_s(runner) - before, used_s(own) - own_before
    percent = 100 * (took + own_took) / seconds
    print(
        f"  while it runs for {seconds} s: runner {100 * took / seconds:.2f} % of a core, "
        f"executive's end {100 * own_took / seconds:.2f} %, both{at_most(percent, 2)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--freezes", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    for strongest in sorted(Isolation, reverse=True):
        print(f"at most {strongest.name}")
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            place.chmod(0o711)
            state = str(place / "runner")
            command = [
                sys.executable,
                "-m",
                "flight",
                "runner",
                "--state",
                state,
                "--strongest",
                str(int(strongest)),
            ]
            client = RunnerClient(command, state)
            started(client, place, 1, ("sh", "-c", "while :; do :; done"))
            freezes(client, options.freezes)
            overhead(client, options.seconds)
            client.end_runner()
            while client.child:
                client.start_at = monotonic() * 2  # no other one
                client.tend(monotonic())
                select.select([], [], [], 0.01)
            client.close()


if __name__ == "__main__":
    main()
