"""An orderly end of flight stops jobs with a checkpoint; a new executive finds them running."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from flight.cli import ids
from flight.declare.running import ExitReason
from flight.jobs import (
    FileOctets,
    Level,
    Manifest,
    Output,
    Part,
    Redundancy,
    Resources,
    ResultReader,
    package_head,
)
from flight.jobs import skyrack_job as sdk
from flight.modules.jobs.book import Book, read_book
from flight.modules.jobs.stages import JobStage, Why
from flight.runners.service import LOCK
from flight.wire.cfdp import stored_name
from tests.realtime.conftest import make
from tests.realtime.flying import Flying, alive

pytestmark = [pytest.mark.slow, pytest.mark.long]  # ten seconds and more each, most of them waiting

PRIVATE = bytes(range(32))
FILE, RESULT = "jobs/demo.job", "results/acme-demo-1.result"
# Works for ever, and asks each time whether it shall stop; begun with a checkpoint, it tells from where, and is done.
PATIENT = b"""
import time
import skyrack_job

job = skyrack_job.start()
held = job.restore()
if held is not None:
    job.write("total.txt", held)
    raise SystemExit
steps = 0
while True:
    steps += 1
    job.progress(0.5)
    if job.checkpoint_due(every_s=3600):
        job.checkpoint(b"steps %d" % steps)
    time.sleep(0.01)
"""
DEAF = b"""
import signal
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    time.sleep(1)
"""


def manifest(files: dict[str, bytes], **changes: object) -> Manifest:
    parts = tuple(Part(path, len(body), len(body), sha256(body).digest()) for path, body in files.items())
    found = Manifest(
        owner="acme",
        name="demo",
        serial=1,
        runtime="cpython",
        entry="main.py",
        arguments=(),
        libraries=(),
        models=(),
        resources=Resources(1, 64, 0, 4),
        levels=(Level(6.0, 1000),),
        work_s=1200,
        silence_s=0,
        attempts=1,
        fuel=0,
        seed=0,
        release_utc_s=0,
        deadline_utc_s=0,
        value=5,
        preemptible=True,
        resume_s=0,
        anomaly_allowed=True,
        redundancy=Redundancy.NONE,
        verifier="",
        outputs=(Output("total.txt", 100),),
        parts=parts,
        stored_sha256=sha256(b"".join(files.values())).digest(),
    )
    return replace(found, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def hauler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("missions") / "hauler"
    shutil.copytree(Path(__file__).parent / "hauler", folder, ignore=shutil.ignore_patterns("__pycache__"))
    ids.write(str(folder))
    return folder


@pytest.fixture
def flying(hauler: Path, tmp_path: Path) -> Iterator[Flying]:
    found = make(hauler, tmp_path)
    yield found
    found.end_all()
    if (pid := runner_pid(found)) and alive(pid):
        os.kill(pid, signal.SIGKILL)


def put_aboard(flying: Flying, program: bytes, **changes: object) -> None:
    files = {"main.py": program, "skyrack_job.py": Path(sdk.__file__).read_bytes()}
    octets = package_head(manifest(files, **changes), PRIVATE) + b"".join(files.values())
    store = flying.state / "files"
    store.mkdir(exist_ok=True)
    (store / stored_name(FILE)).write_bytes(octets)


def run_one(flying: Flying, program: bytes, **changes: object) -> None:
    """Back when it runs."""
    put_aboard(flying, program, **changes)
    flying.start()
    flying.until(lambda: flying.station.happened("executive.booted") == 1, "the boot")
    asked = 0

    def started() -> bool:
        nonlocal asked
        if flying.station.happened("jobs.refused") == asked:  # at first no number for a job is on the disk
            asked += 1
            flying.station.send("jobs.take", FILE.encode())
        return flying.station.happened("jobs.started") == 1

    flying.until(started, "the job's start")
    flying.until(lambda: bool(programs(flying)), "its program, in its sandbox")


def own_runner(flying: Flying, strongest: int) -> subprocess.Popen[bytes]:
    """One that is there before flight: flight speaks to it, as to one that another life has left."""
    state = flying.state / "runner"
    words = ["-m", "flight", "runner", "--state", str(state), "--strongest", str(strongest)]
    return subprocess.Popen([sys.executable, *words], start_new_session=True)


def runner_pid(flying: Flying) -> int:
    """Whoever holds the lock of its folder; 0 for nobody."""
    path = flying.state / "runner" / LOCK
    if not path.exists():
        return 0
    inode = f":{path.stat().st_ino} "
    held = [line.split() for line in Path("/proc/locks").read_text().splitlines() if inode in f"{line} "]
    return int(held[0][4]) if held else 0


def book(flying: Flying) -> Book:
    return read_book(flying.document("jobs"))


def programs(flying: Flying) -> list[int]:
    """Processes that run the job's program."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if b"main.py" in words and (b"/job/package" in words or bytes(flying.state) in words):
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("strongest", [0, 3], ids=["the weakest fall-back", "bubblewrap"])
def test_an_orderly_end_stops_a_job_with_a_checkpoint_and_the_next_life_goes_on(
    flying: Flying, strongest: int
) -> None:
    """`attempts = 1`: it may never be begun twice, so a stop that was lost on the way would be its end."""
    if strongest and shutil.which("bwrap") is None:
        pytest.skip("no bubblewrap")
    runner = own_runner(flying, strongest)
    run_one(flying, PATIENT)
    assert runner_pid(flying) == runner.pid
    assert flying.stop() == 0
    assert runner.wait(60) == 0
    assert flying.station.happened("jobs.halted", 1, Why.END, ExitReason.STOPPED) == 1
    (row,) = book(flying)
    assert (row.state, row.continues, row.begun) == (JobStage.WAITING, True, 1)

    flying.start()
    flying.until(lambda: flying.station.happened("jobs.kept_result") == 1, "its result")
    assert flying.stop() == 0
    octets = (flying.state / "files" / stored_name(RESULT)).read_bytes()
    made = b"".join(one.octets for one in ResultReader(None).receive(octets) if isinstance(one, FileOctets))
    assert made.startswith(b"steps ")


