from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from sim.orbit import Orbit
from sim.stations import GroundStation, StationError, passes, propagation_delay_s, read_stations

ISS1 = "1 25544U 98067A   14020.93268519  .00009878  00000-0  18200-3 0  5082"
ISS2 = "2 25544  51.6498 109.4756 0003572  55.9686 274.8005 15.49815350868473"
LINE1 = "1 40115U 14048A   26114.26139334  .00000689  00000+0  87180-4 0  9993"
LINE2 = "2 40115  97.8579 189.8383 0002768 112.4313 247.7195 14.84928730633908"
START = datetime(2026, 4, 24, 12, tzinfo=UTC)
DAY_S = 86_400.0
SVALBARD = GroundStation("Svalbard", 78.229772, 15.407786, 501.3)
AWARUA = GroundStation("Awarua", -46.528186, 168.379311, -2.6)


def overhead(station: GroundStation, east_km=0.0, north_km=0.0, up_km=0.0) -> np.ndarray:
    """An Earth-fixed point (1, 3) seen from `station` in its own axes."""
    east, north, up = station.axes()
    return (station.place() + east_km * east + north_km * north + up_km * up)[None]


@pytest.mark.peer
def test_passes_of_the_space_station_that_skyfield_documents():
    """Skyfield's "Earth satellites" page: 30 degrees over Bluffton on 2014-01-23, events to the second."""
    day = datetime(2014, 1, 23, tzinfo=UTC)
    bluffton = GroundStation("Bluffton", 40.8939, -83.8917, mask_deg=30.0)
    found = passes(Orbit.from_tle(ISS1, ISS2, day), bluffton, 0.0, DAY_S)
    documented = [("06:25:37", "06:28:19"), ("12:54:56", "12:57:58")]
    assert len(found) == len(documented)
    for one, times in zip(found, documented, strict=True):
        for ours, theirs in zip((one.start_s, one.end_s), times, strict=True):
            expected = datetime.combine(day.date(), datetime.strptime(theirs, "%H:%M:%S").time(), UTC)  # noqa: DTZ007
            assert abs(day + timedelta(seconds=ours) - expected) < timedelta(seconds=1)


@pytest.mark.peer
@pytest.mark.parametrize("station", [SVALBARD, AWARUA], ids=lambda station: station.name)
def test_rise_and_set_agree_with_skyfield(station):
    load = pytest.importorskip("skyfield.api")
    timescale = load.load.timescale(builtin=True)
    satellite = load.EarthSatellite(LINE1, LINE2, "WORLDVIEW-3", timescale)
    there = load.wgs84.latlon(station.latitude_deg, station.longitude_deg, station.altitude_m)
    ours = passes(Orbit.from_tle(LINE1, LINE2, START), station, 0.0, DAY_S)
    begin, end = timescale.from_datetime(START), timescale.from_datetime(START + timedelta(days=1))
    times, events = satellite.find_events(there, begin, end, altitude_degrees=station.mask_deg)
    seconds = (times - begin) * DAY_S
    assert len(ours) == np.count_nonzero(events == 0)
    assert [one.start_s for one in ours] == pytest.approx(seconds[events == 0], abs=0.2)
    assert [one.end_s for one in ours] == pytest.approx(seconds[events == 2], abs=0.2)
    heights = (satellite - there).at(times[events == 1]).altaz()[0].degrees
    assert [one.highest_deg for one in ours] == pytest.approx(heights, abs=0.02)


@pytest.mark.peer
def test_look_angles_agree_with_skyfield():
    load = pytest.importorskip("skyfield.api")
    timescale = load.load.timescale(builtin=True)
    satellite = load.EarthSatellite(LINE1, LINE2, "WORLDVIEW-3", timescale)
    there = load.wgs84.latlon(SVALBARD.latitude_deg, SVALBARD.longitude_deg, SVALBARD.altitude_m)
    seconds = np.arange(0.0, DAY_S, 100.0)
    orbit = Orbit.from_tle(LINE1, LINE2, START)
    look = SVALBARD.look(orbit.earth_fixed(seconds, orbit.at(seconds)[0]))
    height, azimuth, distance = (satellite - there).at(timescale.utc(2026, 4, 24, 12, 0, seconds)).altaz()
    up = height.degrees > 0.0
    assert np.abs(look.elevation_deg - height.degrees)[up].max() < 0.006
    turned = (look.azimuth_deg - azimuth.degrees + 180.0) % 360.0 - 180.0
    assert np.abs(turned * np.cos(height.radians))[up].max() < 0.02
    assert np.abs(look.range_km - distance.km)[up].max() < 0.3


