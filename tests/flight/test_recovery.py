"""What a boot asks of storage, and what it makes of the answers."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from flight.boot import CLOCK_STATE, RESERVED_NS, Resumed, pack_boot, pack_clock
from flight.declare import (
    SECOND,
    Append,
    Boot,
    Commit,
    Failed,
    Found,
    LoadDocument,
    LoadState,
    Read,
    Records,
    SaveState,
    Snapshot,
    StorageRequest,
    Stored,
    Stores,
)
from flight.declare.storage import Extent, StoreState
from flight.recovery import ATTEMPTS, recover, without_storage
from flight.store import StoreBudget
from flight.wire import UNSTORED_COUNT, encode_tm
from flight.workers.storage import StorageWorker
from sim.disk import SimulatedDisk


class Storage:
    """Answers from memory."""

    def __init__(self, counts: tuple[int, ...] = (5, 6, 7), **states: bytes) -> None:
        self.states = states
        self.damaged: set[str] = set()
        self.records: dict[int, dict[int, bytes]] = {}
        self.documents = {"parameters": b"p", "unasked": b"u"}
        self.asked: list[StorageRequest] = []
        self.snapshot: object = Stores(
            tuple(
                StoreState(name, Extent(0, count), 0, 0, 0, 0, 0, 0)
                for name, count in zip("abc", counts, strict=True)
            ),
            False,
            0,
        )

    def ask(self, request: StorageRequest) -> object:
        self.asked.append(request)
        match request:
            case LoadState(name):
                return Found(name, self.states.get(name), name in self.damaged)
            case LoadDocument(name):
                return Found(name, self.documents.get(name), False)
            case Snapshot():
                return self.snapshot
            case Read(store, first, last):
                held = self.records.get(store, {})
                return Records(store, tuple((n, held[n]) for n in sorted(held) if first <= n <= last)[:1], 0)
        return Stored()


def test_a_first_boot_finds_nothing_and_counts_itself() -> None:
    storage = Storage(counts=(0, 0, 0))
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
    appended = [request for request in storage.asked if isinstance(request, Append)]
    assert appended == [Append(0, 5, ()), Append(1, 6, ()), Append(2, 7, ())]


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
    assert min(loaded.next_counts) >= UNSTORED_COUNT
    assert resumed.provisional
    assert not any(isinstance(request, SaveState | Append) for request in storage.asked), (
        "what is there stays"
    )


def test_without_storage_nothing_is_kept_and_no_number_taken_for_free() -> None:
    given = Resumed(Boot(0, clean=False, safe=True, reason=2), 70 * SECOND)
    resumed, loaded = without_storage(given, lot=7)
    assert resumed == replace(given, provisional=True)
    assert (loaded.kept, loaded.documents) == ({}, {})
    assert min(loaded.next_counts) >= UNSTORED_COUNT
    assert max(loaded.next_counts) < 2**56


@pytest.mark.parametrize("lot", [0, 1, 2**28 - 1, 2**32 - 1, 2**64])
def test_lives_without_storage_use_numbers_of_their_own(lot: int) -> None:
    storage = Storage()
    storage.snapshot = Failed("gone")
    first, second = (recover(storage.ask, [], 1, False, one)[1].next_counts[0] for one in (lot, lot + 1))
    assert abs(second - first) >= 2**25
    assert UNSTORED_COUNT <= min(first, second) <= max(first, second) < 2**56 - 2**25


def test_a_disk_that_fails_for_a_while_is_asked_again() -> None:
    """One error at boot must not cost the boot count, the clock and everything that is kept."""
    budgets = [StoreBudget(name, 2**16, 2**12) for name in ("a", "b", "c")]
    disk = SimulatedDisk(random.Random(1))
    worker = StorageWorker(disk, budgets)
    recover(worker.perform, [], reason=1, safe=False)
    worker.perform(SaveState(CLOCK_STATE, pack_clock(90 * SECOND, clean=False)))
    disk = disk.reboot()
    disk.fail_at(disk.operations + 1, times=ATTEMPTS - 1)
    resumed, loaded = recover(StorageWorker(disk, budgets).perform, [], reason=1, safe=False)
    assert (resumed.boot.count, resumed.clock, resumed.provisional) == (2, 90 * SECOND, False)
    assert max(loaded.next_counts) < UNSTORED_COUNT


def flown(disk: SimulatedDisk, budgets: list[StoreBudget], until: int) -> int:
    """A life that ends in a power cut: a packet in each store, one of them at `until`.  Its first free count."""
    worker = StorageWorker(disk, budgets)
    resumed, loaded = recover(worker.perform, ["commands"], reason=1, safe=False)
    first = loaded.next_counts[0]
    assert until > resumed.clock
    for store, before in enumerate((9 * SECOND, 1, 5 * SECOND)):
        packet = encode_tm(1, 0, 17, 2, 0, 0, until - before + 1, store << 56 | first, b"")
        worker.perform(Append(store, loaded.next_counts[store], (packet,)))
    worker.perform(Commit())
    worker.perform(SaveState(CLOCK_STATE, pack_clock(until + RESERVED_NS, clean=False)))
    worker.perform(SaveState("commands", b"ring"))
    return first


@pytest.mark.parametrize("spoil", ["gone", "unreadable"])
@pytest.mark.parametrize("names", [("boot",), ("clock",), ("boot", "clock")])
def test_lost_slots_cost_neither_clock_nor_numbers_nor_kept_state(names: tuple[str, ...], spoil: str) -> None:
    """The stores carry times: their newest record tells the clock a floor."""
    budgets = [StoreBudget(name, 2**16, 2**12) for name in ("a", "b", "c")]
    disk = SimulatedDisk(random.Random(1))
    until, counts, boots = 1_000 * SECOND, [], []
    for life in range(4):
        counts.append(flown(disk, budgets, until))
        disk = disk.reboot()
        for file in [
            file for file in disk.names() if file.startswith(tuple(f"state-{name}." for name in names))
        ]:
            if spoil == "gone":
                disk.remove(file)
            else:
                disk.write(file, 0, b"?" * disk.size(file))
        resumed, loaded = recover(StorageWorker(disk, budgets).perform, ["commands"], 1, safe=False)
        boots.append(resumed.boot.count)
        assert resumed.clock > until, f"life {life}: the clock does not go back"
        assert resumed.clock <= until + 2 * RESERVED_NS, "nor far ahead"
        assert not resumed.boot.clean
        assert loaded.kept == {"commands": b"ring"}
        assert min(loaded.next_counts) > counts[-1]
        disk = disk.reboot()
        until = resumed.clock + 3_600 * SECOND
    assert boots == sorted(set(boots)), "no boot count twice"


def test_one_damaged_slot_is_reason_enough_to_look_at_the_records() -> None:
    """The newest slot may be the damaged one; then an older floor is found."""
    storage = Storage(boot=pack_boot(4), clock=pack_clock(90 * SECOND, clean=True))
    assert recover(storage.ask, [], 1, safe=False)[0].boot.clean
    storage.damaged = {"clock"}
    packet = encode_tm(1, 0, 17, 2, 0, 0, 500 * SECOND, 3, b"")
    storage.records = {1: {3: packet}}
    resumed, _ = recover(storage.ask, [], 1, safe=False)
    assert (resumed.boot.count, resumed.boot.clean, resumed.clock) == (5, False, 500 * SECOND + RESERVED_NS)


def test_storage_that_gives_no_answer_is_said_to_the_caller() -> None:
    def ask(request: StorageRequest) -> object:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        recover(ask, [], reason=1, safe=False)
