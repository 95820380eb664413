"""`[[tenant]]` and `[[job]]` of a scenario: who may send jobs, and which are sent when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from flight.jobs import Redundancy
from sim.document import Document, suggest
from sim.fields import Line, Quantity, Several, Text, Whole

LONGEST_S = 3.2e8  # of a run
WORK_MAX_S = 30 * 86400.0  # of a manifest
OWNER = Text("a name of a-z, 0-9, . _ +", r"[a-z0-9][a-z0-9._+]{0,47}")  # flight.jobs.is_owner
JOB_NAME = Text("a name of a-z, 0-9, . _ + -", r"[a-z0-9][a-z0-9._+-]{0,47}")
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class TenantTable:
    """A tenant and its quota; its key is derived from the seed.  `jobs`, `stored` and `output` are of all its jobs."""

    owner: Annotated[str, OWNER]
    jobs: Annotated[int, Whole(1, 1024)] = 64
    stored_octets: Annotated[int, Whole(1, 1 << 38)] = 64 * MEGABYTE
    output_octets: Annotated[int, Whole(1, 1 << 38)] = 64 * MEGABYTE
    cores: Annotated[int, Whole(1, 1024)] = 8
    memory_mb: Annotated[int, Whole(1, 1 << 20)] = 16_384
    disk_mb: Annotated[int, Whole(1, 1 << 20)] = 4_096
    power_w: Annotated[float, Quantity("W", above=0.0, high=1e6)] = 1e6
    value: Annotated[int, Whole(1, 1_000_000)] = 1_000_000
    line: Annotated[int, Line()] = 0


@dataclass(frozen=True, slots=True)
class LevelTable:
    """What a job draws, and its speed as a share of the speed that `work` is counted at."""

    power_w: Annotated[float, Quantity("W", low=0.0, high=1e6)]
    speed: Annotated[float, Quantity("1", low=0.001, high=100.0)]


@dataclass(frozen=True, slots=True)
class JobTable:
    """A job that the ground packs, signs and submits at `at`; `release` and `deadline` count from the start, too.

    Its program is modelled: it works for `work` at full speed, and leaves `output` octets that nothing can compress.
    """

    at_s: Annotated[float, Quantity("s", low=0.0, high=LONGEST_S)]
    tenant: Annotated[str, OWNER]
    name: Annotated[str, JOB_NAME]
    work_s: Annotated[float, Quantity("s", low=1.0, high=WORK_MAX_S)]
    levels: Annotated[tuple[LevelTable, ...], Several(key="level", low=1, high=8)]
    value: Annotated[int, Whole(1, 1_000_000)] = 1
    release_s: Annotated[float, Quantity("s", low=0.0, high=LONGEST_S)] = 0.0
    deadline_s: Annotated[float, Quantity("s", low=0.0, high=LONGEST_S)] = math.inf
    preemptible: bool = True
    resume_s: Annotated[float, Quantity("s", low=0.0, high=3600.0)] = 0.0
    anomaly_allowed: bool = False
    redundancy: Annotated[str, Text(choices=tuple(one.value for one in Redundancy))] = "none"
    attempts: Annotated[int, Whole(1, 16)] = 3
    silence_s: Annotated[float, Quantity("s", low=0.0, high=3600.0)] = 0.0
    cores: Annotated[int, Whole(1, 1024)] = 1
    memory_mb: Annotated[int, Whole(1, 1 << 20)] = 512
    input_octets: Annotated[int, Whole(0, 10 * MEGABYTE)] = 1_000
    output_octets: Annotated[int, Whole(1, 10 * MEGABYTE)] = 10_000
    line: Annotated[int, Line()] = 0

    @property
    def label(self) -> str:
        return f"{self.tenant}/{self.name}"


def check_tables(tenants: Sequence[TenantTable], jobs: Sequence[JobTable], document: Document) -> None:
    """What each table allows and all of them together do not."""
    owners = [tenant.owner for tenant in tenants]
    for place, owner in enumerate(owners):
        if owner in owners[:place]:
            raise document.error(("tenant", place, "owner"), f'"{owner}" is given twice, expected once')
    labels = [job.label for job in jobs]
    for place, job in enumerate(jobs):
        if job.tenant not in owners:
            problem = f'no tenant is called "{job.tenant}", {suggest(job.tenant, owners)}'
            raise document.error(("job", place, "tenant"), problem)
        if job.label in labels[:place]:
            problem = f'{job.tenant} has two jobs called "{job.name}", expected one'
            raise document.error(("job", place, "name"), problem)
