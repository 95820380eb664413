"""A module that hangs is found from the shared page, charged, restarted, and isolated after three times."""

from __future__ import annotations

from functools import partial

import pytest

from flight.judge import CHARGES_TO_ISOLATE, EXECUTIVE_DIED, EXECUTIVE_SILENT
from tests.realtime.flying import Flying, alive
from tests.realtime.trial.modules import How

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("how", "reason"), [(How.SPIN, EXECUTIVE_SILENT), (How.DIE, EXECUTIVE_DIED)])
@pytest.mark.parametrize("when", ["soon", "now"])
def test_whoever_ends_the_executive_is_charged(flying: Flying, how: How, reason: int, when: str) -> None:
    flying.start()
    station, first, culprit = flying.station, flying.executive_pid(), flying.index("trouble")
    station.send(f"trouble.{when}", how, 0)
    flying.until(lambda: station.happened("executive.crashed", culprit, 1) == 1, "the charge")
    flying.until(
        lambda: any(e.label == "executive.booted" and e.arguments[1] == reason for e in station.events)
    )
    assert flying.executive_pid() != first
    assert not alive(first)
    assert f"module {culprit} charged" in flying.errors()
    assert station.happened("executive.crashed") == 1, "nobody else is charged"
    flying.until(lambda: station.happened("executive.revived", culprit) == 1, "the module runs again")


def test_a_hang_in_c_that_holds_the_interpreter_is_isolated_after_three(flying: Flying) -> None:
    flying.start()
    station, culprit = flying.station, flying.index("trouble")

    def booted(times: int) -> bool:
        return station.happened("executive.booted") == times

    def revived(times: int) -> bool:
        return station.happened("executive.revived", culprit) == times

    for time in range(1, CHARGES_TO_ISOLATE + 1):
        flying.until(partial(revived, time - 1), "the module at work")
        station.send("trouble.soon", How.HOLD, 0)
        flying.until(partial(booted, time + 1), "a restart")
    flying.until(lambda: station.happened("executive.isolated_module", culprit) == 1, "isolation")
    assert [station.happened("executive.crashed", culprit, count) for count in (1, 2, 3)] == [1, 1, 0]
    steps = station.value("trouble.status", "steps")
    others = station.value("vital.status", "steps")
    flying.until(lambda: station.value("vital.status", "steps") >= others + 30, "the others at work")
    assert station.value("trouble.status", "steps") == steps == 0, "the isolated one was not started"
    assert station.happened("executive.revived", culprit) == CHARGES_TO_ISOLATE - 1
    station.send("executive.revive", culprit)
    flying.until(lambda: station.value("trouble.status", "steps") > 0, "it runs again when told to")


def test_a_module_that_lingers_is_named_for_the_missed_ticks(flying: Flying) -> None:
    flying.start()
    station, culprit = flying.station, flying.index("trouble")
    station.send("trouble.soon", How.LINGER, 450)
    flying.until(lambda: station.happened("executive.missed") > 0, "missed ticks")
    flying.until(lambda: station.happened("executive.overran", culprit) == 1, "the overrun")
    found = [
        e.arguments for e in station.events if e.label == "executive.missed" and e.arguments[1] == culprit
    ]
    assert found, station.events
    assert found[0][0] in {3, 4, 5}, "of 450 ms; more by as long as the machine was busy elsewhere"
