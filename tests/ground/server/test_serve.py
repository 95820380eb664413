"""The server's sockets, its files, its line to the station, and that it sleeps when there is nothing to do."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys

import cbor2
import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from flight.dictionary import to_json
from flight.wire.line_address import LineAddress, LineKind
from ground import connect
from ground.archive import ArchiveError
from ground.audit import AuditError
from ground.link import NS
from ground.protocol import MESSAGE_LONGEST, ProtocolError, decode, encode
from ground.server.clock import GroundClock, real_until
from ground.server.serve import POLL_LONGEST_MS, Server, ServerSettings
from ground.server.sockets import ListenError
from sim.keys import memory_keys

WITHIN_MS = 20_000
pytestmark = pytest.mark.slow  # each starts a server, and a spacecraft to go with it


@pytest.fixture
def asker(served):
    """A bare socket, for what no client of ours would send."""
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(served.address)
    yield socket
    context.destroy(0)


def answered(asker) -> dict:
    assert asker.poll(WITHIN_MS)
    return cbor2.loads(asker.recv())


def test_an_answer_names_its_request(asker):
    asker.send(encode({"do": "ping", "id": 7}))
    asker.send(encode({"do": "ping", "id": "eight"}))
    assert [answered(asker)["id"], answered(asker)["id"]] == [7, "eight"]


@pytest.mark.parametrize(
    "octets", [b"", b"\xff", b"\x01", encode({}) + b"\0", cbor2.dumps({1: 2}), cbor2.dumps([1])]
)
def test_what_is_no_request_is_answered_as_such(asker, octets):
    asker.send(octets)
    reply = answered(asker)
    assert (reply["kind"], reply["id"]) == ("usage", None)
    asker.send(encode({"do": "ping", "id": 1}))
    assert answered(asker)["id"] == 1


def test_what_has_other_parts_is_not_answered_and_harms_nobody(asker):
    asker.send_multipart([b"a", b"b", b"c"])
    asker.send_multipart([encode({"do": "ping", "id": 2})])
    assert answered(asker)["id"] == 2


def test_a_message_that_is_too_long_ends_that_connection_alone(served, asker):
    asker.send(bytes(MESSAGE_LONGEST + 1))
    with connect(served.address) as craft:
        assert craft.in_contact in (True, False)


@given(st.binary(max_size=60))
def test_decoding_is_total(octets):
    with contextlib.suppress(ProtocolError):
        assert isinstance(decode(octets), dict)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(),
        lambda i: st.lists(i) | st.dictionaries(st.text(), i),
        max_leaves=9,
    )
)
def test_what_is_encoded_comes_back(value):
    assert str(decode(encode({"value": value}))["value"]) == str(value)  # as text: NaN is not itself


def test_nesting_without_end_is_no_message():
    with pytest.raises(ProtocolError):
        decode(b"\xa1\x61a" + b"\x81" * 100_000 + b"\x00")


# ---------------------------------------------------------------- beginning and ending


def test_the_folder_says_where_it_listens_while_it_does(served):
    file = served.folder / "server.json"
    with connect(served.address):
        where = json.loads(file.read_text())
    assert where["listen"] == served.address
    assert where["pid"] == os.getpid()
    assert where["mission"] == "pathfinder"
    served.stop()
    assert not file.exists()


def test_a_port_that_is_taken_is_one_line(served, station, tmp_path):
    port = int(served.address.rpartition(":")[2])
    settings = ServerSettings(station.address, tmp_path / "other", port=port)
    with pytest.raises(ListenError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
        Server(settings, station.dictionary, print)
    assert not (tmp_path / "other").exists()


def test_a_folder_that_is_in_use_is_one_line(served, station):
    settings = ServerSettings(station.address, served.folder)
    with pytest.raises(ArchiveError, match="in use by another process"):
        Server(settings, station.dictionary, print)


def test_a_broken_audit_log_is_not_continued(station, tmp_path):
    (tmp_path / "audit.jsonl").write_text("rubbish\n")
    settings = ServerSettings(station.address, tmp_path)
    with pytest.raises(AuditError, match="the last line is not as it was written"):
        Server(settings, station.dictionary, print)
    (tmp_path / "audit.jsonl").unlink()
    server = Server(settings, station.dictionary, print)  # and nothing was left locked
    with server._opened:
        pass


def test_a_signal_ends_it_with_everything_kept(station, tmp_path):
    dictionary = tmp_path / "dictionary.json"
    dictionary.write_text(to_json(station.dictionary))
    words = ["server", "--station", str(station.address), "--dictionary", str(dictionary)]
    words += ["--folder", str(tmp_path / "ground"), "--listen", "0", "--utc", "2026-04-24T06:16:24Z"]
    command = [sys.executable, "-m", "ground", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        lines = [started.stdout.readline()]
        assert lines[0].startswith("ground of pathfinder at tcp://127.0.0.1:")
        while "contact" not in lines:
            lines.append(started.stdout.readline().strip())
            assert lines[-1], lines
        assert f"station {station.address}: connected" in lines
        with connect(lines[0].split()[4].rstrip(",")) as craft:
            assert 0 <= craft.line.now_ns() - 1_777_011_384 * NS < 3600 * NS
            craft.wait_for(lambda: craft.get("power.status.charge") > 0, within_s=60)  # type: ignore[operator]
        started.send_signal(signal.SIGTERM)
        rest = started.stdout.read()
        assert started.wait() == 0
        assert rest.splitlines()[-2:] == ["contact lost", "stopped; everything received is in the archive"]
    assert not (tmp_path / "ground" / "server.json").exists()


# ---------------------------------------------------------------- the station


def test_the_line_to_the_station_comes_back(served, station):
    with connect(served.address, "anna") as craft:
        craft.wait_for(lambda: craft.in_contact, within_s=60)
        before = craft.reading("power.status") if craft.ask("newest")["readings"] else None
        station.hang_up()
        craft.wait_for(lambda: served.server.link.totals.connections >= 2, within_s=600)
        craft.wait_for(lambda: craft.reading("power.status") != before, within_s=600)
        craft.command("commands.nothing").expect_completed()


def test_it_sleeps_when_nothing_is_due(station, tmp_path):
    quiet = ServerSettings(LineAddress(LineKind.TCP, host="127.0.0.1", port=1), tmp_path)
    server = Server(quiet, station.dictionary, print)
    with server._opened:
        server.ground.use_keys(memory_keys(1))
        server.turn({})
        for _ in range(12):  # the retries grow to their longest
            server.link._fail(OSError("nobody there"), server.clock.now().real_ns)
        server.turn({})
        now = server.clock.now()
        assert server._next(now) - now.real_ns > 5 * NS
        server.link._due = None
        assert server._next(now) - now.real_ns == POLL_LONGEST_MS * 1_000_000
        server.operations.seat.take("anna", "", now.real_ns)
        assert server._next(now) - now.real_ns == 30 * NS
        server.ground.contact(True, now.ground_ns)
        server.contact.heard(now.ground_ns, now.real_ns)
        assert server._next(now) - now.real_ns == NS, "once a second in contact, for repeats and gaps"
        server.ground.contact(False, now.ground_ns)
        sent = server.ground.command("commands.nothing", {}, now.ground_ns)
        server.ground.uplink.queue[0].deadline_ns = now.ground_ns + 3 * NS
        assert server._next(now) - now.real_ns == 3 * NS
        assert not sent.ended


def test_the_grounds_clock():
    clock = GroundClock(60.0, 5 * NS)
    first, second = clock.now(), clock.now()
    assert first.ground_ns >= 5 * NS
    assert second.ground_ns - first.ground_ns == pytest.approx(60 * (second.real_ns - first.real_ns), abs=60)
    assert real_until(first.ground_ns + 120 * NS, first, 60.0) == first.real_ns + 2 * NS
    utc = GroundClock().now()
    assert abs(utc.ground_ns - utc.utc_ns) < NS


def test_no_signal_is_lost_and_none_interrupts(monkeypatch):
    from ground.server.serve import stop_signal

    before = signal.getsignal(signal.SIGTERM)
    with stop_signal() as stopped:
        os.kill(os.getpid(), signal.SIGTERM)
        stopped.settimeout(20)
        assert stopped.recv(1) == bytes([signal.SIGTERM])
    assert signal.getsignal(signal.SIGTERM) is before
    assert isinstance(stopped, socket.socket)
