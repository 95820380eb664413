"""`schedule`, `monitor` and `action`, typed against a simulation: what they do on board, and what they say."""

from __future__ import annotations

import pytest


def completed(shell, line: str) -> list[str]:
    outcome, lines = shell.answer(line)
    assert outcome == 0, lines
    return lines


def said(shell, line: str) -> str:
    return "\n".join(completed(shell, line))


@pytest.mark.slow
def test_a_schedule_is_filled_shown_shifted_and_emptied(shell) -> None:
    assert "nothing is scheduled" in said(shell, "schedule list")
    assert "completed" in said(shell, "schedule at +3000 commands.arm function=7")
    assert "completed" in said(shell, "schedule at +4000 commands.nothing")
    listed = completed(shell, "schedule detail")
    assert [line.split()[-1] for line in listed[-2:]] == ["07]", "commands.nothing"]
    request = listed[-1].split()[-2]
    assert request.startswith("0x")
    before = completed(shell, "schedule list")
    assert "completed" in said(shell, f"schedule shift -2000 {request}")
    after = completed(shell, "schedule list")
    assert after[-2].split()[-1] == request == before[-1].split()[-1]
    assert "completed" in said(shell, "schedule delete --from T+0 --to T+100")
    assert "completed" in said(shell, f"schedule delete {request}")
    assert "deleted from the schedule" in said(shell, "history")
    assert len([line for line in completed(shell, "schedule list") if "0x" in line]) == 1
    assert "completed" in said(shell, "schedule reset")
    assert "nothing is scheduled" in said(shell, "schedule list")


@pytest.mark.slow
def test_a_scheduled_command_runs(shell, craft) -> None:
    craft.fly(5)
    completed(shell, "schedule at +60 commands.nothing")
    craft.fly(90)
    assert "commands.nothing: completed" in said(shell, "history")


@pytest.mark.slow
def test_rows_are_shown_and_switched(shell) -> None:
    listed = completed(shell, "monitor list")
    assert "battery_low: acts" in listed
    assert "completed" in said(shell, "monitor off battery_low battery_hot")
    listed = completed(shell, "monitor list")
    assert "battery_low: only observes" in listed
    assert "battery_hot: only observes" in listed
    assert "completed" in said(shell, "monitor on battery_low")
    (shown,) = [line for line in completed(shell, "monitor show battery_low") if "good" in line]
    assert shown.startswith("battery_low: acts, good from")
    assert "every row is within its limits" in said(shell, "monitor tripped")
    assert "completed" in said(shell, "monitor suspend")
    assert "acting" in said(shell, "dictionary faults.status")
    assert "completed" in said(shell, "monitor resume")


@pytest.mark.slow
def test_an_event_releases_a_command(shell, craft) -> None:
    assert "faults.exhausted: on, releases housekeeping.snapshot" in said(shell, "action list")
    assert "completed" in said(shell, "action add commands.armed_function commands.disarm")
    assert "completed" in said(shell, "action on commands.armed_function")
    completed(shell, "arm health.shutdown")
    craft.fly(10)
    assert "has released command" in said(shell, "events event_actions")
    outcome, lines = shell.answer("action delete commands.armed_function")
    assert outcome == 1
    assert "is enabled" in lines[-1]
    completed(shell, "action off commands.armed_function")
    completed(shell, "action delete commands.armed_function")
    assert "commands.armed_function" not in "\n".join(completed(shell, "action list faults.exhausted")[1:])
    completed(shell, "action delete-all")
    assert "there are no actions" in said(shell, "action list")
    completed(shell, "action resume")


