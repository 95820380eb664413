"""A tenant, a board and packages for tests, all of fixed keys that protect nothing."""

from __future__ import annotations

import zlib
from dataclasses import replace
from hashlib import sha256

from flight.jobs import (
    RAW_DEFLATE,
    Check,
    Closed,
    Ended,
    Event,
    FileHash,
    Gate,
    Installed,
    Kind,
    Level,
    Manifest,
    Output,
    PackageReader,
    Part,
    Receipt,
    Redundancy,
    Refusal,
    Resources,
    Run,
    Tenant,
    Used,
    package_head,
    public_of,
    unlimited,
)

PRIVATE = bytes(range(32))
OTHER_PRIVATE = bytes(range(1, 33))
PUBLIC = public_of(PRIVATE)
TENANT = unlimited("acme", PUBLIC)
CATALOGUE = (
    Installed("cpython", "3.11.9", Kind.PYTHON, bytes(32), 1),
    Installed("numpy", "2.4.6", Kind.LIBRARY, bytes(32), 1),
    Installed("digits", "1", Kind.MODEL, bytes(32), 1),
)
GATE = Gate((TENANT,), CATALOGUE)
FILES = {"main.py": b"print('hello')\n" * 40, "data/input.bin": bytes(range(256)), "empty": b""}


def deflated(octets: bytes) -> bytes:
    """Smaller, or as it is."""
    packer = zlib.compressobj(9, zlib.DEFLATED, RAW_DEFLATE)
    packed = packer.compress(octets) + packer.flush()
    return packed if len(packed) < len(octets) else octets


def part(path: str, octets: bytes) -> Part:
    return Part(path, len(octets), len(deflated(octets)), sha256(octets).digest())


MANIFEST = Manifest(
    owner="acme",
    name="demo",
    serial=7,
    runtime="cpython",
    entry="main.py",
    arguments=("--fast",),
    libraries=("numpy==2.4.6",),
    models=("digits",),
    resources=Resources(2, 256, 500, 64),
    levels=(Level(6.0, 1000), Level(3.5, 600)),
    work_s=600,
    silence_s=30,
    attempts=3,
    fuel=0,
    seed=0,
    release_utc_s=1_800_000_000,
    deadline_utc_s=1_800_003_600,
    value=40,
    preemptible=True,
    resume_s=5,
    anomaly_allowed=False,
    redundancy=Redundancy.VOTE,
    verifier="",
    outputs=(Output("result.txt", 1000), Output("maps/cloud.bin", 5000)),
    parts=tuple(part(path, octets) for path, octets in FILES.items()),
    stored_sha256=sha256(b"".join(map(deflated, FILES.values()))).digest(),
)

RECEIPT = Receipt(
    spacecraft_id=66,
    board="rack-1",
    owner="acme",
    name="demo",
    serial=7,
    package_sha256=sha256(b"package").digest(),
    ended=Ended.DONE,
    reason="",
    program=FileHash("main.py", 15, sha256(b"program").digest()),
    inputs=(FileHash("data/input.bin", 256, sha256(b"input").digest()),),
    installed=CATALOGUE[:2],
    printed=(FileHash("standard-output", 3, sha256(b"hi\n").digest()),),
    outputs=(FileHash("result.txt", 5, sha256(b"hello").digest()),),
    runs=(
        Run(0, "rack_a", 1_000_000_000, 61_000_000_000, 1_800_000_100, Ended.STOPPED, 75, 360, 0),
        Run(0, "rack_b", 90_000_000_000, 99_500_000_000, 0, Ended.DONE, 0, 57, 4),
    ),
    checks=(Check("vote", held=True), Check("output-sizes", held=True)),
)


def package(
    manifest: Manifest = MANIFEST, private: bytes = PRIVATE, files: dict[str, bytes] = FILES
) -> bytes:
    return package_head(manifest, private) + b"".join(deflated(octets) for octets in files.values())


def with_files(files: dict[str, bytes], **changes: object) -> Manifest:
    parts = tuple(part(path, octets) for path, octets in files.items())
    stored = sha256(b"".join(map(deflated, files.values()))).digest()
    return replace(MANIFEST, parts=parts, stored_sha256=stored, **changes)  # type: ignore[arg-type]


def read(octets: bytes, gate: Gate = GATE, piece: int = 1 << 20) -> list[Event]:
    """All events, to the end."""
    reader = PackageReader(gate)
    events = [
        event
        for start in range(0, len(octets), piece)
        for event in reader.receive(octets[start : start + piece])
    ]
    end = reader.finish()
    return events if end is None else [*events, end]


def last(octets: bytes, gate: Gate = GATE) -> Closed | Refusal:
    end = read(octets, gate)[-1]
    assert isinstance(end, Closed | Refusal)
    return end


def tenant(**changes: object) -> Tenant:
    quota = {name: value for name, value in changes.items() if hasattr(TENANT.quota, name)}
    rest = {name: value for name, value in changes.items() if name not in quota}
    return replace(TENANT, quota=replace(TENANT.quota, **quota), **rest)  # type: ignore[arg-type]


def gate(used: Used | None = None, /, **changes: object) -> Gate:
    return Gate((tenant(**changes),), CATALOGUE, {"acme": used} if used else {})
