"""Seconds of a manifest become slots of a plan, never one too few of work and never one too many of time."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flight.jobs import Redundancy
from flight.planning import Job, Level
from flight.planning.of_manifest import job_of
from tests.flight.jobs.made import MANIFEST

PLAIN = replace(MANIFEST, redundancy=Redundancy.NONE)
NOW = MANIFEST.release_utc_s - 90


def test_a_job() -> None:
    assert job_of(PLAIN, 60, 380, NOW) == Job(
        name="acme/demo/7",
        levels=(Level(6.0, 1000), Level(3.5, 600)),
        work_milli=10_000,
        release=2,  # 90 s from now
        deadline=61,  # 3,690 s from now
        value=40,
        preemptible=True,
        resume_milli=84,
        anomaly_allowed=False,
        memory_mb=256,
        output_mb=0.006,
    )


def test_no_times() -> None:
    found = job_of(replace(PLAIN, release_utc_s=0, deadline_utc_s=0), 60, 380, NOW)
    assert (found.release, found.deadline) == (0, 380)


def test_a_deadline_that_has_passed_leaves_no_slot() -> None:
    assert job_of(PLAIN, 60, 380, MANIFEST.deadline_utc_s + 1000).deadline == 0


def test_each_copy_is_work() -> None:
    work = [job_of(replace(PLAIN, redundancy=kind), 60, 380, NOW).work_milli for kind in Redundancy]
    assert work == [10_000, 20_000, 30_000, 10_000]


@given(st.integers(1, 10_000), st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from([1, 7, 60]))
def test_on_the_safe_side(work_s: int, before_s: int, after_s: int, slot_s: int) -> None:
    release, deadline = NOW + before_s, NOW + before_s + after_s
    found = job_of(
        replace(PLAIN, work_s=work_s, release_utc_s=release, deadline_utc_s=deadline), slot_s, 380, NOW
    )
    assert found.work_milli * slot_s >= work_s * 1000 > (found.work_milli - 1) * slot_s
    assert NOW + found.release * slot_s >= release
    assert NOW + found.deadline * slot_s <= deadline
