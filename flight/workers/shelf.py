"""The part of the files worker that looks after jobs (`flight.declare.shelving`): packages in, results out.

Total: whatever is wrong, with a request, a package, a job's outputs or the disk, is `Failed` with words.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from flight.declare.filing import Ordered
from flight.declare.shelving import (
    STAGES,
    AskSigner,
    AskTenants,
    CompareCopies,
    CopiesCompared,
    DropJob,
    FileKept,
    KeepFile,
    KeepOnly,
    KeepResult,
    NoRoom,
    PackageTaken,
    ResultKept,
    RunTold,
    SignerOnBoard,
    TakePackage,
    TakeTenants,
    TenantsInForce,
)
from flight.declare.storage import Failed
from flight.jobs import (
    PRINTED,
    REASON_LETTERS,
    TABLE_OCTETS,
    Account,
    Check,
    Closed,
    Ended,
    Fault,
    FileHash,
    Gate,
    Installed,
    Manifest,
    Receipt,
    Refusal,
    ResultWriter,
    Run,
    Signer,
    Tenant,
    Used,
    brief_octets,
    brief_of,
    decode_receipt,
    encode_receipt,
    installed_of,
    key_check,
    public_of,
    receipt_of,
    result_name,
)
from flight.workers.job_shelf import JOB_LIMIT, JobShelf, Printed
from flight.workers.open_files import OpenFiles, is_safe
from flight.workers.tenant_table import TableError, TenantTable

REASON_OCTETS = 400  # of a Failed: what an event can say, and some more
OUTPUTS_CHECK = "outputs"
FULL = (errno.EDQUOT, errno.ENOSPC)
Answer = (
    PackageTaken
    | CopiesCompared
    | ResultKept
    | NoRoom
    | FileKept
    | TenantsInForce
    | SignerOnBoard
    | Ordered
    | Failed
)


@dataclass(frozen=True, slots=True)
class ShelfSettings:
    """`deflate` is the level of results' compression: 0 where the octets must not depend on a library's version."""

    signer: Signer
    tenants: tuple[Tenant, ...]
    catalogue: tuple[Installed, ...]
    deflate: int = 6


class Refused(Exception):
    """Why a request is not carried out."""


class Shelf:
    def __init__(self, jobs: JobShelf, settings: ShelfSettings) -> None:
        """OSError."""
        self.jobs, self.settings = jobs, settings
        self.table = TenantTable(jobs, settings.tenants)

    def perform(self, request: object, files: OpenFiles) -> Answer:
        try:
            return self._perform(request, files)
        except (Refused, TableError) as error:
            return Failed(str(error)[:REASON_OCTETS])
        except OSError as error:
            return Failed(_words(error))

    def _perform(self, request: object, files: OpenFiles) -> Answer:
        match request:
            case TakePackage():
                return self._take(request, files)
            case DropJob(_, job):
                _checked_number(job)
                self.jobs.keep_only(frozenset(self.jobs.jobs()) - {job})
                return Ordered(0)
            case KeepOnly(_, jobs):
                self.jobs.keep_only(frozenset(jobs))
                return Ordered(0)
            case CompareCopies(_, job, stages):
                return self._compare(job, stages)
            case KeepResult():
                return self._keep_result(request, files)
            case KeepFile(_, name, octets, newest):
                return _keep_file(files, name, octets, newest)
            case TakeTenants(_, name):
                return self._take_tenants(name, files)
            case AskTenants():
                return self.table.in_force()
            case AskSigner():
                private = self.settings.signer.private
                check = b"" if private is None else key_check(public_of(private))
                return SignerOnBoard(int.from_bytes(check, "big"))
            case _:
                raise Refused(f"not a request about jobs: {type(request).__name__}")

    def _taken(self, job: int) -> Closed:
        _checked_number(job)
        closed = self.jobs.taken(job)
        if closed is None:
            raise Refused(f"job {job} is not on board")
        return closed

    # ---------------------------------------------------------------- packages

    def _take(self, request: TakePackage, files: OpenFiles) -> Answer:
        job, name = request.job, request.file
        _checked_number(job)
        there = files.holds(name)
        if there and files.is_sent(name):
            raise Refused("the file is being sent: cancel that first")
        digest = _hash(files.read(name)) if there else b""
        closed = self.jobs.taken(job)
        if closed is None:
            if not there:
                raise Refused(f"no file {name}")
            closed = self._new_job(request, files, digest)
        elif there and digest != closed.sha256:
            raise Refused(f"job {job} is of another package")
        if there and not files.is_touched(name):
            files.remove(name)
        return PackageTaken(brief_octets(brief_of(closed.manifest)), closed.sha256)

    def _new_job(self, request: TakePackage, files: OpenFiles, digest: bytes) -> Closed:
        for other in self.jobs.jobs():
            found = self.jobs.taken(other)
            if found is not None and found.sha256 == digest:
                raise Refused(f"the same package is job {other} already")
        used = {owner: Used(*held) for owner, *held in request.used}
        gate = Gate(self.table.tenants, self.settings.catalogue, used, request.utc_s)
        result = self.jobs.take(request.job, files.read(request.file), gate)
        if isinstance(result, Refusal):
            raise Refused(str(result))
        return result

    def _take_tenants(self, name: str, files: OpenFiles) -> TenantsInForce:
        if not name:
            self.table.forget()
        elif not files.holds(name):
            raise Refused(f"no file {name}")
        elif files.size(name) > TABLE_OCTETS:
            raise Refused(f"{name} has more than {TABLE_OCTETS:,} octets")
        else:
            self.table.take(b"".join(files.read(name)))
        return self.table.in_force()

    # ---------------------------------------------------------------- results

    def _compare(self, job: int, stages: tuple[int, ...]) -> CopiesCompared:
        closed = self._taken(job)
        _checked_stages(stages)
        groups: dict[tuple[FileHash, ...], list[int]] = {}
        for stage in dict.fromkeys(stages):
            hashes = self._outputs(job, stage, closed.manifest)
            if not isinstance(hashes, Fault):
                groups.setdefault(hashes, []).append(stage)
        most = max(groups.values(), key=len, default=[])
        return CopiesCompared(tuple(most) if len(most) > 1 else ())

    def _outputs(self, job: int, stage: int, manifest: Manifest) -> tuple[FileHash, ...] | Fault:
        found = self.jobs.outputs(job, stage, manifest)
        faults = [one for one in found if isinstance(one, Fault)]
        return faults[0] if faults else tuple(one for one in found if isinstance(one, FileHash))

    def _keep_result(self, request: KeepResult, files: OpenFiles) -> ResultKept | NoRoom:
        closed = self._taken(request.job)
        _checked_stages((request.stage,))
        printed = self.jobs.printed(request.job, request.stage)
        account = self._account(request, closed.manifest, printed)
        manifest, signer = closed.manifest, self.settings.signer
        installed = installed_of(self.settings.catalogue, manifest)
        octets = encode_receipt(receipt_of(closed, installed, account, signer), signer.private)
        receipt = decode_receipt(octets, None)
        if not isinstance(receipt, Receipt):  # the request was not what a receipt can say
            raise Refused(f"no receipt can say this: {receipt[0]}")
        name, writer = result_name(manifest), ResultWriter(octets, self.settings.deflate)
        if files.holds(name) and _begins(files.read(name), writer.begin()):
            return ResultKept(name, files.size(name), account.ended.name)
        if files.is_sent(name):
            raise Refused(f"{name} is being sent, and has become another: cancel that first")
        content = [octets for octets in printed if octets]
        try:
            size = files.write(name, self._result(request, receipt, writer, content))
        except OSError as error:
            if error.errno in FULL:
                return NoRoom(_words(error))
            raise
        return ResultKept(name, size, account.ended.name)

    def _account(self, request: KeepResult, manifest: Manifest, printed: Printed) -> Account:
        ended, reason = _ended(request.ended), request.reason
        checks = tuple(Check(name, held) for name, held in request.checks)
        outputs: tuple[FileHash, ...] = ()
        if ended is Ended.DONE:
            found = self._outputs(request.job, request.stage, manifest)
            checks = (*checks, Check(OUTPUTS_CHECK, held=not isinstance(found, Fault)))
            if isinstance(found, Fault):
                ended, reason = Ended.FAILED, f"output {found}"
            else:
                outputs = found
        hashes = tuple(
            FileHash(name, len(octets), sha256(octets).digest())
            for name, octets in zip(PRINTED, printed, strict=True)
            if octets
        )
        runs = tuple(_run(told) for told in request.runs)
        return Account(ended, _printable(reason), hashes, outputs, runs, checks)

    def _result(
        self, request: KeepResult, receipt: Receipt, writer: ResultWriter, printed: list[bytes]
    ) -> Iterator[bytes]:
        """Outputs are read a second time; one that is another by now ends it."""
        yield writer.begin()
        for octets in printed:
            yield writer.add(octets)
        for file in receipt.outputs:
            digest = sha256()
            for piece in self.jobs.read_output(request.job, request.stage, file):
                digest.update(piece)
                yield writer.add(piece)
            if digest.digest() != file.sha256:
                raise OSError(errno.EIO, f"output {file.path} changes while it is read")
        yield writer.end()


def _keep_file(files: OpenFiles, name: str, octets: bytes, newest: int) -> FileKept:
    if not is_safe(name) or newest < 1:
        raise Refused("file name not allowed" if newest > 0 else "at least one file must stay")
    if files.is_sent(name):
        raise Refused(f"{name} is being sent")
    files.write(name, [octets])
    folder = name.rpartition("/")[0]
    beside = [one.name for one in files.store.names(folder) if one.name.rpartition("/")[0] == folder]
    for old in [one for one in beside if is_safe(one)][:-newest]:
        if not files.is_sent(old):
            files.remove(old)
    return FileKept(name)


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _checked_number(job: int) -> None:
    if not 0 <= job < JOB_LIMIT:
        raise Refused(f"no number of a job: {job}")


def _checked_stages(stages: tuple[int, ...]) -> None:
    if not all(0 <= stage < STAGES for stage in stages):
        raise Refused(f"no stages of a job: {stages}")


def _ended(name: str) -> Ended:
    if name not in Ended.__members__:
        raise Refused(f"no way to end: {name!r}")
    return Ended[name]


def _run(told: RunTold) -> Run:
    return Run(
        told.stage,
        told.board,
        told.start_ns,
        told.end_ns,
        told.start_utc_s,
        _ended(told.ended),
        told.exit_status,
        told.energy_j,
        told.anomaly_s,
    )


def _printable(reason: str) -> str:
    text = reason.encode("ascii", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:REASON_LETTERS]


def _hash(pieces: Iterable[bytes]) -> bytes:
    digest = sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def _begins(pieces: Iterator[bytes], head: bytes) -> bool:
    """Only as much is read as is needed."""
    held = b""
    for piece in pieces:
        held += piece
        if len(held) >= len(head):
            return held.startswith(head)
    return False
