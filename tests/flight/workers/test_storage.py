"""The storage worker answers every request, whatever the disk does."""

from __future__ import annotations

import random
from typing import cast

import pytest

from flight.declare.storage import (
    READ_LIMIT_BYTES,
    Append,
    Close,
    Commit,
    Extent,
    Failed,
    Found,
    LoadDocument,
    LoadState,
    Read,
    Records,
    SaveDocument,
    SaveState,
    Scrub,
    Snapshot,
    StorageRequest,
    Stored,
    Stores,
)
from flight.store import StoreBudget
from flight.workers.storage import NAME_LENGTH_LIMIT, NAMES_LIMIT, StorageWorker
from sim.disk import NEVER, PowerCut, SimulatedDisk

STORES = (StoreBudget("events", 1 << 20), StoreBudget("housekeeping", 1 << 20))
REQUESTS: tuple[StorageRequest, ...] = (
    Append(0, 0, (b"a",)),
    Commit(),
    Read(0, 0, 9),
    SaveState("mode", b"safe"),
    SaveDocument("table", b"rows"),
    LoadState("mode"),
    LoadDocument("table"),
    Scrub(),
    Snapshot(),
    Close(),
)


@pytest.fixture
def disk() -> SimulatedDisk:
    return SimulatedDisk(random.Random(0))


def test_a_day_in_short(disk: SimulatedDisk) -> None:
    worker = StorageWorker(disk, STORES)
    assert worker.perform(Append(1, 0, (b"h0", b"h1"))) == Stored()
    assert worker.perform(Read(1, 0, 9)) == Records(1, (), 0)
    assert worker.perform(Commit()) == Stored()
    assert worker.perform(Read(1, 0, 9)) == Records(1, ((0, b"h0"), (1, b"h1")), 0)
    assert worker.extent(1) == Extent(0, 2)
    assert worker.perform(SaveState("mode", b"safe")) == Stored()
    assert worker.perform(SaveDocument("schedule", b"rows")) == Stored()
    assert worker.perform(Close()) == Stored()
    worker = StorageWorker(disk.reboot(), STORES)
    assert worker.perform(LoadState("mode")) == Found("mode", b"safe", False)
    assert worker.perform(LoadDocument("schedule")) == Found("schedule", b"rows", False)
    assert worker.perform(LoadState("schedule")) == Found("schedule", None, False)
    assert worker.extent(1) == Extent(0, 2)


def test_a_snapshot_tells_how_the_stores_are(disk: SimulatedDisk) -> None:
    worker = StorageWorker(disk, STORES)
    worker.perform(Append(0, 0, (bytes(80),)))
    worker.perform(Commit())
    worker.perform(Append(0, 0, (b"again",)))
    name = next(name for name in disk.names() if name.startswith("events"))
    disk.flip(name, 500)
    worker.perform(Scrub())
    stores = worker.perform(Snapshot())
    assert isinstance(stores, Stores)
    first, second = stores.stores
    assert (first.name, first.extent, first.stored_bytes) == ("events", Extent(0, 1), 100)
    assert (first.damaged_octets, first.damaged_stretches) == (100, 1)
    assert (second.damaged_octets, second.stored_bytes) == (0, 0)
    assert stores.failures == 1


def test_damage_met_by_a_read_is_told(disk: SimulatedDisk) -> None:
    worker = StorageWorker(disk, STORES)
    worker.perform(Append(0, 0, (b"a", b"b", b"c")))
    worker.perform(Commit())
    name = next(name for name in disk.names() if name.startswith("events"))
    disk.flip(name, 8 * 22)
    assert worker.perform(Read(0, 0, 9)) == Records(0, ((0, b"a"), (2, b"c")), 21)
    assert worker.perform(Read(0, 0, 9)) == Records(0, ((0, b"a"), (2, b"c")), 21)


def test_a_read_is_bounded(disk: SimulatedDisk) -> None:
    worker = StorageWorker(disk, STORES)
    for count in range(8):
        worker.perform(Append(0, count, (bytes(60_000),)))
    worker.perform(Commit())
    result = worker.perform(Read(0, 0, 9, 1 << 40))
    assert isinstance(result, Records)
    assert sum(len(packet) for _, packet in result.records) <= READ_LIMIT_BYTES
    result = worker.perform(Read(0, 3, 9, -5))
    assert isinstance(result, Records)
    assert [count for count, _ in result.records] == [3]


