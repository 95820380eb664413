"""What a boot asks of storage, and what it makes of the answers."""

from __future__ import annotations

import random

import pytest

from flight.boot import RESERVED_NS, Resumed, pack_boot, pack_clock
from flight.declare import (
    SECOND,
    Append,
    Boot,
    Failed,
    Found,
    LoadDocument,
    LoadState,
    SaveState,
    Snapshot,
    StorageRequest,
    Stored,
    Stores,
)
from flight.declare.storage import Extent, StoreState
from flight.recovery import UNKNOWN_COUNT, recover, without_storage
from flight.store import StoreBudget
from flight.workers.storage import StorageWorker
from sim.disk import SimulatedDisk


class Storage:
    """Answers from memory."""

    def __init__(self, **states: bytes) -> None:
        self.states = states
        self.documents = {"parameters": b"p", "unasked": b"u"}
        self.asked: list[StorageRequest] = []
        self.snapshot: object = Stores(
            tuple(
                StoreState(name, Extent(0, count), 0, 0, 0, 0, 0, 0)
                for name, count in zip("abc", (5, 6, 7), strict=True)
            ),
            False,
            0,
        )

    def ask(self, request: StorageRequest) -> object:
        self.asked.append(request)
        match request:
            case LoadState(name):
                return Found(name, self.states.get(name), False)
            case LoadDocument(name):
                return Found(name, self.documents.get(name), False)
            case Snapshot():
                return self.snapshot
        return Stored()


def test_a_first_boot_finds_nothing_and_counts_itself() -> None:
    storage = Storage()
    resumed, loaded = recover(storage.ask, ["power", "modes"], reason=1, safe=False)
    assert (resumed.boot.count, resumed.boot.clean, resumed.boot.reason, resumed.boot.safe) == (
        1,
        True,
        1,
        False,
    )
    assert resumed.clock == 0
    assert loaded.kept == {}
    assert SaveState("boot", pack_boot(1)) in storage.asked


def test_a_later_boot_goes_on_where_the_last_one_left() -> None:
    storage = Storage(boot=pack_boot(4), clock=pack_clock(90 * SECOND + 1, clean=False), modes=b"kept")
    resumed, loaded = recover(storage.ask, ["power", "modes"], reason=3, safe=True)
    assert (resumed.boot.count, resumed.boot.clean, resumed.boot.reason, resumed.boot.safe) == (
        5,
        False,
        3,
        True,
    )
    assert resumed.clock == 91 * SECOND
    assert loaded.kept == {"modes": b"kept"}
    assert loaded.documents == {"parameters": b"p"}
    assert tuple(loaded.next_counts) == (5, 6, 7)
    assert SaveState("boot", pack_boot(5)) in storage.asked


def test_numbers_are_reserved_before_the_first_is_used() -> None:
    storage = Storage()
    recover(storage.ask, [], reason=1, safe=False)
    assert storage.asked[-3:] == [Append(0, 5, ()), Append(1, 6, ()), Append(2, 7, ())]


def test_a_power_cut_before_the_first_write_uses_no_number_twice() -> None:
    """The ground may have heard what was emitted in between."""
    budgets = [StoreBudget(name, 2**16, 2**12) for name in ("a", "b", "c")]
    disk = SimulatedDisk(random.Random(1))
    for _ in range(3):
        worker = StorageWorker(disk, budgets)
        _, first = recover(worker.perform, [], reason=1, safe=False)
        disk = disk.reboot()
        _, second = recover(StorageWorker(disk, budgets).perform, [], reason=1, safe=False)
        disk = disk.reboot()
        assert all(
            later > before for before, later in zip(first.next_counts, second.next_counts, strict=True)
        )


def test_stores_that_cannot_be_opened_do_not_keep_it_from_flying() -> None:
    storage = Storage(boot=pack_boot(4), clock=pack_clock(90 * SECOND, clean=False), modes=b"kept")
    storage.snapshot = Failed("disk: Input/output error")
    resumed, loaded = recover(storage.ask, ["modes"], reason=1, safe=False)
    assert (resumed.boot.count, resumed.clock) == (5, 90 * SECOND), "the slots could be read"
    assert min(loaded.next_counts) >= UNKNOWN_COUNT


def test_without_storage_nothing_is_kept_and_no_number_taken_for_free() -> None:
    given = Resumed(Boot(0, clean=False, safe=True, reason=2), 70 * SECOND)
    resumed, loaded = without_storage(given)
    assert resumed == given
    assert (loaded.kept, loaded.documents) == ({}, {})
    assert min(loaded.next_counts) >= UNKNOWN_COUNT
    assert max(loaded.next_counts) < 2**56


def test_two_lives_without_their_stores_use_different_numbers() -> None:
    first = Storage(boot=pack_boot(4), clock=pack_clock(90 * SECOND, clean=False))
    second = Storage(boot=pack_boot(5), clock=pack_clock(90 * SECOND + RESERVED_NS, clean=False))
    first.snapshot = second.snapshot = Failed("gone")
    counts = [recover(one.ask, [], 1, safe=False)[1].next_counts[0] for one in (first, second)]
    assert counts[1] - counts[0] >= RESERVED_NS // SECOND * 1_000, "a thousand packets for each second"


def test_storage_that_gives_no_answer_is_said_to_the_caller() -> None:
    def ask(request: StorageRequest) -> object:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        recover(ask, [], reason=1, safe=False)
