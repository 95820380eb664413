# mypy: disable-error-code="index"
"""The state of the link: whatever the parts count appears, rates by the ground's clock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

import pytest

from flight.wire import Clcw, LinkCounters, Reason
from ground.link import LinkTotals
from ground.protocol import decode, encode
from ground.server.ask import Moment
from ground.server.link_look import counters_of, plain
from ground.server.operations import Operations
from ground.station import Ground

NS = 1_000_000_000


class State(Enum):
    LOCK = "lock"
    OPEN = 1


@dataclass
class Part:
    """As a part of the link may have them."""

    good: int = 3
    up: bool = False
    state: State = State.OPEN
    by_kind: Counter[State] = field(default_factory=lambda: Counter({State.LOCK: 2}))
    cells: Counter[tuple[int, int]] = field(default_factory=Counter)
    within: LinkTotals = field(default_factory=LinkTotals)
    queue: list[int] = field(default_factory=list)


class Line:
    address = "tcp:station:1"
    connected = True
    error = ""

    def __init__(self) -> None:
        self.totals = LinkTotals(connections=1)


@pytest.fixture
def operations(dictionary):
    return Operations(Ground(dictionary), lambda _: None)


def look(operations, at: Moment) -> dict:
    """As it arrives at a client."""
    return decode(encode(operations.handle({"do": "link", "name": "anna"}, "here", at)))


def test_counters_of_any_part_are_found() -> None:
    found = counters_of(Part())
    assert found["good"] == 3
    assert found["up"] is False
    assert found["state"] == "open"
    assert found["by_kind"] == {"lock": 2}
    assert found["cells"] == {}
    assert found["within"]["connections"] == 0
    assert "queue" not in found


def test_of_a_plain_object_the_public_ones() -> None:
    class Sender:
        def __init__(self) -> None:
            self.sent, self._hidden, self.key = 4, 5, b"secret"

    assert counters_of(Sender()) == {"sent": 4}
    assert plain(b"secret") is None
    assert plain({1: "text"}) is None
    assert plain(LinkCounters(rejections=Counter({Reason.CHECKSUM: 1})))["rejections"] == {
        Reason.CHECKSUM.value: 1
    }


def test_what_is_lost_is_told_by_channel_and_reason(operations, craft) -> None:
    frames = craft.frames([craft.power(at * NS) for at in range(30)])
    operations.ground.contact(True, NS)
    operations.ground.receive(b"".join(frames[:2] + frames[4:]), 2 * NS, "Kiruna")
    played = craft.frames([craft.power(at * NS) for at in range(40, 90)], vc=1)
    operations.ground.receive(b"".join(played[:1] + played[5:]), 2 * NS, "Kiruna")
    operations.ground.reception.receivers["Kiruna"].clcws[0] = Clcw(0, report_value=7, lockout=True)
    found = look(operations, Moment(3 * NS, 3 * NS, 0))
    telemetry = found["sections"]["telemetry"]
    assert telemetry["frames"] == len(frames) - 2 + len(played) - 4
    assert telemetry["vc_gaps"] == 2
    assert telemetry["lost_by_channel"] == {"0": 2, "1": 4}
    assert telemetry["rejections"][Reason.PACKET_LOST.value] == 2
    assert "station Kiruna" in found["sections"]
    clcw = found["sections"]["CLCW of channel 0"]
    assert (clcw["report_value"], clcw["lockout"]) == (7, True)
    assert found["sections"]["telecommands"]["waiting"] == 0
    assert found["sections"]["COP-1"]["service"]
    assert "line" not in found["sections"]
    assert found["station"] == "Kiruna"
    assert found["last_received_ns"] == 2 * NS


def test_a_server_tells_its_line(operations) -> None:
    operations.line = line = Line()
    line.totals.received = 77
    found = look(operations, Moment(NS, NS, 0))["sections"]["line"]
    assert found["address"] == "tcp:station:1"
    assert (found["connected"], found["received"], found["connections"]) == (True, 77, 1)
    assert "error" not in found
    line.error, line.connected = "Connection refused", False
    found = look(operations, Moment(NS, NS, 0))["sections"]["line"]
    assert (found["error"], found["connected"]) == ("Connection refused", False)


def test_rates_are_of_the_last_ten_seconds_of_this_computer_by_the_grounds_clock(operations, craft) -> None:
    """Real time runs a second for ten of the ground's: a frame with one packet in each real second."""
    operations.line = line = Line()
    operations.ground.contact(True, 0)
    assert look(operations, Moment(0, 0, 0))["rates"] == {}
    for second in range(30):
        octets = craft.down(craft.power(second * NS)) if second >= 15 else b""
        line.totals.received += len(octets)
        operations.ground.receive(octets, 10 * second * NS, "here")
        now = Moment(10 * second * NS, second * NS, 0)
        operations.on_deadline(now)
        operations.on_deadline(now)
    rates = look(operations, Moment(300 * NS, 30 * NS, 0))["rates"]
    assert rates == {"frames": 0.1, "packets": 0.1, "octets": 22.7, "over_s": 100.0}
