"""A files worker with a shelf of each kind, and jobs that have run on it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from flight.declare.shelving import KeepResult, RunTold, TakePackage
from flight.declare.storage import Failed
from flight.jobs import Fault, FileOctets, Receipt, ResultReader, Signer, Tenant
from flight.wire.cfdp import DiskFileStore
from flight.wire.file_packets import FileSettings
from flight.workers.files import FilesWorker
from flight.workers.folder_shelf import FolderShelf
from flight.workers.job_shelf import JobShelf, folders_of
from flight.workers.shelf import Shelf, ShelfSettings
from sim.disk import SimulatedDisk
from sim.payload.shelf import ROOT, ModelledShelf, wrong_name
from sim.payload.stand_in import true_output
from tests.flight.jobs.made import CATALOGUE, MANIFEST, PRIVATE, PUBLIC, TENANT, package

SECOND = 1_000_000_000
UTC_S = MANIFEST.release_utc_s
NAME = "jobs/demo.job"
RESULT = "results/acme-demo-7.result"
GOOD = package()
TAKE = TakePackage(SECOND, UTC_S, NAME, 7, ())
RUN = RunTold(0, "rack_a", 5, 9 * SECOND, UTC_S, "DONE", 0, 300, 4)
KEEP = KeepResult(10 * SECOND, 7, "DONE", "", 0, (RUN,), (("vote", True),))
SETTINGS = ShelfSettings(Signer(66, "ai_rack", PRIVATE), (TENANT,), CATALOGUE)


class Ground(Protocol):
    """What is done to a job's folders by a runner."""

    def run(self, job: int, stage: int) -> None:
        """It has ended well."""

    def spoil(self, job: int, stage: int) -> None:
        """It has, with a wrong bit."""


@dataclass
class Folders:
    root: Path

    def run(self, job: int, stage: int) -> None:
        for output in MANIFEST.outputs:
            path = Path(folders_of(str(self.root), job, stage).outputs) / output.path
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(made(output.path, output.size_most))
        record = Path(folders_of(str(self.root), job, stage).record)
        (record / "standard-output").write_text(f"modelled job {job}, stage {stage}\n")
        (record / "standard-error").write_text("")

    def spoil(self, job: int, stage: int) -> None:
        self.run(job, stage)
        path = Path(folders_of(str(self.root), job, stage).outputs) / "result.txt"
        octets = path.read_bytes()
        path.write_bytes(bytes([octets[0] ^ 1 << stage]) + octets[1:])


@dataclass
class Names:
    disk: SimulatedDisk

    def run(self, job: int, stage: int) -> None:
        pass

    def spoil(self, job: int, stage: int) -> None:
        name = wrong_name(folders_of(ROOT, job, stage).outputs)
        self.disk.write(name, 0, bytes([1 << stage]))
        self.disk.sync(name)
        self.disk.sync_directory()


def made(path: str, octets: int) -> bytes:
    return true_output("acme", "demo", 7, path, octets)


class World:
    def __init__(self, make: Callable[[], JobShelf], ground: Ground, quota: int = 1_000_000) -> None:
        self.make, self.ground, self.quota = make, ground, quota
        self.settings = SETTINGS
        self.disk = SimulatedDisk(random.Random(1))
        self.boot()

    def boot(self) -> None:
        self.shelf = Shelf(self.make(), self.settings)
        self.worker = FilesWorker(self.disk, FileSettings(0x2A, 223, self.quota), self.shelf)

    def with_settings(self, **changes: object) -> None:
        self.settings = replace(self.settings, **changes)  # type: ignore[arg-type]
        self.boot()

    def with_tenant(self, tenant: Tenant) -> None:
        self.with_settings(tenants=(tenant,))

    def put(self, name: str = NAME, octets: bytes = GOOD) -> None:
        """As CFDP leaves it; the worker reads the directory at its start."""
        put(self.disk, name, octets)
        self.boot()

    def ask(self, request: object) -> object:
        return self.worker.perform(request)

    def files(self) -> list[str]:
        """In the store, but for its own."""
        return [name for name, _ in DiskFileStore(self.disk, self.quota).names() if not name.startswith(".")]

    def read(self, name: str) -> bytes:
        stored = name.replace("/", "!")
        return self.disk.read(stored, 0, self.disk.size(stored))


def put(disk: SimulatedDisk, name: str, octets: bytes) -> None:
    stored = name.replace("/", "!")
    disk.write(stored, 0, b"")
    disk.truncate(stored, 0)
    disk.write(stored, 0, octets)
    disk.sync(stored)
    disk.sync_directory()


def unpacked(octets: bytes, key: bytes | None = PUBLIC) -> tuple[Receipt, dict[str, bytes]]:
    """Receipt and files of a result that is whole."""
    reader, files = ResultReader(key), dict[str, bytes]()
    for event in reader.receive(octets):
        assert not isinstance(event, Fault), event
        if isinstance(event, FileOctets):
            files[event.file.path] = files.get(event.file.path, b"") + event.octets
    assert reader.finish() is None
    assert reader.receipt is not None
    return reader.receipt, files


def folder_world(place: Path) -> World:
    (place / "models").mkdir()
    (place / "models" / "digits-1").write_bytes(b"weights")
    return World(lambda: FolderShelf(place / "jobs", place / "models"), Folders(place / "jobs"))


def names_world() -> World:
    disk = SimulatedDisk(random.Random(2))
    return World(lambda: ModelledShelf(disk), Names(disk))


def why(answer: object) -> str:
    assert isinstance(answer, Failed)
    return answer.reason
