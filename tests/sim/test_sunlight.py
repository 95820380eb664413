from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import sunlight
from sim.orbit import EARTH_RADIUS_KM, Epoch, MeanElements, Orbit, celestial_to_teme
from sim.spans import Interval, intervals
from sim.sunlight import (
    ASTRONOMICAL_UNIT_KM,
    SOLAR_RADIUS_KM,
    Eclipse,
    Sun,
    beta_angle,
    discs,
    dot,
    eclipses,
    norm,
    solar_flux,
    sunlit_fraction,
)

LINE1 = "1 40115U 14048A   26114.26139334  .00000689  00000+0  87180-4 0  9993"
LINE2 = "2 40115  97.8579 189.8383 0002768 112.4313 247.7195 14.84928730633908"
START = datetime(2026, 4, 24, 12, tzinfo=UTC)
GRAVITY = 398600.4418  # km3/s2


class Circle:
    """A circular orbit about a round Earth, with the Sun `beta_deg` over its plane, for closed forms."""

    def __init__(self, altitude_km: float, beta_deg: float) -> None:
        self.radius = EARTH_RADIUS_KM + altitude_km
        self.period_s = 2.0 * math.pi * math.sqrt(self.radius**3 / GRAVITY)
        self.beta = math.radians(beta_deg)

    def at(self, seconds):
        angle = 2.0 * math.pi * seconds / self.period_s
        zero = np.zeros_like(angle)
        places = self.radius * np.stack((np.cos(angle), np.sin(angle), zero), axis=1)
        return places, np.stack((-np.sin(angle), np.cos(angle), zero), axis=1)

    def sun(self, distance_km):
        return Fixed(distance_km * np.array([math.cos(self.beta), 0.0, math.sin(self.beta)]))


class Fixed:
    """A Sun that stands still."""

    def __init__(self, place) -> None:
        self.place = place

    def at(self, seconds):
        return np.broadcast_to(self.place, (seconds.size, 3))


@pytest.fixture
def de421():
    """Skyfield's built-in time scale and JPL's DE421 as skyfield-data ships it (no look at expiry dates)."""
    load = pytest.importorskip("skyfield.api")
    data = pytest.importorskip("skyfield_data")
    ephemeris = load.load_file(str(Path(data.__file__).parent / "data" / "de421.bsp"))
    yield load.load.timescale(builtin=True), ephemeris
    ephemeris.close()


# ------------------------------------------------------------ the Sun


@pytest.mark.peer
def test_sun_agrees_with_skyfield_and_de421_through_a_year(de421):
    teme = pytest.importorskip("skyfield.sgp4lib").TEME
    timescale, ephemeris = de421
    days = [datetime(2026, month, day, 5, tzinfo=UTC) for month in range(1, 13) for day in (3, 18)]
    ours = np.concatenate([Sun(Epoch.of(day)).at(np.array([1234.0])) for day in days])
    time = timescale.from_datetimes([day + timedelta(seconds=1234) for day in days])
    theirs = ephemeris["earth"].at(time).observe(ephemeris["sun"]).apparent().frame_xyz(teme).km.T
    apart = np.linalg.norm(np.cross(ours, theirs), axis=1) / (norm(ours) * norm(theirs))
    assert np.degrees(apart).max() * 3600.0 < 0.1  # arcsec
    # The distance is that of the time the light left: 0.5 km/s for 499 s.
    assert np.abs(norm(ours) / norm(theirs) - 1.0).max() < 2e-6


def test_sun_does_not_depend_on_what_was_asked_before():
    epoch = Epoch.of(START)
    asked, fresh = Sun(epoch), Sun(epoch)
    times = np.array([100.0, 3599.0, 3601.0])
    asked.at(np.array([40.0 * 86_400.0, 41.0 * 86_400.0]))
    asked.at(np.array([-5000.0]))
    assert np.array_equal(asked.at(times), fresh.at(times))


def test_sun_between_nodes_is_smooth_to_two_kilometres():
    # Nodes moved by half an hour must give the same Sun.
    here, later = Sun(Epoch(2461154.5, 0.5)), Sun(Epoch(2461154.5, 0.5 + 1800.0 / 86_400.0))
    times = np.arange(0.0, 40_000.0, 777.0)
    assert np.abs(here.at(times) - later.at(times - 1800.0)).max() < 2.0


def test_flux_at_perihelion_and_aphelion():
    # 1361 W/m2 at 1 au, eccentricity 0.01671 (NASA Earth fact sheet): 1408 and 1317.
    flux = solar_flux(ASTRONOMICAL_UNIT_KM * np.array([1.0, 1.0 - 0.01671, 1.0 + 0.01671]))
    assert flux == pytest.approx([1361.0, 1407.6, 1316.6], abs=0.1)
    near, far = (Sun(Epoch.of(datetime(2026, month, 4, tzinfo=UTC))).at(np.zeros(1)) for month in (1, 7))
    assert solar_flux(norm(np.concatenate((near, far)))) == pytest.approx([1407.6, 1316.6], abs=1.0)


