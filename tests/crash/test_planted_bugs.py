"""The bench is worth what it finds: each mistake here is planted, and a sweep must notice it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple

import pytest

from flight.store import Document, Recorder, Slots, record
from flight.store import log as log_module
from flight.store.log import Log
from flight.store.segment import Segment
from sim.disk import SimulatedDisk
from tests.crash.bench import flip_bits, sweep_cuts, sweep_errors, sweep_kills
from tests.crash.scenarios import (
    DocumentAtWork,
    LogAtWork,
    RecorderAtWork,
    Scenario,
    SlotsAtWork,
    WorkerAtWork,
)

Plant = Callable[[pytest.MonkeyPatch], None]
Sweep = Callable[[type[Scenario]], object]


def cuts(make: type[Scenario]) -> None:
    sweep_cuts(make, outcomes=6)


def kills(make: type[Scenario]) -> None:
    sweep_kills(make, outcomes=6)


def errors(make: type[Scenario]) -> None:
    sweep_errors(make, times=1, outcomes=6)


def flips(make: type[Scenario]) -> None:
    tally = flip_bits(make, trials=150)
    assert tally.silent == 0
    assert tally.most_lost <= 1


# The mistakes.


def no_fsync(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SimulatedDisk, "sync", lambda *_: None)


def no_directory_sync(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SimulatedDisk, "sync_directory", lambda *_: None)


def acknowledge_before_sync(patch: pytest.MonkeyPatch) -> None:
    """The sync comes with the next group."""
    write = Log._write_pending

    def early(log: Log) -> None:
        with patch.context() as inner:
            inner.setattr(type(log._disk), "sync", lambda *_: None)
            write(log)

    patch.setattr(Log, "_write_pending", early)


def newest_slot_overwritten(patch: pytest.MonkeyPatch) -> None:
    def next_slot(slots: Slots) -> int:
        slots._tried = slots._newest or 0
        return slots._tried

    patch.setattr(Slots, "_next_slot", next_slot)


def document_written_in_place(patch: pytest.MonkeyPatch) -> None:
    def save(document: Document, body: bytes) -> None:
        data = record.encode([(0, body)], document._place)
        document._disk.write(document._file, 0, data)
        document._disk.truncate(document._file, len(data))
        document._disk.sync(document._file)
        document._disk.sync_directory()

    patch.setattr(Document, "save", save)


def draft_not_synced(patch: pytest.MonkeyPatch) -> None:
    sync = SimulatedDisk.sync
    patch.setattr(
        SimulatedDisk, "sync", lambda disk, name: None if name.endswith(".new") else sync(disk, name)
    )


def crc_not_checked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(record, "crc32", lambda *_: 0)


def crc_of_the_header_only(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        record,
        "crc32",
        lambda octets, start=0: zlib.crc32(octets[:12], start) if len(octets) == 12 else start,
    )


def reader_stops_at_damage(patch: pytest.MonkeyPatch) -> None:
    scan = record.scan

    def stopping(data: bytes, place: int, limit: int, damage: record.Damage):
        expected = 0
        for number, at, body in scan(data, place, limit, damage):
            if at != expected:
                damage.add(len(data) - at)
                return
            yield number, at, body
            expected = at + record.OVERHEAD + len(body)

    patch.setattr("flight.store.segment.scan", stopping)


def counts_go_on_from_the_log(patch: pytest.MonkeyPatch) -> None:
    """No floor: what the log lost is used again."""
    patch.setattr(Recorder, "_reserve", lambda *_: None)


def floor_in_memory_only(patch: pytest.MonkeyPatch) -> None:
    def reserve(recorder: Recorder, store: int, end: int) -> None:
        recorder._reserved[store] = end + 8

    patch.setattr(Recorder, "_reserve", reserve)


def floor_saved_after_its_use(patch: pytest.MonkeyPatch) -> None:
    def reserve(recorder: Recorder, store: int, end: int) -> None:
        floors = [*recorder._next]
        recorder.floors.save(b"".join(count.to_bytes(8, "little") for count in floors))

    patch.setattr(Recorder, "_reserve", reserve)


def closed_without_a_commit(patch: pytest.MonkeyPatch) -> None:
    def close(recorder: Recorder) -> None:
        recorder.floors.save(b"".join(count.to_bytes(8, "little") for count in recorder._next))

    patch.setattr(Recorder, "close", close)


def failed_segment_used_again(patch: pytest.MonkeyPatch) -> None:
    """The fsync is simply tried again, and succeeds, as Linux lets it."""

    def commit(log: Log) -> None:
        for _ in range(2):
            try:
                if log._pending:
                    log._write_pending()
            except OSError:
                assert log._current is not None
                log._disk.sync(log._current.name)
                log._current.accept(log._pending[0][0], log._pending_bytes)
                log._pending, log._pending_bytes = [], 0
            else:
                return

    patch.setattr(Log, "commit", commit)


def acknowledged_although_it_failed(patch: pytest.MonkeyPatch) -> None:
    commit = Log.commit

    def hopeful(log: Log) -> None:
        try:
            commit(log)
        except OSError:
            log._pending, log._pending_bytes = [], 0

    patch.setattr(Log, "commit", hopeful)
    patch.setattr(log_module, "ATTEMPTS", 1)


def old_copies_not_hidden(patch: pytest.MonkeyPatch) -> None:
    read = Segment.read
    patch.setattr(Segment, "read", lambda segment, first, _, *rest: read(segment, first, 1 << 62, *rest))


def budget_not_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Log, "_make_room", lambda *_: None)
    patch.setattr(Log, "_trim", lambda *_: None)


def removed_segments_not_sure(patch: pytest.MonkeyPatch) -> None:
    def make_room(log: Log, octets: int) -> None:
        while log.stored_bytes + octets > log._budget_bytes:
            log._drop_oldest()

    patch.setattr(Log, "_make_room", make_room)


def everything_dropped_for_room(patch: pytest.MonkeyPatch) -> None:
    make_room = Log._make_room

    def greedy(log: Log, octets: int) -> None:
        if log.stored_bytes + octets > log._budget_bytes:
            while len(log._segments) > 2:
                log._drop_oldest()
        make_room(log, octets)

    patch.setattr(Log, "_make_room", greedy)


def appended_after_a_torn_end(patch: pytest.MonkeyPatch) -> None:
    """A header whose body was torn off would claim the records that are written after it."""

    def carry_on(log: Log, newest: Segment) -> None:
        log._current = newest

    patch.setattr(Log, "_continue", carry_on)


def cached_records_not_synced_at_start(patch: pytest.MonkeyPatch) -> None:
    """The name of a segment that a killed process has made is in a cache only."""

    def carry_on(log: Log, newest: Segment) -> None:
        if not newest.tail:
            log._current = newest

    patch.setattr(Log, "_continue", carry_on)


class Planted(NamedTuple):
    bug: Plant
    sweep: Sweep
    scenario: type[Scenario]


PLANTED = (
    Planted(no_fsync, cuts, LogAtWork),
    Planted(no_fsync, cuts, SlotsAtWork),
    Planted(no_fsync, cuts, DocumentAtWork),
    Planted(no_fsync, cuts, RecorderAtWork),
    Planted(no_fsync, cuts, WorkerAtWork),
    Planted(no_directory_sync, cuts, LogAtWork),
    Planted(no_directory_sync, cuts, SlotsAtWork),
    Planted(no_directory_sync, cuts, DocumentAtWork),
    Planted(no_directory_sync, cuts, RecorderAtWork),
    Planted(no_directory_sync, cuts, WorkerAtWork),
    Planted(acknowledge_before_sync, cuts, LogAtWork),
    Planted(newest_slot_overwritten, cuts, SlotsAtWork),
    Planted(newest_slot_overwritten, cuts, WorkerAtWork),
    Planted(document_written_in_place, cuts, DocumentAtWork),
    Planted(draft_not_synced, cuts, DocumentAtWork),
    Planted(crc_not_checked, cuts, LogAtWork),
    Planted(crc_not_checked, cuts, SlotsAtWork),
    Planted(crc_not_checked, flips, DocumentAtWork),
    Planted(crc_of_the_header_only, cuts, LogAtWork),
    Planted(crc_of_the_header_only, flips, WorkerAtWork),
    Planted(reader_stops_at_damage, flips, LogAtWork),
    Planted(counts_go_on_from_the_log, cuts, RecorderAtWork),
    Planted(floor_in_memory_only, cuts, WorkerAtWork),
    Planted(floor_saved_after_its_use, cuts, RecorderAtWork),
    Planted(closed_without_a_commit, cuts, RecorderAtWork),
    Planted(failed_segment_used_again, errors, LogAtWork),
    Planted(acknowledged_although_it_failed, errors, LogAtWork),
    Planted(old_copies_not_hidden, errors, LogAtWork),
    Planted(budget_not_kept, cuts, LogAtWork),
    Planted(removed_segments_not_sure, cuts, LogAtWork),
    Planted(everything_dropped_for_room, cuts, LogAtWork),
    Planted(appended_after_a_torn_end, cuts, LogAtWork),
    Planted(cached_records_not_synced_at_start, kills, LogAtWork),
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "planted", PLANTED, ids=lambda planted: f"{planted.bug.__name__}-{planted.scenario.__name__}"
)
def test_noticed(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.bug(monkeypatch)
    with pytest.raises(AssertionError) as noticed:
        planted.sweep(planted.scenario)
    print(f"{planted.bug.__name__}: {planted.sweep.__name__} of {planted.scenario.__name__}: {noticed.value}")
