"""A simulation operated like a spacecraft, by the client that operates real ones."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ground import connect
from ground.client import CommandFailedError, Craft, TookTooLongError
from ground.commanding import Stage
from ground.protocol import NotReceivedError, SeatTakenError, UsageError
from ground.query import open_query
from sim.flying import Flying
from sim.scenario import ConfigurationError

IN_SIGHT = Path(__file__).parents[1] / "ground" / "in_sight.toml"
ALL = (Stage.QUEUED, Stage.SENT, Stage.ACCEPTED, Stage.STARTED, Stage.COMPLETED)
pytestmark = pytest.mark.slow  # each flies for minutes: a second or so


@pytest.fixture
def flying():
    with Flying(IN_SIGHT) as flying:
        yield flying


@pytest.fixture
def craft(flying):
    with connect(flying, "anna") as craft:
        yield craft


def test_time_stands_still_until_somebody_waits(flying: Flying, craft: Craft):
    craft.command("commands.nothing")
    assert craft.history()[-1].stage is Stage.QUEUED
    assert flying.simulation.now_s == 0
    craft.fly(2.5)
    assert flying.simulation.now_s == 3
    assert craft.line.now_ns() == 3_000_000_000


def test_a_command_is_followed_to_its_end(craft: Craft):
    sent = craft.command("power.switch", rail="navigation", on=False)
    assert (sent.stage, sent.ended, sent.completed) == (Stage.QUEUED, False, False)
    assert sent.wait() is sent
    assert sent.completed
    assert sent.stages == ALL
    assert sent.text == "power.switch rail=navigation on=off"
    index = craft_switch(craft, "navigation")
    assert craft_levels(craft)[index] == 0
    again = craft.command("power.switch", rail="NAVIGATION", on="on").expect_completed()
    assert again.number == sent.number + 1
    assert craft_levels(craft)[index] == 1
    assert [one.number for one in craft.history()] == [sent.number, again.number]


def craft_switch(craft: Craft, name: str) -> int:
    return craft.line.flying.scenario.spacecraft.switches().index(name)  # type: ignore[attr-defined]


def craft_levels(craft: Craft) -> tuple[int, ...]:
    return tuple(craft.line.flying.simulation.world.plant.switch_levels())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("label", "arguments", "complaint"),
    [
        ("power.swich", {}, "power.swich: no such command, did you mean power.switch?"),
        ("power.switch", {"rail": "compute_a"}, "power.switch: argument on is missing (on or off)"),
        ("power.switch", {"rail": "compute_c", "on": True}, "did you mean compute_"),
        ("power.switch", {"rail": "compute_a", "on": 2}, "on is on or off, not 2"),
        ("power.switch", {"rail": "compute_a", "on": True, "of": 1}, "no argument of, expected rail, on"),
        ("compute.level", {"board": "board_a", "level": math.nan}, "level is a whole number, not nan"),
        ("compute.level", {"board": "board_a", "level": 300}, "level is "),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_sent(craft: Craft, label, arguments, complaint):
    with pytest.raises(UsageError) as refused:
        craft.command(label, **arguments)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)
    assert craft.history() == []
    assert craft.ask("seat")["seat"] is None, "and nobody sat down for that"


def test_a_command_that_the_spacecraft_refuses_says_why(craft: Craft):
    with pytest.raises(CommandFailedError, match=r"health.shutdown: refused \(.*arm it first") as failed:
        craft.command("health.shutdown").expect_completed()
    assert failed.value.command.stage is Stage.REFUSED


def test_a_hazardous_command_is_armed_first(craft: Craft):
    with pytest.raises(UsageError, match="commands.nothing is not hazardous"):
        craft.arm("commands.nothing")
    with pytest.raises(UsageError, match="no such command, did you mean health.shutdown"):
        craft.arm("health.shutdwn")
    craft.arm("health.shutdown").expect_completed()
    assert craft.command("health.shutdown").wait().stage is not Stage.REFUSED


def test_a_command_that_the_link_cannot_carry_ends_as_no_answer(flying: Flying, craft: Craft):
    flying.simulation.radio.up.spoiling.loss = 1.0
    sent = craft.command("commands.nothing").wait(within_s=600)
    assert sent.stage is Stage.NO_ANSWER
    assert sent.reason == "never sent: the command link did not come up"
    assert 150 <= craft.line.now_ns() / 1e9 < 180


def test_a_command_into_silence_ends_as_no_answer(flying: Flying, craft: Craft):
    craft.command("commands.nothing").expect_completed()
    flying.simulation.radio.up.spoiling.loss = 1.0
    sent = craft.command("commands.nothing").wait(within_s=600)
    assert sent.stage is Stage.NO_ANSWER
    assert sent.reason == "sent, then nothing"
    assert sent.ended
    assert not sent.completed


def test_a_command_without_contact_waits_for_it(flying: Flying, craft: Craft):
    flying.simulation.silenced.add(0)
    sent = craft.command("commands.nothing")
    with pytest.raises(TookTooLongError, match="waited 30 s for commands.nothing to end"):
        sent.wait(within_s=30)
    assert sent.stage is Stage.QUEUED
    assert craft.line.now_ns() == 30_000_000_000
    flying.simulation.silenced.clear()
    sent.expect_completed(within_s=30)


def test_values_have_names_and_booleans(craft: Craft):
    with pytest.raises(NotReceivedError, match="power.status has not been received yet"):
        craft.get("power.status.charge")
    craft.wait_for(lambda: craft.get("power.status.charge") > 0.5, within_s=60)  # type: ignore[operator]
    assert craft.get("power.status.charge") == pytest.approx(0.9, abs=0.03)
    assert craft.get("power.status.charge_trusted") in (True, False)
    craft.wait_for(lambda: craft.get("modes.status.mode") == "IDLE", within_s=400)
    for wrong in ("power.status.charg", "power.status", "charge", ""):
        with pytest.raises(UsageError, match="no such value"):
            craft.get(wrong)
    assert craft.reading("power.status").received_ns > 0


def test_events_are_expected_one_after_the_other(craft: Craft):
    first = craft.expect_event("modes.changed", within_s=400)
    second = craft.expect_event("modes.changed", within_s=400)
    assert second.record > first.record
    assert [e.record for e in craft.events(prefix="modes.changed")][-2:] == [first.record, second.record]
    assert all(event.severity >= 3 for event in craft.events(severity=3))
    assert len(craft.events(limit=2)) == 2
    with pytest.raises(TookTooLongError, match="waited 5 s for the event executive.booted"):
        craft.expect_event("executive.booted", within_s=5)
    with pytest.raises(UsageError, match="modes.chaged: no such event, did you mean modes.changed"):
        craft.expect_event("modes.chaged", within_s=5)


def test_parameters_are_asked_and_set_on_board(craft: Craft):
    assert craft.parameters["power.floor"] == pytest.approx(0.7)
    craft.parameters["power.floor"] = 0.65
    assert craft.parameters["power.floor"] == pytest.approx(0.65)
    assert craft.parameters.reported["power.floor"].value == pytest.approx(0.65)
    with pytest.raises(UsageError, match=r"power.floor: floor is 0.1 to 0.98, not 7"):
        craft.parameters["power.floor"] = 7
    with pytest.raises(UsageError, match="power.flor: no such parameter, did you mean power.floor"):
        craft.parameters["power.flor"] = 0.6
    with pytest.raises(UsageError, match="power.flor: no such parameter"):
        craft.parameters["power.flor"]
    with pytest.raises(UsageError, match="cannot be deleted"):
        del craft.parameters["power.floor"]
    assert len(craft.parameters) == len(list(craft.parameters)) > 50
    assert "power.floor" in craft.parameters


def test_a_parameter_that_breaks_a_rule_leaves_the_old_value(craft: Craft):
    with pytest.raises(CommandFailedError, match="failed .*floor must lie above the hard floor"):
        craft.parameters["power.floor"] = 0.11
    assert craft.parameters["power.floor"] == pytest.approx(0.7)


def test_one_seat_at_a_time(flying: Flying, craft: Craft):
    with connect(flying, "ben") as ben:
        craft.command("commands.nothing").expect_completed()
        with pytest.raises(SeatTakenError, match=r"anna \(simulation\) has the commanding seat"):
            ben.command("commands.nothing")
        assert len(ben.history()) == 1
        ben.take_seat(force=True)
        ben.command("commands.nothing").expect_completed()
        with pytest.raises(SeatTakenError, match="ben"):
            craft.command("commands.nothing")
    craft.command("commands.nothing").expect_completed()


def test_who_flies_the_time_keeps_the_seat(flying: Flying, craft: Craft):
    craft.take_seat()
    craft.fly(300)
    with connect(flying, "ben") as ben, pytest.raises(SeatTakenError):
        ben.take_seat()


def test_two_clients_see_the_same(flying: Flying, craft: Craft):
    with connect(flying, "ben") as ben:
        sent = craft.command("commands.nothing").wait()
        assert ben.history()[-1] == sent.state
        heard = [
            update.body["command"]["stage"]  # type: ignore[index]
            for update in ben.take_updates()
            if update.topic.value == "command"
        ]
        assert heard == [stage.value for stage in ALL]


def test_a_snapshot_brings_everything(craft: Craft):
    craft.snapshot().expect_completed()
    craft.fly(20)
    assert len(craft.parameters.reported) == len(craft.parameters)
    labels = {row["label"] for row in craft.ask("newest")["readings"]}  # type: ignore[attr-defined]
    assert labels == set(craft.dictionary.packets_by_label)


def test_a_condition_is_asked_at_once_and_at_the_end(craft: Craft):
    craft.wait_for(lambda: True, within_s=0)
    assert craft.line.now_ns() == 0
    seen = []
    with pytest.raises(TookTooLongError, match="waited 3 s for a thing"):
        craft.wait_for(lambda: seen.append(craft.line.now_ns()), within_s=3, what="a thing")
    assert seen == [0, 1_000_000_000, 2_000_000_000, 3_000_000_000]
    for wrong in (-1, math.nan, math.inf):
        with pytest.raises(UsageError, match="expected seconds"):
            craft.wait_for(lambda: True, within_s=wrong)
        with pytest.raises(UsageError, match="expected seconds"):
            craft.fly(wrong)


def test_the_same_seed_is_the_same_flight():
    traces = []
    for _ in range(2):
        with Flying(IN_SIGHT, seed=11) as flying, connect(flying) as craft:
            craft.command("power.switch", rail="compute_a", on=False).wait()
            craft.fly(60)
            traces.append(flying.simulation.trace.hexdigest())
    assert traces[0] == traces[1]


def test_an_archive_keeps_it(tmp_path):
    with Flying(IN_SIGHT, archive=tmp_path) as flying, connect(flying, "anna") as craft:
        craft.command("commands.nothing").expect_completed()
        craft.fly(10)
    query = open_query(tmp_path)
    assert [one.source for one in query.commands() if one.label == "commands.nothing"] == ["anna"]
    assert len(query.packets("power.status")) > 5
    assert "command: 1 commands.nothing" in query.audit()[1].what


def test_an_unknown_scenario_is_one_line():
    with pytest.raises(ConfigurationError, match="no such scenario"):
        Flying("refrence")
