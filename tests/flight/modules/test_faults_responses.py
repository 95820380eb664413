"""The fault engine: each response, verified by read-back."""

from __future__ import annotations

import math

import pytest

from flight.declare import (
    SAFE,
    SECOND,
    Boot,
    ModeRequest,
    Why,
)
from flight.modules.faults import (
    AskMode,
    AtMost,
    CycleRail,
    Fault,
    RaiseRung,
    RowState,
    SetLevel,
)
from tests.flight.modules.faults_flown import HOT, Flown

# ---------------------------------------------------------------- responses


def test_report_only_reports_and_nothing_else() -> None:
    flown = Flown(Fault("said", "t", AtMost(40.0), persist_s=1), t=50.0)
    flown.step(500)
    assert flown.names == ["tripped_said"]
    assert flown.module.status.responses == 0
    assert flown.state("said") is RowState.TRIPPED


def test_report_only_with_escalation_is_a_timer() -> None:
    timer = Fault("timer", "t", AtMost(40.0), persist_s=0, cooldown_s=30, escalate="act")
    act = Fault("act", "t", AtMost(90.0), response=AskMode(SAFE))
    flown = Flown(timer, act, t=50.0)
    flown.step(30)
    assert flown.modes == []
    flown.step()
    assert flown.modes == [ModeRequest(SAFE, Why.FAULT)]


def test_the_highest_rung_of_active_rows_counts_until_they_clear() -> None:
    low = Fault("low", "t", AtMost(40.0), persist_s=0, response=RaiseRung(2))
    high = Fault("high", "u", AtMost(40.0), persist_s=0, response=RaiseRung(4))
    flown = Flown(low, high, t=50.0, u=50.0)
    assert flown.step().module.outputs.fault_rung == 4
    assert flown.step(u=0.0).module.outputs.fault_rung == 2
    assert flown.step(t=0.0).module.outputs.fault_rung == 0


def test_a_switch_is_set_verified_and_set_again() -> None:
    flown = Flown(Fault("over", "i", AtMost(2.0), persist_s=0, response=SetLevel("payload", 0)), i=3.0)
    assert flown.step().out.switches == [(1, 0)]
    assert flown.step().out.switches == [(1, 0)]  # it still reads 2
    assert flown.step(levels=(0, 0, 1)).out.switches == []
    assert flown.step(20).names == []
    assert not flown.module.switching.busy


def test_a_switch_that_does_not_obey_is_told_once() -> None:
    flown = Flown(Fault("over", "i", AtMost(2.0), persist_s=0, response=SetLevel("payload", 0)), i=3.0)
    flown.step(5)
    assert flown.names == ["tripped_over"]
    flown.step()
    assert flown.events == [("not_obeyed", (1, 2, 0))]
    assert flown.step(50).names == []
    assert flown.module.status.disobeyed == 1


def test_a_switch_that_cannot_be_read_does_not_obey() -> None:
    flown = Flown(
        Fault("over", "i", AtMost(2.0), persist_s=0, response=SetLevel("payload", 0)),
        i=3.0,
        levels=(0,),  # type: ignore[arg-type]
    )
    flown.step(6)
    assert ("not_obeyed", (1, 255, 0)) in flown.events


def test_a_cycle_replaces_an_order_that_is_not_yet_obeyed() -> None:
    flown = Flown(HOT, t=0.0)
    switching, out = flown.module.switching, flown.out
    switching.set(flown.now, 1, 1, out)
    switching.cycle(flown.now, 1, 2, 10 * SECOND, out)
    flown.step(levels=(0, 2, 1))
    assert flown.out.switches == [(1, 0)]


CYCLE = Fault(
    "latched", "i", AtMost(2.0), persist_s=0, response=CycleRail("payload", 4.0), cooldown_s=30, retries=5
)


def test_a_rail_is_cycled_back_to_the_level_it_had() -> None:
    flown = Flown(CYCLE, i=3.0)
    assert flown.step().out.switches == [(1, 0)]
    assert flown.out.keeping
    assert flown.step(i=0.0).out.switches == [(1, 0)]  # reads 2 yet
    assert flown.step(levels=(0, 0, 1)).out.switches == []
    assert flown.step().out.switches == []
    assert flown.step().out.switches == [(1, 2)]
    assert flown.out.keeping
    assert flown.names == []
    assert flown.step(levels=(0, 2, 1)).out.switches == []
    assert flown.step(20).names == []
    assert not flown.module.switching.busy


@pytest.mark.parametrize("level", [1, 2])
def test_a_cycle_that_never_reads_off_is_told(level: int) -> None:
    flown = Flown(CYCLE, i=3.0, levels=(0, level, 1))  # type: ignore[arg-type]
    flown.step(4, i=3.0)
    assert flown.names == ["tripped_latched"]
    flown.step()
    assert ("not_obeyed", (1, level, 0)) in flown.events


def test_a_rail_that_is_off_stays_off() -> None:
    flown = Flown(CYCLE, i=math.nan, levels=(0, 0, 0))  # type: ignore[arg-type]
    flown.step(400)
    assert flown.out.switches == []
    assert flown.module.status.responses == 6


def test_one_rail_at_a_time_is_cycled() -> None:
    other = Fault("silent", "j", AtMost(2.0), persist_s=0, response=CycleRail("radio", 4.0), cooldown_s=30)
    flown = Flown(CYCLE, other, i=3.0, j=3.0)
    assert flown.step().out.switches == [(1, 0)]
    assert flown.module.status.responses == 1
    flown.step(3, levels=(0, 0, 1))
    assert flown.step().out.switches == [(1, 2)]
    assert flown.step(levels=(0, 2, 1)).out.switches == [(2, 0)]
    assert flown.module.status.responses == 2


def test_a_lasting_order_ends_a_cycle_of_the_same_switch() -> None:
    cycle = Fault(
        "latched", "i", AtMost(2.0), persist_s=0, response=CycleRail("payload", 20.0), escalate="dead"
    )
    dead = Fault("dead", "j", AtMost(2.0), persist_s=0, response=SetLevel("payload", 0))
    flown = Flown(cycle, dead, i=3.0, j=0.0)
    flown.step(5)
    flown.step(j=3.0, levels=(0, 0, 1))
    assert flown.out.switches == [(1, 0)]
    assert not flown.module.switching.cycling
    assert (1, 2) not in flown.step(30).out.switches


def test_a_crash_in_the_middle_of_a_cycle_ends_with_the_rail_on() -> None:
    flown = Flown(CYCLE, i=3.0)
    flown.step(2)
    flown.restart()
    assert flown.out.switches == [(1, 2)]
    assert flown.out.keeping
    assert flown.module.kept.cycled_switch == 0


def test_a_reboot_in_the_middle_of_a_cycle_leaves_the_switches_alone() -> None:
    flown = Flown(CYCLE, i=3.0)
    flown.step(2)
    flown.restart(Boot(5, False, False, 2))
    assert flown.out.switches == []
    assert flown.module.kept.cycled_switch == 0
