from __future__ import annotations

from types import SimpleNamespace

import pytest

from sim.checks.heat import OUTSIDE_S, SLACK_S, HeaterDuty, NodesWithinLimits

HEATER = "battery_heater"


@pytest.fixture
def heater(kernel, seen):
    """Let the battery's heater be on or off for some seconds; failures so far."""
    check = HeaterDuty()
    check.installed(kernel, "thermal")
    place = seen.switches.names.index(HEATER)
    levels = [0] * len(seen.switches.names)
    seen.switches = SimpleNamespace(names=seen.switches.names, jammed=set(), levels=lambda: levels)

    def heat(on: bool, seconds: int) -> int:
        levels[place] = int(on)
        for second in range(seconds):
            check.look(seen, second)
        return check.failed

    vars(heat).update(check=check, seen=seen)
    return heat


def test_as_long_as_it_may_is_right_and_longer_is_wrong(heater) -> None:
    longest = heater.check.budget_s / (1 - heater.check.duty)
    slack = int(SLACK_S / (1 - heater.check.duty))
    assert heater(True, int(longest)) == 0
    assert heater.check.exercised == 1
    assert heater(True, slack + 5) == 1


def test_at_its_duty_for_ever_is_right(heater) -> None:
    for _ in range(200):
        heater(True, 60)
        heater(False, 40)
    assert heater.check.failed == 0


def test_a_little_above_its_duty_is_found_in_the_end(heater) -> None:
    for _ in range(200):
        heater(True, 65)
        heater(False, 35)
    assert heater.check.failed


def test_a_heater_that_a_fault_holds_is_left_out(heater) -> None:
    heater.seen.switches.jammed.add(HEATER)
    assert heater(True, 10_000) == 0


@pytest.fixture
def node(kernel, seen):
    """Hold the battery at a temperature, with some bad sensors; failures and exercise."""
    check = NodesWithinLimits()
    check.installed(kernel, "thermal")
    names = seen.world.plant.thermal.names
    temperatures = [290.0] * len(names)
    plant = SimpleNamespace(
        thermal=SimpleNamespace(names=names, temperatures_k=temperatures), power=SimpleNamespace(bus_on=True)
    )
    seen.world = SimpleNamespace(plant=plant)
    seen.switches = SimpleNamespace(jammed=set())

    def hold(degc: float, *bad: str, jammed: str = "") -> tuple[int, int]:
        seen.switches.jammed = {jammed} - {""}
        seen.sensors.distortions = dict.fromkeys(bad)
        temperatures[names.index("battery")] = degc + 273.15
        for second in range(5, OUTSIDE_S + 30, 5):
            check.look(seen, second)
        return check.failed, check.exercised

    return hold


ONE, TWO = "battery_temperature", "battery_temperature_2"


@pytest.mark.parametrize(("degc", "failed"), [(20.0, 0), (44.0, 0), (46.0, 1), (1.0, 0), (-1.0, 1)])
def test_one_bad_sensor_must_not_cook_or_freeze(node, degc, failed) -> None:
    assert node(degc, ONE) == (failed, 1)


def test_none_must_not_either(node) -> None:
    assert node(46.0) == (1, 0)


def test_two_bad_sensors_or_a_switch_that_does_not_obey_excuse(node) -> None:
    assert node(46.0, ONE, TWO) == (0, 0)
    assert node(46.0, ONE, jammed=HEATER)[0] == 0
