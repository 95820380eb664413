"""From a package's manifest to a job that runs, is stopped with its checkpoint, and goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import flight.jobs.skyrack_job
from flight.boards.clock import monotonic
from flight.declare.running import ExitReason, JobState, RunnerKind
from flight.jobs.catalogue import Kind
from flight.jobs.manifest import Manifest, read_manifest
from flight.runners.manifests import FUEL_PER_SECOND, job_of, limits_of
from tests.flight.runners.conftest import interpreter

SECOND = 10**9
PROGRAM = """
import os, sys
import skyrack_job
job = skyrack_job.start(phases=("count",))
job.phase("count")
number = int(job.restore() or b"0")
first = number
print("from", number, *sys.argv[1:], flush=True)
while number < 3 or (first == 0):
    number += 1
    job.progress(min(number, 999) / 1000)
    if job.checkpoint_due(every_s=3600):
        job.checkpoint(str(number).encode())
job.write("result", f"{first} {number}".encode())
"""


def manifest(**fields: object) -> Manifest:
    table = {
        "version": 1,
        "owner": "acme",
        "name": "count",
        "serial": 1,
        "runtime": "cpython",
        "entry": "main.py",
        "arguments": ["a", "b"],
        "resources": {"cores": 2, "memory_mb": 256, "accelerator_milli": 0, "disk_mb": 4},
        "levels": [{"power_w": 5.0, "speed_milli": 1000}],
        "work_s": 10,
        "value": 1,
        "preemptible": True,
        "outputs": [{"path": "result", "size_most": 100}],
        "parts": [{"path": "main.py", "size": 1, "stored": 1, "sha256": bytes(32)}],
        "stored_sha256": bytes(32),
    }
    found = read_manifest(table | fields)
    assert isinstance(found, Manifest), found
    return found


def test_words_and_limits():
    count = manifest()
    assert job_of(5, count, Kind.PYTHON, "/usr/bin/python3").words == (
        "/usr/bin/python3",
        "{package}/main.py",
        "a",
        "b",
    )
    assert job_of(5, count, Kind.NATIVE).words == ("{package}/main.py", "a", "b")
    module = job_of(5, count, Kind.WASM)
    assert (module.kind, module.words) == (RunnerKind.WASM, ("main.py", "a", "b"))
    limits = limits_of(count)
    assert (limits.cores_milli, limits.memory_octets, limits.disk_octets) == (2000, 2**28, 2**22)
    assert limits.fuel == 40 * FUEL_PER_SECOND
    assert limits.silence_ns == 0
    assert limits.cpu_time_ns == 2 * 2 * 10 * SECOND


def test_what_a_manifest_says_itself():
    slow = [{"power_w": 5.0, "speed_milli": 1000}, {"power_w": 3.0, "speed_milli": 500}]
    told = manifest(fuel=7, seed=9, silence_s=20, levels=slow)
    limits = limits_of(told)
    assert (limits.fuel, limits.silence_ns) == (7, 20 * SECOND)
    assert limits.cpu_time_ns == 2 * 2 * 20 * SECOND
    assert job_of(5, told, Kind.WASM).seed == 9
    fast = manifest(levels=[{"power_w": 9.0, "speed_milli": 2000}])
    assert limits_of(fast).cpu_time_ns == 2 * 2 * 10 * SECOND  # the board may throttle it


@pytest.mark.slow
def test_stopped_with_its_checkpoint_it_goes_on(bench):
    """The SDK as its author ships it, over two runs on the same folders."""
    number, folders = bench.prepare(PROGRAM)
    source = Path(flight.jobs.skyrack_job.__file__).read_text()
    (bench.folders[number] / "package" / "skyrack_job.py").write_text(source)
    job = job_of(number, manifest(), Kind.PYTHON, interpreter(bench.isolation))
    limits = limits_of(manifest())
    assert bench.runner.start(job, limits, folders, monotonic()) is None
    bench.until(lambda: bench.entry(number).heard_at)
    assert bench.runner.stop(number, 30 * SECOND, monotonic()) is None
    entry = bench.until_state(number, JobState.ENDED)
    assert (entry.reason, entry.phase, entry.checkpoints) == (ExitReason.STOPPED, "count", 1)
    assert bench.printed(number).strip() == "from 0 a b"
    again = replace(job, job=number + 1)
    assert bench.runner.start(again, limits, folders, monotonic()) is None
    assert bench.until_state(number + 1, JobState.ENDED).reason is ExitReason.COMPLETED
    first, last = (bench.folders[number] / "outputs" / "result").read_text().split()
    assert int(first) > 0
    assert int(last) >= int(first)
