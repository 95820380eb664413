"""Our scenarios load; every way one can be wrong gives its line."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sim import fault_kinds
from sim.configuration import ConfigurationError
from sim.orbit import Orbit
from sim.scenario import SCENARIOS, Command, Fault, Scenario, known_scenarios, load_scenario, load_spacecraft
from sim.spacecraft import VEHICLES

TLE = """tle = [
  "1 40115U 14048A   26114.26139334  .00000689  00000+0  87180-4 0  9993",
  "2 40115  97.8579 189.8383 0002768 112.4313 247.7195 14.84928730633908",
]
"""
HEAD = 'name = "x"\nspacecraft = "pathfinder"\nduration = "1 day"\nseed = 1\n' + TLE  # lines 1 to 8


def load(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "my.toml"
    path.write_text(text)
    return load_scenario(path)


def complaint(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    return str(caught.value).removeprefix(f"{tmp_path}/")


def test_ours_load_by_name_and_propagate() -> None:
    assert known_scenarios() == ["ai_rack", "forged_uplink", "reference", "stuck_heater"]
    for name in known_scenarios():
        scenario = load_scenario(name)
        assert scenario.name == name
        assert scenario.path == str(SCENARIOS / f"{name}.toml")
        assert load_scenario(SCENARIOS / f"{name}.toml") == scenario
        orbit = Orbit.from_tle(scenario.line1, scenario.line2, scenario.epoch)
        assert 550.0 < orbit.perigee_km - 6378.0 < 650.0
        assert len(scenario.stations) == 4


def test_the_reference_mission() -> None:
    scenario = load_scenario("reference")
    assert scenario.spacecraft == load_spacecraft("pathfinder")
    assert scenario.duration_s == 86_400.0
    assert scenario.seed == 1
    assert scenario.initial_charge == 0.9
    assert scenario.epoch == datetime(2026, 4, 24, 6, 16, 24, tzinfo=UTC)
    assert [station.name for station in scenario.stations] == ["Svalbard", "Troll", "Inuvik", "Awarua"]
    assert (scenario.link.loss_up, scenario.link.loss_down) == (0.001, 0.001)
    assert [fault.kind for fault in scenario.faults] == [
        "wrong_bits",
        "crash",
        "lie",
        "latch_up",
        "forged",
        "stuck",
        "crash",
        "reset",
    ]
    assert {command.name for command in scenario.commands} >= {"power.switch", "modes.go", "compute.level"}


def test_defaults_stations_faults_and_commands(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
stations = ["Troll"]
[[station]]
name = "Garden"
latitude = "52.0 deg"
longitude = "4.36 deg"
mask = "10 deg"
[[fault]]
at = "2 h"
target = "sensor.battery_temperature"
kind = "offset"
value = "5 K"
duration = "30 min"
[[fault]]
at = "1 h"
target = "sensor.battery_temperature"
kind = "stuck"
[[fault]]
at = "1 h"
target = "station.Garden"
kind = "outage"
[[fault]]
at = "1 h"
target = "process.guardian"
kind = "kill"
[[fault]]
at = "1 h"
target = "clock"
kind = "drift"
value = -0.00001
[[command]]
at = "90 min"
name = "power.switch"
arguments = { rail = "compute_a", level = 2 }
[[command]]
at = "60 min"
name = "test.ping"
"""
    )
    scenario = load(tmp_path, text)
    second, first = (number for number, line in enumerate(text.split("\n"), 1) if line == "[[command]]")
    assert scenario.epoch == datetime(2026, 4, 24, 6, 16, 24, 384576, tzinfo=UTC)
    assert scenario.initial_charge == 0.9
    assert [station.name for station in scenario.stations] == ["Troll", "Garden"]
    assert (scenario.stations[1].mask_deg, scenario.stations[1].altitude_m) == (10.0, 0.0)
    assert scenario.faults == (
        Fault(3600.0, math.inf, "sensor", "battery_temperature", "stuck", None),
        Fault(3600.0, math.inf, "station", "Garden", "outage", None),
        Fault(3600.0, math.inf, "process.guardian", "", "kill", None),
        Fault(3600.0, math.inf, "clock", "", "drift", -1e-5),
        Fault(7200.0, 1800.0, "sensor", "battery_temperature", "offset", 5.0),
    )
    assert scenario.commands == (
        Command(3600.0, "test.ping", (), first),
        Command(5400.0, "power.switch", (("rail", "compute_a"), ("level", 2)), second),
    )


