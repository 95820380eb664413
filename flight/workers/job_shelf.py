"""Where jobs lie on board: folders on a disk, or names on the simulated one (`sim.payload.shelf`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import NamedTuple, Protocol
from zlib import crc32

from flight.declare import JobFolders
from flight.declare.shelving import VERIFIER
from flight.jobs import (
    Closed,
    Fault,
    FileHash,
    Gate,
    Manifest,
    Redundancy,
    Refusal,
    decode_manifest,
    encode_manifest,
)

JOB_LIMIT = 1 << 24  # numbers of the book
RECORD_NAME, TABLE_NAME = "taken", "tenants"
RECORD = Struct(">8s32sQI")  # magic, sha256 and octets of the package, CRC-32 of all but itself
RECORD_MAGIC = b"SKYTAKN\x01"
COPIES = {Redundancy.NONE: 1, Redundancy.DUPLICATE: 2, Redundancy.VOTE: 3, Redundancy.VERIFY: 1}


class Printed(NamedTuple):
    """The last PRINTED_OCTETS of what a job has printed."""

    output: bytes
    error: bytes


class JobShelf(Protocol):
    """Every change is durable when it returns, and done whole or not at all wherever the power is cut.  OSError."""

    def jobs(self) -> list[int]:
        """Numbers of all jobs that were taken, in order."""
        ...

    def taken(self, job: int) -> Closed | None:
        """What was taken; None for no such job, or one whose record is damaged."""
        ...

    def take(self, job: int, pieces: Iterable[bytes], gate: Gate) -> Closed | Refusal:
        """`job` is not there yet; whatever a cut has left of it is removed first."""
        ...

    def outputs(self, job: int, stage: int, manifest: Manifest) -> tuple[FileHash, ...] | tuple[Fault, ...]:
        """Hashes of all outputs, or what is wrong with them."""
        ...

    def read_output(self, job: int, stage: int, file: FileHash) -> Iterator[bytes]:
        """At most as many octets as it says; it may hold others now."""
        ...

    def printed(self, job: int, stage: int) -> Printed: ...

    def keep_only(self, jobs: frozenset[int]) -> None:
        """All others go, and what cuts have left of them; the table of tenants stays."""
        ...

    def table(self) -> bytes | None:
        """What `keep_table` was given last."""
        ...

    def keep_table(self, octets: bytes | None) -> None: ...


def folders_of(root: str, job: int, stage: int) -> JobFolders:
    """Where a runner finds what it needs for one stage.  The verifier's outputs are the job's, which it reads."""
    place, own = f"{root}/{job}", f"{root}/{job}/{stage}"
    outputs = f"{place}/0/outputs" if stage == VERIFIER else f"{own}/outputs"
    return JobFolders(
        f"{place}/package",
        f"{place}/models",
        outputs,
        f"{own}/checkpoints",
        f"{own}/scratch",
        f"{own}/control",
        f"{own}/record",
    )


def stages_of(manifest: Manifest) -> tuple[int, ...]:
    copies = tuple(range(COPIES[manifest.redundancy]))
    return (*copies, VERIFIER) if manifest.redundancy is Redundancy.VERIFY else copies


def record_of(closed: Closed) -> bytes:
    manifest = encode_manifest(closed.manifest)
    head = RECORD.pack(RECORD_MAGIC, closed.sha256, closed.octets, 0)[:-4]
    return head + crc32(manifest, crc32(head)).to_bytes(4, "big") + manifest


def read_record(octets: bytes) -> Closed | None:
    """None for what is damaged."""
    if len(octets) < RECORD.size:
        return None
    magic, sha256, size, check = RECORD.unpack_from(octets)
    body = octets[RECORD.size :]
    if magic != RECORD_MAGIC or check != crc32(body, crc32(octets[: RECORD.size - 4])):
        return None
    manifest = decode_manifest(body)
    return Closed(manifest, sha256, size) if isinstance(manifest, Manifest) else None
