from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime

import numpy as np
import pytest

from sim import environment
from sim.earthlight import EARTH_MEAN_RADIUS_KM, AlbedoTable, view_factor
from sim.environment import Attitude, Environment, EnvironmentChunk, Face
from sim.faces import Faces
from sim.orbit import MeanElements, Orbit, OrbitError, PropagationError
from sim.stations import GroundStation
from sim.sunlight import Sun, norm, sunlit_fraction

LINE1 = "1 40115U 14048A   26114.26139334  .00000689  00000+0  87180-4 0  9993"
LINE2 = "2 40115  97.8579 189.8383 0002768 112.4313 247.7195 14.84928730633908"
START = datetime(2026, 4, 24, 12, tzinfo=UTC)
STATIONS = (
    GroundStation("Svalbard", 78.229772, 15.407786, 501.3),
    GroundStation("Kiruna", 67.858428, 20.966880, 385.8),
    GroundStation("Awarua", -46.528186, 168.379311, -2.6, mask_deg=((0.0, 5.0), (180.0, 15.0))),
)
BOX = (
    Face("ahead", (1.0, 0.0, 0.0)),
    Face("behind", (-1.0, 0.0, 0.0)),
    Face("right", (0.0, 1.0, 0.0)),
    Face("left", (0.0, -1.0, 0.0)),
    Face("down", (0.0, 0.0, 1.0)),
    Face("up", (0.0, 0.0, -1.0)),
    Face("cells", (0.0, 0.0, -1.0), on_array=True),
    Face("back", (0.0, 0.0, 1.0), on_array=True),
)
AHEAD, BEHIND, RIGHT, LEFT, DOWN, UP, CELLS, BACK = range(8)


def orbit() -> Orbit:
    return Orbit.from_tle(LINE1, LINE2, START)


@pytest.fixture(scope="module")
def fixed() -> Environment:
    return Environment(orbit(), STATIONS, BOX)


@pytest.fixture(scope="module")
def round_trip() -> EnvironmentChunk:
    """Two hours: a whole orbit with its eclipse."""
    return Environment(orbit(), STATIONS, BOX, chunk_s=7200.0).chunk(0)


@pytest.fixture(scope="module")
def turning() -> Environment:
    return Environment(orbit(), STATIONS, BOX, Attitude.SUN)


@pytest.fixture(scope="module")
def chunk(fixed) -> EnvironmentChunk:
    return fixed.chunk(1)


@pytest.fixture(scope="module")
def tracked(turning) -> EnvironmentChunk:
    return turning.chunk(1)


def series(chunk: EnvironmentChunk) -> dict[str, list]:
    """Every list of a chunk by name."""
    found = {}
    for field in dataclasses.fields(chunk):
        value = getattr(chunk, field.name)
        if isinstance(value, list):
            found[field.name] = value
        elif isinstance(value, tuple):
            found |= {f"{field.name}[{number}]": row for number, row in enumerate(value)}
    return found


def test_a_chunk_is_plain_lists_of_one_length(chunk):
    rows = series(chunk)
    assert len(rows) == 9 + 3 * len(BOX)
    assert {len(row) for row in rows.values()} == {3600}
    kinds = {name: {type(value) for value in row} for name, row in rows.items()}
    assert kinds.pop("station") == {int}
    assert all(kind == {float} for kind in kinds.values())
    assert (chunk.start_s, chunk.step_s) == (3600.0, 1.0)


def test_every_value_is_on_its_quantum(chunk, tracked):
    decimals = {"sunlight": 4, "array_incidence": 5, "station": 0}
    for name, row in (series(chunk) | series(tracked)).items():
        places = decimals.get(name, 2 if "_on" in name or name.startswith("solar") else 3)
        assert all(value == round(value, places) for value in row), name
        assert not any(value == 0.0 and math.copysign(1.0, value) < 0.0 for value in row), name


def test_a_small_negative_is_a_plain_zero():
    assert math.copysign(1.0, environment._quantised(np.array([-1e-9]), 3)[0]) == 1.0


def test_a_last_bit_elsewhere_does_not_show(chunk, monkeypatch):
    """Sine, cosine and arcsine that differ in the last bits, as between CPUs, give the same chunk."""
    before = series(chunk)
    for name in ("sin", "cos", "arcsin", "arctan2", "sqrt"):
        plain = getattr(np, name)
        monkeypatch.setattr(np, name, lambda *given, plain=plain: plain(*given) * (1.0 + 4e-16))
    after = series(Environment(orbit(), STATIONS, BOX).chunk(1))
    assert after != {}
    assert [name for name in before if before[name] != after[name]] == []