def test_a_spacecraft_by_a_path_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        (VEHICLES / "pathfinder.toml").read_text().replace('"pathfinder"', '"mine"', 1)
    )
    assert load(tmp_path, HEAD.replace('"pathfinder"', '"mine.toml"')).spacecraft.name == "mine"
    assert load(tmp_path, HEAD.replace('"pathfinder"', f'"{tmp_path}/mine.toml"')).spacecraft.name == "mine"


def fault(target: str, kind: str, value: str = "", at: str = "1 h") -> str:
    text = f'[[fault]]\nat = "{at}"\ntarget = "{target}"\nkind = "{kind}"\n'
    return text + (f"value = {value}\n" if value else "")


def test_every_kind_of_fault_loads(tmp_path: Path) -> None:
    names = {
        "sensor": "load_power",
        "rail": "compute_a",
        "heater": "battery_heater",
        "station": "Troll",
        "module": "power",
        "job": "acme/train",
    }
    values = {"": "", "reading": '"5 W"', "difference": '"5 W"', "s": '"5 s"', "1": "0.5", "W": '"5 W"'}
    job = '[[job]]\nat = "1 h"\ntenant = "acme"\nname = "train"\nwork = "1 h"\n'
    job += 'level = [{ power = "5 W", speed = 1 }]\n'
    text, count = HEAD + 'stations = ["Troll"]\n[[tenant]]\nowner = "acme"\n' + job, 0
    for target, kinds in fault_kinds.KINDS.items():
        for kind, unit in kinds.items():
            full = f"{target}.{names[target]}" if target in fault_kinds.NAMED else target
            text += fault(full, kind, values[unit])
            count += 1
    assert len(load(tmp_path, text).faults) == count


