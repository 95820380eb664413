"""The simulated side of a live run, driven by hand in virtual time."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.app import load_mission
from sim.live.surroundings import Delay, Surroundings
from sim.scenario import Link, load_scenario
from sim.simulation import NS

FIRST_PASS_S = (
    700,
    900,
)  # of the reference orbit, over Inuvik; handed over to Svalbard some ten minutes later


@pytest.fixture(scope="module")
def flown() -> Surroundings:
    return make()


def make() -> Surroundings:
    scenario = replace(load_scenario("reference"), link=Link())
    return Surroundings(scenario, load_mission("pathfinder"), seed=1)


def rise(surroundings: Surroundings) -> int:
    """Fly to the first contact; the second after it."""
    for second in range(FIRST_PASS_S[1]):
        said = surroundings.second(second)
        if said is not None:
            assert said == "contact over Inuvik"
            return second + 1
        assert not surroundings.readings().carrier
        assert surroundings.readings().room == 0
    raise AssertionError("no contact")


def test_octets_arrive_in_order_when_their_light_time_has_passed() -> None:
    delay = Delay()
    delay.put(100, b"a")
    delay.put(90, b"b")  # the spacecraft has come nearer
    delay.put(300, b"")
    assert delay.next_arrival() == 100
    assert delay.take(99) == b""
    assert delay.take(100) == b"ab"
    assert delay.next_arrival() is None


@given(st.lists(st.tuples(st.integers(0, 50), st.binary(max_size=3))), st.lists(st.integers(0, 60)))
def test_nothing_is_lost_on_the_way(pieces: list[tuple[int, bytes]], looks: list[int]) -> None:
    delay = Delay()
    for arrives, data in pieces:
        delay.put(arrives, data)
    taken = b"".join(delay.take(now) for now in sorted(looks))
    assert taken + delay.take(60) == b"".join(data for _, data in pieces)


def test_readings_are_those_of_the_plant_in_the_order_of_the_mission(flown: Surroundings) -> None:
    flown.sensors.refresh()
    first, second = flown.readings(), flown.readings()
    assert second.number == first.number + 1
    values = dict(zip((sensor.name for sensor in flown.mission.sensors), first.values, strict=True))
    true = dict(zip(flown.world.plant.sensors.names, flown.world.plant.read_sensors(), strict=True))
    assert math.isclose(values["battery_voltage"], true["battery_voltage"], rel_tol=0.05)
    assert math.isclose(values["wing_temperature"], true["wing_temperature"], abs_tol=2.0)
    assert first.levels == tuple(flown.switches.levels())


def test_switch_commands_are_obeyed_or_counted() -> None:
    surroundings = make()
    storage = surroundings.mission.switch("storage")
    assert surroundings.obey([(storage, 2)]) == 0
    assert surroundings.readings().levels[storage] == 2
    assert surroundings.obey([(storage, 3), (len(surroundings.mission.switches), 1)]) == 2
    assert surroundings.readings().levels[storage] == 2


@pytest.mark.slow
def test_a_pass_from_rise_to_handover() -> None:
    surroundings = make()
    surroundings.obey([(surroundings.mission.switch("transmitter"), 1)])
    surroundings.from_station(b"into the void", 0)
    begun = rise(surroundings)
    assert begun >= FIRST_PASS_S[0]
    for second in range(begun, begun + 5):
        assert surroundings.second(second) is None
    assert surroundings.to_board() == b"", "nothing was radiated before the station saw the spacecraft"
    readings = surroundings.readings()
    assert readings.carrier
    cadu = bytes(i % 256 for i in range(surroundings.cadu_length))
    assert readings.room >= len(cadu)
    now = (begun + 5) * NS
    light_time = surroundings.world.delay_ns()
    assert 1_000_000 < light_time < 12_000_000, "of 300 to 3,500 km"

    surroundings.from_board(cadu[:100], now)
    assert surroundings.next_arrival() is None, "half a frame is not radiated"
    surroundings.from_board(cadu[100:] + cadu[:7], now)
    assert surroundings.to_station(now + light_time - 1) == b""
    assert surroundings.to_station(now + light_time) == cadu
    assert surroundings.readings().room == readings.room - len(cadu)
    surroundings.new_board()
    surroundings.from_board(cadu, now)
    assert surroundings.to_station(now + light_time) == cadu, "another connection begins with a whole frame"
    too_many = readings.room // len(cadu) + 1  # of a board that has read an old room
    surroundings.from_board(cadu * too_many, now)
    assert surroundings.to_station(now + light_time) == cadu * too_many
    assert surroundings.readings().room == 0

    surroundings.from_station(b"command", now)
    said, heard = [], b""
    for second in range(begun + 5, begun + 900):
        said.append(surroundings.second(second))
        heard += surroundings.to_board()
    assert heard == b"command"
    assert [text for text in said if text] == ["contact over Svalbard"]


@pytest.mark.slow
def test_a_transmitter_that_is_off_says_nothing() -> None:
    surroundings = make()
    transmitter = surroundings.mission.switch("transmitter")
    begun = rise(surroundings)
    assert surroundings.readings().room == 0
    surroundings.from_board(bytes(surroundings.cadu_length), begun * NS)
    assert surroundings.next_arrival() is None
    surroundings.obey([(transmitter, 1)])
    surroundings.from_board(bytes(surroundings.cadu_length), begun * NS)
    assert surroundings.next_arrival() is not None, "it obeys at once"
