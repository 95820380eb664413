"""One suite for every file store: in memory, on a board's flat directory, in a folder on the ground."""

from __future__ import annotations

import errno
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flight.drivers.posix_disk import PosixDisk
from flight.wire.cfdp import CfdpEntity, DiskFileStore, FileJournal, Local, MemoryFileStore, Put, Remote
from ground.file_store import FolderStore
from sim.disk import PowerCut, SimulatedDisk
from tests.flight.wire.cfdp.alone import DATA
from tests.flight.wire.cfdp.pair import SECOND, octets

QUOTA = 10_000
STORES = ["memory", "simulated disk", "posix disk", "folder"]


@pytest.fixture(params=STORES)
def store(request, tmp_path: Path) -> Iterator[Any]:
    match request.param:
        case "memory":
            yield MemoryFileStore(QUOTA)
        case "simulated disk":
            yield DiskFileStore(SimulatedDisk(random.Random(1)), QUOTA)
        case "posix disk":
            disk = PosixDisk(tmp_path)
            yield DiskFileStore(disk, QUOTA)
            disk.close()
        case _:
            folder = FolderStore(tmp_path, QUOTA)
            yield folder
            folder.close()


def write(store: Any, name: str, data: bytes) -> None:
    file = store.create(name)
    file.write(0, data)
    file.sync()
    file.close()


def read(store: Any, name: str) -> bytes:
    file = store.open(name)
    data = file.read(0, 1 << 20)
    assert file.size() == len(data)
    file.close()
    return data


def test_a_file_is_written_and_read_at_any_offset(store):
    file = store.create("a.bin")
    file.write(4, b"later")
    file.write(0, b"1234")
    assert (file.size(), file.read(2, 4), file.read(7, 99)) == (9, b"34la", b"er")
    file.write(20, b"!")
    assert file.read(9, 99) == bytes(11) + b"!"
    file.truncate(3)
    assert file.read(0, 99) == b"123"
    file.truncate(5)
    assert file.read(0, 99) == b"123\0\0"
    file.sync()
    file.close()
    assert read(store, "a.bin") == b"123\0\0"


def test_create_empties_what_was_there(store):
    write(store, "a.bin", b"long content")
    write(store, "a.bin", b"")
    assert read(store, "a.bin") == b""
    assert store.free_octets() == QUOTA


def test_rename_replaces_and_the_open_file_goes_along(store):
    write(store, "b.bin", b"the old and longer one")
    file = store.create("a.bin")
    file.write(0, b"new")
    store.rename("a.bin", "b.bin")
    file.write(3, b"er")
    assert file.read(0, 9) == b"newer"
    file.sync()
    file.close()
    assert read(store, "b.bin") == b"newer"
    assert not store.exists("a.bin")
    assert store.free_octets() == QUOTA - 5


def test_folders_come_with_their_files(store):
    write(store, "a", b"1")
    store.rename("a", "deep/er/a")
    write(store, "deep/b", b"22")
    write(store, "deeper", b"333")
    assert store.names() == [("deep/b", 2), ("deep/er/a", 1), ("deeper", 3)]
    assert store.names("deep") == [("deep/b", 2), ("deep/er/a", 1)]
    assert store.names("nowhere") == []
    assert read(store, "deep/er/a") == b"1"
    assert store.exists("deep/b")
    assert not store.exists("deep")


def test_remove(store):
    write(store, "a/b", bytes(100))
    store.remove("a/b")
    assert not store.exists("a/b")
    assert store.free_octets() == QUOTA
    for act in (store.remove, store.open):
        with pytest.raises(FileNotFoundError):
            act("a/b")
    with pytest.raises(FileNotFoundError):
        store.rename("a/b", "c")


def test_the_quota_holds_for_holes_too(store):
    file = store.create("a.bin")
    with pytest.raises(OSError, match="quota") as refused:
        file.write(QUOTA, b"x")
    assert refused.value.errno == errno.EDQUOT
    with pytest.raises(OSError, match="quota"):
        file.truncate(QUOTA + 1)
    file.write(QUOTA - 1, b"x")
    assert store.free_octets() == 0
    write_more = store.create("b.bin")
    with pytest.raises(OSError, match="quota"):
        write_more.write(0, b"x")
    file.truncate(10)
    write_more.write(0, b"x")
    assert store.free_octets() == QUOTA - 11


