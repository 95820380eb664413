"""How long a silence is borne: as measured of a peer, at most what its remote says, and never without end."""

from __future__ import annotations

import itertools

import pytest

from flight.wire.cfdp import CfdpEntity, Local, MemoryFileStore, Put, Remote
from flight.wire.cfdp.round_trip import MARGIN_NS, RoundTrip
from tests.flight.wire.cfdp.pair import SECOND, Pair
from tests.flight.wire.cfdp.test_transfers import outcome, transfer

INTERVAL, BACK_OFF = 6 * SECOND, 3


def patience(trip: RoundTrip) -> list[int]:
    return [trip.patience(INTERVAL, spent, BACK_OFF) for spent in range(20)]


def test_unmeasured_it_is_what_the_remote_says() -> None:
    assert patience(RoundTrip())[:5] == [INTERVAL << spent for spent in (0, 1, 2, 3, 3)]


def test_measured_it_begins_short_and_ends_as_patient() -> None:
    trip = RoundTrip()
    trip.sample(SECOND // 2)
    found = patience(trip)
    assert found[0] == SECOND + MARGIN_NS
    assert all(after in (2 * before, INTERVAL << BACK_OFF) for before, after in itertools.pairwise(found))
    assert sum(found) > 0.8 * sum(patience(RoundTrip())), "nobody gives up much sooner"


def test_a_slow_peer_is_never_waited_for_longer_than_the_remote_says() -> None:
    trip = RoundTrip()
    trip.sample(3_600 * SECOND)
    assert patience(trip) == patience(RoundTrip())


def test_the_longest_of_late_counts() -> None:
    trip = RoundTrip()
    for duration in (2 * SECOND, SECOND // 10):
        trip.sample(duration)
    assert trip.patience(INTERVAL, 0, BACK_OFF) > 3 * SECOND
    for _ in range(40):
        trip.sample(SECOND // 10)
    assert trip.patience(INTERVAL, 0, BACK_OFF) < SECOND


def eof_sent_at(entity: CfdpEntity, until: int) -> list[int]:
    """When an unanswered EOF is said, tenths of a second."""
    found = []
    for tick in range(until):
        entity.on_deadline(tick * SECOND // 10)
        found += [tick for pdu in entity.send(tick * SECOND // 10, 1 << 16) if pdu[8:9] == b"\x04"]
    return found


def test_a_lost_eof_is_said_again_sooner_once_the_peer_is_known() -> None:
    store = MemoryFileStore()
    store.put("a", b"x")
    entity = CfdpEntity(Local(1, 1, 2), [Remote(2, ack_interval_ns=INTERVAL)], store)
    entity.put(Put(2, "a", "b"), 0)
    assert eof_sent_at(entity, 200) == [0, 60, 180]
    known = CfdpEntity(Local(1, 1, 2), [Remote(2, ack_interval_ns=INTERVAL)], store)
    known._around.round_trips[2] = RoundTrip()
    known._around.round_trips[2].sample(SECOND)
    known.put(Put(2, "a", "b"), 0)
    assert eof_sent_at(known, 200) == [0, 22, 66, 154]


@pytest.mark.parametrize("up", [True, False])
def test_a_transfer_measures_its_peer(up: bool) -> None:
    pair = Pair(3, 0.1)
    data = transfer(pair, 30_000, up)
    assert outcome(pair, up)[0] == data
    trips = [
        *pair.ground.entity._around.round_trips.values(),
        *pair.craft.entity._around.round_trips.values(),
    ]
    assert max(trip._longest for trip in trips) > 0


def test_what_was_asked_twice_is_not_measured() -> None:
    """Nobody knows which of the two was answered."""
    store = MemoryFileStore()
    store.put("a", b"x")
    entity = CfdpEntity(Local(1, 1, 2), [Remote(2, ack_interval_ns=INTERVAL)], store)
    entity.put(Put(2, "a", "b"), 0)
    assert eof_sent_at(entity, 61) == [0, 60]
    next(iter(entity.senders.values())).answered(7 * SECOND)
    assert entity._around.round_trips[2]._longest == 0


def test_what_a_pass_cut_off_is_not_measured() -> None:
    store = MemoryFileStore()
    store.put("a", b"x")
    entity = CfdpEntity(Local(1, 1, 2), [Remote(2, ack_interval_ns=INTERVAL)], store)
    entity.put(Put(2, "a", "b"), 0)
    assert eof_sent_at(entity, 1) == [0]
    one = next(iter(entity.senders.values()))
    entity.contact(False, SECOND)
    entity.contact(True, 3_600 * SECOND)
    one.answered(3_601 * SECOND)
    assert entity._around.round_trips[2]._longest == 0
