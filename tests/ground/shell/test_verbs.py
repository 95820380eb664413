"""Each word of the shell and of the command line: what it says, and how it ends."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ground import connect
from ground.shell.desk import DONE, FAILED, USAGE
from ground.shell.prompt import run_lines

pytestmark = pytest.mark.slow  # each flies for a minute or so


def stages(lines: list[str]) -> list[str]:
    return [line.split(": ", 1)[1] for line in lines if "  #" in line]


def test_a_command_shows_its_stages_as_they_happen(shell):
    code, lines = shell.answer("command power.switch rail=navigation on=off")
    assert code == DONE
    assert stages(lines) == ["queued", "sent", "accepted", "started", "completed"]
    line = r"T\+\d\d:\d\d:\d\d  #1 power.switch rail=navigation on=off: "
    assert all(re.match(line, one) for one in (lines[0], *lines[2:]))
    assert lines[1] == "no contact: it waits for the next pass"


def test_its_name_alone_will_do_and_values_in_order(shell):
    code, lines = shell.answer("power.switch navigation off")
    assert (code, stages(lines)[-1]) == (DONE, "completed")
    code, lines = shell.answer("power.switch navigation on=on")
    assert (code, stages(lines)[-1]) == (DONE, "completed")


def test_a_refusal_on_board_is_an_exit_code_and_a_reason(shell):
    code, lines = shell.answer("health.shutdown")
    assert code == FAILED
    assert stages(lines)[-1] == "refused: not armed: health.shutdown is hazardous: arm it first"


def test_arm_then_execute(shell):
    assert shell.answer("arm health.shutdown")[0] == DONE
    assert shell.answer("arm commands.nothing") == (
        USAGE,
        ["commands.nothing is not hazardous: it needs no arming"],
    )


def test_a_command_that_is_still_open_says_so(shell, flying):
    flying.simulation.silenced.add(0)
    code, lines = shell.answer("command commands.nothing --wait 20")
    assert code == FAILED
    assert lines[1] == "no contact: it waits for the next pass"
    assert lines[-1] == "#1 is still open after 20 s (queued); `history` will tell"
    assert flying.simulation.now_s == 20


def test_no_answer_is_an_end(shell, flying):
    shell.answer("test")
    flying.simulation.radio.up.spoiling.loss = 1.0
    code, lines = shell.answer("commands.nothing")
    assert code == FAILED
    assert stages(lines)[-1] == "no answer: sent, then nothing"


def test_a_person_who_stops_waiting_is_told_that_it_goes_on(shell, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shell.craft, "wait_for", interrupted)
    code, lines = shell.answer("commands.nothing")
    assert code == 130
    assert lines[-1] == "#1 goes on without you (queued); `history` will tell"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("powr.switch", "powr.switch: no such word or command, did you mean power.switch?"),
        ("xyzzy", "xyzzy: no such word or command; `help` lists them"),
        ('power.switch "compute_a', 'power.switch "compute_a: no closing quotation'),
        ("power.switch", "power.switch: argument rail is missing (one of computer, attitude,"),
        ("power.switch rail=compute_a", "power.switch: argument on is missing (on or off)"),
        ("power.switch rail=compute_c on=on", "not 'compute_c', did you mean compute_"),
        ("power.switch rail=compute_a on=maybe", "power.switch: on is on or off, not 'maybe'"),
        ("power.switch rai=compute_a on=on", "power.switch: no argument rai, did you mean rail?"),
        ("power.switch compute_a on off", "power.switch: 'off': expected rail=... on=..."),
        ("power.switch compute_a rail=compute_b on=on", "power.switch: rail is given twice"),
        ("commands.nothing now", "commands.nothing: 'now': expected no arguments"),
        ("commands.nothing --wait -1", "command: argument --wait: '-1': expected seconds, 0 or more"),
        ("commands.nothing --wait nan", "command: argument --wait: 'nan': expected seconds, 0 or more"),
        ("command", "command: the following arguments are required: MODULE.NAME"),
        ("get", "get: the following arguments are required: LABEL"),
        ("get powr", "powr: no such packet or value, did you mean power?"),
        (
            "get power.status.chrge",
            "power.status.chrge: no such packet or value, did you mean power.status.charge",
        ),
        ("get parameter power.flor", "power.flor: no such parameter, did you mean power.floor"),
        ("set parameter power.floor", "power.floor: expected power.floor=VALUE, 32 bit float, 0.1 to 0.98"),
        ("set parameter power.floor=x", "power.floor: floor is a number (32 bit float), not 'x'"),
        ("set parameter power.floor=2", "power.floor: floor is 0.1 to 0.98, not 2"),
        ("set parameter power.floor=0.6 power.floor=0.7", "power.floor is given twice"),
        ("set paramter power.floor=0.6", "set: 'paramter' is unknown, did you mean parameter?"),
        ("watch thermal.nods", "thermal.nods: no such packet or value, did you mean thermal.nodes"),
        ("watch thermal --count 0", "watch: argument --count: '0': expected a whole number, 1 or more"),
        (
            "events --severity terrible",
            "events: argument --severity: 'terrible': expected info, low, medium, high",
        ),
        ("events --limit few", "events: argument --limit: 'few': expected a whole number, 1 or more"),
        ("seat steal", "seat: 'steal' is unknown, expected show, take, release, force"),
        ("acknowledge power.status.charge", "power.status.charge: no alarm to acknowledge"),
        ("retrieve evnt 1 2", "evnt: no such store, did you mean event?"),
        ("dictionary nosuchthing", "nothing is called nosuchthing"),
        ("help nosuchthing", "nothing is called nosuchthing"),
        ("once power.statos", "power.statos: no such packet or value, did you mean power.status"),
        ("export", "export: one of the arguments --packet --events --commands is required"),
        ("export --packet power.status", "export: the archive of this server is not on this computer"),
        ("history extra", "unrecognized arguments: extra"),
    ],
)
def test_a_mistake_is_answered_in_one_line_and_sends_nothing(shell, craft, line, complaint):
    code, lines = shell.answer(line)
    assert code == USAGE
    assert len(lines) == 1
    assert complaint in lines[0]
    assert craft.history() == []


def test_values(shell, craft):
    assert shell.answer("get power.status.charge") == (FAILED, ["power.status has not been received yet"])
    craft.fly(30)
    code, lines = shell.answer("get power.status.charge")
    assert code == DONE
    assert re.fullmatch(r"power.status.charge = 0\.\d+  \(T\+00:00:\d\d, \d s ago\)", lines[0])
    code, lines = shell.answer(
        "get --plain power.status.charge modes.status.mode power.status.charge_trusted"
    )
    assert float(lines[0]) == pytest.approx(0.9, abs=0.02)
    assert lines[1:] == ["SAFE", lines[2]]
    assert lines[2] in ("on", "off")
    code, lines = shell.answer("get modes")
    assert lines[0].startswith("modes.status  (T+")
    assert re.search(r"^  mode +SAFE$", "\n".join(lines), re.MULTILINE)


def test_a_value_beyond_its_limits_is_marked(shell, craft, flying, monkeypatch):
    craft.fly(10)
    assert not shell.answer("get power.status.charge")[1][0].count("low")
    charge = craft.find_field("power.status.charge")[1]
    limits = type(charge.limits)(red_low=0.95) if charge.limits else None
    assert limits is not None
    entry = craft.dictionary.packets_by_label["power.status"]
    fields = tuple(replace(one, limits=limits) if one.name == "charge" else one for one in entry.fields)
    monkeypatch.setitem(craft.dictionary.packets_by_label, "power.status", replace(entry, fields=fields))
    assert "  red low  (" in shell.answer("get power.status.charge")[1][0]


def test_parameters(shell):
    assert shell.answer("get parameter power.floor") == (DONE, ["power.floor = 0.7"])
    code, lines = shell.answer("set parameter power.floor=0.65")
    assert (code, stages(lines)[-1]) == (DONE, "completed")
    assert shell.answer("get parameter power.floor --plain") == (DONE, ["0.65"])
    assert shell.answer("get parameter power.floor") == (DONE, ["power.floor = 0.65  (default 0.7)"])
    code, lines = shell.answer("set parameter power.floor=0.11")
    assert code == FAILED
    assert "the forecast's floor must lie above the hard floor" in lines[-1]
    code, lines = shell.answer("get parameter")
    assert len(lines) == len(shell.craft.parameters)


def test_watching_ends_after_a_count(shell, flying):
    flying.operations.publish_packets()
    code, lines = shell.answer("watch power.status.charge --count 3")
    assert code == DONE
    assert len(lines) == 3
    assert all(re.match(r"T\+00:00:\d\d  power.status  charge=0\.\d", line) for line in lines)
    code, lines = shell.answer("watch thermal --count 2")
    assert {line.split()[1] for line in lines} <= {"thermal.status", "thermal.nodes", "thermal.heaters"}
    assert shell.answer("watch power.status.charge --count 3 --wait 0") == (FAILED, [])


def test_events_and_history(shell, craft):
    craft.fly(200)
    code, lines = shell.answer("events --limit 3")
    assert len(lines) == 3
    assert all(re.match(r"T\+00:0\d:\d\d  (info|low|medium|high) +\w+\.\w+: ", line) for line in lines)
    code, lines = shell.answer("events modes --severity med")
    assert lines
    assert all("  medium  modes." in line for line in lines)
    code, lines = shell.answer("events --follow --wait 1 --limit 1")
    assert code == DONE
    shell.answer("commands.nothing")
    code, lines = shell.answer("history")
    assert re.fullmatch(r"T\+\S+  #1    anna       commands.nothing: completed", lines[0])


def test_followed_events_are_shown_as_they_come(shell, craft):
    code, lines = shell.answer("events modes --follow --wait 400 --severity medium --limit 1")
    assert code == DONE
    assert any("SAFE to IDLE" in line for line in lines)
    assert all(" modes." in line for line in lines)


def test_link_gaps_and_alarms(shell, craft):
    craft.fly(20)
    lines = shell.answer("link")[1]
    assert lines[0] == "contact" + " " * (lines[0].index("yes") - 7) + "yes"
    assert any(line.startswith("records missing") for line in lines)
    lines = shell.answer("gaps")[1]
    assert lines[0].split() == ["store", "newest", "received", "absent", "missing"]
    assert [line.split()[0] for line in lines[1:4]] == ["critical", "event", "housekeeping"]
    assert shell.answer("alarms")[0] == DONE


def test_an_alarm_stands_until_it_is_acknowledged(shell, craft, flying):
    craft.fly(5)
    monitor = flying.ground.limits
    alarm = next(iter(monitor.alarms.values()))
    alarm.worst = type(alarm.worst).RED_HIGH
    name = f"{alarm.label}.{alarm.field}"
    line = next(one for one in shell.answer("alarms")[1] if name in one)
    assert "worst red high, not acknowledged" in line
    assert shell.answer(f"acknowledge {name}") == (DONE, [])
    assert not any(name in one and "not acknowledged" in one for one in shell.answer("alarms")[1])


def test_a_snapshot_shows_everything(shell, craft):
    code, lines = shell.answer("snapshot")
    assert code == DONE
    heads = [
        line.split()[0]
        for line in lines
        if line and not line.startswith((" ", "T+", "no contact")) and " = " not in line
    ]
    assert set(heads) == set(craft.dictionary.packets_by_label)
    assert len([line for line in lines if " = " in line and not line.startswith(" ")]) == len(
        craft.parameters
    )


def test_records_and_packets_are_asked_for(shell):
    assert shell.answer("retrieve event 0 1")[0] == DONE
    assert shell.answer("once power.status thermal")[0] == DONE


def test_the_seat(shell, craft, flying):
    assert shell.answer("seat") == (DONE, ["the commanding seat is free"])
    code, lines = shell.answer("seat take --lease 60")
    assert lines == [
        "anna (simulation) has the commanding seat for 0 s, and keeps it for 1 min without a sign"
    ]
    with connect(flying, "ben") as ben:
        ben.take_seat(force=True)
        code, lines = shell.answer("commands.nothing")
        assert code == FAILED
        assert lines == ["ben (simulation) has the commanding seat since 0 s; `seat force` takes it away"]
        assert "ben" in shell.answer("seat release")[1][0]
        assert "anna" in shell.answer("seat force")[1][0]
    assert shell.answer("seat release") == (DONE, ["the commanding seat is free"])


def test_help(shell):
    lines = shell.answer("help")[1]
    assert any(line.startswith("  command ") for line in lines)
    assert any(line.startswith("  unwatch ") for line in lines)
    lines = shell.answer("help power.switch")[1]
    assert lines[0] == "power.switch rail=... on=..."
    assert lines[-1] == "  on: on or off"
    assert "hazardous: `arm health.shutdown` first" in "\n".join(shell.answer("help health.shutdown")[1])
    assert shell.answer("help events")[1][0].startswith("usage: events")
    assert shell.answer("help power.status")[1][0].startswith("power.status, every ")
    lines = shell.answer("dictionary power")[1]
    assert {line.split()[0] for line in lines} == {"command", "packet", "parameter", "event"}


def test_a_script_stops_at_the_first_line_that_goes_wrong(shell, craft):
    script = [
        "# a comment\n",
        "\n",
        "commands.nothing # does nothing\n",
        "health.shutdown\n",
        "commands.nothing\n",
    ]
    assert run_lines(shell, iter(script)) == FAILED
    assert shell.lines[-1] == "stopped at line 4: health.shutdown"
    assert [one.label for one in craft.history()] == ["commands.nothing", "health.shutdown"]
    assert run_lines(shell, iter(["foo\n"])) == USAGE
    assert run_lines(shell, iter(["exit\n", "foo\n"])) == DONE
