"""A package's manifest as a runner is told it."""

from __future__ import annotations

import sys

from flight.declare.running import JobLimits, JobToRun, RunnerKind
from flight.jobs.catalogue import Kind
from flight.jobs.manifest import Manifest

FUEL_PER_SECOND = (
    10**9
)  # of expected work: an instruction costs about one, and a core here does 1.3 thousand million
FUEL_SPARE = 4  # times what the work should need; an endless loop ends all the same
MEGA = 2**20
PACKAGE = "{package}"  # in a word of a command line: where the job finds its package


def job_of(number: int, manifest: Manifest, kind: Kind, interpreter: str = sys.executable) -> JobToRun:
    """`kind` is that of the manifest's runtime in the catalogue, `interpreter` is for PYTHON.  ValueError for more or
    longer words than a job may have."""
    assert kind in (Kind.PYTHON, Kind.WASM, Kind.NATIVE)
    entry = manifest.entry if kind is Kind.WASM else f"{PACKAGE}/{manifest.entry}"
    words = (entry, *manifest.arguments)
    if kind is Kind.PYTHON:
        words = (interpreter, *words)
    runner = RunnerKind.WASM if kind is Kind.WASM else RunnerKind.PROCESS
    return JobToRun(number, runner, words, work_ns=manifest.work_s * 10**9)


def limits_of(manifest: Manifest) -> JobLimits:
    """ValueError for a manifest without memory or disk."""
    needs = manifest.resources
    return JobLimits(
        memory_octets=needs.memory_mb * MEGA,
        disk_octets=needs.disk_mb * MEGA,
        cores_milli=needs.cores * 1_000,
        fuel=max(1, manifest.work_s) * FUEL_PER_SECOND * FUEL_SPARE,
    )
