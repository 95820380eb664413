"""The board's own look ahead against the simulator's world, which is tested against others': shadows, passes, track."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from flight.planning import Ahead, LookAhead, Site
from flight.planning.ahead import Elements, contact_mb, look_ahead, read_elements
from flight.planning.ahead.anomaly import in_anomaly
from flight.planning.ahead.look import NS
from sim.orbit import Orbit, geodetic
from sim.scenario import load_scenario
from sim.stations import passes
from sim.sunlight import Sun, eclipses, sunlit_fraction

SLOTS, SLOT_S, DAY_NS = 380, 60, 86_400 * NS
LENGTH_S = float(SLOTS * SLOT_S)
SLOT_0_NS = 7_200 * NS
EDGE_S, PASS_S = 0.5, 0.5  # asked for are 10 s
SHARE = 0.1  # of a slot: in a shadow that is grazed, half a penumbra takes longer than the other half
RATE = 9_000


class Case:
    """A scenario's orbit, looked at `hours` after its epoch by both."""

    def __init__(self, scenario: str, hours: float = 0.0) -> None:
        self.told = load_scenario(scenario)
        self.epoch = self.told.epoch + timedelta(hours=hours)
        self.orbit = Orbit.from_tle(self.told.line1, self.told.line2, self.epoch)
        self.asked = LookAhead(
            SLOT_0_NS,
            int(self.epoch.timestamp()) * NS,
            SLOT_S,
            SLOTS,
            self.told.line1,
            self.told.line2,
            tuple(
                Site(one.latitude_deg, one.longitude_deg, one.altitude_m, 5.0, RATE)
                for one in self.told.stations
            ),
        )
        assert all(one.mask_deg == 5.0 for one in self.told.stations)

    def look(self) -> Ahead:
        found = look_ahead(self.asked)
        assert isinstance(found, Ahead), found
        return found


CASES = [("reference", 0.0), ("reference", 30.0), ("ai_rack", 0.0), ("ai_rack", -200.0)]


@pytest.mark.parametrize(("scenario", "hours"), CASES)
def test_edges_of_shadows_are_where_half_of_the_sun_is_seen(scenario: str, hours: float):
    case = Case(scenario, hours)
    truth = []
    for one in eclipses(case.orbit, Sun(case.orbit.epoch), 0.0, LENGTH_S):
        assert one.umbra is not None
        truth += [
            (one.penumbra.start_s + one.umbra.start_s) / 2.0,
            (one.penumbra.end_s + one.umbra.end_s) / 2.0,
        ]
    truth = [at for at in truth if 10.0 < at < LENGTH_S - 10.0]
    found = case.look().edges
    assert len(found) == len(truth) >= 7
    seconds = [(at - SLOT_0_NS) / NS for at, _ in found]
    assert max(abs(a - b) for a, b in zip(seconds, truth, strict=True)) < EDGE_S
    assert all(a is not b for (_, a), (_, b) in pairwise(found))


@pytest.mark.parametrize(("scenario", "hours"), CASES[::2])
def test_shares_of_slots_are_those_of_the_simulated_sun(scenario: str, hours: float):
    case = Case(scenario, hours)
    seconds = np.arange(0.0, LENGTH_S, 1.0) + 0.5
    lit = sunlit_fraction(case.orbit.at(seconds)[0], Sun(case.orbit.epoch).at(seconds))
    truth = 1.0 - lit.reshape(SLOTS, SLOT_S).mean(axis=1)
    assert float(np.abs(truth - np.array(case.look().eclipse)).max()) < SHARE


@pytest.mark.parametrize(("scenario", "hours"), CASES)
def test_passes_are_those_of_the_simulated_stations(scenario: str, hours: float):
    case = Case(scenario, hours)
    truth = sorted(
        (one.start_s, one.end_s, number)
        for number, station in enumerate(case.told.stations)
        for one in passes(case.orbit, station, 0.0, LENGTH_S)
        if one.end_s - one.start_s > 60.0
    )
    found = [one for one in case.look().passes if one.last_ns - one.first_ns > 60 * NS]
    assert [one.station for one in found] == [number for _, _, number in truth]
    assert len(found) >= 4
    for one, (rise, fall, _) in zip(found, truth, strict=True):
        assert abs((one.first_ns - SLOT_0_NS) / NS - rise) < PASS_S
        assert abs((one.last_ns - SLOT_0_NS) / NS - fall) < PASS_S


