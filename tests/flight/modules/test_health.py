"""Health: boots and loops, and command loss that nothing resets but a command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import (
    SAFE,
    SECOND,
    Boot,
    ModeRequest,
    ResetReason,
    Why,
)
from flight.modules.health import Health
from tests.flight.modules.health_flown import DAY, HOUR, QUIET, Flown

# ---------------------------------------------------------------- boots


def test_boot_and_reason_in_telemetry() -> None:
    flown = Flown()
    flown.boot(7, clean=False, reason=3, safe=True)
    status = flown.module.status
    assert (status.boot_count, status.reason, status.clean, status.safe_set) == (7, 3, False, True)
    flown.step(5)
    assert status.uptime_s == flown.module.outputs.uptime_s == 5


def test_reasons_have_the_numbers_of_the_guardian() -> None:
    """The guardian imports nothing of ours, so the numbers stand in both."""
    assert ResetReason.POWER_ON == 1
    assert ResetReason.EXECUTIVE_DIED == 2
    assert ResetReason.EXECUTIVE_SILENT == 3


def test_shutdown_is_hazardous() -> None:
    assert [(command.name, command.hazardous) for command in Health.commands()] == [("shutdown", True)]


@pytest.mark.parametrize("reason", [99, -1])
def test_an_unknown_reason_is_unknown(reason: int) -> None:
    flown = Flown()
    flown.boot(2, reason=reason)
    assert flown.module.status.reason == ResetReason.UNKNOWN


def test_reboot_loop_asks_for_safe_mode() -> None:
    flown = Flown()
    for count in range(2, 5):
        flown.boot(count, clean=False, after_s=HOUR)
    assert flown.asked == []
    assert flown.module.status.unclean_boots == 3
    flown.boot(5, clean=False, after_s=HOUR)
    assert flown.asked == [(flown.now // SECOND, ModeRequest(SAFE, Why.REBOOT_LOOP))]
    assert flown.told == [("reboot_loop", (4, 6 * HOUR))]
    flown.boot(6, clean=False, after_s=60)
    assert len(flown.asked) == 2


@pytest.mark.parametrize(("gap_s", "loops"), [(2 * HOUR, True), (2 * HOUR + 1, False)])
def test_the_window_of_a_loop(gap_s: int, loops: bool) -> None:
    flown = Flown()
    for count in range(2, 6):
        flown.boot(count, clean=False, after_s=gap_s)  # four boots span three gaps
    assert bool(flown.asked) is loops


def test_orderly_boots_are_no_loop() -> None:
    flown = Flown()
    for count in range(2, 20):
        flown.boot(count, clean=True, after_s=60)
    assert flown.asked == []
    assert flown.module.status.unclean_boots == 0


def test_a_restart_of_the_module_is_no_boot() -> None:
    flown = Flown()
    for _ in range(8):
        flown.boot(2, clean=False)
        flown.crash()
    assert flown.module.status.unclean_boots == 1
    assert flown.asked == []


def test_a_lost_clock_does_not_hide_a_loop() -> None:
    flown = Flown(start_s=500_000)
    for count in range(2, 5):
        flown.boot(count, clean=False, after_s=60)
    flown.now = 0  # the floor of the mission clock is gone
    flown.boot(5, clean=False, after_s=1)
    assert flown.names == ["reboot_loop"]


def test_parameters_shape_the_loop() -> None:
    flown = Flown()
    flown.boot(2, clean=False, after_s=10)
    boot = Boot(3, False, False, 1)
    flown.module.loop_boots = 2  # as the executive does
    flown.now += 10 * SECOND
    flown.module.start(flown.now, boot, flown.out)
    assert [item for _, item in flown.out.posts] == [ModeRequest(SAFE, Why.REBOOT_LOOP)]


# ---------------------------------------------------------------- command loss


def test_silence_leads_to_safe_mode_and_is_repeated_seldom() -> None:
    flown = Flown()
    flown.step(100)
    flown.command_at = flown.now
    flown.step(DAY - 60, stride=60)
    flown.step(59)
    assert flown.asked == []
    assert not flown.module.outputs.command_loss
    flown.step()
    first = flown.now // SECOND
    assert flown.asked == [(first, ModeRequest(SAFE, Why.COMMAND_LOSS))]
    assert flown.module.outputs.command_loss
    flown.step(3 * HOUR)
    assert [at - first for at, _ in flown.asked] == [0, HOUR, 2 * HOUR, 3 * HOUR]
    assert flown.told == [("command_lost", (DAY,))]


def test_a_command_ends_the_silence() -> None:
    flown = Flown()
    flown.step(DAY + 600, stride=60)
    assert flown.module.outputs.command_loss
    flown.command_at = flown.now
    flown.step(3)
    assert flown.told == [("command_lost", (DAY,)), ("command_again", (DAY + 600 + 1,))]
    assert not flown.module.outputs.command_loss
    assert flown.module.status.silence_s == 3
    asked = len(flown.asked)
    flown.step(DAY - 120, stride=60)
    assert len(flown.asked) == asked
    flown.step(180, stride=60)
    assert len(flown.asked) == asked + 1  # the next loss is asked for at once


def test_without_any_command_since_boot_the_silence_counts_too() -> None:
    flown = Flown()
    flown.step(DAY, stride=10)
    assert [why for _, why in flown.asked] == [ModeRequest(SAFE, Why.COMMAND_LOSS)]


def test_commands_each_second_are_commands() -> None:
    flown = Flown()
    for _ in range(2000):
        flown.command_at = flown.now
        flown.step()
    assert flown.module.status.silence_s <= 3


def test_a_reboot_does_not_reset_the_silence() -> None:
    flown = Flown()
    for count in range(2, 12):
        flown.step(3 * HOUR, stride=10)
        flown.boot(count)
    assert set(flown.names) == {"command_lost"}  # told again in each boot, while it lasts
    # Each reboot forgets ten minutes at most.
    assert DAY <= flown.asked[0][0] - 1000 <= DAY + 8 * 600


def test_after_a_command_a_reboot_finds_no_old_silence() -> None:
    flown = Flown()
    flown.step(20 * HOUR, stride=60)
    flown.command_at = flown.now
    flown.step(5)
    flown.boot(2)
    flown.step(5 * HOUR, stride=60)
    assert flown.asked == []
    assert flown.module.status.silence_s < 5 * HOUR + 600


def test_a_restart_of_the_commands_module_is_no_command() -> None:
    flown = Flown()
    for _ in range(30):
        flown.step(HOUR, stride=60)
        flown.step(3)
        flown.restart_commands()
        flown.step(0)
    assert flown.names == ["command_lost"]


def test_a_restart_seen_a_second_late_is_no_command() -> None:
    """The executive counts restarts once a second; the new age may be seen before the new count."""
    flown = Flown()
    flown.step(20 * HOUR, stride=60)
    flown.command_at = flown.now
    flown.step()
    flown.restarts += 1
    flown.step(10)
    assert flown.module.status.silence_s == 20 * HOUR + 11


def test_a_commands_module_that_starts_a_little_later_is_no_command() -> None:
    flown = Flown()
    flown.step(20 * HOUR, stride=60)
    flown.boot(2)
    flown.command_at += 2 * SECOND
    flown.step(60)
    assert flown.module.status.silence_s == 20 * HOUR + 60


def test_a_command_three_seconds_after_boot_counts() -> None:
    flown = Flown()
    flown.step(20 * HOUR, stride=60)
    flown.boot(2)
    flown.step(3)
    flown.command_at = flown.now
    flown.step(5)
    assert flown.module.status.silence_s == 5


def test_a_command_after_such_a_restart_counts() -> None:
    flown = Flown()
    flown.step(20 * HOUR, stride=60)
    flown.restart_commands()
    flown.step(60)
    flown.command_at = flown.now
    flown.step(5)
    assert flown.module.status.silence_s == 5


def test_an_isolated_commands_module_cannot_stall_the_timer() -> None:
    flown = Flown()
    flown.step(100)
    flown.command_at = flown.now
    flown.step(50)
    for _ in range(DAY // 60):
        flown.out.clear()
        flown.now += 60 * SECOND
        stale = flown.now - flown.command_at - 50 * SECOND
        flown.module.step(
            flown.now, QUIET._replace(last_command_age_s=50, last_command_age_s_age=stale), flown.out
        )
        flown.collect()
    assert flown.names == ["command_lost"]


def test_a_jump_of_the_mission_clock_over_a_reboot_adds_no_silence() -> None:
    flown = Flown()
    flown.step(HOUR, stride=60)
    flown.boot(2, after_s=30 * DAY)
    flown.step(10)
    assert flown.asked == []
    assert flown.module.status.silence_s <= HOUR + 10


def test_writes_to_disk_are_few() -> None:
    flown = Flown()
    before = flown.keeps
    flown.step(DAY - 60, stride=10)
    assert 130 <= flown.keeps - before <= 144


@given(
    st.lists(
        st.tuples(st.integers(1, 30_000), st.sampled_from(["wait", "command", "restart", "crash"])),
        max_size=25,
    )
)
def test_silence_follows_the_last_command(steps) -> None:
    """Whatever restarts: the counted silence is the true one, but for the ten minutes that a crash may forget."""
    flown = Flown()
    heard, crashes = flown.now, 0
    for seconds, what in steps:
        flown.step(seconds, stride=max(1, seconds // 10))
        flown.step(5)
        if what == "command":
            flown.command_at = heard = flown.now
            crashes = 0
        elif what == "restart":
            flown.restart_commands()
        elif what == "crash":
            flown.crash()
            flown.restarts += 1
            crashes += 1
        flown.step(5)
        true = (flown.now - heard) // SECOND
        assert true - 3 - 601 * crashes <= flown.module.status.silence_s <= true + 3 + 601 * crashes