@pytest.mark.parametrize(
    "request_",
    [
        Append(2, 0, (b"",)),
        Append(-1, 0, (b"",)),
        Append(0, -1, (b"",)),
        Append(0, 1 << 56, (b"",)),
        Append(0, 0, (bytes(70_000),)),
        Read(5, 0, 1),
        SaveState("", b""),
        SaveState("../mode", b""),
        SaveState("x" * 49, b""),
        SaveState("mode", bytes(20_000)),
        SaveDocument("Table", b""),
        SaveDocument("table", bytes(2 << 20)),
        LoadState("a.b"),
        LoadDocument("a\0b"),
    ],
)
def test_what_must_not_be_done_is_refused_and_changes_nothing(
    disk: SimulatedDisk, request_: StorageRequest
) -> None:
    worker = StorageWorker(disk, STORES)
    worker.perform(Scrub())
    result = worker.perform(request_)
    assert isinstance(result, Failed)
    assert result.reason
    assert not [name for name in disk.names() if not name.startswith("recorder")]


def test_what_is_no_request_fails(disk: SimulatedDisk) -> None:
    worker = StorageWorker(disk, STORES)
    for request in cast("list[StorageRequest]", [None, 7, (0, 0, (b"a",)), Stored()]):
        assert isinstance(worker.perform(request), Failed)


def test_it_tells_whether_the_stores_are_open(disk: SimulatedDisk) -> None:
    worker = StorageWorker(disk, STORES)
    disk.fail_at(1, times=100)
    worker.perform(Scrub())
    assert not worker.opened
    disk.fail_at(NEVER)
    worker.perform(Scrub())
    assert worker.opened


def test_any_range_may_be_read(disk: SimulatedDisk) -> None:
    worker = StorageWorker(disk, STORES)
    for first, last in ((-5, -1), (9, 3), (0, 1 << 70), (1 << 70, 1 << 71)):
        assert worker.perform(Read(1, first, last)) == Records(1, (), 0)


def test_damage_to_what_is_kept_is_told(disk: SimulatedDisk) -> None:
    worker = StorageWorker(disk, STORES)
    name = "x" * NAME_LENGTH_LIMIT
    worker.perform(SaveState(name, b"safe"))
    worker.perform(SaveDocument(name, b"rows"))
    disk.flip(f"state-{name}.slot0", 3)
    disk.flip(f"table-{name}.document", 3)
    assert worker.perform(LoadState(name)) == Found(name, b"safe", True)
    assert worker.perform(LoadDocument(name)) == Found(name, b"rows", True)


def test_names_are_bounded(disk: SimulatedDisk) -> None:
    worker = StorageWorker(disk, STORES)
    results = [worker.perform(LoadState(f"m{index}")) for index in range(NAMES_LIMIT + 1)]
    assert [isinstance(result, Failed) for result in results] == [False] * NAMES_LIMIT + [True]
    assert worker.perform(LoadState("m0")) == Found("m0", None, False)


def test_a_dead_disk_fails_each_request_and_a_mended_one_serves(disk: SimulatedDisk) -> None:
    worker = StorageWorker(disk, STORES)
    disk.fail_at(1, NEVER)
    for request in REQUESTS:
        result = worker.perform(request)
        assert isinstance(result, Failed)
        assert result.reason == "disk: Input/output error"
    disk.fail_at(NEVER)
    stores = worker.perform(Snapshot())
    assert isinstance(stores, Stores)
    assert stores.failures == len(REQUESTS)
    for request in REQUESTS:
        assert not isinstance(worker.perform(request), Failed)


def test_a_disk_that_dies_at_work_raises_nothing() -> None:
    for dies_at in range(1, 60):
        disk = SimulatedDisk(random.Random(dies_at))
        worker = StorageWorker(disk, STORES)
        disk.fail_at(dies_at, NEVER)
        for request in REQUESTS * 2:
            worker.perform(request)


def test_a_power_cut_passes_through(disk: SimulatedDisk) -> None:
    worker = StorageWorker(disk, STORES)
    disk.cut_at(1)
    with pytest.raises(PowerCut):
        worker.perform(Commit())


def test_a_failed_commit_may_be_asked_for_again(disk: SimulatedDisk) -> None:
    worker = StorageWorker(disk, STORES)
    worker.perform(Append(0, 0, (b"a",)))
    disk.fail_at(disk.operations + 1, times=20)
    assert isinstance(worker.perform(Commit()), Failed)
    disk.fail_at(NEVER)
    assert worker.perform(Commit()) == Stored()
    assert worker.perform(Read(0, 0, 9)) == Records(0, ((0, b"a"),), 0)
