"""The kernel as the guardian sees it and starts it, without processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from flight.app import make_modules, with_own_row
from flight.boards.pc import NoLink, NoSensors, NoSwitches
from flight.declare import SECOND, Append, Boot, Invocation, Occurrence, Stored
from flight.dictionary import build_dictionary, unpack_arguments, update, wanted_ids
from flight.judge import CHARGES_TO_ISOLATE
from flight.kernel import Board, Loaded
from flight.kernel.executive import LATE_PERIODS
from flight.page import NOBODY
from flight.watched import WatchedKernel
from tests.realtime.trial import MISSION
from tests.realtime.trial.modules import How

TICK = SECOND // 10


@dataclass
class Costless:
    measures: bool = True
    moment: int = 0

    def now(self) -> int:
        return self.moment

    def cost(self) -> int:
        return self.moment

    def waited(self) -> int:
        return 0


@dataclass
class Page:
    """Who has been shown, in order."""

    shown: list[int] = field(default_factory=list)

    def enter(self, index: int, now: int) -> None:
        self.shown.append(index)

    def leave(self, now: int) -> None:
        self.shown.append(NOBODY)

    def beat(self, now: int, ticks: int, met_until: int) -> None:
        pass


class Storage:
    """Takes everything at once."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, object]] = []
        self.taken: list[object] = []

    def submit(self, ticket: int, request: object, now: int) -> bool:
        self.taken.append(request)
        self.answers.append((ticket, Stored()))
        return True

    def poll(self, now: int) -> Sequence[tuple[int, object]]:
        answers, self.answers = self.answers, []
        return answers

    def due(self, now: int) -> int:
        return now


class Still:
    """A machine without figures."""

    def cpu_percent(self) -> float:
        return 0.0

    memory_mb = disk_free_mb = cpu_percent

    def garbage_collections(self) -> int:
        return 0


@dataclass
class Bench:
    kernel: WatchedKernel
    page: Page
    storage: Storage
    crashes: list[str]
    ticks: int = 0

    def index(self, name: str) -> int:
        return next(slot.index for slot in self.kernel.slots if slot.name == name)

    def steps(self, name: str) -> int:
        return int(vars(self.kernel.slots[self.index(name)].module)["status"].steps)

    def run(self, count: int) -> None:
        for _ in range(count):
            self.ticks += 1
            self.kernel.tick(self.ticks * TICK)

    def events(self) -> list[tuple[object, ...]]:
        """Label and arguments of each, taken out of the boxes."""
        found: list[tuple[object, ...]] = []
        for name in ("events.grave", "events.critical", "events.occurrences"):
            for occurrence in self.kernel.boxes[name].drain():
                assert isinstance(occurrence, Occurrence)
                entry = self.kernel.dictionary.events_by_number[occurrence.number]
                found.append((entry.name, *(unpack_arguments(entry.fields, occurrence.body[2:]) or ())))
        return found


Make = Callable[..., Bench]


@pytest.fixture
def bench() -> Bench:
    mission = with_own_row(MISSION)
    modules = make_modules(mission)
    lock = update({}, wanted_ids(modules))
    dictionary = build_dictionary("trial", mission.spacecraft_id, mission.coding, modules, lock)
    page, storage, crashes = Page(), Storage(), list[str]()
    board = Board(
        Costless(),
        NoLink(),
        NoSensors(mission),
        NoSwitches(mission),
        storage,
        Still(),
        lambda module, error: crashes.append(module),
    )
    boot = Boot(1, clean=True, safe=False, reason=1)
    kernel = WatchedKernel(mission, dictionary, modules, board, Loaded({}, {}, (10, 20, 30)), boot, page)
    return Bench(kernel, page, storage, crashes)


# ---------------------------------------------------------------- at boot


def test_without_charges_all_run(bench: Bench) -> None:
    bench.kernel.begin(0, {}, NOBODY)
    assert [event[0] for event in bench.events()] == ["booted"]
    bench.run(3)
    assert bench.steps("vital") == bench.steps("trouble") == 3


def test_who_was_charged_just_now_backs_off_and_is_reported(bench: Bench) -> None:
    trouble = bench.index("trouble")
    bench.kernel.begin(0, {trouble: 1}, trouble)
    assert ("crashed", trouble, 1) in bench.events()
    bench.run(9)
    assert bench.steps("trouble") == 0
    bench.run(2)
    assert bench.steps("trouble") > 0
    assert bench.steps("vital") == 11


def test_an_older_charge_counts_and_is_not_said_again(bench: Bench) -> None:
    trouble, vital = bench.index("trouble"), bench.index("vital")
    bench.kernel.begin(0, {trouble: 2}, NOBODY)
    assert [event[0] for event in bench.events()] == ["booted"]
    bench.kernel.fail(trouble, 0)
    assert bench.events() == [("crashed", trouble, 3)]
    assert bench.kernel.slots[vital].crashes == []


def test_who_was_charged_often_enough_starts_isolated_in_every_life(bench: Bench) -> None:
    trouble = bench.index("trouble")
    bench.kernel.begin(0, {trouble: CHARGES_TO_ISOLATE}, NOBODY)
    assert [event[:2] for event in bench.events() if event[0] != "booted"] == [("isolated_module", trouble)]
    bench.page.shown.clear()
    bench.run(50)
    assert bench.steps("trouble") == 0
    assert bench.steps("vital") == 50
    bench.kernel.slots[trouble].revive(bench.ticks * TICK)
    bench.run(2)
    assert bench.steps("trouble") > 0, "until it is told to run"


