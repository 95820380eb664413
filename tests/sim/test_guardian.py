"""The guardian in virtual time: what hangs is charged, what dies restarted; what keeps dying ends in the safe set."""

from __future__ import annotations

import pytest

from flight.app import build, load_mission, safe_rows
from flight.declare import SAFE
from flight.judge import (
    BACK_OFF_NS,
    CHARGES_TO_ISOLATE,
    EXECUTIVE_DIED,
    EXECUTIVE_SILENT,
    POWER_ON,
    SAFE_AFTER,
    STARVE_AFTER,
    WINDOW_NS,
)
from flight.kernel.own import NAME
from flight.kernel.supervisor import State
from flight.page import NOBODY
from ground import Ground
from sim.guardian import BITES_AFTER_S, WATCHDOG, VirtualGuardian
from sim.scenario import load_scenario
from sim.simulation import DARK_S, NS, Simulation

BUILT = build(load_mission("pathfinder"))
MODULE = 3
AWAY_S = 20  # between two restarts: longer than any back-off, so that the executive flies again


@pytest.fixture
def guardian() -> VirtualGuardian:
    return VirtualGuardian(100 * NS)


def test_a_hang_is_charged_to_its_module_and_costs_little_more_than_the_silence(guardian) -> None:
    assert guardian.hung(200 * NS, 1000, MODULE) == 2  # a second of silence, and what remains of the next
    orders = guardian.orders
    assert (orders.reason, orders.charged, dict(orders.charges)) == (EXECUTIVE_SILENT, MODULE, {MODULE: 1})
    assert not orders.safe


def test_a_death_between_modules_charges_nobody_and_costs_nothing_the_first_time(guardian) -> None:
    assert guardian.died(200 * NS) == 0
    assert (guardian.orders.reason, guardian.orders.charged) == (EXECUTIVE_DIED, NOBODY)
    assert dict(guardian.orders.charges) == {}


def test_each_restart_waits_longer_until_the_window_has_passed(guardian) -> None:
    waits = [guardian.died((200 + second) * NS) for second in range(6)]
    assert waits == [-(-wait // NS) for wait in (*BACK_OFF_NS, BACK_OFF_NS[-1])]
    assert guardian.died(210 * NS + WINDOW_NS) == 0


def test_the_watchdog_is_fed_while_a_kernel_is_in_time_and_bites_without(guardian) -> None:
    simulation = flown(5)
    kernel = simulation.computer.kernel
    assert kernel is not None
    assert not any(guardian.bites(second, kernel) for second in range(100, 200))
    bitten = next(second for second in range(200, 300) if guardian.bites(second, None))
    assert bitten == 199 + BITES_AFTER_S + 1
    guardian = VirtualGuardian(100 * NS)
    guardian.away = True
    assert guardian.bites(100 + BITES_AFTER_S + 1, kernel)


# ---------------------------------------------------------------- with a spacecraft under it


def flown(seconds: int) -> Simulation:
    simulation = Simulation(load_scenario("reference"), BUILT.mission, Ground(BUILT.dictionary), 1)
    simulation.run(seconds)
    return simulation


def state_of(simulation: Simulation, name: str) -> State:
    kernel = simulation.computer.kernel
    assert kernel is not None
    return next(slot.state for slot in kernel.slots if slot.name == name)


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch) -> None:
    monkeypatch.setattr("sim.world.CHUNK_S", 300)


def test_a_module_that_hangs_backs_off_and_is_isolated_the_third_time() -> None:
    simulation = flown(30)
    kernel = simulation.computer.kernel
    assert kernel is not None
    index = next(slot.index for slot in kernel.slots if slot.name == "compute")
    for hang in range(1, CHARGES_TO_ISOLATE + 1):
        assert state_of(simulation, "compute") is State.RUNNING
        simulation.restart_executive(index)
        assert simulation.computer.kernel is None
        simulation.run(simulation.now_s + 40)
        assert simulation.computer.boots == 1 + hang
    assert state_of(simulation, "compute") is State.ISOLATED
    assert state_of(simulation, "thermal") is State.RUNNING


@pytest.mark.slow
def test_a_restart_loop_ends_in_the_safe_set_with_the_link_alive() -> None:
    simulation = flown(30)
    for _ in range(SAFE_AFTER):
        simulation.restart_executive(None)
        simulation.run(simulation.now_s + AWAY_S)
    kernel = simulation.computer.kernel
    assert kernel is not None
    assert simulation.computer.boots == 1 + SAFE_AFTER
    running = {slot.name for slot in kernel.slots if slot.state is State.RUNNING}
    assert running == {NAME, *safe_rows(simulation.mission)}
    assert kernel.bus.read("mode") == SAFE
    assert simulation.world.plant.switch_levels()[simulation.receiver] == 1


@pytest.mark.slow
def test_one_restart_less_is_not_yet_the_safe_set() -> None:
    simulation = flown(30)
    for _ in range(SAFE_AFTER - 1):
        simulation.restart_executive(None)
        simulation.run(simulation.now_s + AWAY_S)
    assert state_of(simulation, "compute") is State.RUNNING


@pytest.mark.slow
def test_a_loop_that_does_not_end_starves_the_watchdog_and_the_power_is_cycled() -> None:
    simulation = flown(30)
    for _ in range(STARVE_AFTER):
        simulation.restart_executive(None)
        simulation.run(simulation.now_s + AWAY_S // 2)
    boots, guardian = simulation.computer.boots, simulation.power.guardian
    assert boots == 1 + STARVE_AFTER
    simulation.run(simulation.now_s + BITES_AFTER_S + 2 + DARK_S)
    assert simulation.power.guardian is not guardian
    assert simulation.power.guardian.orders.reason == WATCHDOG
    assert simulation.computer.boots == boots + 1
    assert state_of(simulation, "compute") is State.RUNNING, "with the power all charges are gone"


def test_a_first_boot_is_a_power_on() -> None:
    assert flown(2).power.guardian.orders.reason == POWER_ON
