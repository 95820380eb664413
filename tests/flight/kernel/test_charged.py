"""What a module asks for, shows or is made of may be wrong: the module pays for it, the executive goes on."""

from __future__ import annotations

import struct
from typing import NamedTuple

import pytest

from flight.declare import (
    DONE,
    SECOND,
    U16,
    Call,
    Event,
    Invocation,
    Kept,
    Module,
    Octets,
    Outbox,
    Outcome,
    Refused,
    Severity,
    Telemetry,
    command,
)
from flight.kernel.supervisor import State
from flight.mission import Row, Switch

TICKS = 10  # of a second


class Careless(Module):
    """Asks for what it is told to."""

    class Inputs(NamedTuple):
        pass

    class Status(Telemetry, period=1):
        seen: U16

    class State(Kept, version=1):
        total: U16

    told = Event(Severity.LOW, "told {count}, {words}", count=U16, words=Octets)
    makes = 0
    fails_to_make = False

    def __init__(self) -> None:
        if Careless.fails_to_make:
            raise RuntimeError("no such module")
        Careless.makes += 1
        self.status, self.kept = self.Status(), self.State()
        self.wants: list[object] = []
        self.ticket_wants: object = None
        self.fails_to_show = False
        self.status.refresh = self.show

    def show(self) -> None:
        if self.fails_to_show:
            raise RuntimeError("nothing to show")

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        for want in self.wants:
            assert callable(want)
            want(out)
        self.wants = []

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        if callable(self.ticket_wants):
            self.ticket_wants(out)

    @command()
    def act(self, call: Call, out: Outbox) -> Outcome:
        """Tell of it, in a wrong way."""
        out.event(self.told, 1, "words")  # type: ignore[arg-type]
        return DONE


class Other(Module):
    def __init__(self) -> None:
        self.times: list[int] = []

    def step(self, now: int, sees: object, out: Outbox) -> None:
        self.times.append(now)


class Stranger(Module):
    alien = Event(Severity.LOW, "not an event of Careless")

    def step(self, now: int, sees: object, out: Outbox) -> None:
        pass


ASKED = {
    "an argument of a wrong type": lambda out: out.event(Careless.told, 1, "words"),
    "an argument too few": lambda out: out.event(Careless.told, 1),
    "an argument too long": lambda out: out.event(Careless.told, 1, bytes(70_000)),
    "another module's event": lambda out: out.event(Stranger.alien),
    "a report of no octets": lambda out: out.report(1, 1, None),
    "a level of a wrong type": lambda out: out.set(0, "on"),
}


@pytest.fixture(autouse=True)
def anew(monkeypatch) -> None:
    monkeypatch.setattr(Careless, "makes", 0)
    monkeypatch.setattr(Careless, "fails_to_make", False)


@pytest.fixture
def bench(make_bench):
    rows = (Row("careless", Careless, every=1, restarts=2), Row("other", Other, every=1))
    return make_bench(*rows, Row("stranger", Stranger, every=1), switches=(Switch("heater"),))


def careless_of(bench):
    return bench.kernel.slots[1].module


def charged(bench) -> tuple[list[str], State]:
    """Whom the crashes were charged to, and what became of the module; the others have gone on."""
    other = bench.kernel.slots[2].module
    assert len(other.times) == bench.next_tick
    assert bench.labels().count("executive.crashed") + bench.labels().count(
        "executive.isolated_module"
    ) == len(bench.crashes)
    return [name for name, _ in bench.crashes], bench.kernel.slots[1].state


@pytest.mark.parametrize("measures", [False, True])
@pytest.mark.parametrize("asked", ASKED)
def test_what_cannot_be_performed_is_a_crash_of_who_asked(make_bench, asked, measures) -> None:
    rows = (Row("careless", Careless, every=1), Row("other", Other, every=1))
    bench = make_bench(*rows, Row("stranger", Stranger), switches=(Switch("heater"),), measures=measures)
    bench.run(1)
    careless_of(bench).wants = [ASKED[asked]]
    bench.run(1)
    assert charged(bench) == (["careless"], State.BACKING_OFF)
    bench.run(TICKS)
    assert bench.kernel.slots[1].state is State.RUNNING
    assert bench.kernel.slots[1].restarts == 1


def test_who_always_asks_for_it_is_isolated(make_bench) -> None:
    class Always(Careless):
        def step(self, now: int, sees: object, out: Outbox) -> None:
            out.event(self.told, 1, "words")  # type: ignore[arg-type]

    bench = make_bench(Row("always", Always, every=1, restarts=2), Row("other", Other, every=1))
    bench.run(40 * TICKS)
    assert charged(bench) == (["always"] * 3, State.ISOLATED)


def test_nothing_of_a_spoiled_outbox_is_left_for_the_next(bench) -> None:
    careless_of(bench).wants = [lambda out: (ASKED["an argument too few"](out), out.set(0, 1))]
    bench.run(2)
    assert charged(bench)[0] == ["careless"]
    assert bench.switches.state == [0]


def test_a_command_that_tells_what_cannot_be_told_is_refused(bench) -> None:
    number = bench.kernel.dictionary.commands_by_label["careless.act"].number
    careless_of(bench).wants = [lambda out: out.invoke(Invocation(5, number, ()))]
    bench.run(1)
    assert list(bench.kernel.boxes["commands.outcomes"].items) == [(5, Refused("the module crashed"))]
    assert charged(bench) == (["careless"], State.BACKING_OFF)


def test_so_is_what_a_completion_asks_for(bench) -> None:
    careless = careless_of(bench)
    careless.wants = [lambda out: out.submit("anything", SECOND)]
    careless.ticket_wants = ASKED["an argument of a wrong type"]
    bench.run(2)
    assert charged(bench) == (["careless"], State.BACKING_OFF)


def packets_of(bench) -> int:
    """Housekeeping of the careless module that was emitted."""
    apid = bench.kernel.dictionary.apids["careless"]
    packets = [packet for _, packet in bench.kernel.boxes["ear.emitted"].items]
    return sum(struct.unpack(">H", packet[:2])[0] & 0x7FF == apid and packet[7] == 3 for packet in packets)


def test_telemetry_that_cannot_be_filled_in_is_a_crash_of_its_module(bench) -> None:
    bench.run(TICKS)
    careless_of(bench).fails_to_show = True
    before = packets_of(bench)
    bench.run(TICKS)
    assert charged(bench) == (["careless"], State.BACKING_OFF)
    assert (before, packets_of(bench)) == (1, 1)
    bench.run(2 * TICKS)
    assert packets_of(bench) == 3, "the fresh object shows again"


def test_an_isolated_module_that_cannot_show_itself_is_charged_no_more(bench) -> None:
    slot = bench.kernel.slots[1]
    slot.state = State.ISOLATED
    slot.module.fails_to_show = True
    bench.run(5 * TICKS)
    assert bench.crashes == []
    assert slot.state is State.ISOLATED


def test_a_module_that_cannot_be_made_again_is_isolated(bench) -> None:
    bench.run(1)
    careless_of(bench).wants = [ASKED["an argument too few"]]
    Careless.fails_to_make = True
    bench.run(30 * TICKS)
    assert charged(bench) == (["careless"] * 3, State.ISOLATED)
    assert Careless.makes == 1


class PowerCut(BaseException):
    """Everything stops here."""


def test_what_is_no_exception_passes(bench) -> None:
    def cut(data: bytes) -> None:
        raise PowerCut

    bench.link.send = cut
    careless_of(bench).wants = [lambda out: out.transmit(b"frame")]
    with pytest.raises(PowerCut):
        bench.run(1)
    assert bench.crashes == []
