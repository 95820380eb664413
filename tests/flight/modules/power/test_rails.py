"""Rails: shed and restored in order, essential ones never, every order seen through to its read-back."""

from __future__ import annotations

import pytest

from flight.declare import DONE, SECOND, Call, Event, Outbox, Outcome, Refused, Severity, Waiting
from flight.modules.power.rails import Rail, RailEvents, Rails

TABLE = (
    Rail("bus", 0, essential=True),
    Rail("camera", 1, shed_at=2),
    Rail("gpu", 2, shed_at=4, yields=True),
    Rail("radio", 3, shed_at=5),
)


class Events(RailEvents):
    mismatch = Event(Severity.MEDIUM, "mismatch")
    followed = Event(Severity.INFO, "followed")
    shed = Event(Severity.MEDIUM, "shed")
    restored = Event(Severity.INFO, "restored")


class Bench:
    """Rails with switches that obey, but for those in `broken`."""

    def __init__(self) -> None:
        self.rails = Rails(Events(), TABLE)
        self.levels = [1, 1, 1, 1]
        self.broken: set[int] = set()
        self.now = 100 * SECOND
        self.out = Outbox()
        self.sets: list[tuple[int, int]] = []

    def run(self, rung: int = 0, seconds: int = 1) -> list[int]:
        for _ in range(seconds):
            self.now += SECOND
            self.rails.step(self.now, rung, tuple(self.levels), self.out)
            self.sets += self.out.switches
            for switch, level in self.out.switches:
                if switch not in self.broken:
                    self.levels[switch] = level
            self.out.switches.clear()
        return self.levels

    def order(self, number: int, on: bool, ident: int = 7) -> Outcome:
        return self.rails.order(Call(self.now, ident), number, on)

    def events(self) -> list[tuple[str, tuple[float | bytes, ...]]]:
        events = [(event.name, arguments) for event, arguments in self.out.events]
        self.out.events.clear()
        return events

    def answers(self) -> list[tuple[int, Outcome]]:
        answers = list(self.out.finished)
        self.out.finished.clear()
        return answers


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.run(seconds=3)
    assert made.rails.quiet
    return made


def test_all_is_shed_at_once_and_restored_one_a_second(bench: Bench) -> None:
    assert bench.run(rung=1) == [1, 1, 1, 1]
    assert bench.run(rung=2) == [1, 0, 1, 1]
    assert bench.events() == [("shed", (1, 2))]
    assert bench.run(rung=6) == [1, 0, 0, 0]
    assert bench.events() == [("shed", (2, 6)), ("shed", (3, 6))]
    assert bench.run(rung=0) == [1, 1, 0, 0]
    assert bench.run(rung=0) == [1, 1, 0, 0], "the owner of a rail that yields switches it on"
    assert bench.rails.allowed() == 0b0111
    assert bench.run(rung=0) == [1, 1, 0, 1]
    assert bench.events() == [("restored", (1,)), ("restored", (2,)), ("restored", (3,))]
    assert bench.sets == [(1, 0), (2, 0), (3, 0), (1, 1), (3, 1)]


def test_what_is_allowed_is_a_mask_by_switch(bench: Bench) -> None:
    assert bench.rails.allowed() == 0b1111
    bench.run(rung=4)
    assert bench.rails.allowed() == 0b1001
    assert bench.rails.off_count() == 2


def test_when_nothing_changes_nothing_is_done(bench: Bench) -> None:
    bench.run(seconds=3)
    before = bench.rails.read
    bench.run(seconds=100)
    assert bench.sets == []
    assert bench.rails.read is before
    assert bench.rails.quiet


def test_a_restart_takes_the_rails_as_they_are() -> None:
    bench = Bench()
    bench.levels = [1, 0, 0, 0]
    bench.run(rung=6)
    assert bench.sets == []
    bench = Bench()
    bench.levels = [0, 0, 0, 0]
    bench.run(rung=4)
    assert bench.sets == [(0, 1)]
    bench.run(rung=4)
    assert bench.sets == [(0, 1), (3, 1)]


def test_any_level_but_zero_is_on(bench: Bench) -> None:
    bench.levels[2] = 4
    bench.run(seconds=20)
    assert bench.sets == []
    assert bench.order(2, True) == DONE


def test_an_essential_rail_is_never_commanded_off(bench: Bench) -> None:
    assert bench.order(0, False) == Refused("rail bus is essential")
    bench.run(rung=6, seconds=20)
    assert bench.levels[0] == 1
    assert (0, 0) not in bench.sets
    assert bench.order(0, True) == DONE


