"""The link as a person and as a program see it."""

from __future__ import annotations

import json

import pytest

from ground.protocol import UsageError
from ground.shell import link_view
from ground.shell.desk import DONE
from ground.shell.link_view import link_lines

REPORT = {
    "contact": True,
    "station": "tcp:\x1b[2Jhere:1",
    "last_heard_s": 8.4,
    "rates": {"frames": 2.0, "packets": 4.5, "octets": 1454.0, "over_s": 10.0},
    "missing": 1200,
    "asked_again": 0,
    "sections": {
        "telemetry": {"frames": 0, "idle_frames": 0, "lost_frames": 3, "lost_by_channel": {"1": 3}},
        "CLCW of channel 0": {"lockout": True, "wait": False},
    },
}


def test_lines_for_people() -> None:
    lines = dict(line.split("  ", 1) for line in link_lines(REPORT))
    lines = {name: value.strip() for name, value in lines.items()}
    assert lines == {
        "contact": "yes",
        "station": "tcp:\\x1b[2Jhere:1",
        "last heard": "8 s ago",
        "receiving": "2.0 frames/s, 4.5 packets/s, 1,454.0 octets/s over the last 10 s",
        "records missing": "1,200",
        "asked for again": "0",
        "telemetry: frames": "0",
        "telemetry: lost frames": "3",
        "telemetry: lost by channel, 1": "3",
        "CLCW of channel 0: lockout": "yes",
    }
    never = link_lines({**REPORT, "last_heard_s": None, "contact": False, "station": "", "rates": {}})
    assert [" ".join(line.split()) for line in never[:4]] == [
        "contact no",
        "station none yet",
        "last heard never",
        "records missing 1,200",
    ]


def test_losses_stand_out_on_a_terminal() -> None:
    red = [line for line in link_lines(REPORT, colour=True) if "\x1b[31m" in line]
    assert [line.split(":")[1].split("\x1b")[0].strip() for line in red] == [
        "lost frames",
        "lost by channel, 1",
        "lockout",
    ]


def test_json_is_one_object_a_look(shell, craft) -> None:
    craft.fly(20)
    code, lines = shell.answer("link --json")
    assert code == DONE
    (found,) = map(json.loads, lines)
    assert found["sections"]["telemetry"]["frames"] > 0
    assert 0 <= found["last_heard_s"] < 20
    code, lines = shell.answer("link --json --count 3 --every 5")
    assert code == DONE
    times = [json.loads(line)["ground_ns"] for line in lines]
    assert [later - times[0] for later in times] == [0, 5 * 10**9, 10 * 10**9]


def test_a_prompt_shows_it_once(shell, craft) -> None:
    shell.desk.at_prompt = True
    craft.fly(20)
    code, lines = shell.answer("link --count 5")
    assert code == DONE
    assert sum(line.startswith("contact") for line in lines) == 1


def test_a_terminal_shows_it_until_interrupted(shell, craft, monkeypatch, capsys) -> None:
    looks = iter([True, True, False])
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr(link_view, "_pass", lambda desk, every: next(looks))
    craft.fly(20)
    code, lines = shell.answer("link")
    assert (code, lines) == (DONE, [])
    assert capsys.readouterr().out.count("records missing") >= 1
    assert next(looks, None) is None


def test_an_interrupted_wait_ends_it(shell, craft, monkeypatch) -> None:
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(shell.desk.craft, "wait_for", interrupted)
    code, lines = shell.answer("link --json --count 3")
    assert (code, len(lines)) == (130, 1)


def test_what_makes_no_sense_is_said_in_one_line(shell) -> None:
    for words in ("link --every x", "link --count 0", "link now"):
        code, lines = shell.answer(words)
        assert code == 2
        assert len(lines) == 1
    with pytest.raises(UsageError):
        shell.parser.parse_args(["link", "--every", "-1"])
