from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flight.declare import DONE, SECOND, Failed, Invocation, Refused, Report, SaveState, Stored
from flight.modules.commands.seen import CHECKSUM_BITS
from flight.wire import Ack, encode_verification
from sim.checks.commands import EveryCommandAnswered, HazardousArmed, NoCommandTwice, RequestIdsKept

REQUEST = 0x1801C005
PACKET = REQUEST.to_bytes(4, "big") + bytes(8)


def test_a_second_run_of_a_telecommand_is_seen_also_after_a_reboot(booted, kernel) -> None:
    check = NoCommandTwice()
    check.booted(booted, kernel)
    check.begun(REQUEST, Ack.ALL, False)
    check.begun(REQUEST + 1, Ack.ALL, False)
    assert not check.failed
    check.booted(booted, kernel)
    check.installed(kernel, "commands")
    check.begun(REQUEST, Ack.ALL, False)
    assert check.failed == 1
    assert "runs for the 2. time" in check.failures[0]


def test_each_release_on_board_allows_one_run(booted, kernel) -> None:
    check = NoCommandTwice()
    check.booted(booted, kernel)
    for _ in range(2):
        check.released(PACKET)
        check.begun(REQUEST, Ack.ALL, True)
    assert not check.failed
    check.begun(REQUEST, Ack.ALL, True)
    assert check.failed == 1


def test_one_run_has_one_effect(booted, kernel) -> None:
    check = NoCommandTwice()
    check.booted(booted, kernel)
    call = Invocation(7, 11, ())
    check.called(call, REQUEST, DONE)
    assert not check.failed
    check.called(call, REQUEST, DONE)
    assert check.failed == 1


def test_repeated_telecommands_count_as_exercise(seen, booted, kernel, module, monkeypatch) -> None:
    check = NoCommandTwice()
    check.booted(booted, kernel)
    monkeypatch.setattr(module("commands").status, "duplicates", 3)
    check.look(seen, 10)
    check.look(seen, 20)
    assert check.exercised == 3


def final(request: int, subtype: int = 7) -> Report:
    return Report(1, subtype, encode_verification(request))


def answered(booted, kernel) -> EveryCommandAnswered:
    check = EveryCommandAnswered()
    check.booted(booted, kernel)
    check.moment.second = 100
    check.begun(REQUEST, Ack.ALL, False)
    return check


def test_a_command_without_an_end_is_seen(seen, booted, kernel) -> None:
    check = answered(booted, kernel)
    check.reported(Report(1, 1, encode_verification(REQUEST)))
    check.look(seen, 230)
    assert not check.failed
    check.look(seen, 240)
    assert check.failed == 1
    check.look(seen, 900)
    assert check.failed == 1, "once for each command"


def test_both_ends_end_a_command(seen, booted, kernel) -> None:
    for subtype in (7, 8):
        check = answered(booted, kernel)
        check.reported(final(REQUEST, subtype))
        check.look(seen, 1000)
        assert not check.failed
        assert check.exercised == 1


def test_a_reboot_or_a_restart_excuses(seen, booted, kernel) -> None:
    for excuse in (lambda c: c.booted(booted, kernel), lambda c: c.installed(kernel, "commands")):
        check = answered(booted, kernel)
        excuse(check)
        check.look(seen, 1000)
        assert not check.failed
    check = answered(booted, kernel)
    check.installed(kernel, "thermal")
    check.look(seen, 1000)
    assert check.failed == 1


def stand_in(**parts: Any) -> Any:
    """For a whole of which a check looks at these parts alone."""
    return SimpleNamespace(**parts)


class TestHazardous:
    def arming(self, kernel) -> tuple[HazardousArmed, Any, int, int]:
        check = HazardousArmed()
        clock = stand_in(now=1000 * SECOND)
        check.kernel = stand_in(dictionary=kernel.dictionary, emitter=clock, slots=kernel.slots)
        labels = kernel.dictionary.commands_by_label
        return check, clock, labels["commands.arm"].number, labels["health.shutdown"].number

    def test_armed_in_time_is_right(self, kernel) -> None:
        check, clock, arm, shutdown = self.arming(kernel)
        check.called(Invocation(1, arm, (shutdown,)), 0, DONE)
        clock.now += 60 * SECOND
        check.called(Invocation(2, shutdown, ()), 0, DONE)
        assert (check.exercised, check.failed) == (1, 0)

    def test_too_late_is_wrong(self, kernel) -> None:
        check, clock, arm, shutdown = self.arming(kernel)
        check.called(Invocation(1, arm, (shutdown,)), 0, DONE)
        clock.now += 60 * SECOND + 1
        check.called(Invocation(2, shutdown, ()), 0, DONE)
        assert check.failed == 1

    def test_unarmed_twice_disarmed_or_refused_is_wrong(self, kernel) -> None:
        for spoil in ("unarmed", "twice", "disarmed", "refused", "restarted"):
            check, _, arm, shutdown = self.arming(kernel)
            if spoil != "unarmed":
                check.called(
                    Invocation(1, arm, (shutdown,)), 0, Refused("no") if spoil == "refused" else DONE
                )
            if spoil == "twice":
                check.called(Invocation(2, shutdown, ()), 0, DONE)
            if spoil == "disarmed":
                disarm = kernel.dictionary.commands_by_label["commands.disarm"].number
                check.called(Invocation(3, disarm, ()), 0, DONE)
            if spoil == "restarted":
                check.installed(kernel, "commands")
            check.called(Invocation(4, shutdown, ()), 0, DONE)
            assert check.failed == 1, spoil


def stored(*requests: int) -> bytes:
    return b"\0\1\0\0\0\0\x02" + b"".join(request.to_bytes(4, "big") for request in requests)


def test_a_request_id_that_is_not_on_disk_when_it_runs_is_wrong() -> None:
    check = RequestIdsKept()
    check.performed(SaveState("commands", stored(REQUEST)), Stored())
    check.begun(REQUEST, Ack.ALL, False)
    assert (check.exercised, check.failed) == (1, 0)
    check.performed(SaveState("commands", stored(REQUEST, REQUEST + 1)), Failed("disk: no"))
    check.begun(REQUEST + 1, Ack.ALL, False)
    assert check.failed == 1
    check.begun(REQUEST + 2, Ack.ALL, True)
    assert check.failed == 1, "a release on board needs none"


def test_a_request_id_that_a_boot_forgets_is_wrong(seen, kernel, module, monkeypatch) -> None:
    for ring, failed in ((REQUEST, 0), (0, 1)):
        check = RequestIdsKept()
        check.performed(SaveState("commands", stored(REQUEST)), Stored())
        check.begun(REQUEST, Ack.ALL, False)
        check.installed(kernel, "commands")
        monkeypatch.setattr(module("commands").kept, "r3", ring << CHECKSUM_BITS)
        check.look(seen, 10)
        assert check.failed == failed
