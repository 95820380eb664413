"""The storage worker of the simulated computer: late, silent, killed in the middle of its work, and back."""

from __future__ import annotations

import random

import pytest

from flight.declare import Append, Commit, Snapshot, Stored, Stores
from flight.kernel.work import NEVER, Tickets
from flight.store import StoreBudget
from flight.workers.process import BACK_OFF_NS, LOST
from flight.workers.storage import StorageWorker
from sim.computer import VirtualWorker
from sim.disk import SimulatedDisk

TICK = 10**8


@pytest.fixture
def disk() -> SimulatedDisk:
    return SimulatedDisk(random.Random(1))


@pytest.fixture
def worker(disk) -> VirtualWorker:
    return VirtualWorker(lambda: StorageWorker(disk, [StoreBudget("critical", 1 << 20, 1 << 16)]))


def test_answers_come_in_order_and_after_the_delay(worker) -> None:
    worker.delay_ns = 3 * TICK
    assert worker.submit(1, Append(0, 0, (b"a",)), 0)
    assert worker.submit(2, Commit(), TICK)
    assert worker.poll(2 * TICK) == ()
    assert worker.poll(3 * TICK) == [(1, Stored())]
    assert worker.poll(4 * TICK) == [(2, Stored())]


def test_a_worker_that_stands_still_answers_nothing(worker) -> None:
    worker.hung = True
    worker.submit(1, Commit(), 0)
    assert worker.poll(TICK) == ()
    worker.hung = False
    assert worker.poll(2 * TICK) == [(1, Stored())]


def test_killed_at_work_all_that_waits_fails_and_what_was_in_memory_is_gone(worker, disk) -> None:
    worker.submit(1, Append(0, 0, (b"z",)), 0)  # reserves numbers
    worker.poll(TICK)
    counts: list[int] = []
    heard: list[str] = []
    worker.raise_counts = counts.extend
    worker.heard_lost = lambda: heard.append("lost")
    for ticket, request in ((2, Append(0, 1, (b"a",) * 3)), (3, Commit()), (4, Commit())):
        worker.submit(ticket, request, 2 * TICK)
    disk.kill_at(disk.operations + 1)
    answers = dict(worker.poll(3 * TICK))
    assert answers[3] == answers[4] == LOST
    assert (worker.lost, heard) == (1, ["lost"])
    assert not worker.submit(5, Commit(), 4 * TICK), "it is down"

    back = 3 * TICK + BACK_OFF_NS[0]
    assert worker.submit(6, Commit(), back)
    assert counts[0] >= 4, "no number that was used"
    worker.submit(7, Commit(), back)
    worker.submit(8, Append(0, 0, (b"c",)), back)
    answers = dict(worker.poll(back + TICK))
    assert answers[7] == Stored()
    assert not isinstance(answers[8], Stored), "a number that may have been used"


def test_what_a_new_one_tells_is_reserved_before_it_is_used(worker, disk) -> None:
    """A packet of the first number may be heard on the ground, and lost here with the power."""
    counts: list[int] = []
    worker.raise_counts = counts.extend
    worker.submit(1, Append(0, 0, (b"z",)), 0)
    disk.kill_at(disk.operations + 1)
    worker.poll(TICK)
    assert worker.submit(2, Snapshot(), TICK + BACK_OFF_NS[0])
    after = StorageWorker(disk.reboot(), [StoreBudget("critical", 1 << 20, 1 << 16)]).perform(Snapshot())
    assert isinstance(after, Stores)
    assert after.next_counts[0] > counts[0]


def test_one_that_is_killed_again_at_its_start_waits_longer(worker, disk) -> None:
    worker.submit(1, Commit(), 0)
    disk.kill_at(disk.operations + 1)
    assert worker.poll(TICK) == [(1, LOST)]
    disk.kill_at(disk.operations + 1)
    second = TICK + BACK_OFF_NS[0]
    assert not worker.submit(2, Commit(), second)
    assert worker.lost == 2
    assert not worker.submit(3, Commit(), second + BACK_OFF_NS[1] - 1)
    assert worker.submit(4, Commit(), second + BACK_OFF_NS[1])
    assert worker.poll(second + BACK_OFF_NS[1]) == [(4, Stored())]


def test_a_new_one_on_a_disk_that_fails_is_asked_again(worker, disk) -> None:
    worker.submit(1, Commit(), 0)
    disk.kill_at(disk.operations + 1)
    worker.poll(TICK)
    disk.set_read_only(True)
    disk.fail_at(disk.operations + 1, times=100)
    back = TICK + BACK_OFF_NS[0]
    assert not worker.submit(2, Commit(), back)
    disk.set_read_only(False)
    disk.fail_at(0, times=0)
    assert worker.submit(3, Commit(), back + TICK)
    assert isinstance(worker.perform(Snapshot()), Stores)


def test_tickets_are_looked_at_when_an_answer_may_be_due(worker) -> None:
    tickets = Tickets(worker)
    assert tickets.look_at == NEVER
    worker.delay_ns = 3 * TICK
    tickets.submit(4, 1, Commit(), 10 * TICK, 0)
    assert tickets.look_at == 0, "a request may have been answered at once, or refused"
    assert tickets.collect(TICK) == []
    assert tickets.look_at == 3 * TICK
    worker.hung = True
    assert tickets.collect(3 * TICK) == []
    assert tickets.look_at == 10 * TICK, "when its time is over"
    worker.hung = False
    assert tickets.collect(4 * TICK) == [(4, 1, Stored())]
    assert tickets.look_at == NEVER
