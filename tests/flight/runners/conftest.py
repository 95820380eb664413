"""Runners for tests: at every level of isolation that this machine has, driven by the test, on folders of their own."""

from __future__ import annotations

import os
import select
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flight.boards.clock import monotonic
from flight.declare.running import (
    Inventory,
    Isolation,
    JobEntry,
    JobFolders,
    JobLimits,
    JobState,
    JobToRun,
    RunnerKind,
)
from flight.runners.process import ProcessRunner
from flight.runners.settings import FIRST_USER, RANGES, USERS, Machine, RunnerSettings, find_machine
from flight.runners.trial import strongest

PATIENCE_NS = 60 * 10**9
FOLDERS = ("package", "models", "outputs", "checkpoints", "scratch", "control", "record")
MEMORY = 128 * 2**20
DISK = 8 * 2**20
LIMITS = JobLimits(memory_octets=MEMORY, disk_octets=DISK, processes=16)


def interpreter(isolation: Isolation) -> str:
    """Without a mount namespace another user must be able to come to it."""
    if isolation is not Isolation.USER:
        return sys.executable
    for path in (sys.executable, "/usr/bin/python3"):
        real = Path(path).resolve()
        if real.exists() and all(parent.stat().st_mode & 0o001 for parent in real.parents):
            return path
    pytest.skip("no Python that another user can come to")


@dataclass
class Bench:
    """A runner, and the place where its jobs live."""

    root: Path
    runner: ProcessRunner
    jobs: int = 0
    folders: dict[int, Path] = field(default_factory=dict)

    @property
    def isolation(self) -> Isolation:
        return self.runner.isolation

    def prepare(self, code: str) -> tuple[int, JobFolders]:
        """A job whose program is `code`, in a folder of its own; its number is the next."""
        self.jobs += 1
        place = self.root / f"job-{self.jobs}"
        place.mkdir(mode=0o711)
        for name in FOLDERS:
            (place / name).mkdir(mode=0o755)
        (place / "package" / "main.py").write_text(textwrap.dedent(code))
        self.folders[self.jobs] = place
        return self.jobs, JobFolders(*(str(place / name) for name in FOLDERS))

    def seen(self, number: int, name: str) -> str:
        """Where the job finds a folder of its own."""
        return f"/job/{name}" if self.isolation >= Isolation.NAMESPACES else str(self.folders[number] / name)

    def mark(self, number: int) -> str:
        """A word of its command line that no other process has."""
        return f"mark-{os.getpid()}-{self.root.name}-{number}"

    def start(self, code: str, limits: JobLimits = LIMITS, **options: object) -> int:
        number, folders = self.prepare(code)
        words = (interpreter(self.isolation), "-S", "{package}/main.py", self.mark(number))
        job = JobToRun(number, RunnerKind.PROCESS, words, **options)  # type: ignore[arg-type]
        assert self.runner.start(job, limits, folders, monotonic()) is None
        return number

    def entry(self, number: int) -> JobEntry:
        return self.runner.jobs[number].entry

    def until(self, condition: Callable[[], object]) -> None:
        end = monotonic() + PATIENCE_NS
        while not condition():
            now = monotonic()
            assert now < end, "\n".join(str(job.entry) for job in self.runner.jobs.values())
            left_ms = max(0, min(self.runner.next_deadline(now) - now, 10**7)) // 10**6 + 1
            select.select(self.runner.handles(), [], [], left_ms / 1000)
            self.runner.tend(monotonic())

    def until_state(self, number: int, state: JobState) -> JobEntry:
        self.until(lambda: self.entry(number).state in (state, JobState.ENDED))
        return self.entry(number)

    def run(self, code: str, limits: JobLimits = LIMITS, **options: object) -> JobEntry:
        number = self.start(code, limits, **options)
        return self.until_state(number, JobState.ENDED)

    def printed(self, number: int, name: str = "standard-output") -> str:
        return (self.folders[number] / "record" / name).read_text(errors="replace")

    def inventory(self) -> Inventory:
        return self.runner.inventory(monotonic())

    def close(self) -> None:
        for number in list(self.runner.jobs):
            self.runner.kill(number, monotonic())
        jobs = self.runner.jobs.values()
        self.until(lambda: all(job.entry.state is JobState.ENDED and not job.lingering for job in jobs))


@pytest.fixture(scope="session")
def machine() -> Machine:
    return find_machine()


@pytest.fixture
def place() -> Iterator[Path]:
    """Not `tmp_path`, which closes its parents to other users."""
    path = Path(tempfile.mkdtemp(prefix="skyrack-runner-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


WORKING: dict[Isolation, bool] = {}


def works(isolation: Isolation, machine: Machine, place: Path) -> bool:
    if isolation not in WORKING:
        settings = RunnerSettings(str(place), strongest=isolation)
        WORKING[isolation] = strongest(settings, machine) is isolation
    return WORKING[isolation]


def strongest_here(machine: Machine, place: Path) -> Isolation:
    return next(one for one in sorted(Isolation, reverse=True) if works(one, machine, place))


def bench_of(isolation: Isolation, machine: Machine, place: Path, **options: object) -> Bench:
    if not works(isolation, machine, place):
        pytest.skip(f"{isolation.name} does not work on this machine, as this user")
    own_users = FIRST_USER + os.getpid() % RANGES * USERS  # nobody else's who tests on this machine
    settings = RunnerSettings(str(place), strongest=isolation, first_user=own_users, **options)  # type: ignore[arg-type]
    return Bench(place, ProcessRunner(settings, machine, isolation, monotonic()))


LEVELS = [pytest.param(one, marks=pytest.mark.long, id=one.name.lower()) for one in Isolation]


@pytest.fixture(params=[pytest.param(None, id="strongest"), *LEVELS])
def bench(request: pytest.FixtureRequest, machine: Machine, place: Path) -> Iterator[Bench]:
    """The strongest level that works here in `make test`, every level in `make prove`."""
    made = bench_of(
        strongest_here(machine, place) if request.param is None else request.param, machine, place
    )
    yield made
    made.close()


@pytest.fixture
def best(machine: Machine, place: Path) -> Iterator[Bench]:
    """At the strongest level that works here."""
    made = bench_of(strongest_here(machine, place), machine, place)
    yield made
    made.close()
