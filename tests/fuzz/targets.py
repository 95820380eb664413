"""Every parser of ours that reads what somebody else has written."""

from __future__ import annotations

from tests.fuzz import (
    ground_targets,
    job_targets,
    joined_targets,
    link_targets,
    store_targets,
    wire_targets,
    world_targets,
)
from tests.fuzz.engine import Target

TARGETS: tuple[Target, ...] = (
    *wire_targets.TARGETS,
    *link_targets.TARGETS,
    *joined_targets.TARGETS,
    *store_targets.TARGETS,
    *ground_targets.TARGETS,
    *job_targets.TARGETS,
    *world_targets.TARGETS,
)
