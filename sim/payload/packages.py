"""Keys and packages of a scenario's jobs, made of the seed, so that a run can be repeated; and hostile packages.

A package is packed by `ground.jobs.pack`, from a folder as a tenant has it.  Who knows the seed has the keys.
"""

from __future__ import annotations

import json
import math
import random
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from flight.jobs import (
    RAW_DEFLATE,
    Installed,
    Kind,
    Manifest,
    Part,
    Quota,
    Tenant,
    package_head,
    public_of,
    read_manifest,
    skyrack_job,
)
from flight.mission import Mission
from ground.jobs import PackError, PublicKey, SigningKey, pack
from sim.document import ConfigurationError
from sim.payload import stand_in
from sim.payload.tables import MEGABYTE, JobTable, TenantTable
from sim.scenario import Scenario

RUNTIME = "cpython"
PROGRAM, VERIFIER, SDK = "main.py", "verify.py", "skyrack_job.py"
INPUT, OUTPUT = "input.bin", "output.bin"
# What a modelled job "runs" is no program: its work is the manifest's, and its output `stand_in.true_output`.
PROGRAM_TEXT = "raise SystemExit('a modelled job runs in the simulator alone')\n"
MODELLED_RUNTIME = Installed(RUNTIME, "0", Kind.PYTHON, sha256(b"modelled").digest(), 1)
STRANGER = "mallory"


@dataclass(frozen=True, slots=True)
class Package:
    """A package as it goes up, under this name in the board's file store."""

    label: str
    serial: int
    octets: bytes

    @property
    def file(self) -> str:
        owner, _, name = self.label.partition("/")
        return f"jobs/{owner}-{name}-{self.serial}.job"


def private_of(seed: int, owner: str) -> bytes:
    return sha256(f"Skyrack test tenant {seed} {owner}".encode()).digest()


def key_of(seed: int, owner: str) -> SigningKey:
    private = private_of(seed, owner)
    return SigningKey(private, PublicKey(owner, public_of(private)))


def mission_with(mission: Mission, tables: Sequence[TenantTable], seed: int) -> Mission:
    """The mission with the scenario's tenants in place of its own, and a runtime for their jobs."""
    if not tables:
        return mission
    known = any(one.name == RUNTIME for one in mission.catalogue)
    catalogue = mission.catalogue if known else (*mission.catalogue, MODELLED_RUNTIME)
    return replace(mission, tenants=tenants_of(tables, seed), catalogue=catalogue)


def tenants_of(tables: Sequence[TenantTable], seed: int) -> tuple[Tenant, ...]:
    return tuple(
        Tenant(
            one.owner,
            public_of(private_of(seed, one.owner)),
            Quota(
                jobs=one.jobs,
                stored_octets=one.stored_octets,
                output_octets=one.output_octets,
                cores=one.cores,
                memory_mb=one.memory_mb,
                accelerator_milli=1000,
                disk_mb=one.disk_mb,
                power_w=one.power_w,
                value=one.value,
            ),
        )
        for one in tables
    )


# ---------------------------------------------------------------- packing


def packages_of(scenario: Scenario, seed: int, speed: int = 0) -> dict[str, Package]:
    """By label; each job's serial is its place in order of time, so that it rises with each package of a tenant.

    With `speed` they hold a program that runs: for a board whose mission time goes so many times as fast as a clock.
    ConfigurationError with file and line for what the packer refuses.
    """
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for serial, job in enumerate(scenario.jobs, 1):
            try:
                place = Path(folder) / str(serial)
                found[job.label] = packed(job, scenario.epoch, seed, serial, place, speed)
            except PackError as error:
                where = f"{scenario.path}:{job.line}: job {job.label}"
                raise ConfigurationError(f"{where}: {error.lines[0]}") from None
    return found


def packed(job: JobTable, epoch: datetime, seed: int, serial: int, folder: Path, speed: int = 0) -> Package:
    """`folder` is made.  PackError if the manifest has a fault."""
    folder.mkdir()
    (folder / "job.toml").write_text(job_toml(job, epoch))
    program = Path(stand_in.__file__).read_text() if speed else PROGRAM_TEXT
    (folder / PROGRAM).write_text(program)
    if job.redundancy == "verify":
        (folder / VERIFIER).write_text(program)
    if speed:
        (folder / stand_in.ABOUT).write_text(json.dumps(about(job, serial, speed)))
        (folder / SDK).write_bytes(Path(skyrack_job.__file__).read_bytes())
    if job.input_octets:
        rng = random.Random(f"{seed}/input {job.label}")
        (folder / INPUT).write_bytes(rng.randbytes(job.input_octets))
    output = folder.with_suffix(".job")
    pack(folder, output, key_of(seed, job.tenant), serial=serial)
    return Package(job.label, serial, output.read_bytes())