@given(st.floats(-89.9, 89.9), st.floats(-180.0, 180.0), st.floats(0.0, 359.9), st.floats(-80.0, 89.0))
def test_look_takes_apart_what_it_was_put_together_from(latitude, longitude, azimuth, elevation):
    station = GroundStation("anywhere", latitude, longitude, 1000.0)
    a, e = np.radians(azimuth), np.radians(elevation)
    point = overhead(station, 900 * np.cos(e) * np.sin(a), 900 * np.cos(e) * np.cos(a), 900 * np.sin(e))
    look = station.look(point)
    assert look.range_km[0] == pytest.approx(900.0)
    assert look.elevation_deg[0] == pytest.approx(elevation, abs=1e-6)
    assert abs((look.azimuth_deg[0] - azimuth + 180.0) % 360.0 - 180.0) < 1e-5
    quick = station.elevation_and_range(point)
    assert (quick[0][0], quick[1][0]) == pytest.approx((look.elevation_deg[0], 900.0), abs=1e-6)


def test_axes_point_where_they_should():
    east, north, up = GroundStation("Greenwich and the equator", 0.0, 0.0).axes()
    assert (east.tolist(), north.tolist(), up.tolist()) == ([0, 1, 0], [0, 0, 1], [1, 0, 0])
    assert GroundStation("Quito", 0.0, -78.5, 0.0).place() @ east < 0.0
    assert GroundStation("pole", 90.0, 0.0, 1000.0).place() == pytest.approx([0, 0, 6357.752314], abs=1e-6)


def test_a_mask_is_linear_between_its_azimuths_and_across_north():
    station = GroundStation("valley", 60.0, 10.0, mask_deg=((90.0, 10.0), (270.0, 30.0)))
    azimuths = np.array([0.0, 90.0, 180.0, 270.0, 315.0, 360.0])
    assert station.mask_at(azimuths) == pytest.approx([20.0, 10.0, 20.0, 30.0, 25.0, 20.0])
    assert GroundStation("plain", 60.0, 10.0, mask_deg=7.0).mask_at(azimuths).tolist() == [7.0] * 6


def test_a_hill_hides_the_satellite():
    station = GroundStation(
        "valley", 60.0, 10.0, mask_deg=((0.0, 0.0), (90.0, 40.0), (180.0, 0.0), (270.0, 0.0))
    )
    east = overhead(station, east_km=1000.0, up_km=700.0)  # 35 degrees up behind a hill of 40
    west = overhead(station, east_km=-1000.0, up_km=700.0)
    assert station.margin(east)[0] == pytest.approx(34.992 - 40.0, abs=0.01)
    assert station.margin(west)[0] == pytest.approx(34.992, abs=0.01)


def test_a_hill_shortens_or_splits_passes():
    orbit = Orbit.from_tle(LINE1, LINE2, START)
    plain = GroundStation("plain", 60.0, 10.0, mask_deg=5.0)
    # A tower to the east, 20 degrees wide and 80 high.
    towered = GroundStation("tower", 60.0, 10.0, mask_deg=((79, 5.0), (80, 80.0), (100, 80.0), (101, 5.0)))
    open_sky, cut = (passes(orbit, station, 0.0, DAY_S) for station in (plain, towered))
    assert len(cut) > len(open_sky)
    whole, rest = (sum(one.end_s - one.start_s for one in found) for found in (open_sky, cut))
    assert 0.0 < whole - rest < 0.3 * whole
    for one in cut:
        middle = np.array([0.5 * (one.start_s + one.end_s)])
        assert towered.margin(orbit.earth_fixed(middle, orbit.at(middle)[0]))[0] > 0.0