def test_an_isolated_module_is_not_even_started(bench: Bench) -> None:
    """What hangs in its start would take the executive with it for ever."""
    trouble, begun = bench.index("trouble"), list[str]()
    vars(bench.kernel.slots[trouble].module)["start"] = lambda *_: begun.append("trouble")
    vars(bench.kernel.slots[bench.index("vital")].module)["start"] = lambda *_: begun.append("vital")
    bench.kernel.begin(0, {trouble: CHARGES_TO_ISOLATE}, trouble)
    assert begun == ["vital"]


def test_the_rest_stays_out_of_the_safe_set_and_nobody_is_blamed(bench: Bench) -> None:
    bench.kernel.begin(0, {}, NOBODY, resting=["trouble"])
    assert [event[0] for event in bench.events()] == ["booted"]
    bench.run(20)
    assert bench.steps("trouble") == 0
    assert len(bench.kernel.slots) == len(MISSION.rows) + 1


def test_charges_of_modules_that_are_not_there_are_ignored(bench: Bench) -> None:
    bench.kernel.begin(0, {99: 3, 98: 1}, 98)
    assert [event[0] for event in bench.events()] == ["booted"]


# ---------------------------------------------------------------- what is shown


def test_the_page_shows_each_module_at_its_start_and_its_step(bench: Bench) -> None:
    everyone = [slot.index for slot in bench.kernel.slots]
    bench.kernel.begin(0, {}, NOBODY)
    assert [index for index in bench.page.shown if index != NOBODY] == everyone
    assert bench.page.shown[-1] == NOBODY
    bench.page.shown.clear()
    bench.run(10)
    assert set(bench.page.shown) == {*everyone, NOBODY}
    assert bench.page.shown[-1] == NOBODY


def test_the_page_shows_whose_command_runs(bench: Bench) -> None:
    bench.kernel.begin(0, {}, NOBODY)
    function = bench.kernel.dictionary.commands_by_label["trouble.now"].number
    during: list[int] = []
    target = bench.kernel.slots[bench.index("trouble")]
    vars(target.module)["now"] = lambda *_: during.append(bench.page.shown[-1])
    bench.kernel.out.invoke(Invocation(1, function, (How.LINGER, 0)))
    bench.kernel._perform(bench.kernel.slots[bench.index("commands")], 0)
    assert during == [target.index]


# ---------------------------------------------------------------- deadlines


def test_the_first_deadline_is_that_of_the_critical_module_that_is_longest_ago(bench: Bench) -> None:
    bench.kernel.begin(0, {}, NOBODY)
    bench.run(5)
    now = bench.ticks * TICK
    # The executive itself is critical at 1 Hz and has stepped at 0; `vital` at 10 Hz has just stepped.
    vital, own = (bench.kernel.slots[bench.index(name)] for name in ("vital", "executive"))
    assert (vital.last_step, own.row.every, own.row.critical) == (now, 10, True)
    assert bench.kernel.met_until(now) == min(
        now + LATE_PERIODS * TICK, own.last_step + LATE_PERIODS * SECOND
    )
    vars(vital.module)["asked"] = True
    bench.run(LATE_PERIODS + 1)
    assert bench.crashes == ["vital"]
    assert bench.kernel.met_until(bench.ticks * TICK) == now + LATE_PERIODS * TICK < bench.ticks * TICK
    bench.run(10)
    assert bench.kernel.met_until(bench.ticks * TICK) > bench.ticks * TICK, "it runs again"


def test_deadlines_of_modules_that_are_not_critical_do_not_count(bench: Bench) -> None:
    bench.kernel.begin(0, {bench.index("trouble"): CHARGES_TO_ISOLATE}, NOBODY)
    bench.run(100)
    assert bench.kernel.slots[bench.index("trouble")].last_step == 0
    assert bench.kernel.met_until(bench.ticks * TICK) > bench.ticks * TICK


# ---------------------------------------------------------------- around the ticks


def test_a_guardian_that_is_gone_is_reported(bench: Bench) -> None:
    bench.kernel.begin(0, {}, NOBODY)
    bench.events()
    bench.kernel.guardian_gone()
    assert bench.events() == [("unguarded",)]


def test_counts_go_up_to_what_a_new_worker_takes_and_never_down(bench: Bench) -> None:
    bench.kernel.begin(0, {}, NOBODY)
    counts = bench.kernel.emitter.next_counts
    before = list(counts)
    bench.kernel.raise_counts((5, before[1] + 100, before[2]))
    assert counts == [before[0], before[1] + 100, before[2]]


def test_the_last_words_are_all_that_no_recorder_has_handed_over(bench: Bench) -> None:
    bench.kernel.begin(0, {}, NOBODY)
    box = bench.kernel.boxes["recorder.emitted"]
    box.drain()
    records = [(0, 4), (2, 30), (0, 5), (2, 31), (2, 33), (0, 6)]
    for store, count in records:
        box.put((store << 56 | count, b"%d-%d" % (store, count)))
    assert bench.kernel.unrecorded() == [
        Append(0, 4, (b"0-4", b"0-5", b"0-6")),
        Append(2, 30, (b"2-30", b"2-31")),
        Append(2, 33, (b"2-33",)),
    ]
    assert bench.kernel.unrecorded() == [], "taken once"


def test_a_mission_without_a_recorder_has_no_last_words(bench: Bench) -> None:
    del bench.kernel.boxes["recorder.emitted"]
    assert bench.kernel.unrecorded() == []


def test_missed_ticks_are_counted_and_the_module_named(bench: Bench) -> None:
    bench.kernel.begin(0, {}, NOBODY)
    bench.events()
    bench.kernel.missed(7, 1)
    assert bench.kernel.figures.missed_ticks == 7 == bench.kernel.bus.read("missed_ticks")
    assert bench.events() == [("missed", 7, 1)]
