"""The executive: rates, inputs, failures, what modules ask for."""

from __future__ import annotations

import math
import struct
from typing import Annotated, NamedTuple

import pytest

from flight.declare import (
    DONE,
    SECOND,
    U16,
    Call,
    DeclarationError,
    Event,
    Invocation,
    Kept,
    Module,
    Outbox,
    Outcome,
    Parameter,
    Priority,
    Refused,
    SaveState,
    Severity,
    Signals,
    Telemetry,
    command,
    unit,
)
from flight.kernel.supervisor import BACK_OFF_NS, FORGIVEN_AFTER_NS, State
from flight.mission import Row, Sensor, Switch
from flight.wire import TmPacket, decode_tm


class Counter(Module):
    """Counts its steps; may be told to raise."""

    class Inputs(NamedTuple):
        pass

    class Status(Telemetry, period=2):
        steps: U16
        level: Annotated[float, unit("V")]

    class Outputs(Signals):
        count: U16

    class State(Kept, version=1):
        total: U16

    step_size = Parameter(1, low=1, high=100)
    reached = Event(Severity.LOW, "reached {count}", count=U16)
    worst = Event(Severity.HIGH, "worst {count}", count=U16)

    def __init__(self) -> None:
        self.status = self.Status()
        self.outputs = self.Outputs()
        self.kept = self.State()
        self.times: list[int] = []
        self.explode = False
        self.wants: list[object] = []
        self.completions: list[object] = []

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        self.times.append(now)
        if self.explode:
            raise RuntimeError("told to")
        self.outputs.count += self.step_size
        self.status.steps = self.outputs.count
        for want in self.wants:
            assert callable(want)
            want(out)
        self.wants = []

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        self.completions.append((ticket, result))

    @command()
    def add(self, call: Call, out: Outbox, amount: U16) -> Outcome:
        """Add."""
        if amount == 13:
            return Refused("unlucky")
        if amount == 666:
            raise ValueError("a command that crashes")
        self.outputs.count += amount
        out.event(self.reached, self.outputs.count)
        return DONE


class Reader(Module):
    class Inputs(NamedTuple):
        count: int  # type: ignore[assignment]
        count_age: int
        volts: float

    def __init__(self) -> None:
        self.seen: list[tuple[object, ...]] = []

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        self.seen.append(tuple(sees))


VOLTS = Sensor("volts", "V", 0.0, 10.0, every=1)
COUNTER = Row("counter", Counter, every=5, restarts=2)


def counter_of(bench):
    return bench.kernel.slots[1].module


