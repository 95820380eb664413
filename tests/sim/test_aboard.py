"""What is on board when a run begins, and that the look ahead of flight is the simulator's own sky."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest

from flight.app import build, load_mission
from flight.modules.forecast import Forecasting
from flight.modules.forecast.packets import Source
from ground import Ground
from sim import run
from sim.aboard import put_sky_on_board
from sim.disk import SimulatedDisk
from sim.scenario import load_scenario
from sim.simulation import NS, Simulation, stream


def flown(scenario: str, seconds: int) -> Simulation:
    told = load_scenario(scenario)
    built = build(load_mission(told.spacecraft.mission))
    simulation = Simulation(told, built.mission, Ground(built.dictionary))
    simulation.run(seconds)
    return simulation


def forecasting(simulation: Simulation) -> Forecasting:
    assert simulation.computer.kernel is not None
    module = next(slot.module for slot in simulation.computer.kernel.slots if slot.name == "forecast")
    assert isinstance(module, Forecasting)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["reference", "ai_rack"])
def test_the_board_expects_the_passes_that_come(scenario: str):
    simulation = flown(scenario, 70)
    assert simulation.computer.offset == 0
    assert simulation.computer.kernel is not None
    assert simulation.computer.kernel.boot.count == 1
    assert simulation.computer.kernel.boot.clean
    module = forecasting(simulation)
    assert module.source is Source.ELEMENTS
    assert module.sky is not None
    hours = 6.0
    expected = [one for one in module.sky.passes if 70 * NS < one.first_ns < (hours - 1) * 3600 * NS]
    truth = [one for one in simulation.world.environment.passes(hours * 3600.0) if one.start_s > 70.0]
    names = [station.name for station in simulation.mission.planning.stations]  # type: ignore[union-attr]
    assert len(expected) >= 3
    for one in expected:
        away = [abs(one.first_ns / NS - true.start_s) for true in truth if true.station == names[one.station]]
        assert min(away) < 10.0


def test_a_mission_that_looks_ahead_at_nothing_has_nothing_on_board():
    told = load_scenario("reference")
    mission = load_mission(told.spacecraft.mission)
    disk = SimulatedDisk(stream(1, "disk"))
    put_sky_on_board(disk, replace(mission, planning=None), told)
    assert disk.names() == []
    put_sky_on_board(disk, mission, told)
    assert [name for name in disk.names() if name.startswith("table-elements")]


@pytest.mark.long
@pytest.mark.parametrize(("scenario", "hours"), [("reference", 24), ("ai_rack", 12)])
def test_the_forecast_of_30_minutes_holds_its_aim(scenario: str, hours: int):
    """2 % of charge and 2 degC, root mean squares after the third hour; also with what the ladder does."""
    simulation = flown(scenario, 3 * 3600)
    accuracy = forecasting(simulation).accuracy
    both = (
        accuracy.charge,
        accuracy.temperature,
        accuracy.charge_given_load,
        accuracy.temperature_given_load,
    )
    for errors in both:
        errors.count, errors.mean, errors.square = 0, 0.0, 0.0
    simulation.run(hours * 3600)
    assert accuracy.charge_given_load.count > (hours - 4) * 12  # one every five minutes
    assert all(errors.rms < 2.0 for errors in both)


# Root mean squares that were measured, and a tenth more.  What misses the aim is told in docs/forecast.md.
@pytest.mark.long
@pytest.mark.parametrize(
    ("scenario", "charge", "temperature_k"), [("reference", 0.7, 2.5), ("ai_rack", 0.7, 5.1)]
)
def test_with_jobs_the_forecast_knows_what_is_planned(
    scenario: str, charge: float, temperature_k: float, monkeypatch: pytest.MonkeyPatch
):
    found: list[tuple[int, float, float]] = []
    look = run.Commander.look

    def watched(self: run.Commander, simulation: Simulation, second: int) -> None:
        look(self, simulation, second)
        if second % 300 == 200 and second >= 3 * 3600 and simulation.computer.kernel is not None:
            accuracy = forecasting(simulation).accuracy
            if accuracy.charge.count:
                found.append((accuracy.charge.count, accuracy.charge.last, accuracy.temperature.last))

    monkeypatch.setattr(run.Commander, "look", watched)
    outcome = run.fly(load_scenario(scenario), duration_s=24 * 3600.0)
    assert not [check for check in outcome.result.checks if check.failed]
    compared = [one for before, one in itertools.pairwise(found) if one[0] != before[0]]
    assert len(compared) > 200
    for place, most in ((1, charge), (2, temperature_k)):
        assert math.sqrt(sum(one[place] ** 2 for one in compared) / len(compared)) < most
