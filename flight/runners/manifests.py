"""The terms of a job as a runner is told it."""

from __future__ import annotations

import sys

from flight.declare.running import SPEED_FULL, JobLimits, JobToRun, RunnerKind
from flight.jobs.catalogue import Kind
from flight.jobs.terms import Terms

FUEL_PER_SECOND = (
    10**9
)  # of expected work: an instruction costs about one, and a core here does 1.3 thousand million
FUEL_SPARE = 4  # times what the work should need; an endless loop ends all the same
MEGA = 2**20
NS = 10**9
# Of the processor time that the manifest tells: who is wrong by more has not told the truth, and others wait.
CPU_TIME_FACTOR = 2
PACKAGE = "{package}"  # in a word of a command line: where the job finds its package


def job_of(number: int, terms: Terms, kind: Kind, interpreter: str = sys.executable) -> JobToRun:
    """`kind` is that of the manifest's runtime in the catalogue, `interpreter` is for PYTHON.  ValueError for more or
    longer words than a job may have."""
    assert kind in (Kind.PYTHON, Kind.WASM, Kind.NATIVE)
    entry = terms.entry if kind is Kind.WASM else f"{PACKAGE}/{terms.entry}"
    words = (entry, *terms.arguments)
    if kind is Kind.PYTHON:
        words = (interpreter, *words)
    runner = RunnerKind.WASM if kind is Kind.WASM else RunnerKind.PROCESS
    return JobToRun(number, runner, words, seed=terms.seed, work_ns=terms.work_s * NS)


def limits_of(terms: Terms) -> JobLimits:
    """ValueError for a manifest without memory or disk."""
    needs = terms.resources
    slowest = min(SPEED_FULL, *(level.speed_milli for level in terms.levels))
    work_ns = terms.work_s * NS * SPEED_FULL // slowest
    return JobLimits(
        memory_octets=needs.memory_mb * MEGA,
        disk_octets=needs.disk_mb * MEGA,
        cores_milli=needs.cores * 1_000,
        cpu_time_ns=CPU_TIME_FACTOR * needs.cores * work_ns,
        silence_ns=terms.silence_s * NS,
        fuel=terms.fuel or max(1, terms.work_s) * FUEL_PER_SECOND * FUEL_SPARE,
    )
