"""skyrack_job.py: what it promises a program, whatever is cut, damaged or asked for."""

from __future__ import annotations

import ast
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from stat import S_ISDIR

import pytest

from flight.jobs import Wanted, read_status, request_octets, skyrack_job
from flight.jobs.skyrack_job import STOPPED, Job, Request, read_checkpoint, start

FOLDERS = ("package", "models", "outputs", "checkpoints", "scratch", "control")


class PowerCut(BaseException):
    """Everything stops here."""


class Dying:
    """The power goes at the `cut`-th of these calls, before it or after it."""

    def __init__(self, cut: int, *, before: bool) -> None:
        self.cut, self.before, self.calls = cut, before, 0

    def instead_of(self, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **words: object) -> object:
            self.calls += 1
            if self.before and self.calls == self.cut:
                raise PowerCut
            result = real(*arguments, **words)
            if self.calls == self.cut:
                raise PowerCut
            return result

        return call


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def job_in(place: Path, *phases: str) -> Job:
    return Job({name: place / name for name in FOLDERS}, phases)


def ask(place: Path, sequence: int, wanted: Wanted) -> None:
    part = place / "control" / f"part{sequence}"
    part.write_bytes(request_octets(sequence, wanted, 1000))
    part.replace(place / "control" / "request")


def answered(place: Path) -> int:
    status = read_status((place / "control" / "status").read_bytes())
    assert status is not None
    return status.answered


def test_it_is_one_file_of_the_standard_library() -> None:
    tree = ast.parse(Path(skyrack_job.__file__).read_text(), feature_version=(3, 11))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names
    assert "pickle" not in names


# ---------------------------------------------------------------- checkpoints


def test_the_newest_comes_back(place: Path) -> None:
    job = job_in(place)
    assert job.restore() is None
    for number in range(1, 6):
        job.checkpoint(b"state %d" % number)
        assert job_in(place).restore() == b"state %d" % number
    assert len(list((place / "checkpoints").iterdir())) == 2
    job_in(place).checkpoint(b"after")  # numbers go on, so that the older one is written over
    assert job_in(place).restore() == b"after"


@pytest.mark.parametrize("at", [0, 7, 8, 15, 16, 23, 24, 27, 28, -1])
def test_a_damaged_one_costs_one_interval(place: Path, at: int) -> None:
    job = job_in(place)
    job.checkpoint(b"older")
    job.checkpoint(b"newer")
    newest = place / "checkpoints" / "checkpoint-0"
    octets = bytearray(newest.read_bytes())
    octets[at] ^= 1
    newest.write_bytes(octets)
    assert job_in(place).restore() == b"older"
    (place / "checkpoints" / "checkpoint-1").write_bytes(b"")
    assert job_in(place).restore() is None


def test_every_length_but_its_own_is_damaged(place: Path) -> None:
    job_in(place).checkpoint(b"state")
    octets = (place / "checkpoints" / "checkpoint-1").read_bytes()
    assert read_checkpoint(octets) == (1, b"state")
    assert all(read_checkpoint(octets[:end]) is None for end in range(len(octets)))
    assert read_checkpoint(octets + b"\0") is None


