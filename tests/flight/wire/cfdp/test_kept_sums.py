"""Checksums of stored files: kept over power cuts at any operation; what does not hold its sum is not sent."""

from __future__ import annotations

import random
from zlib import crc32

import pytest

from flight.wire.cfdp import (
    CfdpEntity,
    ChecksumType,
    Condition,
    DiskFileStore,
    FileJournal,
    Indication,
    Kept,
    KeptSums,
    Local,
    MemoryFileStore,
    Put,
    Remote,
)
from flight.wire.cfdp.kept_sums import JOURNAL_OCTETS_LIMIT, SUMS_NAME
from sim.disk import PowerCut, SimulatedDisk

SECOND = 1_000_000_000
QUOTA = 200_000
OLD, NEW = (
    bytes(range(256)) * 12,
    bytes(reversed(range(256))) * 12,
)  # of one length: the sum alone tells them apart


def kept(data: bytes) -> Kept:
    return Kept(len(data), crc32(data))


class Board:
    """An entity on a disk that may lose its power, and a ground that sends and receives."""

    def __init__(self, disk: SimulatedDisk) -> None:
        self.store = DiskFileStore(disk, QUOTA)
        self.sums = KeptSums(self.store)
        self.sums.start()
        journal = FileJournal(self.store)
        self.entity = CfdpEntity(
            Local(2, checkpoint_octets=1024), [Remote(1)], self.store, journal, self.sums
        )
        self.entity.start(journal.read(), 0)

    def read(self, name: str) -> Kept:
        file = self.store.open(name)
        data = file.read(0, file.size())
        file.close()
        return kept(data)

    def holds(self, name: str) -> bool:
        return self.sums.holds(name, self.read(name))


def ground() -> CfdpEntity:
    store = MemoryFileStore()
    store.put("old", OLD)
    store.put("new", NEW)
    return CfdpEntity(Local(1), [Remote(2)], store)


def carry(board: Board, other: CfdpEntity, seconds: int = 60) -> list[tuple[Indication, Condition]]:
    """What the board's end told."""
    told = []
    for tick in range(seconds * 10):
        now = tick * SECOND // 10
        for pdu in other.send(now, 1 << 16):
            board.entity.receive(pdu, now)
        for pdu in board.entity.send(now, 1 << 16):
            other.receive(pdu, now)
        board.entity.on_deadline(now)
        other.on_deadline(now)
        told += [(notice.kind, notice.condition) for notice in board.entity.notices()]
        if not (board.entity.transactions() or other.transactions()):
            break
    return told


def deliver(board: Board, name: str, **how: object) -> None:
    other = ground()
    other._books._sequence = 100 if name == "new" else 1  # a number that this board has not seen
    other.put(Put(2, name, "file", **how), 0)  # type: ignore[arg-type]
    carry(board, other)


def test_what_arrives_is_vouched_for_and_outlives_a_start() -> None:
    disk = SimulatedDisk(random.Random(1))
    deliver(Board(disk), "old")
    board = Board(disk)
    assert board.holds("file")
    assert not board.sums.holds("file", kept(NEW))
    assert board.sums.holds("another", kept(NEW)), "nobody vouched for that one"
    deliver(board, "new")
    assert board.holds("file")
    assert not board.sums.holds("file", kept(OLD))


@pytest.mark.parametrize("flipped", [0, 8 * 1500, 8 * len(OLD) - 1])
def test_a_bit_that_flipped_keeps_the_file_from_being_sent(flipped: int) -> None:
    disk = SimulatedDisk(random.Random(1))
    board = Board(disk)
    deliver(board, "old")
    disk.flip("file", flipped)
    other = ground()
    board.entity.put(Put(1, "file", "back"), 0)
    told = carry(board, other)
    assert (Indication.FAULT, Condition.FILE_CHECKSUM) in told
    assert (Indication.FAILED, Condition.FILE_CHECKSUM) in told
    assert not other._store.exists("back")
    assert board.sums.suspects == ["file"]
    disk.flip("file", flipped)  # as it was
    board.entity.put(Put(1, "file", "back"), 0)
    assert (Indication.SENT, Condition.NO_ERROR) in carry(board, other)


def test_a_file_that_came_with_another_checksum_is_taken_as_it_is_found() -> None:
    board = Board(disk := SimulatedDisk(random.Random(1)))
    deliver(board, "old")
    deliver(board, "new", checksum=ChecksumType.MODULAR)
    assert board.holds("file")
    assert not Board(disk).sums.settle("file", kept(NEW))
    assert not Board(disk).sums.holds("file", kept(OLD)), "from then on it must stay so"


def operations(name: str) -> int:
    disk = SimulatedDisk(random.Random(0))
    deliver(Board(disk), "old")
    before = disk.operations
    deliver(Board(disk), name)
    return disk.operations - before


@pytest.mark.parametrize("seed", range(3))
def test_no_power_cut_makes_a_good_file_suspect_or_a_bad_one_good(seed: int) -> None:
    """Of one file over another of the same length, at every operation of the disk."""
    seen = set()
    for at in range(1, operations("new") + 1):
        disk = SimulatedDisk(random.Random(1000 * seed + at))
        deliver(Board(disk), "old")
        disk.cut_at(disk.operations + at)
        with pytest.raises(PowerCut):
            deliver(Board(disk), "new")
        disk = disk.reboot()
        board = Board(disk)
        found = board.read("file")
        assert found in (kept(OLD), kept(NEW))
        seen.add(found == kept(NEW))
        assert board.holds("file")
        assert not board.sums.settle("file", found)
        disk.flip("file", random.Random(at).randrange(8 * len(OLD)))
        assert Board(disk).sums.settle("file", board.read("file")), "a flip is seen, whichever file it is"
    assert seen == {False, True}


def test_damage_is_told_once_also_over_a_start_and_ends_with_a_new_file() -> None:
    disk = SimulatedDisk(random.Random(1))
    board = Board(disk)
    deliver(board, "old")
    assert board.sums.settle("file", kept(NEW))
    assert not board.sums.settle("file", kept(NEW))
    board = Board(disk)
    assert board.sums.damaged == {"file"}
    assert not board.sums.settle("file", kept(NEW))
    deliver(board, "new")
    assert board.sums.damaged == Board(disk).sums.damaged == set()


def test_what_is_removed_is_forgotten() -> None:
    disk = SimulatedDisk(random.Random(1))
    board = Board(disk)
    deliver(board, "old")
    board.store.remove("file")
    disk.sync_directory()
    assert Board(disk).sums.holds("file", kept(NEW)), "removed by a board that could not write it down"
    board.sums.forget("file")
    assert board.sums.holds("file", kept(NEW))


def test_the_journal_of_sums_stays_small() -> None:
    disk = SimulatedDisk(random.Random(1))
    store = DiskFileStore(disk, QUOTA)
    sums = KeptSums(store)
    sums.start()
    for number in range(JOURNAL_OCTETS_LIMIT // 5):
        sums.expect("file", Kept(number, 0))
        sums.delivered("file")
        assert disk.size(SUMS_NAME) < 2 * JOURNAL_OCTETS_LIMIT
    assert sums.holds("file", Kept(number, 0))
    assert not sums.holds("file", Kept(number - 1, 0))
