"""A planner's job from a manifest: seconds become slots, always on the safe side."""

from __future__ import annotations

from flight.jobs import Brief, Manifest, Redundancy
from flight.planning.problem import MILLI, Job, Level

# Runs that a result needs.  Those of `vote` are three only if two differ, which a plan must not count on.
COPIES = {Redundancy.NONE: 1, Redundancy.DUPLICATE: 2, Redundancy.VOTE: 3, Redundancy.VERIFY: 1}


def job_of(manifest: Brief | Manifest, slot_s: int, slots: int, utc_s: int) -> Job:
    """`utc_s` is now, at the beginning of slot 0; a job without a deadline has that of the horizon, `slots`."""
    deadline = slots
    if manifest.deadline_utc_s:
        deadline = max(0, (manifest.deadline_utc_s - utc_s) // slot_s)
    return Job(
        name=f"{manifest.owner}/{manifest.name}/{manifest.serial}",
        levels=tuple(Level(level.power_w, level.speed_milli) for level in manifest.levels),
        work_milli=COPIES[manifest.redundancy] * _up(manifest.work_s * MILLI, slot_s),
        release=max(0, _up(manifest.release_utc_s - utc_s, slot_s)),
        deadline=deadline,
        value=manifest.value,
        preemptible=manifest.preemptible,
        resume_milli=_up(manifest.resume_s * MILLI, slot_s),
        anomaly_allowed=manifest.anomaly_allowed,
        memory_mb=manifest.resources.memory_mb,
        output_mb=manifest.output_octets / 1e6,
    )


def _up(value: int, divisor: int) -> int:
    return -(-value // divisor)