# ------------------------------------------------------------ beta angle


@given(st.floats(0.0, 180.0), st.floats(0.0, 360.0), st.floats(0.0, 360.0), st.floats(-23.4, 23.4))
def test_beta_angle_is_the_closed_form(inclination, node, ascension, declination):
    """sin(beta) = cos(dec) sin(i) sin(node - ra) + sin(dec) cos(i), Vallado 2013, section 5.3."""
    i, o, a, d = map(math.radians, (inclination, node, ascension, declination))
    expected = math.cos(d) * math.sin(i) * math.sin(o - a) + math.sin(d) * math.cos(i)
    towards_node = np.array([math.cos(o), math.sin(o), 0.0])
    ahead = np.array([-math.sin(o) * math.cos(i), math.cos(o) * math.cos(i), math.sin(i)])
    sun = 1.5e8 * np.array([math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)])
    beta = beta_angle(7000.0 * towards_node[None], 7.5 * ahead[None], sun[None])
    assert math.sin(math.radians(beta[0])) == pytest.approx(expected, abs=1e-9)


def test_beta_angle_of_a_morning_orbit():
    # Descending node at 10:32 is 22 degrees of hour angle from the Sun, 18.5 or so of beta at 13 N.
    orbit = Orbit.from_tle(LINE1, LINE2, START)
    seconds = np.zeros(1)
    beta = beta_angle(*orbit.at(seconds), Sun(orbit.epoch).at(seconds))
    assert beta[0] == pytest.approx(19.32, abs=0.05)


# ------------------------------------------------------------ eclipse: closed forms

# Altitude, period in min, beta without eclipse, minutes of eclipse at beta 0, 30, 45, 60, 65, 70:
# (T/pi) acos(sqrt(1 - (R/a)^2) / cos(beta)), cylinder of 6378.137 km (Wertz 2001; the column at beta 0 also in
# a Space StackExchange answer, 36.11 at 400 km).
TABLE = (
    (400, 92.56, 70.2, (36.11, 34.45, 31.58, 24.37, 18.92, 4.26)),
    (500, 94.62, 68.0, (35.75, 33.85, 30.51, 21.83, 14.54, 0)),
    (550, 95.65, 67.0, (35.61, 33.58, 30.01, 20.54, 11.95, 0)),
    (600, 96.69, 66.1, (35.49, 33.34, 29.54, 19.21, 8.74, 0)),
    (650, 97.73, 65.2, (35.38, 33.11, 29.08, 17.84, 3.45, 0)),
    (1000, 105.12, 59.8, (34.94, 31.84, 26.10, 0, 0, 0)),
)
FAR_KM = 1e6 * ASTRONOMICAL_UNIT_KM  # makes the Sun a point and the shadow a cylinder
CELLS = [
    (altitude, beta, minutes)
    for altitude, _, _, row in TABLE
    for beta, minutes in zip((0, 30, 45, 60, 65, 70), row, strict=True)
]


def eclipse_minutes(altitude_km: float, beta_deg: float, sun_km: float = FAR_KM) -> float:
    orbit = Circle(altitude_km, beta_deg)
    found = eclipses(orbit, orbit.sun(sun_km), 0.0, orbit.period_s)  # type: ignore[arg-type]
    return sum(one.penumbra.end_s - one.penumbra.start_s for one in found) / 60.0


@pytest.mark.parametrize(("altitude", "beta", "minutes"), CELLS)
def test_eclipse_table(altitude, beta, minutes):
    assert eclipse_minutes(altitude, beta) == pytest.approx(minutes, abs=0.006)


@pytest.mark.parametrize(("altitude", "period", "last"), [row[:3] for row in TABLE])
def test_eclipses_end_at_the_beta_of_the_table(altitude, period, last):
    assert Circle(altitude, 0.0).period_s / 60.0 == pytest.approx(period, abs=0.006)
    assert eclipse_minutes(altitude, last - 0.06) > 0.0
    assert eclipse_minutes(altitude, last + 0.06) == 0.0


def test_shortest_eclipse_at_beta_zero_is_near_1370_km():
    # Space StackExchange answer (in nvidia/Nemotron-CC-Math): 37.28 min at 200 km, least 34.82 at about 1370 km.
    assert eclipse_minutes(200.0, 0.0) == pytest.approx(37.28, abs=0.006)
    minutes = {altitude: eclipse_minutes(altitude, 0.0) for altitude in range(1270, 1480, 10)}
    least = min(minutes, key=lambda altitude: minutes[altitude])
    assert 1340 <= least <= 1400
    assert minutes[least] == pytest.approx(34.82, abs=0.006)


