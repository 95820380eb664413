"""Four slots: the newest good one counts, and is never written over."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.store import Refused, Slots
from flight.store.slots import BODY_LIMIT, SLOTS
from sim.disk import NEVER, SimulatedDisk

FILES = [f"mode.slot{index}" for index in range(SLOTS)]


def load(disk: SimulatedDisk) -> bytes | None:
    return Slots(disk, "mode").load()


def saved(disk: SimulatedDisk, *bodies: bytes) -> Slots:
    slots = Slots(disk, "mode")
    for body in bodies:
        slots.save(body)
    return slots


def test_nothing_saved_is_none(disk: SimulatedDisk) -> None:
    slots = Slots(disk, "mode")
    assert slots.load() is None
    assert slots.damaged == 0


@pytest.mark.parametrize("count", [1, 3, 4, 5, 23])
def test_the_newest_is_loaded(disk: SimulatedDisk, count: int) -> None:
    saved(disk, *(b"%d" % index for index in range(count)))
    assert load(disk) == b"%d" % (count - 1)
    assert len(disk.names()) == min(count, SLOTS)


def test_an_empty_state_is_a_state(disk: SimulatedDisk) -> None:
    saved(disk, b"full", b"")
    assert load(disk) == b""


@given(st.lists(st.binary(max_size=600), min_size=1, max_size=12))
def test_shorter_over_longer(bodies: list[bytes]) -> None:
    disk = SimulatedDisk(random.Random(0))
    saved(disk, *bodies)
    slots = Slots(disk, "mode")
    assert slots.load() == bodies[-1]
    assert slots.damaged == 0


def test_the_newest_is_not_written_over_even_when_saves_fail(disk: SimulatedDisk) -> None:
    slots = saved(disk, b"a", b"b")
    newest = disk.read(FILES[1], 0, NEVER)
    for _ in range(9):
        disk.fail_at(disk.operations + 1, times=2)
        with pytest.raises(OSError, match="Input/output"):
            slots.save(b"c")
        assert disk.read(FILES[1], 0, NEVER) == newest
    disk.fail_at(NEVER)
    slots.save(b"d")
    assert load(disk) == b"d"
    assert slots.errors == 18


def test_one_error_is_made_good_in_another_slot(disk: SimulatedDisk) -> None:
    slots = saved(disk, b"a", b"b")
    disk.fail_at(disk.operations + 2)  # the sync
    slots.save(b"c")
    assert slots.errors == 1
    assert load(disk) == b"c"
    assert load(disk.reboot()) == b"c"


def test_every_slot_lost_costs_one_save(disk: SimulatedDisk) -> None:
    saved(disk, b"a", b"b", b"c", b"d")
    for index, left in ((3, b"c"), (2, b"b"), (1, b"a"), (0, None)):
        disk.write(FILES[index], 0, bytes(disk.size(FILES[index])))
        slots = Slots(disk, "mode")
        assert slots.load() == left
        assert slots.damaged == 4 - index


def test_one_copy_in_a_slot_is_enough(disk: SimulatedDisk) -> None:
    saved(disk, b"a", b"b")
    size = disk.size(FILES[1])
    for octet in range(size):
        disk.flip(FILES[1], 8 * octet)
        slots = Slots(disk, "mode")
        assert slots.load() == b"b"
        assert slots.damaged == 1
        disk.flip(FILES[1], 8 * octet)


def test_a_slot_in_another_place_is_none(disk: SimulatedDisk) -> None:
    saved(disk, b"a", b"b")
    disk.rename(FILES[1], FILES[2])
    assert load(disk) == b"a"
    disk.rename(FILES[0], "other.slot0")
    assert Slots(disk, "other").load() is None


def test_an_unreadable_newest_does_not_win_later(
    disk: SimulatedDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes back after states were saved that are newer in truth."""
    saved(disk, *(b"%d" % index for index in range(8)))
    read = disk.read

    def bad(name: str, offset: int, length: int) -> bytes:
        if name in FILES[2:]:
            raise OSError(5, "Input/output error")
        return read(name, offset, length)

    with monkeypatch.context() as patch:
        patch.setattr(disk, "read", bad)
        slots = Slots(disk, "mode")
        assert slots.load() == b"5"
        assert slots.damaged == 2
        slots.save(b"new")
    assert load(disk) == b"new"


def test_too_long_is_refused(disk: SimulatedDisk) -> None:
    slots = saved(disk, bytes(BODY_LIMIT))
    with pytest.raises(Refused):
        slots.save(bytes(BODY_LIMIT + 1))
    assert load(disk) == bytes(BODY_LIMIT)


def test_a_save_costs_a_write_and_a_sync(disk: SimulatedDisk) -> None:
    slots = saved(disk, b"1", b"2", b"3", b"4")
    writes, syncs, directory_syncs = disk.writes, disk.syncs, disk.directory_syncs
    slots.save(b"5")
    assert (disk.writes, disk.syncs, disk.directory_syncs) == (writes + 1, syncs + 1, directory_syncs)


def test_a_disk_that_cannot_be_asked_counts_as_damage(disk: SimulatedDisk) -> None:
    saved(disk, b"a", b"b")
    slots = Slots(disk, "mode")
    disk.fail_at(disk.operations + 1)  # the size of the first slot
    assert slots.load() == b"b"
    assert (slots.damaged, slots.errors) == (1, 1)
    disk.fail_at(disk.operations + 1, NEVER)
    assert slots.load() is None
    assert (slots.damaged, slots.errors) == (4, 5)
