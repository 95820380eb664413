"""How a run ends, and what the next one says of it: in telemetry, on the ground.

One truth: `clean` of the boot event, of health and of modes are the same, and the reason is the guardian's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flight.declare import ResetReason
from flight.wire import UNSTORED_COUNT, split_record
from ground import connect
from ground.client import Craft
from sim.flying import Flying
from sim.guardian import BITES_AFTER_S
from sim.simulation import DARK_S, Simulation

IN_SIGHT = Path(__file__).parents[1] / "ground" / "in_sight.toml"
UP_S = 40  # after a boot until everything was said
pytestmark = pytest.mark.slow  # each flies for minutes: a second or so


@pytest.fixture
def flying() -> Iterator[Flying]:
    with Flying(IN_SIGHT) as flying:
        yield flying


@pytest.fixture
def craft(flying: Flying) -> Iterator[Craft]:
    with connect(flying, "anna") as craft:
        craft.fly(20)
        yield craft


def said(craft: Craft) -> tuple[int, str, bool]:
    """Boot count, reason and clean flag of the present run, where all that tell them agree."""
    craft.fly(UP_S)
    booted = craft.events(prefix="executive.booted")[-1]
    words = re.fullmatch(r"boot (\d+), reason (\w+), after an orderly end: (\w+)", booted.text)
    assert words is not None
    count, reason, clean = int(words[1]), words[2], words[3] in {"True", "on"}
    assert craft.get("health.status.boot_count") == count
    assert craft.get("executive.status.boot_count") == count
    assert craft.get("executive.status.reset_reason") == reason == craft.get("health.status.reason")
    assert craft.get("health.status.clean") == clean
    assert craft.get("modes.status.clean_boot") == clean
    return count, reason, clean


def shut_down(craft: Craft) -> None:
    craft.arm("health.shutdown").expect_completed()
    craft.command("health.shutdown").expect_completed()


def cut(simulation: Simulation) -> None:
    simulation.cut_power(DARK_S)


def crash(simulation: Simulation) -> None:
    simulation.restart_executive(None)


def hang(simulation: Simulation) -> None:
    simulation.restart_executive(3)


def bite(simulation: Simulation) -> None:
    """The guardian is gone, the executive goes on: nobody feeds the watchdog."""
    simulation.take_guardian(kill=True)
    for _ in range(BITES_AFTER_S + DARK_S + 2):
        simulation.second()


def test_the_first_run_is_clean(craft: Craft) -> None:
    assert said(craft) == (1, ResetReason.POWER_ON.name, True)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (cut, ResetReason.POWER_ON),
        (crash, ResetReason.EXECUTIVE_DIED),
        (hang, ResetReason.EXECUTIVE_SILENT),
        (bite, ResetReason.WATCHDOG),
    ],
)
@pytest.mark.parametrize("ordered", [False, True])
def test_only_a_power_cut_after_an_ordered_shutdown_is_a_clean_end(
    flying: Flying, craft: Craft, end: Callable[[Simulation], None], reason: ResetReason, ordered: bool
) -> None:
    if ordered:
        shut_down(craft)
    end(flying.simulation)
    assert said(craft) == (2, reason.name, ordered and end is cut)
    cut(flying.simulation)
    assert said(craft) == (3, ResetReason.POWER_ON.name, False), "an order is good for one end"


def test_a_shutdown_whose_power_never_goes_is_no_orderly_end(flying: Flying, craft: Craft) -> None:
    craft.parameters["health.shutdown_window_s"] = 20
    shut_down(craft)
    craft.expect_event("health.shutdown_expired", within_s=60)
    craft.fly(5)
    cut(flying.simulation)
    assert said(craft) == (2, ResetReason.POWER_ON.name, False)


def clock(simulation: Simulation) -> int:
    kernel = simulation.computer.kernel
    assert kernel is not None
    return kernel.emitter.now


def test_storage_that_cannot_be_opened_is_flown_without_and_taken_up_when_it_can(
    flying: Flying, craft: Craft
) -> None:
    simulation = flying.simulation
    sent = craft.command("power.switch", rail="navigation", on=False).expect_completed()
    before, kept = clock(simulation), {name: simulation.disk.size(name) for name in simulation.disk.names()}
    simulation.restart_executive(None)
    simulation.disk.fail_at(simulation.disk.operations + 1, times=10**9)
    craft.fly(30)
    assert clock(simulation) > before, "the guardian has seen how far it was"
    assert "boot 0," in craft.events(prefix="executive.booted")[-1].text
    assert split_record(craft.reading("health.status").record)[1] >= UNSTORED_COUNT
    simulation.disk.fail_at(1 << 60)  # never
    assert {name: simulation.disk.size(name) for name in simulation.disk.names()} == kept
    craft.fly(200)
    assert said(craft)[0] == 2, "as if the life between had not been"
    assert split_record(craft.reading("health.status").record)[1] < UNSTORED_COUNT
    uplink = flying.ground.uplink
    again = next(record.packet for record in uplink.by_request.values() if record.number == sent.number)
    craft.command("commands.nothing").expect_completed()  # its number is one that the new life takes
    simulation.radio.uplink(uplink.line.expedited_unit(again, flying.now_ns))
    craft.fly(15)
    assert craft.get("commands.status.duplicates") == 1, "the memory of what ran is where it was"
    assert craft.missing() == 0
