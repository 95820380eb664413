"""Packet stores by command: switched off and on, suspended and resumed, emptied, looked at."""

from __future__ import annotations

import pytest

from flight.declare import DeleteRecords, Failed, Outbox, Refused, Request, Stored, Waiting
from flight.modules.downlink import Downlink
from flight.modules.downlink.playback import Playback
from flight.modules.downlink.stores import StoreService
from flight.modules.downlink.window import ENTRY
from flight.wire import TmPacket, encode_cuc
from flight.wire.packet_stores import (
    ABSENT,
    RANGE,
    StoreStatus,
    pack_deletion,
    pack_stores,
    read_contents,
    read_statuses,
)

NS = 1_000_000_000
CRITICAL, EVENT, HOUSEKEEPING = range(3)
ENABLE, DISABLE, DELETE, CONTENTS, RESUME, SUSPEND, ABORT, STATUS = 1, 2, 11, 12, 15, 16, 17, 18
ALWAYS = 2**32 * NS - 1


def ask(craft, subtype: int, data: bytes = b"") -> int:
    return craft.send(craft.dictionary.apids["downlink"], 15, subtype, data)


def done(craft, subtype: int, data: bytes = b"", seconds: int = 5) -> None:
    request = ask(craft, subtype, data)
    craft.fly(seconds)
    assert craft.stages(request)[-1] == 7, craft.answers(request)


def refused(craft, subtype: int, data: bytes, seconds: int = 5) -> str:
    request = ask(craft, subtype, data)
    craft.fly(seconds)
    assert craft.stages(request)[-1] == 8
    return craft.answers(request)[-1].reason


def reports(craft, subtype: int) -> list[TmPacket]:
    return [p for p in craft.packets if (p.service, p.subtype) == (15, subtype)]


def absent(craft) -> list[tuple[int, int, int]]:
    return [RANGE.unpack(report.body) for report in reports(craft, ABSENT)]


def stored(craft, store: int) -> list[int]:
    """Counts that storage holds."""
    recorder = craft.computer.worker.storage._recorder
    return [count for count, _ in recorder.read(store, 0, 1 << 50, 1 << 24)]


def counts(craft, store: int) -> list[int]:
    return [p.record & (1 << 56) - 1 for p in craft.packets if p.record >> 56 == store]


# ---------------------------------------------------------------- storage


def test_a_store_that_is_off_takes_nothing_and_counts_it(craft) -> None:
    craft.fly(10)
    done(craft, DISABLE, pack_stores([HOUSEKEEPING]))
    before = stored(craft, HOUSEKEEPING)
    craft.packets.clear()
    craft.fly(30)
    assert stored(craft, HOUSEKEEPING) == before
    left_out = craft.module("recorder").left_out
    live = len(counts(craft, HOUSEKEEPING))
    assert live > 25, "live telemetry goes on"
    assert live <= left_out.housekeeping_left_out <= live + 8
    assert left_out.event_left_out == 0
    assert not left_out.housekeeping_on
    assert left_out.event_on
    done(craft, ENABLE, pack_stores([]))
    craft.fly(10)
    after = stored(craft, HOUSEKEEPING)
    assert len(after) > len(before)
    assert min(set(after) - set(before)) > max(before) + live, "numbers went on"


def test_what_was_left_out_is_told_absent(craft) -> None:
    """So that the ground, which counts, does not ask for ever."""
    craft.fly(5)
    done(craft, DISABLE, pack_stores([HOUSEKEEPING]))
    craft.contact(False)
    craft.fly(20)
    craft.packets.clear()
    craft.contact(True)
    craft.fly(10)
    told = {
        n for store, first, last in absent(craft) if store == HOUSEKEEPING for n in range(first, last + 1)
    }
    assert len(told) >= 20
    assert not told & set(counts(craft, HOUSEKEEPING))
    assert not told & set(stored(craft, HOUSEKEEPING))


