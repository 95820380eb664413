"""The fault engine: its commands, restarts, and what it declares."""

from __future__ import annotations

import pytest

from flight.declare import (
    COMPUTE,
    DONE,
    SAFE,
    SECOND,
    Between,
    Call,
    DeclarationError,
    Failed,
    Refused,
    Severity,
    Stored,
    Waiting,
)
from flight.modules.faults import (
    AskMode,
    AtLeast,
    AtMost,
    Fault,
    IsFalse,
    IsTrue,
    RaiseRung,
    ReportOnly,
    RowState,
    SetLevel,
    faults_of,
)
from flight.modules.faults.table import Good, words
from tests.flight.modules.faults_flown import HOT, SWITCHES, Flown

# ---------------------------------------------------------------- commands

CALL = Call(0, 77)


def observed(flown: Flown, row: int, on: bool) -> None:
    flown.out.clear()
    assert isinstance(flown.module.observe(CALL, flown.out, row, on), Waiting)  # type: ignore[attr-defined]


def test_an_observing_row_reports_and_does_not_act() -> None:
    row = Fault(
        "hot",
        "t",
        AtMost(40.0),
        persist_s=1,
        response=RaiseRung(3),
        cooldown_s=5,
        escalate="end",
        observe_only=True,
    )
    end = Fault("end", "t", AtMost(90.0), response=AskMode(SAFE))
    flown = Flown(row, end, t=50.0)
    flown.step(100)
    assert flown.names == ["tripped_hot"]
    assert flown.state("hot") is RowState.OBSERVED_TRIPPED
    assert flown.module.outputs.fault_rung == 0
    assert flown.module.outputs.faults_active == 0
    assert (flown.module.status.active, flown.module.status.observing, flown.module.status.responses) == (
        1,
        1,
        0,
    )


def test_an_observing_row_acts_as_soon_as_it_may() -> None:
    row = Fault("hot", "t", AtMost(40.0), persist_s=1, response=RaiseRung(3), observe_only=True)
    flown = Flown(row, t=50.0)
    flown.step(100)
    observed(flown, 0, False)
    assert flown.state("hot") is RowState.TRIPPED
    assert flown.module.status.observing == 0
    assert flown.module.outputs.fault_rung == 0
    assert flown.step().module.outputs.fault_rung == 3
    assert flown.names == []
    observed(flown, 0, True)
    assert flown.module.outputs.fault_rung == 0
    assert flown.step(200).module.outputs.fault_rung == 0


def test_a_rung_that_observing_took_back_comes_with_the_next_response_alone() -> None:
    row = Fault("hot", "t", AtMost(40.0), persist_s=1, response=RaiseRung(3), cooldown_s=60, retries=1)
    flown = Flown(row, t=50.0)
    assert flown.step(3).module.outputs.fault_rung == 3
    observed(flown, 0, True)
    observed(flown, 0, False)
    assert flown.module.outputs.fault_rung == 0
    assert flown.step(50).module.outputs.fault_rung == 0
    assert flown.step(20).module.outputs.fault_rung == 3


@pytest.mark.parametrize(
    ("good", "says"),
    [
        (Between(-5.0, 45.5), "-5 to 45.5"),
        (AtMost(1.3), "1.3 at most"),
        (AtLeast(0.6), "0.6 at least"),
        (IsTrue(), "on"),
        (IsFalse(), "off"),
    ],
)
def test_an_operator_reads_what_is_good(good: Good, says: str) -> None:
    assert words(good) == says


def test_observe_completes_when_it_is_stored() -> None:
    flown = Flown(HOT, t=20.0)
    observed(flown, 0, True)
    ticket = flown.out.keeping
    flown.out.clear()
    flown.module.completed(0, ticket + 1, Stored(), flown.out)
    assert flown.out.finished == []
    flown.module.completed(0, ticket, Stored(), flown.out)
    assert flown.out.finished == [(77, DONE)]
    observed(flown, 0, False)
    ticket = flown.out.keeping
    flown.out.clear()
    flown.module.completed(0, ticket, Failed("full"), flown.out)
    assert flown.out.finished == [(77, Refused("in force, but not stored"))]
    flown.out.clear()
    flown.module.completed(0, ticket, Stored(), flown.out)
    assert flown.out.finished == []


def test_observe_survives_a_restart_but_not_another_table() -> None:
    flown = Flown(HOT, Fault("cold", "t", AtLeast(0.0), observe_only=True), t=20.0)
    observed(flown, 0, True)
    observed(flown, 1, False)
    flown.restart()
    assert [row.observing for row in flown.module.rows] == [True, False]
    assert flown.state("hot") is RowState.OBSERVED_QUIET
    flown.cls = faults_of((Fault("cold", "t", AtLeast(0.0)), HOT), SWITCHES)
    flown.restart()
    assert [row.observing for row in flown.module.rows] == [False, False]