def test_rates_are_dividers_of_the_base_tick(make_bench) -> None:
    bench = make_bench(COUNTER, Row("fast", Counter2, every=1))
    bench.run(20)
    assert counter_of(bench).times == [0, 5 * SECOND // 10, SECOND, 15 * SECOND // 10]
    assert len(bench.kernel.slots[2].module.times) == 20


class Counter2(Module):
    def __init__(self) -> None:
        self.times: list[int] = []

    def step(self, now: int, sees: object, out: Outbox) -> None:
        self.times.append(now)


def test_a_module_sees_signals_written_before_it_in_the_same_tick(make_bench) -> None:
    bench = make_bench(COUNTER, Row("reader", Reader, every=5), sensors=(VOLTS,))
    bench.sensors.values[1] = [2.5]
    bench.run(6)
    assert bench.kernel.slots[2].module.seen == [(1, 0, 2.5), (2, 0, 2.5)]


def test_a_reader_before_its_writer_sees_how_old_the_signal_is(make_bench) -> None:
    bench = make_bench(Row("reader", Reader, every=5), COUNTER, sensors=(VOLTS,))
    bench.run(6)
    assert [row[:2] for row in bench.kernel.slots[1].module.seen] == [(0, 0), (1, 5 * SECOND // 10)]


def test_an_input_that_nobody_writes_is_refused_at_build(make_bench) -> None:
    with pytest.raises(DeclarationError, match="reader sees count, which nobody writes"):
        make_bench(Row("reader", Reader), sensors=(VOLTS,))


def test_a_signal_with_two_writers_is_refused_at_build(make_bench) -> None:
    with pytest.raises(DeclarationError, match="two writers"):
        make_bench(COUNTER, Row("other", Counter), sensors=(VOLTS,))


def test_out_of_range_holds_for_three_periods_and_is_then_no_reading(make_bench) -> None:
    bench = make_bench(COUNTER, Row("reader", Reader, every=1), sensors=(VOLTS,))
    bench.sensors.values[1] = [4.0]
    bench.run(1)
    for bad in (math.nan, math.inf, -0.1, 10.1, 1e39):
        bench.sensors.values[1] = [bad]
        bench.run(1)
    seen = [row[2] for row in bench.kernel.slots[2].module.seen]
    assert seen[:4] == [4.0, 4.0, 4.0, 4.0]
    assert all(value != value for value in seen[4:])
    assert len(seen) == 6
    bench.sensors.values[1] = [5.0]
    bench.run(1)
    assert bench.kernel.slots[2].module.seen[-1][2] == 5.0


def test_a_reading_that_does_not_move_is_stuck(make_bench) -> None:
    stuck = Sensor("volts", "V", 0.0, 10.0, every=1, stuck_after_s=0.5)
    bench = make_bench(COUNTER, Row("reader", Reader, every=1), sensors=(stuck,))
    bench.sensors.values[1] = [4.0]
    bench.run(6)
    assert bench.kernel.slots[2].module.seen[-1][2] == 4.0
    bench.run(1)
    assert math.isnan(bench.kernel.slots[2].module.seen[-1][2])
    bench.sensors.values[1] = [4.1]
    bench.run(1)
    assert bench.kernel.slots[2].module.seen[-1][2] == 4.1


def test_housekeeping_is_sampled_at_its_period_and_numbered(make_bench) -> None:
    bench = make_bench(COUNTER)
    bench.run(61)
    decoded = [decode_tm(packet) for _, packet in bench.kernel.boxes["ear.emitted"].items]
    packets = [packet for packet in decoded if isinstance(packet, TmPacket)]
    assert len(packets) == len(decoded)
    sid = next(p.sid for p in bench.kernel.dictionary.packets if p.label == "counter.status")
    ours = [p for p in packets if p.service == 3 and p.body[:2] == sid.to_bytes(2, "big")]
    assert [p.time_ns // SECOND for p in ours] == [0, 2, 4, 6]
    assert [struct.unpack(">HHf", p.body)[1] for p in ours] == [1, 5, 9, 13]
    assert [p.counter for p in ours] == [0, 1, 2, 3]
    housekeeping = [p.record for p in packets if p.service == 3]
    base = int(Priority.HOUSEKEEPING) << 56
    assert housekeeping == list(range(base, base + len(housekeeping)))


def test_a_crash_restarts_the_module_after_its_back_off_and_leaves_the_others(make_bench) -> None:
    bench = make_bench(COUNTER, Row("other", Counter2, every=1))
    bench.run(1)
    counter_of(bench).explode = True
    bench.run(5)
    slot = bench.kernel.slots[1]
    assert slot.state is State.BACKING_OFF
    assert [name for name, _ in bench.crashes] == ["counter"]
    back_off_ticks = BACK_OFF_NS[0] // (SECOND // 10)
    bench.run(back_off_ticks - 1)
    assert slot.state.value == "backing off"
    bench.run(5)
    assert slot.state.value == "running"
    assert slot.restarts == 1
    assert counter_of(bench).explode is False, "a fresh object"
    assert len(bench.kernel.slots[2].module.times) == bench.next_tick
    assert "executive.crashed" in bench.labels()
    assert "executive.revived" in bench.labels()


def test_more_restarts_than_the_budget_isolate_the_module(make_bench) -> None:
    class Bad(Counter2):
        def step(self, now: int, sees: object, out: Outbox) -> None:
            raise RuntimeError("always")

    bench = make_bench(Row("bad", Bad, every=1, restarts=2), Row("other", Counter2, every=1))
    bench.run(400)
    slot = bench.kernel.slots[1]
    assert slot.state is State.ISOLATED
    assert len(bench.crashes) == 3
    assert bench.labels().count("executive.isolated_module") == 1
    assert bench.kernel.bus.read("isolated") == 1
    assert len(bench.kernel.slots[2].module.times) == 400
    slot.revive(bench.next_tick * SECOND // 10)
    bench.run(2)
    assert len(bench.crashes) == 4, "a revived module is tried again"


def test_old_crashes_are_forgiven(make_bench) -> None:
    bench = make_bench(COUNTER)
    slot = bench.kernel.slots[1]
    assert [slot.fail(0), slot.fail(1)] == [State.BACKING_OFF] * 2
    assert slot.fail(FORGIVEN_AFTER_NS + 1) is State.BACKING_OFF
    assert slot.fail(FORGIVEN_AFTER_NS + 2) is State.BACKING_OFF
    assert slot.fail(FORGIVEN_AFTER_NS + 3) is State.ISOLATED


def test_parameters_and_kept_state_are_in_place_after_a_restart(make_bench) -> None:
    bench = make_bench(COUNTER)
    entry = bench.kernel.dictionary.parameters_by_label["counter.step_size"]
    bench.kernel.parameters.commit([(entry.number, 7)])
    counter = counter_of(bench)
    counter.kept.total = 99
    counter.wants = [lambda out: out.keep()]
    bench.run(1)
    counter.explode = True
    bench.run(25)
    fresh = counter_of(bench)
    assert fresh is not counter
    assert fresh.step_size == 7
    assert fresh.kept.total == 99


def test_kept_state_goes_to_storage_and_its_ticket_completes(make_bench) -> None:
    bench = make_bench(COUNTER)
    counter_of(bench).wants = [lambda out: out.keep()]
    bench.run(2)
    saved = [request for _, request in bench.worker.taken if isinstance(request, SaveState)]
    assert [request.name for request in saved if request.name == "counter"] == ["counter"]
    assert len(counter_of(bench).completions) == 1


def test_a_worker_that_does_not_answer_times_out_and_a_late_answer_is_dropped(make_bench) -> None:
    bench = make_bench(COUNTER)
    bench.worker.mute = True
    counter = counter_of(bench)
    counter.wants = [lambda out: out.submit("anything", SECOND)]
    bench.run(1)
    ticket = next(t for t, request in bench.worker.taken if request == "anything")
    bench.run(9)
    assert counter.completions == []
    bench.run(1)
    assert [(t, type(r).__name__) for t, r in counter.completions] == [(ticket, "TimedOut")]
    bench.worker.answers = [(ticket, "late")]
    bench.run(2)
    assert len(counter.completions) == 1


def test_a_worker_that_takes_nothing_is_answered_as_rejected(make_bench) -> None:
    bench = make_bench(COUNTER)
    bench.worker.full = True
    counter = counter_of(bench)
    counter.wants = [lambda out: out.submit("anything", SECOND)]
    bench.run(2)
    assert [type(result).__name__ for _, result in counter.completions] == ["Rejected"]


def test_switches_obey_only_inside_their_range(make_bench) -> None:
    bench = make_bench(COUNTER, switches=(Switch("heater", highest=2),))
    for level, expected in ((2, 2), (3, 2), (-1, 2), (0, 0)):
        counter_of(bench).wants = [lambda out, level=level: out.set(0, level)]
        bench.run(5)
        assert bench.switches.state == [expected]
    counter_of(bench).wants = [lambda out: out.set(1, 1)]
    bench.run(5)
    assert bench.kernel.figures.bad_actions == 3


def test_commands_are_called_and_their_outcome_comes_back(make_bench) -> None:
    bench = make_bench(COUNTER)
    number = bench.kernel.dictionary.commands_by_label["counter.add"].number
    counter = counter_of(bench)
    counter.wants = [lambda out: [out.invoke(Invocation(i, number, (a,))) for i, a in ((1, 40), (2, 13))]]
    bench.run(1)
    outcomes = list(bench.kernel.boxes["commands.outcomes"].items)
    assert outcomes == [(1, DONE), (2, Refused("unlucky"))]
    assert "counter.reached" in bench.labels()


def test_a_command_that_crashes_is_refused_and_charged(make_bench) -> None:
    bench = make_bench(COUNTER)
    number = bench.kernel.dictionary.commands_by_label["counter.add"].number
    counter_of(bench).wants = [lambda out: [out.invoke(Invocation(i, number, (666,))) for i in (5, 6)]]
    bench.run(1)
    outcomes = list(bench.kernel.boxes["commands.outcomes"].items)
    assert outcomes == [
        (5, Refused("the module crashed")),
        (6, Refused("the module is isolated or restarting")),
    ]
    assert bench.kernel.slots[1].state is State.BACKING_OFF


def test_steps_are_measured_and_overruns_named(make_bench) -> None:
    bench = make_bench(Row("counter", Counter, every=1, budget_us=50), measures=True)
    costs = iter(range(0, 10**12, 60_000))
    bench.clock.cost = lambda: next(costs)
    bench.run(4)
    slot = bench.kernel.slots[1]
    assert (slot.times.count, slot.overruns, slot.times.largest) == (4, 4, 60_000)
    assert bench.labels().count("executive.overran") == 3, "the 1st, 2nd and 4th are said"


def test_what_others_took_of_the_core_is_not_the_steps_own(make_bench) -> None:
    bench = make_bench(Row("counter", Counter, every=1, budget_us=50), measures=True)
    costs, taken = iter(range(0, 10**12, 60_000)), iter(range(0, 10**12, 25_000))
    bench.clock.cost, bench.clock.waited = (lambda: next(costs)), (lambda: next(taken))
    bench.run(4)
    slot = bench.kernel.slots[1]
    assert (slot.times.count, slot.overruns, slot.times.largest) == (4, 0, 35_000)
    assert bench.kernel.slowest_ns == 35_000


def test_high_events_have_a_box_of_their_own(make_bench) -> None:
    bench = make_bench(COUNTER)
    counter = counter_of(bench)
    counter.wants = [
        lambda out: [out.event(Counter.reached, n) for n in range(2000)] + [out.event(Counter.worst, 1)]
    ]
    bench.run(1)
    critical = bench.kernel.boxes["events.critical"]
    assert bench.labels().count("counter.worst") == 1
    assert critical.dropped == 0
    assert bench.kernel.boxes["events.occurrences"].dropped == 1000


def test_the_line_is_in_telemetry(make_bench) -> None:
    bench = make_bench(COUNTER)
    bench.link.send(b"four")
    bench.run(11)
    packet = bench.kernel.itself.line
    assert (packet.connected, packet.sent_octets, packet.received_octets) == (True, 4, 7)
    assert (packet.lost_octets, packet.connections, packet.failures, packet.queued_octets) == (6, 5, 4, 3)