def refused_at_once(shell, craft, line: str, says: str) -> None:
    """And nothing was sent."""
    sent = len(craft.history(100))
    outcome, lines = shell.answer(line)
    assert outcome == 2, lines
    assert says in lines[-1]
    assert len(craft.history(100)) == sent


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("schedule", "the following arguments are required: what"),
        ("schedule lst", "'lst' is unknown, did you mean list?"),
        ("schedule at", "expected a time"),
        ("schedule at soon commands.nothing", "expected +SECONDS, T+SECONDS or a UTC time"),
        ("schedule at +60 commands.nothng", "did you mean commands.nothing"),
        ("schedule at T+60 commands.arm", "function"),
        ("schedule shift", "expected seconds"),
        ("schedule shift 0", "and not 0"),
        ("schedule shift 1e30", "less than 68 years"),
        ("schedule shift inf", "expected seconds"),
        ("schedule shift 5 0x1 --from 3", "not both"),
        ("schedule delete", "`schedule reset` deletes all"),
        ("schedule delete 12x", "expected a request id"),
        ("schedule delete --from 5 --to 3", "ends before it begins"),
        ("schedule delete --from -3", "expected"),
        ("schedule list 7", "expected nothing more"),
        ("monitor on", "no row"),
        ("monitor on batery_low", "no such row, did you mean battery_low"),
        ("action add commands.rejected", "expected an event, then a command"),
        ("action add commands.rejectd commands.nothing", "no such event, did you mean commands.rejected"),
        ("action on none", "no such event"),
        ("action delete", "no event"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(shell, craft, line: str, says: str) -> None:
    refused_at_once(shell, craft, line, says)


@pytest.mark.slow
def test_records_of_a_time_are_asked_for(shell, craft) -> None:
    craft.fly(30)
    assert "completed" in said(shell, "retrieve housekeeping T+5 T+20")
    outcome, lines = shell.answer("retrieve housekeeping T+5000 T+6000")
    assert outcome == 1
    assert "no records of that time" in lines[-1]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("retrieve housekeeping 5 T+6", "two records or two times"),
        ("retrieve housekeeping five six", "two records or two times"),
        ("retrieve housekeeping T+9 T+6", "ends before it begins"),
        ("retrieve none T+5 T+6", "no such store"),
    ],
)
def test_a_retrieval_that_makes_no_sense_is_refused(shell, line: str, says: str) -> None:
    outcome, lines = shell.answer(line)
    assert outcome == 2
    assert says in lines[-1]


@pytest.mark.slow
def test_stores_are_shown_switched_suspended_and_emptied(shell, craft) -> None:
    craft.fly(30)
    listed = completed(shell, "store list")
    assert listed[-3:] == [f"{one}: on, plays back" for one in ("critical", "event", "housekeeping")]
    (shown,) = [line for line in completed(shell, "store show housekeeping") if "full" in line]
    assert shown.startswith("housekeeping: ")
    assert " % full" in shown
    outcome, lines = shell.answer("store delete housekeeping --to T+10")
    assert outcome == 1
    assert "suspend it first" in lines[-1]
    assert "completed" in said(shell, "store suspend housekeeping")
    assert "completed" in said(shell, "store off event housekeeping")
    assert "housekeeping: off, playback suspended" in said(shell, "store list")
    assert "completed" in said(shell, "store delete housekeeping --to T+10")
    outcome, lines = shell.answer("retrieve housekeeping T+0 T+9")
    assert outcome == 1
    assert "no records of that time" in lines[-1]
    assert "completed" in said(shell, "store on")
    assert "completed" in said(shell, "store resume")
    assert "completed" in said(shell, "store abort")
    assert "housekeeping: on, plays back" in said(shell, "store list")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("store", "the following arguments are required: what"),
        ("store lst", "'lst' is unknown, did you mean list?"),
        ("store list event", "expected nothing more"),
        ("store off", "expected stores, of critical, event, housekeeping"),
        ("store delete --all", "expected stores"),
        ("store delete event", "expected --to T+SECONDS, or --all"),
        ("store delete event --all --to T+5", "expected --to T+SECONDS, or --all"),
        ("store delete event --to soon", "expected"),
        ("store on event --all", "the others take neither"),
        ("store off evnt", "no such store, did you mean event"),
        ("store show 7", "no such store, there are critical"),
    ],
)
def test_a_word_about_stores_that_makes_no_sense_is_refused(shell, craft, line: str, says: str) -> None:
    refused_at_once(shell, craft, line, says)
