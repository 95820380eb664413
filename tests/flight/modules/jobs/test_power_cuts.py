"""The power is cut at every operation of the disk that the book is on; afterwards the jobs go on as promised."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from flight.declare import SECOND, Failed, Found, LoadDocument, LoadState, SaveDocument, SaveState
from flight.declare.running import StartJob
from flight.modules.jobs.stages import JobStage
from flight.store import StoreBudget
from flight.workers.storage import StorageWorker
from sim.disk import PowerCut, SimulatedDisk
from tests.flight.modules.jobs.alone import Alone, Ground, Keep, outlook

CUTS_MAX = 400
BUDGETS = [StoreBudget("events", 1 << 20, 1 << 17)]


@dataclass
class DiskGround(Ground):
    disk: SimulatedDisk = field(default_factory=lambda: SimulatedDisk(random.Random(0)))

    def __post_init__(self) -> None:
        self.worker = StorageWorker(self.disk, BUDGETS)

    def stored(self, request: SaveDocument | Keep) -> object:
        return self.worker.perform(SaveState("jobs", request.body) if isinstance(request, Keep) else request)

    def reboot(self) -> None:
        self.disk = self.disk.reboot()
        self.worker = StorageWorker(self.disk, BUDGETS)
        document, kept = self.worker.perform(LoadDocument("jobs")), self.worker.perform(LoadState("jobs"))
        assert isinstance(document, Found), document
        assert isinstance(kept, Found), kept
        self.documents = {"jobs": document.body} if document.body is not None else {}
        self.kept = kept.body or b""


class Flown:
    """One job that may be begun once and one that may be begun thrice, over as many lives as it takes."""

    def __init__(self, cut: int, seed: int) -> None:
        self.ground = DiskGround(disk=SimulatedDisk(random.Random(seed)))
        self.ground.disk.cut_at(cut)
        self.starts: Counter[tuple[int, int]] = Counter()
        self.told: list[str] = []
        self.cut = False
        alone = Alone(self.ground)
        try:
            self._fly(alone, first=True)
        except PowerCut:
            self.cut = True
            self._count(alone)
            self.ground.reboot()
            self.again = Alone(self.ground, alone.now + 7 * SECOND)
            self._fly(self.again, first=False)
            alone = self.again
        self._count(alone)
        self.last = alone

    def _fly(self, alone: Alone, *, first: bool) -> None:
        told = outlook(alone.now // (60 * SECOND) * 60 * SECOND)
        alone.begin(told)
        if first:
            for ident, attempts in ((1, 1), (2, 3)):
                alone.hand_in(ident, attempts=attempts, work_s=20)
        alone.seen["carrier"] = True
        for _ in range(400):
            alone.fly()
            for file in list(alone.ground.sent):
                alone.arrive(file)
            rows = list(alone.module.desk.book)
            if (
                all(row.state is JobStage.DELIVERED for row in rows)
                and alone.now % (60 * SECOND) > 50 * SECOND
            ):
                break

    def _count(self, alone: Alone) -> None:
        for one in alone.asked:
            if isinstance(one, StartJob):
                self.starts[one.job, one.stage] += 1


@pytest.mark.parametrize(
    "step", [pytest.param(5, marks=pytest.mark.slow), pytest.param(1, marks=pytest.mark.long)]
)
def test_a_power_cut_at_any_operation_breaks_no_promise(step: int) -> None:
    cuts = 0
    for cut in range(1, CUTS_MAX, step):
        flown = Flown(cut, seed=cut)
        if not flown.cut:
            break
        cuts += 1
        once = [row.number for row in flown.last.module.desk.book if row.known.attempts == 1]
        assert all(flown.starts[number, 0] <= 1 for number in once), (cut, flown.starts)
        assert all(row.state is JobStage.DELIVERED for row in flown.last.module.desk.book), (
            cut,
            flown.last.states(),
            flown.last.events[-6:],
        )
        assert flown.last.module.losses == 0, cut
    else:
        pytest.fail("the flight has more operations than were cut")
    assert cuts * step > 60


def test_damage_that_brings_an_older_book_back_does_not_begin_a_job_twice() -> None:
    alone = Alone().begin()
    alone.boards = False
    number = alone.hand_in(attempts=1)
    other = alone.hand_in(2, attempts=2)
    old = alone.ground.documents["jobs"]
    alone.boards = True
    alone.until(lambda: alone.starts(number) == 1, 200)
    alone.fly(10)
    alone.ground.documents["jobs"] = old
    fresh = alone.boot().begin(outlook(alone.now // (60 * SECOND) * 60 * SECOND))
    assert fresh.told("book_lost") == [(1,)]
    fresh.until(lambda: fresh.state(number) is JobStage.RESULT, 300)
    assert fresh.starts(number) == 0
    assert fresh.module.desk.book.rows[number].reason == "may have been begun, and may not be begun again"
    fresh.until(lambda: fresh.state(other) is JobStage.RESULT, 4000)
    assert fresh.module.desk.book.rows[other].ended == "DONE"


def test_a_disk_that_refuses_starts_nothing() -> None:
    alone = Alone().begin()
    number = alone.hand_in()
    stored = alone.ground.stored
    alone.ground.stored = lambda _: Failed("no space")  # type: ignore[method-assign,assignment]
    alone.fly(200)
    assert alone.starts(number) == 0
    assert alone.module.desk.saver.failures > 10
    alone.ground.stored = stored  # type: ignore[method-assign]
    alone.until(lambda: alone.starts(number) == 1, 200)


def test_the_critical_slot_is_never_ahead_of_the_book_on_the_disk() -> None:
    """A boot would take the book for an older one, and fail every job that may be begun once."""
    alone = Alone().begin()
    alone.boards = False
    number = alone.hand_in(attempts=1)
    alone.lose = lambda request: isinstance(request, SaveDocument)
    alone.boards = True
    alone.until(lambda: alone.state(number) is JobStage.STARTING, 200)
    alone.fly(10)
    assert alone.starts(number) == 0
    fresh = alone.boot().begin(outlook(alone.now // (60 * SECOND) * 60 * SECOND))
    assert fresh.told("book_lost") == []
    fresh.until(lambda: fresh.state(number) is JobStage.RESULT, 2000)
    assert fresh.module.desk.book.rows[number].ended == "DONE"
