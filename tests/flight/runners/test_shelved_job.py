"""A real job from the file store to its result: taken, run with its verifier by what flies, kept, read on the ground.

At each level of isolation, with the folders that the shelf has made.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from flight.boards.clock import monotonic
from flight.declare.filing import Ordered
from flight.declare.running import JobState, OrderTaken, StartJob, runner_number
from flight.declare.shelving import DropJob, KeepResult, PackageTaken, ResultKept, RunTold, TakePackage
from flight.jobs import Ended, Signer, public_of, unlimited
from flight.missions.ai_rack import MISSION
from flight.wire.file_packets import FileSettings
from flight.workers.files import FilesWorker
from flight.workers.folder_shelf import FolderShelf
from flight.workers.job_runner import JobMeans, JobRunnerWorker
from flight.workers.job_shelf import folders_of
from flight.workers.shelf import Shelf, ShelfSettings
from ground.jobs import make_key, pack, read_key
from sim.disk import SimulatedDisk
from tests.flight.runners.conftest import interpreter
from tests.flight.workers.shelves import put, unpacked

pytestmark = pytest.mark.slow
PROGRAM = """
import skyrack_job

job = skyrack_job.start()
job.write("total.txt", b"%d\\n" % sum(range(1001)))
print("summed")
"""
VERIFIER = """
import os, sys

octets = open(os.path.join(os.environ["SKYRACK_OUTPUTS"], "total.txt"), "rb").read()
sys.exit(0 if octets == b"500500\\n" else 1)
"""
JOB = """
name = "sums"
runtime = "cpython"
entry = "main.py"
sdk = true
redundancy = "verify"
verifier = "verify.py"
work_s = 10
value = 5
resources = { memory_mb = 64, disk_mb = 1 }
levels = [{ power_w = 6, speed_milli = 1000 }]
outputs = [{ path = "total.txt", size_most = 100 }]
"""
NAME = "jobs/sums.job"
BOARD = bytes(range(7, 39))


def package(folder: Path) -> tuple[bytes, bytes]:
    """As its author makes it, and his public key."""
    source = folder / "sums"
    source.mkdir()
    for name, text in (("main.py", PROGRAM), ("verify.py", VERIFIER), ("job.toml", JOB)):
        (source / name).write_text(text)
    tenant = make_key(folder / "acme", "acme")
    pack(source, folder / "sums.job", read_key(folder / "acme"), serial=3, catalogue=MISSION.catalogue)
    return (folder / "sums.job").read_bytes(), tenant.key


def test_from_the_file_store_to_a_result(bench, place: Path, tmp_path: Path) -> None:
    octets, key = package(tmp_path)
    disk = SimulatedDisk(random.Random(1))
    put(disk, NAME, octets)
    root = place / "jobs"
    settings = ShelfSettings(Signer(0x2B, "rack", BOARD), (unlimited("acme", key),), MISSION.catalogue)
    files = FilesWorker(disk, FileSettings(0x2B, 223), Shelf(FolderShelf(root), settings))
    means = JobMeans(
        MISSION.catalogue,
        lambda job, stage: folders_of(str(root), job, stage),
        interpreter=interpreter(bench.isolation),
    )
    jobs = JobRunnerWorker(bench.runner, means)

    taken = files.perform(TakePackage(0, 0, NAME, 7, ()))
    assert isinstance(taken, PackageTaken)
    runs = []
    for ticket, stage in ((1, 0), (2, 3)):
        assert jobs.submit(ticket, StartJob(monotonic(), 7, stage, taken.brief, 1000), monotonic())
        assert (ticket, OrderTaken(0)) in jobs.poll(monotonic())
        entry = bench.until_state(runner_number(7, stage), JobState.ENDED)
        record = Path(folders_of(str(root), 7, stage).record) / "standard-error"
        assert entry.code == 0, record.read_text()
        runs.append(
            RunTold(stage, "rack_a", entry.started_at, entry.changed_at, 0, "DONE", entry.code, 60, 0)
        )
    kept = files.perform(KeepResult(0, 7, "DONE", "", 0, tuple(runs), (("verify", True),)))
    assert isinstance(kept, ResultKept)
    assert (kept.file, kept.ended) == ("results/acme-sums-3.result", "DONE")
    stored = kept.file.replace("/", "!")
    receipt, found = unpacked(disk.read(stored, 0, disk.size(stored)), public_of(BOARD))
    assert found == {"standard-output": b"summed\n", "total.txt": b"500500\n"}
    assert (receipt.ended, receipt.energy_j, len(receipt.runs)) == (Ended.DONE, 120, 2)
    assert files.perform(DropJob(0, 7)) == Ordered(0)
    assert list(root.iterdir()) == []