@pytest.mark.slow
def test_observe_of_high_rows_is_kept_too() -> None:
    flown = Flown(*(Fault(f"r{k}", "t", AtMost(40.0)) for k in range(128)), t=20.0)
    for row in (0, 63, 64, 127):
        observed(flown, row, True)
        flown.module.completed(0, flown.out.keeping, Stored(), flown.out)
    kept = flown.module.kept
    assert (kept.differs_low, kept.differs_high) == (2**63 + 1, 2**63 + 1)
    flown.restart()
    assert [row.index for row in flown.module.rows if row.observing] == [0, 63, 64, 127]


def test_too_many_open_commands_are_refused() -> None:
    flown = Flown(HOT, t=20.0)
    for _ in range(8):
        observed(flown, 0, True)
    assert flown.module.observe(CALL, flown.out, 0, False) == Refused("too many commands wait for storage")  # type: ignore[attr-defined]
    assert flown.module.rows[0].observing


def test_reset_ends_an_episode_and_its_budget() -> None:
    flown = Flown(HOT, t=50.0)
    flown.step(40)
    flown.out.clear()
    assert flown.module.reset(CALL, flown.out, 0) == DONE  # type: ignore[attr-defined]
    assert flown.events == [("cleared", (0,))]
    assert flown.module.status.clears == 1
    assert flown.module.outputs.faults_active == 0
    assert flown.state("hot") is RowState.QUIET
    flown.step(3)
    assert flown.names == []
    flown.step()
    assert flown.names == ["tripped_hot"]
    assert len(flown.modes) == 1


def test_reset_of_a_quiet_row_ends_its_cool_down() -> None:
    flown = Flown(HOT, t=50.0)
    flown.step(4)
    flown.step(4, t=20.0)
    flown.out.clear()
    assert flown.module.reset(CALL, flown.out, 0) == DONE  # type: ignore[attr-defined]
    assert flown.events == []
    flown.step(4, t=50.0)
    assert len(flown.modes) == 1


@pytest.mark.parametrize("row", [-1, 1, 255])
def test_rows_that_do_not_exist_are_refused(row: int) -> None:
    flown = Flown(HOT, t=20.0)
    assert flown.module.reset(CALL, flown.out, row) == Refused("there are 1 rows")  # type: ignore[attr-defined]
    assert flown.module.observe(CALL, flown.out, row, True) == Refused("there are 1 rows")  # type: ignore[attr-defined]


# ---------------------------------------------------------------- declarations


def test_the_dictionary_knows_the_rows_by_name() -> None:
    cls = faults_of((HOT, Fault("cold", "t", AtLeast(0.0), severity=Severity.HIGH)), SWITCHES)
    events = {event.name: event for event in cls.events()}
    assert set(events) >= {
        "tripped_hot",
        "tripped_cold",
        "cleared",
        "retried",
        "exhausted",
        "escalated",
        "not_obeyed",
    }
    assert events["tripped_cold"].severity is Severity.HIGH
    assert events["tripped_hot"].text == "hot: t is {value:g}, good is 40 at most"
    assert events["cleared"].fields[0].choices == (("hot", 0), ("cold", 1))
    commands = {command.name: command for command in cls.commands()}
    assert commands["observe"].fields[0].choices == (("hot", 0), ("cold", 1))
    assert [field.name for field in commands["reset"].fields] == ["row"]
    assert commands["reset"].about.startswith("End the episode")
    assert [field.name for field in cls().states.fields] == ["hot", "cold"]


def test_a_table_with_conflicts_does_not_fly() -> None:
    with pytest.raises(DeclarationError, match="2 rows of this name"):
        faults_of((HOT, HOT), SWITCHES)
    with pytest.raises(DeclarationError, match="no switch nowhere"):
        faults_of((Fault("a", "t", AtMost(1.0), response=SetLevel("nowhere")),), SWITCHES)


def test_ages_and_the_mode_can_be_signals() -> None:
    flown = Flown(
        Fault("old", "rung_age", AtMost(5e9), persist_s=0),
        Fault("odd", "mode", AtMost(2), persist_s=0, response=ReportOnly()),
        rung_age=0,
    )
    assert flown.module.Inputs._fields == ("mode", "levels", "rung_age")  # type: ignore[attr-defined]
    assert flown.step(rung_age=6 * SECOND, mode=COMPUTE).names == ["tripped_old", "tripped_odd"]