def test_another_letter_case_is_refused(store):
    write(store, "Data.bin", b"1")
    write(store, ".cfdp-x", b"2")
    with pytest.raises(FileExistsError):
        store.rename(".cfdp-x", "data.BIN")
    store.rename(".cfdp-x", "Data.bin")
    assert read(store, "Data.bin") == b"2"


@pytest.mark.parametrize(("there", "new"), [("a", "a/b"), ("a/b", "a"), ("a/b", "A"), ("x/a", "x/a/b/c")])
def test_a_name_that_is_a_folder_is_no_file(store, there, new):
    write(store, there, b"1")
    write(store, ".cfdp-x", b"2")
    with pytest.raises(OSError, match="."):
        store.rename(".cfdp-x", new)
    assert read(store, there) == b"1"
    store.rename(".cfdp-x", "ab")
    assert read(store, "ab") == b"2"


# ---------------------------------------------------------------- a transfer onto a disk whose power fails


class Ground:
    """Sends one file to whoever is there."""

    def __init__(self) -> None:
        self.store = MemoryFileStore()
        self.store.put("a.bin", DATA)
        self.entity = CfdpEntity(Local(1), [Remote(2)], self.store)
        self.entity.put(Put(2, "a.bin", "b.bin"), 0)


def transfer(ground: Ground, store: DiskFileStore, now: int, longest_s: int = 300) -> int:
    """Until the ground is done; what the time is then."""
    journal = FileJournal(store)
    craft = CfdpEntity(Local(2, checkpoint_octets=1024), [Remote(1)], store, journal)
    craft.start(journal.read(), now)
    end = now + longest_s * SECOND
    while now < end and (ground.entity.transactions() or craft.transactions()):
        for pdu in ground.entity.send(now, 1 << 16):
            craft.receive(pdu, now)
        for pdu in craft.send(now, 1 << 16):
            ground.entity.receive(pdu, now)
        now += SECOND // 10
        craft.on_deadline(now)
        ground.entity.on_deadline(now)
    assert not ground.entity.transactions()
    return now


def operations() -> int:
    disk = SimulatedDisk(random.Random(0))
    transfer(Ground(), DiskFileStore(disk, QUOTA), 0)
    return disk.operations


@pytest.mark.parametrize("seed", range(4))
def test_the_power_fails_at_every_operation_of_the_disk(seed):
    """Whatever was kept, dropped or torn: under its name the file is absent or whole, and in the end whole."""
    for at in range(1, operations() + 1):
        disk, ground = SimulatedDisk(random.Random(1000 * seed + at)), Ground()
        disk.cut_at(at)
        with pytest.raises(PowerCut):
            transfer(ground, DiskFileStore(disk, QUOTA), 0)
        disk = disk.reboot()
        store = DiskFileStore(disk, QUOTA)
        assert not store.exists("b.bin") or read(store, "b.bin") == DATA
        now = transfer(ground, store, 100 * SECOND)
        assert read(store, "b.bin") == DATA
        assert now < 300 * SECOND
        assert {name for name, _ in store.names()} == {"b.bin", ".cfdp-journal"}


@pytest.mark.parametrize("at", range(2, 40, 3))
def test_the_disk_fails_for_a_while(at):
    """Errors are faults of the transaction; nothing escapes, and no wrong file is shown."""
    disk, ground = SimulatedDisk(random.Random(at)), Ground()
    disk.fail_at(at, 3)
    store = DiskFileStore(disk, QUOTA)
    try:
        transfer(ground, store, 0)
    except OSError:
        assert at < 3, "only a journal that cannot be read at the start"
    disk.fail_at(1 << 60)
    assert not store.exists("b.bin") or read(store, "b.bin") == DATA


def test_data_of_many_files_share_one_quota():
    store = DiskFileStore(SimulatedDisk(random.Random(1)), QUOTA)
    write(store, "a", octets(1, 6000))
    file = store.create("b")
    with pytest.raises(OSError, match="quota"):
        file.write(0, octets(2, 6000))
    again = DiskFileStore(store._disk, QUOTA)  # counted anew at a start
    assert again.free_octets() == QUOTA - 6000


@pytest.mark.parametrize("seed", range(8))
def test_a_synced_file_has_its_name_after_a_power_cut(seed):
    """What a journal record names must be found again."""
    disk = SimulatedDisk(random.Random(seed))
    store = DiskFileStore(disk, QUOTA)
    file = store.create(".cfdp-1-7.part")
    file.write(0, DATA)
    file.sync()
    disk.power_cut()
    assert read(DiskFileStore(disk.reboot(), QUOTA), ".cfdp-1-7.part") == DATA
