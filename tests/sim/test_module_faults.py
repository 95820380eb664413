"""Faults of modules: what a step may do that it should not."""

from __future__ import annotations

import pytest

from flight.judge import EXECUTIVE_SILENT
from flight.kernel.supervisor import State
from sim.simulation import NS
from tests.sim.faulted import FROM, UNTIL, fault, fly, slot

pytestmark = pytest.mark.usefixtures("short_chunks")


def test_a_crash_is_one_crash() -> None:
    simulation = fly(fault("module", "crash", "thermal"), until_s=FROM + 10)
    assert [crash.module for crash in simulation.computer.crashes] == ["thermal"]
    assert FROM * NS <= simulation.computer.crashes[0].at < (FROM + 1) * NS
    assert slot(simulation, "thermal").state is State.RUNNING


def test_crashes_again_and_again_isolate() -> None:
    simulation = fly(fault("module", "crash_again", "radiation", last=FROM + 40), until_s=FROM + 50)
    assert len(simulation.computer.crashes) == slot(simulation, "radiation").row.restarts + 1
    assert slot(simulation, "radiation").state is State.ISOLATED


def test_a_hang_is_found_and_charged() -> None:
    simulation = fly(fault("module", "hang", "compute"))
    assert simulation.computer.kernel is None
    simulation.run(FROM + 10)
    assert simulation.computer.boots == 2
    assert simulation.power.guardian.orders.reason == EXECUTIVE_SILENT
    assert simulation.power.guardian.orders.charged == slot(simulation, "compute").index


def test_a_stalled_module_does_not_step_until_it_ends() -> None:
    simulation = fly(fault("module", "stall", "compute"))
    before = slot(simulation, "compute").last_step
    simulation.run(UNTIL - 1)
    assert slot(simulation, "compute").last_step == before
    simulation.run(UNTIL + 5)
    assert slot(simulation, "compute").last_step > before + 15 * NS


def test_a_flood_says_more_than_an_inbox_holds_until_it_ends() -> None:
    simulation = fly(fault("module", "flood", "thermal"), until_s=FROM + 3)
    kernel = simulation.computer.kernel
    assert kernel is not None
    dropped = kernel.boxes["events.occurrences"].dropped + kernel.boxes["events.critical"].dropped
    assert dropped > 100
    simulation.run(UNTIL + 3)
    dropped = kernel.boxes["events.occurrences"].dropped + kernel.boxes["events.critical"].dropped
    simulation.run(UNTIL + 20)
    assert kernel.boxes["events.occurrences"].dropped + kernel.boxes["events.critical"].dropped == dropped