def test_passes_match_a_search_second_by_second():
    orbit = Orbit.from_tle(LINE1, LINE2, START)
    seconds = np.arange(0.0, DAY_S)
    elevation = SVALBARD.look(orbit.earth_fixed(seconds, orbit.at(seconds)[0])).elevation_deg
    up = elevation > 5.0
    found = passes(orbit, SVALBARD, 0.0, DAY_S - 1.0)
    inside = np.zeros(seconds.size, dtype=bool)
    for one in found:
        inside |= (seconds > one.start_s) & (seconds < one.end_s)
        chosen = elevation[(seconds >= one.start_s) & (seconds <= one.end_s)]
        assert one.highest_deg == pytest.approx(chosen.max(), abs=0.05)
    assert (inside == up).all()
    # At a rise, the satellite stands on the mask: 0.1 s is 0.01 degrees or so.
    edges = np.array([one.start_s for one in found])
    assert np.abs(SVALBARD.margin(orbit.earth_fixed(edges, orbit.at(edges)[0]))).max() < 1e-3


def test_no_pass_is_no_error():
    assert passes(Orbit.from_tle(LINE1, LINE2, START), AWARUA, 0.0, 60.0) == []


def test_propagation_delay():
    assert propagation_delay_s(299_792.458) == 1.0
    assert propagation_delay_s(2500.0) == pytest.approx(8.339e-3, rel=1e-3)


# ------------------------------------------------------------ what a station may be


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("latitude_deg", 91.0, "latitude_deg is 91.0, expected -90 to 90"),
        ("longitude_deg", 181.0, "longitude_deg is 181.0, expected -180 to 180"),
        ("altitude_m", float("nan"), "altitude_m is nan, expected -500 to 9000"),
        ("mask_deg", -1.0, "mask_deg is -1.0, expected 0 to 90"),
        ("mask_deg", True, "mask_deg is True, expected 0 to 90"),
        ("mask_deg", (), "mask_deg is an empty table"),
        ("mask_deg", ((400.0, 5.0),), "mask_deg azimuth is 400.0, expected 0 to 360"),
        ("mask_deg", ((40.0, 95.0),), "mask_deg elevation is 95.0, expected 0 to 90"),
    ],
)
def test_an_impossible_station_is_refused_by_name(field, value, text):
    good = {"latitude_deg": 60.0, "longitude_deg": 10.0}
    with pytest.raises(StationError, match=f"^station X: {text}$"):
        GroundStation("X", **(good | {field: value}))


def test_the_real_stations_can_be_read():
    path = Path(sim.__file__).parent / "stations.toml"
    stations = {station.name: station for station in read_stations(path)}
    assert list(stations) == ["Svalbard", "Kiruna", "Inuvik", "Fairbanks", "Wallops", "Troll", "Awarua"]
    assert stations["Svalbard"] == SVALBARD
    assert all(entry.count("source = ") == 1 for entry in path.read_text().split("[[station]]")[1:])


GOOD = '[[station]]\nname = "A"\nlatitude_deg = 1\nlongitude_deg = 2.5\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[station]\n", "Expected"),
        ("", "no .*station.* tables"),
        ("station = 3", "no .*station.* tables"),
        ("station = [3]", "no .*station.* tables"),
        ("[[station]]\nlatitude_deg = 1", "a station without a name"),
        ('[[station]]\nname = "A"\nlatitude_deg = 1', "station A: no longitude_deg"),
        (GOOD + "lattitude_deg = 3", "station A: unknown key 'lattitude_deg', expected altitude_m, "),
        (GOOD + 'mask_deg = "five"', "station A: mask_deg is 'five', expected 0 to 90"),
        (
            GOOD + "mask_deg = [[0, 5], [90]]",
            r"station A: mask_deg has \[90\], expected \[azimuth, elevation\]",
        ),
        (GOOD + "mask_deg = [[0, 5], [90, nan]]", "station A: mask_deg elevation is nan, expected 0 to 90"),
        (GOOD + GOOD, "station A is there 2 times"),
    ],
)
def test_a_wrong_file_is_one_line_with_its_name(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(StationError, match=message) as refused:
        read_stations(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(StationError, match="No such file"):
        read_stations(tmp_path / "none.toml")


def test_a_file_may_hold_a_mask_table(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD + "mask_deg = [[0, 5], [90, 7.5]]\nsource = 'here'\n")
    assert read_stations(path) == (GroundStation("A", 1, 2.5, 0.0, ((0, 5), (90, 7.5))),)
