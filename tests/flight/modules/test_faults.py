"""The fault engine: conditions, episodes, modes, escalation."""

from __future__ import annotations

import math

import pytest

from flight.declare import (
    ALL_MODES,
    COMPUTE,
    IDLE,
    SAFE,
    Between,
    Mode,
    ModeRequest,
    Why,
)
from flight.modules.faults import (
    AskMode,
    AtLeast,
    AtMost,
    Fault,
    IsFalse,
    IsTrue,
    RaiseRung,
    RowState,
    SetLevel,
    faults_of,
)
from flight.modules.faults.scan import compile_holds
from tests.flight.modules.faults_flown import HOT, Flown

# ---------------------------------------------------------------- conditions


@pytest.mark.parametrize(
    ("good", "inside", "outside"),
    [
        (AtMost(40.0), [40.0, -1e30, 0], [40.000001, math.inf, -math.inf, math.nan]),
        (AtLeast(-5.0), [-5.0, 1e30, 0], [-5.000001, math.inf, -math.inf, math.nan]),
        (Between(1, 3), [1, 3, 2.5], [0.999, 3.001, math.nan, math.inf, -math.inf]),
        (Between(2, 2), [2], [1.999, 2.001, math.nan]),
        (IsTrue(), [True, 1], [False, 0, math.nan, 2]),
        (IsFalse(), [False, 0], [True, 1, math.nan, -1]),
    ],
)
def test_good_includes_its_bounds_and_never_nan(good, inside, outside) -> None:
    holds = compile_holds(good)
    flown = Flown(Fault("row", "x", good, persist_s=0), x=0)
    for value, expected in [(v, True) for v in inside] + [(v, False) for v in outside]:
        assert holds(value) is expected
        found: list[int] = []
        flown.module.scan(flown.module.Inputs(mode=IDLE, levels=(), x=value), found.append)  # type: ignore[call-arg]
        assert found == ([] if expected else [0])


def test_rows_of_one_signal_are_told_apart() -> None:
    table = (
        Fault("warm", "t", AtMost(30.0), persist_s=0),
        Fault("cold", "t", AtLeast(0.0), persist_s=0),
        Fault("hot", "t", AtMost(40.0), persist_s=0, modes=(SAFE, COMPUTE)),
        Fault("other", "u", AtMost(1.0), persist_s=0),
    )
    module = faults_of(table, ())()

    def found(mode: Mode, t: float, u: float = 0.0) -> list[int]:
        bad: list[int] = []
        module.scan(module.Inputs(mode=mode, levels=(), t=t, u=u), bad.append)  # type: ignore[call-arg]
        return bad

    assert found(IDLE, 20.0) == []
    assert found(IDLE, 31.0) == [0]
    assert found(IDLE, -1.0) == [1]
    assert found(IDLE, 41.0) == [0]
    assert found(COMPUTE, 41.0) == [0, 2]
    assert found(SAFE, math.nan) == [0, 1, 2]
    assert found(SAFE, 20.0, 2.0) == [3]


# ---------------------------------------------------------------- episodes


def test_trips_after_its_persistence_once_and_responds() -> None:
    flown = Flown(HOT, t=20.0)
    flown.step(100)
    assert not flown.out.used
    flown.step(3, t=40.1)
    assert flown.events == []
    assert flown.state("hot") is RowState.RAISED
    flown.step()
    assert flown.events == [("tripped_hot", (40.1,))]
    assert flown.modes == [ModeRequest(SAFE, Why.FAULT)]
    assert flown.state("hot") is RowState.TRIPPED
    assert flown.module.outputs.faults_active == 1
    flown.step(9)
    assert flown.events == []
    assert flown.modes == []


def test_one_good_reading_starts_the_persistence_anew() -> None:
    flown = Flown(HOT, t=20.0)
    for _ in range(5):
        flown.step(3, t=41.0)
        assert flown.names == []
        flown.step(t=40.0)
        assert flown.state("hot") is RowState.QUIET
    assert flown.module.status.trips == 0