def test_penumbra_lasts_eight_and_a_half_seconds_at_550_km():
    orbit = Circle(550.0, 0.0)
    (found,) = eclipses(orbit, orbit.sun(ASTRONOMICAL_UNIT_KM), 0.0, orbit.period_s)  # type: ignore[arg-type]
    assert found.umbra is not None
    assert found.umbra.start_s - found.penumbra.start_s == pytest.approx(8.5, abs=0.05)
    assert found.penumbra.end_s - found.umbra.end_s == pytest.approx(8.5, abs=0.05)
    # The middle of both penumbras is the edge of the cylinder.
    half = (found.umbra.end_s - found.umbra.start_s + found.penumbra.end_s - found.penumbra.start_s) / 120.0
    assert half == pytest.approx(35.61, abs=0.01)


def test_a_grazing_eclipse_has_no_umbra():
    orbit = Circle(550.0, 67.1)
    (found,) = eclipses(orbit, orbit.sun(ASTRONOMICAL_UNIT_KM), 0.0, orbit.period_s)  # type: ignore[arg-type]
    assert found.umbra is None
    assert eclipses(Circle(550.0, 67.6), orbit.sun(2e8), 0.0, orbit.period_s) != [found]  # type: ignore[arg-type]


def test_eclipse_share_of_basilisk():
    """0.32222 of a day (simulation.md 3.1.5): 550 km, 97.6 degrees, node 0, from 2021-05-04 07:47:48.965 UTC.

    Measured there with SPICE's Sun as one minus the mean free part of the disc; two-body orbit in GCRS.
    """
    orbit = Circle(550.0, 0.0)
    angle = math.radians(75.0) + 2.0 * math.pi * np.arange(0.0, 86_400.0) / orbit.period_s
    tilt = math.radians(97.6)
    places = orbit.radius * np.stack(
        (np.cos(angle), np.sin(angle) * math.cos(tilt), np.sin(angle) * math.sin(tilt)), axis=1
    )
    epoch = Epoch.of(datetime(2021, 5, 4, 7, 47, 48, 965000, tzinfo=UTC))
    day, fraction = epoch.terrestrial_time()
    to_teme = celestial_to_teme(day, np.array([fraction]))[0]
    sun = Sun(epoch).at(np.arange(0.0, 86_400.0)) @ to_teme  # back to the fixed stars, as Basilisk has it
    assert 1.0 - sunlit_fraction(places, sun).mean() == pytest.approx(0.32222, abs=5e-5)


# ------------------------------------------------------------ eclipse: another ephemeris and code


@pytest.mark.peer
def test_eclipses_of_a_day_agree_with_skyfield_and_de421_within_a_second(de421):
    """Skyfield's `is_sunlit` looks from the satellite at the centre of DE421's Sun past a round Earth."""
    timescale, ephemeris = de421
    satellite = pytest.importorskip("skyfield.api").EarthSatellite(LINE1, LINE2, "WORLDVIEW-3", timescale)
    orbit, sun = Orbit.from_tle(LINE1, LINE2, START), Sun(Epoch.of(START))

    def hidden(seconds):
        _, earth, apart = discs(orbit.at(seconds)[0], sun.at(seconds))
        return earth - apart

    ours = intervals(hidden, 0.0, 86_400.0, 30.0)
    edges = np.array([edge for span in ours for edge in span if 0.0 < edge < 86_400.0])
    assert edges.size == 30
    # Within a quarter of a second of each of our edges, Skyfield's sunlight changes too.
    around = np.concatenate((edges - 0.25, edges + 0.25))
    sunlit = satellite.at(timescale.utc(2026, 4, 24, 12, 0, around)).is_sunlit(ephemeris)
    assert (sunlit[:30] != sunlit[30:]).all()


# ------------------------------------------------------------ the penumbra


def free_part_by_counting(place, sun) -> float:
    """Share of points spread evenly over the Sun's disc whose ray clears the Earth: no formula of discs."""
    to_sun = sun - place
    axis = to_sun / np.linalg.norm(to_sun)
    across = np.cross(axis, [0.0, 0.0, 1.0])
    across /= np.linalg.norm(across)
    other = np.cross(axis, across)
    k = np.arange(40_000) + 0.5
    radius, turn = np.sqrt(k / k.size) * SOLAR_RADIUS_KM, k * math.pi * (3.0 - math.sqrt(5.0))
    limb = to_sun + np.outer(radius * np.cos(turn), across) + np.outer(radius * np.sin(turn), other)
    limb /= np.linalg.norm(limb, axis=1)[:, None]
    along = limb @ place
    nearest = np.sqrt(place @ place - along**2)
    return float(np.mean((along > 0.0) | (nearest > EARTH_RADIUS_KM)))


