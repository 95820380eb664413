"""A document is replaced as a whole or not at all, and the one before it is kept."""

from __future__ import annotations

import pytest

from flight.store import Document, Refused
from flight.store.document import BODY_LIMIT
from sim.disk import SimulatedDisk

FILE, OLD, NEW = "table.document", "table.document.old", "table.document.new"


def saved(disk: SimulatedDisk, *bodies: bytes) -> Document:
    document = Document(disk, "table")
    for body in bodies:
        document.save(body)
    return document


def loaded(disk: SimulatedDisk) -> tuple[bytes | None, bool, bool]:
    document = Document(disk, "table")
    return document.load(), document.damaged, document.fell_back


def ruin(disk: SimulatedDisk, name: str) -> None:
    disk.write(name, 0, bytes(disk.size(name)))


def test_nothing_saved_is_none(disk: SimulatedDisk) -> None:
    assert loaded(disk) == (None, False, False)


def test_shorter_over_longer(disk: SimulatedDisk) -> None:
    saved(disk, b"a long table", b"short", b"")
    assert loaded(disk) == (b"", False, False)
    assert disk.names() == [FILE, OLD]


def test_the_recipe(disk: SimulatedDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    document = saved(disk, b"one")
    done = []
    for name in ("write", "sync", "rename", "sync_directory", "remove", "truncate"):
        monkeypatch.setattr(disk, name, lambda *_, name=name: done.append(name))
    document.save(b"two")
    assert done == ["write", "sync", "rename", "rename", "sync_directory"]


def test_one_copy_is_enough(disk: SimulatedDisk) -> None:
    saved(disk, b"one", b"two")
    for octet in range(disk.size(FILE)):
        disk.flip(FILE, 8 * octet)
        assert loaded(disk) == (b"two", True, False)
        disk.flip(FILE, 8 * octet)


def test_a_ruined_document_falls_back(disk: SimulatedDisk) -> None:
    saved(disk, b"one", b"two")
    ruin(disk, FILE)
    assert loaded(disk) == (b"one", True, True)
    ruin(disk, OLD)
    assert loaded(disk) == (None, True, False)


def test_a_ruined_document_does_not_replace_a_good_one(disk: SimulatedDisk) -> None:
    saved(disk, b"one", b"two")
    ruin(disk, FILE)
    saved(disk, b"three")
    ruin(disk, FILE)
    assert loaded(disk) == (b"one", True, True)


def test_each_life_keeps_the_one_before(disk: SimulatedDisk) -> None:
    saved(disk, b"one", b"two")
    saved(disk, b"three")
    ruin(disk, FILE)
    assert loaded(disk) == (b"two", True, True)


def test_a_truncated_document_is_found_out(disk: SimulatedDisk) -> None:
    saved(disk, b"one", b"two")
    disk.truncate(FILE, disk.size(FILE) // 2)
    assert loaded(disk)[0] == b"two"  # the first copy is whole
    disk.truncate(FILE, disk.size(FILE) - 1)
    assert loaded(disk) == (b"one", True, True)


@pytest.mark.parametrize("failing", range(1, 6))
def test_a_failed_save_leaves_the_old_or_the_new(disk: SimulatedDisk, failing: int) -> None:
    document = saved(disk, b"one", b"a much longer second one")
    disk.fail_at(disk.operations + failing)
    with pytest.raises(OSError, match="Input/output"):
        document.save(b"three")
    assert loaded(disk)[0] in {b"a much longer second one", b"three"}
    document.save(b"four")
    assert loaded(disk) == (b"four", False, False)
    assert NEW not in disk.names()


def test_a_draft_left_by_a_cut_is_not_built_upon(disk: SimulatedDisk) -> None:
    disk.write(NEW, 0, bytes(5000))
    saved(disk, b"one")
    assert loaded(disk) == (b"one", False, False)
    assert disk.size(FILE) < 100


def test_too_long_is_refused(disk: SimulatedDisk) -> None:
    document = saved(disk, b"one")
    with pytest.raises(Refused):
        document.save(bytes(BODY_LIMIT + 1))
    assert loaded(disk) == (b"one", False, False)


def test_a_disk_that_cannot_be_asked_counts_as_damage(disk: SimulatedDisk) -> None:
    saved(disk, b"one", b"two")
    disk.fail_at(disk.operations + 1)
    assert loaded(disk) == (b"one", True, True)
