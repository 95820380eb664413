"""Retrieval by time: the borders of a window, found in a store that has lost some of its records."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import DONE, Failed, Outbox, Outcome, Read, Records, Refused, Request
from flight.modules.downlink import Downlink
from flight.modules.downlink.playback import Playback
from flight.modules.downlink.stores import StoreService
from flight.modules.downlink.window import ENTRY, WINDOWS_MAX, read_windows
from flight.wire import encode_cuc

NS = 1_000_000_000


def packet(second: int) -> bytes:
    return bytes(13) + encode_cuc(second * NS) + bytes(10)


def run(times: dict[int, int], first_s: int, last_s: int, end: int) -> tuple[list[tuple[int, int, int]], int]:
    """(ranges, reads) of a store whose record `count` was made at `times[count]` seconds."""
    service, out, reads = begun([0, end, 0]), Outbox(), 0
    counts = sorted(times)
    search = service.errand
    outcome: Outcome | None = service.serve(Request(5, 15, 9, windows((1, first_s, last_s))), out)
    while search.ident:
        ticket, read, _ = out.requests[-1]
        assert isinstance(read, Read)
        assert read.store == 1
        at = bisect_left(counts, read.first)
        found = [counts[at]] if at < len(counts) and counts[at] <= read.last else []
        reads += 1
        result = Records(1, tuple((count, packet(times[count])) for count in found), 0)
        outcome = search.completed(ticket, result, out)
    ranges = [(1, first, last) for first, last in service.playback.asked[1].items]
    assert (outcome is DONE) == bool(ranges)
    return ranges, reads


def begun(ends: list[int]) -> StoreService:
    service = StoreService(Playback(), lambda out: 0, Downlink.deleted)
    service.next_counts = ends
    return service


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9)), max_size=60),
    st.integers(0, 300),
    st.integers(0, 300),
    st.integers(0, 5),
)
def test_a_window_has_its_records_and_no_others(gaps, one, other, beyond) -> None:
    count, second, times = 0, 0, {}
    for step, seconds in gaps:
        count, second = count + step, second + seconds
        times[count] = second
    first, last = min(one, other), max(one, other)
    ranges, _ = run(times, first, last, count + 1 + beyond)
    inside = {count for count, at in times.items() if first <= at <= last}
    covered = {n for _, low, high in ranges for n in range(low, high + 1)}
    assert inside == covered & set(times)
    assert not inside or min(covered) == min(inside)


def test_the_reads_are_few() -> None:
    times = {count: count // 3 for count in range(3000, 200_000)}
    ranges, reads = run(times, 2000, 2001, 200_000)
    assert ranges == [(1, 6000, 6005)]
    assert reads <= 40


def test_a_store_that_cannot_be_read_ends_the_search() -> None:
    service, out = begun([100, 0, 0]), Outbox()
    service.serve(Request(5, 15, 9, windows((0, 0, 9))), out)
    search = service.errand
    outcomes = [search.completed(out.requests[-1][0], Failed("no disk"), out) for _ in range(3)]
    assert outcomes[:2] == [None, None]
    assert isinstance(outcomes[2], Refused)
    assert search.ident == 0


@given(st.binary(max_size=60))
def test_any_octets_are_windows_or_are_not(data: bytes) -> None:
    found = read_windows(data, 3)
    assert found is None or (
        1 <= len(found) == data[0] <= WINDOWS_MAX and all(one.store < 3 for one in found)
    )


def windows(*wanted: tuple[int, float, float]) -> bytes:
    rows = [ENTRY.pack(store, encode_cuc(int(a * NS)), encode_cuc(int(b * NS))) for store, a, b in wanted]
    return bytes([len(rows)]) + b"".join(rows)


def ask(craft, data: bytes) -> int:
    return craft.send(craft.dictionary.apids["downlink"], 15, 9, data)


def test_what_was_made_in_a_time_comes_again(craft) -> None:
    for _ in range(4):
        craft.call("toy.push", 1)
        craft.fly(15)
    seen = {p.record: p.time_ns // NS for p in craft.packets if p.record >> 56 == 2}
    craft.packets.clear()
    craft.records.clear()
    request = ask(craft, windows((2, 20.0, 30.0)))
    craft.fly(60)
    assert craft.stages(request)[-1] == 7
    channel = dict(zip((p.record for p in craft.packets), craft.channels[-len(craft.packets) :], strict=True))
    again = {p.record for p in craft.packets if channel[p.record] == 1}
    wanted = {record for record, second in seen.items() if 20 <= second <= 29}
    assert wanted
    assert wanted <= again
    assert {seen[record] for record in again if record in seen} <= set(range(20, 31))
    assert all(low < high for low, high in pairwise(sorted(wanted)))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "expected a count"),
        (windows((3, 1.0, 2.0)), "expected a count"),
        (windows((1, 3.0, 2.0)), "expected a count"),
        (windows((1, 1.0, 2.0)) + b"\0", "expected a count"),
        (windows((0, 90_000.0, 90_001.0)), "no records of that time"),
    ],
)
def test_a_time_without_records_is_refused(craft, data: bytes, says: str) -> None:
    request = ask(craft, data)
    craft.fly(20)
    assert says in craft.answers(request)[-1].reason


def test_one_search_at_a_time(craft) -> None:
    craft.fly(60)
    first, second = ask(craft, windows((2, 1.0, 50.0))), ask(craft, windows((2, 1.0, 50.0)))
    craft.fly(60)
    assert craft.stages(first)[-1] == 7
    assert "under way" in craft.answers(second)[-1].reason or craft.stages(second)[-1] == 7
