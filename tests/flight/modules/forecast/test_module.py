"""The forecast module on a small satellite: what it posts, what it learns, whom it believes."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.declare import SECOND, Failed, Outbox
from flight.kernel.work import TimedOut
from flight.modules.forecast import forecast
from flight.modules.forecast.edges import TOLERATED_S
from flight.modules.forecast.module import POST_EVERY
from flight.modules.forecast.packets import Source
from flight.planning import ELEMENTS, LEARNED, LookAhead, envelope
from tests.flight.modules.forecast.conftest import (
    BOARDS,
    ECLIPSE_S,
    NAN,
    PERIOD_S,
    TABLE,
    UTC_NS,
    Flown,
    kept,
    truth,
)

HOUR = 3600


# ---------------------------------------------------------------- the sky


def test_with_elements_and_utc_the_outlook_is_what_comes(flown: Flown):
    flown.fly(5)
    outlook, true = flown.outlook, truth(0)
    assert outlook.source == ELEMENTS
    assert (outlook.slot_0_ns, outlook.utc_0_s) == (0, UTC_NS // SECOND)
    assert outlook.eclipse == true.eclipse[: TABLE.slots]
    assert outlook.forecast.anomaly == true.anomaly[: TABLE.slots]
    passes = [one for one in true.passes if one.last_ns < TABLE.slots * 60 * SECOND]
    assert outlook.passes[: len(passes)] == tuple(passes)
    end = TABLE.slots * 60 * SECOND
    volume = sum(one.octets for one in outlook.passes if one.last_ns < end) / 1e6
    assert sum(outlook.forecast.contact_mb) >= volume - 1e-9
    assert volume > 1.0
    assert len(outlook.forecast.contact_mb) == len(outlook.eclipse) == TABLE.slots
    assert outlook.survives == envelope(outlook.limits, outlook.forecast)
    assert flown.module.status.source == Source.ELEMENTS


def test_without_elements_it_is_what_the_sun_watch_has_seen():
    flown = Flown().fly(1)
    outlook = flown.outlook
    assert outlook.source == LEARNED
    assert outlook.passes == ()
    assert all(outlook.forecast.anomaly)
    assert flown.module.outputs.in_anomaly
    assert flown.dark(0)  # so this eclipse goes on, and the next one is an orbit after its end
    left_s = flown.left_s() + 1.0
    seconds = [share * 60.0 for share in outlook.eclipse]
    whole = int(left_s // 60)
    assert seconds[:whole] == [60.0] * whole
    assert seconds[whole] == pytest.approx(left_s % 60)
    assert seconds[whole + 1] == 0.0
    assert sum(seconds[: int((left_s + PERIOD_S) / 60)]) == pytest.approx(left_s + ECLIPSE_S, abs=61.0)
    assert flown.requests == []


def test_elements_without_utc_wait_for_it():
    flown = kept(utc=False)
    flown.fly(90)
    assert flown.outlook.source == LEARNED
    assert flown.outlook.utc_0_s == 0
    flown.utc = True
    flown.fly(4)  # at once, and not at the next slot
    assert flown.outlook.source == ELEMENTS
    flown.utc = False
    flown.fly(65)
    assert flown.outlook.source == LEARNED


def test_the_anomaly_is_signalled_slot_by_slot(flown: Flown):
    flown.fly(5)
    for _ in range(420):
        flown.fly(60)
        slot = flown.now // (60 * SECOND)
        assert flown.module.outputs.in_anomaly is truth(0).anomaly[slot], slot
    assert 5 < sum(truth(0).anomaly[:420]) < 100


def test_after_a_reboot_it_is_a_slot_longer_at_each_end_until_utc_is_told_anew():
    flown, true = kept(sure=False).fly(5), truth(0).anomaly
    inside = 0
    for _ in range(420):
        flown.fly(60)
        slot = flown.now // (60 * SECOND)
        assert flown.module.outputs.in_anomaly is any(true[slot - 1 : slot + 2]), slot
        inside += flown.module.outputs.in_anomaly
    assert inside > sum(true[1:421]) + 1
    flown.sure = True
    flown.fly(POST_EVERY * 60)
    first = flown.outlook.slot_0_ns // (60 * SECOND)
    assert flown.outlook.forecast.anomaly == true[first : first + TABLE.slots]


def test_an_outlook_every_twenty_slots_and_a_look_every_two_hours(flown: Flown):
    flown.fly(4 * HOUR)
    starts = [outlook.slot_0_ns // (60 * SECOND) for outlook in flown.outlooks]
    assert max(after - before for before, after in pairwise(starts)) <= 20
    looks = [one for one in flown.requests if isinstance(one, LookAhead)]
    assert [look.slot_0_ns // (3600 * SECOND) for look in looks] == [0, 2]
    last = flown.outlook
    place = last.slot_0_ns // (60 * SECOND)
    assert last.eclipse == pytest.approx(truth(0).eclipse[place : place + TABLE.slots], abs=0.01)
    assert last.forecast.anomaly == truth(0).anomaly[place : place + TABLE.slots]
    assert all(one.last_ns > last.slot_0_ns for one in last.passes)


def test_another_utc_is_looked_at_with_the_next_slot(flown: Flown):
    flown.fly(300)
    flown.offset_ns += 5 * SECOND
    flown.fly(70)
    first, second = [one for one in flown.requests if isinstance(one, LookAhead)]
    assert second.utc_0_ns - first.utc_0_ns == 305 * SECOND
    flown.offset_ns += SECOND // 2
    flown.fly(70)
    assert len(flown.requests) == 2


def test_an_edge_at_the_beginning_of_a_look_contradicts_nothing(flown: Flown):
    flown.fly(5)
    ahead = flown.module.ahead
    assert ahead is not None
    before = ahead.slot_0_ns + 1 * SECOND
    flown.spoil = {"sun_edge_ns": before, "sunlit": True}
    flown.fly(1)
    assert not flown.module.edges.contradicted
    assert flown.module.edges.compared == 0


@pytest.mark.parametrize("late_s", [-60, 45])
def test_a_satellite_that_is_late_shifts_the_sky_with_it(late_s: int):
    flown = kept(late_s).fly(3 * HOUR)
    assert flown.module.edges.shift_s == pytest.approx(late_s, abs=3.0)
    assert flown.outlook.source == ELEMENTS
    true = truth(late_s)
    found = flown.module.ahead
    assert found is not None
    for edge, into in found.edges:
        assert min(abs(edge - one) for one, dark in true.edges if dark is into) < 4 * SECOND
    assert "contradicted" not in flown.events


@pytest.mark.parametrize("late_s", [-900, 300, 2000])
def test_what_the_sun_watch_contradicts_is_not_used(late_s: int):
    flown = kept(late_s).fly(2 * HOUR)
    assert flown.outlook.source == LEARNED
    assert flown.events.count("contradicted") == 1
    assert flown.module.edges.shift_s == 0.0
    flown.offset_ns -= late_s * SECOND  # the ground correlates anew, and rightly
    flown.fly(2 * HOUR)
    assert flown.outlook.source == ELEMENTS
    assert abs(flown.module.edges.error_s) < TOLERATED_S


def test_a_sun_that_never_sets_contradicts_an_eclipse(flown: Flown):
    flown.spoil = {"sunlit": True, "sun_edge_ns": 0}
    flown.fly(2 * HOUR)
    assert flown.outlook.source == LEARNED


def test_a_worker_that_fails_is_said_once_and_asked_again():
    flown = kept(worker=None)
    flown.fly(1)
    ticket = flown.module.looking
    assert ticket
    for result in (TimedOut(), Failed("no")):
        flown.module.completed(flown.now, flown.module.looking, result, flown.out)
        flown._take()
        flown.fly(61)
    assert flown.events.count("not_looked") == 1
    assert flown.module.status.looks_failed == 2
    assert flown.outlook.source == LEARNED
    flown.fly(2 * HOUR + 60)
    assert len(flown.requests) >= 3


def test_an_answer_to_nobody_changes_nothing(flown: Flown):
    flown.fly(5)
    before = len(flown.outlooks)
    flown.module.completed(flown.now, 12345, Failed("late"), flown.out)
    flown._take()
    assert len(flown.outlooks) == before


# ---------------------------------------------------------------- learning


@pytest.mark.slow
def test_it_learns_what_is_true_and_forecasts_30_minutes_well(flown: Flown):
    for hours in range(6):
        flown.level = (1, 2, 0)[hours % 3]
        flown.fly(HOUR)
    fits = flown.module.fits
    assert fits.array.at(0.0) == pytest.approx(flown.array_w, rel=0.02)
    assert fits.base_w == pytest.approx(TABLE.base_w, abs=0.5)
    assert fits.heat.slope == pytest.approx(flown.resistance, rel=0.15)
    accuracy = flown.module.accuracy
    assert accuracy.charge.count == pytest.approx((6 * 60 - 30) / 5, abs=2)
    assert accuracy.charge_given_load.rms < 1.0
    assert accuracy.temperature_given_load.rms < 1.0
    assert accuracy.temperature.rms > accuracy.temperature_given_load.rms  # nobody told it of the changes
    flown.module._show_errors()
    assert flown.module.errors.charge_rms == accuracy.charge.rms


@pytest.mark.slow
@pytest.mark.parametrize(
    "lie",
    [
        {"array_power": 1e6},
        {"array_power": 0.0},
        {"load_power": 0.0},
        {"load_power": 1e6},
        {"a_temperature": -100.0, "b_temperature": -100.0},
        {"a_temperature": 900.0},
        {"array_power": NAN, "load_power": NAN, "a_temperature": NAN},
        {"array_free": True, "sunlit": True},
        {"charge": NAN},
    ],
)
def test_no_lie_moves_what_the_guard_is_drawn_from(flown: Flown, lie: dict[str, object]):
    flown.fly(30)
    honest = flown.outlook
    flown.spoil = lie
    flown.fly(2 * HOUR)
    for outlook in flown.outlooks:
        told = outlook.forecast
        assert told.nominal_resistance_k_w == TABLE.resistance_k_w
        assert told.nominal_harvest_w == tuple(TABLE.array_w * (1.0 - share) for share in outlook.eclipse)
        assert min(told.base_w) >= TABLE.base_w
        worst = [
            sink + 1.3 * TABLE.resistance_k_w * base
            for sink, base in zip(told.sink_c, told.base_w, strict=True)
        ]
        assert min(worst) >= TABLE.idle_c
        assert outlook.limits == honest.limits == TABLE.limits()
        assert 0.5 * TABLE.resistance_k_w <= told.resistance_k_w <= 1.5 * TABLE.resistance_k_w
        assert all(0.0 <= watts <= 2.1 * TABLE.array_w for watts in told.harvest_w)


def test_what_is_not_measured_is_not_learned(flown: Flown):
    flown.fly(HOUR)
    fits, accuracy = flown.module.fits, flown.module.accuracy
    before = (fits.base_w, fits.contact_w, fits.array.base, fits.heat.slope, fits.taper_w)
    compared = accuracy.charge.count
    flown.spoil = {"array_power": NAN, "load_power": NAN, "a_temperature": NAN, "charge": NAN}
    flown.fly(3 * HOUR)
    assert (fits.base_w, fits.contact_w, fits.array.base, fits.heat.slope, fits.taper_w) == before
    assert accuracy.charge.count == compared
    flown.spoil = {"load_power": NAN}
    flown.fly(HOUR)
    assert accuracy.charge.count > compared
    assert accuracy.charge_given_load.count <= compared


def test_one_mad_slot_moves_little(flown: Flown):
    flown.fly(2 * HOUR)
    before = flown.module.fits.array.base
    flown.spoil = {"array_power": 1e6, "array_free": True, "sunlit": True}
    flown.fly(60)
    assert abs(flown.module.fits.array.base - before) < 0.1 * TABLE.array_w


# ---------------------------------------------------------------- signals


def test_what_is_not_known_is_nan(flown: Flown):
    outputs = flown.fly(1).module.outputs
    assert outputs.planning_energy_wh == pytest.approx(flown.charge * TABLE.capacity_wh)
    assert vars(outputs)["planning_loop_1_c"] == pytest.approx(flown.board_c)
    flown.spoil = {"charge_age": 4 * SECOND, "b_temperature": NAN}
    flown.fly(1)
    assert math.isnan(outputs.planning_energy_wh)
    assert math.isnan(vars(outputs)["planning_loop_1_c"])
    flown.spoil = {"b_temperature": 77.0}
    flown.fly(1)
    assert vars(outputs)["planning_loop_1_c"] == 77.0


def test_before_the_first_step_nothing_is_known():
    outputs = forecast(TABLE, BOARDS).outputs
    assert math.isnan(outputs.planning_energy_wh)
    assert math.isnan(vars(outputs)["planning_loop_1_c"])
    assert outputs.in_anomaly


def test_beyond_what_is_known_the_satellite_may_be_in_the_anomaly(flown: Flown):
    assert flown.module._in_anomaly(0)
    flown.fly(5)
    assert not flown.module._in_anomaly(1)
    assert flown.module._in_anomaly(TABLE.slots)
    assert flown.module._in_anomaly(-1)


def test_telemetry_tells_the_next_pass_and_the_next_shadow(flown: Flown):
    flown.fly(5)
    flown.module._show()
    status = flown.module.status
    first = flown.outlook.passes[0]
    assert status.next_pass == max(0, first.first_ns - flown.module.now) // SECOND
    assert status.elements_age == pytest.approx((UTC_NS - flown.module.epoch_ns) / SECOND, abs=10)
    assert status.next_shadow == 0
    edges = [at // SECOND for at, dark in truth(0).edges if dark]
    flown.fly(900)
    flown.module._show()
    assert abs(status.next_shadow - (edges[0] - flown.module.now // SECOND)) <= 60


# ---------------------------------------------------------------- anything at all

anything = st.floats(allow_nan=True, allow_infinity=True, width=32)
seconds = st.integers(0, 2**40)
worlds = st.fixed_dictionaries(
    {
        "array_power": anything,
        "array_expected": anything,
        "load_power": anything,
        "charge": anything,
        "charge_age": seconds,
        "sunlit": st.booleans(),
        "array_free": st.booleans(),
        "sun_edge_ns": seconds,
        "phase_left": st.floats(0, 1e6),
        "eclipse_expected": st.floats(0, 1e5),
        "orbit_period": st.floats(0, 1e5),
        "levels": st.lists(st.integers(-1, 300), max_size=2).map(tuple),
        "utc_known": st.booleans(),
        "utc_offset_ns": st.integers(0, 2**62),
        "utc_sure": st.booleans(),
        "a_temperature": anything,
    }
)


def test_a_hole_in_time_is_nothing_that_came(flown: Flown):
    flown.fly(HOUR)
    flown.now += 400 * SECOND
    flown.fly(301)
    flown.now += 61 * SECOND
    flown.fly(2 * HOUR)
    accuracy = flown.module.accuracy
    assert 10 < accuracy.charge.count < 30
    assert accuracy.charge_given_load.rms < 1.5


@settings(max_examples=15)
@given(st.lists(worlds, min_size=1, max_size=8))
def test_nothing_it_sees_makes_it_raise(seen: list[dict[str, object]]):
    flown = kept()
    for world in seen:
        flown.spoil = world
        flown.fly(2)
        flown.now += 60 * SECOND
    flown.module._show()
    flown.module._show_errors()
    assert flown.outlooks
    out = Outbox()
    flown.module.completed(flown.now, flown.module.looking, Failed("x"), out)
