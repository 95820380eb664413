"""One node: its sensors, limits and rungs, threshold by threshold."""

from __future__ import annotations

import math

import pytest

from flight.declare import SECOND, Event, Outbox, Severity
from flight.modules.thermal.node import Node, NodeSettings, NodeWatch

NAN = math.nan
NAMES = (
    "sensor_lost",
    "sensor_back",
    "disagreed",
    "agreed",
    "yellow",
    "red",
    "normal",
    "throttled",
    "blinded",
    "released",
)
PAIR = Node("battery", ("a", "b"), -5, 0, 40, 60)
SINGLE = Node("board", ("a",), -20, -10, 70, 90)


class Bench:
    """One node, read once a second."""

    def __init__(self, row: Node = PAIR) -> None:
        events = {name: Event(Severity.INFO, name) for name in NAMES}
        self.settings = type("Settings", (NodeSettings,), events)()
        self.watch = NodeWatch(self.settings, 3, row, 0, 1)
        self.now = 100 * SECOND
        self.out = Outbox()
        self.run(20.0)

    def run(self, a: float, seconds: int = 1, b: float | None = None) -> int:
        for _ in range(seconds):
            self.now += SECOND
            self.watch.read(self.now, a, a if b is None else b, self.out)
        return self.watch.rung

    def ramp(self, start: float, per_second: float, seconds: int) -> int:
        for second in range(seconds):
            self.run(start + per_second * second)
        return self.watch.rung

    def events(self) -> list[tuple[str, tuple[float | bytes, ...]]]:
        events = [(event.name or event.text, arguments[1:]) for event, arguments in self.out.events]
        assert all(arguments[0] == 3 for _, arguments in self.out.events)
        self.out.clear()
        return events

    def names(self) -> list[str]:
        return [name for name, _ in self.events()]


@pytest.fixture
def pair() -> Bench:
    return Bench()


@pytest.fixture
def single() -> Bench:
    return Bench(SINGLE)


def test_two_sensors_give_the_hotter_and_the_colder(pair: Bench) -> None:
    pair.run(20, b=23)
    assert (pair.watch.hot, pair.watch.cold) == (23, 20)
    pair.run(24, b=22)
    assert (pair.watch.hot, pair.watch.cold) == (24, 22)
    pair.run(NAN, b=19)
    assert (pair.watch.hot, pair.watch.cold) == (19, 19)
    pair.run(18, b=NAN)
    assert (pair.watch.hot, pair.watch.cold) == (18, 18)
    pair.run(10, b=50)
    assert (pair.watch.hot, pair.watch.cold) == (50, 10)


def test_quiet_and_loud_reading_are_the_same() -> None:
    quiet, loud = Bench(), Bench()
    for second in range(300):
        a, b = 20 + 10 * math.sin(second / 40), 20 + 11 * math.sin(second / 40)
        loud.watch.quiet = False
        quiet.run(a, b=b)
        loud.run(a, b=b)
        assert (quiet.watch.hot, quiet.watch.cold, quiet.watch.slow) == (
            loud.watch.hot,
            loud.watch.cold,
            loud.watch.slow,
        )
        assert quiet.watch.quiet


# ---------------------------------------------------------------- sensors


def test_a_lost_sensor_is_said_once_and_back_after_thirty_good_seconds(pair: Bench) -> None:
    pair.run(20, 10, b=NAN)
    assert pair.events() == [("sensor_lost", (2,))]
    pair.run(20, 20)
    pair.run(20, 1, b=NAN)
    pair.run(20, 30)
    assert pair.events() == []
    pair.run(20, 1)
    assert pair.events() == [("sensor_back", (2,))]
    assert pair.watch.quiet
    pair.run(NAN, 1, b=20)
    assert pair.events() == [("sensor_lost", (1,))]


@pytest.mark.parametrize("bad", [NAN, math.inf, -math.inf, -150.1, 300.1])
def test_readings_that_no_sensor_gives_are_missing(single: Bench, bad: float) -> None:
    single.run(bad)
    assert single.watch.blind
    assert single.names() == ["sensor_lost"]


