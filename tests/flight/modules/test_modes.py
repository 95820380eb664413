"""Modes: every mode, every target, every asker, against the table; reasons that nothing launders; dwell and NaN."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import (
    BOOT,
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
    Refused,
    Why,
)
from flight.modules.modes import Modes, Transition

TABLE = (
    Transition(SAFE, IDLE, (Why.COMMAND,), rung_at_most=4),
    Transition(
        SAFE, IDLE, (Why.RECOVERED,), 1, 0.5, dwell_s=600, after=(Why.BOOT, Why.LADDER), clean_boot=True
    ),
    Transition(IDLE, COMPUTE, (Why.COMMAND, Why.RECOVERED), rung_at_most=1, charge_at_least=0.7, dwell_s=60),
    Transition(COMPUTE, IDLE, (Why.COMMAND, Why.LADDER, Why.FAULT)),
)
CLEAN, UNCLEAN, SAFE_SET = Boot(3, True, False, 1), Boot(3, False, False, 2), Boot(3, False, True, 2)
GOOD = Modes.Inputs(0, 1.0)
ALLOWED = {(SAFE, IDLE): {Why.COMMAND}, (IDLE, COMPUTE): {Why.COMMAND, Why.RECOVERED}} | {
    (COMPUTE, IDLE): {Why.COMMAND, Why.LADDER, Why.FAULT}
}


class Flown:
    """A modes module driven by hand, one step a second."""

    def __init__(self, boot: Boot = CLEAN, table: tuple[Transition, ...] = TABLE, start_s: int = 100) -> None:
        self.now = start_s * SECOND
        self.module = Modes(table)
        self.boot = boot
        self.out = Outbox()
        self.module.start(self.now, boot, self.out)

    def step(self, sees: tuple[int, float] = GOOD, seconds: int = 1) -> Outbox:
        for _ in range(seconds):
            self.out.clear()
            self.now += SECOND
            self.module.step(self.now, Modes.Inputs(*sees), self.out)
        return self.out

    def ask(self, mode: Mode, why: Why, sees: tuple[int, float] = GOOD, ident: int = 0) -> Outbox:
        self.module.requests.put(ModeRequest(mode, why, ident))
        return self.step(sees)

    def go(self, mode: Mode) -> object:
        self.out.clear()
        return self.module.go(Call(self.now, 7), self.out, mode)

    @property
    def mode(self) -> int:
        return self.module.outputs.mode

    def events(self) -> list[tuple[str, tuple[float | bytes, ...]]]:
        return [(event.name, arguments) for event, arguments in self.out.events]


def flown_to(mode: Mode, boot: Boot = CLEAN) -> Flown:
    """In `mode`, with every condition met for long enough, and nothing autonomous just about to happen."""
    flown = Flown(boot)
    if mode is BOOT:
        return flown
    flown.step()
    if mode in (IDLE, COMPUTE):
        assert flown.go(IDLE) is DONE
        flown.step((0, 0.6), seconds=70)
        assert flown.mode == IDLE
    if mode is COMPUTE:
        flown.step(seconds=61)
        assert flown.mode == COMPUTE
    return flown


def test_boot_turns_into_safe_in_the_first_step() -> None:
    flown = Flown()
    assert flown.mode == BOOT
    flown.step()
    assert flown.mode == SAFE
    assert flown.events() == [("changed", (BOOT, SAFE, Why.BOOT))]
    assert flown.out.keeping
    assert (flown.module.kept.mode, flown.module.kept.why) == (SAFE, Why.BOOT)
    assert (flown.module.status.mode, flown.module.status.previous) == (SAFE, BOOT)


# For the full product: no condition but who asks, and nothing that happens by itself.
MATRIX = (
    Transition(SAFE, IDLE, (Why.COMMAND, Why.FAULT)),
    Transition(IDLE, COMPUTE, (Why.COMMAND,)),
    Transition(COMPUTE, IDLE, (Why.COMMAND, Why.LADDER, Why.FAULT)),
)
PERMITTED = {
    *((mode, SAFE, why) for mode in Mode for why in Why),
    *((SAFE, IDLE, why) for why in (Why.COMMAND, Why.FAULT)),
    (IDLE, COMPUTE, Why.COMMAND),
    *((COMPUTE, IDLE, why) for why in (Why.COMMAND, Why.LADDER, Why.FAULT)),
}


def in_mode(mode: Mode) -> Flown:
    flown = Flown(table=MATRIX)
    for step in (SAFE, IDLE, COMPUTE)[: int(mode)]:
        if step is SAFE:
            flown.step()
        else:
            assert flown.go(step) is DONE
    assert flown.mode == mode
    flown.out.clear()
    return flown


@pytest.mark.parametrize("why", Why)
@pytest.mark.parametrize("target", Mode)
@pytest.mark.parametrize("mode", [SAFE, IDLE, COMPUTE])
def test_every_mode_every_target_every_asker(mode: Mode, target: Mode, why: Why) -> None:
    flown = in_mode(mode)
    flown.ask(target, why, ident=55)
    [(ident, outcome)] = flown.out.finished
    assert ident == 55
    if mode is target:
        assert (outcome, flown.mode) == (DONE, mode)
    elif (mode, target, why) in PERMITTED:
        assert (outcome, flown.mode) == (DONE, target)
        assert [arguments[-1] for _, arguments in flown.events()] == [why]
    else:
        assert outcome == Refused(f"no way from {mode.name} to {target.name} for {why.name}")
        assert flown.mode == mode
        assert flown.module.status.refused == 1


@pytest.mark.parametrize("target", Mode)
@pytest.mark.parametrize("mode", Mode)
def test_every_mode_every_target_by_command(mode: Mode, target: Mode) -> None:
    flown = in_mode(mode)
    outcome = flown.go(target)
    if mode is target or (mode, target, Why.COMMAND) in PERMITTED:
        assert (outcome, flown.mode) == (DONE, target)
    else:
        assert outcome == Refused(f"no way from {mode.name} to {target.name} for COMMAND")
        assert flown.mode == mode


def test_refusals_say_why() -> None:
    flown = flown_to(SAFE)
    flown.step((5, 0.9))
    assert flown.go(IDLE) == Refused("rung is 5, 4 at most")
    flown.step((4, 0.9))
    assert flown.go(IDLE) == DONE
    flown.step((1, 0.69), seconds=80)
    assert flown.go(COMPUTE) == Refused("charge is 0.69, 0.70 at least")
    flown.step((2, 0.9))
    assert flown.go(COMPUTE) == Refused("rung is 2, 1 at most")
    flown.step((1, 0.9), seconds=60)
    assert flown.go(COMPUTE) == Refused("rung and charge must hold for 60 s")
    flown.ask(COMPUTE, Why.FAULT, (1, 0.9), ident=9)
    assert flown.out.finished == [(9, Refused("no way from IDLE to COMPUTE for FAULT"))]


def test_refusal_names_the_reasons_that_hold_it() -> None:
    table = (Transition(SAFE, IDLE, (Why.COMMAND,), after=(Why.BOOT, Why.COMMAND)),)
    flown = Flown(table=table)
    flown.step()
    flown.ask(SAFE, Why.FAULT)
    flown.ask(SAFE, Why.ISOLATION)
    assert flown.module.status.reasons == (1 << Why.BOOT) | (1 << Why.FAULT) | (1 << Why.ISOLATION)
    assert flown.module.status.why == Why.ISOLATION
    assert flown.go(IDLE) == Refused("SAFE because of FAULT, ISOLATION")


def test_changes_are_counted() -> None:
    flown = flown_to(COMPUTE)
    assert flown.module.status.changes == 3
    flown.go(SAFE)
    assert flown.module.status.changes == 4
    assert flown.module.status.reasons == 1 << Why.COMMAND


def test_only_the_way_that_is_conditional_asks_for_a_clean_boot() -> None:
    flown = flown_to(SAFE, UNCLEAN)
    assert flown.go(IDLE) == DONE


def test_safe_set_of_modules_has_no_way_out() -> None:
    flown = flown_to(SAFE, SAFE_SET)
    assert flown.go(IDLE) == Refused("only the safe set of modules runs")
    assert flown.module.status.safe_set


def test_leaves_safe_by_itself_after_the_dwell_of_a_clean_boot() -> None:
    flown = flown_to(SAFE)
    flown.step(seconds=599)
    assert flown.mode == SAFE
    flown.step()
    assert flown.mode == IDLE
    assert flown.events() == [("changed", (SAFE, IDLE, Why.RECOVERED))]
    flown.step(seconds=60)
    assert flown.mode == IDLE
    flown.step()
    assert flown.mode == COMPUTE


def test_not_after_an_unclean_boot() -> None:
    flown = flown_to(SAFE, UNCLEAN)
    flown.step(seconds=2000)
    assert flown.mode == SAFE


@pytest.mark.parametrize("bad", [(2, 1.0), (0, 0.49), (0, math.nan), (math.nan, 1.0)])
def test_dwell_counts_from_the_last_bad_moment(bad: tuple[int, float]) -> None:
    flown = flown_to(SAFE)
    flown.step(seconds=590)
    flown.step(bad)
    flown.step(seconds=600)
    assert flown.mode == SAFE
    flown.step()
    assert flown.mode == IDLE


@pytest.mark.parametrize("good", [(1, 1.0), (0, 0.5)])
def test_conditions_include_their_bounds(good: tuple[int, float]) -> None:
    flown = flown_to(SAFE)
    flown.step(good, seconds=601)
    assert flown.mode == IDLE


@pytest.mark.parametrize("why", sorted(set(Why) - {Why.BOOT, Why.LADDER}))
def test_a_graver_reason_keeps_it_safe(why: Why) -> None:
    flown = flown_to(SAFE)
    flown.ask(SAFE, why)
    assert flown.events() == [("another_reason", (why,))]
    assert flown.out.keeping
    flown.ask(SAFE, why)
    assert flown.events() == []
    flown.step(seconds=2000)
    assert flown.mode == SAFE
    assert flown.go(IDLE) == DONE  # the ground may
    assert flown.module.kept.reasons == 1 << Why.COMMAND


def test_a_request_in_safe_starts_the_dwell_anew() -> None:
    flown = flown_to(SAFE)
    flown.step(seconds=590)
    flown.ask(SAFE, Why.LADDER)
    flown.step(seconds=600)
    assert flown.mode == SAFE
    flown.step()
    assert flown.mode == IDLE


def test_a_reboot_does_not_launder_a_reason() -> None:
    first = flown_to(COMPUTE)
    first.ask(SAFE, Why.FAULT)
    assert first.events() == [("safed", (COMPUTE, Why.FAULT))]
    second = Flown()
    second.module.kept.mode, second.module.kept.why, second.module.kept.reasons = (
        SAFE,
        Why.FAULT,
        1 << Why.FAULT,
    )
    second.module.start(second.now, CLEAN, second.out)
    second.step()
    assert (second.module.status.before_boot, second.module.status.why_before_boot) == (SAFE, Why.FAULT)
    assert second.module.kept.reasons == (1 << Why.FAULT) | (1 << Why.BOOT)
    second.step(seconds=2000)
    assert second.mode == SAFE


def test_reasons_of_an_earlier_stay_are_gone() -> None:
    flown = flown_to(SAFE)
    flown.ask(SAFE, Why.FAULT)
    assert flown.go(IDLE) == DONE
    flown.ask(SAFE, Why.LADDER)
    assert flown.module.kept.reasons == 1 << Why.LADDER
    flown.step(seconds=601)
    assert flown.mode == IDLE


def test_a_reboot_from_compute_leaves_only_the_reason_boot() -> None:
    flown = Flown()
    flown.module.kept.mode, flown.module.kept.reasons = COMPUTE, 0xFF
    flown.module.start(flown.now, CLEAN, flown.out)
    assert flown.mode == BOOT
    flown.step()
    assert flown.module.kept.reasons == 1 << Why.BOOT


def test_expected_safe_mode_is_no_alarm() -> None:
    flown = flown_to(IDLE)
    flown.go(SAFE)
    assert flown.events() == [("changed", (IDLE, SAFE, Why.COMMAND))]


def test_refused_requests_are_counted_each_and_told_seldom() -> None:
    flown = flown_to(SAFE)
    told = []
    for second in range(25):
        flown.ask(COMPUTE, Why.LADDER)
        told += [second] * [name for name, _ in flown.events()].count("refused")
    assert flown.module.status.refused == 25
    assert told == [0, 10, 20]


def test_a_short_dwell_is_a_dwell() -> None:
    assert Transition(SAFE, IDLE, (Why.RECOVERED,), dwell_s=0.5).dwell_s == 0.5


def test_requests_beyond_the_inbox_are_lost_and_counted() -> None:
    flown = flown_to(IDLE)
    for _ in range(9):
        flown.module.requests.put(ModeRequest(COMPUTE, Why.LADDER))
    assert flown.module.requests.dropped == 1


def test_time_in_mode() -> None:
    flown = flown_to(SAFE)
    flown.step((6, 0.0), seconds=42)
    assert flown.module.status.in_mode_s == 42


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Transition(BOOT, IDLE, (Why.COMMAND,)),
        lambda: Transition(IDLE, SAFE, (Why.COMMAND,)),
        lambda: Transition(SAFE, BOOT, (Why.COMMAND,)),
        lambda: Transition(IDLE, IDLE, (Why.COMMAND,)),
        lambda: Transition(IDLE, COMPUTE, ()),
        lambda: Transition(SAFE, IDLE, (Why.RECOVERED,)),
    ],
)
def test_a_table_cannot_permit_these(wrong) -> None:
    with pytest.raises(DeclarationError):
        wrong()


REQUESTS = st.lists(
    st.builds(ModeRequest, st.sampled_from(Mode), st.sampled_from(Why), st.just(0)), max_size=12
)
NUMBERS = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.just(0.0), st.just(1.0))


@pytest.mark.slow
@given(
    st.lists(st.tuples(REQUESTS, st.integers(0, 255), NUMBERS), max_size=40),
    st.sampled_from([CLEAN, UNCLEAN, SAFE_SET]),
)
def test_whatever_is_asked_only_the_tables_ways_are_taken(steps, boot) -> None:
    flown = Flown(boot)
    flown.step()
    ways = set(itertools.product(Mode, [SAFE])) | set(ALLOWED)
    for requests, rung, charge in steps:
        wanted_safe = any(request.mode is SAFE for request in requests[:8])
        for request in requests:
            flown.module.requests.put(request)
        flown.step((rung, charge))
        changes = [a for n, a in flown.events() if n == "changed"] + [
            (a[0], SAFE) for n, a in flown.events() if n == "safed"
        ]
        assert all((old, new) in ways for old, new, *_ in changes)
        assert flown.module.status.mode == flown.mode
        if wanted_safe and requests[:8][-1].mode is SAFE:
            assert flown.mode == SAFE
        if boot is SAFE_SET:
            assert flown.mode == SAFE


def test_of_two_ways_that_open_together_the_first_is_taken() -> None:
    table = tuple(Transition(SAFE, target, (Why.RECOVERED,), dwell_s=10) for target in (IDLE, COMPUTE))
    flown = Flown(table=table)
    flown.step(seconds=11)
    assert flown.events() == [("changed", (SAFE, IDLE, Why.RECOVERED))]
    assert flown.mode == IDLE