def test_clears_by_hysteresis_after_the_same_persistence() -> None:
    flown = Flown(HOT, t=50.0)
    flown.step(4)
    flown.step(500, t=35.1)  # good, but not clear
    assert flown.state("hot") is RowState.TRIPPED
    flown.step(3, t=35.0)
    assert flown.events == []
    flown.step(t=36.0)  # interrupts
    flown.step(2, t=35.0)
    flown.step(t=41.0)  # as well
    flown.step(3, t=35.0)
    assert flown.events == []
    flown.step()
    assert flown.events == [("cleared", (0,))]
    assert flown.state("hot") is RowState.QUIET
    assert flown.module.outputs.faults_active == 0
    assert flown.module.status.clears == 1
    assert not flown.module.watched  # a quiet row costs nothing more


def test_nan_is_bad_and_never_clears() -> None:
    flown = Flown(HOT, t=math.nan)
    flown.step(4)
    [(name, (value,))] = flown.events
    assert name == "tripped_hot"
    assert isinstance(value, float)
    assert math.isnan(value)
    flown.step(100)
    assert "cleared" not in flown.names


def test_retries_are_bounded_and_end_with_a_report() -> None:
    flown = Flown(HOT, t=50.0)
    told = []
    for second in range(1, 200):
        flown.step()
        told += [(second, name) for name in flown.names]
    assert told == [(4, "tripped_hot"), (14, "retried"), (24, "retried"), (34, "exhausted")]
    assert flown.state("hot") is RowState.EXHAUSTED
    status = flown.module.status
    assert (status.trips, status.responses, status.retries, status.exhausted, status.escalations) == (
        1,
        3,
        2,
        1,
        0,
    )
    assert status.evaluations == 199


def test_a_retry_needs_the_persistence_as_well() -> None:
    flown = Flown(HOT, t=50.0)
    flown.step(4)
    flown.step(8)  # 2 s before the end of the cool-down
    flown.step(t=39.0)
    flown.step(3, t=50.0)
    assert flown.names == []
    flown.step()
    assert flown.names == ["retried"]


def test_rearms_after_the_response_and_its_cool_down() -> None:
    """The one-shot monitor: a second episode must respond like the first."""
    flown = Flown(HOT, t=50.0)
    for _ in range(3):
        flown.step(4, t=50.0)
        assert flown.names == ["tripped_hot"]
        assert len(flown.modes) == 1
        flown.step(20, t=20.0)
        assert flown.names == ["cleared"]
    assert flown.module.status.retries == 0


def test_flapping_within_the_cool_down_is_reported_and_uses_up_the_retries() -> None:
    row = Fault("flap", "t", AtMost(40.0), persist_s=1, response=AskMode(SAFE), cooldown_s=100, retries=1)
    flown = Flown(row, t=20.0)
    asked, episodes = [], 0
    for second in range(400):
        flown.step(t=50.0 if second % 10 < 5 else 20.0)
        episodes += flown.names.count("tripped_flap")
        asked += [second] * len(flown.modes)
    assert episodes == 40
    assert asked == [1, 101]
    assert flown.module.status.exhausted == 2  # at 201 and 301 s: once a cool-down


def test_a_new_episode_after_the_cool_down_has_a_fresh_budget() -> None:
    flown = Flown(HOT, t=50.0)
    flown.step(40)
    assert flown.state("hot") is RowState.EXHAUSTED
    flown.step(20, t=20.0)
    flown.step(30, t=50.0)
    assert flown.names == ["tripped_hot", "retried", "retried"]


# ---------------------------------------------------------------- modes


@pytest.mark.parametrize("mode", ALL_MODES)
def test_a_masked_row_does_not_count(mode: Mode) -> None:
    row = Fault("hot", "t", AtMost(40.0), modes=(SAFE, COMPUTE), response=AskMode(SAFE))
    flown = Flown(row, t=50.0, mode=mode)
    flown.step(10)
    assert flown.names == (["tripped_hot"] if mode in (SAFE, COMPUTE) else [])


