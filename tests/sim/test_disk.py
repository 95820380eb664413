"""The simulated disk fails as it says, and without faults it is a disk."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from flight.drivers.posix_disk import PosixDisk
from flight.ports import Disk
from sim.disk import CACHE_DEPTH, NEVER, Cache, PowerCut, ProcessKilled, SimulatedDisk
from sim.disk_conformance import DISK_CHECKS
from sim.medium import SECTOR_OCTETS, SHELVED_FROM, sectors

OUTCOMES = 300  # seeds in which each outcome of a power cut must appear


def simulated(_: Path) -> Disk:
    return SimulatedDisk(random.Random(0))


def simulated_liar(_: Path) -> Disk:
    return SimulatedDisk(random.Random(0), cache=Cache.REORDERED)


def posix(path: Path) -> Disk:
    return PosixDisk(path)


@pytest.mark.parametrize("make", [simulated, simulated_liar, posix])
@pytest.mark.parametrize("check", DISK_CHECKS)
def test_conforms(make: Callable[[Path], Disk], check: Callable[[Disk], None], tmp_path: Path) -> None:
    disk = make(tmp_path)
    check(disk)
    if isinstance(disk, PosixDisk):
        disk.close()


def outcomes(prepare: Callable[[SimulatedDisk], None], cache: Cache = Cache.HONEST) -> set[bytes | None]:
    """What the file "a" may hold after a power cut; None if it is absent."""
    found: set[bytes | None] = set()
    for seed in range(OUTCOMES):
        disk = SimulatedDisk(random.Random(seed), cache=cache)
        prepare(disk)
        disk = disk.reboot()
        found.add(disk.read("a", 0, NEVER) if "a" in disk.names() else None)
    return found


def saved(disk: SimulatedDisk, data: bytes = b"old") -> None:
    disk.write("a", 0, data)
    disk.sync("a")
    disk.sync_directory()


def test_what_is_synced_stays() -> None:
    assert outcomes(saved) == {b"old"}


def test_a_name_is_not_sure_before_the_directory_is_synced() -> None:
    def prepare(disk: SimulatedDisk) -> None:
        disk.write("a", 0, b"new")
        disk.sync("a")

    assert outcomes(prepare) == {None, b"new"}


def test_an_unsynced_write_is_kept_dropped_or_garbage() -> None:
    def prepare(disk: SimulatedDisk) -> None:
        saved(disk)
        disk.write("a", 0, b"new")

    found = outcomes(prepare)
    assert {b"old", b"new"} < found
    assert all(data is not None and len(data) == 3 for data in found)


def test_a_write_is_torn_at_sectors() -> None:
    def prepare(disk: SimulatedDisk) -> None:
        saved(disk, b"o" * 3 * SECTOR_OCTETS)
        disk.write("a", 0, b"n" * 3 * SECTOR_OCTETS)

    torn = {data[::SECTOR_OCTETS] for data in outcomes(prepare) if data is not None}
    assert {b"non", b"ono", b"nno", b"oon"} <= torn


def test_later_writes_may_survive_earlier_ones() -> None:
    def prepare(disk: SimulatedDisk) -> None:
        saved(disk, b"")
        disk.write("a", 0, b"1")
        disk.write("a", 1, b"2")

    assert {b"", b"1", b"12", b"\x002"} <= outcomes(prepare)


@pytest.mark.parametrize("operation", [1, 2, 3])
def test_a_cut_waits_for_a_file(operation: int) -> None:
    disk = SimulatedDisk(random.Random(0))
    saved(disk)
    disk.cut_in("table-x", operation)
    saved(disk)
    steps: list[Callable[[], None]] = [
        lambda: disk.write("table-x.new", 0, b"new"),
        lambda: disk.sync("table-x.new"),
        lambda: disk.rename("table-x.new", "table-x.document"),
    ]
    for step in steps[: operation - 1]:
        step()
        saved(disk)
    with pytest.raises(PowerCut):
        steps[operation - 1]()


def test_a_cut_that_is_called_off_does_not_come() -> None:
    disk = SimulatedDisk(random.Random(0))
    saved(disk)
    disk.cut_in("a")
    disk.cut_in("", 0)
    saved(disk)
    assert disk.stems() == ["a"]


def test_a_truncation_waits_for_the_sync() -> None:
    def prepare(disk: SimulatedDisk) -> None:
        saved(disk)
        disk.truncate("a", 1)

    assert outcomes(prepare) == {b"old", b"o"}


def test_of_the_directory_a_first_part_survives() -> None:
    def prepare(disk: SimulatedDisk) -> None:
        saved(disk)
        disk.write("b", 0, b"new")
        disk.sync("b")
        disk.rename("a", "c")
        disk.rename("b", "a")

    assert outcomes(prepare) == {b"old", None, b"new"}


def test_a_removed_file_may_come_back() -> None:
    def prepare(disk: SimulatedDisk) -> None:
        saved(disk)
        disk.remove("a")

    assert outcomes(prepare) == {b"old", None}


def test_a_failed_sync_is_not_made_good_by_the_next() -> None:
    def prepare(disk: SimulatedDisk) -> None:
        saved(disk)
        disk.write("a", 0, b"new")
        disk.fail_at(disk.operations + 1)
        with pytest.raises(OSError, match="Input/output"):
            disk.sync("a")
        disk.sync("a")
        disk.write("a", 3, b"er")
        disk.sync("a")
        assert disk.read("a", 0, 9) == b"newer"

    found = outcomes(prepare)
    assert {b"older", b"newer"} < found
    assert all(data is not None and data[3:] == b"er" for data in found)


@pytest.mark.parametrize("cache", [Cache.IN_ORDER, Cache.REORDERED])
def test_a_liar_loses_what_it_acknowledged_while_its_cache_holds_it(cache: Cache) -> None:
    def prepare(disk: SimulatedDisk) -> None:
        saved(disk)
        for _ in range(CACHE_DEPTH + 2):
            disk.write("z", 0, b"")
            disk.sync("z")
        disk.write("a", 0, b"new")
        disk.sync("a")

    assert {b"old", b"new"} <= outcomes(prepare, cache)
    assert None not in outcomes(prepare, cache)


def test_only_a_reordering_liar_keeps_the_later_of_two() -> None:
    def prepare(disk: SimulatedDisk) -> None:
        saved(disk, b"")
        for _ in range(CACHE_DEPTH):
            disk.write("z", 0, b"")
            disk.sync("z")
        for at in (0, 1):
            disk.write("a", at, b"x")
            disk.sync("a")

    assert b"\0x" in outcomes(prepare, Cache.REORDERED)
    assert b"\0x" not in outcomes(prepare, Cache.IN_ORDER)


def test_a_device_may_begin_to_lie_and_repent() -> None:
    def lie(disk: SimulatedDisk) -> None:
        saved(disk)
        disk.set_cache(Cache.IN_ORDER)
        disk.write("a", 0, b"new")
        disk.sync("a")

    def repent(disk: SimulatedDisk) -> None:
        lie(disk)
        disk.rename("a", "b")
        disk.sync_directory()
        disk.rename("b", "a")
        disk.set_cache(Cache.HONEST)
        disk.sync_directory()

    assert {b"old", b"new"} <= outcomes(lie)
    assert outcomes(repent) == {b"new"}


def test_the_write_that_the_cut_meets_may_land() -> None:
    found = set()
    for seed in range(OUTCOMES):
        disk = SimulatedDisk(random.Random(seed))
        saved(disk)
        disk.cut_at(disk.operations + 1)
        with pytest.raises(PowerCut):
            disk.write("a", 0, b"new")
        with pytest.raises(PowerCut):
            disk.names()
        found.add(disk.reboot().read("a", 0, 9))
    assert {b"old", b"new"} < found


def test_a_killed_process_leaves_the_caches() -> None:
    disk = SimulatedDisk(random.Random(0))
    disk.write("a", 0, b"new")
    disk.kill_at(disk.operations + 1)
    with pytest.raises(ProcessKilled):
        disk.write("a", 0, b"NEW")
    assert disk.read("a", 0, 9) == b"new"


def test_errors_come_when_set_and_end() -> None:
    disk = SimulatedDisk(random.Random(0))
    disk.fail_at(2, times=2)
    disk.write("a", 0, b"1")
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output") as raised:
            disk.sync("a")
        assert raised.value.errno == errno.EIO
    disk.sync("a")
    assert disk.errors == 2


def test_a_failing_write_may_have_written_a_part() -> None:
    found = set()
    for seed in range(OUTCOMES):
        disk = SimulatedDisk(random.Random(seed))
        saved(disk)
        disk.fail_at(disk.operations + 1)
        with pytest.raises(OSError, match="Input/output"):
            disk.write("a", 0, b"new")
        found.add(disk.read("a", 0, 9))
    assert found == {b"old", b"nld", b"ned", b"new"}


def test_a_full_disk_takes_what_fits() -> None:
    disk = SimulatedDisk(random.Random(0), capacity_bytes=5)
    disk.write("a", 0, b"abc")
    with pytest.raises(OSError, match="No space"):
        disk.write("b", 0, b"defg")
    assert disk.stored_bytes == 5
    assert disk.read("b", 0, 9) == b"de"
    disk.write("a", 0, b"ABC")
    with pytest.raises(OSError, match="No space"):
        disk.truncate("a", 9)
    disk.remove("b")
    disk.write("a", 3, b"DE")
    assert disk.read("a", 0, 9) == b"ABCDE"


def test_names_run_out() -> None:
    disk = SimulatedDisk(random.Random(0), names_limit=1)
    disk.write("a", 0, b"x")
    with pytest.raises(OSError, match="No space"):
        disk.write("b", 0, b"x")
    disk.write("a", 1, b"y")


def test_read_only() -> None:
    disk = SimulatedDisk(random.Random(0))
    saved(disk)
    disk.set_read_only(True)
    changes: list[Callable[[], None]] = [
        lambda: disk.write("a", 0, b"x"),
        lambda: disk.truncate("a", 0),
        lambda: disk.rename("a", "b"),
        lambda: disk.remove("a"),
    ]
    for change in changes:
        with pytest.raises(OSError, match="Read-only"):
            change()
    assert disk.read("a", 0, 9) == b"old"
    disk.sync("a")
    disk.set_read_only(False)
    disk.write("a", 0, b"new")


def test_a_flip_changes_one_bit_anywhere() -> None:
    flipped = set()
    for seed in range(OUTCOMES):
        disk = SimulatedDisk(random.Random(seed))
        disk.write("a", 0, bytes(2))
        disk.write("b", 0, bytes(1))
        name, bit = disk.flip_any()
        flipped.add((name, bit))
        data = disk.read("a", 0, 9) + disk.read("b", 0, 9)
        assert sum(octet.bit_count() for octet in data) == 1
    assert flipped == {("a", bit) for bit in range(16)} | {("b", bit) for bit in range(8)}


def test_a_seed_gives_one_outcome() -> None:
    def after(seed: int) -> bytes:
        disk = SimulatedDisk(random.Random(seed))
        saved(disk, b"o" * 4000)
        disk.write("a", 100, b"n" * 3000)
        return disk.reboot().read("a", 0, 9999)

    assert [after(seed) for seed in range(20)] == [after(seed) for seed in range(20)]


def test_stored_octets_are_counted() -> None:
    disk = SimulatedDisk(random.Random(0))
    disk.write("a", 0, b"12345")
    disk.write("b", 3, b"x")
    disk.truncate("a", 2)
    disk.rename("b", "a")
    disk.write("c", 0, b"xyz")
    disk.remove("c")
    assert disk.stored_bytes == disk.size("a") == 4
    disk.sync("a")
    disk.sync_directory()
    assert disk.reboot().stored_bytes == 4


def test_large_files_that_rest_leave_the_memory_and_nothing_else_changes() -> None:
    disk, data = SimulatedDisk(random.Random(0)), random.Random(1).randbytes(SHELVED_FROM)
    saved(disk, data)
    disk.write("unsure", 0, data)
    for number in range(3):
        disk.write(f"small {number}", 0, b"new")
    assert [file.at_rest for file in disk._files.values()] == [True, False, False, False, False]
    assert disk.size("a") == len(data)
    assert disk.read("a", 0, NEVER) == data
    assert disk.read("a", 7, 9) == data[7:16]
    assert disk.read("a", len(data) - 3, 9) == data[-3:]
    assert disk.read("a", len(data) + 3, 9) == b""
    disk.flip("a", 8)
    flipped = bytes([data[0], data[1] ^ 1]) + data[2:]
    assert disk.read("a", 0, NEVER) == flipped
    for number in range(3, 5):
        disk.write(f"small {number}", 0, b"new")
    assert disk._files["a"].at_rest
    disk.write("a", 2, b"unsure")
    assert disk.read("a", 0, 9) == flipped[:2] + b"unsure" + flipped[8:9]
    disk.write("a", len(data), b"end")
    kept = disk.reboot().read("a", 0, NEVER)
    assert kept[8 : len(data)] == flipped[8:]
    assert kept[:2] == flipped[:2]


def test_sectors_end_where_the_device_has_them() -> None:
    parts = list(sectors(500, bytes(600)))
    assert [(at, len(part)) for at, part in parts] == [(500, 12), (512, 512), (1024, 76)]
