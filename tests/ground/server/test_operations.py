"""What clients may ask: each verb, the seat, the audit log, and that nothing asked can bring the ground down."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ground.archive import Archive
from ground.audit import AuditLog, read, verify
from ground.protocol import NS, Fault, Topic, Update
from ground.query import open_query
from ground.seat import LEASE_NS
from ground.server.ask import TEXT_LONGEST, Moment
from ground.server.journal import anchor_of
from ground.server.operations import VERBS, Operations
from ground.server.telecommands import TELECOMMANDS
from ground.station import RECOVERY, Ground
from tests.ground.conftest import service_up


class Desk:
    """Operations over a spacecraft by hand, and a clock by hand."""

    def __init__(self, dictionary, craft, folder: Path | None = None) -> None:
        self.archive = Archive(folder / "archive", dictionary) if folder else None
        self.log = AuditLog(folder / "audit.jsonl", dictionary.hash) if folder else None
        self.ground = Ground(dictionary, self.archive)
        self.craft = craft
        self.updates: list[Update] = []
        self.now = Moment(1_000 * NS, 7 * NS, 10**18)
        self.operations = Operations(self.ground, self.updates.append, self.log)
        self.operations.publish_packets()

    def ask(self, verb: str, name: str = "anna", **arguments: object) -> dict:
        return self.operations.handle({"do": verb, "name": name, **arguments}, "10.0.0.1", self.now)

    def error(self, verb: str, kind: Fault, name: str = "anna", **arguments: object) -> str:
        reply = self.ask(verb, name, **arguments)
        assert reply.get("kind") == kind.value, reply
        assert "\n" not in str(reply["error"])
        return str(reply["error"])

    def hear(self, *packets: bytes) -> None:
        self.ground.receive(self.craft.down(*packets), self.now.ground_ns, "here")

    def later(self, seconds: float) -> None:
        passed = int(seconds * NS)
        self.now = Moment(*(at + passed for at in self.now))
        self.operations.on_deadline(self.now)

    def topics(self) -> list[str]:
        return [update.topic.value for update in self.updates]

    def close(self) -> None:
        self.ground.close()
        if self.log:
            self.log.close()


@pytest.fixture
def desk(dictionary, craft):
    return Desk(dictionary, craft)


@pytest.fixture
def kept(dictionary, craft, tmp_path):
    desk = Desk(dictionary, craft, tmp_path)
    yield desk
    desk.close()


SWITCH = {"label": "power.switch", "arguments": {"board": "beta", "on": "off", "seconds": "5"}}


# ---------------------------------------------------------------- looking


def test_hello_and_ping(desk):
    hello = desk.ask("hello")
    assert (hello["mission"], hello["spacecraft_id"], hello["speed"]) == ("small", 42, 1.0)
    assert hello["dictionary_hash"] == desk.ground.dictionary.hash
    assert (hello["contact"], hello["seat"], hello["alarms"]) == (False, None, 0)
    assert hello["ground_ns"] == 1_000 * NS
    desk.ground.contact(True, 0)
    assert desk.ask("ping")["contact"] is True


def test_newest_values_with_their_times(desk):
    assert desk.error("get", Fault.UNKNOWN, label="power.status") == "power.status has not been received yet"
    assert "did you mean power.status?" in desk.error("get", Fault.USAGE, label="power.statos")
    desk.ground.contact(True, desk.now.ground_ns)
    desk.hear(desk.craft.power(900 * NS, charge=0.75, count=3))
    reading = desk.ask("get", label="power.status")["reading"]
    assert reading["values"] == [0.75, 28.0, 1, True, 3]
    assert (reading["time_ns"], reading["received_ns"]) == (900 * NS, 1_000 * NS)
    assert abs(reading["utc_ns"] - 1_000 * NS) <= 2 * NS, (
        "of the first packet all that is known is when it came"
    )
    assert [one["label"] for one in desk.ask("newest")["readings"]] == ["power.status"]


def test_what_is_played_back_is_not_shown_as_new(desk):
    desk.hear(desk.craft.power(900 * NS))
    desk.hear(desk.craft.power(100 * NS))
    desk.hear(desk.craft.power(901 * NS))
    shown = [update.body["reading"]["time_ns"] for update in desk.updates if update.topic is Topic.PACKET]
    assert shown == [900 * NS, 901 * NS]


def test_events_by_severity_name_and_number(desk):
    desk.hear(
        desk.craft.event("power.changed", 20 * NS, 0, 0.5, 28.0),
        desk.craft.event("executive.booted", 10 * NS, 3),
    )
    rows = desk.ask("events")["events"]
    assert [(row["label"], row["text"]) for row in rows] == [
        ("executive.booted", "boot 3"),
        ("power.changed", "board alpha to 50% of 28"),
    ]
    assert [row["label"] for row in desk.ask("events", severity=2)["events"]] == ["executive.booted"]
    assert [row["label"] for row in desk.ask("events", prefix="power")["events"]] == ["power.changed"]
    assert [row["label"] for row in desk.ask("events", limit=1)["events"]] == ["power.changed"]
    assert desk.topics() == ["event", "event"]
    assert [update.serial for update in desk.updates] == [1, 2]


def test_gaps_link_and_alarms(desk):
    made = [desk.craft.power(at * NS, charge=0.1) for at in range(1, 6)]
    desk.hear(made[0], made[3], made[4])
    stores = {row["store"]: row for row in desk.ask("gaps")["stores"]}
    assert stores["housekeeping"]["gaps"] == [[1, 2]]
    assert stores["housekeeping"]["missing"] == 2
    assert stores["critical"]["missing"] == 0
    link = desk.ask("link")
    assert (link["missing"], link["sections"]["packets"]["packets"]) == (2, 3)
    alarms = desk.ask("alarms")["alarms"]
    assert [(one["label"], one["field"], one["state"]) for one in alarms] == [
        ("power.status", "charge", "red low")
    ]
    assert desk.ask("ping")["alarms"] == 1
    assert "alarm" in desk.topics()


def test_an_alarm_is_acknowledged_from_the_seat_alone(kept):
    kept.hear(*(kept.craft.power(at * NS, charge=0.1) for at in range(1, 4)))
    alarm = {"label": "power.status", "field": "charge"}
    assert "nobody has the commanding seat" in kept.error("acknowledge", Fault.SEAT, **alarm)
    kept.ask("take")
    assert "no alarm to acknowledge" in kept.error(
        "acknowledge", Fault.USAGE, label="power.status", field="volts"
    )
    assert kept.ask("acknowledge", **alarm) == {}
    assert kept.ask("alarms")["alarms"][0]["worst"] == "ok"
    assert [line.did for line in read(kept.log.path)] == ["take", "acknowledge"]


def test_utc_of_a_moment_on_board(desk):
    assert desk.ask("utc", mission_ns=5)["utc_ns"] is None
    desk.ground.contact(True, desk.now.ground_ns)
    desk.hear(desk.craft.power(900 * NS))
    assert abs(desk.ask("utc", mission_ns=800 * NS)["utc_ns"] - 900 * NS) <= 2 * NS


# ---------------------------------------------------------------- the seat and what it sends


def test_nothing_is_sent_without_the_seat(kept):
    for verb in TELECOMMANDS:
        assert "nobody has the commanding seat" in kept.error(verb, Fault.SEAT, **SWITCH)
    kept.ask("take", "ben")
    for verb in TELECOMMANDS:
        assert "ben (10.0.0.1) has the commanding seat" in kept.error(verb, Fault.SEAT, **SWITCH)
    assert kept.ask("history")["commands"] == []
    tried = [line for line in read(kept.log.path) if line.did == "not seated"]
    assert len(tried) == 2 * len(TELECOMMANDS)
    assert {line.who for line in tried} == {"anna"}


def test_a_command_is_sent_shown_and_logged(kept):
    kept.ask("take", "anna")
    reply = kept.operations.handle(
        {"do": "command", "name": "anna", "from": "desk:7", **SWITCH}, "10.0.0.1", kept.now
    )
    sent = reply["commands"][0]
    assert (sent["number"], sent["stage"], sent["source"]) == (1, "queued", "anna")
    assert sent["text"] == "power.switch board=beta on=off seconds=5"
    assert kept.topics() == ["seat", "command"]
    line = list(read(kept.log.path))[-1]
    assert (line.who, line.where, line.did) == ("anna", "10.0.0.1 desk:7", "command")
    assert line.what == f"1 power.switch board=beta on=off seconds=5 [{sent['packet'].hex()}]"
    assert (line.utc_ns, line.ground_ns) == (10**18, 1_000 * NS)
    assert line.dictionary == f"{kept.ground.dictionary.hash:08x}"
    service_up(kept.ground, kept.craft, kept.now.ground_ns)
    octets = kept.ground.send(kept.now.ground_ns)
    assert kept.craft.up(octets)[0].service == 8
    stages = [update.body["command"]["stage"] for update in kept.updates if update.topic is Topic.COMMAND]
    assert stages == ["queued", "sent"]
    assert kept.ask("command_state", number=1)["commands"][0]["stage"] == "sent"


@pytest.mark.parametrize(
    ("verb", "arguments", "packet"),
    [
        ("arm", {"label": "power.fire"}, (8, 1)),
        ("test", {}, (17, 1)),
        ("ask_parameters", {"labels": ["power.low"]}, (20, 1)),
        ("set_parameters", {"values": {"power.low": "12"}}, (20, 3)),
        ("once", {"labels": ["power.status"]}, (3, 27)),
        ("retrieve", {"store": "event", "first": 3, "last": 9}, (15, 129)),
    ],
)
def test_every_verb_that_sends_sends_its_packet(kept, verb, arguments, packet):
    kept.ask("take")
    reply = kept.ask(verb, **arguments)
    assert "error" not in reply, reply
    service_up(kept.ground, kept.craft, kept.now.ground_ns)
    up = kept.craft.up(kept.ground.send(kept.now.ground_ns))
    assert [(one.service, one.subtype) for one in up] == [packet]
    assert [line.did for line in read(kept.log.path)] == ["take", verb]


def test_a_snapshot_needs_a_mission_that_has_one(desk):
    desk.ask("take")
    assert desk.error("snapshot", Fault.USAGE) == "this mission has no command housekeeping.snapshot"


def test_a_lease_ends_when_its_holder_is_gone(kept):
    kept.ask("take")
    kept.later(29)
    kept.ask("ping")
    kept.later(29)
    assert kept.ask("seat", "")["seat"]["name"] == "anna"
    kept.later(1)
    assert kept.ask("seat", "")["seat"] is None
    assert kept.topics() == ["seat", "seat"]
    assert kept.updates[-1].body["did"] == "expire"
    assert [line.did for line in read(kept.log.path)] == ["take", "expire"]


def test_a_sign_of_another_does_not_keep_the_seat(desk):
    desk.ask("take")
    desk.later(LEASE_NS / NS - 1)
    desk.ask("ping", "ben")
    desk.later(1)
    assert desk.operations.seat.holder is None


def test_taken_twice_is_told_and_logged_once(kept):
    assert kept.ask("take")["already"] is False
    kept.later(3)
    assert kept.ask("take")["already"] is True
    assert kept.ask("take", lease_s=900)["seat"]["until_ns"] == kept.now.real_ns + 900 * NS
    assert [line.did for line in read(kept.log.path)] == ["take"]
    kept.ask("release")
    assert kept.ask("release")["seat"] is None
    assert [line.did for line in read(kept.log.path)] == ["take", "release"]


def test_force_is_logged_with_who_was_there(kept):
    kept.ask("take", "ben")
    assert kept.ask("force", "anna")["before"]["name"] == "ben"
    assert [(line.who, line.did, line.what) for line in read(kept.log.path)][-1] == (
        "anna",
        "force",
        "from ben",
    )
    assert "anna" in kept.error("release", Fault.SEAT, "ben")


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 65, " anna"])
def test_a_name_that_cannot_be_logged_cannot_sit(desk, name):
    assert "is no name" in desk.error("take", Fault.SEAT, name)
    assert "is no name" in desk.error("force", Fault.SEAT, name)


def test_what_the_log_cannot_take_stops_all_sending(kept, monkeypatch):
    kept.ask("take")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept.log, "append", full)
    kept.ask("command", **SWITCH)
    told = kept.error("command", Fault.USAGE, **SWITCH)
    assert told == "the audit log cannot be written: [Errno 28] No space left on device"
    assert len(kept.ask("history")["commands"]) == 1, "the second was not sent"


def test_the_archive_keeps_the_head_of_the_log(kept, tmp_path):
    kept.ask("take")
    kept.ask("command", **SWITCH)
    kept.ask("flush")
    anchor = anchor_of(open_query(tmp_path / "archive").audit()[-1].what)
    assert anchor == (2, kept.log.head)
    assert verify(kept.log.path, anchor).problems == ()
    assert anchor_of("audit 2") is None
    assert anchor_of("audit two abc") is None
    assert anchor_of("something else entirely") is None


def test_history_outlives_the_server_and_leaves_out_what_the_ground_asked_by_itself(
    dictionary, craft, tmp_path
):
    first = Desk(dictionary, craft, tmp_path)
    first.ask("take")
    first.ask("command", **SWITCH)  # type: ignore[arg-type]
    first.hear(craft.event("executive.booted", 10 * NS, 3))
    first.close()
    again = Desk(dictionary, craft, tmp_path)
    shown = again.ask("history")["commands"]
    assert [(one["number"], one["stage"]) for one in shown] == [(1, "no answer")]
    assert [one["label"] for one in again.ask("events")["events"]] == ["executive.booted"]
    again.ask("take")
    assert again.ask("command", **SWITCH)["commands"][0]["number"] == 2  # type: ignore[arg-type]
    record = again.operations.commands[2]
    record.source = RECOVERY
    assert [one["number"] for one in again.ask("history")["commands"]] == [1]
    assert [one["number"] for one in again.ask("history", all=True)["commands"]] == [1, 2]
    assert [one["number"] for one in again.ask("history", all=True, limit=1)["commands"]] == [2]
    again.close()


# ---------------------------------------------------------------- whatever is asked


@pytest.mark.parametrize(
    ("verb", "arguments", "complaint"),
    [
        ("histroy", {}, "'histroy': no such request, did you mean history?"),
        ("events", {"limit": 0}, "limit: expected a whole number, 1 to 10000"),
        ("events", {"limit": True}, "limit: expected a whole number"),
        ("events", {"severity": "high"}, "severity: expected a whole number, 0 to 4"),
        ("events", {"prefix": 3}, "prefix: expected text"),
        ("history", {"all": 1}, "all: expected true or false"),
        ("parameters", {"labels": "power.low"}, "labels: expected at most 400 texts"),
        ("parameters", {"labels": [1]}, "labels: expected texts"),
        ("parameters", {"labels": ["power.lo"]}, "power.lo: no such parameter, did you mean power.low"),
        ("get", {}, "label: expected text"),
        ("get", {"label": "x" * (TEXT_LONGEST + 1)}, "label: expected text"),
        ("command", {"label": "power.swich"}, "no such command, did you mean power.switch"),
        ("command", {"label": "power.switch", "arguments": {"board": "beta"}}, "argument on is missing"),
        ("command", {"label": "power.switch", "arguments": [1]}, "arguments: expected names with values"),
        ("command", {"label": "power.switch", "arguments": {1: 2}}, "arguments: expected names with"),
        ("command", {"label": "power.switch", "arguments": {"board": [1]}}, "arguments: expected names with"),
        (
            "command",
            {"label": "power.load", "arguments": {"part": bytes(TEXT_LONGEST + 1)}},
            "part is longer",
        ),
        ("set_parameters", {"values": {"power.low": 99}}, "power.low: low is 0 to 40 V, not 99"),
        ("set_parameters", {"values": {}}, "no parameter to set"),
        ("retrieve", {"store": "evnt", "first": 1, "last": 2}, "evnt: no such store"),
        ("retrieve", {"store": "event", "first": -1, "last": 2}, "first: expected a whole number"),
        ("arm", {"label": "power.switch"}, "power.switch is not hazardous"),
        ("take", {"lease_s": 0}, "lease_s: expected a whole number"),
    ],
)
def test_a_bad_argument_is_refused_in_one_line_and_nothing_is_sent(desk, verb, arguments, complaint):
    desk.ask("take")
    assert complaint in desk.error(verb, Fault.USAGE, **arguments)
    assert desk.ask("history")["commands"] == []


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    "label arguments values labels name from limit severity number store first last".split()  # noqa: SIM905  (a list of one word a line is longer than the tests)
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # what it holds between examples is the point
@given(
    st.sampled_from([*VERBS, *TELECOMMANDS, "no such"]),
    st.dictionaries(NAMES, PLAIN, max_size=5),
    st.booleans(),
)
def test_any_request_gets_an_answer(desk, verb, arguments, seated):
    if seated:
        desk.ask("take")
    reply = desk.operations.handle({"name": "anna", **arguments, "do": verb}, "here", desk.now)
    assert isinstance(reply, dict)
    if "error" in reply:
        assert reply["kind"] in {one.value for one in Fault}
        assert isinstance(reply["error"], str)
