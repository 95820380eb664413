"""The recorder: stores side by side, and no count twice."""

from __future__ import annotations

import random

import pytest

from flight.store import Recorder, Refused, StoreBudget
from flight.store.recorder import COUNT_LIMIT, RESERVED_BLOCK
from sim.disk import NEVER, SimulatedDisk

STORES = (StoreBudget("events", 4000, 1000), StoreBudget("housekeeping", 8000, 2000))
ALL = COUNT_LIMIT - 1


def opened(disk: SimulatedDisk, block: int = RESERVED_BLOCK) -> Recorder:
    recorder = Recorder(disk, STORES, block)
    recorder.open()
    return recorder


def counts(recorder: Recorder, store: int) -> list[int]:
    return [count for count, _ in recorder.read(store, 0, ALL, 1 << 20)]


def test_stores_are_separate(disk: SimulatedDisk) -> None:
    recorder = opened(disk)
    recorder.append(0, 0, [b"e0", b"e1"])
    recorder.append(1, 0, [b"h0"])
    recorder.append(1, 7, [b"h7"])
    recorder.commit()
    assert recorder.read(0, 0, ALL, 100) == [(0, b"e0"), (1, b"e1")]
    assert recorder.read(1, 0, ALL, 100) == [(0, b"h0"), (7, b"h7")]
    assert recorder.extent(0) == (0, 2)
    assert recorder.extent(1) == (0, 8)


def test_stores_are_as_many_as_their_numbers_have_room_for(disk: SimulatedDisk) -> None:
    stores = [StoreBudget(f"store{number}", 4000, 1000) for number in range(257)]
    assert len(Recorder(disk, stores[:256]).logs) == 256
    with pytest.raises(AssertionError):
        Recorder(disk, stores)


def test_the_budget_of_one_store_does_not_touch_the_other(disk: SimulatedDisk) -> None:
    recorder = opened(disk)
    recorder.append(0, 0, [b"rare"])
    for count in range(500):
        recorder.append(1, count, [bytes(100)])
        recorder.commit()
    assert counts(recorder, 0) == [0]
    oldest, following = recorder.extent(1)
    assert counts(recorder, 1) == list(range(oldest, 500))
    assert oldest > 0
    assert following == 500


def test_an_unclean_end_skips_to_the_floor(disk: SimulatedDisk) -> None:
    recorder = opened(disk)
    recorder.append(0, 0, [b"seen in live telemetry"])
    again = opened(disk.reboot())
    assert again.extent(0) == (1 + RESERVED_BLOCK, 1 + RESERVED_BLOCK)  # nothing is stored
    assert again.extent(1) == (0, 0)
    assert not again.floors_lost
    again.append(0, again.extent(0).next, [b"next"])
    again.commit()
    assert counts(again, 0) == [1 + RESERVED_BLOCK]


def test_a_clean_end_leaves_no_gap(disk: SimulatedDisk) -> None:
    recorder = opened(disk)
    recorder.append(1, 0, [b"a", b"b"])
    recorder.close()
    disk = disk.reboot()
    again = opened(disk)
    assert again.extent(1) == (0, 2)
    again.append(1, 2, [b"c"])
    assert opened(disk.reboot()).extent(1).next == 3 + RESERVED_BLOCK


def test_a_life_after_close_reserves_again(disk: SimulatedDisk) -> None:
    recorder = opened(disk)
    recorder.close()
    recorder.append(0, 0, [b"late"])
    assert opened(disk.reboot()).extent(0).next > 0


def test_counts_are_never_used_twice(disk: SimulatedDisk) -> None:
    recorder = opened(disk)
    recorder.append(0, 5, [b"a"])
    for used in (0, 4, 5):
        with pytest.raises(Refused, match="next is 6"):
            recorder.append(0, used, [b"b"])
    with pytest.raises(Refused):
        recorder.append(0, COUNT_LIMIT, [b"b"])
    recorder.append(0, COUNT_LIMIT - 1, [b"last"])
    recorder.commit()
    assert counts(recorder, 0) == [5, COUNT_LIMIT - 1]
    assert recorder.extent(0).next == COUNT_LIMIT
    assert counts(recorder, 1) == []


def test_floors_are_saved_once_in_half_a_block(disk: SimulatedDisk) -> None:
    recorder = opened(disk, block=100)
    for count in range(1000):
        recorder.append(0, count, [b""])
    assert recorder.floors._sequence in range(18, 22)


def test_lost_floors_are_guessed_above_what_is_stored(disk: SimulatedDisk) -> None:
    recorder = opened(disk)
    recorder.append(0, 0, [b"a"])
    recorder.commit()
    for name in disk.names():
        if name.startswith("recorder"):
            disk.remove(name)
    again = opened(disk)
    assert again.floors_lost
    assert again.extent(0).next > RESERVED_BLOCK