def test_a_disagreement_must_last_and_an_agreement_too(pair: Bench) -> None:
    pair.run(20, 100, b=25)
    assert pair.names() == []
    pair.run(20, 30, b=25.1)
    pair.run(20, 1)
    pair.run(20, 30, b=25.1)
    assert not pair.watch.disagreeing
    pair.run(20, 1, b=25.1)
    assert pair.events() == [("disagreed", (20, 25.1))]
    pair.run(20, 100, b=22.5)
    assert pair.watch.disagreeing
    pair.run(20, 30, b=22.4)
    assert pair.watch.disagreeing
    pair.run(20, 1, b=22.4)
    assert pair.events() == [("agreed", ())]
    assert pair.watch.quiet


def test_one_sensor_does_not_disagree_with_itself(single: Bench) -> None:
    single.run(20, 100)
    assert single.names() == []


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("inside", "outside", "event"),
    [(39.9, 40.0, "yellow"), (0.1, 0.0, "yellow"), (-4.9, -5.0, "red"), (59.9, 60.0, "red")],
)
def test_a_limit_is_said_once_an_episode(pair: Bench, inside: float, outside: float, event: str) -> None:
    pair.settings.exit_margin_k = 1.0
    pair.run(inside, 100)
    first = [name for name in pair.names() if name in {"yellow", "red"}]
    assert first == (["yellow"] if event == "red" else [])
    pair.run(outside, 3)
    said = [name for name in pair.names() if name in {"yellow", "red"}]
    assert said == [event]
    for _ in range(5):
        pair.run(inside, 5)
        pair.run(outside, 5)
    assert not {"yellow", "red", "normal"} & set(pair.names())


def test_two_seconds_outside_are_not_said(pair: Bench) -> None:
    pair.run(39, 20)
    pair.names()
    for _ in range(5):
        pair.run(41, 2)
        pair.run(39, 1)
    assert "yellow" not in pair.names()


@pytest.mark.parametrize(("outside", "back"), [(41.0, 38.9), (-1.0, 1.1)])
def test_back_inside_by_one_kelvin(pair: Bench, outside: float, back: float) -> None:
    pair.run(outside, 10)
    pair.names()
    pair.run(back + math.copysign(0.2, outside), 10)
    assert "normal" not in pair.names()
    pair.run(back, 3)
    assert ("normal", (back,)) in pair.events()


def test_red_to_yellow_is_no_new_episode_but_red_again_is_said(pair: Bench) -> None:
    pair.run(61, 5)
    assert [n for n in pair.names() if n in {"yellow", "red", "normal"}] == ["red"]
    pair.run(50, 5)
    assert [n for n in pair.names() if n in {"yellow", "red", "normal"}] == []
    pair.run(61, 5)
    assert [n for n in pair.names() if n in {"yellow", "red", "normal"}] == ["red"]
    pair.run(-1, 5)
    assert [n for n in pair.names() if n in {"yellow", "red", "normal"}] == ["yellow"]


def test_the_hotter_sensor_makes_the_hot_limit_and_the_colder_the_cold_one(pair: Bench) -> None:
    pair.run(20, 5, b=45)
    assert ("yellow", (45,)) in pair.events()
    other = Bench()
    other.run(20, 5, b=-6)
    assert ("red", (-6,)) in other.events()


# ---------------------------------------------------------------- rungs


@pytest.mark.parametrize(("below", "at", "rung"), [(69.9, 70.0, 2), (79.9, 80.0, 3), (85.9, 86.0, 4)])
def test_each_rung_has_its_temperature(single: Bench, below: float, at: float, rung: int) -> None:
    single.watch.slow = at  # a steady temperature, not a jump
    assert single.run(below, 5) == (rung - 1 if rung > 2 else 0)
    assert single.run(at, 2) == (rung - 1 if rung > 2 else 0)
    assert single.run(at, 1) == rung
    assert single.events()[-1][0] == "throttled"


def test_a_row_may_name_its_temperatures() -> None:
    bench = Bench(Node("x", ("a",), -20, -10, 70, 90, rungs=(30, 40, 50)))
    bench.watch.slow = 31
    assert bench.run(31, 3) == 2
    bench.watch.slow = 51
    assert bench.run(51, 3) == 4


