"""The thermal module flown on a small plant for orbits: with lying sensors nothing cooks, freezes or cycles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import SECOND, Boot, Outbox
from flight.modules.thermal import Heater, Node, thermal

NAN = math.nan
BOOT = Boot(1, True, False, 0)
PERIOD_S = 5700
TABLE = (
    Node(
        "battery", ("temperature_battery_a", "temperature_battery_b"), -10, 0, 40, 50, heater=Heater(1, 5, 10)
    ),
    Node("board", ("temperature_board",), -30, -20, 70, 90, board=True),
    Node("panel", ("temperature_panel",), -100, -90, 90, 110, throttles=False),
)
INPUTS = (
    "temperature_battery_a",
    "temperature_battery_b",
    "temperature_board",
    "temperature_panel",
    "levels",
)

Spoil = Callable[[int, float], float]


class Plant:
    """A battery that a heater left on would cook (to 65 degC) and one left off would freeze (to -20 degC), and a
    board that overheats at full power (to 110 degC) and not at the power that rung 2 leaves it.
    """

    def __init__(self) -> None:
        self.module: Any = thermal(TABLE)
        self.out = Outbox()
        self.now = 0
        self.module.start(0, BOOT, self.out)
        self.heater = 0
        self.battery, self.board = 15.0, 20.0
        self.watts_by_rung = {0: 9.0, 1: 9.0, 2: 4.0, 3: 2.0, 4: 0.0}
        self.rung = 0
        self.seen: dict[str, float] = {"lo": 99.0, "hi": -99.0, "board": -99.0, "heater": 0, "rung": 0}
        self.names: list[str] = []

    def step(self, a: Spoil | None = None, b: Spoil | None = None, board: Spoil | None = None) -> None:
        self.now += SECOND
        second = self.now // SECOND
        sink = -17.5 + 2.5 * math.sin(2 * math.pi * second / PERIOD_S)
        self.battery += (40.0 * self.heater - 0.5 * (self.battery - sink)) / 2000
        self.board += (10 * self.watts_by_rung[self.rung] - (self.board - 20)) / 300
        noise = 0.05 * math.sin(second * 1.7)
        readings = (
            a(second, self.battery) if a else self.battery + noise,
            b(second, self.battery) if b else self.battery - noise,
            board(second, self.board) if board else self.board + noise,
            -20.0 + noise,
        )
        self.module.step(self.now, self.module.Inputs(*readings, (0, self.heater)), self.out)
        for _, level in self.out.switches:
            self.seen["heater"] += self.heater != level
            self.heater = level
        self.names += [event.name for event, _ in self.out.events]
        self.out.clear()
        self.seen["rung"] += self.rung != self.module.outputs.thermal_rung
        self.rung = self.module.outputs.thermal_rung
        self.seen["lo"], self.seen["hi"] = (
            min(self.seen["lo"], self.battery),
            max(self.seen["hi"], self.battery),
        )
        self.seen["board"] = max(self.seen["board"], self.board)

    def run(self, seconds: int, **spoil: Spoil) -> Plant:
        for _ in range(seconds):
            self.step(**spoil)
        return self


@pytest.fixture
def plant() -> Plant:
    return Plant()


def test_names_of_the_table_are_in_inputs_events_and_telemetry(plant: Plant) -> None:
    module = plant.module
    assert module.Inputs._fields == INPUTS
    choices = (("battery", 0), ("board", 1), ("panel", 2))
    assert all(event.fields[0].choices == choices for event in module.events())
    fields = {field.name: field for field in module.nodes.fields}
    assert list(fields) == ["battery_a", "battery_b", "board", "panel"]
    assert fields["board"].limits.red_high == 90
    assert fields["battery_b"].limits.yellow_low == 0
    assert [field.name for field in module.heaters.fields] == ["battery_on", "battery_duty", "battery_budget"]
    assert [field.name for field in module.outputs.fields] == [
        "thermal_rung",
        "thermal_margin",
        "thermal_rung_board",
    ]
    assert (module.nodes.period, module.heaters.period) == (2, 10)
    assert thermal(TABLE).red is module.red


def test_what_is_published(plant: Plant) -> None:
    plant.run(12)
    module = plant.module
    assert module.nodes.board == pytest.approx(plant.board, abs=0.1)
    assert module.outputs.thermal_margin == pytest.approx(50 - plant.battery, abs=0.2)
    assert module.status.worst_node == 0
    plant.run(5, board=lambda s, t: 85.0)
    assert module.outputs.thermal_margin == pytest.approx(5.0)
    assert module.outputs.thermal_rung == module.outputs.thermal_rung_board == 3
    plant.run(5, board=lambda s, t: NAN)
    assert module.outputs.thermal_margin == 0.0
    assert module.outputs.thermal_rung == 4
    plant.run(10, board=lambda s, t: NAN)
    status = module.status
    assert (status.thermal_rung, status.sensors_lost, status.nodes_blind, status.worst_node) == (4, 1, 1, 1)


def test_a_blind_node_that_throttles_nothing_has_no_margin_to_lose(plant: Plant) -> None:
    sees = (15.0, 15.0, 20.0, NAN, (0, 0))
    plant.module.step(SECOND, plant.module.Inputs(*sees), plant.out)
    assert plant.module.outputs.thermal_margin == 35.0


def test_all_heater_figures_are_reported(plant: Plant) -> None:
    plant.watts_by_rung[0] = 0.0
    plant.run(4000)
    fields = vars(plant.module.heaters)
    assert set(fields) >= {"battery_on", "battery_duty", "battery_budget"}
    assert plant.module.status.heaters_on == plant.heater == fields["battery_on"]
    assert 0 <= fields["battery_duty"] <= 1


def test_a_heater_that_switches_on_while_all_is_quiet_is_switched_off(plant: Plant) -> None:
    plant.battery = 15.0
    module = plant.module
    sees = (20.0, 20.0, 20.0, 20.0)
    for _ in range(600):
        plant.now += SECOND
        module.step(plant.now, module.Inputs(*sees, (0, 0)), plant.out)
    assert module.heating[0][1].idle
    assert plant.out.switches == []
    for _ in range(15):
        plant.now += SECOND
        module.step(plant.now, module.Inputs(*sees, (0, 1)), plant.out)
    assert plant.out.switches == [(1, 0)]


@pytest.mark.parametrize("levels", [(), (0,)])
def test_levels_that_cannot_be_read_are_a_mismatch(plant: Plant, levels: tuple[int, ...]) -> None:
    for second in range(1, 10):
        plant.module.step(second * SECOND, plant.module.Inputs(20.0, 20.0, 20.0, 20.0, levels), plant.out)
    assert [event.name for event, _ in plant.out.events] == ["heater_mismatch"]


def test_the_report_counts_what_is_the_matter_each_ten_seconds(plant: Plant) -> None:
    status = plant.module.status
    plant.run(1)
    assert status.nodes_limited == 0
    plant.run(9, board=lambda s, t: 75.0)
    assert status.nodes_limited == 0
    plant.run(1, board=lambda s, t: 75.0)
    assert status.nodes_limited == 1
    plant.run(4000, a=lambda s, t: 2.0, b=lambda s, t: 2.0)
    assert (status.heaters_stuck, status.heaters_limited) == (1, 1)


@pytest.mark.slow
def test_nominal_orbits_keep_the_battery_in_its_band_and_say_nothing(plant: Plant) -> None:
    plant.watts_by_rung[0] = 4.0
    plant.run(4 * PERIOD_S)
    assert plant.seen["lo"] > 4
    assert plant.seen["hi"] < 15.5
    assert plant.names == []
    assert plant.rung == 0
    assert plant.seen["heater"] < 4 * 40, "less than one switching in two minutes"


LYING: dict[str, dict[str, Spoil]] = {
    "one lost": {"a": lambda s, t: NAN},
    "one stuck cold": {"a": lambda s, t: -5.0},
    "one stuck hot": {"b": lambda s, t: 35.0},
    "one wild": {"a": lambda s, t: t + 30 * math.sin(s / 7)},
    "one drifting up": {"a": lambda s, t: t + s / 500},
    "one drifting down": {"b": lambda s, t: t - s / 500},
    "both lost": {"a": lambda s, t: NAN, "b": lambda s, t: NAN},
    "both stuck cold": {"a": lambda s, t: 1.0, "b": lambda s, t: 1.0},
    "both come and go": {
        "a": lambda s, t: NAN if s // 7 % 2 else t,
        "b": lambda s, t: NAN if s // 7 % 2 else t,
    },
    "one lost, one stuck cold": {"a": lambda s, t: NAN, "b": lambda s, t: -2.0},
    "both infinite": {"a": lambda s, t: math.inf, "b": lambda s, t: -math.inf},
}


@pytest.mark.slow
@pytest.mark.parametrize("lie", LYING)
def test_lying_sensors_neither_cook_nor_freeze_the_battery(plant: Plant, lie: str) -> None:
    plant.watts_by_rung[0] = 4.0
    plant.run(600)
    plant.run(4 * PERIOD_S, **LYING[lie])
    assert plant.seen["lo"] > -10, "red low"
    assert plant.seen["hi"] < 50, "red high"
    assert plant.seen["heater"] < 4 * 48, "no more than one switching in two minutes"
    assert plant.names, "and it was said"
    plant.names.clear()
    plant.run(PERIOD_S)
    assert plant.module.watches[0].quiet
    assert plant.rung == 0


@pytest.mark.slow
def test_an_overheating_board_is_throttled_before_red_and_not_switched_on_and_off(plant: Plant) -> None:
    plant.run(4 * PERIOD_S)
    assert plant.seen["board"] < 90
    assert plant.names.count("throttled") > 0
    assert "red" not in plant.names
    assert plant.seen["rung"] < 4 * PERIOD_S / 120, "each rung is held for two minutes"


@pytest.mark.slow
def test_a_board_without_sensor_is_stopped(plant: Plant) -> None:
    plant.run(PERIOD_S, board=lambda s, t: NAN)
    assert plant.rung == 4
    assert plant.board < 21


READING = st.one_of(st.floats(), st.floats(-60, 120), st.sampled_from([NAN, math.inf, 5.0, 10.0]))
SEEN = st.tuples(
    READING, READING, READING, READING, st.lists(st.integers(0, 2), max_size=3), st.integers(1, 300)
)


@given(st.lists(SEEN, min_size=1, max_size=30))
def test_whatever_is_read_outputs_and_heater_stay_in_their_limits(story: list[Any]) -> None:
    module: Any = thermal(TABLE)
    out, now, on, on_s = Outbox(), 0, 0, 0
    module.start(0, BOOT, out)
    for *readings, levels, repeats in story:
        for _ in range(repeats):
            now += SECOND
            on_s += on
            module.step(now, module.Inputs(*readings, tuple(levels)), out)
            on = module.heating[0][1].on
        assert 0 <= module.outputs.thermal_rung <= 4
        assert -1e6 < module.outputs.thermal_margin <= 1000
        assert {switch for switch, _ in out.switches} <= {1}
        assert {level for _, level in out.switches} <= {0, 1}
        assert on_s <= 0.6 * now / SECOND + 480 + 150


def test_two_nodes_that_share_a_sensor_are_programmer_error() -> None:
    with pytest.raises(AssertionError):
        thermal((TABLE[1], TABLE[1]))
