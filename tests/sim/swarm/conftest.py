from __future__ import annotations

import pytest

from flight.app import build, load_mission
from ground import Ground
from sim.scenario import load_scenario
from sim.simulation import Simulation


@pytest.fixture(scope="session")
def booted():
    """A Pathfinder that has flown for some seconds."""
    built = build(load_mission("pathfinder"))
    simulation = Simulation(load_scenario("reference"), built.mission, Ground(built.dictionary), 1)
    simulation.run(5)
    return simulation