@pytest.mark.slow
def test_chunks_join_without_a_seam(fixed):
    whole = fixed.chunk(1)
    parts = Environment(orbit(), STATIONS, BOX, chunk_s=900.0)
    for name, row in series(whole).items():
        joined = [value for number in range(4, 8) for value in series(parts.chunk(number))[name]]
        assert joined == row, name


def test_a_chunk_does_not_depend_on_those_before(fixed, chunk):
    fixed.chunk(40)
    assert fixed.chunk(1) == chunk


def test_sunlight_and_track_are_those_of_the_parts(chunk):
    here = orbit()
    seconds = 3600.0 + np.arange(3600.0)
    positions, _ = here.at(seconds)
    sun = Sun(here.epoch).at(seconds)
    assert chunk.sunlight == pytest.approx(sunlit_fraction(positions, sun), abs=5e-5)
    assert 0.0 in chunk.sunlight
    assert 1.0 in chunk.sunlight
    radius = norm(positions)
    assert np.array(chunk.altitude_km) == pytest.approx(radius - 6367.0, abs=12.0)
    assert max(chunk.latitude_deg) <= 180.0 - 97.85 + 0.2
    # WorldView-3 crosses the equator at 10:32 local time, going south.
    crossing = next(i for i in range(3599) if chunk.latitude_deg[i] > 0.0 >= chunk.latitude_deg[i + 1])
    hour = (12.0 + (3600.0 + crossing) / 3600.0 + chunk.longitude_deg[crossing] / 15.0) % 24.0
    assert hour == pytest.approx(10.53, abs=0.05)
    assert chunk.sunlight[crossing] == 1.0


# ------------------------------------------------------------ faces


def test_the_body_stands_in_its_orbit(round_trip):
    chunk = round_trip
    # In the sunlit half the orbit runs from the north, at 10:32, to the south: the Sun is behind, then ahead,
    # always on the side of the angular momentum (beta is +19), which is left of the way.
    beta = math.radians(chunk.beta_deg)
    left = np.array(chunk.solar_on[LEFT])
    lit = np.array(chunk.sunlight) == 1.0
    assert left[lit] == pytest.approx(np.array(chunk.solar_w_m2)[lit] * math.sin(beta), rel=2e-3)
    assert max(chunk.solar_on[RIGHT]) == 0.0
    assert not any(
        a > 0.0 and b > 0.0 for a, b in zip(chunk.solar_on[AHEAD], chunk.solar_on[BEHIND], strict=True)
    )
    assert not any(a > 0.0 and b > 0.0 for a, b in zip(chunk.solar_on[UP], chunk.solar_on[DOWN], strict=True))
    # Just out of the shadow the satellite flies towards the Sun.
    out = next(i for i in range(7199) if chunk.sunlight[i] < 1.0 and chunk.sunlight[i + 1] == 1.0) + 1
    assert chunk.solar_on[AHEAD][out] > 0.8 * chunk.solar_w_m2[out]


def test_squares_of_the_sun_on_a_box_add_up(chunk):
    """cos2 over three axes is one: a box takes in all of the Sun's flux, whatever its attitude."""
    squares = sum(np.array(chunk.solar_on[face]) ** 2 for face in (AHEAD, BEHIND, LEFT, RIGHT, UP, DOWN))
    expected = np.array(chunk.solar_w_m2) * np.array(chunk.sunlight)
    # Cosines are linear over 10 s, which takes up to 1.5e-5 off, and 0.1 W/m2 of rounding of the fraction.
    assert np.sqrt(squares) == pytest.approx(expected, abs=0.12)


def test_light_of_the_earth_falls_on_the_faces_below(round_trip):
    chunk = round_trip
    albedo, infrared = np.array(chunk.albedo_on), np.array(chunk.infrared_on)
    assert albedo[DOWN].max() > 2.0 * albedo[[AHEAD, BEHIND, LEFT, RIGHT]].max()
    assert (albedo[UP] == 0.0).all()
    assert infrared[UP].max() <= 0.01
    assert infrared[AHEAD] == pytest.approx(infrared[LEFT])
    # The Sun stands on the left, so more of the ground in front of the left face is lit.
    assert (albedo[LEFT] >= albedo[RIGHT]).all()
    assert albedo[LEFT].sum() > 1.1 * albedo[RIGHT].sum()
    assert 100.0 < infrared[DOWN].min() < infrared[DOWN].max() < 230.0
    assert 200.0 < albedo[DOWN].max() < 500.0
    assert albedo[DOWN].min() == 0.0