def test_a_mask_interrupts_the_persistence_and_the_retries_but_not_the_clearing() -> None:
    row = Fault(
        "hot",
        "t",
        AtMost(40.0),
        modes=(SAFE, COMPUTE),
        response=AskMode(SAFE),
        persist_s=3,
        cooldown_s=10,
        retries=9,
    )
    flown = Flown(row, t=50.0, mode=COMPUTE)
    flown.step(3)
    flown.step(mode=IDLE)
    flown.step(3, mode=COMPUTE)
    assert flown.names == []
    flown.step()
    assert flown.names == ["tripped_hot"]
    flown.step(50, mode=IDLE)
    assert flown.names == []
    assert flown.state("hot") is RowState.TRIPPED
    flown.step(4, t=20.0)
    assert flown.names == ["cleared"]


# ---------------------------------------------------------------- escalation

FIRST = Fault(
    "first",
    "t",
    AtMost(40.0),
    persist_s=1,
    response=RaiseRung(2),
    cooldown_s=10,
    retries=1,
    escalate="second",
)
SECOND_ROW = Fault(
    "second", "t", AtMost(60.0), persist_s=5, response=AskMode(SAFE), cooldown_s=20, escalate="third"
)
THIRD = Fault("third", "u", AtMost(1.0), persist_s=5, response=SetLevel("payload", 0), cooldown_s=20)


def test_escalation_trips_the_named_row() -> None:
    flown = Flown(FIRST, SECOND_ROW, THIRD, t=50.0, u=0.0)
    told = []
    for second in range(1, 60):
        flown.step()
        told += [(second, name) for name in flown.names]
        if second == 22:
            assert flown.events[1] == ("escalated", (0, 1))
            assert flown.events[2] == ("tripped_second", (50.0,))
            assert flown.modes == [ModeRequest(SAFE, Why.FAULT)]
    assert told == [
        (2, "tripped_first"),
        (12, "retried"),
        (22, "exhausted"),
        (22, "escalated"),
        (22, "tripped_second"),
        (28, "cleared"),  # its own condition is good
    ]
    assert flown.module.status.escalations == 1


def test_a_row_tripped_again_by_escalation_clears_after_its_full_persistence() -> None:
    flown = Flown(FIRST, SECOND_ROW, THIRD, t=50.0, u=0.0)
    tripped, cleared = [], []
    for second in range(1, 120):
        flown.step(t=20.0 if 40 <= second < 60 else 50.0)
        tripped += [second] * flown.names.count("tripped_second")
        cleared += [second for name, arguments in flown.events if name == "cleared" and arguments == (1,)]
    assert tripped == [22, 81]
    assert cleared == [28, 87]


def test_a_chain_of_escalations_goes_on_where_the_condition_stays() -> None:
    flown = Flown(FIRST, SECOND_ROW, THIRD, t=70.0, u=5.0)
    told = []
    for second in range(1, 60):
        flown.step()
        told += [(second, name, arguments) for name, arguments in flown.events]
    assert told == [
        (2, "tripped_first", (70.0,)),
        (6, "tripped_second", (70.0,)),
        (6, "tripped_third", (5.0,)),
        (11, "not_obeyed", (1, 2, 0)),
        (12, "retried", (0, 1)),
        (22, "exhausted", (0, 2)),
        (22, "escalated", (0, 1)),  # second responded at 6 s, and cools down until 26 s
        (26, "exhausted", (1, 1)),
        (26, "escalated", (1, 2)),  # and third until 26 s: its next act is its own report
        (26, "exhausted", (2, 1)),
    ]


def test_escalation_within_one_step_reaches_the_end_of_the_chain() -> None:
    first = Fault(
        "first", "t", AtMost(40.0), persist_s=0, response=AskMode(SAFE), cooldown_s=5, escalate="second"
    )
    second = Fault(
        "second", "u", AtMost(1.0), persist_s=0, response=AskMode(SAFE), cooldown_s=1, escalate="third"
    )
    third = Fault("third", "v", AtMost(1.0), persist_s=0, response=SetLevel("payload", 0))
    flown = Flown(first, second, third, t=50.0, u=5.0, v=0.0)
    flown.step()
    assert flown.names == ["tripped_first", "tripped_second"]
    flown.step()
    assert flown.names == ["exhausted", "escalated", "tripped_third"]
    assert flown.out.switches == [(1, 0)]
