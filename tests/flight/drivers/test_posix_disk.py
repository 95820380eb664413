"""What a driver must do beyond the conformance of `tests/sim/test_disk.py`: descriptors, names, errors."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flight.drivers.posix_disk import DESCRIPTORS_LIMIT, PosixDisk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[PosixDisk]:
    disk = PosixDisk(tmp_path)
    yield disk
    disk.close()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", "../a", "a\0b", "x" * 256])
def test_names_are_confined(disk: PosixDisk, name: str, tmp_path: Path) -> None:
    disk.write("a", 0, b"x")
    for call in (
        lambda: disk.write(name, 0, b"x"),
        lambda: disk.read(name, 0, 1),
        lambda: disk.rename("a", name),
        lambda: disk.remove(name),
    ):
        with pytest.raises(OSError, match="Invalid argument"):
            call()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_links_and_folders_are_not_files(disk: PosixDisk, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "folder").mkdir()
    assert disk.names() == ["outside"]
    with pytest.raises(OSError, match=r"symbolic links|Too many levels"):
        disk.read("link", 0, 9)


def test_files_are_private(disk: PosixDisk, tmp_path: Path) -> None:
    disk.write("a", 0, b"x")
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0


def test_descriptors_are_bounded_and_not_inherited(disk: PosixDisk) -> None:
    for index in range(2 * DESCRIPTORS_LIMIT):
        disk.write(f"{index}", 0, b"x")
        assert len(disk._open) <= DESCRIPTORS_LIMIT
    assert not any(os.get_inheritable(descriptor) for descriptor in disk._open.values())


def test_a_file_is_synced_before_its_descriptor_is_given_up(
    disk: PosixDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    disk.write("dirty", 0, b"x")
    dirty = disk._open["dirty"]
    for index in range(DESCRIPTORS_LIMIT):
        disk.write(f"{index}", 0, b"x")
    assert synced == [dirty]
    disk.sync("1")
    synced.clear()
    disk.write("another", 0, b"x")  # there is a clean one now
    assert synced == []
    assert "1" not in disk._open


def test_after_an_error_of_sync_the_descriptor_is_not_used_again(
    disk: PosixDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.write("a", 0, b"x")
    bad = disk._open["a"]

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output"):
            disk.sync("a")
    assert "a" not in disk._open
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(bad)
    disk.sync("a")


def test_a_write_goes_on_after_a_short_one(disk: PosixDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, data, offset: write(descriptor, data[:3], offset))
    disk.write("a", 2, b"0123456789")
    assert disk.read("a", 0, 99) == b"\0\x000123456789"


def test_a_write_that_fails_gives_its_descriptor_up(disk: PosixDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", fail)
    with pytest.raises(OSError, match="No space"):
        disk.write("a", 0, b"x")
    assert disk._open == {}


def test_a_removed_file_is_closed(disk: PosixDisk) -> None:
    disk.write("a", 0, b"x")
    disk.write("b", 0, b"y")
    first, second = disk._open["a"], disk._open["b"]
    disk.remove("a")
    disk.rename("b", "c")
    assert disk._open == {"c": second}
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(first)


def test_a_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PosixDisk(tmp_path / "absent")