def test_a_command_ends_with_its_read_back(bench: Bench) -> None:
    assert isinstance(bench.order(1, False), Waiting)
    assert bench.answers() == []
    bench.run()
    assert bench.answers() == []
    bench.run()
    assert bench.answers() == [(7, DONE)]
    assert bench.levels == [1, 0, 1, 1]
    assert bench.events() == [], "off by command is no shedding"
    assert bench.order(1, False) == DONE
    assert isinstance(bench.order(1, True, ident=8), Waiting)
    bench.run(seconds=2)
    assert bench.answers() == [(8, DONE)]
    assert bench.levels == [1, 1, 1, 1]


def test_off_by_command_stays_off_over_the_ladder(bench: Bench) -> None:
    bench.order(1, False)
    bench.run(seconds=2)
    bench.run(rung=4, seconds=5)
    bench.run(rung=0, seconds=5)
    assert bench.levels == [1, 0, 0, 1]
    assert bench.rails.switched_off == 0b0010


def test_a_shed_rail_is_not_commanded_on(bench: Bench) -> None:
    bench.run(rung=2)
    assert bench.order(1, True) == Refused("rail camera is shed at rung 2")
    assert bench.order(2, True) == DONE


def test_an_order_overtaken_by_the_ladder_says_so(bench: Bench) -> None:
    bench.order(1, False)
    bench.run(seconds=2)
    bench.answers()
    assert isinstance(bench.order(1, True), Waiting)
    bench.run(rung=2, seconds=4)
    assert bench.answers() == [(7, Refused("rail camera is shed at rung 2"))]


def test_two_orders_for_one_rail_at_a_time_are_refused(bench: Bench) -> None:
    bench.broken = {1}
    bench.order(1, False)
    bench.run()
    assert bench.order(1, True, ident=8) == Refused("rail camera is being switched")
    assert isinstance(bench.order(2, False, ident=9), Waiting)


def test_a_rail_that_does_not_follow_is_told_once_and_ordered_again(bench: Bench) -> None:
    bench.broken = {1}
    bench.order(1, False)
    bench.run(seconds=3)
    assert bench.events() == []
    bench.run(seconds=1)
    assert bench.events() == [("mismatch", (1, False, 1))]
    assert bench.answers() == [(7, Refused("rail camera did not follow"))]
    bench.run(seconds=36)
    assert bench.events() == []
    assert bench.sets == [(1, 0)] * 4
    assert bench.rails.mismatches == 1
    bench.broken = set()
    bench.run(seconds=12)
    assert bench.events() == [("followed", (1,))]
    bench.sets.clear()
    bench.run(seconds=20)
    bench.run(rung=1, seconds=3)
    assert bench.sets == []
    assert bench.events() == []
    bench.levels[1] = 1
    bench.run(seconds=4)
    assert bench.events() == [("mismatch", (1, False, 1))], "a new episode"


def test_a_rail_that_trips_is_seen_and_switched_on_again(bench: Bench) -> None:
    bench.levels[3] = 0
    bench.run(seconds=1)
    assert isinstance(bench.order(3, True), Waiting)
    bench.run(seconds=3)
    assert bench.events() == [("mismatch", (3, True, 0))]
    bench.run(seconds=8)
    assert bench.levels[3] == 1
    assert bench.events() == [("followed", (3,))]


def test_a_rail_that_yields_may_be_cut_but_not_switched_on_by_another(bench: Bench) -> None:
    bench.levels[2] = 0
    bench.run(seconds=30)
    assert bench.sets == []
    assert bench.events() == []
    bench.order(1, False)
    bench.run(seconds=2)
    bench.run(rung=4)
    bench.levels[2] = 1
    bench.run(rung=4, seconds=12)
    assert bench.levels[2] == 0
    assert bench.events() == [("shed", (2, 4)), ("mismatch", (2, False, 1)), ("followed", (2,))]


def test_levels_that_cannot_be_read_are_a_mismatch(bench: Bench) -> None:
    bench.levels = [1, 1]
    bench.run(seconds=4)
    assert bench.events() == [("mismatch", (2, True, 0)), ("mismatch", (3, True, 0))]


@pytest.mark.parametrize("table", [(Rail("a", 1), Rail("b", 1))])
def test_two_rails_on_one_switch_are_programmer_error(table: tuple[Rail, ...]) -> None:
    with pytest.raises(AssertionError):
        Rails(Events(), table)


@pytest.mark.parametrize("wrong", [{"switch": 64}, {"switch": -1}, {"shed_at": 7}, {"shed_at": 0}])
def test_a_rail_that_is_none_is_programmer_error(wrong: dict[str, int]) -> None:
    with pytest.raises(AssertionError):
        Rail(**({"name": "x", "switch": 1} | wrong))  # type: ignore[arg-type]


def test_an_essential_rail_that_is_shed_is_programmer_error() -> None:
    with pytest.raises(AssertionError):
        Rail("x", 1, shed_at=3, essential=True)
