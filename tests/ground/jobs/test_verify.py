"""`job verify`: the board's word, and the files at hand held against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from flight.jobs import Check, Receipt, encode_receipt
from ground.jobs import make_key, read_key
from tests.flight.jobs.made import RECEIPT
from tests.ground.jobs.conftest import Ran

Run = Callable[..., Ran]


@pytest.fixture
def board(tmp_path: Path) -> Path:
    make_key(tmp_path / "board", "rack_1")
    return tmp_path / "board"


@pytest.fixture
def place(tmp_path: Path, board: Path) -> Path:
    """With a receipt, its package and its output."""
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "result.txt").write_bytes(b"hello")
    (tmp_path / "x.job").write_bytes(b"package")
    write(tmp_path, board, RECEIPT)
    return tmp_path


def write(place: Path, board: Path, receipt: Receipt) -> None:
    (place / "receipt").write_bytes(encode_receipt(receipt, read_key(board).private))


def words(place: Path) -> list[object]:
    against = ["--package", place / "x.job", "--outputs", place / "outputs"]
    return ["verify", place / "receipt", "--key", place / "board.pub", *against]


def test_all_is_right(place: Path, run: Run) -> None:
    status, out, err = run(*words(place))
    assert (status, err) == (0, "")
    assert f"output       result.txt, 5 octets, sha256 {sha256(b'hello').hexdigest()}" in out
    assert "run          2027-01-15T08:01:40Z: 60.0 s on rack_a, 360 J; stopped, status 75\n" in out
    assert (
        "run          T+90.0 s, UTC not known: 9.5 s on rack_b, 57 J, 4 s of it in the anomaly; done, status 0\n"
        in out
    )
    assert "check        vote: held\n" in out
    assert "of rack_1\n" in out


def test_what_is_not_given_is_said(place: Path, run: Run) -> None:
    status, out, _ = run("verify", place / "receipt", "--key", place / "board.pub")
    assert status == 0
    assert out.endswith(
        "package      not held against the receipt: give --package\n"
        "outputs      not held against the receipt: give --outputs\n"
    )


def test_files_that_are_others(place: Path, run: Run) -> None:
    for path, octets, line in (
        ("outputs/result.txt", b"hellO", "result.txt: another hash than the receipt's"),
        ("outputs/result.txt", b"hello ", "result.txt: 6 octets, and the receipt says 5"),
        ("outputs/result.txt", None, "result.txt: is missing"),
        ("x.job", b"packagE", "x.job: not the package of this receipt"),
    ):
        before = (place / path).read_bytes()
        (place / path).unlink()
        if octets is not None:
            (place / path).write_bytes(octets)
        status, _, err = run(*words(place))
        assert (status, err.count("\n")) == (1, 1)
        assert err.endswith(line + "\n")
        (place / path).write_bytes(before)
    assert run(*words(place))[0] == 0


def test_not_this_board_not_this_receipt(place: Path, board: Path, run: Run) -> None:
    make_key(place / "other", "rack_2")
    good = words(place)
    assert run(*[place / "other.pub" if word == place / "board.pub" else word for word in good])[0] == 1
    octets = (place / "receipt").read_bytes()
    for spoiled in (b"", octets[:-1], octets[:100], octets.replace(b"acme", b"acmf"), b"x" * 300_000):
        (place / "receipt").write_bytes(spoiled)
        status, out, _ = run(*good)
        assert (status, out) == (1, "")


def test_checks_that_did_not_hold(place: Path, board: Path, run: Run) -> None:
    write(place, board, replace(RECEIPT, checks=(Check("duplicate", held=False), *RECEIPT.checks)))
    status, out, err = run(*words(place))
    assert status == 1
    assert "check        duplicate: DID NOT HOLD\n" in out
    assert err.endswith("the board's own checks did not hold: duplicate\n")


def test_errors_of_use(place: Path, run: Run) -> None:
    for name, line in (
        ("receipt", "is no file"),
        ("x.job", "is no file"),
        ("outputs", "is no folder"),
        ("board.pub", "is missing"),
    ):
        moved = (place / name).rename(place / "moved")
        status, _, err = run(*words(place))
        assert status == 2
        assert err.endswith(f"{name} {line}\n")
        moved.rename(place / name)
