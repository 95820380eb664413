"""The chart as data and as SVG: what stands where, what is joined, and that nothing in it is taken for markup."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.planning import Placement, Plan, PlanRecord, planned
from ground.job_facts import JobFacts, Planned, Stretch
from ground.jobs.gantt import (
    Band,
    Gantt,
    Joint,
    Piece,
    bands_of,
    gantt_of_plan,
    gantt_of_run,
    on_lanes,
    stretches_of,
    utilisation,
)
from ground.jobs.gantt_svg import gantt_svg
from ground.protocol import NS
from tests.ground.jobs.test_forecasting import FIRST_NS, record
from tests.ground.jobs.told import Teller

FIRST_S = FIRST_NS / NS
BOARDS = ("rack_a", "rack_b")
SVG = "{http://www.w3.org/2000/svg}"


def facts(number: int, name: str, *stretches: Stretch, plans: tuple[Planned, ...] = ()) -> JobFacts:
    teller = Teller()
    teller.event(1, "taken", number, 1, name.encode())
    found = teller.ledger.facts(number)
    assert found is not None
    return replace(found, stretches=stretches, plans=plans)


def with_placements(*placements: Placement, eclipse: tuple[float, ...] = ()) -> PlanRecord:
    problem = record().problem
    jobs = tuple(replace(job, name=f"acme/j{place}/1") for place, job in enumerate(problem.jobs))
    made = Plan(placements, (), 0, 0, (), ())
    return replace(record(), problem=replace(problem, jobs=jobs), plan=made, eclipse=eclipse)


def stretch(board: str, first: float, last: float | None, ended: str = "done") -> Stretch:
    end = None if last is None else int((FIRST_S + 60 * last) * NS)
    return Stretch(board, int((FIRST_S + 60 * first) * NS), end, ended)


@given(st.sets(st.integers(0, 60)))
def test_stretches_cover_their_slots_with_gaps_between(slots: set[int]):
    found = list(stretches_of(sorted(slots)))
    assert {slot for first, end in found for slot in range(first, end)} == slots
    assert all(after[0] > before[1] for before, after in pairwise(found))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50), st.integers(1, 9)), max_size=30),
    st.integers(1, 4),
)
def test_no_lane_holds_two_at_once_as_long_as_there_are_lanes(rows, lanes):
    """Of pieces that a plan could hold: never more at once than there are lanes."""
    taken: list[tuple[int, float, float, str]] = []
    for job, start, length in rows:
        piece = (job, float(start), float(start + length), "")
        busiest = max(
            sum(one[1] <= at < one[2] for one in [*taken, piece]) for at in range(start, start + length)
        )
        if busiest <= lanes:
            taken.append(piece)
    placed = list(on_lanes(taken, lanes, {}))
    assert len(placed) == len(taken)
    for lane in range(lanes):
        held = sorted((one for one in placed if one.lane == lane), key=lambda one: one.start_s)
        assert all(after.start_s >= before.end_s for before, after in pairwise(held))


def test_a_job_goes_on_where_it_was():
    pieces = [(0, 0.0, 10.0, ""), (1, 0.0, 5.0, ""), (1, 6.0, 9.0, ""), (0, 12.0, 20.0, "")]
    assert [(one.job, one.lane) for one in on_lanes(pieces, 2, {0: 1})] == [(0, 1), (1, 0), (1, 0), (0, 1)]


def test_a_plan_with_what_has_run():
    one = with_placements(Placement(0, 0, (2, 3, 4, 8), 9), Placement(2, 0, (10,), 11))
    told = [
        facts(5, "acme/j0", stretch("rack_b", 2, 4, "anomaly")),
        facts(6, "acme/old", stretch("rack_a", -9, 1), stretch("rack_a", 12, None, "")),
        facts(7, "acme/gone", stretch("rack_a", -9, -2)),
    ]
    chart = gantt_of_plan(one, told, BOARDS, now_s=FIRST_S + 60 * 13)
    power = one.problem.jobs[0].levels[0].power_w
    assert chart.jobs[-1] == "acme/old"
    assert chart.planned[0][:4] == (1, 0, FIRST_S + 120, FIRST_S + 300)  # on the board where it ran
    assert chart.planned[0].text.startswith(f"{power:g} W at ")
    assert chart.planned[1][:4] == (1, 0, FIRST_S + 480, FIRST_S + 540)
    assert chart.planned_joints == (Joint(0, 1, FIRST_S + 300, 1, FIRST_S + 480),)
    old = len(one.problem.jobs)
    assert chart.ran == (
        Piece(1, 0, FIRST_S + 120, FIRST_S + 240, "anomaly"),
        Piece(0, old, FIRST_S, FIRST_S + 60, "done"),
        Piece(0, old, FIRST_S + 720, FIRST_S + 780, "goes on"),
    )
    assert chart.joints == (Joint(old, 0, FIRST_S + 60, 0, FIRST_S + 720),)
    assert (chart.first_s, chart.last_s) == (FIRST_S, FIRST_S + 60 * one.problem.slots)
    assert gantt_of_plan(one, told, BOARDS, now_s=FIRST_S - 1).now_s is None


def test_bands_are_the_boards_forecast():
    slots = record().problem.slots
    one = with_placements(eclipse=(0.0, 0.4, 0.5, 1.0, 0.0, 0.9, *(0.0,) * (slots - 6)))
    forecast = replace(
        one.problem.forecast,
        anomaly=(True, False) * (slots // 2),
        contact_mb=(0.0, 1.0, 1.0, *(0.0,) * (slots - 3)),
    )
    found = list(bands_of(replace(one, problem=replace(one.problem, forecast=forecast))))
    assert [band for band in found if band.kind == "eclipse"] == [
        Band("eclipse", FIRST_S + 120, FIRST_S + 240),
        Band("eclipse", FIRST_S + 300, FIRST_S + 360),
    ]
    assert [band for band in found if band.kind == "pass"] == [Band("pass", FIRST_S + 60, FIRST_S + 180)]
    assert len([band for band in found if band.kind == "anomaly"]) == slots // 2


def test_a_run_draws_of_each_plan_the_time_in_which_it_held():
    first = with_placements(Placement(0, 0, tuple(range(10)), 10), Placement(1, 0, (20, 21), 22))
    second = replace(
        with_placements(Placement(0, 0, (0, 1), 2), Placement(1, 0, (30,), 31)), slot_0_ns=FIRST_NS + 300 * NS
    )
    told = [
        facts(1, "acme/j0", stretch("rack_a", 0, 7)),
        facts(2, "acme/j1", plans=(Planned(0, 1, 2),)),
        facts(3, "acme/x", plans=(Planned(0, 10 * NS, 20 * NS), Planned(5 * NS, 30 * NS, 50 * NS))),
        facts(4, "acme/quiet"),
    ]
    chart = gantt_of_run(told, (first, second), BOARDS, FIRST_S + 86_400)
    assert chart.jobs == ("acme/j0", "acme/j1", "acme/x")
    pieces = {(one.job, one.start_s, one.end_s) for one in chart.planned}
    assert pieces == {
        (0, FIRST_S, FIRST_S + 420),  # five minutes by the first plan and two by the second, as one
        (1, FIRST_S + 300 + 1800, FIRST_S + 300 + 1860),  # what the first said for later no longer held
        (2, 30.0, 50.0),
    }


def test_of_what_rows_told_the_last_before_the_start_counts():
    plans = (
        Planned(0, 10 * NS, 20 * NS),
        Planned(5 * NS, 30 * NS, 50 * NS),
        Planned(40 * NS, 60 * NS, 70 * NS),
    )
    one = facts(3, "acme/x", Stretch("rack_b", 35 * NS, 45 * NS, "done"), plans=plans)
    (piece,) = gantt_of_run([one], (), BOARDS, 100.0).planned
    assert piece == Piece(1, 0, 30.0, 50.0, "")
    late = facts(3, "acme/x", Stretch("rack_b", 1, 45 * NS, "done"), plans=plans[1:])
    assert gantt_of_run([late], (), BOARDS, 100.0).planned[0].start_s == 30.0
    assert gantt_of_run([replace(one, stretches=())], (), BOARDS, 55.0).planned == ()


def test_utilisation_counts_a_time_once():
    ran = (Piece(0, 0, 0, 40, ""), Piece(0, 1, 30, 50, ""), Piece(1, 2, 90, 100, ""))
    chart = Gantt(0.0, 100.0, (*BOARDS, "rack_c"), ("a", "b", "c"), (), ran, ())
    assert utilisation(chart) == pytest.approx((0.5, 0.1, 0.0))
    assert utilisation(replace(chart, last_s=0.0)) == (0.0, 0.0, 0.0)


def drawn(chart: Gantt, title: str = "Plan") -> ElementTree.Element:
    return ElementTree.fromstring(gantt_svg(chart, title, lambda s: f"{s:.0f} s", lambda s: f"{s:.0f}"))


def test_the_picture_has_every_bar_band_and_joint():
    one = with_placements(
        Placement(0, 0, (2, 3, 8), 9), eclipse=(1.0, *(0.0,) * (record().problem.slots - 1))
    )
    chart = gantt_of_plan(one, [facts(5, "acme/j0", stretch("rack_b", 2, 3))], BOARDS, FIRST_S + 200)
    picture = drawn(chart)
    titles = [found.text for found in picture.iter(f"{SVG}title")]
    assert f"acme/j0/1: ran {FIRST_S + 120:.0f} s to {FIRST_S + 180:.0f} s on rack_b, done" in titles
    assert sum((text or "").startswith("acme/j0/1: planned") for text in titles) == 2
    assert f"eclipse, {FIRST_S:.0f} s to {FIRST_S + 60:.0f} s" in titles
    classes = [found.get("class") or "" for found in picture.iter()]
    assert classes.count("link h1 plan") == 1
    assert "now" in classes
    assert {found.text for found in picture.iter(f"{SVG}text")} >= {*BOARDS, "now", "planned", "ran"}


def test_bars_lie_in_the_picture_and_in_the_order_of_time():
    chart = Gantt(
        0.0, 100.0, BOARDS, ("a", "b"), (Piece(0, 0, -50, 30, ""),), (Piece(1, 1, 60, 900, ""),), ()
    )
    boxes = [found for found in drawn(chart).iter(f"{SVG}rect") if found.get("rx") and found.get("x") != "0"]
    bars = [(float(one.get("x", "")), float(one.get("width", ""))) for one in boxes]
    (left, first), (right, second) = bars
    assert 96 <= left < left + first < right < right + second <= 1200


def test_titles_and_names_are_text():
    evil = '<script>alert("x")</script>&'
    chart = Gantt(
        0.0, 9_000.0, (evil,), (evil,), (Piece(0, 0, 0, 9_000, evil),), (), (Band("pass", 0, 9, evil),)
    )
    picture = drawn(chart, evil)
    assert picture.find(f"{SVG}title").text == evil  # type: ignore[union-attr]
    assert not list(picture.iter(f"{SVG}script"))


def test_an_empty_plan_is_a_picture():
    nothing = planned(replace(record(), problem=replace(record().problem, jobs=()), plan=None))
    chart = gantt_of_plan(nothing, [], ())
    assert chart.lanes == ("lane 1", "lane 2")
    assert not [
        found for found in drawn(chart).iter(f"{SVG}rect") if found.get("rx") and found.get("x") != "0"
    ]
