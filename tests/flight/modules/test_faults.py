"""The fault engine: its semantics row by row, each response, commands, restarts."""

from __future__ import annotations

import math

import pytest

from flight.declare import (
    ALL_MODES,
    COMPUTE,
    DONE,
    IDLE,
    SAFE,
    SECOND,
    Between,
    Boot,
    Call,
    DeclarationError,
    Failed,
    Mode,
    ModeRequest,
    Outbox,
    Refused,
    Severity,
    Stored,
    Waiting,
    Why,
)
from flight.modules.faults import (
    AskMode,
    AtLeast,
    AtMost,
    CycleRail,
    Fault,
    IsFalse,
    IsTrue,
    RaiseRung,
    ReportOnly,
    RowState,
    SetLevel,
    faults_of,
)
from flight.modules.faults.scan import compile_holds

BOOT_NOW = Boot(4, True, False, 1)
SWITCHES = ("heater", "payload", "radio")


class Flown:
    """A fault module driven by hand, one step a second; signals keep their last given value."""

    def __init__(self, *table: Fault, **signals: float) -> None:
        self.cls = faults_of(tuple(table), SWITCHES)
        self.signals: dict[str, object] = {"mode": IDLE, "levels": (0, 2, 1), **signals}
        self.now = 1000 * SECOND
        self.out = Outbox()
        self.restart()

    def restart(self, boot: Boot = BOOT_NOW) -> None:
        kept = getattr(self, "module", None)
        self.module = self.cls()
        if kept is not None:
            for field in kept.kept.fields:
                setattr(self.module.kept, field.name, getattr(kept.kept, field.name))
        self.out.clear()
        self.module.start(self.now, boot, self.out)

    def step(self, seconds: int = 1, **signals: object) -> Flown:
        self.signals |= signals
        sees = self.module.Inputs(**self.signals)
        self.out.clear()
        for _ in range(seconds):
            self.now += SECOND
            self.module.step(self.now, sees, self.out)
        return self

    @property
    def events(self) -> list[tuple[str, tuple[int | float, ...]]]:
        return [(event.name, arguments) for event, arguments in self.out.events]

    @property
    def names(self) -> list[str]:
        return [event.name for event, _ in self.out.events]

    @property
    def modes(self) -> list[object]:
        return [item for box, item in self.out.posts if box == "modes.requests"]

    def state(self, name: str) -> RowState:
        return RowState(getattr(self.module.states, name))


HOT = Fault(
    "hot",
    "t",
    AtMost(40.0),
    clear=AtMost(35.0),
    persist_s=3,
    response=AskMode(SAFE),
    cooldown_s=10,
    retries=2,
)


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
        flown.module.scan(flown.module.Inputs(mode=IDLE, levels=(), x=value), found.append)
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
        module.scan(module.Inputs(mode=mode, levels=(), t=t, u=u), bad.append)
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
        Fault("over", "i", AtMost(2.0), persist_s=0, response=SetLevel("payload", 0)), i=3.0, levels=(0,)
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
    flown = Flown(CYCLE, i=3.0, levels=(0, level, 1))
    flown.step(4, i=3.0)
    assert flown.names == ["tripped_latched"]
    flown.step()
    assert ("not_obeyed", (1, level, 0)) in flown.events


def test_a_rail_that_is_off_stays_off() -> None:
    flown = Flown(CYCLE, i=math.nan, levels=(0, 0, 0))
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


# ---------------------------------------------------------------- commands

CALL = Call(0, 77)


def observed(flown: Flown, row: int, on: bool) -> None:
    flown.out.clear()
    assert isinstance(flown.module.observe(CALL, flown.out, row, on), Waiting)


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
    assert flown.module.outputs.fault_rung == 0
    assert flown.step().module.outputs.fault_rung == 3
    assert flown.names == []
    observed(flown, 0, True)
    assert flown.module.outputs.fault_rung == 0
    assert flown.step(200).module.outputs.fault_rung == 0


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
    assert flown.module.observe(CALL, flown.out, 0, False) == Refused("too many commands wait for storage")
    assert flown.module.rows[0].observing


def test_reset_ends_an_episode_and_its_budget() -> None:
    flown = Flown(HOT, t=50.0)
    flown.step(40)
    flown.out.clear()
    assert flown.module.reset(CALL, flown.out, 0) == DONE
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
    assert flown.module.reset(CALL, flown.out, 0) == DONE
    assert flown.events == []
    flown.step(4, t=50.0)
    assert len(flown.modes) == 1


@pytest.mark.parametrize("row", [-1, 1, 255])
def test_rows_that_do_not_exist_are_refused(row: int) -> None:
    flown = Flown(HOT, t=20.0)
    assert flown.module.reset(CALL, flown.out, row) == Refused("there are 1 rows")
    assert flown.module.observe(CALL, flown.out, row, True) == Refused("there are 1 rows")


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
    assert flown.module.Inputs._fields == ("mode", "levels", "rung_age")
    assert flown.step(rung_age=6 * SECOND, mode=COMPUTE).names == ["tripped_old", "tripped_odd"]
