"""AI Rack at a steady load of 120 kW: how often its racks change their level."""

from __future__ import annotations

from itertools import pairwise

import pytest

from flight.app import build, load_mission
from flight.modules.compute.module import Compute
from ground import Ground
from sim.scenario import load_scenario
from sim.simulation import Simulation

ORBIT_S = 5830
THERMAL_S = 800  # of a loop: 700 kJ/K over 0.88 kW/K of its panel at 67 degC
SETTLED_S = 2 * ORBIT_S  # charge and heat have found their round


@pytest.mark.long
def test_at_a_steady_load_a_rack_changes_its_level_once_in_a_thermal_time_constant() -> None:
    scenario = load_scenario("ai_rack")
    mission = build(load_mission(scenario.spacecraft.mission))
    simulation = Simulation(scenario, mission.mission, Ground(mission.dictionary), 1)
    changes: list[int] = []
    power, before = 0.0, -1
    for second in range(SETTLED_S + 5 * ORBIT_S):
        simulation.second()
        kernel = simulation.computer.kernel
        assert kernel is not None
        compute = next(slot.module for slot in kernel.slots if slot.name == "compute")
        assert isinstance(compute, Compute)
        level = compute.watches[0].level
        if second >= SETTLED_S:
            power += compute.status.power / (5 * ORBIT_S)
            if before not in (-1, level):
                changes.append(second)
        before = level
    assert changes, "an eclipse at 120 kW takes more than the floor allows"
    assert all(later - earlier >= THERMAL_S for earlier, later in pairwise(changes))
    assert power > 100e3