def test_a_cut_anywhere_leaves_the_old_or_the_new(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each call that touches the disk, before it and after it."""
    job_in(place).checkpoint(b"state 0")
    died = 0
    for cut in range(40):
        job = job_in(place)
        before, after = job.restore(), b"state %d" % (cut + 1)
        with monkeypatch.context() as patch:
            dying = Dying(cut // 2 + 1, before=cut % 2 == 0)
            for name in ("fsync", "open", "close"):
                patch.setattr(os, name, dying.instead_of(getattr(os, name)))
            try:
                job.checkpoint(after)
            except PowerCut:
                died += 1
        assert job_in(place).restore() in (before, after)
    assert died >= 6


def test_the_file_is_whole_on_the_disk_before_it_has_its_name(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        folder = S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("sync folder" if folder else f"sync {os.fstat(descriptor).st_size}")
        fsync(descriptor)

    def noted_replace(path: Path, target: Path) -> Path:
        steps.append(f"rename to {target.name}")
        return replace(path, target)

    job = job_in(place)
    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    job.checkpoint(b"state")
    assert steps[:3] == ["sync 33", "rename to checkpoint-1", "sync folder"]


# ---------------------------------------------------------------- requests


def test_a_checkpoint_that_is_asked_for(place: Path) -> None:
    job = job_in(place)
    assert job.wanted() is None
    assert not job.checkpoint_due(1e9)
    ask(place, 1, Wanted.CHECKPOINT)
    assert job.wanted() == Request(1, "checkpoint", 1000)
    assert job.checkpoint_due(1e9)
    job.checkpoint(b"x")
    assert job.wanted() is None
    assert not job.checkpoint_due(1e9)
    assert answered(place) == 1
    assert job.checkpoint_due(0.0)


def test_a_stop_ends_the_program_behind_its_checkpoint(place: Path) -> None:
    job = job_in(place)
    ask(place, 1, Wanted.CHECKPOINT)
    assert job.checkpoint_due(1e9)
    ask(place, 2, Wanted.STOP)
    with pytest.raises(SystemExit) as ended:
        job.checkpoint(b"state")
    assert ended.value.code == STOPPED == 75
    assert answered(place) == 2
    assert job_in(place).restore() == b"state"


def test_sigterm_is_a_stop(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYRACK_JOB", "1")
    for name in FOLDERS:
        monkeypatch.setenv(f"SKYRACK_{name.upper()}", str(place / name))
    job = start()
    assert job.wanted() is None
    os.kill(os.getpid(), signal.SIGTERM)
    assert job.wanted() == Request(0, "stop", 0)
    ask(place, 4, Wanted.CHECKPOINT)
    assert job.wanted() == Request(4, "stop", 0)
    with pytest.raises(SystemExit):
        job.checkpoint(b"state")
    assert answered(place) == 4


def test_nonsense_is_no_request(place: Path) -> None:
    job = job_in(place)
    for octets in (b"", b"stop", b"x" * 1000, request_octets(1, Wanted.STOP, 1)[:-1]):
        (place / "control" / "request").write_bytes(octets)
        assert job.wanted() is None


# ---------------------------------------------------------------- signs of life


def test_a_heartbeat_is_written_seldom(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("flight.jobs.skyrack_job.time.monotonic", lambda: now)
    job, sequences = job_in(place), set()
    for _ in range(900):
        now += 0.001
        job.progress(0.1)
        status = read_status((place / "control" / "status").read_bytes())
        assert status is not None
        sequences.add(status.sequence)
    assert len(sequences) == 2


def test_progress_stays_within_its_bounds(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flight.jobs.skyrack_job.STATUS_EVERY_S", 0.0)
    job = job_in(place)
    for share, milli in ((-1.0, 0), (0.5, 500), (7.0, 1000)):
        job.progress(share)
        status = read_status((place / "control" / "status").read_bytes())
        assert status is not None
        assert status.progress_milli == milli


def test_a_disk_that_is_full_does_not_end_the_work(place: Path) -> None:
    job = job_in(place, "one")
    (place / "control" / "status.part").mkdir()
    job.phase("one")
    job.progress(1.0)


def test_phases_are_declared(place: Path) -> None:
    for name in ("", "Train", "a b", "x" * 33):
        with pytest.raises(ValueError, match="phase"):
            job_in(place, name)
    with pytest.raises(ValueError, match="tuple"):
        job_in(place, "one").phase("two")


# ---------------------------------------------------------------- on the ground


def test_without_a_runner_it_works_in_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKYRACK_JOB", raising=False)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "main.py")])
    job = start()
    assert job.package == tmp_path
    job.write("maps/one.bin", b"abc")
    assert (tmp_path / "run" / "outputs" / "maps" / "one.bin").read_bytes() == b"abc"
    job.checkpoint(b"state")
    assert start().restore() == b"state"
