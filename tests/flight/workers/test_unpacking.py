"""A package becomes a folder, whole or not at all, and touches nothing else."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from stat import S_IMODE

import pytest

from flight.jobs import Closed, Gate, Refusal, Refused
from flight.workers.unpacking import unpack
from tests.flight.jobs.made import FILES, GATE, MANIFEST, package, with_files

GOOD = package()


def pieces(octets: bytes = GOOD, size: int = 50) -> Iterator[bytes]:
    return (octets[start : start + size] for start in range(0, len(octets), size))


def everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_a_folder_of_read_only_files(tmp_path: Path) -> None:
    assert unpack(pieces(), tmp_path / "7", GATE) == Closed(MANIFEST, sha256(GOOD).digest(), len(GOOD))
    assert everything(tmp_path / "7") == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["7"]
    modes = {path: S_IMODE((tmp_path / "7" / path).stat().st_mode) for path in FILES}
    assert {path for path, mode in modes.items() if mode & 0o111} == {MANIFEST.entry}
    assert not any(mode & 0o7222 for mode in modes.values())


@pytest.mark.parametrize("end", [0, 50, 700, len(GOOD) - 1])
def test_nothing_is_left_of_half_a_package(tmp_path: Path, end: int) -> None:
    result = unpack(pieces(GOOD[:end]), tmp_path / "7", GATE)
    assert isinstance(result, Refusal)
    assert result.reason is Refused.SHORT
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_of_a_damaged_one(tmp_path: Path) -> None:
    result = unpack(pieces(GOOD[:-1] + b"\xfe"), tmp_path / "7", GATE)
    assert isinstance(result, Refusal)
    assert result.reason is Refused.DAMAGED
    assert not list(tmp_path.iterdir())


def test_what_a_power_cut_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "7.part" / "data").mkdir(parents=True)
    (tmp_path / "7.part" / "main.py").write_text("old")
    assert isinstance(unpack(pieces(), tmp_path / "7", GATE), Closed)
    assert everything(tmp_path) == {f"7/{path}": octets for path, octets in FILES.items()}


def test_a_job_that_is_there_is_not_touched(tmp_path: Path) -> None:
    assert isinstance(unpack(pieces(), tmp_path / "7", GATE), Closed)
    other_files = {"main.py": b"other"}
    result = unpack(pieces(package(with_files(other_files), files=other_files)), tmp_path / "7", GATE)
    assert isinstance(result, Refusal)
    assert result.reason is Refused.STORAGE
    assert everything(tmp_path / "7") == FILES


def test_links_that_lie_in_wait_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    place = tmp_path / "jobs"
    place.mkdir()
    (place / "7").symlink_to(outside)
    assert isinstance(unpack(pieces(), place / "7", GATE), Refusal)
    (place / "7").unlink()

    def laid() -> Iterator[bytes]:
        """Somebody lays a link into the new folder while the package comes."""
        head, *rest = pieces()
        yield head
        (place / "7.part" / "data").symlink_to(outside)
        yield from rest

    result = unpack(laid(), place / "7", GATE)
    assert isinstance(result, Refusal)
    assert result.reason is Refused.STORAGE
    assert not list(outside.iterdir())
    assert not list(place.iterdir())


def test_a_file_that_lies_in_wait_is_not_written(tmp_path: Path) -> None:
    def laid() -> Iterator[bytes]:
        head, *rest = pieces()
        yield head
        (tmp_path / "7.part" / "main.py").write_text("mine")
        yield from rest

    result = unpack(laid(), tmp_path / "7", GATE)
    assert isinstance(result, Refusal)
    assert result.reason is Refused.STORAGE


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int, octets: memoryview) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "write", full)
    result = unpack(pieces(), tmp_path / "7", GATE)
    assert result == Refusal(Refused.STORAGE, (os.strerror(28),))
    assert not list(tmp_path.iterdir())


def test_no_file_stays_open_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int, octets: memoryview) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "write", full)
    assert isinstance(unpack(pieces(), tmp_path / "7", GATE), Refusal)
    still_open = []
    for handle in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # of the listing itself
            still_open.append(handle.readlink())
    assert not [path for path in still_open if path.is_relative_to(tmp_path)]


def test_all_is_on_the_disk_before_it_has_its_name_and_then_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, rename = os.fsync, Path.rename

    def synced(handle: int) -> None:
        sync(handle)
        done.append(Path(f"/proc/self/fd/{handle}").readlink().relative_to(tmp_path).as_posix())

    def renamed(self: Path, target: Path) -> Path:
        done.append("renamed")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    assert isinstance(unpack(pieces(), tmp_path / "7", GATE), Closed)
    named = done.index("renamed")
    folders = {Path("7.part", path).parent.as_posix() for path in FILES} | {"7.part"}
    assert set(done[:named]) == folders | {f"7.part/{path}" for path in FILES}
    assert done[named + 1 :] == ["."]


def test_a_refused_job_makes_no_file(tmp_path: Path) -> None:
    seen = []

    def watched() -> Iterator[bytes]:
        for piece in pieces(package(replace(MANIFEST, runtime="absent")), 100):
            yield piece
            seen.append(everything(tmp_path))

    result = unpack(watched(), tmp_path / "7", GATE)
    assert isinstance(result, Refusal)
    assert result.reason is Refused.ABSENT
    assert not any(seen)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    result = unpack(pieces(), tmp_path / "nowhere" / "7", Gate())
    assert isinstance(result, Refusal)
    assert result.reason is Refused.STORAGE
