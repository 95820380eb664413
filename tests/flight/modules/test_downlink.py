"""Downlink and recorder: what no pass has seen goes down at the next one, by priority, and nothing is lost."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import READ_LIMIT_BYTES, Outbox, Records
from flight.modules.downlink.playback import READY_OCTETS_MAX, Playback, missing
from flight.modules.downlink.ranges import RANGES_MAX, Ranges
from sim.link import Spoiling

COUNT_MASK = (1 << 56) - 1


def gaps(craft) -> dict[int, list[int]]:
    """By store, the counts below the highest received that are not there."""
    found = {}
    for store in range(3):
        counts = {record & COUNT_MASK for record in craft.records if record >> 56 == store}
        lost = set(range(max(counts, default=-1) + 1)) - counts
        found[store] = sorted(lost)
    return found


def test_a_pass_brings_down_everything_since_boot(make_craft) -> None:
    craft = make_craft(contact=False)
    craft.fly(300)
    assert craft.packets == []
    craft.contact(True)
    craft.fly(60)
    assert gaps(craft) == {0: [], 1: [], 2: []}
    assert 0 in craft.channels
    assert 1 in craft.channels


def test_live_goes_on_channel_0_while_playback_runs_on_1(make_craft) -> None:
    craft = make_craft(contact=False)
    craft.fly(2000)
    craft.contact(True)
    craft.fly(3)
    live = [p.time_ns for p, vc in zip(craft.packets, craft.channels, strict=True) if vc == 0]
    played = [p.time_ns for p, vc in zip(craft.packets, craft.channels, strict=True) if vc == 1]
    assert min(live) > max(played)


def test_critical_records_are_played_first(make_craft) -> None:
    craft = make_craft(contact=False)
    craft.radio.down_octets_s = 1000.0
    kernel, toy = craft.computer.kernel, craft.module("toy")
    for _ in range(50):
        kernel.event(1, toy.alarm, 1)
        craft.fly(10)
    craft.contact(True)
    craft.fly(200)
    played = [p.record >> 56 for p, vc in zip(craft.packets, craft.channels, strict=True) if vc == 1]
    assert played == sorted(played)
    assert set(played) >= {0, 2}


def test_the_transmitter_is_on_only_in_a_pass(make_craft) -> None:
    craft = make_craft(contact=False)
    craft.fly(5)
    assert craft.switch.level == 0
    craft.contact(True)
    craft.fly(2)
    assert craft.switch.level == 1
    craft.switch.level = 0  # an upset in the switch
    craft.fly(35)
    assert craft.switch.level == 1
    craft.contact(False)
    craft.fly(2)
    assert craft.switch.level == 0


def test_nothing_is_sent_beyond_what_the_transmitter_takes(craft) -> None:
    craft.radio.down_octets_s = 500.0
    craft.fly(100)
    assert craft.radio.sent_octets <= 500 * 100


def test_lost_frames_leave_gaps_and_asking_again_closes_them(make_craft) -> None:
    craft = make_craft()
    craft.radio.down.spoiling = Spoiling(loss=0.3)
    craft.fly(120)
    craft.radio.down.spoiling = Spoiling()
    craft.fly(5)
    assert any(gaps(craft).values())
    for _ in range(2):  # the answers to the first request show that store 0 had a gap too
        for store, counts in gaps(craft).items():
            if counts:
                data = struct.pack(">BQQ", store, counts[0], counts[-1])
                craft.send(craft.dictionary.apids["downlink"], 15, 129, data)
        craft.fly(30)
    assert gaps(craft) == {0: [], 1: [], 2: []}


def test_numbers_that_hold_nothing_are_reported_absent(craft) -> None:
    craft.fly(5)
    request = craft.send(craft.dictionary.apids["downlink"], 15, 129, struct.pack(">BQQ", 1, 5000, 5010))
    craft.fly(5)
    absent = [struct.unpack(">BQQ", p.body) for p in craft.packets if (p.service, p.subtype) == (15, 130)]
    assert absent == [(1, 5000, 5010)]
    assert craft.stages(request)[-1] == 7


@pytest.mark.parametrize(
    "data", [b"", bytes(16), bytes(18), struct.pack(">BQQ", 3, 0, 1), struct.pack(">BQQ", 0, 2, 1)]
)
def test_ranges_that_make_no_sense_are_refused(craft, data) -> None:
    request = craft.send(craft.dictionary.apids["downlink"], 15, 129, data)
    other = craft.send(craft.dictionary.apids["downlink"], 15, 1)
    craft.fly(4)
    assert craft.stages(request)[-1] == 8
    assert craft.stages(other)[-1] == 8


def test_after_a_reboot_what_was_not_seen_still_comes_down(make_craft) -> None:
    craft = make_craft(contact=False)
    craft.fly(400)
    craft.reboot()
    craft.fly(100)
    craft.contact(True)
    craft.fly(120)
    times = sorted({p.time_ns // 10**9 for p in craft.packets})
    assert times[0] == 0
    assert len([t for t in times if t < 395]) >= 394, "one second at most was not on disk yet"


def test_no_record_number_names_two_packets_over_reboots(make_craft) -> None:
    craft = make_craft()
    seen: dict[int, bytes] = {}
    for _ in range(6):
        craft.fly(7)
        craft.reboot()
    craft.fly(20)
    for packet in craft.packets:
        assert seen.setdefault(packet.record, packet.body) == packet.body


def test_the_recorder_reports_a_disk_that_fails_once_an_episode(craft) -> None:
    craft.fly(3)
    craft.disk.set_read_only(True)
    craft.fly(20)
    craft.disk.set_read_only(False)
    craft.fly(20)
    failed = [label for label, _ in craft.events() if label == "recorder.write_failed"]
    assert len(failed) == 1
    assert craft.module("recorder").outputs.recorder_failed is False


def test_what_a_failed_disk_did_not_take_is_written_when_it_is_back(craft) -> None:
    craft.fly(3)
    craft.contact(False)
    craft.disk.set_read_only(True)
    craft.fly(20)
    craft.disk.set_read_only(False)
    craft.fly(20)
    craft.contact(True)
    craft.fly(60)
    assert gaps(craft) == {0: [], 1: [], 2: []}


def test_an_error_that_passes_makes_no_record_absent(make_craft) -> None:
    craft = make_craft(contact=False)
    craft.fly(300)
    craft.contact(True)
    craft.disk.fail_at(craft.disk.operations + 1, times=12)
    craft.fly(60)
    assert craft.disk.errors > 2, "the reads were struck"
    assert not [p for p in craft.packets if (p.service, p.subtype) == (15, 130)]
    assert gaps(craft) == {0: [], 1: [], 2: []}


def test_a_record_that_stays_unreadable_is_reported_absent_and_the_others_come(make_craft) -> None:
    craft = make_craft(contact=False)
    craft.fly(300)
    name = next(name for name in craft.disk.names() if name.startswith("housekeeping."))
    craft.disk.flip(name, 8 * 5000)
    craft.contact(True)
    craft.fly(60)
    absent = [struct.unpack(">BQQ", p.body) for p in craft.packets if (p.service, p.subtype) == (15, 130)]
    assert [(store, last - first) for store, first, last in absent] == [(2, 0)]
    assert gaps(craft)[2] == [absent[0][1]]


def test_a_snapshot_brings_every_packet_and_every_parameter(craft) -> None:
    craft.fly(2)
    request = craft.call("housekeeping.snapshot")
    craft.fly(4)
    assert craft.stages(request)[-1] == 7
    sids = {int.from_bytes(p.body[:2], "big") for p in craft.packets if (p.service, p.subtype) == (3, 25)}
    assert sids == {p.sid for p in craft.dictionary.packets}
    assert any((p.service, p.subtype) == (20, 2) for p in craft.packets)


def test_housekeeping_can_be_switched_off_and_on(craft) -> None:
    sid = craft.dictionary.packets_by_label["toy.status"].sid
    apid = craft.dictionary.apids["housekeeping"]

    def count() -> int:
        return sum(p.service == 3 and p.body[:2] == sid.to_bytes(2, "big") for p in craft.packets)

    listed = struct.pack(">HH", 1, sid)
    craft.send(apid, 3, 6, listed)
    craft.fly(3)
    before = count()
    craft.fly(10)
    assert count() == before
    craft.send(apid, 3, 27, listed)
    craft.fly(4)
    assert count() == before + 1
    craft.send(apid, 3, 5, listed)
    craft.fly(10)
    assert count() > before + 5
    bad = [craft.send(apid, 3, s, d) for s, d in ((5, b"\0\1\xff\xff"), (5, b"\0"), (1, listed))]
    craft.fly(4)
    assert all(craft.stages(request)[-1] == 8 for request in bad)


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 20)), max_size=60),
    st.integers(0, 300),
    st.integers(0, 50),
)
def test_ranges_are_a_set_of_counts(adds, cut, length) -> None:
    ranges, model = Ranges(), set()
    for first, more in adds:
        ranges.add(first, first + more)
        model |= set(range(first, first + more + 1))
    ranges.remove_through(cut, cut + length)
    model -= set(range(cut, cut + length + 1))
    found = {n for low, high in ranges.items for n in range(low, high + 1)}
    assert found >= model
    assert ranges.coarsened or found == model
    assert ranges.items == sorted(ranges.items)
    assert ranges.total() == len(found)


def test_too_many_ranges_are_joined_and_lose_nothing() -> None:
    ranges = Ranges()
    for n in range(0, 1000, 3):
        ranges.append(n)
    assert len(ranges.items) == RANGES_MAX
    assert all(any(low <= n <= high for low, high in ranges.items) for n in range(0, 1000, 3))
    assert ranges.coarsened > 0


@given(st.sets(st.integers(0, 40)), st.integers(0, 40), st.integers(0, 10))
def test_missing_is_the_complement(present, first, more) -> None:
    last = first + more
    inside = sorted(n for n in present if first <= n <= last)
    holes = {n for low, high in missing(first, last, inside) for n in range(low, high + 1)}
    assert holes == set(range(first, last + 1)) - set(inside)


@pytest.mark.parametrize("budget", [100_000, 10**9])
def test_what_waits_for_the_line_is_bounded_however_fast_that_is(budget) -> None:
    """Swarm seed 0 of AI Rack: a line of 10 Mbit/s let 2.5 MB be read ahead."""
    playback, out = Playback(), Outbox()
    playback.want(2, 0, 10_000)
    count = highest = 0
    for _ in range(100):
        playback.fetch(budget, out)
        if playback.reading is None:
            break
        ticket, store, *_ = playback.reading
        records = tuple((count + place, bytes(1024)) for place in range(READ_LIMIT_BYTES // 1024))
        playback.completed(ticket, Records(store, records, 0), out)
        count += len(records)
        highest = max(highest, playback.ready_bytes)
    assert highest < min(budget, READY_OCTETS_MAX) + READ_LIMIT_BYTES
    assert playback.ready_bytes >= min(budget, READY_OCTETS_MAX)
