"""Sunrises and sunsets that were seen against those of a look ahead."""

from __future__ import annotations

from flight.declare import SECOND
from flight.modules.forecast.edges import BAD_EDGES, TOLERATED_S, WRONG_SLOTS, EdgeWatch
from flight.planning import Ahead

EDGES = ((1000 * SECOND, True), (3000 * SECOND, False), (6800 * SECOND, True), (8800 * SECOND, False))
AHEAD = Ahead(0, (), (), EDGES, ())


def seen(watch: EdgeWatch, place: int, late_s: float) -> bool:
    at, into = EDGES[place]
    return watch.edge(at + round(late_s * SECOND), into, AHEAD)


def test_sunrise_and_sunset_together_shift_and_one_alone_does_not():
    watch = EdgeWatch()
    assert not seen(watch, 0, 30.0)
    assert watch.shift_s == 0.0
    assert seen(watch, 1, 20.0)
    assert watch.shift_s == 25.0
    assert not seen(watch, 2, 1.0)
    assert not seen(watch, 3, 2.0)
    assert watch.shift_s == 25.0
    assert watch.compared == 4


def test_an_eclipse_that_is_longer_at_both_ends_shifts_nothing():
    watch = EdgeWatch()
    assert not seen(watch, 0, -40.0)
    assert not seen(watch, 1, 40.0)
    assert watch.shift_s == 0.0


def test_a_shift_stays_within_what_is_tolerated():
    watch = EdgeWatch()
    for _ in range(5):
        seen(watch, 0, 80.0)
        seen(watch, 1, 80.0)
    assert watch.shift_s == TOLERATED_S


def test_one_bad_edge_is_none_and_two_contradict_until_a_good_one():
    watch = EdgeWatch()
    seen(watch, 0, TOLERATED_S + 1.0)
    assert not watch.contradicted
    seen(watch, 1, 0.0)
    for place in range(BAD_EDGES):
        assert not watch.contradicted
        seen(watch, place, -TOLERATED_S - 1.0)
    assert watch.contradicted
    seen(watch, 0, TOLERATED_S)
    assert not watch.contradicted


def test_an_edge_counts_against_its_own_kind():
    watch = EdgeWatch()
    for at, into in EDGES[:BAD_EDGES]:
        watch.edge(at, not into, AHEAD)
    assert watch.contradicted
    watch.forget()
    assert not watch.contradicted


def test_edges_where_none_are_expected_contradict():
    watch = EdgeWatch()
    for at, into in EDGES[:BAD_EDGES]:
        assert not watch.edge(at, into, AHEAD._replace(edges=()))
    assert watch.contradicted


def test_slots_of_the_wrong_light_contradict_and_partly_dark_ones_do_not():
    watch = EdgeWatch()
    for expected, lit in ((0.5, 1.0), (1.0, 0.0), (0.0, 1.0), (0.3, 0.0), (1.0, 0.5)) * 3:
        watch.slot(expected, lit)
    assert not watch.contradicted
    watch.slot(1.0, 1.0)
    watch.slot(1.0, 0.0)  # right again
    for _ in range(WRONG_SLOTS):
        assert not watch.contradicted
        watch.slot(0.0, 0.0)
    assert watch.contradicted
