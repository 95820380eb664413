"""What a manifest asks for is what a runner allows."""

from __future__ import annotations

from dataclasses import replace

from flight.declare.running import JobLimits
from flight.jobs import Level
from flight.runners.of_manifest import limits_of
from tests.flight.jobs.made import MANIFEST

SECOND = 10**9


def test_limits() -> None:
    assert limits_of(MANIFEST) == JobLimits(
        memory_octets=256_000_000,
        disk_octets=64_000_000,
        cores_milli=2000,
        cpu_time_ns=2 * 2 * 1000 * SECOND,  # 600 s of work at speed 600, on two cores, twice
        silence_ns=30 * SECOND,
    )


def test_a_faster_level_allows_no_less_time() -> None:
    """The processor may be throttled to the speed at which the work is counted."""
    fast = replace(MANIFEST, levels=(Level(9.0, 2000),), fuel=10**9)
    assert limits_of(fast).cpu_time_ns == 2 * 2 * 600 * SECOND
    assert limits_of(fast).fuel == 10**9
