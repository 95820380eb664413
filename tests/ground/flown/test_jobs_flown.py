"""A job there and back with the flight code that flies: sent up, told of, cancelled, its result brought down."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flight.jobs import Ended, public_of
from ground import connect
from ground.jobs import JobRefusedError, Jobs, PublicKey
from ground.jobs.tenancy import tenant_row
from sim.flying import Flying
from sim.keys import board_private_of
from sim.payload.packages import packages_of
from sim.scenario import load_scenario

IN_SIGHT = Path(__file__).parents[1] / "in_sight.toml"
TENANT = """
[[tenant]]
owner = "acme"
jobs = 1
"""
JOB = """
[[job]]
at = "10 s"
tenant = "acme"
name = "{name}"
work = "2 h"
level = [{{ power = "10 W", speed = 1.0 }}]
value = 5
"""


@pytest.mark.slow
def test_there_and_back(tmp_path: Path):
    path = tmp_path / "scenario.toml"
    path.write_text(IN_SIGHT.read_text() + TENANT + JOB.format(name="sums") + JOB.format(name="more"))
    scenario = load_scenario(path)
    packages = packages_of(scenario, scenario.seed)
    files = {}
    for label, package in packages.items():
        files[label] = tmp_path / Path(package.file).name
        files[label].write_bytes(package.octets)
    board = PublicKey("board", public_of(board_private_of(scenario.seed)))
    with Flying(replace(scenario, jobs=())) as flying, connect(flying) as craft:
        craft.wait_for(lambda: craft.in_contact, 3600)
        jobs = Jobs(craft)
        taken = jobs.submit(files["acme/sums"])
        assert (taken.title, taken.state) == ("acme/sums", "WAITING")
        with pytest.raises(JobRefusedError, match="over the tenant's quota"):
            jobs.submit(files["acme/more"])
        jobs.cancel(taken.number).expect_completed()
        craft.wait_for(lambda: jobs.show(taken.number).kept_ns, 60)
        craft.wait_for(lambda: jobs.show(taken.number).delivered_ns, 60)
        told = jobs.show(taken.number)
        assert told.state_words == "killed, delivered"
        found = jobs.result("acme/sums", board, tmp_path / "out")
        assert (found.receipt.ended, found.receipt.reason) == (Ended.KILLED, "cancelled")
        assert found.signature.startswith("right, by key")
        assert (tmp_path / "out" / "receipt").is_file()
        stranger = tmp_path / "tenants.toml"
        stranger.write_text(tenant_row(PublicKey("stranger", board.key)))
        jobs.put_in_force(stranger).expect_completed()
        with pytest.raises(JobRefusedError, match="no such tenant"):
            jobs.submit(files["acme/more"])
        craft.wait_for(lambda: jobs.show(3).state == "REFUSED", 60)
        assert [one.title for one in jobs.list().jobs] == ["acme/sums", "acme/more", "acme/more"]
        jobs.put_in_force(None).expect_completed()
        assert jobs.submit(files["acme/more"]).title == "acme/more"
