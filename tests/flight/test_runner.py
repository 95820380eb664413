"""Ticks at absolute moments, on a clock that the test moves."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.page import NoPage
from flight.runner import CATCH_UP_NS, COLLECT_ALL_EVERY, COLLECT_YOUNG_EVERY, OUTSIDE, Runner, TickLog
from flight.watched import WatchedKernel

TICK = 100_000_000


@dataclass
class FakeClock:
    """Machine time that moves when somebody sleeps, or when the test makes a step cost something."""

    machine: int = 0
    speed: int = 1
    measures: bool = True
    early: int = 0  # ns that a sleep wakes too soon, once

    def now(self) -> int:
        return self.machine * self.speed

    def cost(self) -> int:
        return self.machine

    def waited(self) -> int:
        return 0

    def sleep(self, mission: int) -> None:
        assert mission > 0
        early, self.early = min(self.early, mission - 1), 0
        self.machine += -(-(mission - early) // self.speed)


@dataclass
class FakeKernel:
    clock: FakeClock
    mission: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(base_tick_ns=TICK))
    figures: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(worst_late_ns=0))
    ticks: int = 0
    slowest: int = 5
    slowest_ns: int = 0
    done: list[int] = field(default_factory=list)
    told: list[tuple[int, int]] = field(default_factory=list)
    costs: list[int] = field(default_factory=list)  # machine time of the coming ticks
    ahead: int = 3 * TICK  # until the first deadline

    def tick(self, now: int) -> None:
        self.done.append(now)
        self.ticks += 1
        self.slowest_ns = self.costs.pop(0) if self.costs else 0
        self.clock.machine += self.slowest_ns

    def missed(self, count: int, culprit: int) -> None:
        self.told.append((count, culprit))

    def met_until(self, now: int) -> int:
        return now + self.ahead


class Beats(NoPage):
    def __init__(self) -> None:
        self.seen: list[tuple[int, int, int]] = []

    def beat(self, now: int, ticks: int, met_until: int) -> None:
        self.seen.append((now, ticks, met_until))


@dataclass
class Bench:
    clock: FakeClock
    kernel: FakeKernel
    page: Beats
    runner: Runner
    before: list[int]


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """The runner takes the collector of the whole process into its hands."""
    yield
    gc.enable()
    gc.unfreeze()


def make(speed: int = 1, machine: int = 0) -> Bench:
    clock = FakeClock(machine, speed)
    kernel, page, before = FakeKernel(clock), Beats(), list[int]()
    runner = Runner(cast(WatchedKernel, kernel), clock, page, before.append)
    begun: list[int] = []
    runner.start(begun.append)
    assert begun == [-(-machine * speed // TICK) * TICK]
    return Bench(clock, kernel, page, runner, before)


def test_ticks_are_whole_and_on_time() -> None:
    bench = make(machine=3 * TICK + 1)
    for _ in range(5):
        bench.runner.once()
    assert bench.kernel.done == [4 * TICK, 5 * TICK, 6 * TICK, 7 * TICK, 8 * TICK]
    assert bench.before == bench.kernel.done
    assert bench.kernel.told == []
    assert bench.kernel.figures.worst_late_ns == 0


def test_octets_move_ahead_of_each_tick() -> None:
    bench = make()
    bench.runner.before = lambda now: bench.before.append(len(bench.kernel.done))
    for _ in range(3):
        bench.runner.once()
    assert bench.before == [0, 1, 2]


def test_a_sleep_that_ends_early_is_slept_again() -> None:
    bench = make()
    bench.runner.once()
    bench.clock.early = TICK // 2
    bench.runner.once()
    assert bench.clock.machine == TICK
    assert bench.kernel.done == [0, TICK]


def test_a_slow_start_misses_nothing() -> None:
    clock = FakeClock()
    kernel = FakeKernel(clock)
    runner = Runner(cast(WatchedKernel, kernel), clock, NoPage(), lambda _now: None)

    def begin(now: int) -> None:
        clock.machine += 7 * TICK + 3

    runner.start(begin)
    runner.once()
    assert (kernel.done, kernel.told) == ([8 * TICK], [])


@pytest.mark.parametrize(
    ("cost", "missed"),
    [
        (TICK - 1, 0),
        (TICK, 0),
        (2 * TICK - 1, 0),
        (2 * TICK, 1),
        (8 * TICK + 30_000_000, 7),
        (9 * TICK - 1, 7),
    ],
)
def test_a_tick_is_missed_when_all_its_time_has_passed(cost: int, missed: int) -> None:
    bench = make()
    bench.kernel.costs = [cost]
    bench.runner.once()
    bench.runner.once()
    assert sum(count for count, _ in bench.kernel.told) == missed
    assert bench.kernel.done == [0, (1 + missed) * TICK]
    assert bench.kernel.figures.worst_late_ns == max(0, cost - (1 + missed) * TICK)


def test_whoever_took_longer_than_a_tick_is_named_and_else_nobody_of_ours() -> None:
    bench = make()
    bench.kernel.costs = [3 * TICK]
    bench.runner.once()
    bench.runner.once()
    bench.clock.machine += 4 * TICK
    bench.runner.once()
    assert bench.kernel.told == [(2, 5), (3, OUTSIDE)]


@pytest.mark.slow
@given(st.lists(st.integers(0, 5 * TICK), max_size=40))
def test_every_tick_is_done_once_or_counted_as_missed(costs: list[int]) -> None:
    bench = make()
    bench.kernel.costs = list(costs)
    log = bench.runner.log = TickLog()
    for _ in range(len(costs) + 1):
        bench.runner.once()
    done = bench.kernel.done
    assert done == sorted(set(done))
    span = (done[-1] - done[0]) // TICK + 1
    assert span == len(done) + sum(count for count, _ in bench.kernel.told)
    assert list(log.ticks[::3]) == done
    for mission, machine, late in zip(log.ticks[::3], log.ticks[1::3], log.ticks[2::3], strict=True):
        assert machine - mission == late
        assert 0 <= late < TICK, "each begins within its own time"
    assert [end - start for start, end in zip(log.ticks[1::3], log.ends, strict=True)] == [*costs, 0]


def test_the_page_gets_the_deadline_in_machine_time() -> None:
    bench = make(speed=10)
    bench.runner.once()
    bench.runner.once()
    assert bench.page.seen == [(0, 1, 3 * TICK), (TICK, 2, TICK // 10 + 3 * TICK)]


def test_a_bench_in_a_hurry_makes_up_for_a_pause_and_counts_what_is_beyond() -> None:
    bench = make(speed=60)
    bench.runner.once()
    bench.clock.machine += CATCH_UP_NS - 2_000_000
    for _ in range(100):
        bench.runner.once()
    assert bench.kernel.done == [tick * TICK for tick in range(101)]
    assert bench.kernel.told == []
    bench.clock.machine += 2 * CATCH_UP_NS
    bench.runner.once()
    assert bench.kernel.told
    late = bench.clock.now() - bench.kernel.done[-1]
    assert 0 <= late < TICK, "no catching up beyond that"


def test_garbage_is_collected_after_ticks_only() -> None:
    bench = make()
    assert not gc.isenabled()
    assert gc.get_freeze_count() > 0
    log = bench.runner.log = TickLog()
    before = [generation["collections"] for generation in gc.get_stats()]
    for _ in range(COLLECT_YOUNG_EVERY * 3):
        bench.runner.once()
    after = [generation["collections"] for generation in gc.get_stats()]
    assert [now - then for now, then in zip(after, before, strict=True)] == [3, 0, 0]
    assert list(log.pauses) == [0, 0] * 3, "on a clock that stands still"
    assert set(log.parts()) == {"ticks", "ends", "pauses"}


def test_once_an_hour_all_generations_are_collected() -> None:
    bench = make()
    bench.kernel.ticks = COLLECT_ALL_EVERY - 1
    before = gc.get_stats()[2]["collections"]
    bench.runner.once()
    assert gc.get_stats()[2]["collections"] == before + 1
