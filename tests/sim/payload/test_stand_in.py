"""The program that takes the place of a modelled job on a board, run here as its author would try it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flight.jobs import Closed, Manifest, skyrack_job
from sim.payload import stand_in
from sim.payload.packages import OUTPUT, Package, packages_of
from sim.payload.stand_in import true_output
from sim.scenario import Scenario, load_scenario
from tests.sim.payload.test_packages import SEED, received

ABOUT = {"owner": "acme", "name": "train", "serial": 3, "outputs": {OUTPUT: 5000}, "work_s": 0.02}
TRUE = true_output("acme", "train", 3, OUTPUT, 5000)


def laid_out(folder: Path, **changes: object) -> Path:
    folder.mkdir()
    for name in ("main.py", "verify.py"):
        shutil.copyfile(stand_in.__file__, folder / name)
    shutil.copyfile(skyrack_job.__file__, folder / "skyrack_job.py")
    (folder / stand_in.ABOUT).write_text(json.dumps(ABOUT | changes))
    return folder


def run(folder: Path, program: str = "main.py", **environment: str) -> int:
    command = [sys.executable, program]
    return subprocess.run(command, cwd=folder, env=os.environ | environment, check=False).returncode


def manifest_of(scenario: Scenario, package: Package) -> Manifest:
    closed = received(scenario, package.octets)
    assert isinstance(closed, Closed)
    return closed.manifest


@pytest.mark.slow
def test_it_leaves_what_the_modelled_job_leaves_and_its_verifier_agrees(tmp_path: Path) -> None:
    folder = laid_out(tmp_path / "job")
    assert run(folder) == 0
    outputs = folder / "run" / "outputs"
    assert (outputs / OUTPUT).read_bytes() == TRUE
    assert run(folder, "verify.py", SKYRACK_OUTPUTS=str(outputs)) == 0
    (outputs / OUTPUT).write_bytes(TRUE[:-1] + bytes([TRUE[-1] ^ 1]))
    assert run(folder, "verify.py", SKYRACK_OUTPUTS=str(outputs)) == 1


@pytest.mark.slow
def test_it_stops_with_a_checkpoint_and_goes_on_from_there(tmp_path: Path) -> None:
    folder = laid_out(tmp_path / "job", work_s=3600.0)
    status = folder / "run" / "control" / "status"
    with subprocess.Popen([sys.executable, "main.py"], cwd=folder) as process:
        while not (status.exists() and b"phase 1 1 work" in status.read_bytes()):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == skyrack_job.STOPPED
    held = skyrack_job.read_checkpoint((folder / "run" / "checkpoints" / "checkpoint-1").read_bytes())
    assert held is not None
    done_s = float(held[1])
    assert done_s > 0
    (folder / stand_in.ABOUT).write_text(json.dumps(ABOUT | {"work_s": done_s}))
    assert run(folder) == 0, "nothing is left to do"


def test_packages_for_a_board_differ_from_the_modelled_ones_in_their_program_alone() -> None:
    scenario = load_scenario("reference")
    modelled, real = packages_of(scenario, SEED), packages_of(scenario, SEED, speed=4)
    assert modelled.keys() == real.keys()
    label = "acme/index"  # with a verifier
    ours, theirs = (manifest_of(scenario, one[label]) for one in (modelled, real))
    for name in ("owner", "name", "serial", "work_s", "levels", "outputs", "value", "redundancy", "verifier"):
        assert getattr(ours, name) == getattr(theirs, name), name
    paths = {part.path for part in theirs.parts} - {part.path for part in ours.parts}
    assert paths == {stand_in.ABOUT, "skyrack_job.py"}