def test_average_earth_is_a_constant_times_the_view_factor():
    flat = Environment(orbit(), (), BOX, chunk_s=7200.0, zonal=False).chunk(0)
    seconds = np.arange(7200.0)
    radius = norm(orbit().at(seconds)[0])
    for face, cosine in ((DOWN, 1.0), (LEFT, 0.0), (UP, -1.0)):
        expected = 230.0 * view_factor(np.full(7200, cosine), radius)
        assert flat.infrared_on[face] == pytest.approx(expected, abs=0.006)
    # Looking down at noon the factor is near cos(zenith) (R/r)^2; up to the curve of the Earth, 3 %.
    noon = int(np.argmax(flat.albedo_on[DOWN]))
    overhead = flat.solar_on[UP][noon] / flat.solar_w_m2[noon]
    squeeze = (EARTH_MEAN_RADIUS_KM / radius[noon]) ** 2
    factor = AlbedoTable(6900.0, 7050.0).factor(
        radius[noon : noon + 1], np.zeros(1), np.array([math.acos(overhead)]), np.zeros(1)
    )[0]
    assert factor == pytest.approx(overhead * squeeze, rel=0.03)
    assert flat.albedo_on[DOWN][noon] == pytest.approx(0.3 * flat.solar_w_m2[noon] * factor, rel=2e-3)
    highest = max(flat.albedo_on[DOWN])
    assert highest < 0.3 * max(flat.solar_w_m2) * (EARTH_MEAN_RADIUS_KM / radius.min()) ** 2
    assert highest > 0.85 * 0.3 * max(flat.solar_w_m2) * (EARTH_MEAN_RADIUS_KM / radius.max()) ** 2


def test_a_fixed_array_has_the_sun_of_its_face(chunk):
    lit = np.array(chunk.array_incidence) * np.array(chunk.sunlight) * np.array(chunk.solar_w_m2)
    assert np.array(chunk.solar_on[UP]) == pytest.approx(lit, abs=0.15)
    assert chunk.solar_on[CELLS] == chunk.solar_on[UP]
    assert chunk.albedo_on[BACK] == chunk.albedo_on[DOWN]


def test_a_turning_array_faces_the_sun_and_the_body_does_not(chunk, tracked):
    assert set(tracked.array_incidence) == {1.0}
    full = np.array(tracked.solar_w_m2) * np.array(tracked.sunlight)
    assert np.array(tracked.solar_on[CELLS]) == pytest.approx(full, abs=0.12)
    assert max(tracked.solar_on[BACK]) == 0.0
    for face in (AHEAD, BEHIND, LEFT, RIGHT, UP, DOWN):
        assert tracked.solar_on[face] == chunk.solar_on[face]
        assert tracked.albedo_on[face] == chunk.albedo_on[face]
    # By day the back looks at the Earth.
    noon = tracked.albedo_on[BACK].index(max(tracked.albedo_on[BACK]))
    assert tracked.albedo_on[BACK][noon] > 100.0 * max(0.01, tracked.albedo_on[CELLS][noon])


@pytest.mark.slow
def test_nodes_cost_less_than_half_a_watt():
    """Albedo and infrared between nodes of 10 s, and cosines, against the same computed at every second."""
    here = orbit()
    faces = Faces(here, Sun(here.epoch), BOX, Attitude.SUN, (0.0, 0.0, -1.0), zonal=True)
    exact = faces.at(np.arange(3600.0))
    close = Environment(here, (), BOX, Attitude.SUN).chunk(0)
    assert np.array(close.albedo_on) == pytest.approx(exact.albedo[:-1], abs=0.4)
    assert np.array(close.infrared_on) == pytest.approx(exact.infrared[:-1], abs=0.03)
    full = np.array(close.solar_w_m2) * np.array(close.sunlight)
    assert np.array(close.solar_on) == pytest.approx(np.maximum(exact.incidence[:-1], 0.0) * full, abs=0.15)


def test_long_steps_are_computed_as_they_are():
    coarse = Environment(orbit(), STATIONS, BOX, chunk_s=3600.0, step_s=60.0).chunk(1)
    fine = Environment(orbit(), STATIONS, BOX).chunk(1)
    for name, row in series(coarse).items():
        assert row == pytest.approx(series(fine)[name][::60], abs=0.011), name


# ------------------------------------------------------------ stations


def test_the_highest_station_in_view_is_chosen(fixed):
    here = orbit()
    seen = set()
    for number in range(3):
        chunk = fixed.chunk(number)
        seconds = chunk.start_s + np.arange(3600.0)
        earth_fixed = here.earth_fixed(seconds, here.at(seconds)[0])
        looks = [station.look(earth_fixed) for station in STATIONS]
        margins = np.array([station.margin(earth_fixed) for station in STATIONS])
        heights = np.where(margins > 0.0, [look.elevation_deg for look in looks], -99.0)
        top = np.sort(heights, axis=0)
        clear = (np.abs(margins).min(axis=0) > 0.002) & ((top[-1] - top[-2] > 0.002) | (top[-1] < 0.0))
        expected = np.where(heights.max(axis=0) > 0.0, heights.argmax(axis=0), -1)
        assert (np.array(chunk.station) == expected)[clear].all()
        for i in np.flatnonzero(clear)[::50]:
            which = chunk.station[i]
            seen.add(which)
            if which < 0:
                assert (chunk.elevation_deg[i], chunk.range_km[i]) == (0.0, 0.0)
            else:
                assert chunk.elevation_deg[i] == pytest.approx(looks[which].elevation_deg[i], abs=6e-4)
                assert chunk.range_km[i] == pytest.approx(looks[which].range_km[i], abs=6e-4)
    assert seen == {-1, 0, 1, 2}


