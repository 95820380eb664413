"""From a folder with a `job.toml` to a signed package.

Every file of the folder is a part, but hidden ones, `job.toml` itself, `__pycache__` and `run`, where the SDK works on
the ground.  A part that deflate makes smaller is stored so.
"""

from __future__ import annotations

import os
import tempfile
import time
import tomllib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import IO

from flight.jobs import (
    CHUNK,
    PARTS_MAX,
    PATH_EXPECTED,
    RAW_DEFLATE,
    SIZE_MAX,
    Installed,
    Manifest,
    Part,
    absent,
    is_path,
    package_head,
    read_manifest,
)
from ground.jobs.keys import SigningKey

MANIFEST = "job.toml"
SDK = "skyrack_job.py"
LEFT_OUT = frozenset({MANIFEST, "__pycache__", "run"})
LEVEL = 9  # the uplink is slower than any processor
SPOOL_OCTETS = 1 << 23  # of packed parts in memory; more goes to a temporary file
TOML_OCTETS = 1 << 18
Passed = Callable[[int], None]  # octets read since the last call


class PackError(ValueError):
    """`lines` say what is wrong, one each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Packed:
    path: Path
    manifest: Manifest
    octets: int
    sha256: bytes


def pack(
    folder: Path,
    output: Path,
    key: SigningKey,
    *,
    serial: int | None = None,
    catalogue: tuple[Installed, ...] | None = None,
    passed: Passed = lambda _octets: None,
) -> Packed:
    """Write `output`, whole or not at all.  PackError for whatever is wrong with the job.

    The same folder, key and serial give the same octets.  `serial` goes before that of `job.toml`; with
    neither it is the time, in ms since 1970.
    With a `catalogue`, what the job names must be in it.
    """
    table = _read_table(folder / MANIFEST)
    sources = dict(source_files(folder, output))
    wants_sdk = table.pop("sdk", False)
    if not isinstance(wants_sdk, bool):
        raise PackError([f"sdk: {wants_sdk!r}; expected true or false"])
    if wants_sdk and SDK not in sources:
        sources[SDK] = sdk_path()
    table.setdefault("owner", key.public.owner)
    table.setdefault("serial", time.time_ns() // 1_000_000)
    if serial is not None:
        table["serial"] = serial
    if table["owner"] != key.public.owner:
        raise PackError([f"owner: {table['owner']!r}; expected {key.public.owner}, whose key this is"])
    if written := sorted({"parts", "stored_sha256", "version"}.intersection(table)):
        raise PackError([f"{MANIFEST}: {', '.join(written)} is written by the packer"])
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_OCTETS) as store:
        parts = [_store(path, source, store, passed) for path, source in sources.items()]
        table |= {"parts": [asdict(part) for part in parts], "stored_sha256": _hash(store)}
        manifest = read_manifest(table)
        if isinstance(manifest, tuple):
            raise PackError([str(fault) for fault in manifest])
        if catalogue is not None and (lacking := absent(catalogue, manifest)):
            raise PackError(list(lacking))
        return _write(output, manifest, package_head(manifest, key.private), store)


def source_files(folder: Path, output: Path | None = None) -> Iterator[tuple[str, Path]]:
    """Path in the package and file, sorted.  PackError for links, devices and names that no package may have."""
    lines: list[str] = []
    found: list[tuple[str, Path]] = []
    waiting, octets = [folder], 0
    while waiting and len(found) <= PARTS_MAX:
        for entry in sorted(os.scandir(waiting.pop()), key=lambda one: one.name):
            path, status = Path(entry.path), entry.stat(follow_symlinks=False)
            name = path.relative_to(folder).as_posix()
            if entry.name.startswith(".") or name in LEFT_OUT or entry.name == "__pycache__":
                continue
            if output is not None and path.resolve() == output.resolve():
                continue
            if S_ISDIR(status.st_mode):
                waiting.append(path)
            elif not S_ISREG(status.st_mode):
                lines.append(f"{name}: a link or a device; expected a file")
            elif not is_path(name):
                lines.append(f"{name!r}: expected {PATH_EXPECTED}")
            else:
                found.append((name, path))
                octets += status.st_size
    if len(found) > PARTS_MAX:
        lines.append(f"{folder}: more than {PARTS_MAX} files; expected that many at most")
    if octets > SIZE_MAX:
        lines.append(f"{folder}: {octets:,} octets; expected at most {SIZE_MAX:,}")
    if lines:
        raise PackError(lines[:20])
    yield from sorted(found)


def size_of(folder: Path, output: Path) -> int:
    """Octets that `pack` will read."""
    return sum(source.stat().st_size for _, source in source_files(folder, output))


def sdk_path() -> Path:
    return Path(str(files("flight.jobs") / SDK))


def _read_table(path: Path) -> dict[str, object]:
    if not path.is_file():
        raise PackError([f"{path} is missing; docs/jobs.md says what stands in it"])
    with path.open("rb") as file:
        octets = file.read(TOML_OCTETS + 1)
    if len(octets) > TOML_OCTETS:
        raise PackError([f"{path}: more than {TOML_OCTETS:,} octets; expected at most that"])
    try:
        table: dict[str, object] = tomllib.loads(octets.decode())
    except (ValueError, RecursionError) as error:
        raise PackError([f"{path}: no TOML: {error}"]) from None
    for key in ("release", "deadline"):
        if key in table:
            moment = table.pop(key)
            if not isinstance(moment, datetime) or moment.tzinfo is None:
                raise PackError([f"{key}: {moment}; expected a time with its zone: 2026-04-24T06:16:24Z"])
            table[f"{key}_utc_s"] = int(moment.timestamp())
    return table


def _store(path: str, source: Path, store: IO[bytes], passed: Passed) -> Part:
    """Append it to `store`, deflated if that is smaller."""
    start, digest, size = store.tell(), sha256(), 0
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, RAW_DEFLATE)
    with source.open("rb") as file:
        while octets := file.read(CHUNK):
            digest.update(octets)
            size += len(octets)
            store.write(deflate.compress(octets))
            passed(len(octets))
        store.write(deflate.flush())
        stored = store.tell() - start
        if stored >= size:
            store.seek(start)
            store.truncate()
            file.seek(0)
            stored, again = 0, sha256()
            while octets := file.read(CHUNK):
                again.update(octets)
                stored += store.write(octets)
            if again.digest() != digest.digest():
                raise PackError([f"{path}: changed while it was packed"])
    return Part(path, size, stored, digest.digest())


def _hash(store: IO[bytes]) -> bytes:
    """Of all there is; leaves it at its start."""
    store.seek(0)
    digest = sha256()
    while piece := store.read(CHUNK):
        digest.update(piece)
    store.seek(0)
    return digest.digest()


def _write(output: Path, manifest: Manifest, head: bytes, store: IO[bytes]) -> Packed:
    digest, octets = sha256(head), len(head)
    part = output.with_name(output.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(head)
            while piece := store.read(CHUNK):
                file.write(piece)
                digest.update(piece)
                octets += len(piece)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    return Packed(output, manifest, octets, digest.digest())
