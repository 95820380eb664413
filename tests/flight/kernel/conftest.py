"""A kernel on a board of fakes: what the tests of the executive drive by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from flight.app import Built, assemble, make_modules, with_own_row
from flight.boot import Resumed
from flight.declare import SECOND, Boot, Inbox, Module, Occurrence, Stored
from flight.dictionary import build_dictionary, update, wanted_ids
from flight.kernel import Board, Kernel, Loaded
from flight.mission import Mission, Row, Sensor, Store, Switch
from flight.ports import LineState

TICK = SECOND // 10


@dataclass
class FakeClock:
    """Each call of `cost` adds what the test has put in `steps`, else nothing."""

    measures: bool = False
    spent: int = 0

    def now(self) -> int:
        return 0

    def cost(self) -> int:
        return self.spent

    def waited(self) -> int:
        return 0


@dataclass
class FakeLink:
    in_contact: bool = False
    space: int = 10_000
    received: bytes = b""
    sent: list[bytes] = field(default_factory=list)

    def carrier(self) -> bool:
        return self.in_contact

    def receive(self) -> bytes:
        data, self.received = self.received, b""
        return data

    def room(self) -> int:
        return self.space

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def line(self) -> LineState:
        return LineState(True, sum(map(len, self.sent)), 7, 6, 5, 4, 3)


@dataclass
class FakeSensors:
    values: dict[int, list[float]] = field(default_factory=dict)

    def read(self, every: int) -> Sequence[float]:
        return self.values[every]


@dataclass
class FakeSwitches:
    state: list[int] = field(default_factory=list)

    def set(self, index: int, level: int) -> None:
        self.state[index] = level

    def levels(self) -> Sequence[int]:
        return list(self.state)


@dataclass
class FakeWorker:
    """Answers `Stored` to everything at the next poll, unless told otherwise."""

    taken: list[tuple[int, object]] = field(default_factory=list)
    answers: list[tuple[int, object]] = field(default_factory=list)
    mute: bool = False
    full: bool = False

    def submit(self, ticket: int, request: object, now: int) -> bool:
        if self.full:
            return False
        self.taken.append((ticket, request))
        if not self.mute:
            self.answers.append((ticket, Stored()))
        return True

    def poll(self, now: int) -> Sequence[tuple[int, object]]:
        answers, self.answers = self.answers, []
        return answers

    def due(self, now: int) -> int:
        return now


class FakeComputer:
    def cpu_percent(self) -> float:
        return 1.0

    def memory_mb(self) -> float:
        return 2.0

    def disk_free_mb(self) -> float:
        return 3.0

    def garbage_collections(self) -> int:
        return 4


class Ear(Module):
    """Hears every packet and every event."""

    def __init__(self) -> None:
        self.emitted: Inbox[tuple[int, bytes]] = Inbox(10_000)

    def step(self, now: int, sees: object, out: object) -> None:
        pass


class EventBox(Module):
    def __init__(self) -> None:
        self.occurrences: Inbox[Occurrence] = Inbox(1000)
        self.critical: Inbox[Occurrence] = Inbox(1000)

    def step(self, now: int, sees: object, out: object) -> None:
        pass


class UplinkBox(Module):
    def __init__(self) -> None:
        self.octets: Inbox[bytes] = Inbox(100)

    def step(self, now: int, sees: object, out: object) -> None:
        pass


class CommandBox(Module):
    def __init__(self) -> None:
        self.outcomes: Inbox[tuple[int, object]] = Inbox(100)

    def step(self, now: int, sees: object, out: object) -> None:
        pass


@dataclass
class Bench:
    """A kernel with its fakes; `run(n)` does n ticks."""

    kernel: Kernel
    clock: FakeClock
    link: FakeLink
    sensors: FakeSensors
    switches: FakeSwitches
    worker: FakeWorker
    crashes: list[tuple[str, Exception]]
    next_tick: int = 0

    def run(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            self.kernel.tick(self.next_tick * TICK)
            self.next_tick += 1

    def events(self) -> list[tuple[str, bytes]]:
        """Labels and argument octets of all events so far, critical ones first."""
        found = []
        for name in ("events.critical", "events.occurrences"):
            for occurrence in self.kernel.boxes[name].items:
                assert isinstance(occurrence, Occurrence)
                entry = self.kernel.dictionary.events_by_number[occurrence.number]
                found.append((entry.label, occurrence.body[2:]))
        return found

    def labels(self) -> list[str]:
        return [label for label, _ in self.events()]


MakeBench = Callable[..., Bench]


@pytest.fixture
def make_bench(tmp_path: Path) -> MakeBench:
    def make(
        *rows: Row,
        sensors: tuple[Sensor, ...] = (),
        switches: tuple[Switch, ...] = (),
        kept: dict[str, bytes] | None = None,
        documents: dict[str, bytes] | None = None,
        defaults: dict[str, float] | None = None,
        measures: bool = False,
        start: bool = True,
    ) -> Bench:
        boxes = (
            Row("events", EventBox),
            Row("uplink", UplinkBox),
            Row("commands", CommandBox),
            Row("ear", Ear),
        )
        mission = Mission(
            "test",
            7,
            (*rows, *boxes),
            sensors,
            switches,
            (Store(1000, 100),) * 3,
            tmp_path,
            defaults=defaults or {},
        )
        mission = with_own_row(mission)
        modules = make_modules(mission)
        lock = update({}, wanted_ids(modules))
        dictionary = build_dictionary(mission.name, 7, mission.coding, modules, lock)
        rates = {sensor.every for sensor in sensors}
        clock, link, worker = FakeClock(measures), FakeLink(), FakeWorker()
        readings = FakeSensors({rate: [1.0 for s in sensors if s.every == rate] for rate in rates})
        actuators = FakeSwitches([0] * len(switches))
        crashes: list[tuple[str, Exception]] = []
        board = Board(
            clock,
            link,
            readings,
            actuators,
            worker,
            FakeComputer(),
            lambda name, error: crashes.append((name, error)),
        )
        resumed = Resumed(Boot(1, True, False, 1), 0)
        loaded = Loaded(kept or {}, documents or {}, (0, 0, 0))
        kernel = assemble(Built(mission, modules, dictionary), board, resumed, loaded)
        if start:
            kernel.start(0)
        return Bench(kernel, clock, link, readings, actuators, worker, crashes)

    return make


__all__ = ["TICK", "Bench", "MakeBench", "replace"]
