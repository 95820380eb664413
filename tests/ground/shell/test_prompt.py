"""The prompt itself: keys in, and what happens above the line that is being typed."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from ground.limits import AlarmRow
from ground.protocol import NoServerError
from ground.shell import prompt
from ground.shell.prompt import Shell

pytestmark = pytest.mark.slow  # a simulation stands behind it


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        yield keys


def typed(shell: Shell, keys: PipeInput, text: str) -> int:
    """Type it all, and wait until the shell has ended."""
    shell.desk.at_prompt = True
    session: PromptSession[str] = PromptSession(history=InMemoryHistory())
    keys.send_text(text)
    return asyncio.run(shell.run(session))


def test_lines_until_exit(shell, keys):
    assert typed(shell, keys, "foo\nseat\nexit\nnot reached\n") == 0
    assert shell.lines == ["foo: no such word or command; `help` lists them", "the commanding seat is free"]


def test_the_end_of_input_leaves(shell, keys):
    assert typed(shell, keys, "\x04") == 0


def test_ctrl_c_drops_the_line_and_not_the_shell(shell, keys):
    assert typed(shell, keys, "power.switch rail=compute_a on=off\x03seat\nexit\n") == 0
    assert shell.lines == ["the commanding seat is free"]
    assert shell.craft.history() == []


def test_a_command_returns_at_once_and_its_stages_come_by_themselves(shell, craft, flying, keys):
    shell.desk.at_prompt = True
    craft.listeners.append(shell.desk.on_update)
    assert shell.perform("commands.nothing") == 0
    assert flying.simulation.now_s == 0
    craft.take_updates()
    assert [line.rsplit(": ", 1)[1] for line in shell.lines] == ["queued"]
    craft.fly(10)
    told = [line.rsplit(": ", 1)[1] for line in shell.lines if " #1 " in line]
    assert told == ["queued", "sent", "accepted", "started", "completed"]
    assert any(line.endswith("  contact") for line in shell.lines)


def test_events_parameters_and_watched_values_are_shown(shell, craft, flying):
    flying.operations.publish_packets()
    shell.desk.at_prompt = True
    craft.listeners.append(shell.desk.on_update)
    shell.perform("watch power.status.charge")
    shell.perform("get parameter power.floor")
    craft.fly(20)
    assert shell.lines[0] == "watching power.status; `unwatch` ends it"
    assert any("  power.status  charge=" in line for line in shell.lines)
    assert "power.floor = 0.7" in shell.lines
    assert shell.perform("unwatch") == 0
    shell.lines.clear()
    craft.fly(5)
    assert not any("charge=" in line for line in shell.lines)


def test_who_takes_the_seat_away_is_told(shell, craft, flying):
    from ground import connect

    shell.desk.at_prompt = True
    craft.listeners.append(shell.desk.on_update)
    craft.take_seat()
    with connect(flying, "ben") as ben:
        ben.take_seat(force=True)
        craft.take_updates()
    assert shell.lines == ["seat: ben: force"]


def test_alarms_are_shown_as_they_change(shell, craft, flying):
    shell.desk.at_prompt = True
    craft.listeners.append(shell.desk.on_update)
    rows = [("red low", 0.25, "state", ""), ("ok", None, "late", ""), ("ok", 0.9, "acknowledged", "ben")]
    for state, value, kind, who in rows:
        flying.operations._alarm_changed(AlarmRow(0, 1, "power.status", "charge", state, value, kind, who))
    craft.take_updates()
    assert shell.lines == [
        "T+00:00:00  alarm   power.status.charge: red low at 0.25",
        "T+00:00:00  alarm   power.status.charge: ok (played back)",
        "T+00:00:00  alarm   power.status.charge: ok at 0.9 acknowledged by ben",
    ]


def test_alarms_are_dated_in_utc_like_all_else_once_that_is_known(shell, craft, flying, monkeypatch):
    craft.fly(5)
    utc = SimpleNamespace(utc_ns=1_777_000_000 * 10**9)
    monkeypatch.setattr(flying.ground.times, "utc", lambda time_ns: utc)
    shell.desk.at_prompt = True
    craft.take_updates()
    craft.listeners.append(shell.desk.on_update)
    shown = next(iter(flying.ground.limits.alarms.values()))
    shown.worst = type(shown.worst).RED_HIGH
    row = AlarmRow(5 * 10**9, 1, "power.status", "charge", "red low", 0.25, "state", "")
    flying.operations._alarm_changed(row)
    craft.take_updates()
    assert shell.lines == ["03:06:40  alarm   power.status.charge: red low at 0.25"]
    assert all(line.startswith("03:06:40  ") for line in shell.answer("alarms")[1])


def test_how_things_stand_is_below_the_line(shell, craft):
    shell._sign()
    assert shell.status == "no contact · seat free"
    craft.take_seat()
    craft.fly(2)
    shell._sign()
    assert shell.status.startswith("in contact · seat yours")
    shell.craft.name = "ben"
    shell._sign()
    assert "seat anna's" in shell.status


def test_a_ground_that_is_gone_is_said_once_and_so_is_its_return(shell, keys, monkeypatch):
    monkeypatch.setattr(prompt, "LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(prompt, "SIGN_EVERY_S", 0.001)
    answers = iter([NoServerError("no answer")] * 3)

    def sign() -> dict[str, object]:
        for error in answers:
            raise error
        keys.send_text("exit\n")
        return {"contact": True, "seat": None}

    monkeypatch.setattr(shell.craft, "sign", sign)
    assert typed(shell, keys, "") == 0
    assert shell.lines == ["no answer", "the ground answers again"]


def test_without_a_terminal_lines_are_read_and_waited_for(craft, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("commands.nothing\nget parameter power.floor\n"))
    assert prompt.run(craft, colour=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "pathfinder: you have the commanding seat; `help` lists what can be said"
    assert lines[-2].endswith("commands.nothing: completed")
    assert lines[-1] == "power.floor = 0.7"


def test_a_seat_that_is_taken_is_told_at_the_start(flying, craft, monkeypatch, capsys):
    from ground import connect

    craft.take_seat()
    monkeypatch.setattr("sys.stdin", io.StringIO("link\n"))
    with connect(flying, "ben") as ben:
        assert prompt.run(ben, colour=False) == 0
    assert capsys.readouterr().out.startswith(
        "pathfinder: anna (simulation) has the commanding seat since 0 s"
    )
