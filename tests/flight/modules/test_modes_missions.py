"""The missions' tables of modes beside their fault tables: what a fault may ask for, and what comes after."""

from __future__ import annotations

import pytest

from flight.declare import (
    COMPUTE,
    DONE,
    IDLE,
    SAFE,
    SECOND,
    Boot,
    Call,
    DeclarationError,
    Mode,
    ModeRequest,
    Outbox,
    Why,
)
from flight.missions.ai_rack.tables import TRANSITIONS as AI_RACK
from flight.missions.pathfinder.tables import TRANSITIONS as PATHFINDER
from flight.modules.faults import AskMode, AtMost, Fault, conflicts, faults_of
from flight.modules.modes import Modes, Transition, ways_of

GOOD = Modes.Inputs(0, 1.0)


class Flown:
    """A modes module driven by hand, one step a second, with rung and charge as good as can be."""

    def __init__(self, table: tuple[Transition, ...]) -> None:
        self.now = 100 * SECOND
        self.module = Modes(table)
        self.out = Outbox()
        self.module.start(self.now, Boot(3, True, False, 1), self.out)

    def step(self, seconds: int = 1) -> None:
        for _ in range(seconds):
            self.out.clear()
            self.now += SECOND
            self.module.step(self.now, GOOD, self.out)

    def ask(self, mode: Mode, why: Why) -> None:
        self.module.requests.put(ModeRequest(mode, why))
        self.step()

    def go(self, mode: Mode) -> object:
        self.out.clear()
        return self.module.go(Call(self.now, 7), self.out, mode)

    @property
    def mode(self) -> int:
        return self.module.outputs.mode


def test_ways_are_those_without_a_condition() -> None:
    by = (Why.FAULT, Why.COMMAND)
    table = (
        Transition(COMPUTE, IDLE, by),
        Transition(IDLE, COMPUTE, by, charge_at_least=0.5),
        Transition(SAFE, COMPUTE, by, after=(Why.BOOT,)),
        Transition(SAFE, IDLE, (Why.COMMAND,)),
    )
    assert ways_of(table, Why.FAULT) == {(COMPUTE, IDLE)}
    assert ways_of(table, Why.COMMAND) == {(COMPUTE, IDLE), (SAFE, IDLE)}
    assert ways_of(table, Why.LADDER) == set()


@pytest.mark.parametrize("table", [PATHFINDER, AI_RACK], ids=["pathfinder", "ai_rack"])
class TestMissions:
    def awake(self, table: tuple[Transition, ...], mode: Mode) -> Flown:
        flown = Flown(table)
        flown.step(seconds=2)
        assert flown.go(IDLE) is DONE
        flown.step()
        assert flown.mode == IDLE
        if mode is COMPUTE:
            flown.step(seconds=62)
        assert flown.mode == mode
        return flown

    def test_a_fault_stops_computing_until_the_ground_says_so(self, table) -> None:
        """A storm of upsets lasts longer than a dwell of 60 s."""
        flown = self.awake(table, COMPUTE)
        flown.ask(IDLE, Why.FAULT)
        assert flown.mode == IDLE
        flown.step(seconds=7200)
        assert flown.mode == IDLE
        assert flown.go(COMPUTE) is DONE

    def test_a_fault_that_finds_it_idle_keeps_it_idle(self, table) -> None:
        flown = self.awake(table, IDLE)
        flown.ask(IDLE, Why.FAULT)
        assert flown.out.keeping
        flown.step(seconds=7200)
        assert flown.mode == IDLE
        flown.ask(SAFE, Why.FAULT)
        flown.go(IDLE)
        flown.step(seconds=62)
        assert flown.mode == COMPUTE, "the fault was a reason for another stay in IDLE"

    def test_a_fault_row_and_the_table_must_agree(self, table) -> None:
        row = Fault(
            "storm", "t", AtMost(1.0), modes=(IDLE, COMPUTE), response=AskMode(IDLE), observe_only=True
        )
        assert conflicts((row,), (), ways_of(table, Why.FAULT)) == []
        shut = tuple(way for way in table if Why.FAULT not in way.by)
        with pytest.raises(DeclarationError, match="asks for IDLE, which the table of modes does not permit"):
            faults_of((row,), (), ways_of(shut, Why.FAULT))
