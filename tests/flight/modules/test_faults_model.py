"""The fault engine against a slow and literal model of its semantics.

The model keeps the whole history of every row and answers each question by looking back through it; nothing in it is
generated, cached or counted ahead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from flight.declare import ALL_MODES, COMPUTE, IDLE, SAFE, SECOND, Between, Boot, Call, Mode, Outbox, Waiting
from flight.modules.faults import (
    AskMode,
    AtLeast,
    AtMost,
    Fault,
    IsTrue,
    RaiseRung,
    ReportOnly,
    RowState,
    SetLevel,
    conflicts,
    faults_of,
)

SIGNALS = ("t", "u", "on")
TABLE = (
    Fault("warm", "t", AtMost(40.0), AtMost(30.0), 2, (IDLE, COMPUTE), RaiseRung(2), 6, 1, "hot"),
    Fault("hot", "t", AtMost(60.0), AtMost(50.0), 1, ALL_MODES, AskMode(SAFE), 5, 0, "end"),
    Fault("cold", "t", AtLeast(0.0), AtLeast(5.0), 0, (COMPUTE,), SetLevel("payload", 0), 4, 2),
    Fault("end", "u", Between(0, 10), Between(2, 8), 3, ALL_MODES, SetLevel("radio", 1), 8, 1),
    Fault("off", "on", IsTrue(), None, 1, (SAFE, IDLE), ReportOnly(), 3, 1, "hot", True),
    Fault("said", "u", AtMost(20.0), None, 2, ALL_MODES, ReportOnly(), 3, 0),
    Fault("high", "u", AtMost(15.0), AtMost(9.0), 2, (SAFE,), RaiseRung(4), 3, 0),
)
SWITCHES = ("payload", "radio")
NAMES = [fault.name for fault in TABLE]


def good(condition, value: float) -> bool:
    if isinstance(condition, IsTrue):
        return value == 1
    low = getattr(condition, "low", -math.inf)
    high = getattr(condition, "high", math.inf)
    return math.isfinite(value) and low <= value <= high


@dataclass
class Sample:
    now: int
    bad: bool
    clear: bool
    was_active: bool = False


@dataclass
class ModelRow:
    fault: Fault
    observing: bool
    history: list[Sample] = field(default_factory=list)
    trips: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    acts: list[tuple[int, str]] = field(default_factory=list)  # "response" or "exhausted"
    active: bool = False
    budget_from: int = 0  # index into acts

    def lasted(self, what: str) -> bool:
        """`what` held in all samples of the last persistence, and long enough ago."""
        run: list[Sample] = []
        for sample in reversed(self.history):
            if not getattr(sample, what) or (what == "clear" and not sample.was_active):
                break
            run.append(sample)
        return bool(run) and run[0].now - run[-1].now >= self.fault.persist_s * SECOND

    def cooling(self, now: int) -> bool:
        return bool(self.acts) and now - self.acts[-1][0] < self.fault.cooldown_s * SECOND

    def gave_up(self) -> bool:
        return self.active and any(kind == "exhausted" and at >= self.trips[-1] for at, kind in self.acts)

    def responses(self) -> int:
        return [kind for _, kind in self.acts[self.budget_from :]].count("response")


class Model:
    def __init__(self) -> None:
        self.rows = [ModelRow(fault, fault.observe_only) for fault in TABLE]
        self.log: list[tuple[str, tuple[int | float, ...]]] = []
        self.did: list[object] = []

    def step(self, now: int, mode: Mode, values: dict[str, float]) -> None:
        self.log, self.did = [], []
        waiting: list[ModelRow] = []
        for row in self.rows:
            fault, value = row.fault, values[row.fault.signal]
            bad = mode in fault.modes and not good(fault.good, value)
            clear = good(fault.clear or fault.good, value)
            row.history.append(Sample(now, bad, clear, row.active))
            if bad and row.lasted("bad"):
                if not row.active:
                    self.trip(now, row, value)
                waiting += self.act(now, row)
            elif row.active and row.lasted("clear"):
                row.active = False
                row.ends.append(now)
                self.log.append(("cleared", (NAMES.index(fault.name),)))
        while waiting:
            row = waiting.pop(0)
            if not row.active:
                self.trip(now, row, values[row.fault.signal])
            waiting += self.act(now, row)

    def trip(self, now: int, row: ModelRow, value: float) -> None:
        row.active = True
        row.trips.append(now)
        if not (row.ends and now - row.ends[-1] < row.fault.cooldown_s * SECOND):
            row.budget_from = len(row.acts)
        self.log.append((f"tripped_{row.fault.name}", (value,)))

    def act(self, now: int, row: ModelRow) -> list[ModelRow]:
        fault, index = row.fault, NAMES.index(row.fault.name)
        if row.observing or row.gave_up() or row.cooling(now):
            return []
        if fault.response == ReportOnly() and not fault.escalate:
            return []
        before = row.responses()
        if before <= fault.retries:
            row.acts.append((now, "response"))
            self.did.append(fault.response)
            if before:
                self.log.append(("retried", (index, before)))
            return []
        row.acts.append((now, "exhausted"))
        self.log.append(("exhausted", (index, before)))
        if not fault.escalate:
            return []
        self.log.append(("escalated", (index, NAMES.index(fault.escalate))))
        return [self.rows[NAMES.index(fault.escalate)]]

    def reset(self, index: int) -> None:
        old = self.rows[index]
        self.rows[index] = ModelRow(old.fault, old.observing)

    def rung(self) -> int:
        """The highest rung of what has responded in its present episode and not been silenced since."""
        return max((self.row_rung(row) for row in self.rows), default=0)

    def row_rung(self, row: ModelRow) -> int:
        if not row.active or row.observing or not isinstance(row.fault.response, RaiseRung):
            return 0
        since = max(row.trips[-1], getattr(row, "silenced_at", 0))
        return row.fault.response.rung if any(k == "response" and at >= since for at, k in row.acts) else 0


VALUES = st.sampled_from(
    [
        0.0,
        1.0,
        -0.5,
        5.0,
        4.9,
        30.0,
        30.1,
        40.0,
        40.1,
        50.0,
        55.0,
        60.0,
        61.0,
        9.0,
        2.0,
        12.0,
        16.0,
        25.0,
        math.nan,
        math.inf,
    ]
)
STEPS = st.sampled_from([SECOND, SECOND, SECOND, SECOND // 2, 3 * SECOND, 7 * SECOND])


class Comparison(RuleBasedStateMachine):
    """Signals keep their value until a rule changes them; every step both engines must say and do the same."""

    def __init__(self) -> None:
        super().__init__()
        assert conflicts(TABLE, SWITCHES) == []
        self.module = faults_of(TABLE, SWITCHES)()
        self.model = Model()
        self.out = Outbox()
        self.now = 500 * SECOND
        self.values = {"t": 20.0, "u": 5.0, "on": 1.0}
        self.mode = IDLE
        self.module.start(self.now, Boot(1, True, False, 1), self.out)

    def step(self, dt: int) -> None:
        self.now += dt
        self.out.clear()
        sees = self.module.Inputs(mode=self.mode, levels=(0, 1), **self.values)  # type: ignore[call-arg]
        self.module.step(self.now, sees, self.out)
        self.model.step(self.now, self.mode, self.values)
        said = [(event.name, arguments) for event, arguments in self.out.events if event.name != "not_obeyed"]
        assert repr(said) == repr(self.model.log)  # repr: NaN is not equal to itself
        asked = [item for _, item in self.out.posts]
        assert len(asked) == sum(isinstance(response, AskMode) for response in self.model.did)
        for response in self.model.did:
            if isinstance(response, SetLevel):
                assert (SWITCHES.index(response.switch), response.level) in self.out.switches

    @rule(dt=STEPS, count=st.integers(1, 4))
    def wait(self, dt: int, count: int) -> None:
        for _ in range(count):
            self.step(dt)

    @rule(signal=st.sampled_from(SIGNALS), value=VALUES, dt=STEPS)
    def change(self, signal: str, value: float, dt: int) -> None:
        self.values[signal] = value
        self.step(dt)

    @rule(mode=st.sampled_from(ALL_MODES), dt=STEPS)
    def change_mode(self, mode: Mode, dt: int) -> None:
        self.mode = mode
        self.step(dt)

    @rule(index=st.integers(0, len(TABLE) - 1))
    def reset(self, index: int) -> None:
        self.out.clear()
        self.module.reset(Call(self.now, 1), self.out, index)  # type: ignore[attr-defined]
        assert bool(self.out.events) == self.model.rows[index].active
        self.model.reset(index)

    @precondition(lambda self: len(self.module.unstored) < 8)
    @rule(index=st.integers(0, len(TABLE) - 1), on=st.booleans())
    def observe(self, index: int, on: bool) -> None:
        self.out.clear()
        assert isinstance(self.module.observe(Call(self.now, 1), self.out, index, on), Waiting)  # type: ignore[attr-defined]
        row = self.model.rows[index]
        if on and not row.observing:
            row.silenced_at = self.now + 1  # type: ignore[attr-defined]
        row.observing = on

    @invariant()
    def the_same_state(self) -> None:
        rows = self.model.rows
        active = [row for row in rows if row.active]
        assert self.module.status.active == len(active)
        assert self.module.outputs.faults_active == sum(not row.observing for row in active)
        assert self.module.outputs.fault_rung == self.model.rung()
        for row in rows:
            state = RowState(getattr(self.module.states, row.fault.name))
            raised = not row.active and bool(row.history) and row.history[-1].bad
            kind = (
                RowState.EXHAUSTED
                if row.gave_up()
                else RowState.TRIPPED
                if row.active
                else RowState(int(raised))
            )
            assert state == kind + 4 * row.observing


TestComparison = pytest.mark.slow(Comparison.TestCase)
TestComparison.settings = settings(max_examples=60, stateful_step_count=60)


SEQUENCES = st.lists(st.tuples(st.sampled_from(ALL_MODES), VALUES, VALUES, st.booleans()), max_size=300)


@given(SEQUENCES)
@pytest.mark.slow
def test_every_episode_is_reported_exactly_once(sequence) -> None:
    """Between two reports of a row there is one that it has cleared, and acts are a cool-down apart."""
    module, out, now = faults_of(TABLE, SWITCHES)(), Outbox(), 0
    module.start(now, Boot(1, True, False, 1), out)
    open_rows: set[str] = set()
    for mode, t, u, on in sequence:
        now += SECOND
        out.clear()
        module.step(now, module.Inputs(mode=mode, levels=(0, 1), t=t, u=u, on=on), out)  # type: ignore[call-arg]
        for event, arguments in out.events:
            if event.name.startswith("tripped_"):
                name = event.name.removeprefix("tripped_")
                assert name not in open_rows
                open_rows.add(name)
            elif event.name == "cleared":
                open_rows.remove(NAMES[int(arguments[0])])
    assert {row.fault.name for row in module.rows if row.active} == open_rows
