"""Files between a ground and a spacecraft that are joined by the real flight code, link and ground."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flight.app import load_mission
from flight.wire.cfdp import stored_name
from ground import connect
from ground.client import CommandFailedError, Craft, TookTooLongError, TransferFailedError
from ground.protocol import UsageError
from ground.settings import Settings
from ground.station import Ground
from ground.transfers import TransferState
from sim.checks import Checks
from sim.flying import Flying
from sim.simulation import NS

IN_SIGHT = Path(__file__).parents[1] / "ground" / "in_sight.toml"
CONTENT = random.Random(11).randbytes(6_000)
NAME = "tables/plan.bin"
BOARD = 2 + 0x2A
pytestmark = pytest.mark.slow  # each flies for minutes: a second or so


@pytest.fixture
def flying() -> Iterator[Flying]:
    with Flying(IN_SIGHT) as flying:
        yield flying


@pytest.fixture
def craft(flying: Flying) -> Iterator[Craft]:
    checks = Checks(flying.simulation, flying.ground)
    flying.simulation.watchers = (checks,)
    with connect(flying, "anna") as craft:
        craft.fly(2)
        yield craft
    check = next(one for one in checks.all if one.name.startswith("a file received"))
    assert check.failures == []


def on_board(flying: Flying, name: str = NAME) -> bytes | None:
    return flying.simulation.file_disk.peek(stored_name(name))


def place(flying: Flying, craft: Craft, content: bytes = CONTENT) -> None:
    """Put it on board without the link, before the worker has looked at its disk."""
    disk = flying.simulation.file_disk
    disk.write(stored_name(NAME), 0, content)
    disk.sync(stored_name(NAME))
    disk.sync_directory()
    files = flying.simulation.computer.files
    assert files is not None
    files.begin(0)
    craft.fly(1)


def lose(flying: Flying, share: float) -> None:
    flying.simulation.radio.down.spoiling.loss = share
    flying.simulation.radio.up.spoiling.loss = share


def until_half(flying: Flying, craft: Craft) -> None:
    """Fly until a transfer that was begun is half through."""
    for _ in range(200):
        craft.fly(1)
        one = craft.files.transfers()[-1]
        if one.done * 2 > len(CONTENT):
            assert not one.ended
            return
    raise AssertionError("it never got so far")


def finish(craft: Craft, within_s: int = 400) -> TransferState:
    for _ in range(within_s):
        if craft.files.transfers()[-1].ended:
            break
        craft.fly(1)
    return craft.files.transfers()[-1].state


# ---------------------------------------------------------------- both ways


@pytest.mark.parametrize("acknowledged", [True, False])
def test_up_and_down_again(flying: Flying, craft: Craft, acknowledged: bool) -> None:
    done = craft.put(CONTENT, NAME, acknowledged=acknowledged)
    assert (done.octets, done.done, done.reason) == (6_000, 6_000, "")
    craft.fly(3)  # of class 1 nobody is told
    assert on_board(flying) == CONTENT
    assert craft.fetch(NAME, acknowledged=acknowledged) == CONTENT
    assert [one.up for one in craft.files.transfers()] == [True, False]


def test_over_a_line_that_loses_much(flying: Flying, craft: Craft) -> None:
    lose(flying, 0.2)
    craft.put(CONTENT, NAME)
    assert on_board(flying) == CONTENT
    assert craft.fetch(NAME) == CONTENT
    counters = flying.ground.files.entity.counters
    assert counters.naks_received + counters.naks_sent > 0


def test_events_and_telemetry_tell_of_it(craft: Craft) -> None:
    craft.put(CONTENT, NAME)
    assert craft.expect_event("files.received", 30).text == "file of transaction 1-1 is on board"
    craft.fetch(NAME)
    assert craft.expect_event("files.sent", 30).text == f"file of transaction {BOARD}-1 is on the ground"
    craft.fly(35)
    assert craft.get("files.status.files_received") == 1
    assert craft.get("files.status.octets_sent") == 6_000
    assert craft.get("files.status.quota") == 64 * 2**20


def test_a_shorter_file_replaces_a_longer_one(flying: Flying, craft: Craft) -> None:
    craft.put(CONTENT, NAME)
    craft.put(b"short", NAME)
    assert on_board(flying) == b"short"
    assert craft.fetch(NAME) == b"short"


def test_an_empty_file(flying: Flying, craft: Craft) -> None:
    craft.put(b"", "empty")
    assert on_board(flying, "empty") == b""
    assert craft.fetch("empty") == b""


def test_the_list_and_removal(flying: Flying, craft: Craft) -> None:
    assert craft.ls() == []
    craft.put(b"12345", NAME)
    craft.put(b"1", "other")
    assert craft.ls() == [("other", 1), (NAME, 5)]
    assert craft.ls("tables") == [(NAME, 5)]
    assert craft.files.remove("other").wait().completed
    assert craft.ls() == [(NAME, 5)]
    assert not craft.files.remove("other").wait().completed


def test_what_is_fetched_is_written_where_it_is_wanted(tmp_path: Path, craft: Craft) -> None:
    local = tmp_path / "local.bin"
    local.write_bytes(CONTENT)
    craft.put(local, NAME)
    craft.fetch(NAME, tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == CONTENT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back.bin", "local.bin"]


def test_ai_rack_moves_files_too(tmp_path: Path) -> None:
    """Other frames, Reed-Solomon, secured telemetry, 10 Mbit/s down: what is lost of both ways is repaired."""
    scenario = tmp_path / "rack.toml"
    scenario.write_text(IN_SIGHT.read_text().replace('"pathfinder"', '"ai_rack"'))
    with Flying(scenario) as flying, connect(flying, "anna") as craft:
        checks = Checks(flying.simulation, flying.ground)
        flying.simulation.watchers = (checks,)
        craft.fly(2)
        lose(flying, 0.1)
        craft.put(CONTENT, NAME)
        assert on_board(flying) == CONTENT
        assert craft.ls() == [(NAME, len(CONTENT))]
        assert craft.fetch(NAME) == CONTENT
        counters = flying.ground.files.entity.counters
        assert counters.naks_received + counters.naks_sent > 0
    check = next(one for one in checks.all if one.name.startswith("a file received"))
    assert (check.exercised > 0, check.failures) == (True, [])


# ---------------------------------------------------------------- in the middle of it


def test_the_spacecraft_reboots_in_the_middle(flying: Flying, craft: Craft) -> None:
    craft.files.begin_put(CONTENT, NAME)
    until_half(flying, craft)
    flying.simulation.cut_power(5)
    assert finish(craft) is TransferState.DONE
    assert on_board(flying) == CONTENT
    lose(flying, 0.3)
    command = craft.send("get_file", file=NAME)
    for _ in range(60):
        craft.fly(1)
        if craft.files.transfers()[-1].done:
            break
    assert not craft.files.transfers()[-1].ended
    flying.simulation.cut_power(5)
    lose(flying, 0.0)
    assert finish(craft) is TransferState.DONE
    assert craft.files.transfers()[-1].command == command.number
    assert craft.files.read(NAME) == CONTENT


def test_the_files_worker_is_killed_in_the_middle(flying: Flying, craft: Craft) -> None:
    craft.files.begin_put(CONTENT, NAME)
    until_half(flying, craft)
    flying.simulation.file_disk.kill_at(flying.simulation.file_disk.operations + 1)
    assert finish(craft) is TransferState.DONE
    assert flying.simulation.computer.files is not None
    assert flying.simulation.computer.files.lost == 1
    assert on_board(flying) == CONTENT


def test_the_pass_ends_in_the_middle(flying: Flying, craft: Craft) -> None:
    craft.files.begin_put(CONTENT, NAME)
    until_half(flying, craft)
    flying.simulation.silenced.add(0)
    craft.fly(5)
    half = craft.files.transfers()[-1].done
    craft.fly(3 * 3600)  # longer than every timer of both ends
    assert craft.files.transfers()[-1].done == half
    flying.simulation.silenced.clear()
    flying.simulation.world.station = lambda: 0  # type: ignore[method-assign]
    assert finish(craft) is TransferState.DONE
    assert on_board(flying) == CONTENT


@pytest.mark.parametrize("up", [True, False])
def test_the_ground_is_restarted_in_the_middle(tmp_path: Path, up: bool) -> None:
    with Flying(IN_SIGHT, archive=tmp_path) as flying:
        craft = connect(flying, "anna")
        craft.fly(2)
        lose(flying, 0.3)
        if up:
            craft.files.begin_put(CONTENT, NAME)
            until_half(flying, craft)
        else:
            place(flying, craft)
            craft.send("get_file", file=NAME)
            for _ in range(100):
                craft.fly(1)
                if craft.files.transfers()[-1].done:
                    break
        assert not craft.files.transfers()[-1].ended
        lose(flying, 0.0)
        assert flying.archive is not None
        simulation, dictionary = flying.simulation, flying.ground.dictionary
        flying.ground.files.close()  # as after kill -9: nothing more is written
        again = Ground(dictionary, flying.archive, simulation.now_s * NS, Settings(up_bit_s=9600.0))
        again.line.keys, again.line.sender = flying.ground.line.keys, flying.ground.line.sender
        again.contact(True, simulation.now_s * NS)
        flying.ground = simulation.ground = again
        transfer = next(iter(again.files.transfers.values()))
        assert transfer.up is up
        for _ in range(300):
            simulation.second()
            if transfer.ended:
                break
        assert transfer.state is TransferState.DONE
        if up:
            assert on_board(flying) == CONTENT
            assert list((tmp_path / "files" / "outgoing").iterdir()) == []
        else:
            assert (tmp_path / "files" / NAME).read_bytes() == CONTENT


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    with Flying(IN_SIGHT, archive=tmp_path) as flying, connect(flying, "anna") as craft:
        craft.fly(2)
        place(flying, craft, CONTENT * 8)
        lose(flying, 0.3)
        craft.send("get_file", file=NAME)
        seen = []
        for _ in range(300):
            craft.fly(1)
            seen.append((tmp_path / "files" / NAME).exists())
            if craft.files.transfers()[-1].ended:
                break
        assert seen[-1]
        assert not any(seen[:-1])
        assert (tmp_path / "files" / NAME).read_bytes() == CONTENT * 8


# ---------------------------------------------------------------- refused, suspended, cancelled


def test_more_than_the_quota_is_refused() -> None:
    mission = replace(load_mission("pathfinder"), file_quota=4_096)
    with Flying(IN_SIGHT, mission) as flying, connect(flying, "anna") as craft:
        craft.fly(2)
        with pytest.raises(TransferFailedError, match="file size"):
            craft.put(CONTENT, NAME)
        assert on_board(flying) is None
        craft.put(b"small", NAME)
        assert on_board(flying) == b"small"
        craft.fly(35)
        assert craft.get("files.status.failed") == 1
        stored = craft.get("files.status.stored")
        assert isinstance(stored, int)
        assert 5 <= stored <= 4_096


def test_no_name_leads_out_of_the_store(flying: Flying, craft: Craft) -> None:
    for name in ("../escape", "/etc/passwd", ".cfdp-journal", "outgoing/1", ""):
        with pytest.raises(UsageError):
            craft.put(b"x", name)
        with pytest.raises(UsageError):
            craft.fetch(name)
    for octets in (b"../escape", b"/etc/passwd", b".cfdp-journal", b"a\0b"):
        sent = craft.command("files.send", name=octets, acknowledged=True).wait()
        removed = craft.command("files.remove", name=octets).wait()
        listed = craft.command("files.list", folder=octets).wait()
        assert all("not allowed" in one.reason for one in (sent, removed, listed))
    assert all(name.startswith(".cfdp-") for name in flying.simulation.file_disk.names())


def test_a_file_that_is_not_there(craft: Craft) -> None:
    with pytest.raises(CommandFailedError, match="no such file"):
        craft.fetch("absent")
    assert craft.files.transfers()[-1].state is TransferState.FAILED
    with pytest.raises(UsageError, match="no such file on the ground"):
        craft.files.read("absent")


def test_suspended_on_board_it_waits_and_then_goes_on(flying: Flying, craft: Craft) -> None:
    place(flying, craft, CONTENT * 40)
    craft.send("get_file", file=NAME)
    craft.fly(6)
    assert craft.command("files.suspend", source=BOARD, sequence=1).wait().completed
    assert craft.expect_event("files.suspended", 20)
    craft.fly(5)
    held = craft.files.transfers()[-1].done
    craft.fly(30)
    assert craft.files.transfers()[-1].done == held < len(CONTENT) * 40
    assert craft.command("files.resume", source=BOARD, sequence=1).wait().completed
    assert finish(craft) is TransferState.DONE
    assert craft.files.read(NAME) == CONTENT * 40


def test_cancelled_it_leaves_nothing(flying: Flying, craft: Craft) -> None:
    one = craft.files.begin_put(CONTENT, NAME)
    until_half(flying, craft)
    craft.ask("steer_file", what="cancel", number=one.number)
    craft.fly(20)
    ended = craft.files.transfers()[-1]
    assert (ended.state, ended.reason) == (TransferState.FAILED, "cancelled")
    assert all(name.startswith(".cfdp-journal") for name in flying.simulation.file_disk.names())
    assert craft.expect_event("files.failed", 20).text.endswith("CANCELLED")
    refused = craft.command("files.cancel", source=1, sequence=77).wait()
    assert "no such transaction" in refused.reason


def test_who_waits_too_short_is_told_that_it_goes_on(craft: Craft) -> None:
    with pytest.raises(TookTooLongError, match="the transfer goes on"):
        craft.put(CONTENT, NAME, within_s=3)
    assert finish(craft) is TransferState.DONE
