"""While the shelf is at work files go up and down, and neither disturbs the other."""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from flight.declare.filing import FILE_REQUESTS, ListFiles, Ordered, RemoveFile, SendFile, Turn
from flight.declare.shelving import DropJob, PackageTaken, ResultKept
from flight.declare.storage import Failed
from flight.jobs import Closed
from flight.wire.file_packets import FileSettings
from flight.workers.breath import SLICE_OCTETS, Breath
from flight.workers.files import FilesWorker
from flight.workers.messages import Unpacker, pack
from flight.workers.serving import serve
from flight.workers.shelf import Shelf
from flight.workers.unpacking import unpack
from sim.disk import PowerCut, SimulatedDisk
from sim.payload.shelf import ModelledShelf
from tests.flight.jobs.made import GATE, package, with_files
from tests.flight.workers.shelves import GOOD, KEEP, NAME, RESULT, SETTINGS, TAKE, put, unpacked
from tests.flight.workers.test_files import Pair
from tests.flight.workers.test_files import put as send_up

OTHER, CONTENT = "tables/other", bytes(range(256)) * 4


class Joined(Pair):
    """A files worker with a shelf; `meanwhile` is done in each breath."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__()
        self.disk, self.jobs = SimulatedDisk(random.Random(seed)), SimulatedDisk(random.Random(seed))
        put(self.disk, NAME, GOOD)
        self.breath = Breath()
        self.breaths = 0
        self.boot()

    def boot(self) -> None:
        shelf = Shelf(ModelledShelf(self.jobs), SETTINGS)
        self.worker = FilesWorker(self.disk, FileSettings(0x2A, 223, 1_000_000), shelf, self.breath)
        self.turn(contact=False)

    def meanwhile(self, act: Callable[[], object], at: int = 1) -> None:
        """In the breath of that number."""

        def breathe() -> None:
            self.breaths += 1
            if self.breaths == at:
                act()

        self.breath.act, self.breaths = breathe, 0

    def kept(self, name: str) -> bytes | None:
        return self.disk.peek(name.replace("/", "!"))


def test_a_file_arrives_while_a_package_is_taken() -> None:
    joined = Joined()
    send_up(joined, OTHER, CONTENT)
    joined.meanwhile(lambda: joined.fly(6))
    assert isinstance(joined.worker.perform(TAKE), PackageTaken)
    assert joined.kept(OTHER) == CONTENT
    assert joined.kept(NAME) is None, "the package became a job"


def test_a_package_that_comes_anew_while_it_is_taken_stays() -> None:
    """It is another, for all that anybody knows: it is not removed with the one that was taken."""
    joined = Joined()
    send_up(joined, NAME, b"another")
    joined.meanwhile(lambda: joined.fly(6), at=2)
    result = joined.worker.perform(TAKE)
    assert joined.kept(NAME) == b"another"
    assert isinstance(result, PackageTaken | Failed)
    joined.breath.act = None
    put(joined.disk, NAME, GOOD)
    assert isinstance(joined.worker.perform(TAKE), PackageTaken)
    assert joined.kept(NAME) is None, "that it once came anew is forgotten"


@pytest.mark.parametrize("at", [1, 2])
def test_a_package_that_is_removed_or_sent_meanwhile_harms_nothing(at: int) -> None:
    for request in (RemoveFile(0, NAME), SendFile(0, NAME, True)):
        joined = Joined()
        joined.meanwhile(partial(joined.worker.perform, request), at)
        result = joined.worker.perform(TAKE)
        assert isinstance(result, PackageTaken | Failed)
        assert (joined.kept(NAME) is None) is isinstance(request, RemoveFile)
        if isinstance(result, PackageTaken):
            assert ModelledShelf(joined.jobs).taken(7) is not None


def test_a_result_is_not_replaced_while_it_goes_down() -> None:
    joined = Joined()
    assert isinstance(joined.worker.perform(TAKE), PackageTaken)
    put(joined.disk, RESULT, b"an older one")
    joined.boot()
    joined.meanwhile(lambda: joined.worker.perform(SendFile(0, RESULT, True)), at=3)  # it is being written
    assert joined.worker.perform(KEEP) == Failed(f"{RESULT} is being sent")
    assert joined.kept(RESULT) == b"an older one"
    joined.breath.act = None
    joined.fly(8)
    assert isinstance(joined.worker.perform(KEEP), ResultKept)
    kept = joined.kept(RESULT)
    assert kept is not None
    assert unpacked(kept)[0].serial == 7


@pytest.mark.slow
@pytest.mark.parametrize("struck", ["disk", "jobs"])
def test_power_cuts_while_a_file_arrives_and_a_package_is_taken(struck: str) -> None:
    """Both are old or new, and both get done when the power is back."""

    def begun(seed: int) -> tuple[Joined, SimulatedDisk]:
        joined = Joined(seed)
        send_up(joined, OTHER, CONTENT)
        joined.meanwhile(lambda: joined.fly(6))
        return joined, getattr(joined, struck)

    joined, disk = begun(0)
    before = disk.operations
    assert isinstance(joined.worker.perform(TAKE), PackageTaken)
    operations = disk.operations - before
    assert operations > 5
    for at in range(1, operations + 1):
        joined, disk = begun(at)
        disk.cut_at(disk.operations + at)
        with pytest.raises(PowerCut):
            joined.worker.perform(TAKE)
        joined.disk, joined.jobs, joined.breath.act = joined.disk.reboot(), joined.jobs.reboot(), None
        joined.boot()
        assert joined.kept(OTHER) in (None, CONTENT), at
        assert (joined.kept(NAME) == GOOD) or ModelledShelf(joined.jobs).taken(7) is not None, at
        assert isinstance(joined.worker.perform(TAKE), PackageTaken), at
        joined.fly(60)
        assert joined.kept(OTHER) == CONTENT, at


def test_a_great_file_is_synced_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(os.lseek(file, 0, os.SEEK_CUR)))
    files = {"main.py": bytes(2 * SLICE_OCTETS + 1)}
    breaths: list[int] = []
    octets = package(with_files(files), files=files)
    closed = unpack([octets], tmp_path / "7", GATE, lambda: breaths.append(1))
    assert isinstance(closed, Closed)
    assert synced == [SLICE_OCTETS, 2 * SLICE_OCTETS]
    assert len(breaths) > 100


class Slow:
    """Its work takes three breaths."""

    def __init__(self, breath: Callable[[], None]) -> None:
        self.breath = breath
        self.done: list[str] = []
        self.depth = 0

    def perform(self, request: object) -> tuple[object, ...]:
        name = type(request).__name__
        self.depth += 1
        assert self.depth <= 2, "within a breath none is taken"
        self.done.append(f"{name} begins")
        for _ in range(3):
            self.breath()
        self.depth -= 1
        self.done.append(f"{name} ends")
        return Ordered(0)


@pytest.mark.parametrize("at_once", [True, False])
def test_short_requests_are_answered_before_a_long_one_and_long_ones_keep_their_order(at_once: bool) -> None:
    ours, theirs = socket.socketpair()
    breath = Breath()
    worker = Slow(breath)
    requests = [DropJob(0, 1), Turn(0, False, 0, ()), DropJob(0, 2), ListFiles(0, "")]
    octets = [pack(number, request) for number, request in enumerate(requests, 1)]
    if at_once:
        ours.sendall(b"".join(octets))
    else:
        ours.sendall(octets[0])
        rest = iter(octets[1:])

        def breathe() -> None:
            ours.sendall(next(rest, b""))
            breath()

        worker.breath = breathe
    thread = threading.Thread(target=serve, args=(theirs.detach(), worker, breath, FILE_REQUESTS))
    thread.start()
    unpacker, answered = Unpacker(), list[int]()
    while len(answered) < len(requests):
        answered += [ticket for ticket, _ in unpacker.feed(ours.recv(4096))]
    ours.close()
    thread.join(60)
    assert answered == [2, 4, 1, 3]
    assert worker.done[0] == "DropJob begins"
    assert worker.done[-2:] == ["DropJob begins", "DropJob ends"]


def test_what_was_begun_is_done_though_nobody_listens_any_more() -> None:
    ours, theirs = socket.socketpair()
    breath = Breath()
    worker = Slow(breath)
    ours.sendall(pack(1, DropJob(0, 1)) + pack(2, DropJob(0, 2)))
    ours.close()
    serve(theirs.detach(), worker, breath, FILE_REQUESTS)
    assert worker.done == ["DropJob begins", "DropJob ends"] * 2
