"""Jobs on a bench: sent by the scenario, told from what the ground has heard, compared with the truth."""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from flight.app import build, load_mission
from flight.jobs import Ended, FileHash, ResultWriter, encode_receipt
from ground import Ground
from ground.transfers import Transfer, TransferState
from hil.bench import Bench
from hil.jobs import BenchJobs
from sim.keys import board_private_of
from sim.payload.packages import OUTPUT
from sim.payload.stand_in import ABOUT, true_output
from sim.scenario import load_scenario
from tests.flight.jobs.made import RECEIPT

SCENARIO = load_scenario(Path(__file__).parent / "jobs.toml")
OCTETS = 50


class Rig:
    """A ground that hears by hand, and a bench as far as its jobs need one."""

    def __init__(self) -> None:
        self.ground = Ground(build(load_mission("pathfinder")).dictionary)
        bench: Any = SimpleNamespace(scenario=SCENARIO, seed=SCENARIO.seed, speed=4, ground=self.ground)
        self.jobs = BenchJobs(cast(Bench, bench))

    def came(self, name: str, octets: bytes, *, up: bool = False) -> None:
        files = self.ground.files
        stage = files.stage()
        files.write(stage, 0, octets)
        files.store.rename(files._staged.pop(stage), name)
        for listener in self.ground.listeners.transfers:
            for state in (TransferState.ACTIVE, TransferState.DONE):
                listener(Transfer(1, up, name, state=state))

    def result(self, label: str, ended: Ended = Ended.DONE, spoil: int = 0) -> tuple[str, bytes]:
        package = next(one for one in self.jobs.payload.packages if one.label == label)
        owner, _, name = label.partition("/")
        right = true_output(owner, name, package.serial, OUTPUT, OCTETS)
        content = bytes([right[0] ^ spoil]) + right[1:] if ended is Ended.DONE else b""
        outputs = (FileHash(OUTPUT, OCTETS, sha256(content).digest()),) if content else ()
        digest = sha256(package.octets).digest()
        receipt = replace(RECEIPT, owner=owner, name=name, serial=package.serial, package_sha256=digest)
        runs = RECEIPT.runs if ended is Ended.DONE else RECEIPT.runs[1:]
        receipt = replace(receipt, ended=ended, printed=(), outputs=outputs, runs=runs)
        writer = ResultWriter(encode_receipt(receipt, board_private_of(SCENARIO.seed)), 0)
        octets = writer.begin() + (writer.add(content) if content else b"") + writer.end()
        return f"results/{owner}-{name}-{package.serial}.result", octets


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    made.ground.contact(True, 0)
    made.jobs.each_second(11)  # one of the two is due
    made.jobs.each_second(12)
    return made


def test_packages_go_up_with_a_program_in_their_time_and_no_elements(rig: Rig) -> None:
    assert [one.label for one in rig.jobs.payload.packages] == ["acme/train", "weather/winds"]
    assert all(ABOUT.encode() in one.octets for one in rig.jobs.sender.packages.values())
    assert [one.name for one in rig.ground.files.transfers.values()] == [
        one.file for one in rig.jobs.payload.packages
    ]
    assert not rig.ground.uplink.open, "the board has its elements"


def test_what_is_told_is_what_the_ground_has_heard(rig: Rig) -> None:
    train, winds = rig.result("acme/train"), rig.result("weather/winds", Ended.FAILED)
    assert rig.jobs.payload.send_hostile is not None
    rig.jobs.payload.send_hostile("forged", 12, random.Random(1))
    rig.came(*train, up=True)
    rig.came("files/other", train[1])
    assert dict(rig.jobs.rows())["results delivered"] == "0 done, 0 not, 0 octets"
    for name, octets in (train, winds, train, ("results/x", b"nonsense")):
        rig.came(name, octets)
    rig.jobs.sender.taken += ["acme/train", "weather/winds"]
    rig.jobs.sender.refused["acme/hostile-forged"] = "wrong signature"
    assert rig.jobs.rows() == (
        ("jobs submitted, taken", "2, 2"),
        ("packages refused", "1 (acme/hostile-forged: wrong signature)"),
        ("results delivered", f"1 done, 1 not, {len(train[1]) + len(winds[1]):,} octets"),
        ("value delivered", "40 of 50"),
        ("runs of jobs that ended", "3; 1 stopped with a checkpoint"),
        ("energy of jobs that ended", f"{(RECEIPT.energy_j + RECEIPT.runs[1].energy_j) / 3600:,.1f} Wh"),
        ("plans, changes by the guard", "not heard, not heard"),
    )


def test_a_wrong_result_is_told_with_its_second(rig: Rig) -> None:
    rig.came(*rig.result("weather/winds"))
    assert [(one.exercised, one.failed) for one in rig.jobs.checks()] == [(1, 0), (1, 0)]
    rig.jobs.each_second(77)
    rig.came(*rig.result("acme/train", spoil=1))
    assert [(one.exercised, one.failed) for one in rig.jobs.checks()] == [(2, 1), (2, 0)]
    (line,) = rig.jobs.failures()
    assert "a delivered result verifies and is true" in line
    assert "77" in line
