"""The mission package that a bench makes is the mission, with the scenario's tenants."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flight.app import load_mission
from hil.mission_with_tenants import leave_mission
from hil.truth import left_out
from sim.payload.packages import tenants_of
from sim.scenario import load_scenario

TELL = """
import sys
from flight.app import build, load_mission
mission = load_mission(sys.argv[1])
tenants = (f"{one.owner}:{one.key.hex()}:{one.quota.jobs}" for one in mission.tenants)
print(f"{build(mission).dictionary.hash:08x}", *tenants)
"""


def told(mission: str) -> list[str]:
    command = [sys.executable, "-c", TELL, mission]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.slow
def test_it_is_the_mission_with_its_tenants(tmp_path: Path) -> None:
    tenants = tenants_of(load_scenario("reference").tenants, 5)
    base, made = told("pathfinder"), told(leave_mission("pathfinder", tenants, tmp_path))
    assert made[0] == base[0], "the same dictionary"
    assert made[1:] == [f"{one.owner}:{one.key.hex()}:{one.quota.jobs}" for one in tenants]
    assert not load_mission("pathfinder").tenants


def test_without_tenants_it_is_the_mission_itself(tmp_path: Path) -> None:
    assert leave_mission("pathfinder", (), tmp_path) == "pathfinder"
    assert not list(tmp_path.iterdir())


def test_jobs_are_not_among_what_a_bench_leaves_out() -> None:
    lines = left_out(load_scenario("reference"))
    assert not [line for line in lines if "jobs" in line or line.startswith("package")]
    assert [line for line in lines if line.startswith("job.weather/clouds wrong_bits")]
