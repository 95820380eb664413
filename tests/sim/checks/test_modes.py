from __future__ import annotations

import pytest

from flight.declare import Mode, Why
from sim.checks.modes import ModesByTable


@pytest.fixture
def modes(seen, kernel, module, monkeypatch):
    """Let a mode last for some seconds under a rung and a charge; failures so far."""
    check = ModesByTable()
    check.installed(kernel, "modes")

    def hold(mode: Mode, seconds: int, rung: int = 0, charge: float = 0.9, why: Why = Why.RECOVERED) -> int:
        for name, value in (("mode", mode), ("rung", rung), ("charge", charge)):
            monkeypatch.setitem(vars(kernel.bus), name, value)
        monkeypatch.setattr(module("modes").status, "why", why)
        for second in range(seconds):
            check.look(seen, second)
        return check.failed

    vars(hold).update(check=check)
    return hold


def test_after_the_dwell_is_right(modes) -> None:
    modes(Mode.SAFE, 300)
    modes(Mode.IDLE, 60)
    assert modes(Mode.COMPUTE, 10) == 0
    assert modes.check.exercised == 2


@pytest.mark.parametrize(("seconds", "rung", "charge"), [(200, 0, 0.9), (400, 2, 0.9), (400, 0, 0.65)])
def test_before_the_dwell_or_without_its_conditions_is_wrong(modes, seconds, rung, charge) -> None:
    modes(Mode.SAFE, seconds, rung, charge)
    assert modes(Mode.IDLE, 1, rung, charge) == 1


def test_conditions_that_were_broken_begin_anew(modes) -> None:
    modes(Mode.SAFE, 290)
    modes(Mode.SAFE, 1, charge=0.5)
    modes(Mode.SAFE, 100)
    assert modes(Mode.IDLE, 1) == 1


def test_a_command_needs_no_dwell_but_its_conditions(modes) -> None:
    modes(Mode.SAFE, 5)
    assert modes(Mode.IDLE, 5, why=Why.COMMAND) == 0
    modes(Mode.SAFE, 5, rung=4)
    assert modes(Mode.IDLE, 5, rung=4, why=Why.COMMAND) == 1


def test_safe_may_always_be_entered_and_boot_leads_nowhere_else(modes, kernel) -> None:
    modes(Mode.SAFE, 300)
    modes(Mode.IDLE, 5)
    assert modes(Mode.SAFE, 5) == 0
    modes.check.installed(kernel, "modes")
    assert modes(Mode.IDLE, 5) == 1


def test_what_is_in_no_table_is_wrong(modes) -> None:
    modes(Mode.SAFE, 5000)
    assert modes(Mode.COMPUTE, 1) == 1
