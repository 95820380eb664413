"""The slow walk over stored files: when, how much at a time, and what it finds."""

from __future__ import annotations

import random

from flight.declare.filing import DAMAGED, NO_DEADLINE, Turn, Turned
from flight.wire.cfdp import DiskFileStore, KeptSums
from flight.wire.file_packets import FileSettings
from flight.workers.files import FilesWorker
from flight.workers.scrub import FIRST_NS, PAUSE_NS, ROUND_NS, SLICE_OCTETS, Scrub
from sim.disk import SimulatedDisk

SETTINGS = FileSettings(0x2A, 223, 16 << 20)
BIG = random.Random(3).randbytes(SLICE_OCTETS + 1000)


def disk_with(files: dict[str, bytes]) -> SimulatedDisk:
    disk = SimulatedDisk(random.Random(1))
    for name, content in files.items():
        disk.write(name, 0, content)
        disk.sync(name)
    disk.sync_directory()
    return disk


def worker_of(disk: SimulatedDisk) -> FilesWorker:
    return FilesWorker(disk, SETTINGS)


def turn(worker: FilesWorker, now: int) -> Turned:
    result = worker.perform(Turn(now, False, 0, ()))
    assert isinstance(result, Turned)
    return result


def walked(worker: FilesWorker, now: int, until: int) -> tuple[list[str], int]:
    """Damaged files told by turns that are made when they are due; how many turns."""
    found, turns = [], 0
    while (due := turn(worker, now).deadline) <= until:
        now = due
        result = turn(worker, now)
        turns += 1
        found += [one.name for one in result.notices if one.what == DAMAGED]
    return found, turns


def test_an_empty_store_wants_nothing() -> None:
    assert turn(worker_of(disk_with({})), 0).deadline == NO_DEADLINE


def test_a_round_is_made_in_slices_and_then_there_is_peace() -> None:
    worker = worker_of(disk_with({"big": BIG, "small": b"x", "folder!other": b"y" * 100}))
    assert turn(worker, 0).deadline == FIRST_NS
    first = turn(worker, FIRST_NS)
    assert first.figures.read_octets <= SLICE_OCTETS
    assert first.deadline == FIRST_NS + PAUSE_NS
    second = turn(worker, FIRST_NS + PAUSE_NS)
    assert second.figures.read_octets == len(BIG) + 101
    assert (second.figures.rounds, second.figures.damaged) == (1, 0)
    assert second.deadline == FIRST_NS + PAUSE_NS + ROUND_NS


def test_a_flipped_bit_is_told_once_and_counted_until_the_file_is_gone() -> None:
    disk = disk_with({"big": BIG, "small": b"x"})
    worker = worker_of(disk)
    assert walked(worker, 0, ROUND_NS)[0] == []
    disk.flip("big", 8 * SLICE_OCTETS + 3)
    found, _ = walked(worker, ROUND_NS, 4 * ROUND_NS)
    assert found == ["big"]
    assert turn(worker, 4 * ROUND_NS).figures.damaged == 1
    again = worker_of(disk)
    assert walked(again, 0, 3 * ROUND_NS)[0] == []
    assert turn(again, 3 * ROUND_NS).figures.damaged == 1


def test_a_file_that_lost_its_end_is_damaged() -> None:
    disk = disk_with({"small": b"content"})
    walked(worker_of(disk), 0, ROUND_NS)
    disk.truncate("small", 3)
    assert walked(worker_of(disk), 0, ROUND_NS)[0] == ["small"]


def test_a_disk_that_cannot_read_is_a_damage_too() -> None:
    disk = disk_with({"small": b"content"})
    worker = worker_of(disk)
    walked(worker, 0, ROUND_NS)
    due = turn(worker, ROUND_NS).deadline
    disk.fail_at(disk.operations + 1, 1)
    result = turn(worker, due)
    assert [one.name for one in result.notices] == ["small"]
    assert result.figures.unreadable == 1


def test_a_file_replaced_in_the_middle_is_read_anew() -> None:
    disk = disk_with({"big": BIG})
    store = DiskFileStore(disk, SETTINGS.quota_octets)
    sums = KeptSums(store)
    sums.start()
    scrub = Scrub(store, sums, 0)
    assert scrub.look(FIRST_NS) == []
    part = store.create(".cfdp-1-1.part")
    part.write(0, b"new")
    part.sync()
    sums.expect("big", None)
    store.rename(".cfdp-1-1.part", "big")
    sums.delivered("big")
    assert scrub.look(scrub.due) == []
    assert scrub.rounds == 1
    assert scrub.look(scrub.due) == []
    assert sums.damaged == set()
    disk.write("big", 0, b"old")
    assert scrub.look(scrub.due) == ["big"]


def test_the_first_file_of_an_empty_store_begins_a_round_of_its_own() -> None:
    store = DiskFileStore(disk_with({}), SETTINGS.quota_octets)
    sums = KeptSums(store)
    sums.start()
    scrub = Scrub(store, sums, 0)
    assert (scrub.look(FIRST_NS), scrub.due) == ([], NO_DEADLINE)
    store.create("a").sync()
    sums.expect("a", None)
    sums.delivered("a")
    assert (scrub.look(FIRST_NS), scrub.due) == ([], FIRST_NS + ROUND_NS)


def test_a_suspect_is_read_at_once() -> None:
    disk = disk_with({"a": b"1", "b": b"2"})
    worker = worker_of(disk)
    walked(worker, 0, ROUND_NS)
    disk.flip("b", 0)
    assert worker.sums is not None
    worker.sums.suspects.append("b")
    now = ROUND_NS + 1
    result = turn(worker, now)
    assert [one.name for one in result.notices] == ["b"]
