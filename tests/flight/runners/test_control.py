"""The two files between runner and job: what counts as a sign of life, and what a job may put in their place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flight.jobs.control import Wanted
from flight.runners.control import Control


def status(sequence: int) -> str:
    return f"skyrack-status 1\nsequence {sequence}\nprogress_milli 5\nphase 0 0 -\ncheckpoint 0\nanswered 0\n"


def write(folder: Path, text: str) -> None:
    """As the SDK does: another file each time."""
    (folder / "part").write_text(text)
    (folder / "part").replace(folder / "status")


@pytest.fixture
def control(tmp_path: Path):
    (tmp_path / "status").write_text(status(99))  # of an earlier run
    (tmp_path / "request").write_text("old")
    made = Control(str(tmp_path))
    yield made
    made.close()


def test_an_earlier_run_is_forgotten(control, tmp_path):
    assert not list(tmp_path.iterdir())
    assert control.look() is None


@pytest.mark.parametrize("name", ["status", "request"])
def test_a_folder_in_their_place_is_refused_and_costs_no_handle(tmp_path, name):
    (tmp_path / name).mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(IsADirectoryError):
        Control(str(tmp_path))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_each_status_counts_once_and_only_forward(control, tmp_path):
    write(tmp_path, status(5))
    assert control.look().sequence == 5
    assert control.look() is None
    write(tmp_path, status(5))  # written again, nothing new
    assert control.look() is None
    write(tmp_path, status(4))
    assert control.look() is None
    write(tmp_path, status(6))
    assert control.look().sequence == 6


@pytest.mark.parametrize("text", ["", "x" * 10_000, status(-1), status(7) + "more"])
def test_what_is_no_status(control, tmp_path, text):
    write(tmp_path, text)
    assert control.look() is None


def test_other_things_under_its_name(control, tmp_path):
    os.mkfifo(tmp_path / "status")
    assert control.look() is None
    (tmp_path / "status").unlink()
    (tmp_path / "real").write_text(status(7))
    (tmp_path / "status").symlink_to(tmp_path / "real")
    assert control.look() is None
    (tmp_path / "status").unlink()
    (tmp_path / "status").mkdir()
    assert control.look() is None


def test_requests_are_numbered(control, tmp_path):
    assert control.ask(Wanted.CHECKPOINT, 1_500_000_000)
    assert control.ask(Wanted.STOP, 2_000_000_000)
    assert (
        tmp_path / "request"
    ).read_text() == "skyrack-request 1\nsequence 2\nwanted stop\nwithin_ms 2000\n"


def test_a_request_is_not_written_through_a_link(control, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".request.part").symlink_to(victim)
    (tmp_path / "request").symlink_to(victim)
    assert control.ask(Wanted.STOP, 0)
    assert victim.read_text() == "precious"
    assert not (tmp_path / "request").is_symlink()


def test_a_folder_in_the_way_is_said(control, tmp_path):
    (tmp_path / "request").mkdir()
    assert not control.ask(Wanted.STOP, 0)
