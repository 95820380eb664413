"""One script, two ways: over a server with sockets, and in a simulation within this process."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ground import connect
from ground.audit import read, verify
from ground.client import Craft, TookTooLongError
from ground.commanding import Stage
from ground.protocol import NoServerError, SeatTakenError, Topic, UsageError
from ground.query import open_query
from ground.server.journal import anchor_of
from sim.flying import Flying

IN_SIGHT = Path(__file__).parents[1] / "in_sight.toml"
pytestmark = pytest.mark.slow  # each flies for a minute or more


def script(craft: Craft) -> None:
    """What an operator might write: nothing in it knows how the spacecraft is reached."""
    craft.wait_for(lambda: craft.in_contact, within_s=60)
    switched = craft.command("power.switch", rail="navigation", on=False).wait(within_s=120)
    assert switched.completed, switched.reason
    assert switched.stages == (Stage.QUEUED, Stage.SENT, Stage.ACCEPTED, Stage.STARTED, Stage.COMPLETED)
    with pytest.raises(UsageError, match="did you mean"):
        craft.command("power.switch", rail="navigaton", on=False)
    refused = craft.command("health.shutdown").wait(within_s=120)
    assert refused.stage is Stage.REFUSED
    assert "arm it first" in refused.reason
    craft.parameters["power.floor"] = 0.65
    assert craft.parameters["power.floor"] == pytest.approx(0.65)
    craft.expect_event("modes.changed", within_s=300)
    craft.wait_for(lambda: craft.get("modes.status.mode") in ("IDLE", "COMPUTE"), within_s=600)
    assert 0.5 < craft.get("power.status.charge") <= 1.0  # type: ignore[operator]
    texts = [one.text for one in craft.history()]
    assert texts[0] == "power.switch rail=navigation on=off"
    assert all(one.ended for one in craft.history())


def test_in_a_simulation():
    with Flying(IN_SIGHT) as flying, connect(flying, "anna") as craft:
        script(craft)


def test_over_a_server(served):
    with connect(served.address, "anna") as craft:
        script(craft)
    served.stop()
    log = list(read(served.folder / "audit.jsonl"))
    assert [line.did for line in log][:3] == ["take", "command", "command"]
    assert [line.did for line in log][-1] == "release"
    assert {line.who for line in log} == {"anna"}
    assert all(line.where.startswith("127.0.0.1 ") for line in log)
    anchor = anchor_of(open_query(served.folder / "archive").audit()[-1].what)
    assert anchor == (log[-1].number, log[-1].digest)
    assert verify(served.folder / "audit.jsonl", anchor).problems == ()


def test_time_passes_by_itself_over_a_server(served):
    with connect(served.address, "anna") as craft:
        began_ns = craft.line.now_ns()
        with pytest.raises(TookTooLongError, match="waited 5 s for nothing"):
            craft.wait_for(lambda: False, within_s=5, what="nothing")
        assert craft.line.now_ns() - began_ns >= 5 * 10**9
        with pytest.raises(UsageError, match="only a simulation can be flown"):
            craft.fly(1)
        with pytest.raises(UsageError, match="expected seconds"):
            craft.wait_for(lambda: False, within_s=math.nan)


def test_two_programs_one_seat(served):
    with connect(served.address, "anna") as anna, connect(served.address, "ben") as ben:
        sent = anna.command("commands.nothing")
        with pytest.raises(SeatTakenError, match=r"anna \(127.0.0.1 .*\) has the commanding seat"):
            ben.command("commands.nothing")
        sent.wait()
        ben.wait_for(lambda: ben.history() and ben.history()[-1].ended, within_s=60)
        assert ben.history() == anna.history()
    with connect(served.address, "ben") as ben:
        ben.command("commands.nothing").expect_completed()


def test_a_second_program_of_the_same_name_leaves_the_seat_where_it_was(served):
    with connect(served.address, "anna") as shell:
        shell.take_seat()
        with connect(served.address, "anna") as other:
            other.command("commands.nothing").expect_completed()
        assert shell.ask("seat")["seat"]["name"] == "anna"  # type: ignore[index]
    with connect(served.address, "ben") as ben:
        assert ben.ask("seat")["seat"] is None


def test_updates_come_as_they_happen(served):
    heard = []
    with connect(served.address, "anna") as craft:
        craft.listeners.append(lambda update: heard.append(update.topic))
        craft.wait_for(lambda: {Topic.PACKET, Topic.EVENT, Topic.CONTACT} <= set(heard), within_s=300)


def test_a_server_that_comes_again_is_found_again(serve, station):
    first = serve()
    ports = [int(address.rpartition(":")[2]) for address in (first.address, first.server.sockets.updates_at)]
    with connect(first.address, "anna") as craft:
        craft.wait_for(lambda: craft.in_contact, within_s=60)
        sent = craft.command("commands.nothing")
        first.stop()
        again = serve(*ports)
        assert again.address == first.address
        sent.wait()
        assert sent.ended
        craft.command("commands.nothing").expect_completed()
        assert [one.text for one in craft.history()] == ["commands.nothing"] * 2


def test_nobody_there_is_said_in_one_line(monkeypatch):
    monkeypatch.setattr("ground.socket_line.ANSWER_WITHIN_S", 0.05)
    with pytest.raises(NoServerError, match="no answer from the ground at tcp://127.0.0.1:9"):
        connect("tcp://127.0.0.1:9")
    with pytest.raises(UsageError, match="is no address: expected tcp://HOST:PORT"):
        connect("nonsense")


def test_a_server_that_is_gone_is_noticed_while_waiting(served, monkeypatch):
    with connect(served.address, "anna") as craft:
        monkeypatch.setattr("ground.socket_line.ANSWER_WITHIN_S", 0.05)
        monkeypatch.setattr("ground.socket_line.PING_EVERY_NS", 10_000_000)
        served.stop()
        with pytest.raises(NoServerError, match="no answer from the ground"):
            craft.wait_for(lambda: False, within_s=1e6)
