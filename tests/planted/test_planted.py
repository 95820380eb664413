"""The planted bugs: frozen, each fits the tree once and compiles; some are hunted here, all in `make prove`."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from sim.scenario import load_scenario
from sim.swarm.seed import Flight, plan_of
from tests.planted import __main__ as hunting
from tests.planted import planting
from tests.planted.planting import (
    ROOT,
    Bug,
    Change,
    DoesNotFitError,
    Found,
    all_bugs,
    copy_tree,
    frozen_sums,
    hunt,
    planted,
    sums,
    tree_digest,
)

BUGS = all_bugs()
BY_NAME = {bug.name: bug for bug in BUGS}
QUICK = ("fault_reported_every_second", 0)  # name, seed that finds it early
FOUND = Found(3, 2, "a check", "a check: 9 s: wrong", 7200.0, "abc")


def test_there_are_enough_and_none_has_been_changed() -> None:
    assert len(BUGS) >= 15
    assert sums() == frozen_sums()


def test_a_bug_that_is_changed_or_added_is_noticed(tmp_path, monkeypatch) -> None:
    for bug in BUGS:
        text = (planting.BUGS / f"{bug.name}.toml").read_text()
        (tmp_path / f"{bug.name}.toml").write_text(text)
    monkeypatch.setattr(planting, "BUGS", tmp_path)
    assert sums() == frozen_sums()
    changed = tmp_path / f"{BUGS[0].name}.toml"
    changed.write_text(changed.read_text().replace("find", "find ", 1))
    assert sums() != frozen_sums()
    changed.unlink()
    assert sums() != frozen_sums()


def test_a_bug_planted_anew_says_why() -> None:
    anew = {Path(line.split()[1]).stem for line in planting.REPLANTED.read_text().splitlines()}
    assert anew == {bug.name for bug in BUGS if bug.replanted}
    assert all(bug.replanted.startswith("20") for bug in BUGS if bug.replanted)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_it_fits_once_and_the_changed_tree_compiles(bug: Bug) -> None:
    for name, text in planted(bug, ROOT).items():
        assert text != (ROOT / name).read_text()
        compile(text, name, "exec")


@pytest.mark.parametrize("text", ["nothing like it\n", "from __future__ import annotations\n"])
def test_what_does_not_fit_once_is_refused(text, tmp_path) -> None:
    (tmp_path / "a.py").write_text("from __future__ import annotations\n" * 2)
    with pytest.raises(DoesNotFitError):
        planted(Bug("a", "a", (Change("a.py", text, ""),)), tmp_path)


def test_the_digest_is_of_what_flies(tmp_path) -> None:
    for package in planting.PACKAGES:
        (tmp_path / package).mkdir()
    (tmp_path / "sim" / "a.py").write_text("one")
    before = tree_digest(tmp_path)
    (tmp_path / "sim" / "a.txt").write_text("not code")
    assert tree_digest(tmp_path) == before
    (tmp_path / "sim" / "a.py").write_text("two")
    assert tree_digest(tmp_path) != before


@pytest.mark.slow
def test_a_quick_one_is_found_and_the_tree_without_it_passes(tmp_path) -> None:
    name, seed = QUICK
    found = hunt(copy_tree(tmp_path / "tree", BY_NAME[name]), seed, 1, hunting.ORBITS)
    assert found.seed == seed
    assert found.check == "every fault is reported once for each episode"
    assert found.cpu_s > 0.0
    failed_s = int(found.text.split(": ")[1].split()[0])
    own, plan = plan_of(load_scenario("reference"), seed, hunting.ORBITS)
    flight = Flight(own, plan, own.spacecraft.mission)
    flight.simulation.run(failed_s + 60)
    assert flight.checks.failures() == []
    assert flight.checks.fault_rows.exercised


@pytest.mark.long
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_it_is_found_within_500_seeds(bug: Bug) -> None:
    found = hunting.hunted(bug, hunting.SEEDS, hunting.ORBITS, math.inf)
    assert found.seed is not None, hunting.words(found)


# ---------------------------------------------------------------- the hunt itself, without flights


@pytest.fixture
def flights(monkeypatch):
    """Seeds that fail in the planted tree and in the clean one; which were flown."""
    fails: dict[str, set[int]] = {"planted": set(), "clean": set()}
    flown: list[tuple[str, int, int]] = []

    def fly(tree: Path, first: int, seeds: int, orbits: float) -> Found:
        flown.append((tree.name, first, seeds))
        seed = next((one for one in range(first, first + seeds) if one in fails[tree.name]), None)
        if seed is None:
            return Found(seeds, None, "", "", 1.0)
        return Found(seed - first + 1, seed, "a check", f"a check: {seed}", 1.0)

    monkeypatch.setattr(hunting, "hunt", fly)
    monkeypatch.setattr(hunting, "copy_tree", lambda path, bug: path)
    vars(fly).update(fails=fails, flown=flown)
    return fly


def test_a_hunt_flies_growing_batches_in_order_and_none_twice(flights) -> None:
    flights.fails["planted"].add(499)
    found = hunting.hunt_bug(BUGS[0], 500, 3.0, math.inf)
    assert (found.seeds, found.seed) == (500, 499)
    batches = [(first, seeds) for tree, first, seeds in flights.flown if tree == "planted"]
    assert batches[0] == (0, 8)
    assert [first for first, _ in batches[1:]] == [first + seeds for first, seeds in batches[:-1]]
    assert sum(seeds for _, seeds in batches) == 500
    assert found.cpu_s == len(flights.flown)


def test_a_seed_that_fails_without_the_bug_does_not_count(flights) -> None:
    flights.fails["planted"] |= {3, 11}
    flights.fails["clean"].add(3)
    found = hunting.hunt_bug(BUGS[0], 500, 3.0, math.inf)
    assert (found.seeds, found.seed) == (12, 11)


def test_a_hunt_ends_with_its_seeds_or_its_time(flights) -> None:
    found = hunting.hunt_bug(BUGS[0], 30, 3.0, math.inf)
    assert (found.seeds, found.seed) == (30, None)
    assert hunting.hunt_bug(BUGS[0], 30, 3.0, 0.0).seeds == 0


def test_what_this_tree_has_shown_is_not_hunted_again(flights, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(hunting, "STATE", tmp_path)
    monkeypatch.setattr(hunting, "tree_digest", lambda: "now")
    flights.fails["planted"].add(0)
    first = hunting.hunted(BUGS[0], 8, 3.0, math.inf)
    assert first.tree == "now"
    flown = len(flights.flown)
    assert hunting.hunted(BUGS[0], 8, 3.0, math.inf) == first
    assert len(flights.flown) == flown
    assert hunting.read_all() == {BUGS[0].name: first}

    monkeypatch.setattr(hunting, "tree_digest", lambda: "later")
    assert hunting.hunted(BUGS[0], 8, 3.0, math.inf, keep=True) == first
    assert hunting.hunted(BUGS[0], 8, 3.0, math.inf).tree == "later"
    assert len(flights.flown) > flown


def test_the_table_says_what_was_found_what_not_and_the_hours() -> None:
    bugs = [replace(BUGS[0], replanted=""), replace(BUGS[1], replanted="2026-11-21: moved"), BUGS[2]]
    results = {bugs[0].name: FOUND, bugs[1].name: Found(500, None, "", "", 3600.0, "abc")}
    text = hunting.table(bugs, results, 3.0, None)
    assert "Found: 1 of 3 planted, in 3.00 hours of one processor core" in text
    assert f"| {bugs[0].name} | {bugs[0].says} | a check | 3 | 7200 |" in text
    assert f"| {bugs[1].name} | {bugs[1].says} | **not found** | 500 | 3600 |" in text
    assert f"| {bugs[2].name} | {bugs[2].says} | not hunted yet | | |" in text
    assert f"- {bugs[1].name}, planted anew 2026-11-21: moved." in text
    assert "abc (2)" in text


def test_the_clean_swarm_is_told_with_what_it_did_not_exercise(tmp_path) -> None:
    facts = {
        "options": {"seeds": 2, "orbits": 3.0},
        "seeds": [
            {"cpu_s": 3600.0, "simulated_s": 7200, "boots": 3, "commands": 5},
            {"cpu_s": 1800.0, "simulated_s": 3600, "boots": 1, "commands": 5},
        ],
        "failing": [[1, "a check: 5 s: wrong\nmore"]],
        "checks": [["a check", 4, 1], ["another", 0, 0]],
        "fault_rows": {"row": 2},
        "faults": {"disk.full": 1200},
    }
    path = tmp_path / "swarm.json"
    path.write_text(json.dumps(facts))
    text = hunting.table([], {}, 3.0, path)
    assert "2 seeds, 1 failed; 3 simulated hours" in text
    assert "4 boots, 10 telecommands" in text
    assert "1.50 hours of one processor core" in text
    assert "- seed 1: a check: 5 s: wrong\n" in text
    assert "| another | NOT EXERCISED |" in text
    assert "| disk.full | 1,200 |" in text
