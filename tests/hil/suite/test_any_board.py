"""One suite for every board: `pytest --board sim|pty tests/hil/suite`.  Waits only for what happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from ground.client import Craft
from hil.line import Shape
from hil.rig import Rig
from sim.shaping import OctetFaults

SCENARIO = str(Path(__file__).parents[2] / "ground" / "in_sight.toml")
PATIENCE_S = 200.0  # of the mission; the contact lasts 500 s

pytestmark = [pytest.mark.slow, pytest.mark.skyrack(scenario=SCENARIO, speed=4)]


def test_a_command_is_carried_out_and_telemetry_tells(craft: Craft) -> None:
    craft.wait_for(lambda: craft.get("executive.status.boot_count") == 1, PATIENCE_S, "housekeeping")
    assert craft.command("commands.nothing").wait().completed
    craft.wait_for(lambda: 20.0 < float(craft.get("power.status.battery_voltage")) < 36.0, PATIENCE_S)


def test_a_switch_is_obeyed_by_the_world_and_read_back(craft: Craft) -> None:
    sent = craft.command("power.switch", rail="navigation", on=False).wait()
    assert sent.completed, sent.reason
    events = [event.label for event in craft.events()]
    assert "executive.booted" in events


def test_a_file_goes_up_is_listed_comes_down_and_is_removed(craft: Craft) -> None:
    content = bytes(range(256)) * 4
    craft.put(content, "tables/plan")
    assert craft.ls("tables") == [("tables/plan", 1024)]
    assert craft.fetch("tables/plan") == content
    assert craft.files.remove("tables/plan").wait().completed


def test_pulled_out_and_plugged_in_again(rig: Rig, craft: Craft) -> None:
    craft.wait_for(lambda: rig.frames() > 0, PATIENCE_S, "telemetry")
    rig.unplug()
    craft.fly(5)
    heard = rig.frames()
    craft.fly(5)
    assert rig.frames() == heard, "nothing passes"
    rig.plug()
    craft.wait_for(lambda: rig.frames() > heard, PATIENCE_S, "telemetry again")
    assert craft.command("commands.nothing").wait().completed


def test_flight_killed_flies_again_and_says_so(rig: Rig, craft: Craft) -> None:
    craft.wait_for(lambda: craft.get("executive.status.boot_count") == 1, PATIENCE_S, "the first life")
    rig.kill_flight()
    craft.wait_for(lambda: craft.get("executive.status.boot_count") == 2, PATIENCE_S, "the second life")
    assert craft.get("executive.status.reset_reason") == "EXECUTIVE_DIED"


def test_console_text_and_noise_cost_frames_and_nothing_else(rig: Rig, craft: Craft) -> None:
    rig.spoil(Shape(faults=OctetFaults(loss=1e-4, flip=1e-5, burst=1e-4, console=5e-4)))
    craft.wait_for(lambda: rig.frames() > 60, PATIENCE_S, "frames through the noise")
    rig.spoil(Shape())
    assert craft.command("commands.nothing").wait().completed
    craft.wait_for(lambda: craft.missing() == 0, PATIENCE_S, "what was lost is asked for again")
