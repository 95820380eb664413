"""A runner's limits from a manifest: what the tenant has said is what the job gets."""

from __future__ import annotations

from flight.declare.running import SPEED_FULL, JobLimits
from flight.jobs import Manifest

NS = 1_000_000_000
MEGABYTE = 1_000_000
# Of the processor time that the manifest tells: who is wrong by more has not told the truth, and others wait.
CPU_TIME_FACTOR = 2


def limits_of(manifest: Manifest) -> JobLimits:
    """One run of it.  How long it may take by the clock is the plan's to say."""
    needs = manifest.resources
    slowest = min(level.speed_milli for level in manifest.levels)
    work_ns = manifest.work_s * NS * SPEED_FULL // min(slowest, SPEED_FULL)
    return JobLimits(
        memory_octets=needs.memory_mb * MEGABYTE,
        disk_octets=needs.disk_mb * MEGABYTE,
        cores_milli=needs.cores * 1000,
        cpu_time_ns=CPU_TIME_FACTOR * needs.cores * work_ns,
        silence_ns=manifest.silence_s * NS,
        fuel=manifest.fuel,
    )
