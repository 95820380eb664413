"""The folders of a job: measured, handed over, taken back, whatever is in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flight.runners.scratch import DEPTH_MAX, empty, hand_over, measure, take_back

OTHER = 1_234_567


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    return made


def deep(folder: Path, depth: int) -> None:
    """Deeper than a path may be long."""
    handle = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=handle)
        below = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(os.open("leaf", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
    os.close(handle)


def test_measured(folder):
    (folder / "a").write_bytes(b"x" * 10_000)
    (folder / "below").mkdir()
    (folder / "below" / "b").write_bytes(b"x" * 10_000)
    (folder / "link").symlink_to("/usr")
    found = measure([str(folder)], 100)
    assert found.files == 4
    assert 20_000 <= found.octets < 60_000
    assert not found.hidden


def test_not_more_is_looked_at_than_is_allowed(folder):
    for number in range(50):
        (folder / str(number)).touch()
    assert measure([str(folder)], 10).files == 11


def test_too_deep_is_hidden(folder):
    deep(folder, DEPTH_MAX - 1)
    assert not measure([str(folder)], 1000).hidden
    empty(str(folder))
    deep(folder, DEPTH_MAX + 5)
    assert measure([str(folder)], 10_000).hidden == 1
    empty(str(folder))  # pytest could not


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_closed_is_hidden(folder):
    (folder / "closed").mkdir(mode=0)
    assert measure([str(folder)], 1000).hidden == 1


def test_taken_back(folder, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o644)
    os.link(secret, folder / "second-name")
    (folder / "link").symlink_to(secret)
    os.mkfifo(folder / "pipe")
    (folder / "closed").mkdir()
    (folder / "closed" / "file").write_text("kept")
    (folder / "closed" / "file").chmod(0o6755)
    (folder / "closed").chmod(0)
    assert sum(take_back(str(folder))) == 3
    assert sorted(path.name for path in folder.iterdir()) == ["closed"]
    assert (folder / "closed" / "file").read_text() == "kept"
    assert (folder / "closed" / "file").stat().st_mode & 0o7777 == 0o600
    assert (secret.read_text(), secret.stat().st_mode & 0o7777) == ("secret", 0o644)


@pytest.mark.parametrize("depth", [50, pytest.param(1_500, marks=pytest.mark.long)])
def test_a_tree_too_deep_goes(folder, depth):
    """Here also deeper than a process has handles."""
    deep(folder, depth)
    assert sum(take_back(str(folder))) == 1
    found = measure([str(folder)], 10_000)
    assert (found.files, found.hidden) == (DEPTH_MAX, 0)
    empty(str(folder))
    assert not list(folder.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_handed_over(folder, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (folder / "link").symlink_to(secret)
    (folder / "file").write_text("x")
    hand_over(str(folder), OTHER)
    assert (folder.stat().st_uid, (folder / "file").stat().st_uid) == (OTHER, OTHER)
    assert secret.stat().st_uid == 0
    assert list(take_back(str(folder))) == [1, 0] or list(take_back(str(folder))) == [0]
    assert (folder / "file").stat().st_uid == 0
