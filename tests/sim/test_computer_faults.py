"""Faults of the computer: its disk, its power, its processes."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from flight.judge import EXECUTIVE_DIED, EXECUTIVE_SILENT
from sim.faults import BEGIN
from sim.guardian import BITES_AFTER_S, WATCHDOG
from sim.scenario import Fault
from sim.simulation import DARK_S, NS, Simulation
from tests.sim.faulted import FROM, UNTIL, fault, fly, module

pytestmark = pytest.mark.usefixtures("short_chunks")
RESET = 6  # the reason that a bench or a supply gives, as flight.modules.health names it


# ---------------------------------------------------------------- disk


def failures(simulation: Simulation) -> int:
    """Requests that storage refused in this boot."""
    return int(module(simulation, "recorder").status.failed_writes)


def test_a_disk_error_fails_some_operations() -> None:
    simulation = fly(fault("disk", "error"), until_s=UNTIL)
    assert 1 <= simulation.disk.errors <= 20
    errors = simulation.disk.errors
    simulation.run(3 * UNTIL)
    assert simulation.disk.errors == errors


@pytest.mark.slow
def test_a_full_disk_takes_nothing_more_until_it_ends() -> None:
    assert failures(fly(until_s=UNTIL)) == 0
    simulation = fly(fault("disk", "full"), until_s=UNTIL - 2)
    refused = failures(simulation)
    assert refused >= 3
    simulation.run(UNTIL + 3)
    refused = failures(simulation)
    simulation.run(2 * UNTIL)
    assert failures(simulation) == refused


def test_a_slow_disk_answers_later() -> None:
    simulation = fly(fault("disk", "slow", value=7.0))
    simulation.run(FROM + 5)
    waiting = simulation.computer.worker.queue
    assert waiting
    assert waiting[-1][0] > simulation.now_s * NS + 5 * NS
    simulation.run(UNTIL + 20)
    assert len(waiting) <= 1


def test_a_flipped_bit_is_one_bit() -> None:
    before, after = (
        {name: bytes(file.content) for name, file in one.disk._files.items()}
        for one in (fly(until_s=FROM - 1), struck_without_flying(fault("disk", "bit_flip")))
    )
    assert before.keys() == after.keys()
    differ = sum(
        (a ^ b).bit_count() for name in before for a, b in zip(before[name], after[name], strict=True)
    )
    assert differ == 1


def struck_without_flying(struck: Fault) -> Simulation:
    simulation = fly(until_s=FROM - 1)
    BEGIN[struck.target](simulation, struck, random.Random(1))
    assert simulation.flipped == 1
    return simulation


def test_a_power_cut_comes_in_the_middle_of_the_disks_work() -> None:
    simulation = fly(fault("disk", "power_cut"), until_s=FROM - 1)
    before = simulation.disk
    simulation.run(5 * UNTIL)
    assert simulation.disk is not before
    assert simulation.computer.boots == 2
    simulation.run(7 * UNTIL)
    assert simulation.computer.boots == 2


def test_a_power_cut_comes_while_a_state_is_saved() -> None:
    class Clock(random.Random):
        """Of all that may be saved, what is saved every few minutes; the elements of the orbit never are."""

        def choice(self, seq: Any) -> Any:
            assert len(seq) > 5
            return next(one for one in seq if one == "state-clock")

    simulation = fly()
    BEGIN["disk"](simulation, fault("disk", "cut_in_save"), Clock(1))
    cut = simulation.disk
    simulation.run(FROM + 900)
    assert simulation.disk is not cut
    assert simulation.computer.boots == 2

    simulation = fly(fault("disk", "cut_in_save", last=FROM + 1), until_s=FROM + 900)
    assert simulation.computer.boots == 1, "called off before any save"


def test_a_reset_keeps_the_computer_off_for_a_while() -> None:
    simulation = fly(fault("computer", "reset"))
    assert simulation.computer.kernel is None
    simulation.run(FROM + 32)
    assert simulation.computer.boots == 2
    assert simulation.power.guardian.orders.reason == RESET


# ---------------------------------------------------------------- processes


@pytest.mark.parametrize(("kind", "reason"), [("kill", EXECUTIVE_DIED), ("stop", EXECUTIVE_SILENT)])
def test_an_executive_that_is_gone_is_started_again_and_nobody_is_charged(kind, reason) -> None:
    simulation = fly(fault("process.executive", kind), until_s=FROM + 10)
    assert simulation.computer.boots == 2
    assert simulation.power.guardian.orders.reason == reason
    assert simulation.power.guardian.orders.charges == {}


@pytest.mark.parametrize("kind", ["kill", "stop"])
def test_without_a_guardian_the_watchdog_bites(kind) -> None:
    simulation = fly(fault("process.guardian", kind))
    first = simulation.computer.kernel
    simulation.run(FROM + BITES_AFTER_S - 1)
    assert simulation.computer.kernel is first
    simulation.run(FROM + BITES_AFTER_S + 2)
    assert simulation.computer.kernel is None
    simulation.run(FROM + BITES_AFTER_S + DARK_S + 4)
    assert simulation.computer.boots == 2
    assert simulation.power.guardian.orders.reason == WATCHDOG


def test_a_guardian_that_comes_back_in_time_costs_nothing() -> None:
    simulation = fly(fault("process.guardian", "stop", last=FROM + 10), until_s=2 * UNTIL)
    assert simulation.computer.boots == 1


def test_nobody_restarts_an_executive_while_the_guardian_is_away() -> None:
    hang = fault("module", "hang", "compute")
    away = replace(fault("process.guardian", "stop", last=FROM + 12), at_s=FROM - 1)
    simulation = fly(away, hang, until_s=FROM + 9)
    assert simulation.computer.kernel is None
    simulation.run(FROM + 15)
    assert simulation.computer.boots == 2

    killed = replace(fault("process.guardian", "kill"), at_s=FROM - 1)
    simulation = fly(killed, hang, until_s=FROM + 10)
    assert simulation.computer.kernel is None
    simulation.run(FROM + BITES_AFTER_S + DARK_S + 5)
    assert simulation.computer.boots == 2
    assert simulation.power.guardian.orders.reason == WATCHDOG


def test_a_stopped_storage_worker_answers_when_it_goes_on() -> None:
    simulation = fly(fault("process.storage", "stop"), until_s=UNTIL - 2)
    assert len(simulation.computer.worker.queue) > 5
    simulation.run(UNTIL + 2)
    assert len(simulation.computer.worker.queue) <= 1
    assert failures(simulation) == 0


def test_a_killed_storage_worker_fails_what_it_had_and_another_goes_on() -> None:
    simulation = fly(fault("process.storage", "kill"), until_s=5 * UNTIL)
    assert simulation.computer.worker.lost == 1
    assert failures(simulation) >= 1
    recorded = module(simulation, "recorder").status.recorded
    simulation.run(6 * UNTIL)
    assert module(simulation, "recorder").status.recorded > recorded
    assert simulation.computer.boots == 1