def test_a_new_executive_finds_the_job_running(flying: Flying) -> None:
    run_one(flying, PATIENT)
    assert flying.station.happened("jobs.unsigned") == 1, "no key was installed"
    runner, job = runner_pid(flying), programs(flying)
    os.kill(flying.executive_pid(), signal.SIGKILL)
    flying.until(lambda: flying.station.happened("jobs.started") == 2, "the job in the next inventory")
    assert (runner_pid(flying), programs(flying)) == (runner, job)
    assert flying.stop() == 0
    flying.until(lambda: not alive(runner), "the end of the runner")
    (row,) = book(flying)
    assert (row.state, row.continues, row.begun, len(row.runs)) == (JobStage.WAITING, True, 1, 1)


def test_a_job_that_does_not_listen_ends_all_the_same(flying: Flying) -> None:
    run_one(flying, DEAF, attempts=2)
    runner = runner_pid(flying)
    assert flying.stop() == 0
    flying.until(lambda: not alive(runner), "the end of the runner")
    assert not programs(flying)
    (row,) = book(flying)
    assert (row.state, row.begun) == (JobStage.WAITING, 1)
    assert "killed" not in flying.errors()


def test_the_end_of_a_service_reaches_all_processes_at_once(flying: Flying) -> None:
    """As systemd does it: SIGTERM to each process of the unit, the runner among them."""
    run_one(flying, PATIENT)
    assert flying.process is not None
    runner = runner_pid(flying)
    for pid in (runner, flying.executive_pid(), flying.worker_pid(), flying.process.pid):
        os.kill(pid, signal.SIGTERM)
    assert flying.ended() == 0
    flying.until(lambda: not alive(runner), "the end of the runner")
    (row,) = book(flying)
    assert (row.state, row.continues, row.begun) == (JobStage.WAITING, True, 1)
