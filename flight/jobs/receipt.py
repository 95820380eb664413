"""The receipt of a run: what ran, on what, where and when, and what it made; signed by the board.

Eight octets that say so, an Ed25519 signature over them and the body, and the body in plain CBOR.  A verifier needs
the board's public key, and whatever files it wants to hold against the hashes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum

from flight.jobs.catalogue import Installed, installed_value, read_installed
from flight.jobs.fields import Fault, Fields
from flight.jobs.manifest import OUTPUTS_MAX, PARTS_MAX, SIZE_MAX
from flight.jobs.package import Closed
from flight.jobs.paths import NAME_EXPECTED, OWNER_EXPECTED, PATH_EXPECTED, is_name, is_owner, is_path
from flight.jobs.plain_cbor import read_plain, write_plain
from flight.jobs.signing import RECEIPT_DOMAIN, SIGNATURE_OCTETS, is_signed, sign
from flight.jobs.terms import UTC_MAX_S

MAGIC = b"SKYRCPT\x01"
BODY_OCTETS = 1 << 17  # 64 outputs and 256 inputs of about 220 octets, and the rest
RECEIPT_OCTETS = len(MAGIC) + SIGNATURE_OCTETS + BODY_OCTETS
RUNS_MAX = 64  # of one job that is stopped again and again; the last ones count
CHECKS_MAX = 16
INSTALLED_MAX = 33  # a runtime, and what a manifest may name of libraries and models
TIME_MAX = (1 << 63) - 1
STAGES = 4
REASON_LETTERS = 200
REASON_EXPECTED = f"up to {REASON_LETTERS} printable letters of ASCII"
PRINTED = ("standard-output", "standard-error")
PRINTED_OCTETS = 1 << 16  # of each: the last ones
UNSIGNED = bytes(SIGNATURE_OCTETS)  # for the signature, of a board without a key


class Ended(Enum):
    DONE = "done"
    FAILED = "failed"
    KILLED = "killed"
    STOPPED = "stopped"  # as asked, after a checkpoint; a later run went on
    LOST = "lost"  # with its runner or its board, and nobody saw how
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class FileHash:
    path: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch of running.  Mission clock in ns; UTC in whole seconds, 0 where the board did not know it."""

    stage: int  # 0 to 2 are copies of the job, 3 is its verifier
    board: str  # that it ran on
    start_ns: int
    end_ns: int
    start_utc_s: int
    ended: Ended
    exit_status: int  # negative: the signal
    energy_j: int
    anomaly_s: int  # of it in the South Atlantic Anomaly


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, such as `duplicate`, `output-sizes`, `inputs-before`, and whether it held."""

    name: str
    held: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """`board` is the one that signs.  `ended` is how the job as a whole ended, `reason` a line for its author."""

    spacecraft_id: int
    board: str
    owner: str
    name: str
    serial: int
    package_sha256: bytes
    ended: Ended
    reason: str
    program: FileHash  # the entry
    inputs: tuple[FileHash, ...]  # every other file of the package
    installed: tuple[Installed, ...]  # what it used of the catalogue, the runtime first
    printed: tuple[FileHash, ...]  # the last octets of what it printed, by PRINTED; empty ones are left out
    outputs: tuple[FileHash, ...]
    runs: tuple[Run, ...]
    checks: tuple[Check, ...]

    @property
    def energy_j(self) -> int:
        return sum(run.energy_j for run in self.runs)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs receipts.  `private` None: nobody, and they say so."""

    spacecraft_id: int
    board: str
    private: bytes | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What became of a job.  Of more than RUNS_MAX runs the last ones count."""

    ended: Ended
    reason: str
    printed: tuple[FileHash, ...] = ()
    outputs: tuple[FileHash, ...] = ()
    runs: tuple[Run, ...] = ()
    checks: tuple[Check, ...] = ()


def receipt_of(closed: Closed, installed: tuple[Installed, ...], account: Account, signer: Signer) -> Receipt:
    """Of a package as it came in, and what became of it."""
    manifest = closed.manifest
    files = {part.path: FileHash(part.path, part.size, part.sha256) for part in manifest.parts}
    program = files.pop(manifest.entry)
    return Receipt(
        signer.spacecraft_id,
        signer.board,
        manifest.owner,
        manifest.name,
        manifest.serial,
        closed.sha256,
        account.ended,
        account.reason,
        program,
        tuple(files.values()),
        installed,
        account.printed,
        account.outputs,
        account.runs[-RUNS_MAX:],
        account.checks[:CHECKS_MAX],
    )


def encode_receipt(receipt: Receipt, private: bytes | None) -> bytes:
    """`private` None: unsigned, and it says so."""
    body = write_plain(_value(receipt))
    assert len(body) <= BODY_OCTETS
    signature = UNSIGNED if private is None else sign(private, RECEIPT_DOMAIN, MAGIC + body)
    return MAGIC + signature + body


def is_unsigned(octets: bytes) -> bool:
    """Of a receipt: the board had no key."""
    return octets[len(MAGIC) : len(MAGIC) + SIGNATURE_OCTETS] == UNSIGNED


def decode_receipt(octets: bytes, board_key: bytes | None) -> Receipt | tuple[Fault, ...]:
    """`board_key` None leaves the signature unchecked, and then nothing in it is worth anything."""
    body = octets[len(MAGIC) + SIGNATURE_OCTETS :]
    if not octets.startswith(MAGIC) or not 0 < len(body) <= BODY_OCTETS:
        return (Fault("the file", f"{len(octets):,} octets beginning with {octets[:8]!r}", "a receipt"),)
    signature = octets[len(MAGIC) : len(MAGIC) + SIGNATURE_OCTETS]
    if board_key is not None and signature == UNSIGNED:
        return (
            Fault("the signature", "there is none: the board had no key", "the receipt as a board signed it"),
        )
    if board_key is not None and not is_signed(board_key, RECEIPT_DOMAIN, MAGIC + body, signature):
        return (Fault("the signature", "is not that of this board", "the receipt as the board signed it"),)
    value = read_plain(body)
    if value is None:
        return (Fault("the body", "damaged or not plain CBOR", "a receipt"),)
    return _read(value)


def _read(value: object) -> Receipt | tuple[Fault, ...]:
    faults: list[Fault] = []
    fields = Fields(value, "", faults)
    found = Receipt(
        spacecraft_id=fields.whole("spacecraft_id", 0, 1023),
        board=fields.text("board", is_name, NAME_EXPECTED),
        owner=fields.text("owner", is_owner, OWNER_EXPECTED),
        name=fields.text("name", is_name, NAME_EXPECTED),
        serial=fields.whole("serial", 1, TIME_MAX),
        package_sha256=fields.octets("package_sha256", 32),
        ended=fields.choice("ended", Ended),
        reason=fields.text("reason", is_reason, REASON_EXPECTED, default=""),
        program=_file(fields.table("program")),
        inputs=tuple(_file(one) for one in fields.tables("inputs", PARTS_MAX)),
        installed=tuple(read_installed(one) for one in fields.tables("installed", INSTALLED_MAX)),
        printed=tuple(_file(one) for one in fields.tables("printed", len(PRINTED))),
        outputs=tuple(_file(one) for one in fields.tables("outputs", OUTPUTS_MAX)),
        runs=tuple(_run(one) for one in fields.tables("runs", RUNS_MAX)),
        checks=tuple(_check(one) for one in fields.tables("checks", CHECKS_MAX)),
    )
    fields.end()
    for one in found.printed:
        if one.path not in PRINTED or one.size > PRINTED_OCTETS:
            fields.fault("printed", f"{one.path} of {one.size:,} octets", f"{PRINTED} of {PRINTED_OCTETS:,}")
    return tuple(faults) or found


def is_reason(text: str) -> bool:
    return text.isascii() and text.isprintable() and len(text) <= REASON_LETTERS


def _file(fields: Fields) -> FileHash:
    found = FileHash(
        fields.text("path", is_path, PATH_EXPECTED),
        fields.whole("size", 0, SIZE_MAX, "octets"),
        fields.octets("sha256", 32),
    )
    fields.end()
    return found


def _run(fields: Fields) -> Run:
    start_ns = fields.whole("start_ns", 0, TIME_MAX, "ns")
    found = Run(
        fields.whole("stage", 0, STAGES - 1),
        fields.text("board", is_name, NAME_EXPECTED),
        start_ns,
        fields.whole("end_ns", start_ns, TIME_MAX, "ns"),
        fields.whole("start_utc_s", 0, UTC_MAX_S, "s"),
        fields.choice("ended", Ended),
        fields.whole("exit_status", -128, 255),
        fields.whole("energy_j", 0, TIME_MAX, "J"),
        fields.whole("anomaly_s", 0, UTC_MAX_S, "s"),
    )
    fields.end()
    return found


def _check(fields: Fields) -> Check:
    found = Check(fields.text("name", is_name, NAME_EXPECTED), fields.flag("held", default=False))
    fields.end()
    return found


def _value(receipt: Receipt) -> dict[str, object]:
    """As `_read` takes it."""
    return {
        **asdict(receipt),
        "ended": receipt.ended.value,
        "installed": [installed_value(one) for one in receipt.installed],
        "runs": [{**asdict(run), "ended": run.ended.value} for run in receipt.runs],
    }
