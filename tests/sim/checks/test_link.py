from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from flight.kernel.supervisor import State
from sim.checks.link import FLOWS_WITHIN_S, TelemetryFlows


@pytest.fixture
def contact(seen, kernel, monkeypatch):
    """A contact in which octets go down, or not; exercise and failures."""
    check = TelemetryFlows()
    radio = seen.radio = SimpleNamespace(in_contact=True, sent_octets=0, receiving=True)
    seen.switches = SimpleNamespace(names=seen.switches.names, jammed=set())
    monkeypatch.setitem(vars(kernel.bus), "rails_allowed", (1 << 64) - 1)
    monkeypatch.setitem(vars(kernel.bus), "rung", 0)

    clock = itertools.count()

    def fly(seconds: int = FLOWS_WITHIN_S + 1, *, sends: bool = False) -> tuple[int, int]:
        for _ in range(seconds):
            radio.sent_octets += 227 * sends
            check.look(seen, next(clock))
        return check.exercised, check.failed

    return fly


def test_flowing_is_right_and_silence_is_wrong(contact) -> None:
    assert contact(sends=True) == (1, 0)
    assert contact() == (2, 1)


def test_no_contact_is_nothing(contact, seen) -> None:
    seen.radio.in_contact = False
    assert contact(500) == (0, 0)


@pytest.mark.parametrize("excuse", ["off", "jammed", "latched", "shed", "rail", "receiver", "isolated"])
def test_what_takes_the_radio_away_excuses(contact, seen, kernel, monkeypatch, excuse) -> None:
    if excuse == "off":
        seen.computer.kernel = None
    elif excuse == "jammed":
        seen.switches.jammed.add("transmitter")
    elif excuse == "latched":
        seen.latched.add(seen.transmitter)
    elif excuse == "shed":
        monkeypatch.setitem(vars(kernel.bus), "rung", 6)
    elif excuse == "rail":
        monkeypatch.setitem(vars(kernel.bus), "rails_allowed", 0)
    elif excuse == "receiver":
        seen.radio.receiving = False
    else:
        slot = next(slot for slot in kernel.slots if slot.name == "downlink")
        monkeypatch.setattr(slot, "state", State.ISOLATED)
    assert contact(500) == (0, 0)


def test_a_compute_rail_is_no_excuse(contact, seen) -> None:
    seen.switches.jammed.add("compute_a")
    assert contact()[1] == 1