def test_a_damaged_newest_floor_is_guessed_above_the_one_before(disk: SimulatedDisk) -> None:
    recorder = opened(disk, block=10)
    for count in range(40):
        recorder.append(0, count, [b""])
    used = recorder.extent(0).next
    newest = f"recorder.slot{recorder.floors._newest}"
    disk.write(newest, 0, bytes(disk.size(newest)))
    disk.sync(newest)
    again = opened(disk.reboot(), block=10)
    assert again.floors_lost
    assert again.extent(0).next >= used


def test_a_floor_that_cannot_be_saved_matters_when_it_is_needed(disk: SimulatedDisk) -> None:
    recorder = opened(disk, block=10)
    recorder.append(0, 0, [b""])
    recorder.commit()
    good = recorder.extent(0)
    disk.fail_at(disk.operations + 1, NEVER)
    for count in range(good.next, 11):
        recorder.append(0, count, [b""])
    with pytest.raises(OSError, match="Input/output"):
        recorder.append(0, 11, [b""])
    assert recorder.extent(0).next == 11
    disk.fail_at(NEVER)
    recorder.append(0, 11, [b""])
    recorder.commit()
    assert counts(recorder, 0) == list(range(12))


def test_one_failing_store_does_not_stop_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SimulatedDisk(random.Random(0))
    recorder = opened(disk)
    write = disk.write

    def bad(name: str, offset: int, data: bytes) -> None:
        if name.startswith("events"):
            raise OSError(5, "Input/output error")
        write(name, offset, data)

    monkeypatch.setattr(disk, "write", bad)
    recorder.append(0, 0, [b"a"])
    recorder.append(1, 0, [b"b"])
    with pytest.raises(OSError, match="Input/output"):
        recorder.commit()
    assert counts(recorder, 1) == [0]


def test_another_number_of_stores(disk: SimulatedDisk) -> None:
    recorder = opened(disk)
    recorder.append(1, 0, [b"a"])
    recorder.close()
    more = Recorder(disk, (*STORES, StoreBudget("science", 4000, 1000)))
    more.open()
    assert [more.extent(store).next for store in range(3)] == [0, 1, 0]
    fewer = Recorder(disk, STORES[:1])
    fewer.open()
    assert fewer.extent(0).next == 0


def test_there_is_no_other_store(disk: SimulatedDisk) -> None:
    recorder = opened(disk)
    for store in (-1, 2, 256):
        with pytest.raises(Refused, match="no store"):
            recorder.append(store, 0, [b""])
        with pytest.raises(Refused, match="no store"):
            recorder.read(store, 0, 1, 1)


def test_floors_with_an_odd_end_are_read_as_far_as_they_go(disk: SimulatedDisk) -> None:
    opened(disk).floors.save((500).to_bytes(8, "little") + b"odd")
    again = opened(disk)
    assert (again.extent(0).next, again.extent(1).next) == (500, 0)


# ---------------------------------------------------------------- deleting


def filled(disk: SimulatedDisk) -> Recorder:
    recorder = opened(disk)
    for count in range(40):
        recorder.append(1, count, [bytes(100)])
        recorder.append(0, count, [b"e"])
        recorder.commit()
    return recorder


@pytest.mark.parametrize("before", [0, 1, *range(8, 30), 39, 40])
def test_deleted_records_are_gone_now_and_after_a_reboot(disk: SimulatedDisk, before: int) -> None:
    recorder = filled(disk)
    recorder.delete(1, before)
    assert counts(recorder, 1) == list(range(before, 40))
    assert counts(recorder, 0) == list(range(40)), "the other store has lost nothing"
    assert recorder.extent(1) == (before, 40)
    again = opened(disk.reboot())
    assert counts(again, 1) == list(range(before, 40))
    assert again.extent(1).oldest == before


def test_whole_segments_are_given_back(disk: SimulatedDisk) -> None:
    recorder = filled(disk)
    stored = recorder.logs[1].stored_bytes
    recorder.delete(1, 40)
    assert recorder.logs[1].stored_bytes < 2000 < stored
    recorder.append(1, 40, [b"new"])
    recorder.commit()
    assert counts(recorder, 1) == [40]


def test_a_floor_only_rises_and_never_beyond_what_is_used(disk: SimulatedDisk) -> None:
    recorder = filled(disk)
    recorder.delete(1, 20)
    recorder.delete(1, 10)
    assert counts(recorder, 1) == list(range(20, 40))
    for before in (-1, 41):
        with pytest.raises(Refused):
            recorder.delete(1, before)
    with pytest.raises(Refused):
        recorder.delete(2, 0)


def test_no_count_comes_twice_after_everything_was_deleted(disk: SimulatedDisk) -> None:
    recorder = filled(disk)
    recorder.delete(1, 40)
    recorder.delete(0, 40)
    assert min(opened(disk.reboot()).extent(store).next for store in (0, 1)) >= 40


def test_a_disk_that_refuses_the_floor_keeps_the_records(disk: SimulatedDisk) -> None:
    recorder = filled(disk)
    disk.set_capacity(disk.stored_bytes)
    with pytest.raises(OSError, match="space"):
        recorder.delete(1, 20)
    assert counts(recorder, 1) == list(range(40))