def test_off_stays_off_over_a_power_cut_and_no_number_comes_twice(craft) -> None:
    craft.fly(5)
    done(craft, DISABLE, pack_stores([HOUSEKEEPING, EVENT]))
    craft.fly(20)
    used = counts(craft, HOUSEKEEPING)
    craft.reboot()
    craft.packets.clear()
    craft.fly(10)
    assert ("recorder.switched", (0b110,)) in craft.events()
    assert min(counts(craft, HOUSEKEEPING)) > max(used)
    assert set(stored(craft, HOUSEKEEPING)) & set(counts(craft, HOUSEKEEPING)) == set()
    assert craft.module("recorder").left_out.housekeeping_left_out > 5


def test_numbers_are_reserved_though_nothing_is_stored(craft) -> None:
    """More packets than one block of reserved numbers, then the power fails."""
    craft.fly(5)
    done(craft, DISABLE, pack_stores([HOUSEKEEPING]))
    emitter = craft.computer.kernel.emitter
    emitter.next_counts[HOUSEKEEPING] += 200_000
    craft.fly(5)
    used = emitter.next_counts[HOUSEKEEPING]
    craft.reboot()
    craft.fly(2)
    assert craft.computer.kernel.emitter.next_counts[HOUSEKEEPING] >= used


@pytest.mark.parametrize("stores", [[], [CRITICAL], [EVENT, CRITICAL]])
def test_the_critical_store_is_never_off(craft, stores) -> None:
    assert "critical" in refused(craft, DISABLE, pack_stores(stores))


# ---------------------------------------------------------------- open retrieval


def test_what_is_suspended_waits_and_is_not_lost(craft) -> None:
    craft.fly(2)
    done(craft, SUSPEND, pack_stores([HOUSEKEEPING]))
    craft.contact(False)
    craft.fly(30)
    craft.packets.clear()
    craft.contact(True)
    craft.fly(15)
    first = craft.module("downlink").playback.unseen[HOUSEKEEPING].items[0][0]
    assert min(counts(craft, HOUSEKEEPING)) > first, "nothing of it was played back"
    assert craft.module("downlink").retrieval.suspended_housekeeping
    done(craft, RESUME, pack_stores([HOUSEKEEPING]), seconds=15)
    assert first in counts(craft, HOUSEKEEPING)
    assert not craft.module("downlink").playback.unseen[HOUSEKEEPING].items


def test_suspended_is_kept_over_a_power_cut(craft) -> None:
    craft.fly(2)
    done(craft, SUSPEND, pack_stores([HOUSEKEEPING]))
    craft.contact(False)
    craft.fly(5)
    craft.reboot()
    craft.packets.clear()
    craft.contact(True)
    craft.fly(15)
    assert craft.module("downlink").playback.suspended == 1 << HOUSEKEEPING
    assert craft.module("downlink").playback.unseen[HOUSEKEEPING].items


def test_asked_for_by_number_comes_though_suspended(craft) -> None:
    craft.fly(10)
    done(craft, SUSPEND, pack_stores([]))
    craft.records.clear()
    craft.packets.clear()
    done(craft, 129, RANGE.pack(HOUSEKEEPING, 2, 6))
    assert set(range(2, 7)) <= set(counts(craft, HOUSEKEEPING))


# ---------------------------------------------------------------- aborting


def test_aborted_records_are_not_sent_and_unseen_ones_still_are() -> None:
    playback, out = Playback(), Outbox()
    playback.want(HOUSEKEEPING, 50, 60)
    playback.ask(HOUSEKEEPING, 10, 90)
    playback.ask(EVENT, 1, 2)
    playback.fetch(1000, out)
    playback.fetch(1000, out)
    assert len(out.requests) == 1
    playback.abort([HOUSEKEEPING])
    assert playback.reading is not None
    assert playback.asked[EVENT].items == [(1, 2)]
    playback.abort([EVENT])
    assert playback.reading is None, "its answer is not waited for"
    playback.fetch(1000, out)
    assert out.requests[-1][1][:3] == (HOUSEKEEPING, 50, 60)


def test_a_search_ends_with_the_abort(craft) -> None:
    craft.fly(30)
    window = bytes([1]) + ENTRY.pack(HOUSEKEEPING, encode_cuc(NS), encode_cuc(20 * NS))
    searching, aborting = ask(craft, 9, window), ask(craft, ABORT, pack_stores([]))
    craft.fly(20)
    assert craft.stages(aborting)[-1] == 7
    assert craft.answers(searching)[-1].reason == "aborted"
    assert not craft.module("downlink").playback.asked[HOUSEKEEPING].items