def about(job: JobTable, serial: int, speed: int) -> dict[str, object]:
    """What a stand-in has to know; `work_s` is of the board's processor."""
    return {
        "owner": job.tenant,
        "name": job.name,
        "serial": serial,
        "outputs": {OUTPUT: job.output_octets},
        "work_s": job.work_s / speed,
    }


def job_toml(job: JobTable, epoch: datetime) -> str:
    """The table as its author would write it (docs/jobs.md)."""
    disk_mb = 1 + -(-(job.output_octets + MEGABYTE) // MEGABYTE)
    fields: dict[str, object] = {
        "name": job.name,
        "owner": job.tenant,
        "runtime": RUNTIME,
        "entry": PROGRAM,
        "work_s": math.ceil(job.work_s),
        "value": job.value,
        "preemptible": job.preemptible,
        "resume_s": math.ceil(job.resume_s),
        "anomaly_allowed": job.anomaly_allowed,
        "redundancy": job.redundancy,
        "attempts": job.attempts,
        "silence_s": math.ceil(job.silence_s),
    }
    if job.redundancy == "verify":
        fields["verifier"] = VERIFIER
    lines = [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
    for key, after_s in (("release", job.release_s), ("deadline", job.deadline_s)):
        if 0.0 < after_s < math.inf:
            moment = datetime.fromtimestamp(int(epoch.timestamp() + after_s), UTC)
            lines.append(f"{key} = {moment:%Y-%m-%dT%H:%M:%SZ}")
    lines += ["[resources]", f"cores = {job.cores}", f"memory_mb = {job.memory_mb}", f"disk_mb = {disk_mb}"]
    for level in job.levels:
        lines += ["[[levels]]", f"power_w = {level.power_w}", f"speed_milli = {round(level.speed * 1000)}"]
    lines += ["[[outputs]]", f'path = "{OUTPUT}"', f"size_most = {job.output_octets}"]
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- hostile packages


def hostile(kind: str, owner: str, seed: int, rng: random.Random) -> Package:
    """One of `sim.fault_kinds.PACKAGES`, in the name of that tenant."""
    label, serial = f"{owner}/hostile-{kind}", rng.randint(1 << 40, 1 << 50)
    if kind == "noise":
        return Package(label, serial, rng.randbytes(rng.randint(1, 5_000)))
    private = private_of(seed, STRANGER if kind in ("forged", "stranger") else owner)
    named = STRANGER if kind == "stranger" else owner
    part, stored = _part(kind, rng)
    manifest = _manifest(named, f"hostile-{kind}", serial, part, stored)
    octets = package_head(manifest, private) + stored
    if kind == "forged":  # the tenant's own key is named, somebody else's has signed
        octets = octets[:8] + package_head(manifest, private_of(seed, owner))[8:16] + octets[16:]
    elif kind == "damaged":
        place = len(octets) - 1 - rng.randrange(len(stored))
        octets = octets[:place] + bytes([octets[place] ^ 1 << rng.randrange(8)]) + octets[place + 1 :]
    elif kind == "truncated":
        octets = octets[: rng.randrange(len(octets))]
    return Package(label, serial, octets)


def _part(kind: str, rng: random.Random) -> tuple[Part, bytes]:
    """The only file of such a package, and how it is stored."""
    path = "../../escaped.py" if kind == "escape" else PROGRAM
    if kind == "bomb":  # says that it becomes a thousandth of what it becomes
        squeezed = zlib.compressobj(9, zlib.DEFLATED, RAW_DEFLATE)
        stored = squeezed.compress(bytes(4 * MEGABYTE)) + squeezed.flush()
        return Part(path, len(stored) + 1, len(stored), sha256(stored).digest()), stored
    content = rng.randbytes(2_000)
    return Part(path, len(content), len(content), sha256(content).digest()), content


def _manifest(owner: str, name: str, serial: int, part: Part, stored: bytes) -> Manifest:
    """Built past the packer, which would refuse some of it."""
    table: Mapping[str, object] = {
        "owner": owner,
        "name": name,
        "serial": serial,
        "runtime": RUNTIME,
        "entry": PROGRAM,
        "work_s": 60,
        "value": 1,
        "preemptible": True,
        "resources": {"memory_mb": 64, "disk_mb": 10},
        "levels": [{"power_w": 10.0, "speed_milli": 1000}],
        "outputs": [{"path": OUTPUT, "size_most": 1000}],
        "parts": [{"path": PROGRAM, "size": part.size, "stored": part.stored, "sha256": part.sha256}],
        "stored_sha256": sha256(stored).digest(),
    }
    manifest = read_manifest(table)
    assert isinstance(manifest, Manifest)
    return replace(manifest, parts=(part,), entry=part.path)
