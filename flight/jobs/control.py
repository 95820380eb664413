"""The runner's side of what a job and its runner tell each other (docs/jobs.md): two small files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

PROTOCOL = 1
STOPPED_STATUS = 75  # EX_TEMPFAIL: stopped as asked, after a checkpoint
STATUS_OCTETS = 512  # six lines, the longest about 60
REQUEST_OCTETS = 256
WHOLE = r"(0|[1-9][0-9]{0,17})"  # below 2^63, as the SDK's counters are for any life of a satellite
STATUS = re.compile(
    rf"skyrack-status 1\nsequence {WHOLE}\nprogress_milli {WHOLE}\nphase {WHOLE} {WHOLE} ([a-z0-9-]{{1,32}})\n"
    rf"checkpoint {WHOLE}\nanswered {WHOLE}\n"
)


class Wanted(Enum):
    CHECKPOINT = "checkpoint"  # write one and go on
    STOP = "stop"  # write one and exit with STOPPED_STATUS


@dataclass(frozen=True, slots=True)
class Status:
    """What a job says of itself.  `phase` counts from 1, 0 before the first; nothing here is to be believed."""

    sequence: int
    progress_milli: int
    phase: int
    phases: int
    phase_name: str
    checkpoint: int
    answered: int


def read_status(octets: bytes) -> Status | None:
    """None for what is no status; a job may write anything.  Read at most STATUS_OCTETS + 1 of the file."""
    if len(octets) > STATUS_OCTETS:
        return None
    found = STATUS.fullmatch(octets.decode("ascii", "replace"))
    if found is None:
        return None
    sequence, progress, phase, phases, name, checkpoint, answered = found.groups()
    if int(progress) > 1000 or int(phase) > int(phases):
        return None
    return Status(int(sequence), int(progress), int(phase), int(phases), name, int(checkpoint), int(answered))


def request_octets(sequence: int, wanted: Wanted, within_ms: int) -> bytes:
    """To be written under another name and renamed to `request`."""
    assert sequence > 0
    assert within_ms >= 0
    return f"skyrack-request 1\nsequence {sequence}\nwanted {wanted.value}\nwithin_ms {within_ms}\n".encode()
