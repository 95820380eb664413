"""The receipt of a run: what ran, on what, where and when, and what it made; signed by the board.

Eight octets that say so, an Ed25519 signature over them and the body, and the body in plain CBOR.  A verifier needs
the board's public key, and whatever files it wants to hold against the hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from flight.jobs.catalogue import Installed, installed_value, read_installed
from flight.jobs.fields import Fault, Fields
from flight.jobs.manifest import OUTPUTS_MAX, PARTS_MAX, SIZE_MAX, UTC_MAX_S
from flight.jobs.package import Closed
from flight.jobs.paths import NAME_EXPECTED, PATH_EXPECTED, is_name, is_path
from flight.jobs.plain_cbor import read_plain, write_plain
from flight.jobs.signing import RECEIPT_DOMAIN, SIGNATURE_OCTETS, is_signed, sign

MAGIC = b"SKYRCPT\x01"
BODY_OCTETS = 1 << 17  # 64 outputs and 256 inputs of about 220 octets, and the rest
RUNS_MAX = 64  # of one job that is stopped again and again; the last ones count
CHECKS_MAX = 16
INSTALLED_MAX = 33  # a runtime, and what a manifest may name of libraries and models
TIME_MAX = (1 << 63) - 1


class Ended(Enum):
    DONE = "done"
    FAILED = "failed"
    KILLED = "killed"
    STOPPED = "stopped"  # as asked, after a checkpoint; a later run went on


@dataclass(frozen=True, slots=True)
class FileHash:
    path: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch of running.  Mission clock in ns; UTC in whole seconds, 0 where the board did not know it."""

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
    spacecraft_id: int
    board: str
    owner: str
    name: str
    serial: int
    package_sha256: bytes
    program: FileHash  # the entry
    inputs: tuple[FileHash, ...]  # every other file of the package
    installed: tuple[Installed, ...]  # what it used of the catalogue, the runtime first
    outputs: tuple[FileHash, ...]
    runs: tuple[Run, ...]
    checks: tuple[Check, ...]


def receipt_of(
    closed: Closed,
    spacecraft_id: int,
    board: str,
    installed: tuple[Installed, ...],
    outputs: tuple[FileHash, ...],
    runs: tuple[Run, ...],
    checks: tuple[Check, ...],
) -> Receipt:
    """Of a package as it came in, and what became of it.  Of more than RUNS_MAX runs the first are left out."""
    manifest = closed.manifest
    files = {part.path: FileHash(part.path, part.size, part.sha256) for part in manifest.parts}
    program = files.pop(manifest.entry)
    return Receipt(
        spacecraft_id,
        board,
        manifest.owner,
        manifest.name,
        manifest.serial,
        closed.sha256,
        program,
        tuple(files.values()),
        installed,
        outputs,
        runs[-RUNS_MAX:],
        checks[:CHECKS_MAX],
    )


def encode_receipt(receipt: Receipt, private: bytes) -> bytes:
    body = write_plain(_value(receipt))
    assert len(body) <= BODY_OCTETS
    return MAGIC + sign(private, RECEIPT_DOMAIN, MAGIC + body) + body


def decode_receipt(octets: bytes, board_key: bytes | None) -> Receipt | tuple[Fault, ...]:
    """`board_key` None leaves the signature unchecked, and then nothing in it is worth anything."""
    body = octets[len(MAGIC) + SIGNATURE_OCTETS :]
    if not octets.startswith(MAGIC) or not 0 < len(body) <= BODY_OCTETS:
        return (Fault("the file", f"{len(octets):,} octets beginning with {octets[:8]!r}", "a receipt"),)
    signature = octets[len(MAGIC) : len(MAGIC) + SIGNATURE_OCTETS]
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
        owner=fields.text("owner", is_name, NAME_EXPECTED),
        name=fields.text("name", is_name, NAME_EXPECTED),
        serial=fields.whole("serial", 1, TIME_MAX),
        package_sha256=fields.octets("package_sha256", 32),
        program=_file(fields.table("program")),
        inputs=tuple(_file(one) for one in fields.tables("inputs", PARTS_MAX)),
        installed=tuple(read_installed(one) for one in fields.tables("installed", INSTALLED_MAX, least=1)),
        outputs=tuple(_file(one) for one in fields.tables("outputs", OUTPUTS_MAX)),
        runs=tuple(_run(one) for one in fields.tables("runs", RUNS_MAX, least=1)),
        checks=tuple(_check(one) for one in fields.tables("checks", CHECKS_MAX)),
    )
    fields.end()
    return tuple(faults) or found


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


def _value(one: Receipt) -> dict[str, object]:
    plain = ("spacecraft_id", "board", "owner", "name", "serial", "package_sha256")
    return {
        **{key: getattr(one, key) for key in plain},
        "program": _file_value(one.program),
        "installed": [installed_value(entry) for entry in one.installed],
        **{key: [_file_value(file) for file in getattr(one, key)] for key in ("inputs", "outputs")},
        "runs": [
            {
                "start_ns": run.start_ns,
                "end_ns": run.end_ns,
                "start_utc_s": run.start_utc_s,
                "ended": run.ended.value,
                "exit_status": run.exit_status,
                "energy_j": run.energy_j,
                "anomaly_s": run.anomaly_s,
            }
            for run in one.runs
        ],
        "checks": [{"name": check.name, "held": check.held} for check in one.checks],
    }


def _file_value(file: FileHash) -> dict[str, object]:
    return {"path": file.path, "size": file.size, "sha256": file.sha256}