def test_the_alarm_must_last(single: Bench) -> None:
    for _ in range(10):
        single.watch.slow = 71
        single.run(71, 2)
        single.run(69, 1)
    assert single.watch.rung == 0


def test_one_mad_reading_throttles_nothing(single: Bench) -> None:
    single.run(20, 100)
    assert single.run(150) == 0
    assert single.run(20, 100) == 0
    assert single.names() == []


@pytest.mark.parametrize(("rung", "steady", "leave"), [(2, 71.0, 63.0), (3, 81.0, 73.0), (4, 87.0, 79.0)])
def test_a_rung_is_left_seven_kelvin_below_after_its_hold(
    single: Bench, rung: int, steady: float, leave: float
) -> None:
    single.watch.slow = steady
    single.run(steady, 3)
    raised = single.now
    single.run(leave + 0.1, 200)
    assert single.watch.rung == rung
    assert single.run(leave) == (rung - 1 if rung > 2 else 0)
    single.watch.slow = steady
    single.run(steady, 3)
    raised = single.now
    while single.run(leave) == rung:
        pass
    assert (single.now - raised) / SECOND == 120
    assert single.names()[-1] == "released"


def test_a_ramp_that_reaches_red_within_a_minute_throttles_before_the_first_threshold(single: Bench) -> None:
    """0.8 K/s: from 42 degC on, 90 degC is 60 s away; the slow mean needs a minute to know the rate."""
    single.watch.slow = -30.0
    rungs = [single.run(-30 + 0.8 * second) for second in range(142)]
    reached = [rungs.index(rung) for rung in (2, 3, 4)]
    assert -30 + 0.8 * reached[0] == pytest.approx(45, abs=3)
    assert reached[1] - reached[0] == reached[2] - reached[1] == 22, "20 s to show, then 2 s of persistence"
    assert -30 + 0.8 * reached[2] < 86, "all of it before the temperatures themselves ask"


def test_a_slow_ramp_does_not(single: Bench) -> None:
    assert single.ramp(20, 0.1, 490) == 0


def test_a_rung_by_forecast_is_held_and_then_left(single: Bench) -> None:
    single.watch.slow = -30.0
    assert single.ramp(-30, 0.8, 100) == 2
    at = single.now
    while single.run(45) == 2:
        pass
    assert 60 < (single.now - at) / SECOND < 121


def test_a_node_that_does_not_throttle_has_no_rung() -> None:
    bench = Bench(Node("panel", ("a",), -100, -90, 90, 110, throttles=False))
    assert bench.run(200, 100) == 0
    assert bench.run(NAN, 100) == 0
    assert "red" in bench.names()


@pytest.mark.parametrize(
    ("row", "rung"), [(SINGLE, 4), (Node("x", ("a",), -20, -10, 70, 90, blind_rung=2), 2)]
)
def test_a_blind_node_asks_for_its_rung_until_it_sees_again(row: Node, rung: int) -> None:
    bench = Bench(row)
    assert bench.run(NAN, 2) == 0
    assert bench.run(NAN, 1) == rung
    assert bench.names() == ["sensor_lost", "blinded"]
    assert bench.run(NAN, 1000) == rung
    assert bench.run(20, 1) < rung
    assert bench.run(20, 600) == 0
    assert bench.watch.quiet


def test_blindness_keeps_a_rung_that_heat_asked_for() -> None:
    bench = Bench(Node("x", ("a",), -20, -10, 70, 90, blind_rung=0))
    bench.watch.slow = 81
    bench.run(81, 3)
    assert bench.run(NAN, 1000) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"sensors": ()},
        {"sensors": ("a", "b", "c")},
        {"red_low": 1.0, "yellow_low": 0.0},
        {"yellow_high": 100.0},
        {"blind_rung": 5},
        {"rungs": (50, 40, 60)},
    ],
)
def test_a_row_that_is_none_is_programmer_error(wrong: dict[str, object]) -> None:
    row = {
        "name": "x",
        "sensors": ("a",),
        "red_low": -20,
        "yellow_low": -10,
        "yellow_high": 70,
        "red_high": 90,
    }
    with pytest.raises(AssertionError):
        Node(**(row | wrong))  # type: ignore[arg-type]
