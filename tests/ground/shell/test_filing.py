"""put, get file, ls, rm and files: what a person sees, slips included."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flight.app import load_mission
from ground import connect
from ground.shell.desk import DONE, FAILED, STOPPED, USAGE
from sim.flying import Flying
from tests.ground.shell.conftest import IN_SIGHT, Spoken

pytestmark = pytest.mark.slow  # each flies for half a minute or so
CONTENT = bytes(range(256)) * 8


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "plan.bin"
    path.write_bytes(CONTENT)
    return path


def test_up_listed_down_and_removed(shell: Spoken, plan: Path) -> None:
    code, lines = shell.answer("put plan.bin tables/")
    assert code == DONE
    assert lines[-1].startswith("tables/plan.bin: 2,048 octets on board in ")
    assert shell.answer("ls") == (DONE, ["       2,048  tables/plan.bin"])
    code, lines = shell.answer("get file tables/plan.bin back.bin")
    assert code == DONE
    assert lines[-1].startswith("tables/plan.bin: 2,048 octets here in ")
    assert plan.with_name("back.bin").read_bytes() == CONTENT
    code, lines = shell.answer("rm tables/plan.bin")
    assert code == DONE
    assert "files.remove name=text:tables/plan.bin: completed" in lines[-1]
    assert shell.answer("ls") == (DONE, ["no files"])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("put nothing.bin", "nothing.bin: no such file or directory"),
        ("put folder", "folder: is a folder; files go one by one"),
        ("put plan.bin ../up", "'../up': not a file name"),
        ("put plan.bin outgoing/1", "'outgoing/1': outgoing/ is the ground's own"),
        ("get file ../up", "'../up': not a file name"),
        ("get file plan.bin nowhere/x", "nowhere: no such folder"),
        ("files cancel", "files cancel: expected the number of a transfer"),
        ("files cancel 7", "no transfer 7 is under way"),
    ],
)
def test_a_slip_is_one_line_and_nothing_is_sent(shell: Spoken, plan: Path, line: str, says: str) -> None:
    plan.with_name("folder").mkdir()
    code, lines = shell.answer(line)
    assert code == USAGE
    assert len(lines) <= 2  # one of them may say that there is no contact
    assert lines[-1].startswith(says)
    assert shell.answer("files") == (DONE, ["no transfers"])


def test_what_is_not_on_board(shell: Spoken, plan: Path) -> None:
    code, lines = shell.answer("get file nothing.bin")
    assert code == FAILED
    assert lines[-1].endswith("name=text:nothing.bin: failed (execution: no such file)")
    assert not plan.with_name("nothing.bin").exists()
    _, lines = shell.answer("files")
    assert lines[-1].split()[1:] == ["down", "nothing.bin", "0", "failed", "execution:", "no", "such", "file"]


def test_more_than_the_store_holds_is_refused_before_it_is_handed_over(plan: Path) -> None:
    mission = replace(load_mission("pathfinder"), file_quota=2_000)
    with Flying(IN_SIGHT, mission) as flying, connect(flying, "anna") as craft:
        shell = Spoken(craft)
        shell.desk.at_prompt = False
        craft.fly(35)
        assert shell.answer("put plan.bin") == (
            USAGE,
            ["plan.bin: 2,048 octets, the store on board holds 2,000"],
        )
        assert flying.ground.files.store.names("outgoing") == []


def test_who_stops_waiting_is_told_what_goes_on(
    shell: Spoken, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shell.craft.line, "wait", interrupted)
    code, lines = shell.answer("put plan.bin")
    assert code == STOPPED
    assert lines[-1].startswith("the transfer goes on without you")
    assert shell.answer("files")[1][-1].split()[:3] == ["1", "up", "plan.bin"]
    monkeypatch.setattr(shell.craft, "take_seat", interrupted)
    code, lines = shell.answer("put plan.bin again.bin")
    assert (code, lines[-1]) == (STOPPED, "nothing is sent: the ground had not got the whole file")
    assert "again.bin" not in str(shell.answer("files")[1])
