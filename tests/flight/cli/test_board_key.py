"""The key for receipts: on board as it was made, never a crash where it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from flight.cli.board_key import key_on_board
from flight.cli.keys import KeysError, install, make, show, show_state
from flight.jobs import public_of
from ground.jobs import read_public


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make(tmp_path / "keys", 1, 1, "ai_rack")
    return tmp_path / "keys"


def test_on_board_as_it_was_made(folder: Path, tmp_path: Path) -> None:
    install(folder, tmp_path / "state")
    private = key_on_board(tmp_path / "state")
    assert private == (folder / "board-key").read_bytes()
    assert private is not None
    public = read_public(folder / "board-key.pub")
    assert (public.owner, public.key) == ("ai_rack", public_of(private))
    assert show(folder)[-1] == show_state(tmp_path / "state")[-1]
    assert show(folder)[-1] == f"receipts are signed by key {public.check}"


def test_two_boards_have_two_keys(folder: Path, tmp_path: Path) -> None:
    make(tmp_path / "other", 1, 1)
    assert (tmp_path / "other" / "board-key").read_bytes() != (folder / "board-key").read_bytes()


def test_another_one_takes_its_place(folder: Path, tmp_path: Path) -> None:
    make(tmp_path / "other", 1, 1)
    install(folder, tmp_path / "state")
    install(tmp_path / "other", tmp_path / "state", replace=True)
    assert key_on_board(tmp_path / "state") == (tmp_path / "other" / "board-key").read_bytes()
    assert not (tmp_path / "state" / "board-key.new").exists()


def test_a_folder_that_was_made_without_one(folder: Path, tmp_path: Path) -> None:
    (folder / "board-key").unlink()
    lines = install(folder, tmp_path / "state")
    assert not any("receipts" in line for line in lines)
    assert not (tmp_path / "state" / "board-key").exists()


@pytest.mark.parametrize(
    ("mode", "octets", "why"), [(0o640, 32, "is open to others"), (0o600, 31, "is damaged: 31")]
)
def test_one_that_cannot_be_used(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: int, octets: int, why: str
) -> None:
    install(folder, tmp_path / "state")
    for place in (tmp_path / "state", folder):
        (place / "board-key").write_bytes(bytes(octets))
        (place / "board-key").chmod(mode)
    assert key_on_board(tmp_path / "state") is None
    assert why in capsys.readouterr().err
    (folder / "installed").unlink()
    with pytest.raises(KeysError, match=why):
        install(folder, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


def test_none_on_board(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert key_on_board(tmp_path) is None
    assert capsys.readouterr().err == "files worker: receipts go unsigned: no key on board\n"


def test_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match="--board 'A B': expected 1 to 48 of"):
        make(tmp_path / "keys", 1, 1, "A B")
    assert not (tmp_path / "keys").exists()