TARGETS = "expected one of: " + ", ".join(
    f"{one}.<name>" if one in fault_kinds.NAMED else one for one in fault_kinds.KINDS
)
WRONG = [
    (
        HEAD.replace("pathfinder", "pathfnder"),
        '2: spacecraft: no spacecraft is called "pathfnder", did you mean "pathfinder"?',
    ),
    (
        HEAD.replace('"1 day"', '"1 dy"'),
        ('3: duration: "1 dy" has an unknown unit "dy" (did you mean "day"?), expected a time such as "1 s"'),
    ),
    (
        HEAD.replace('"1 day"', '"40 mim"'),
        '3: duration: "40 mim" has an unknown unit "mim" (did you mean "min"?), expected a time such as "1 s"',
    ),
    (
        HEAD.replace('"1 day"', '"0 s"'),
        '3: duration: "0 s" is out of range, expected at least 1 s and at most 3.2e+08 s',
    ),
    (
        HEAD.replace("97.8579", "97.8578"),
        ("7: tle item 2: checksum is 7, the line says '8', expected a two-line element set"),
    ),
    (HEAD.replace("9993", "999"), "6: tle item 1: 68 characters long, expected 69"),
    (
        HEAD.replace("1 40115U", "1 40116U").replace("9993", "9994"),
        "6: tle item 1: line 1 is satellite 40116, line 2 is satellite 40115, expected a two-line element set",
    ),
    (
        HEAD.replace("tle = [", "tle = 5 #[").replace('  "', '# "').replace("\n]", "\n#]"),
        "5: tle: 5 is no array, expected an array of 2 values, each a line of 69 characters",
    ),
    (HEAD + "epoch = 2026-08-01T00:00:00Z\n", "9: epoch: is 98 days from the elements, expected at most 60"),
    (
        HEAD + "initial_charge = 1.5\n",
        "9: initial_charge: 1.5 is out of range, expected at least 0 and at most 1",
    ),
    (
        HEAD + 'stations = ["Trol"]\n',
        '9: stations item 1: no station is called "Trol", did you mean "Troll"?',
    ),
    (HEAD + 'stations = ["Troll",\n"Troll"]\n', '10: stations item 2: "Troll" is given twice, expected once'),
    (
        HEAD + '[[station]]\nname = "A"\nlatitude = "91 deg"\nlongitude = "0 deg"\n',
        '11: station.latitude: "91 deg" is out of range, expected at least -90 deg and at most 90 deg',
    ),
    (
        HEAD + '[[station]]\nname = "A"\nlatitude = "1 deg"\nlongitude = "0 deg"\n' * 2,
        '14: station.name: "A" is given twice, expected once',
    ),
    (
        HEAD + fault("array", "loss", "0.5", at="2 days"),
        "10: fault.at: 172800 s is after the end of the run, expected at most 86400 s",
    ),
    (
        HEAD + '[[command]]\nat = "25 h"\nname = "a.b"\n',
        "10: command.at: 90000 s is after the end of the run, expected at most 86400 s",
    ),
    (
        HEAD + '[[command]]\nat = "1 h"\nname = "reboot"\n',
        '11: command.name: "reboot" does not fit, expected a command such as "power.switch"',
    ),
    (
        HEAD + fault("sensr.load_power", "stuck"),
        f'11: fault.target: "sensr.load_power" is no target, {TARGETS}',
    ),
    (HEAD + fault("arry", "loss"), '11: fault.target: "arry" is no target, did you mean "array"?'),
    (HEAD + fault("sensor", "stuck"), '11: fault.target: "sensor" names no sensor, expected "sensor.<name>"'),
    (
        HEAD + fault("sensor.load_pwer", "stuck"),
        '11: fault.target: no sensor is called "load_pwer", did you mean "load_power"?',
    ),
    (
        HEAD + fault("heater.battery", "stuck_on"),
        '11: fault.target: no heater is called "battery", did you mean "battery_heater"?',
    ),
    (
        HEAD + fault("station.Troll", "outage"),
        '11: fault.target: no station is called "Troll", expected none',
    ),
    (
        HEAD + fault("array", "lost", "0.5"),
        '12: fault.kind: "lost" cannot strike an array, did you mean "loss"?',
    ),
    (
        HEAD + fault("array", "loss"),
        '13: fault.value: missing, expected a number, or a percentage for "loss"',
    ),
    (
        HEAD + fault("array", "loss", "2"),
        "13: fault.value: 2 is out of range, expected at least 0 and at most 1",
    ),
    (
        HEAD + fault("rail.storage", "latch_up", '"2 V"'),
        '13: fault.value: "2 V" is a voltage, expected a power such as "1 W"',
    ),
    (
        HEAD + fault("sensor.battery_voltage", "stuck", '"5 K"'),
        '13: fault.value: "5 K" is a temperature, expected a voltage such as "1 V"',
    ),
    (HEAD + fault("computer", "reset", "5"), '13: fault.value: 5 given, expected no value for "reset"'),
    (HEAD + "[link]\nloss = 0.1\n", '10: link.loss: unknown key, did you mean "loss_up"?'),
]


@pytest.mark.parametrize(("text", "words"), WRONG, ids=[words for _, words in WRONG])
def test_a_wrong_scenario(tmp_path: Path, text: str, words: str) -> None:
    if "fault.value: missing" in words:
        words = words.replace("13:", "9:")
    assert complaint(tmp_path, text) == f"my.toml:{words}"


def test_an_unknown_scenario_suggests_a_known_one() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_scenario("referense")
    assert str(caught.value) == '"referense": no such scenario, did you mean "reference"?'


def test_a_scenario_of_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(f"{tmp_path}/none.toml")
    assert str(caught.value) == f"{tmp_path}/none.toml:1: no such file, expected a TOML file"
