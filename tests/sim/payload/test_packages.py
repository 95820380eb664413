"""Packages of a scenario's jobs come in, hostile ones do not; the same seed gives the same octets."""

from __future__ import annotations

from random import Random

import pytest

from flight.app import load_mission
from flight.jobs import Closed, Gate, Manifest, PackageReader, Redundancy, Refusal, Refused
from sim.fault_kinds import PACKAGES
from sim.payload.packages import hostile, mission_with, packages_of
from sim.payload.stand_in import true_output
from sim.scenario import Scenario
from tests.sim.payload.test_tables import JOB, TENANT, load

SEED = 7
WHY = {
    "forged": Refused.SIGNATURE,
    "stranger": Refused.TENANT,
    "damaged": Refused.DAMAGED,
    "truncated": Refused.SHORT,
    "bomb": Refused.DAMAGED,
    "escape": Refused.MANIFEST,
    "noise": Refused.NO_PACKAGE,
}


@pytest.fixture
def scenario(tmp_path) -> Scenario:
    other = JOB.replace("train", "check").replace("1 h", "2 h")
    return load(
        tmp_path, TENANT + JOB + 'deadline = "9 h"\nattempts = 2\n' + other + 'redundancy = "verify"\n'
    )


def received(scenario: Scenario, octets: bytes) -> Closed | Refusal | None:
    mission = mission_with(load_mission("pathfinder"), scenario.tenants, SEED)
    reader = PackageReader(Gate(mission.tenants, mission.catalogue))
    refusals = [event for event in reader.receive(octets) if isinstance(event, Refusal)]
    return refusals[0] if refusals else reader.finish()


def manifest_of(scenario: Scenario, label: str) -> Manifest:
    closed = received(scenario, packages_of(scenario, SEED)[label].octets)
    assert isinstance(closed, Closed)
    return closed.manifest


def test_a_package_says_what_the_table_says(scenario) -> None:
    manifest = manifest_of(scenario, "acme/train")
    assert (manifest.owner, manifest.name, manifest.serial) == ("acme", "train", 1)
    assert (manifest.work_s, manifest.value, manifest.attempts) == (1800, 1, 2)
    assert manifest.deadline_utc_s == int(scenario.epoch.timestamp()) + 9 * 3600
    assert [(level.power_w, level.speed_milli) for level in manifest.levels] == [(15.0, 1000)]
    assert manifest.output_octets == 10_000
    assert manifest_of(scenario, "acme/check").redundancy is Redundancy.VERIFY


def test_the_same_seed_gives_the_same_octets(scenario) -> None:
    assert packages_of(scenario, SEED) == packages_of(scenario, SEED)
    first, other = packages_of(scenario, SEED), packages_of(scenario, SEED + 1)
    assert isinstance(received(scenario, other["acme/train"].octets), Refusal)  # another key
    assert first["acme/train"].file == "jobs/acme-train-1.job"


@pytest.mark.parametrize("kind", PACKAGES)
@pytest.mark.parametrize("draw", range(3))
def test_a_hostile_package_is_refused_for_what_it_is(scenario, kind, draw) -> None:
    package = hostile(kind, "acme", SEED, Random(draw))
    found = received(scenario, package.octets)
    assert isinstance(found, Refusal)
    allowed = {WHY[kind]} | ({Refused.NO_PACKAGE} if kind == "truncated" else set())
    assert found.reason in allowed


def test_the_true_output_is_of_one_job_alone() -> None:
    assert true_output("a", "b", 1, "x", 100) == true_output("a", "b", 1, "x", 200)[:100]
    assert (
        len({true_output(*what, 32) for what in (("a", "b", 1, "x"), ("a", "b", 2, "x"), ("c", "b", 1, "x"))})
        == 3
    )
