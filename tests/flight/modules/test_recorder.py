"""The recorder: what waits for a commit, and what does not."""

from __future__ import annotations

import pytest

from flight.declare import SECOND, Append, Commit, Failed, Outbox, Stored
from flight.modules.recorder import OPEN_WRITES_MAX, STORE_SHIFT, Recorder

CRITICAL, EVENT, HOUSEKEEPING = range(3)


class Flown:
    """A recorder, a step a second; what it asked storage for."""

    def __init__(self) -> None:
        self.module = Recorder()
        self.out = Outbox()
        self.second = 0
        self.tickets: list[int] = []

    def emit(self, store: int, count: int) -> None:
        self.module.emitted.put((store << STORE_SHIFT | count, b"packet %d" % count))

    def step(self, seconds: int = 1, carrier: bool = False) -> list[object]:
        asked: list[object] = []
        for _ in range(seconds):
            self.module.step(self.second * SECOND, self.module.Inputs(carrier), self.out)
            self.second += 1
            asked += [request for _, request, _ in self.out.requests]
            self.tickets += [ticket for ticket, _, _ in self.out.requests]
            self.out.clear()
        return asked

    def answer(self, result: object) -> None:
        for ticket in self.tickets:
            self.module.completed(self.second * SECOND, ticket, result, self.out)
        self.tickets.clear()


@pytest.fixture
def flown() -> Flown:
    """Has written its first packet."""
    flown = Flown()
    flown.emit(HOUSEKEEPING, 0)
    assert flown.step() == [Append(HOUSEKEEPING, 0, (b"packet 0",)), Commit()]
    flown.answer(Stored())
    return flown


def test_housekeeping_waits_for_the_next_commit(flown) -> None:
    for count in (1, 2, 3, 4):
        flown.emit(HOUSEKEEPING, count)
        assert flown.step() == []
    flown.emit(HOUSEKEEPING, 5)
    packets = tuple(b"packet %d" % count for count in (1, 2, 3, 4, 5))
    assert flown.step() == [Append(HOUSEKEEPING, 1, packets), Commit()]
    assert flown.step(20) == []


@pytest.mark.parametrize("store", [CRITICAL, EVENT])
def test_an_event_does_not_wait_and_takes_the_others_along(flown, store) -> None:
    flown.emit(HOUSEKEEPING, 1)
    flown.emit(store, 7)
    expected = [
        Append(HOUSEKEEPING, 1, (b"packet 1",)),
        Append(store, 7, (b"packet 7",)),
        Commit(),
    ]
    assert flown.step() == expected


def test_in_a_pass_nothing_waits(flown) -> None:
    for count in (1, 2):
        flown.emit(HOUSEKEEPING, count)
        assert flown.step(carrier=True) == [
            Append(HOUSEKEEPING, count, (b"packet %d" % count,)),
            Commit(),
        ]


def test_the_wait_is_a_parameter(flown) -> None:
    flown.module.commit_s = 1
    flown.step(10)
    flown.emit(HOUSEKEEPING, 1)
    assert len(flown.step()) == 2
    flown.emit(HOUSEKEEPING, 2)
    assert len(flown.step()) == 2


def test_storage_that_does_not_answer_gets_no_more_and_loses_nothing(flown) -> None:
    asked = []
    for count in range(1, 100):
        flown.emit(EVENT, count)
        asked += flown.step()
    assert len(asked) == OPEN_WRITES_MAX
    assert flown.module.status.backlog == 99 - OPEN_WRITES_MAX // 2
    flown.answer(Failed("disk: no"))
    assert [event for event, _ in flown.out.events] == [Recorder.write_failed]
    rest = flown.step()[0]
    assert isinstance(rest, Append)
    assert rest.first == OPEN_WRITES_MAX // 2 + 1
    assert len(rest.packets) == flown.module.status.next_event - rest.first == 99 - OPEN_WRITES_MAX // 2


def test_a_gap_in_the_counts_begins_a_new_group(flown) -> None:
    flown.emit(EVENT, 1)
    flown.emit(EVENT, 3)
    assert flown.step() == [
        Append(EVENT, 1, (b"packet 1",)),
        Append(EVENT, 3, (b"packet 3",)),
        Commit(),
    ]
