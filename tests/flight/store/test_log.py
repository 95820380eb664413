"""The log: numbers, budget, segments, what happens after an error.  Power cuts: `tests/crash`."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.store import Log, Record, Refused
from flight.store import log as log_module
from flight.store.record import OVERHEAD
from flight.store.segment import INDEX_STEP_OCTETS
from sim.disk import SimulatedDisk

SEGMENT, BUDGET = 1000, 4000
ALL = (1 << 64) - 1
NO_LIMIT = 1 << 30


def opened(disk: SimulatedDisk, budget: int = BUDGET, segment: int = SEGMENT) -> Log:
    log = Log(disk, "log", budget, segment)
    log.open()
    return log


def body(number: int) -> bytes:
    return f"{number}:".encode() + bytes(number % 50)


def fill(log: Log, groups: int, size: int = 4) -> None:
    for _ in range(groups):
        log.extend(log.next, [body(number) for number in range(log.next, log.next + size)])
        log.commit()


def numbers(log: Log, first: int = 0, last: int = ALL, limit: int = NO_LIMIT) -> list[int]:
    return [number for number, _ in log.read(first, last, limit)]


def files(disk: SimulatedDisk) -> int:
    return sum(disk.size(name) for name in disk.names())


def test_an_empty_log() -> None:
    disk = SimulatedDisk(random.Random(0))
    log = Log(disk, "log", BUDGET, SEGMENT, first=77)
    log.open()
    log.commit()
    assert (log.oldest, log.next, log.stored_bytes) == (77, 77, 0)
    assert log.read(0, ALL, NO_LIMIT) == []
    assert not log.scrub()
    assert disk.writes == disk.syncs == 0


def test_a_group_is_one_write_and_one_sync(disk: SimulatedDisk) -> None:
    log = opened(disk, segment=2000)
    fill(log, 1)
    assert (disk.writes, disk.syncs, disk.directory_syncs) == (1, 1, 1)
    fill(log, 9)
    assert (disk.writes, disk.syncs, disk.directory_syncs) == (10, 10, 1)


def test_what_is_not_committed_is_not_read(disk: SimulatedDisk) -> None:
    log = opened(disk)
    log.append(0, b"a")
    assert numbers(log) == []
    log.commit()
    log.append(1, b"b")
    assert log.read(0, ALL, NO_LIMIT) == [(0, b"a")]


def test_a_new_life_goes_on_in_the_same_segment(disk: SimulatedDisk) -> None:
    fill(opened(disk), 2)
    again = opened(disk)
    assert (again.oldest, again.next) == (0, 8)
    fill(again, 2)
    assert len(disk.names()) == 1
    assert again.read(0, ALL, NO_LIMIT) == [(number, body(number)) for number in range(16)]


def test_after_a_bad_end_a_new_segment_begins_with_safe_numbers(disk: SimulatedDisk) -> None:
    log = opened(disk)
    fill(log, 2)
    (name,) = disk.names()
    disk.write(name, disk.size(name), bytes(75))  # room for three records
    again = opened(disk)
    assert again.next == 8 + 75 // OVERHEAD
    assert again.damage.octets == 75
    fill(again, 1)
    assert [name.split(".")[1] for name in sorted(disk.names())] == ["00000000", "00000001"]
    assert numbers(again) == [*range(8), 11, 12, 13, 14]


def test_numbers_may_be_left_out_but_not_used_again(disk: SimulatedDisk) -> None:
    log = opened(disk)
    log.append(5, b"five")
    log.append(9, b"nine")
    with pytest.raises(Refused, match="number 9 may be in use"):
        log.append(9, b"again")
    log.commit()
    assert log.read(0, ALL, NO_LIMIT) == [(5, b"five"), (9, b"nine")]
    assert opened(disk).next == 10
    with pytest.raises(Refused):
        log.extend(ALL, [b"", b""])
    log.append(ALL, b"last")
    log.commit()
    assert numbers(log) == [5, 9, ALL]


def test_too_long_is_refused(disk: SimulatedDisk) -> None:
    log = opened(disk)
    with pytest.raises(Refused):
        log.append(0, bytes(SEGMENT - OVERHEAD + 1))
    with pytest.raises(Refused):
        log.extend(0, [bytes(300)] * 4)
    log.append(0, bytes(SEGMENT - OVERHEAD))
    log.commit()
    assert numbers(log) == [0]


def test_what_waits_is_bounded(disk: SimulatedDisk) -> None:
    log = opened(disk)
    for number in range(100):
        log.append(number, bytes(100))
    assert log._pending_bytes <= SEGMENT
    assert numbers(log) != []


def test_a_budget_must_hold_two_segments(disk: SimulatedDisk) -> None:
    with pytest.raises(AssertionError):
        Log(disk, "log", 2 * SEGMENT - 1, SEGMENT)


def test_the_oldest_segments_yield_and_the_budget_holds(disk: SimulatedDisk) -> None:
    log = opened(disk)
    for _ in range(60):
        fill(log, 1)
        assert files(disk) == log.stored_bytes <= BUDGET
    found = numbers(log)
    assert found == list(range(log.oldest, 240))
    assert log.stored_bytes > BUDGET - 2 * SEGMENT
    assert log.dropped_segments > 0


def test_a_removed_segment_is_gone_for_good_before_the_next_write(
    disk: SimulatedDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = opened(disk)
    calls: list[str] = []

    def spied_on(name: str) -> None:
        call = getattr(disk, name)

        def spy(*arguments: object) -> object:
            calls.append(name)
            return call(*arguments)

        monkeypatch.setattr(disk, name, spy)

    for name in ("remove", "sync_directory", "write"):
        spied_on(name)
    fill(log, 60)
    after_removal = {after for before, after in itertools.pairwise(calls) if before == "remove"}
    assert after_removal == {"sync_directory"}


def test_a_full_disk_does_not_cost_the_only_segment() -> None:
    disk = SimulatedDisk(random.Random(0), capacity_bytes=600)
    log = opened(disk)
    fill(log, 1)
    log.append(log.next, bytes(700))
    with pytest.raises(OSError, match="space"):
        log.commit()
    assert numbers(log) == [0, 1, 2, 3]


def test_a_segment_that_somebody_removed_reads_as_empty(disk: SimulatedDisk) -> None:
    log = opened(disk)
    fill(log, 30)
    disk.remove(min(disk.names()))
    first = log._segments[1].first
    assert numbers(log) == list(range(first, 120))


def test_a_budget_may_be_used_to_the_last_octet(disk: SimulatedDisk) -> None:
    log = opened(disk, budget=4 * SEGMENT)
    for number in range(4):
        log.append(number, bytes(SEGMENT - OVERHEAD))
        log.commit()
    assert log.stored_bytes == 4 * SEGMENT
    assert log.dropped_segments == 0
    log.append(4, b"")
    log.commit()
    assert log.dropped_segments == 1


def test_a_budget_that_shrank_holds_after_opening(disk: SimulatedDisk) -> None:
    fill(opened(disk), 30)
    log = opened(disk, budget=2 * SEGMENT)
    assert files(disk) == log.stored_bytes <= 2 * SEGMENT
    assert numbers(log)[-1] == 119
    smaller = opened(disk, budget=200, segment=100)
    assert files(disk) == smaller.stored_bytes <= 200
    assert smaller.next == 120


def test_segments_are_bounded_in_number(disk: SimulatedDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "SEGMENTS_LIMIT", 3)
    for _ in range(9):  # a reboot loop that leaves a bad end each time
        log = opened(disk)
        fill(log, 1)
        disk.write(disk.names()[-1], disk.size(disk.names()[-1]), b"?")
    assert len(disk.names()) == 3


def test_other_files_are_left_alone(disk: SimulatedDisk) -> None:
    others = [
        "log",
        "log.",
        "log.00000000.zzzzzzzzzzzzzzzz",
        "log.0000000.00000000000000000",
        "log2.00000000.0",
    ]
    others += ["log.0000000A.0000000000000000", "catalog.00000000.0000000000000000"]
    for name in others:
        disk.write(name, 0, b"x")
    log = opened(disk)
    fill(log, 1)
    assert numbers(log) == [0, 1, 2, 3]
    assert set(others) < set(disk.names())


def test_empty_segments_are_cleared_away(disk: SimulatedDisk) -> None:
    log = opened(disk)
    fill(log, 1)
    disk.write("log.00000001.0000000000000004", 0, b"")
    again = opened(disk)
    assert len(disk.names()) == 1
    assert again.next == 4


def test_reading_a_range(disk: SimulatedDisk) -> None:
    log = opened(disk, budget=100_000)
    fill(log, 50)
    assert numbers(log, 37, 41) == [37, 38, 39, 40, 41]
    assert numbers(log, 199, ALL) == [199]
    assert numbers(log, 200, ALL) == []
    assert numbers(log, 41, 37) == []


def test_a_read_ends_at_its_limit_but_gives_one(disk: SimulatedDisk) -> None:
    log = opened(disk, budget=100_000)
    fill(log, 50)
    sizes = [len(body(number)) for number in range(200)]
    assert numbers(log, 0, ALL, sum(sizes[:100])) == list(range(100))
    assert numbers(log, 0, ALL, sum(sizes[:100]) - 1) == list(range(99))
    assert numbers(log, 49, ALL, 1) == [49]
    assert numbers(log, 49, ALL, 0) == [49]


def test_a_read_touches_little_of_a_long_segment(
    disk: SimulatedDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = opened(disk, budget=400_000, segment=200_000)
    for number in range(1000):
        log.append(number, bytes(100))
        log.commit()
    again = opened(disk, budget=400_000, segment=200_000)
    for reader in (log, again):
        assert len(reader._segments[0]._offsets) < 120_000 // INDEX_STEP_OCTETS + 2
        taken = []
        read = disk.read

        def spy(name: str, offset: int, length: int) -> bytes:
            taken.append(length)  # noqa: B023
            return read(name, offset, length)  # noqa: B023

        with monkeypatch.context() as patch:
            patch.setattr(disk, "read", spy)
            assert numbers(reader, 500, 500) == [500]
        assert sum(taken) <= 2 * INDEX_STEP_OCTETS


def test_damage_costs_its_records_and_is_reported(disk: SimulatedDisk) -> None:
    log = opened(disk, budget=100_000)
    fill(log, 50)
    names = disk.names()
    disk.write(names[2], 300, bytes(60))
    found = numbers(log)
    assert 195 <= len(found) <= 199
    assert log.met.octets >= 60
    assert log.damage.octets == 0  # not yet checked
    rounds = 1
    while log.scrub():
        rounds += 1
    assert rounds == len(names)
    assert log.damage.octets >= 60
    assert log.damage.stretches == 1
    assert numbers(opened(disk, budget=100_000)) == found


def test_scrubbing_goes_round_and_round(disk: SimulatedDisk) -> None:
    log = opened(disk, budget=100_000)
    fill(log, 50)
    count = len(disk.names())
    turns = [log.scrub() for _ in range(2 * count)]
    assert turns == ([True] * (count - 1) + [False]) * 2


def test_an_unreadable_place_costs_its_page_only(
    disk: SimulatedDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = opened(disk, budget=400_000, segment=200_000)
    for number in range(1000):
        log.append(number, bytes(100))
        log.commit()
    read = disk.read

    def bad(name: str, offset: int, length: int) -> bytes:
        if offset <= 50_000 < offset + length:
            raise OSError(5, "Input/output error")
        return read(name, offset, length)

    monkeypatch.setattr(disk, "read", bad)
    again = opened(disk, budget=400_000, segment=200_000)
    for reader in (log, again):
        lost = 1000 - len(numbers(reader))
        assert lost in range(30, 40)
        assert reader.met.octets == 120 * lost
    assert again.next == 1000


def test_after_a_failed_sync_the_segment_is_left(disk: SimulatedDisk) -> None:
    log = opened(disk)
    fill(log, 2)
    disk.fail_at(disk.operations + 2)
    fill(log, 1)
    first, second = disk.names()
    assert second == "log.00000001.0000000000000008"
    left = disk.read(first, 0, 9999)
    fill(log, 2)
    assert disk.read(first, 0, 9999) == left
    assert numbers(log) == list(range(20))
    assert log.errors == 1
    assert numbers(opened(disk)) == list(range(20))


def test_records_of_a_failed_commit_go_with_the_next(disk: SimulatedDisk) -> None:
    log = opened(disk)
    disk.fail_at(disk.operations + 1, times=9)
    log.append(0, b"kept")
    with pytest.raises(OSError, match="Input/output"):
        log.commit()
    disk.fail_at(1 << 60)
    log.append(1, b"next")
    log.commit()
    assert log.read(0, ALL, NO_LIMIT) == [(0, b"kept"), (1, b"next")]
    assert log.errors >= 2


def test_opening_may_be_tried_again(disk: SimulatedDisk) -> None:
    fill(opened(disk), 30)
    before = disk.operations
    expected = numbers(opened(disk))
    operations = disk.operations - before
    for failing in range(1, operations + 1):
        log = Log(disk, "log", BUDGET, SEGMENT)
        disk.fail_at(disk.operations + failing)
        try:
            log.open()
        except OSError:
            log.open()
        assert log.next == 120
        assert numbers(log) == expected


@given(
    st.lists(st.lists(st.binary(max_size=120), min_size=1, max_size=6), max_size=30), st.integers(0, 2**60)
)
def test_like_a_list_of_records(groups: list[list[bytes]], first: int) -> None:
    disk = SimulatedDisk(random.Random(0))
    log = Log(disk, "log", 10**6, SEGMENT, first)
    log.open()
    model: list[Record] = []
    for index, group in enumerate(groups):
        model += enumerate(group, log.next)
        log.extend(log.next, group)
        log.commit()
        if index % 7 == 6:
            log = Log(disk, "log", 10**6, SEGMENT, first)
            log.open()
    assert log.read(0, ALL, NO_LIMIT) == model
    middle = first + len(model) // 2
    assert log.read(middle, middle + 3, NO_LIMIT) == [
        item for item in model if middle <= item[0] <= middle + 3
    ]
    assert log.stored_bytes == files(disk)