def test_a_deletion_is_not_aborted_half_way(craft) -> None:
    craft.fly(30)
    done(craft, SUSPEND, pack_stores([]))
    deleting, aborting = ask(craft, DELETE, pack_deletion(ALWAYS, [])), ask(craft, ABORT, pack_stores([]))
    craft.fly(20)
    assert craft.stages(deleting)[-1] == craft.stages(aborting)[-1] == 7
    assert len(absent(craft)) == 3


# ---------------------------------------------------------------- deletion


def test_deleted_up_to_a_time(craft) -> None:
    craft.fly(30)
    done(craft, SUSPEND, pack_stores([HOUSEKEEPING]))
    times = {p.record & (1 << 56) - 1: p.time_ns for p in craft.packets if p.record >> 56 == HOUSEKEEPING}
    done(craft, DELETE, pack_deletion(12 * NS, [HOUSEKEEPING]), seconds=20)
    left = stored(craft, HOUSEKEEPING)
    assert min(times[count] for count in left if count in times) > 12 * NS
    assert min(left) == min(count for count, at in times.items() if at > 12 * NS)
    assert absent(craft) == [(HOUSEKEEPING, 0, min(left) - 1)]
    assert ("downlink.deleted", (HOUSEKEEPING, min(left))) in craft.events()


def test_deleted_stays_deleted_over_a_power_cut(craft) -> None:
    craft.fly(30)
    done(craft, SUSPEND, pack_stores([EVENT, HOUSEKEEPING]))
    done(craft, DELETE, pack_deletion(ALWAYS, [EVENT, HOUSEKEEPING]), seconds=20)
    floor = min(stored(craft, HOUSEKEEPING))
    craft.reboot()
    craft.fly(5)
    assert min(stored(craft, HOUSEKEEPING)) == floor
    craft.packets.clear()
    done(craft, 129, RANGE.pack(HOUSEKEEPING, 0, 5))
    assert (HOUSEKEEPING, 0, 5) in absent(craft), "asked for, it says so again"


def test_nothing_that_no_pass_has_seen_is_wanted_once_deleted(craft) -> None:
    craft.fly(2)
    done(craft, SUSPEND, pack_stores([HOUSEKEEPING]))
    craft.contact(False)
    craft.fly(30)
    craft.contact(True)
    done(craft, DELETE, pack_deletion(25 * NS, [HOUSEKEEPING]), seconds=20)
    floor = min(stored(craft, HOUSEKEEPING))
    assert craft.module("downlink").playback.unseen[HOUSEKEEPING].items[0][0] == floor
    craft.packets.clear()
    done(craft, RESUME, pack_stores([HOUSEKEEPING]), seconds=15)
    assert min(counts(craft, HOUSEKEEPING)) == floor
    assert absent(craft) == []


def test_what_the_disk_does_not_delete_stays_wanted(craft) -> None:
    craft.fly(2)
    done(craft, SUSPEND, pack_stores([HOUSEKEEPING]))
    craft.contact(False)
    craft.fly(20)
    craft.contact(True)
    worker = craft.computer.worker
    performed = worker.storage.perform
    worker.storage.perform = lambda request: (
        Failed("EIO") if isinstance(request, DeleteRecords) else performed(request)
    )
    unseen = craft.module("downlink").playback.unseen[HOUSEKEEPING]
    first = unseen.items[0][0]
    until = pack_deletion(20 * NS, [HOUSEKEEPING])
    assert refused(craft, DELETE, until, seconds=20) == "the store does not answer"
    assert (absent(craft), unseen.items[0][0]) == ([], first)
    worker.storage.perform = performed
    done(craft, DELETE, until, seconds=20)
    assert [store for store, _, _ in absent(craft)] == [HOUSEKEEPING]
    assert unseen.items[0][0] > first


