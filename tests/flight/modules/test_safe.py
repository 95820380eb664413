"""The safe state: asserted in every mode but IDLE and COMPUTE, again every ten seconds, verified, reported once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import BOOT, COMPUTE, IDLE, SAFE, SECOND, Outbox
from flight.modules.safe import Safe, SafeLevel

TABLE = (SafeLevel(0, 1), SafeLevel(2, 0))
ASSERTED = [(0, 1), (2, 0)]
OBEYED = (1, 5, 0)


class Flown:
    def __init__(self) -> None:
        self.now = 50 * SECOND
        self.module = Safe(TABLE)
        self.out = Outbox()

    def step(self, mode: int, age: int = 0, levels: tuple[int, ...] = OBEYED) -> list[tuple[int, int]]:
        self.out.clear()
        self.now += SECOND
        self.module.step(self.now, Safe.Inputs(mode, age, levels), self.out)
        return self.out.switches

    def told(self) -> list[tuple[float | bytes, ...]]:
        return [arguments for event, arguments in self.out.events if event is Safe.not_obeyed]


@pytest.mark.parametrize("mode", [BOOT, SAFE, 4, 255])
def test_asserts_at_once_and_every_ten_seconds(mode: int) -> None:
    flown = Flown()
    asserted = [flown.now for _ in range(41) if flown.step(mode) == ASSERTED]
    assert asserted == [51 * SECOND, 61 * SECOND, 71 * SECOND, 81 * SECOND, 91 * SECOND]
    assert flown.module.status.holding
    assert flown.module.status.assertions == 5
    assert flown.module.status.corrections == 0


@pytest.mark.parametrize("mode", [IDLE, COMPUTE])
def test_touches_nothing_in_other_modes(mode: int) -> None:
    flown = Flown()
    assert all(flown.step(mode, levels=(0, 0, 9)) == [] for _ in range(30))
    assert not flown.out.used
    assert not flown.module.status.holding


def test_a_mode_that_nobody_writes_is_safe() -> None:
    flown = Flown()
    assert flown.step(COMPUTE, age=5 * SECOND) == []
    assert flown.step(COMPUTE, age=5 * SECOND + 1) == ASSERTED


def test_asserts_at_once_on_return_to_safe() -> None:
    flown = Flown()
    assert flown.step(SAFE) == ASSERTED
    assert flown.step(SAFE) == []
    assert flown.step(IDLE) == []
    assert not flown.module.status.holding
    assert flown.step(SAFE) == ASSERTED


def test_a_disobeying_switch_is_set_again_each_second_and_told_once() -> None:
    flown = Flown()
    flown.step(SAFE, levels=(1, 5, 3))
    assert flown.module.status.disobeying == 1
    told = []
    for count in range(2, 9):
        assert flown.step(SAFE, levels=(1, 5, 3)) == [(2, 0)]
        told += [(count, arguments) for arguments in flown.told()]
    assert told == [(4, (2, 3, 0))]
    assert flown.module.status.corrections == 7
    assert flown.step(SAFE) == []
    assert flown.module.status.disobeying == 0
    for _ in range(4):
        flown.step(SAFE, levels=(1, 5, 3))
    assert flown.told() == [(2, 3, 0)]  # a new episode


def test_a_switch_that_obeys_late_is_no_event() -> None:
    flown = Flown()
    for _ in range(3):
        flown.step(SAFE, levels=(0, 5, 0))
        assert flown.told() == []
    flown.step(SAFE)
    flown.step(SAFE, levels=(0, 5, 0))
    assert flown.told() == []


def test_levels_that_cannot_be_read_count_as_disobeyed() -> None:
    flown = Flown()
    for _ in range(4):
        flown.step(SAFE, levels=())
    assert flown.told() == [(0, 255, 1), (2, 255, 0)]


def test_leaving_safe_forgets_what_was_told() -> None:
    flown = Flown()
    for _ in range(4):
        flown.step(SAFE, levels=(0, 0, 0))
    flown.step(IDLE, levels=(0, 0, 0))
    assert flown.module.status.disobeying == 0
    for count in range(4):
        flown.step(SAFE, levels=(0, 0, 0))
        assert flown.told() == ([(0, 0, 1)] if count == 3 else [])


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 20 * SECOND), st.lists(st.integers(0, 255), max_size=4)),
        max_size=60,
    )
)
def test_only_ever_sets_the_levels_of_the_table(steps) -> None:
    flown = Flown()
    for mode, age, levels in steps:
        switches = flown.step(mode, age, tuple(levels))
        assert set(switches) <= set(ASSERTED)
        if mode in (IDLE, COMPUTE) and age <= 5 * SECOND:
            assert switches == []
