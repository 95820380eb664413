"""A scenario file takes each kind of fault, with a value of its unit, and refuses everything else with line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.configuration import ConfigurationError
from sim.fault_kinds import DIFFERENCE, KINDS, NAMED, OPTIONAL_VALUE, READING
from sim.faults import BEGIN
from sim.payload.faults import JOB_TARGETS
from sim.scenario import Fault, load_scenario

HEAD = """name = "x"
spacecraft = "pathfinder"
duration = "1 day"
seed = 1
tle = [
  "1 40115U 14048A   26114.26139334  .00000689  00000+0  87180-4 0  9993",
  "2 40115  97.8579 189.8383 0002768 112.4313 247.7195 14.84928730633908",
]
stations = ["Troll"]
[[tenant]]
owner = "acme"
[[job]]
at = "1 min"
tenant = "acme"
name = "train"
work = "1 h"
level = [{ power = "5 W", speed = 1.0 }]
[[fault]]
at = "1 h"
duration = "10 min"
"""
TARGET_LINE = HEAD.count("\n") + 1
NAMES = {
    "sensor": "load_power",
    "rail": "compute_a",
    "heater": "battery_heater",
    "station": "Troll",
    "module": "power",
    "job": "acme/train",
}
VALUES = {
    READING: ('"5 W"', 5.0),
    DIFFERENCE: ('"5 W"', 5.0),
    "s": ('"5 s"', 5.0),
    "1": ("0.5", 0.5),
    "W": ('"5 W"', 5.0),
}
WRONG_UNIT = '"5 furlong"'
ALL = [(target, kind, unit) for target, kinds in KINDS.items() for kind, unit in kinds.items()]


def load(tmp_path: Path, target: str, kind: str, value: str = "") -> tuple[Fault, ...]:
    full = f"{target}.{NAMES[target]}" if target in NAMED else target
    text = HEAD + f'target = "{full}"\nkind = "{kind}"\n' + (f"value = {value}\n" if value else "")
    path = tmp_path / "my.toml"
    path.write_text(text)
    return load_scenario(path).faults


def refused(tmp_path: Path, target: str, kind: str, value: str = "") -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, target, kind, value)
    return str(caught.value)


@pytest.mark.parametrize(("target", "kind", "unit"), ALL)
def test_each_kind_with_a_value_of_its_unit(tmp_path, target, kind, unit) -> None:
    text, value = VALUES[unit] if unit else ("", None)
    assert load(tmp_path, target, kind, text) == (
        Fault(3600.0, 600.0, target, NAMES.get(target, ""), kind, value),
    )


@pytest.mark.parametrize(("target", "kind", "unit"), ALL)
def test_each_kind_refuses_another_value(tmp_path, target, kind, unit) -> None:
    place = f"{tmp_path}/my.toml:{TARGET_LINE + 2}: fault.value: "
    assert refused(tmp_path, target, kind, WRONG_UNIT if unit else "5").startswith(place)
    assert refused(tmp_path, target, kind, "nan").startswith(place)


@pytest.mark.parametrize(("target", "kind"), [(target, kind) for target, kind, unit in ALL if unit])
def test_a_value_that_is_needed(tmp_path, target, kind) -> None:
    if kind in OPTIONAL_VALUE:
        assert load(tmp_path, target, kind)[0].value is None
    else:
        assert "fault.value: missing, expected" in refused(tmp_path, target, kind)


@pytest.mark.parametrize("target", KINDS)
def test_a_kind_that_cannot_strike_it(tmp_path, target) -> None:
    text = refused(tmp_path, target, "melted")
    assert text.startswith(f'{tmp_path}/my.toml:{TARGET_LINE + 1}: fault.kind: "melted" cannot strike ')


@pytest.mark.parametrize("target", sorted(NAMED - {"module"}))
def test_a_name_that_nothing_has(tmp_path, target, monkeypatch) -> None:
    monkeypatch.setitem(NAMES, target, "nobody")
    text = refused(tmp_path, target, next(iter(KINDS[target])))
    assert text.startswith(f'{tmp_path}/my.toml:{TARGET_LINE}: fault.target: no {target} is called "nobody"')


def test_every_target_can_be_begun() -> None:
    elsewhere = {"link.up", "link.down", "module"} | JOB_TARGETS
    assert set(BEGIN) | elsewhere == set(KINDS)