def test_a_volume_is_its_rate_times_its_time_and_two_stations_at_once_are_one_line():
    case = Case("reference")
    alone = case.look()
    for one in alone.passes:
        assert one.octets <= RATE * (one.last_ns - one.first_ns) / NS + 1
    twice = look_ahead(case.asked._replace(sites=case.asked.sites * 2))
    assert isinstance(twice, Ahead)
    assert len(twice.passes) == 2 * len(alone.passes)
    assert sum(one.octets for one in twice.passes) == sum(one.octets for one in alone.passes)
    spread = contact_mb(alone.passes, SLOT_0_NS, SLOT_S, SLOTS)
    assert sum(spread) == pytest.approx(sum(one.octets for one in alone.passes) / 1e6)
    first = alone.passes[0]
    slots = [slot for slot, volume in enumerate(spread) if volume]
    assert slots[0] == (first.first_ns - SLOT_0_NS) // (SLOT_S * NS)
    assert max(spread) <= RATE * SLOT_S / 1e6 + 1e-9


def test_stations_in_any_overlap_give_the_time_in_which_one_of_them_sees_it():
    case = Case("reference")
    first, *others = case.asked.sites
    nested = tuple(first._replace(lowest_deg=lowest) for lowest in (30.0, 10.0, 0.0))
    near = (first._replace(longitude_deg=60.0), first._replace(latitude_deg=70.0))
    found = look_ahead(case.asked._replace(sites=(*nested, *near, first, *others)))
    assert isinstance(found, Ahead)
    union_ns, covered = 0, 0
    for begin, end in sorted((one.first_ns, one.last_ns) for one in found.passes):
        union_ns += max(0, end - max(begin, covered))
        covered = max(covered, end)
    assert sum(one.octets for one in found.passes) == pytest.approx(RATE * union_ns / NS, rel=1e-3)
    spread = contact_mb(found.passes, SLOT_0_NS, SLOT_S, SLOTS)
    assert sum(spread) == pytest.approx(RATE * union_ns / NS / 1e6, rel=1e-3)
    assert max(spread) <= RATE * SLOT_S / 1e6 + 1e-4


@pytest.mark.parametrize(("scenario", "hours"), CASES[::2])
def test_a_slot_counts_as_in_the_anomaly_when_the_track_touches_it(scenario: str, hours: float):
    case = Case(scenario, hours)
    seconds = np.arange(0.0, LENGTH_S + 1.0, 30.0)
    latitude, longitude, _ = geodetic(case.orbit.earth_fixed(seconds, case.orbit.at(seconds)[0]))
    inside = [in_anomaly(float(a), float(b)) for a, b in zip(latitude, longitude, strict=True)]
    truth = tuple(any(inside[2 * slot : 2 * slot + 3]) for slot in range(SLOTS))
    found = case.look().anomaly
    assert found == truth
    assert 3 < sum(found) < 120


def test_a_shadow_under_way_at_either_end_is_cut_there_and_that_is_no_edge():
    case = Case("reference")
    whole = case.look()
    into = next(at for at, dark in whole.edges if dark)
    later = replace_start(case.asked, (into - SLOT_0_NS) // NS + 300)
    found = look_ahead(later._replace(slots=10))
    assert isinstance(found, Ahead)
    assert found.eclipse == (1.0,) * 10
    assert found.edges == ()


def replace_start(asked: LookAhead, seconds: int) -> LookAhead:
    return asked._replace(slot_0_ns=asked.slot_0_ns + seconds * NS, utc_0_ns=asked.utc_0_ns + seconds * NS)


def test_what_cannot_be_looked_at_is_one_line():
    case = Case("reference")
    asked = case.asked
    assert look_ahead(asked._replace(line1=asked.line1[:-1] + "0")) == "line 1: checksum is 3, not '0'"
    elements = read_elements(asked.line1, asked.line2)
    assert isinstance(elements, Elements)
    for away_days, old in ((-30.1, True), (-29.9, False), (29.9, False), (30.1, True)):
        found = look_ahead(asked._replace(utc_0_ns=elements.epoch_ns + round(away_days * DAY_NS), slots=2))
        assert isinstance(found, str) is old
        assert not old or found == "elements are more than 30 days away from their epoch"
    assert look_ahead(asked._replace(slots=0)) == "a horizon that is none, or too long"
    assert look_ahead(asked._replace(slots=1_441)) == "a horizon that is none, or too long"


def test_a_day_in_the_far_future_is_not_refused_for_its_date():
    """Only its distance from the epoch counts, not the date: the Sun's formula holds to 2050."""
    at = datetime(2049, 6, 1, tzinfo=UTC)
    assert isinstance(look_ahead(Case("reference").asked._replace(utc_0_ns=int(at.timestamp()) * NS)), str)


def test_without_stations_there_are_no_passes():
    found = look_ahead(Case("ai_rack").asked._replace(sites=()))
    assert isinstance(found, Ahead)
    assert found.passes == ()
