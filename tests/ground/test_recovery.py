"""When gaps are asked for, in which pieces, and that it always ends."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from flight.app import build, load_mission
from flight.dictionary import compile_encoder
from ground.gaps import Coverage
from ground.reception import Packet, Reception
from ground.recovery import (
    JOIN_NEAREST,
    OPEN_MAX,
    REPEAT_NS,
    SPAN_MAX,
    STALLED_NS,
    Recovery,
    suspended_stores,
)
from ground.telemetry import Telemetry

NS = 1_000_000_000


@pytest.fixture
def recovery(dictionary):
    coverage = [Coverage() for _ in dictionary.stores]
    made = Recovery(coverage, Reception(dictionary, coverage))
    made.begin_contact(0)
    return made


def receive(recovery, store, *intervals):
    for first, last in intervals:
        recovery.coverage[store].received.add_range(first, last)


def looks(recovery, seconds):
    return [(second, asked) for second in seconds for asked in recovery.due(second * NS)]


def test_no_gap_no_request(recovery):
    receive(recovery, 2, (0, 100))
    assert looks(recovery, range(200)) == []


def test_playback_under_way_is_left_alone(recovery):
    """It fills the gap by itself, oldest first."""
    receive(recovery, 2, (5000, 5010))
    for second in range(300):
        receive(recovery, 2, (second * 10, second * 10 + 9))
        recovery.reception.played_high[2] = second * 10 + 9
        assert recovery.due(second * NS) == []


def test_what_playback_has_passed(recovery):
    receive(recovery, 2, (0, 10), (20, 30), (100, 100))
    recovery.reception.played_high[2] = 30
    found = looks(recovery, range(12))
    assert found == [(10, (2, 11, 19))], "at the second look, and not what playback has not reached"


def test_what_was_sent_live_in_this_contact(recovery):
    receive(recovery, 2, (0, 10), (90, 95), (97, 99))
    recovery.reception.live_low[2] = 90
    assert looks(recovery, range(12)) == [(10, (2, 96, 96))]


def test_everything_when_nothing_moves(recovery):
    receive(recovery, 2, (90, 95))
    found = looks(recovery, range(STALLED_NS // NS + 6))
    assert [asked for _, asked in found] == [(2, 0, 89)]
    assert found[0][0] >= STALLED_NS // NS


def test_the_most_important_store_first_and_few_at_once(recovery):
    for store in (2, 1, 0):
        receive(recovery, store, *((100 * n, 100 * n + 50) for n in range(4)))
        recovery.reception.played_high[store] = 10_000
    found = [asked for _, asked in looks(recovery, range(11))]
    assert len(found) == OPEN_MAX
    assert [store for store, _, _ in found] == [0, 0, 0, 1]


def test_near_gaps_are_one_request_and_great_ones_several(recovery):
    receive(recovery, 2, (10, 10), (20, 20), (20 + JOIN_NEAREST + 10, 60), (10_000, 10_000))
    recovery.reception.played_high[2] = 20_000
    found = [asked for _, asked in looks(recovery, range(11))]
    assert found == [(2, 0, 45), (2, 61, 61 + SPAN_MAX - 1)]


def test_repeated_after_a_time_and_only_then(recovery):
    receive(recovery, 2, (10, 10))
    recovery.reception.played_high[2] = 10
    times = [second for second, _ in looks(recovery, range(150))]
    assert times == [10, 10 + REPEAT_NS // NS, 10 + 2 * REPEAT_NS // NS, 10 + 3 * REPEAT_NS // NS, 130]


def test_a_closed_request_makes_room_at_once(recovery):
    receive(recovery, 2, *((100 * n, 100 * n + 50) for n in range(10)))
    recovery.reception.played_high[2] = 10_000
    first = [asked for _, asked in looks(recovery, range(11))]
    for store, low, high in first:
        recovery.coverage[store].absent.add_range(low, high)
    second = [asked for _, asked in looks(recovery, range(11, 17))]
    assert len(first) == len(second) == OPEN_MAX
    assert not set(first) & set(second)


def test_a_new_contact_begins_anew(recovery):
    receive(recovery, 2, (10, 10))
    recovery.reception.played_high[2] = 10
    assert looks(recovery, range(12))
    recovery.reception.begin_contact()
    recovery.begin_contact(5000 * NS)
    assert recovery.reception.played_high[2] == -1
    assert looks(recovery, range(5000, 5015)) == [], "playback has not passed it in this contact"
    assert looks(recovery, range(5015, 5030))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_it_ends_whatever_is_lost(dictionary, seed):
    """Each request's records are lost with a chance of a third, requests too; some records do not exist."""
    chance = random.Random(seed)
    coverage = [Coverage() for _ in dictionary.stores]
    recovery = Recovery(coverage, Reception(dictionary, coverage))
    recovery.begin_contact(0)
    exists = {n for n in range(3000) if chance.random() > 0.05}
    for number in exists:
        if chance.random() < 0.7 or number > 2990:
            coverage[2].received.add(number)
    for second in range(5, 50_000, 5):
        for store, first, last in recovery.due(second * NS):
            assert len(recovery.open) <= OPEN_MAX
            if chance.random() < 0.33:
                continue
            for number in range(first, last + 1):
                if chance.random() < 0.67:
                    (coverage[store].received.add if number in exists else coverage[store].absent.add)(number)
        if not recovery.missing():
            break
    assert recovery.missing() == 0
    assert recovery.due(10**15) == []
    assert set(range(2990)) - exists <= {
        n for first, last in coverage[2].absent for n in range(first, last + 1)
    }


def test_nothing_is_asked_of_a_suspended_store(dictionary):
    coverage = [Coverage() for _ in dictionary.stores]
    waiting = [2]
    recovery = Recovery(coverage, Reception(dictionary, coverage), lambda: waiting)
    recovery.begin_contact(0)
    for store in (1, 2):
        receive(recovery, store, (10, 20))
    assert {asked[0] for _, asked in looks(recovery, range(60))} == {1}
    waiting.clear()
    assert 2 in {asked[0] for _, asked in looks(recovery, range(60, 120))}


def test_which_stores_are_suspended_comes_from_telemetry():
    dictionary = build(load_mission("pathfinder")).dictionary
    latest = Telemetry(dictionary)
    assert suspended_stores(latest) == []
    entry = dictionary.packets_by_label["downlink.retrieval"]
    encode = compile_encoder(entry, dictionary.apids["downlink"])
    said = SimpleNamespace(
        suspended_critical=False, suspended_event=True, suspended_housekeeping=True, asked=0, deletions=0
    )
    octets = encode(cast("Any", said), 0, 0, 0, 0, 0, 0)
    latest.newest[entry.sid] = Packet(0, 0, 0, dictionary.apids["downlink"], 3, 25, entry.sid, octets)
    assert suspended_stores(latest) == [1, 2]
