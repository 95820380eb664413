"""Pathfinder's battery against PyBaMM's Doyle-Fuller-Newman model of the same cell (Chen et al. 2020).

PyBaMM takes 760 MB and is no dependency of ours; without it this is skipped.  Measured with PyBaMM 26.10.1 over
six orbits of 36 min at 90 W out and 61 min at 56 W in: charge within 0.18 %, voltage within 0.077 V rms of 30 V.
"""

from __future__ import annotations

import dataclasses
import math
import os

import pytest

from sim.power import Battery
from sim.spacecraft_file import load_spacecraft

os.environ.setdefault("PYBAMM_DISABLE_TELEMETRY", "true")
pybamm = pytest.importorskip("pybamm", reason="PyBaMM is not installed")

CELLS = 24
SUN_S, SHADOW_S = 61 * 60, 36 * 60
CHARGE_W, DISCHARGE_W = 56.0, 90.0
ORBITS = 6
STEP_S = 10


@pytest.mark.long
def test_charge_and_voltage_follow_an_electrochemical_model() -> None:
    """Charge within 0.5 %, voltage within 0.5 % rms of 30 V."""
    values = pybamm.ParameterValues("Chen2020")
    steps = [
        f"Discharge at {DISCHARGE_W / CELLS} W for {SHADOW_S} seconds ({STEP_S} second period)",
        f"Charge at {CHARGE_W / CELLS} W for {SUN_S} seconds ({STEP_S} second period)",
    ]
    simulation = pybamm.Simulation(
        pybamm.lithium_ion.DFN(), parameter_values=values, experiment=pybamm.Experiment(steps * ORBITS)
    )
    solution = simulation.solve(initial_soc=0.8)
    times = solution["Time [s]"].entries
    volts = solution["Terminal voltage [V]"].entries * 8.0
    charge = 0.8 - solution["Discharge capacity [A.h]"].entries / 5.0

    form = load_spacecraft("pathfinder").battery
    harness = form.resistance_ohm - 0.028 * 8.0 / 3.0  # the model has none
    battery = Battery(dataclasses.replace(form, resistance_ohm=form.resistance_ohm - harness, fade=0.0), 0.8)
    course = {0: (battery.charge, battery.voltage_v)}
    for second in range(ORBITS * (SUN_S + SHADOW_S)):
        dark = second % (SUN_S + SHADOW_S) < SHADOW_S
        battery.step(1.0, -DISCHARGE_W if dark else CHARGE_W, 25.0)
        course[second + 1] = (battery.charge, battery.voltage_v)
    ours = [course[round(time)] for time in times]
    charge_error = max(abs(mine[0] - theirs) for mine, theirs in zip(ours, charge, strict=True))
    squares = [(mine[1] - theirs) ** 2 for mine, theirs in zip(ours, volts, strict=True)]
    voltage_rms = math.sqrt(sum(squares) / len(squares))
    print(f"charge {charge_error:.4f}, voltage rms {voltage_rms:.3f} V")
    assert charge_error < 0.005
    assert voltage_rms < 0.15
