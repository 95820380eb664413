"""Faults of the way up with somebody else in them: who forges, who repeats, who sends control frames."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from flight.app import build, load_mission
from ground import Ground
from ground.commanding import Stage
from sim.checks import Checks
from sim.faults import Injector
from sim.intruders import UNITS_MAX, Intruder
from sim.scenario import Fault
from sim.simulation import NS, Simulation
from tests.sim.faulted import BUILT, REFERENCE, fault, fly, module

IN_PASS = 820  # seconds after the epoch
SURE = "a true command gets through in bounded time after a flood"
ONLY = "no forged or replayed command is executed"


def flown(*faults: Fault, commands: int = 3) -> Simulation:
    """In a pass: some commands, and from second 20 until 40 an intruder, then 60 s of quiet."""
    simulation = fly(*faults, start_s=IN_PASS, until_s=-1)  # before its first boot
    ground = simulation.ground
    assert isinstance(ground, Ground)
    simulation.watchers = (Checks(simulation, ground),)
    simulation.run(2)
    for _ in range(commands):
        ground.command("commands.nothing", {}, simulation.now_s * NS)
    simulation.run(100)
    return simulation


def intruder(simulation: Simulation) -> Intruder:
    assert simulation.radio.intruder is not None
    return simulation.radio.intruder


def security(simulation: Simulation) -> Counter[str]:
    counters = module(simulation, "uplink").chain.security.counters
    return Counter({reason.name: count for reason, count in counters.rejections.items()})


def check(simulation: Simulation, name: str) -> tuple[int, int]:
    (checks,) = simulation.watchers
    assert isinstance(checks, Checks)
    found = next(one for one in checks.all if one.name == name)
    return found.exercised, found.failed


def test_a_forger_fills_the_line_and_nothing_of_it_is_taken() -> None:
    simulation = flown(fault("link.up", "forge", value=1.0))
    refused = security(simulation)
    assert refused["MAC"] > 50
    assert refused["UNKNOWN_SPI"] + refused["MALFORMED"] > 20, "frames in the clear"
    assert refused["WINDOW"] > 10
    radiated = intruder(simulation).radiated["forge"]
    assert radiated <= refused.total() + 5, "each was refused, but for some that met a true one"
    assert check(simulation, ONLY) == (refused.total(), 0)
    assert check(simulation, SURE) == (1, 0)


def test_one_who_repeats_has_heard_the_ground_before_and_is_refused() -> None:
    simulation = flown(fault("link.up", "replay", value=1.0))
    refused = security(simulation)
    assert set(refused) == {"REPLAY"}
    assert refused["REPLAY"] > 100
    assert check(simulation, ONLY) == (refused.total(), 0)
    assert check(simulation, SURE) == (1, 0)


def test_one_who_repeats_and_has_heard_nothing_is_silent() -> None:
    simulation = flown(fault("link.up", "replay", value=1.0), commands=0)
    assert intruder(simulation).radiated["replay"] == 0 or check(simulation, ONLY)[0] > 0


def test_control_frames_reach_farm_and_give_nothing() -> None:
    simulation = flown(fault("link.up", "control", value=1.0))
    chain = module(simulation, "uplink").chain
    radiated = intruder(simulation).radiated["control"]
    assert chain.counters.controls > radiated / 3, "Unlock is taken"
    assert chain.counters.out_of_order > radiated / 3, "Set V(R) is forbidden"
    assert not chain.farm.lockout
    assert security(simulation).total() == 0
    assert check(simulation, SURE) == (1, 0)


@pytest.mark.parametrize("kind", ["forge", "replay", "control"])
def test_an_intruder_is_silent_before_and_after(kind: str) -> None:
    simulation = fly(fault("link.up", kind, value=0.5), start_s=IN_PASS, until_s=0)
    ground = simulation.ground
    assert isinstance(ground, Ground)
    for _ in range(3):
        ground.command("commands.nothing", {}, 0)
    simulation.run(20)
    assert not intruder(simulation).radiated
    simulation.run(41)
    said = intruder(simulation).radiated[kind]
    assert said > 20
    simulation.run(60)
    assert intruder(simulation).radiated[kind] == said
    assert (simulation.flooded, simulation.troubles) == (1, 0)


def test_a_run_without_such_faults_has_nobody_who_listens() -> None:
    simulation = fly(fault("link.up", "loss", value=0.1))
    assert simulation.radio.intruder is None
    assert not simulation.radio.listeners


def test_commands_go_through_in_the_flood_too() -> None:
    """The ground's frames come whole between the forger's, so each is taken when its last octet is there."""
    simulation = fly(fault("link.up", "forge", value=1.0, last=200), start_s=IN_PASS, until_s=30)
    ground = simulation.ground
    assert isinstance(ground, Ground)
    records = [ground.command("commands.nothing", {}, simulation.now_s * NS) for _ in range(5)]
    simulation.run(120)
    assert [record.stage for record in records] == [Stage.COMPLETED] * 5


def test_over_a_reboot_what_was_heard_before_is_still_refused() -> None:
    faults = (fault("link.up", "replay", value=1.0, last=90), Fault(50, 1, "computer", "", "reset", None))
    simulation = flown(*faults)
    assert simulation.computer.boots == 2
    assert security(simulation)["REPLAY"] > 50, "of this life alone"
    exercised, failed = check(simulation, ONLY)
    assert exercised > security(simulation)["REPLAY"]
    assert failed == 0


def test_faults_that_lie_over_each_other_count_by_the_largest() -> None:
    one = Intruder(42, BUILT.mission.telecommand, 1200.0, 1, Random(1))
    ends = [one.begin("control", share) for share in (0.2, 1.0)]
    full = len(one.join([]))
    ends[1]()
    assert 0 < len(one.join([])) < full / 3
    ends[0]()
    assert one.join([b"x"]) == [b"x"]
    assert not one.at_work


def test_what_a_second_holds_is_bounded() -> None:
    one = Intruder(42, BUILT.mission.telecommand, 1e9, 1, Random(1))
    one.begin("control", 1.0)
    assert len(one.join([])) == UNITS_MAX


def test_the_injector_counts_them() -> None:
    injector = Injector([fault("link.up", "forge", value=0.1)], 1)
    simulation = fly(until_s=0)
    simulation.inject = injector
    simulation.run(30)
    assert injector.begun == {"link.up.forge": 1}
    assert simulation.troubles == 1


# ---------------------------------------------------------------- what a flood costs, and what control frames can do


def times_in_a_flood(
    *faults: Fault, set_v_r_allowed: bool = False
) -> tuple[list[float], list[float], Simulation]:
    """Seconds until five commands in sequence, and then three past it, were accepted; infinite for never."""
    mission = load_mission("pathfinder")
    link = replace(mission.telecommand, set_v_r_allowed=set_v_r_allowed)
    built = build(replace(mission, telecommand=link))
    scenario = replace(REFERENCE, epoch=REFERENCE.epoch + timedelta(seconds=IN_PASS), faults=(), commands=())
    ground = Ground(built.dictionary)
    simulation = Simulation(scenario, built.mission, ground, 1, inject=Injector(faults, 1))
    simulation.watchers = (Checks(simulation, ground),)
    simulation.run(40)
    records = [ground.command("commands.nothing", {}, 40 * NS) for _ in range(5)]
    simulation.run(80)
    records += [ground.command("commands.nothing", {}, 80 * NS, bypass=True) for _ in range(3)]
    simulation.run(100)
    found = []
    for asked_s, record in zip([40] * 5 + [80] * 3, records, strict=True):
        accepted = [at for stage, at in record.stages if stage is Stage.ACCEPTED]
        found.append(accepted[0] / NS - asked_s if accepted else math.inf)
    simulation.run(260)
    return found[:5], found[5:], simulation


@pytest.fixture(scope="module")
def quiet() -> tuple[list[float], list[float]]:
    return times_in_a_flood()[:2]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["control", "forge", "replay"])
def test_a_flood_costs_a_true_command_no_second(kind: str, quiet: tuple[list[float], list[float]]) -> None:
    """With Set V(R) forbidden, as both missions have it."""
    flooded = times_in_a_flood(fault("link.up", kind, value=1.0, last=120))
    assert flooded[:2] == quiet
    assert max(*flooded[0], *flooded[1]) < 8.0
    assert check(flooded[2], ONLY)[1] == 0
    assert check(flooded[2], SURE) == (1, 0)


@pytest.mark.slow
def test_where_set_v_r_is_allowed_control_frames_stop_the_sequence_and_nothing_else() -> None:
    """The worst that they can do, as docs/link.md says: no command runs, is repeated or is stopped past COP-1."""
    flooded = fault("link.up", "control", value=1.0, last=120)
    sequenced, past, simulation = times_in_a_flood(flooded, set_v_r_allowed=True)
    assert min(sequenced) == math.inf, "the sequence is held up for as long as that lasts"
    assert max(past) < 8.0, "but not what goes past it"
    assert check(simulation, "no command takes effect twice")[1] == 0
    assert check(simulation, ONLY)[1] == 0
    assert check(simulation, SURE) == (1, 0), "and afterwards it comes back by itself"
