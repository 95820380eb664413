"""A module that glances between its steps."""

from __future__ import annotations

import functools
from typing import NamedTuple

import pytest

from flight.declare import SECOND, U16, DeclarationError, Inbox, Module, Outbox, Signals
from flight.kernel.supervisor import State
from flight.mission import Row, Sensor

VOLTS = Sensor("volts", "V", 0.0, 10.0, every=1)


class Glancer(Module):
    """Steps at whole seconds, and when it has seen more than 5 V."""

    class Glance(NamedTuple):
        volts: float

    class Outputs(Signals):
        count: U16

    def __init__(self) -> None:
        self.times: list[int] = []
        self.outputs = self.Outputs()
        self.glances: list[int] = []

    def step(self, now: int, sees: object, out: Outbox) -> None:
        self.times.append(now)

    def glance(self, now: int, volts: float) -> bool:
        assert volts > 0, "told to"
        self.glances.append(now)
        self.outputs.count += 1
        return volts > 5


@pytest.fixture(params=[False, True], ids=["virtual time", "measured"])
def make(make_bench, request):
    """Both ways to run a tick."""
    return functools.partial(make_bench, sensors=(VOLTS,), measures=request.param)


def test_a_module_that_can_glance_steps_at_whole_seconds_and_when_it_wants_to(make) -> None:
    bench = make(Row("glancer", Glancer, every=1, critical=True))
    slot, tenth = bench.kernel.slots[1], SECOND // 10
    bench.sensors.values[1] = [2.5]
    bench.run(10)
    assert slot.module.times == [0]
    assert slot.module.glances == [tick * tenth for tick in range(1, 10)]
    assert slot.last_step == bench.kernel.bus.read("glancer_at") == 9 * tenth, "a glance meets the deadline"
    assert bench.kernel.bus.read("count") == 0, "signals are published by a step"
    bench.run(3)
    bench.sensors.values[1] = [6.0]
    bench.run(1)
    assert slot.module.times == [0, SECOND, 13 * tenth]
    assert bench.kernel.bus.read("count") == 12
    bench.sensors.values[1] = [2.5]
    bench.run(8)
    assert slot.module.times[3:] == [2 * SECOND], "the next whole second is not put off"


def test_a_whole_second_that_was_missed_is_made_up_for_at_the_next_tick(make) -> None:
    bench = make(Row("glancer", Glancer, every=1))
    bench.sensors.values[1] = [2.5]
    bench.run(8)
    bench.next_tick += 4
    bench.run(1)
    assert bench.kernel.slots[1].module.times == [0, 12 * SECOND // 10]


def test_a_crash_at_a_glance_is_one_of_the_module(make) -> None:
    bench = make(Row("glancer", Glancer, every=1, restarts=2))
    bench.sensors.values[1] = [2.5]
    bench.run(2)
    bench.sensors.values[1] = [0.0]
    bench.run(1)
    assert bench.kernel.slots[1].state is State.BACKING_OFF
    bench.sensors.values[1] = [2.5]
    bench.run(20)
    assert bench.kernel.slots[1].state is State.RUNNING
    assert bench.kernel.slots[1].module.times[0] == 12 * SECOND // 10, "a new object begins with a step"


def test_who_has_crashed_meets_no_deadline_until_it_runs_again(make) -> None:
    """Else a watchdog would be fed for it."""
    bench = make(Row("glancer", Glancer, every=1, critical=True, restarts=2))
    slot, tenth = bench.kernel.slots[1], SECOND // 10
    bench.sensors.values[1] = [2.5]
    bench.run(3)
    bench.sensors.values[1] = [0.0]
    bench.run(1)
    bench.sensors.values[1] = [2.5]
    bench.run(9)
    assert slot.state is State.BACKING_OFF
    assert slot.last_step == bench.kernel.bus.read("glancer_at") == 2 * tenth
    bench.run(1)
    assert slot.state is State.RUNNING
    assert slot.last_step == 13 * tenth


class Woken(Module):
    """Steps at whole seconds, and when something has come."""

    wakes = ("letters",)

    def __init__(self) -> None:
        self.times: list[int] = []
        self.letters: Inbox[str] = Inbox(4)

    def step(self, now: int, sees: object, out: Outbox) -> None:
        self.times.append(now)
        if "crash" in self.letters.drain():
            raise ValueError("told to")


def test_a_module_is_woken_by_what_comes_and_so_is_its_successor(make) -> None:
    bench = make(Row("woken", Woken, every=1, restarts=2))
    bench.sensors.values[1] = [2.5]
    slot, tenth = bench.kernel.slots[1], SECOND // 10
    bench.run(3)
    slot.module.letters.put("")
    bench.run(2)
    assert slot.module.times == [0, 3 * tenth]
    assert slot.last_step == bench.kernel.bus.read("woken_at") == 4 * tenth
    slot.module.letters.put("crash")
    bench.run(20)
    assert slot.state is State.RUNNING
    assert slot.module.times[-1] == 2 * SECOND
    slot.module.letters.put("")
    bench.run(1)
    assert slot.module.times[-1] == 25 * tenth


def test_only_an_inbox_can_wake(make) -> None:
    class Deaf(Woken):
        wakes = ("leters",)

    with pytest.raises(DeclarationError, match="woken wakes by leters, which is none of its inboxes"):
        make(Row("woken", Deaf, every=1))
