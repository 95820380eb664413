from __future__ import annotations

from types import SimpleNamespace

import pytest

from flight.boot import pack_clock
from flight.declare import SECOND, Failed, Mode, SaveState, Stored
from flight.kernel.supervisor import State
from sim.checks.state import (
    ClockMonotonic,
    KnownStateAfterBoot,
    QueuesBounded,
    StoredWithinBudget,
    SwitchLimits,
)


@pytest.mark.parametrize(
    ("mode", "receiver", "latched", "failed"),
    [(Mode.SAFE, 1, False, 0), (Mode.IDLE, 1, False, 1), (Mode.SAFE, 0, False, 1), (Mode.SAFE, 0, True, 0)],
)
def test_the_state_after_a_boot(seen, booted, kernel, monkeypatch, mode, receiver, latched, failed) -> None:
    check = KnownStateAfterBoot()
    check.booted(booted, kernel)
    monkeypatch.setitem(vars(kernel.bus), "mode", mode)
    levels = [receiver] * 20
    seen.world = SimpleNamespace(plant=SimpleNamespace(switch_levels=lambda: levels))
    seen.latched = {seen.receiver} if latched else set()
    check.look(seen, 4)
    assert check.exercised == 0
    check.look(seen, 5)
    check.look(seen, 6)
    assert (check.exercised, check.failed) == (1, failed)


class TestClock:
    def reboot(self, check, seen, offset_s: int) -> int:
        seen.computer.offset = offset_s * SECOND
        check.booted(seen, None)
        return check.failed

    def flown(self, seen, floor_s: int) -> ClockMonotonic:
        check = ClockMonotonic()
        check.performed(SaveState("clock", pack_clock(floor_s * SECOND, clean=False)), Stored())
        for second in range(101):
            check.moment.second = second
            check.look(seen, second)
        return check

    def test_forwards_is_right_and_backwards_is_wrong(self, seen) -> None:
        check = self.flown(seen, 160)
        assert self.reboot(check, seen, 60) == 0
        assert self.reboot(check, seen, -1) == 1

    def test_beyond_what_storage_took_it_may(self, seen) -> None:
        check = self.flown(seen, 90)
        check.performed(SaveState("clock", pack_clock(160 * SECOND, clean=False)), Failed("disk: no"))
        assert self.reboot(check, seen, -30) == 0
        assert check.excused == 1


def test_stored_octets(seen) -> None:
    check = StoredWithinBudget(seen)
    for stored, failed in ((check.budget, 0), (check.budget + 1, 1)):
        seen.disk = SimpleNamespace(stored_bytes=stored)
        check.look(seen, 1)
        assert check.failed == failed


def test_levels_of_switches(seen) -> None:
    check = SwitchLimits(seen)
    for levels, failed in ((check.highest, 0), ([-1, *check.highest[1:]], 1), ([9, *check.highest[1:]], 2)):
        seen.switches = SimpleNamespace(levels=lambda levels=levels: levels)
        check.look(seen, 1)
        assert check.failed == failed


@pytest.mark.parametrize("what", ["nothing", "inbox", "ledger", "tickets", "playback", "ranges"])
def test_queues(seen, kernel, module, monkeypatch, what) -> None:
    check = QueuesBounded()
    if what == "inbox":
        box = kernel.boxes["modes.requests"]
        monkeypatch.setattr(box, "capacity", -1)
    elif what == "ledger":
        monkeypatch.setattr(module("commands").ledger, "open", dict.fromkeys(range(100)))
    elif what == "tickets":
        monkeypatch.setattr(kernel.tickets, "pending", dict.fromkeys(range(300)))
    elif what == "playback":
        monkeypatch.setattr(module("downlink").playback, "ready_bytes", 10**6)
    elif what == "ranges":
        monkeypatch.setattr(
            module("downlink").playback.unseen[1], "items", [(i, i) for i in range(0, 200, 2)]
        )
    check.look(seen, 10)
    assert check.failed == (what != "nothing")
    assert all(slot.state is State.RUNNING for slot in kernel.slots)
