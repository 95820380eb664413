"""A package or a receipt read on the ground, as the spacecraft would read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from flight.jobs import (
    CHUNK,
    Closed,
    FileHash,
    Gate,
    Installed,
    Manifest,
    Opened,
    PackageReader,
    Receipt,
    Refusal,
    Tenant,
    decode_receipt,
    read_catalogue,
    read_tenants,
)
from ground.jobs.keys import PublicKey

RECEIPT_OCTETS = 1 << 18


class JobError(ValueError):
    """`lines` say what is wrong, one each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class ReadPackage:
    """A package that is whole and admitted.  `tenant` is None if nobody's key was held against it."""

    manifest: Manifest
    tenant: Tenant | None
    key_check: bytes
    sha256: bytes
    octets: int


def read_package(path: Path, gate: Gate, passed: Callable[[int], None] = lambda _octets: None) -> ReadPackage:
    """To its last octet.  JobError says why it would be refused."""
    reader, opened = PackageReader(gate), None
    for piece in _pieces(path):
        for event in reader.receive(piece):
            if isinstance(event, Refusal):
                raise JobError(_lines(path, event))
            if isinstance(event, Opened):
                opened = event
        passed(len(piece))
    closed = reader.finish()
    if not isinstance(closed, Closed) or opened is None:
        assert isinstance(closed, Refusal)
        raise JobError(_lines(path, closed))
    return ReadPackage(closed.manifest, opened.tenant, opened.key_check, closed.sha256, closed.octets)


def read_tenants_file(path: Path) -> tuple[Tenant, ...]:
    found = read_tenants(_text(path))
    tenants = tuple(one for one in found if isinstance(one, Tenant))
    if len(tenants) < len(found):
        raise JobError([f"{path}: {fault}" for fault in found])
    return tenants


def read_catalogue_file(path: Path) -> tuple[Installed, ...]:
    found = read_catalogue(_text(path))
    installed = tuple(one for one in found if isinstance(one, Installed))
    if len(installed) < len(found):
        raise JobError([f"{path}: {fault}" for fault in found])
    return installed


def read_receipt(path: Path, board: PublicKey | None) -> Receipt:
    with path.open("rb") as file:
        octets = file.read(RECEIPT_OCTETS + 1)
    found = decode_receipt(octets, None if board is None else board.key)
    if isinstance(found, tuple):
        raise JobError([f"{path}: {fault}" for fault in found])
    return found


def differences(receipt: Receipt, package: Path | None, outputs: Path | None) -> list[str]:
    """What of the files at hand is not what the receipt says: a line each."""
    lines = []
    if package is not None and _hash(package) != (package.stat().st_size, receipt.package_sha256):
        lines.append(f"{package}: not the package of this receipt")
    for one in receipt.outputs if outputs is not None else ():
        assert outputs is not None
        lines += _difference(outputs / one.path, one)
    return lines


def _difference(path: Path, one: FileHash) -> list[str]:
    if not path.is_file():
        return [f"{path}: is missing"]
    size, digest = _hash(path)
    if size != one.size:
        return [f"{path}: {size:,} octets, and the receipt says {one.size:,}"]
    return [] if digest == one.sha256 else [f"{path}: another hash than the receipt's"]


def _hash(path: Path) -> tuple[int, bytes]:
    digest, size = sha256(), 0
    for piece in _pieces(path):
        digest.update(piece)
        size += len(piece)
    return size, digest.digest()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise JobError([f"{path}: no text in UTF-8"]) from None


def _lines(path: Path, refusal: Refusal) -> list[str]:
    return [f"{path}: {refusal.reason.value}", *(f"  {line}" for line in refusal.lines)]