def test_what_is_deleted_already_is_not_told_again(craft) -> None:
    craft.fly(10)
    done(craft, SUSPEND, pack_stores([]))
    done(craft, DELETE, pack_deletion(5 * NS, []), seconds=20)
    assert {store for store, _, _ in absent(craft)} == {CRITICAL, EVENT, HOUSEKEEPING}
    craft.packets.clear()
    done(craft, DELETE, pack_deletion(5 * NS, []), seconds=20)
    assert absent(craft) == []


def test_what_is_on_its_way_is_not_deleted(craft) -> None:
    craft.fly(10)
    assert "suspend it first" in refused(craft, DELETE, pack_deletion(ALWAYS, [EVENT]))
    done(craft, SUSPEND, pack_stores([]))
    service = craft.module("downlink").stores
    service.playback.ask(EVENT, 0, 1)
    answer = service.serve(Request(1, 15, DELETE, pack_deletion(ALWAYS, [EVENT])), Outbox())
    assert isinstance(answer, Refused)
    assert "asked for" in answer.reason


# ---------------------------------------------------------------- reports


def test_the_status_of_the_stores(craft) -> None:
    craft.fly(2)
    done(craft, SUSPEND, pack_stores([EVENT]))
    done(craft, DISABLE, pack_stores([HOUSEKEEPING]))
    done(craft, STATUS)
    assert read_statuses(reports(craft, 19)[-1].body) == (
        StoreStatus(CRITICAL, True, True, False),
        StoreStatus(EVENT, True, False, False),
        StoreStatus(HOUSEKEEPING, False, True, False),
    )


def test_what_the_stores_hold(craft) -> None:
    craft.fly(60)
    done(craft, CONTENTS, pack_stores([HOUSEKEEPING, EVENT]), seconds=20)
    found = read_contents(reports(craft, 13)[-1].body)
    assert found is not None
    events, housekeeping = found
    assert (events.store, housekeeping.store) == (EVENT, HOUSEKEEPING)
    assert events.oldest == events.newest <= 2 * NS, "that of the boot"
    assert 0 <= housekeeping.oldest <= 2 * NS
    assert 55 * NS <= housekeeping.newest <= 65 * NS
    assert housekeeping.open_from == 0
    assert housekeeping.waiting == 0
    assert 1 <= housekeeping.filled <= 5


def test_what_no_pass_has_seen_is_in_the_report(craft) -> None:
    craft.fly(2)
    done(craft, SUSPEND, pack_stores([HOUSEKEEPING]))
    craft.contact(False)
    craft.fly(200)
    craft.contact(True)
    done(craft, CONTENTS, pack_stores([HOUSEKEEPING]), seconds=20)
    found = read_contents(reports(craft, 13)[-1].body)
    assert found is not None
    assert 5 * NS <= found[0].open_from <= 12 * NS
    assert 1 <= found[0].waiting <= found[0].filled


@pytest.mark.parametrize("subtype", [ENABLE, DISABLE, DELETE, CONTENTS, RESUME, SUSPEND, ABORT, STATUS, 14])
@pytest.mark.parametrize("data", [b"\x05", b"\x01\x03", b"\x01\x01\x01"])
def test_what_makes_no_sense_is_refused(subtype: int, data: bytes) -> None:
    service = StoreService(Playback(), lambda out: out.keep(), Downlink.deleted)
    out = Outbox()
    outcome = service.serve(Request(1, 15, subtype, data), out)
    assert isinstance(outcome, Refused)
    assert not out.used


def test_a_switch_that_is_not_on_the_disk_has_not_happened() -> None:
    service = StoreService(Playback(), lambda out: out.keep(), Downlink.deleted)
    out = Outbox()
    assert isinstance(service.serve(Request(7, 15, SUSPEND, pack_stores([EVENT])), out), Waiting)
    ticket = out.keeping
    assert service.playback.suspended == 1 << EVENT
    service.completed(ticket, Failed("disk: no"), out)
    assert service.playback.suspended == 0
    assert out.finished == [(7, Refused("not stored"))]
    out.clear()
    service.serve(Request(8, 15, SUSPEND, pack_stores([EVENT])), out)
    service.completed(out.keeping, Stored(), out)
    assert service.playback.suspended == 1 << EVENT