@pytest.mark.parametrize("altitude", [300.0, 620.0, 2000.0, 35_786.0])
@pytest.mark.parametrize("depth", [-0.9, -0.5, -0.1, 0.0, 0.3, 0.8])
def test_free_part_of_the_disc_agrees_with_counting_rays(altitude, depth):
    sun = ASTRONOMICAL_UNIT_KM * np.array([1.0, 0.0, 0.0])
    radius = EARTH_RADIUS_KM + altitude
    edge = math.pi - math.asin(EARTH_RADIUS_KM / radius)  # angle from the Sun at which its centre sets
    angle = edge - depth * math.asin(SOLAR_RADIUS_KM / ASTRONOMICAL_UNIT_KM)
    place = radius * np.array([math.cos(angle), math.sin(angle), 0.0])
    fraction = sunlit_fraction(place[None], sun[None])[0]
    assert fraction == pytest.approx(free_part_by_counting(place, sun), abs=2e-4)


def test_first_and_last_contact_are_numbers_to_the_last_bit():
    draw = np.random.default_rng(7)
    small, large = draw.uniform(4.6e-3, 4.8e-3, 20_000), draw.uniform(0.15, 4.0, 20_000)
    inside = draw.integers(1, 4, 20_000) * np.spacing(small)
    assert sunlight._free_part(small, large, small - inside) == pytest.approx(np.ones(20_000), abs=1e-6)
    assert sunlight._free_part(small, large, inside - small) == pytest.approx(np.zeros(20_000), abs=1e-6)


@pytest.mark.slow
@given(st.floats(200.0, 40_000.0), st.floats(0.0, 60.0))
def test_light_fades_without_a_step_across_the_penumbra(altitude, beta):
    orbit = Circle(altitude, beta)
    sun = orbit.sun(ASTRONOMICAL_UNIT_KM)
    found = eclipses(orbit, sun, 0.0, orbit.period_s)  # type: ignore[arg-type]
    for one in found:
        if one.umbra is None:
            continue
        for start, end, order in (
            (one.penumbra.start_s - 0.5, one.umbra.start_s + 0.5, -1.0),
            (one.umbra.end_s - 0.5, one.penumbra.end_s + 0.5, 1.0),
        ):
            seconds = np.linspace(start, end, 400)
            fraction = sunlit_fraction(orbit.at(seconds)[0], sun.at(seconds))
            assert {fraction[0], fraction[-1]} == {0.0, 1.0}
            assert (order * np.diff(fraction) >= 0.0).all()
            # Of a disc, a strip of 1/400 of the way holds at most 4/pi of 2/400 of the area.
            assert np.abs(np.diff(fraction)).max() < 0.02


def test_the_sunny_side_and_the_shadow_axis():
    sun = ASTRONOMICAL_UNIT_KM * np.array([[1.0, 0.0, 0.0]])
    places = 7000.0 * np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    assert sunlit_fraction(places, np.repeat(sun, 3, axis=0)).tolist() == [1.0, 1.0, 0.0]


def test_eclipses_are_clipped_and_ordered():
    orbit = Orbit.from_tle(LINE1, LINE2, START)
    sun = Sun(orbit.epoch)
    day = eclipses(orbit, sun, 0.0, 86_400.0)
    assert len(day) == 15
    assert all(a.penumbra.end_s < b.penumbra.start_s for a, b in itertools.pairwise(day))
    first = day[0]
    assert first.umbra is not None
    middle = 0.5 * (first.umbra.start_s + first.umbra.end_s)
    (cut,) = eclipses(orbit, sun, middle, middle + 60.0)
    assert cut == Eclipse(Interval(middle, middle + 60.0), Interval(middle, middle + 60.0))


def test_a_long_search_keeps_its_edges():
    elements = MeanElements(14.9, 0.001, 97.7, 30.0, 0.0, 0.0)
    orbit = Orbit.from_elements(elements, START)
    week = eclipses(orbit, Sun(orbit.epoch), 0.0, 7 * 86_400.0)
    last = eclipses(orbit, Sun(orbit.epoch), 6.5 * 86_400.0, 7 * 86_400.0)
    tail = [one for one in week if one.penumbra.start_s > 6.6 * 86_400.0]
    assert tail
    assert np.array([one.penumbra for one in tail]) == pytest.approx(
        np.array([one.penumbra for one in last[-len(tail) :]]), abs=2e-3
    )


def test_products_and_lengths():
    vectors = np.array([[1.0, 2.0, 2.0], [3.0, 4.0, 12.0]])
    assert norm(vectors).tolist() == [3.0, 13.0]
    assert dot(vectors, vectors[::-1]).tolist() == [35.0, 35.0]
