"""The power goes at every disk operation of every request, and a process dies at every call: the old, or the new.

Asked once more, the answer is the one that nobody heard.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from flight.declare.filing import Ordered
from flight.declare.shelving import DropJob, FileKept, KeepFile, KeepOnly, PackageTaken, ResultKept
from flight.wire.file_packets import FileSettings
from flight.workers.files import FilesWorker
from flight.workers.shelf import Shelf
from sim.disk import PowerCut, ProcessKilled, SimulatedDisk
from sim.payload.shelf import ModelledShelf
from tests.flight.workers.shelves import (
    GOOD,
    KEEP,
    NAME,
    RESULT,
    SETTINGS,
    TAKE,
    World,
    folder_world,
    put,
    unpacked,
)

OUTCOMES = 1  # of each cut; `long` takes ten times as many
PLAN = KeepFile(0, "plans/0002.plan", b"anew", 1)
LIFE: list[tuple[object, type]] = [
    (TAKE, PackageTaken),
    (KEEP, ResultKept),
    (KeepFile(0, "plans/0001.plan", b"old", 1), FileKept),
    (PLAN, FileKept),
    (KeepOnly(0, (7,)), Ordered),
    (DropJob(0, 7), Ordered),
]
STEPS = range(len(LIFE))
CHECKPOINTS = ("jobs!7!0!checkpoints!checkpoint-0", "jobs!7!1!outputs!wrong", "jobs!7!a")


class Seen(NamedTuple):
    """What a user would."""

    jobs: dict[int, list[str]]  # all that is kept of each
    files: dict[str, bytes]


class Disks:
    """A board's two, and a worker on them."""

    def __init__(self, seed: int, steps: int) -> None:
        rng = random.Random(seed)
        self.file, self.job = SimulatedDisk(rng), SimulatedDisk(rng)
        put(self.file, NAME, GOOD)
        self.boot()
        for request, answer in LIFE[:steps]:
            assert isinstance(self.worker.perform(request), answer)
            if request is TAKE:
                for name in CHECKPOINTS:
                    put(self.job, name, b"work")
        self.boot()

    def boot(self) -> None:
        shelf = Shelf(ModelledShelf(self.job), SETTINGS)
        self.worker = FilesWorker(self.file, FileSettings(0x2A, 223, 100_000), shelf)

    def power_cut(self) -> None:
        """Both, whichever it met."""
        self.file, self.job = self.file.reboot(), self.job.reboot()
        self.boot()

    def seen(self) -> Seen:
        names = [name for name in self.file.names() if not name.startswith(".")]
        files = {name: self.file.peek(name) or b"" for name in names}
        there = [job for job in range(9) if ModelledShelf(self.job).taken(job) is not None]
        names = [name for name in self.job.names() if not name.endswith(".part")]
        return Seen(
            {job: [name for name in names if name.startswith(f"jobs!{job}!")] for job in there}, files
        )


def whole(step: int, before: Seen, now: Seen, after: Seen) -> bool:
    if now in (before, after):
        return True
    if LIFE[step][0] is TAKE:  # on board, and the package not yet removed
        return now == Seen(after.jobs, before.files)
    if LIFE[step][0] is PLAN:  # kept, and the old one not yet removed
        return now == Seen(before.jobs, before.files | after.files)
    return False


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("cut", ["file", "job"])
def test_a_power_cut_leaves_the_old_or_the_new(step: int, cut: str) -> None:
    cut_everywhere(step, cut, OUTCOMES)


@pytest.mark.long
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("cut", ["file", "job"])
def test_in_many_outcomes(step: int, cut: str) -> None:
    cut_everywhere(step, cut, 10 * OUTCOMES)


def cut_everywhere(step: int, cut: str, outcomes: int) -> None:
    request, answer = LIFE[step]
    undisturbed = Disks(0, step)
    before = undisturbed.seen()
    start = (undisturbed.file.operations, undisturbed.job.operations)
    expected = undisturbed.worker.perform(request)
    assert isinstance(expected, answer)
    counts = (undisturbed.file.operations - start[0], undisturbed.job.operations - start[1])
    after = undisturbed.seen()
    trials = 0
    for at in range(1, counts[cut == "job"] + 1):
        for seed in range(outcomes):
            disks = Disks(seed, step)
            struck = disks.job if cut == "job" else disks.file
            struck.cut_at(struck.operations + at)
            with pytest.raises(PowerCut):
                disks.worker.perform(request)
            disks.power_cut()
            assert whole(step, before, disks.seen(), after), (at, seed)
            assert disks.worker.perform(request) == expected, (at, seed)
            assert disks.seen() == after, (at, seed)
            trials += 1
    assert trials == outcomes * counts[cut == "job"]
    assert trials > 0 or LIFE[step][0] is PLAN or cut == "job"


# ---------------------------------------------------------------- folders

CALLS = ("mkdir", "open", "write", "fsync", "rename", "link", "unlink", "rmdir", "chmod", "chown", "close")


@pytest.fixture
def dies(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[int]]:
    """The process dies before the call of that number, counted over all of CALLS; what it gives counts them."""
    count = [0, 0]

    def set_death(at: int) -> list[int]:
        count[:] = [0, at]
        return count

    def counted(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: object, **options: object) -> object:
            count[0] += 1
            if count[0] == count[1]:
                raise ProcessKilled
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, call)

    for name in CALLS:
        counted(name)
    return set_death


def layout(root: Path) -> dict[str, str]:
    """Every path below, with its kind."""
    paths = sorted(root.rglob("*")) if root.is_dir() else []
    return {str(path.relative_to(root)): "folder" if path.is_dir() else "file" for path in paths}


def dying(tmp_path: Path, dies: Callable[[int], list[int]], name: str, every: int) -> None:
    request = TAKE if name == "take" else DropJob(0, 7)

    def prepared(at: int) -> World:
        place = tmp_path / str(at)
        place.mkdir()
        world = folder_world(place)
        world.put()
        if name == "drop":
            world.ask(TAKE)
            world.ground.run(7, 0)
        return world

    world, count = prepared(0), dies(0)
    expected, calls = world.ask(request), count[0]
    after, states = layout(tmp_path / "0" / "jobs"), set[bool]()
    assert calls > 40
    for at in sorted({*range(1, calls + 1, every), calls}):
        dies(0)
        world = prepared(at)
        dies(at)
        with pytest.raises(ProcessKilled):
            world.ask(request)
        dies(0)
        world.boot()
        jobs = world.shelf.jobs
        assert jobs.jobs() == ([] if jobs.taken(7) is None else [7]), at
        states.add(bool(jobs.jobs()))
        assert world.ask(request) == expected, at
        world.ask(KeepOnly(0, tuple(jobs.jobs())))
        assert layout(tmp_path / str(at) / "jobs") == after, at
    assert states == {False, True}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["take", "drop"])
def test_a_process_that_dies_leaves_the_old_or_the_new(
    tmp_path: Path, dies: Callable[[int], list[int]], name: str
) -> None:
    dying(tmp_path, dies, name, every=41)


@pytest.mark.long
@pytest.mark.parametrize("name", ["take", "drop"])
def test_at_every_call(tmp_path: Path, dies: Callable[[int], list[int]], name: str) -> None:
    dying(tmp_path, dies, name, every=1)


def test_a_life_ends_with_what_it_promised() -> None:
    disks = Disks(0, len(LIFE))
    assert sorted(disks.seen().files) == ["plans!0002.plan", RESULT.replace("/", "!")]
    assert unpacked(disks.seen().files[RESULT.replace("/", "!")])[0].ended.name == "DONE"
    assert disks.job.names() == []
