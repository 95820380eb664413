"""Our spacecraft load; every way one can contradict itself gives its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.configuration import ConfigurationError
from sim.spacecraft import VEHICLES
from sim.spacecraft_file import known_spacecraft, load_spacecraft

TEXT = (VEHICLES / "pathfinder.toml").read_text()


def complaint(tmp_path: Path, *changes: tuple[str, str]) -> str:
    """What the loader says of Pathfinder after `changes`, each to text that stands in it exactly once."""
    text = TEXT
    for old, new in changes:
        assert text.count(old) == 1, (old, text.count(old))
        text = text.replace(old, new)
    path = tmp_path / "my.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_spacecraft(path)
    return str(caught.value).removeprefix(f"{tmp_path}/")


def line(piece: str, after: int = 0) -> int:
    return TEXT.count("\n", 0, TEXT.index(piece, after)) + 1


def test_ours_are_known_and_load_by_name_and_by_path() -> None:
    assert known_spacecraft() == ["ai_rack", "pathfinder"]
    for name in known_spacecraft():
        form = load_spacecraft(name)
        assert form.name == name
        assert form.mission == f"flight.missions.{name}"
        assert load_spacecraft(VEHICLES / f"{name}.toml") == form
        assert load_spacecraft(str(VEHICLES / f"{name}.toml")) == form


def test_pathfinder_is_what_its_file_says() -> None:
    form = load_spacecraft("pathfinder")
    assert len(form.nodes) == 12
    assert len(form.rails) == 8
    assert form.battery.capacity_wh == 444.0
    assert form.battery.resistance_ohm == 0.095
    assert form.arrays[0].temperature_coefficient_1_k == -0.0024
    assert form.radio.down_bit_s == 115_200.0
    assert form.radio.frame_length == 223
    assert form.rails[6].power_w == (0.0, 5.0, 10.0, 15.0, 25.0)
    assert form.switches()[6] == "compute_a"
    assert [face.on_array for face in form.faces] == [False] * 6 + [True] * 2


def test_an_unknown_name_suggests_a_known_one() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_spacecraft("pathfindr")
    assert str(caught.value) == '"pathfindr": no such spacecraft, did you mean "pathfinder"?'
    with pytest.raises(ConfigurationError) as caught:
        load_spacecraft("zzz")
    assert str(caught.value) == '"zzz": no such spacecraft, expected one of: ai_rack, pathfinder'


LINK = 'between = ["battery", "ram_panel"]\nconductance = "0.25 W/K"'
RAIL = 'name = "navigation"              # satellite navigation receiver\npower = ["0 W", "1.5 W"]'

PLACE = TEXT.count("[[link]]", 0, TEXT.index(LINK))

CONTRADICTIONS = [
    (
        ('name = "wake_panel"\nheat', 'name = "ram_panel"\nheat'),
        line('name = "wake_panel"\nheat'),
        'node.name: "ram_panel" is given twice, expected once',
    ),
    (
        ('name = "zenith"\n', 'name = "nadir"\n'),
        line('name = "zenith"\n'),
        'face.name: "nadir" is given twice, expected once',
    ),
    (
        ('name = "compute_b"\npower', 'name = "compute_a"\npower'),
        line('name = "compute_b"\npower'),
        'rail.name: "compute_a" is given twice, expected once',
    ),
    (
        ('name = "radio_heater"', 'name = "receiver"'),
        line('name = "radio_heater"'),
        'heater.name: "receiver" is given twice, expected once among rails and heaters',
    ),
    (
        ('name = "load_power"', 'name = "array_power"'),
        line('name = "load_power"'),
        'sensor.name: "array_power" is given twice, expected once',
    ),
    (
        ('node = "wake_panel"', 'node = "wake_pannel"'),
        line('node = "wake_panel"'),
        'face.node: no node is called "wake_pannel", did you mean "wake_panel"?',
    ),
    (
        ('[battery]\nnode = "battery"', '[battery]\nnode = "pack"'),
        line("[battery]\n") + 1,
        (
            'battery.node: no node is called "pack", expected one of: nadir_panel, zenith_panel, ram_panel, '
            "wake_panel, side_panel, radiator, wing, battery, avionics, radio, compute_a, compute_b"
        ),
    ),
    (
        ('at a duty near one half\nnode = "battery"', 'at a duty near one half\nnode = "batery"'),
        line("at a duty near one half") + 1,
        'heater.node: no node is called "batery", did you mean "battery"?',
    ),
    (
        ("radio waves\n", "radio waves\nat_power_up = 2\n"),
        line("radio waves") + 1,
        "rail.at_power_up: 2 is no level, expected at most 1",
    ),
    (
        (RAIL, RAIL.replace('"0 W"', '"1 W"')),
        line(RAIL) + 1,
        "rail.power item 1: 1 W at level 0, which is off, expected 0 W",
    ),
    (
        (LINK, LINK.replace('"battery"', '"batteri"')),
        line(LINK),
        'link.between item 1: no node is called "batteri", did you mean "battery"?',
    ),
    (
        (LINK, LINK.replace('"ram_panel"', '"battery"')),
        line(LINK),
        "link.between: joins a node to itself, expected two nodes",
    ),
    (
        (LINK, LINK.replace("0.25", "0")),
        line(LINK) - 1,
        f"link item {PLACE}: carries no heat, expected conductance or exchange_area",
    ),
    (
        (LINK, LINK + '\nstagnant = "1 W/K"'),
        line(LINK) + 2,
        "link.stagnant: is for a loop, expected a pump beside it",
    ),
    (
        (LINK, LINK + '\nvalve = ["0 degC", "9 degC"]'),
        line(LINK) + 2,
        "link.valve: is for a loop, expected a pump beside it",
    ),
    (
        (LINK, LINK + '\npump = "receiver"\nvalve = ["9 degC", "9 degC"]'),
        line(LINK) + 3,
        "link.valve: expected where it is closed, then, above, where open",
    ),
    (
        (LINK, LINK + '\npump = "pump"'),
        line(LINK) + 2,
        (
            'link.pump: no rail is called "pump", expected one of: computer, attitude, receiver, transmitter, '
            "navigation, storage, compute_a, compute_b"
        ),
    ),
    (
        ('heat_capacity = "900 J/K"', 'heat_capacity = "1 J/K"'),
        line('heat_capacity = "900 J/K"'),
        "node.heat_capacity: 1 J/K of radio is too small for its links and a step of 1 s, expected at least 1.05 J/K",
    ),
    (
        ('low = "0 degC"\nhigh', 'low = "45 degC"\nhigh'),
        line('low = "0 degC"\nhigh') + 1,
        "node.high: not above low, expected above 45 degC",
    ),
    (
        ("array_normal = [0.0, 0.0, -1.0]", "array_normal = [0.0, 0.0, -0.9]"),
        line("array_normal"),
        "array_normal: has length 0.9, expected a unit vector in body axes",
    ),
    (
        ("normal = [0.0, 1.0, 0.0]", "normal = [0.0, 1.0, 0.1]"),
        line("normal = [0.0, 1.0, 0.0]"),
        "face.normal: has length 1.005, expected a unit vector in body axes",
    ),
    (
        (
            "normal = [0.0, 1.0, 0.0]         # away",
            "normal = [0.0, 1.0, 0.0]\non_array = true         # away",
        ),
        line("normal = [0.0, 1.0, 0.0]"),
        "face.normal: is not on the turning array, expected array_normal or its opposite",
    ),
    (
        ('face = "wing_front"', 'face = "wing"'),
        line('face = "wing_front"'),
        'array.face: no face is called "wing", did you mean "wing_rear"?',
    ),
    (
        ('area = "0.58 m2"', 'area = "0.75 m2"'),
        line('area = "0.58 m2"'),
        "array.area: 0.75 m2 of cells exceed the face, expected at most 0.72 m2",
    ),
    (
        ('"30.01 V"', '"29.64 V"'),
        line('"30.01 V"'),
        "battery.open_circuit item 11: 29.64 V does not rise, expected above 29.64 V",
    ),
    (
        ('reconnect = "26.4 V"', 'reconnect = "22.4 V"'),
        line('reconnect = "26.4 V"'),
        "battery.reconnect: 22.4 V is out of range, expected above cut_off (22.4 V) and below a charged pack (33.6 V)",
    ),
    (
        ('charge_voltage_limit = "33.6 V"', 'charge_voltage_limit = "26 V"'),
        line('reconnect = "26.4 V"'),
        "battery.reconnect: 26.4 V is out of range, expected above cut_off (22.4 V) and below a charged pack (26 V)",
    ),
    (
        ('charge_high = "45 degC"', 'charge_high = "-1 degC"'),
        line('charge_high = "45 degC"'),
        "battery.charge_high: not above charge_low, expected above 0 degC",
    ),
    (
        ('receiver = "receiver"', 'receiver = "reciever"'),
        line('receiver = "receiver"'),
        'radio.receiver: no rail is called "reciever", did you mean "receiver"?',
    ),
    (
        ('transmitter = "transmitter"', 'transmitter = "laser"'),
        line('transmitter = "transmitter"'),
        (
            'radio.transmitter: no rail is called "laser", expected one of: computer, attitude, receiver, transmitter, '
            "navigation, storage, compute_a, compute_b"
        ),
    ),
    (
        ('quantity = "bus.power"', 'quantity = "bus.powr"'),
        line('quantity = "bus.power"'),
        'sensor.quantity: "bus.powr" cannot be measured, did you mean "bus.power"?',
    ),
    (
        ('quantity = "bus.power"', 'quantity = "mood"'),
        line('quantity = "bus.power"'),
        'sensor.quantity: "mood" cannot be measured, expected one such as "battery.voltage"',
    ),
    (
        ('bias = "20 mV"', 'bias = "20 mA"'),
        line('bias = "20 mV"'),
        "sensor.bias: is a current, expected a voltage",
    ),
]


@pytest.mark.parametrize(
    ("change", "where", "words"), CONTRADICTIONS, ids=[words for _, _, words in CONTRADICTIONS]
)
def test_a_contradiction(tmp_path: Path, change: tuple[str, str], where: int, words: str) -> None:
    assert complaint(tmp_path, change) == f"my.toml:{where}: {words}"
