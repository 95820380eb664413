"""What the jobs module asks of the files worker about jobs, and what it answers; `Failed(reason)` for all it refuses.

`now` is mission time, ns.  Every request may be repeated: after an answer that was lost, or a power cut, which leaves
either the old or the new.  An answer says that what was asked for is durable.
"""

from __future__ import annotations

from typing import NamedTuple

STAGES = 4  # of one job, each with folders of its own: 0 to 2 are copies, 3 is the verifier
VERIFIER = 3


class Used(NamedTuple):
    """What the jobs of one owner on board hold."""

    owner: str
    jobs: int
    stored_octets: int
    output_octets: int


class TakePackage(NamedTuple):
    """A package in the file store becomes job `job`, laid out for a runner.  `utc_s` 0: the time is not known.

    The package file is removed.  A job whose number is in nobody's book is dropped by the next `KeepOnly`, so the
    number must be in the book before this is asked.
    """

    now: int
    utc_s: int
    file: str
    job: int
    used: tuple[Used, ...]  # without this job


class PackageTaken(NamedTuple):
    """`brief` is for `flight.jobs.read_brief`."""

    brief: bytes
    package_sha256: bytes


class DropJob(NamedTuple):
    """All that is kept of it but its result.  Answered by Ordered, also if nothing was there."""

    now: int
    job: int


class KeepOnly(NamedTuple):
    """At a start: what a power cut has left of all others goes.  Answered by Ordered."""

    now: int
    jobs: tuple[int, ...]


class CompareCopies(NamedTuple):
    """The outputs of these stages, which have ended well."""

    now: int
    job: int
    stages: tuple[int, ...]


class CopiesCompared(NamedTuple):
    """The most of them whose outputs are the same, and as the manifest wants them; empty if no two agree."""

    agreeing: tuple[int, ...]


class RunTold(NamedTuple):
    """One stretch of running, for the receipt.  `ended` is the name of a `flight.jobs.Ended`."""

    stage: int
    board: str
    start_ns: int
    end_ns: int
    start_utc_s: int  # 0 where the board did not know it
    ended: str
    exit_status: int  # negative: the signal
    energy_j: int
    anomaly_s: int


class KeepResult(NamedTuple):
    """The result file of a job that has ended.  Done, it holds the outputs of `stage`; else none.

    `ended` is the name of a `flight.jobs.Ended`, `reason` a line for its author.  `checks` are names and whether each
    held.  What the job has printed is that of `stage`.  Answered by ResultKept, or NoRoom.
    """

    now: int
    job: int
    ended: str
    reason: str
    stage: int
    runs: tuple[RunTold, ...]
    checks: tuple[tuple[str, bool], ...]


class ResultKept(NamedTuple):
    """`file` is in the file store, ready for SendFile.  `ended` is another than was told if the outputs of a job that
    is done were not as its manifest says: then it has failed."""

    file: str
    octets: int
    ended: str


class NoRoom(NamedTuple):
    """The result waits: the file store or its disk is full, until something has gone down and was removed."""

    reason: str


class KeepFile(NamedTuple):
    """A file in the file store, whole or not at all.  Of all files in its folder the last `newest` by name stay."""

    now: int
    name: str
    octets: bytes
    newest: int


class FileKept(NamedTuple):
    file: str


class TakeTenants(NamedTuple):
    """The table in this file is in force from now on, at every start, too; the mission's own again for an empty name.

    `flight.jobs.read_tenants` says what it holds.  The file stays.  Answered by TenantsInForce.
    """

    now: int
    file: str


class AskTenants(NamedTuple):
    """Which table is in force.  Answered by TenantsInForce."""

    now: int


class TenantsInForce(NamedTuple):
    """`check` is the CRC-32 of the table's text, 0 for the mission's own; `lost`: there was one, and it is damaged."""

    keys: int  # that are not revoked
    check: int
    lost: bool


class AskSigner(NamedTuple):
    """Which key receipts are signed with.  Answered by SignerOnBoard."""

    now: int


class SignerOnBoard(NamedTuple):
    """`check` is that of the board's public key (`flight.jobs.key_check`, big-endian), 0 if there is none."""

    check: int


ShelfRequest = (
    TakePackage
    | DropJob
    | KeepOnly
    | CompareCopies
    | KeepResult
    | KeepFile
    | TakeTenants
    | AskTenants
    | AskSigner
)
SHELF_REQUESTS = (
    TakePackage,
    DropJob,
    KeepOnly,
    CompareCopies,
    KeepResult,
    KeepFile,
    TakeTenants,
    AskTenants,
    AskSigner,
)
