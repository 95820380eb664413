"""Health: isolation, losses, the machine, shutdown."""

from __future__ import annotations

from flight.declare import (
    DONE,
    ENDING,
    ORDERED,
    SAFE,
    SECOND,
    UNORDERED,
    Call,
    Failed,
    ModeRequest,
    Refused,
    SaveState,
    Stored,
    Waiting,
    Why,
)
from flight.modules.health import Health
from tests.flight.modules.health_flown import HOUR, Flown

# ---------------------------------------------------------------- isolation, losses, machine


def test_isolation_of_a_critical_module_asks_for_safe_mode() -> None:
    flown = Flown()
    flown.step(100, isolated=1)
    assert flown.asked == []
    flown.step(2 * HOUR, critical_isolated=True, isolated=2)
    first = 1101
    assert flown.asked == [(at, ModeRequest(SAFE, Why.ISOLATION)) for at in (first, first + HOUR)]
    assert flown.told == [("isolation", (2,))]
    flown.step(critical_isolated=False)
    flown.step(critical_isolated=True, isolated=1)
    assert flown.told[1:] == [("isolation", (1,))]


def test_lost_items_are_told_once_a_minute() -> None:
    flown = Flown()
    for count in range(1, 151):
        flown.step(lost_inbox=count)
    assert flown.told == [("items_lost", (1,)), ("items_lost", (60,)), ("items_lost", (60,))]
    flown.step(100, lost_inbox=150)
    assert flown.told[3:] == [("items_lost", (29,))]


def test_what_it_sees_is_in_telemetry() -> None:
    flown = Flown()
    sees = Health.Inputs(0, 0, True, 3, 4, 5, 6, 7, 8.5, 90.0, 1000.0)
    flown.module.step(flown.now + SECOND, sees, flown.out)
    status, machine = flown.module.status, flown.module.machine
    assert (status.critical_isolated, status.isolated, status.restarts, status.missed_ticks) == (
        True,
        3,
        4,
        5,
    )
    assert (status.lost_inbox, status.storage_failed) == (6, 7)
    assert (machine.cpu_percent, machine.memory_mb, machine.disk_free_mb) == (8.5, 90.0, 1000.0)


# ---------------------------------------------------------------- shutdown


def ordered(flown: Flown) -> int:
    """The ticket of what it stores."""
    flown.out.clear()
    assert isinstance(flown.module.shutdown(Call(flown.now, 5), flown.out), Waiting)
    [(ticket, request, _)] = flown.out.requests
    assert request == SaveState(ENDING, ORDERED)
    flown.collect()
    return ticket


def taken_back(flown: Flown) -> bool:
    return [request for _, request, _ in flown.out.requests] == [SaveState(ENDING, UNORDERED)]


def test_shutdown_ends_when_it_is_stored() -> None:
    flown = Flown()
    ticket = ordered(flown)
    assert flown.module.shutdown(Call(flown.now, 6), flown.out) == Refused("a shutdown is being stored")
    flown.out.clear()
    flown.module.completed(flown.now, ticket + 1, Stored(), flown.out)
    assert flown.out.finished == []
    flown.module.completed(flown.now, ticket, Stored(), flown.out)
    assert flown.out.finished == [(5, DONE)]
    assert flown.module.status.shutting_down
    assert flown.module.outputs.shutting_down


def test_shutdown_that_cannot_be_stored_fails_and_is_taken_back() -> None:
    flown = Flown()
    ticket = ordered(flown)
    flown.out.clear()
    flown.module.completed(flown.now, ticket, Failed("disk"), flown.out)
    assert flown.out.finished == [(5, Refused("not stored"))]
    assert taken_back(flown)
    assert not flown.module.status.shutting_down
    assert not flown.module.outputs.shutting_down


def test_shutdown_without_power_off_expires() -> None:
    flown = Flown()
    flown.module.shutdown_window_s = 100
    ordered(flown)
    flown.step(99)
    assert flown.told == []
    assert flown.module.status.shutting_down
    flown.step()
    assert flown.names == ["shutdown_expired"]
    assert taken_back(flown)
    assert not flown.module.status.shutting_down
    flown.step(50)
    assert flown.names == ["shutdown_expired"]


def test_a_restart_of_the_module_alone_takes_a_shutdown_back() -> None:
    """It would wait for the power to go for ever; the flag would make a power cut in a year an orderly end."""
    flown = Flown()
    ordered(flown)
    flown.crash()
    assert taken_back(flown)
    flown.boot(2, clean=True)
    assert not taken_back(flown), "at a boot the flag has been read and cleared"


def test_what_the_boot_says_is_what_it_says() -> None:
    flown = Flown()
    for count, clean in enumerate((False, True, False), start=2):
        flown.boot(count, clean=clean, after_s=60)
        assert flown.module.status.clean is clean
    assert flown.module.status.unclean_boots == 2