def test_passes_are_the_spans_with_a_station(fixed):
    day = fixed.passes(3 * 3600.0)
    assert [one.start_s for one in day] == sorted(one.start_s for one in day)
    assert {one.station for one in day} == {"Svalbard", "Kiruna", "Awarua"}
    in_view = [which >= 0 for number in range(3) for which in fixed.chunk(number).station]
    for second, seen in enumerate(in_view):
        edge = min(min(abs(second - one.start_s), abs(second - one.end_s)) for one in day)
        if edge > 0.1:
            assert seen == any(one.start_s < second < one.end_s for one in day), second


def test_passes_and_eclipses_may_start_later(fixed):
    assert fixed.passes(3600.0, 7200.0) == tuple(
        dataclasses.replace(one, start_s=max(one.start_s, 7200.0), end_s=min(one.end_s, 10800.0))
        if 7200.0 < one.end_s < 10800.0 or 7200.0 < one.start_s < 10800.0
        else one
        for one in fixed.passes(10800.0)
        if one.end_s > 7200.0 and one.start_s < 10800.0
    )
    (cut,) = fixed.eclipses(1000.0, 1500.0)
    assert (cut.start_s, cut.end_s, cut.name) == (1500.0, 2500.0, "eclipse")


def test_eclipses_are_the_spans_without_full_sun(fixed):
    spans = fixed.eclipses(2 * 3600.0)
    assert len(spans) == 2
    light = fixed.chunk(0).sunlight + fixed.chunk(1).sunlight
    for second, free in enumerate(light):
        # In the first half second of the penumbra the free part still rounds to one.
        if min(min(abs(second - one.start_s), abs(second - one.end_s)) for one in spans) > 0.5:
            assert (free < 1.0) == any(one.start_s < second < one.end_s for one in spans), second


def test_the_track_is_that_of_the_chunks(fixed, chunk):
    track = fixed.track(7200.0, step_s=60.0)
    assert track.times_s.size == 120
    assert track.latitude_deg[60:] == pytest.approx(chunk.latitude_deg[::60], abs=6e-4)
    assert track.longitude_deg[60:] == pytest.approx(chunk.longitude_deg[::60], abs=6e-4)
    assert track.altitude_km[60:] == pytest.approx(chunk.altitude_km[::60], abs=6e-4)


def test_no_stations_and_no_faces_will_do():
    bare = Environment(orbit(), (), ()).chunk(0)
    assert set(bare.station) == {-1}
    assert bare.solar_on == ()
    assert max(bare.array_incidence) > 0.8


# ------------------------------------------------------------ what cannot be


def test_an_orbit_in_the_air_is_refused():
    low = Orbit.from_elements(MeanElements(16.4, 0.02, 97.0, 0.0, 0.0, 0.0), START)
    with pytest.raises(OrbitError, match=r"perigee is \d+ km up, expected 100 or more"):
        Environment(low, (), BOX)


def test_a_decay_in_flight_says_so():
    falling = Orbit.from_elements(MeanElements(16.2, 0.0005, 97.0, 0.0, 0.0, 0.0, 0.02), START)
    surroundings = Environment(falling, (), ())
    surroundings.chunk(0)
    with pytest.raises(PropagationError, match="SGP4 stops"):
        surroundings.chunk(24 * 30)


def test_faces_and_steps_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match=r"face odd: normal has length 2\.000, expected 1"):
        Face("odd", (2.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="face array: normal has length 0"):
        Environment(orbit(), (), (), array_normal=(0.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="face edge: is on the array, expected its front or back"):
        Environment(orbit(), (), (Face("edge", (1.0, 0.0, 0.0), on_array=True),), Attitude.SUN)
    Environment(orbit(), (), (Face("edge", (1.0, 0.0, 0.0), on_array=True),))  # it does not turn
    with pytest.raises(ValueError, match="chunk of 100 s is no whole number of steps of 7 s"):
        Environment(orbit(), (), (), chunk_s=100.0, step_s=7.0)
    with pytest.raises(ValueError, match="chunk has 200000 steps, expected at most 100000"):
        Environment(orbit(), (), (), chunk_s=200_000.0)
