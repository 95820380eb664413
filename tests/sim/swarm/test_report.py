"""What a swarm says: each check with how often it was exercised, what failed, and how to see it again."""

from __future__ import annotations

import json

import pytest

from sim.checks import Checks
from sim.result import CheckCount
from sim.swarm.outcomes import NOT_EXERCISED, Fallen
from sim.swarm.report import lines_of, seed_line
from sim.swarm.seed import SeedResult
from sim.swarm.swarm import SwarmOptions, SwarmResult


def seed(number: int, *failures: str, exercised: int = 0) -> SeedResult:
    counts = (CheckCount("seen", 3, len(failures)), CheckCount("unseen", exercised, 0))
    return SeedResult(
        number, failures, counts, (("row", exercised),), (("disk.full", 2),), 4, 5, 3600, 60, "hash", 1.5
    )


@pytest.fixture
def result() -> SwarmResult:
    return SwarmResult(
        SwarmOptions(seeds=3),
        [seed(0), seed(1, "seen: 5 s: wrong", "seen: 6 s: again"), Fallen(2, "Traceback\nboom")],
    )


def line_with(result: SwarmResult, start: str) -> str:
    return next(line for line in lines_of(result) if line.startswith(start))


def test_a_check_tells_how_often_its_precondition_occurred(result) -> None:
    assert line_with(result, "seen").split() == ["seen", "6", "2"]


def test_one_that_never_occurred_says_so(result) -> None:
    assert NOT_EXERCISED in line_with(result, "unseen")
    assert NOT_EXERCISED in line_with(result, "row   ")
    result.outcomes[0] = seed(0, exercised=1)
    assert line_with(result, "unseen").split() == ["unseen", "1", "0"]
    assert NOT_EXERCISED not in "".join(lines_of(result))


def test_what_failed_can_be_flown_again(result) -> None:
    lines = list(lines_of(result))
    assert "seed 1: seen: 5 s: wrong" in lines
    assert lines[lines.index("seed 1: seen: 5 s: wrong") + 1].strip() == (
        "skyrack-sim swarm --first 1 --seeds 1 --orbits 3"
    )
    assert "seed 2: an exception escaped: Traceback" in lines
    assert "3 seeds, 2 failed; 2 simulated hours, 8 boots" in lines[-1]


def test_the_line_of_a_seed(result) -> None:
    assert seed_line(seed(7)) == "seed 7: 4 boots, 5 commands, well after 60 s"
    assert seed_line(seed(7, "a", "b")) == "seed 7: FAILED 2 times; first: a"
    assert seed_line(result.outcomes[2]).startswith("seed 2: an exception escaped\nTraceback")


def test_another_scenario_or_mission_is_in_the_command_that_flies_it_again() -> None:
    options = SwarmOptions(orbits=1.5, scenario="ai_rack", mission="mine")
    assert options.reproduce(9) == (
        "skyrack-sim swarm --first 9 --seeds 1 --orbits 1.5 --scenario ai_rack --mission mine"
    )


def test_the_same_as_data(result) -> None:
    facts = json.loads(result.as_json())
    assert facts["failing"] == [[1, "seen: 5 s: wrong"], [2, "an exception escaped: Traceback\nboom"]]
    assert facts["checks"] == [["seen", 6, 2], ["unseen", 0, 0]]
    assert facts["faults"] == {"disk.full": 4}
    assert [one["seed"] for one in facts["seeds"]] == [0, 1]


def test_every_check_of_a_swarm_is_told_under_a_name_of_its_own(booted) -> None:
    checks = Checks(booted, booted.ground, thorough=True)
    names = [count.name for count in checks.counts()]
    assert len(names) == len(set(names)) >= 25
    assert all(check.exercised == 0 for check in checks.all)
