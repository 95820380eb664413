"""Results are laid out whole or not at all, inside of their folder alone."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from flight.jobs import FileHash, ResultWriter, encode_receipt
from ground.jobs import JobError, PublicKey, lay_out, open_result
from tests.flight.jobs.made import OTHER_PRIVATE, PRIVATE, PUBLIC, RECEIPT

BOARD = PublicKey("rack-1", PUBLIC)


def written(
    files: dict[str, bytes], private: bytes | None = PRIVATE, printed: dict[str, bytes] | None = None
) -> bytes:
    def hashes(of: dict[str, bytes]) -> tuple[FileHash, ...]:
        return tuple(FileHash(path, len(octets), sha256(octets).digest()) for path, octets in of.items())

    told = printed or {}
    writer = ResultWriter(
        encode_receipt(replace(RECEIPT, outputs=hashes(files), printed=hashes(told)), private)
    )
    return b"".join((writer.begin(), *map(writer.add, (*told.values(), *files.values())), writer.end()))


def test_every_file_is_there_and_nothing_else(tmp_path: Path):
    files = {"a": b"", "deep/b.bin": bytes(range(256)) * 3000, "deep/c": b"c" * 70_000, "receipt": b"mine"}
    octets = written(files, printed={"standard-output": b"one\n", "standard-error": b"\xff\n"})
    to = tmp_path / "out"
    found = lay_out(octets, BOARD, "x", to)
    assert {str(path.relative_to(to)) for path in to.rglob("*") if path.is_file()} == {
        "receipt",
        "standard-output.txt",
        "standard-error.txt",
        *(f"outputs/{name}" for name in files),
    }
    assert {name: (to / "outputs" / name).read_bytes() for name in files} == files
    assert (to / "receipt").read_bytes() == found.receipt_octets
    assert found.standard_error == "\\xff\n"
    assert not list(tmp_path.glob("*.part"))


def test_nothing_is_written_over(tmp_path: Path):
    octets = written({"a": b"x"})
    for there in (tmp_path, tmp_path / "link"):
        if not there.exists():
            there.symlink_to(tmp_path / "nowhere")
        with pytest.raises(JobError, match="is there already"):
            lay_out(octets, BOARD, "x", there)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("cut", [1, 40, -1, -9])
def test_of_a_damaged_one_nothing_is_left(tmp_path: Path, cut: int):
    with pytest.raises(JobError, match="^x: "):
        lay_out(written({"a": b"x" * 1000})[:cut], BOARD, "x", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_another_board_and_none(tmp_path: Path):
    with pytest.raises(JobError, match="not that of this board"):
        open_result(written({}, OTHER_PRIVATE), BOARD, "x")
    with pytest.raises(JobError, match="the board had no key"):
        open_result(written({}, None), BOARD, "x")
    assert open_result(written({}, None), None, "x").signature == "none: the board had no key"
    assert open_result(written({}, OTHER_PRIVATE), None, "x").signature.startswith("not checked")


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a")])
def test_a_file_where_a_folder_must_be(tmp_path: Path, names: tuple[str, str]):
    with pytest.raises(JobError, match="out: "):
        lay_out(written(dict.fromkeys(names, b"x")), BOARD, "x", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_two_of_one_name(tmp_path: Path):
    twice = FileHash("a", 1, sha256(b"x").digest())
    writer = ResultWriter(encode_receipt(replace(RECEIPT, outputs=(twice, twice), printed=()), PRIVATE))
    octets = b"".join((writer.begin(), writer.add(b"x"), writer.add(b"x"), writer.end()))
    with pytest.raises(JobError):
        lay_out(octets, BOARD, "x", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_paths_that_lead_out_are_no_receipt(tmp_path: Path):
    for path in ("../a", "/a", "a/../../b", "a//b", ".", "a\0"):
        with pytest.raises(JobError):
            lay_out(written({path: b"x"}), BOARD, "x", tmp_path / "out")
    assert not list(tmp_path.iterdir())
