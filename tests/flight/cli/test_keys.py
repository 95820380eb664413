"""The tool for the first keys: private files, no git, no key on any output, nothing overwritten, nothing repeated."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from flight.__main__ import main
from flight.cli.keys import KeysError, install, make, read, show, show_state, skip
from flight.drivers.posix_disk import PosixDisk
from flight.jobs import key_check, public_of
from flight.store import Slots
from flight.wire.sdls import (
    COUNTERS_NAME,
    KEYS_NAME,
    KeyState,
    Receiver,
    Sender,
    Use,
    Vault,
    Verified,
    open_vault,
    secure_tc_frame,
    telecommand_rule,
)
from flight.workers.serving import own_disk


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "keys"
    make(path, 3, 2)
    return path


def files_below(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if file.is_file()]


def test_files_are_for_their_owner_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        make(tmp_path / "keys", 3, 2)
        install(tmp_path / "keys", tmp_path / "state")
    finally:
        os.umask(before)
    found = files_below(tmp_path)
    assert len(found) == 5 + 2 + 8
    assert {file.stat().st_mode & 0o777 for file in found} == {0o600}
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("keys", "state", "state/storage")} == {
        0o700
    }
    assert os.umask(before) == before


def test_keys_are_new_each_time_and_all_differ(tmp_path):
    found = []
    for name in ("a", "b"):
        make(tmp_path / name, 8, 8)
        found += [slot.key for slot in read(tmp_path / name)[0]]
    assert len(set(found)) == 32
    assert all(len(key) == 32 for key in found)


def test_the_first_of_each_direction_is_active(folder):
    slots, counters = read(folder)
    assert [slot.spi for slot in slots] == [1, 2, 3, 257, 258]
    assert [slot.spi for slot in slots if slot.state is KeyState.ACTIVE and slot.tried] == [1, 257]
    assert counters == {1: 0, 2: 0, 3: 0, 257: 0, 258: 0}


def test_no_output_shows_a_key(tmp_path, capsys):
    folder, state = str(tmp_path / "keys"), str(tmp_path / "state")
    for arguments in (
        ["make", folder],
        ["install", folder, "--state", state],
        ["install", folder, "--state", state, "--replace"],
        ["skip", folder, "--spi", "1", "--to", "5"],
        ["show", folder],
        ["show", "--state", state],
        ["make", folder],
    ):
        main(["keys", *arguments])
    said = "".join(capsys.readouterr())
    assert "telecommand  active" in said
    for slot in read(Path(folder))[0]:
        for length in range(8, 65):  # not even a part: check values have 8 digits
            assert slot.key.hex()[:length] not in said
        assert repr(slot.key)[2:-1] not in said
    private = (Path(folder) / "board-key").read_bytes()
    for length in range(8, 65):
        assert private.hex()[:length] not in said
    assert said.count(f"receipts are signed by key {key_check(public_of(private)).hex()}\n") == 4


def test_exit_status_and_one_line_for_what_is_refused(folder, capsys):
    assert main(["keys", "make", str(folder)]) == 2
    assert capsys.readouterr().err == f"skyrack-flight: {folder} exists already\n"


def test_never_inside_a_git_work_tree(tmp_path, folder):
    work = tmp_path / "work"
    work.mkdir()
    subprocess.run(["git", "init", "-q", str(work)], check=True)
    for inside in (work / "keys", work / "deep" / "er" / "keys"):
        with pytest.raises(KeysError, match="git work tree"):
            make(inside, 1, 1)
        with pytest.raises(KeysError, match="git work tree"):
            install(folder, inside)
        assert not inside.exists()
    (tmp_path / "link").symlink_to(work)
    with pytest.raises(KeysError, match="git work tree"):
        make(tmp_path / "link" / "keys", 1, 1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".git").write_text("gitdir: elsewhere\n")  # a linked work tree, a submodule
    with pytest.raises(KeysError, match="git work tree"):
        make(tmp_path / "other" / "keys", 1, 1)


def test_what_is_on_a_board_is_what_flies(tmp_path, folder):
    state = tmp_path / "state"
    install(folder, state)
    disk = PosixDisk(state / "storage")
    board, ground = Vault(), Vault()
    stored = [Slots(disk, f"state-{name}").load() for name in (KEYS_NAME, COUNTERS_NAME)]
    open_vault(board, Use.TELEMETRY, *stored)
    disk.close()
    octets = [(folder / name).read_bytes() for name in (KEYS_NAME, COUNTERS_NAME)]
    open_vault(ground, Use.TELECOMMAND, *octets)
    sender = Sender(telecommand_rule(frozenset({0})), ground)
    assert secure_tc_frame(sender, 73, 0, b"abc") is None
    for save in ground.due(0):
        ground.stored(save.ticket, 0)
    frame = secure_tc_frame(sender, 73, 0, b"abc")
    assert frame is not None
    verified = Receiver(telecommand_rule(frozenset({0})), board).verify(frame)
    assert isinstance(verified, Verified)
    assert verified.data == b"abc"


def test_every_slot_of_the_store_holds_the_keys(tmp_path, folder):
    install(folder, tmp_path / "state")
    for name in (KEYS_NAME, COUNTERS_NAME):
        body = (folder / name).read_bytes()
        held = [body in file.read_bytes() for file in files_below(tmp_path / "state") if name in file.name]
        assert held == [True] * 4


def test_replaced_keys_are_in_no_slot(tmp_path, folder):
    state = tmp_path / "state"
    install(folder, state)
    make(tmp_path / "new", 2, 2)
    with pytest.raises(KeysError, match="--replace"):
        install(tmp_path / "new", state)
    install(tmp_path / "new", state, replace=True)
    octets = b"".join(file.read_bytes() for file in files_below(state))
    assert not any(slot.key in octets for slot in read(folder)[0])
    assert all(slot.key in octets for slot in read(tmp_path / "new")[0])


def test_the_same_keys_never_twice(tmp_path, folder):
    install(folder, tmp_path / "state")
    for state in ("state", "second"):
        with pytest.raises(KeysError, match="would repeat"):
            install(folder, tmp_path / state, replace=True)
    (folder / "installed").unlink()
    with pytest.raises(KeysError, match="would begin again"):
        install(folder, tmp_path / "state", replace=True)


def test_not_while_the_board_flies(tmp_path, folder):
    state = tmp_path / "state"
    state.mkdir()
    handle = own_disk(str(state / "worker.lock"))
    with pytest.raises(KeysError, match="is flying"):
        install(folder, state)
    os.close(handle)
    install(folder, state)


def test_files_open_to_others_are_refused(folder, tmp_path):
    (folder / KEYS_NAME).chmod(0o640)
    with pytest.raises(KeysError, match="open to others"):
        install(folder, tmp_path / "state")
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("name", [KEYS_NAME, COUNTERS_NAME])
def test_damaged_or_missing_files_are_refused(folder, name):
    body = (folder / name).read_bytes()
    (folder / name).write_bytes(body[:-1])
    with pytest.raises(KeysError, match="damaged"):
        show(folder)
    (folder / name).unlink()
    with pytest.raises(KeysError, match="missing"):
        show(folder)


def test_skip_goes_ahead_and_never_back(folder):
    skip(folder, 1, 1000)
    assert read(folder)[1][1] == 1000
    for number in (999, -1, 1 << 96):
        with pytest.raises(KeysError, match="is at 1000"):
            skip(folder, 1, number)
    with pytest.raises(KeysError, match="no association 9"):
        skip(folder, 9, 1)
    assert (folder / COUNTERS_NAME).stat().st_mode & 0o777 == 0o600
    (folder / COUNTERS_NAME).unlink()
    skip(folder, 1, 5000)
    assert read(folder)[1] == {1: 5000}
    assert "lost" in "\n".join(show(folder))


@pytest.mark.parametrize("counts", [(0, 1), (1, 0), (60, 5)])
def test_counts_that_cannot_be(tmp_path, counts):
    with pytest.raises(KeysError, match="at most 64"):
        make(tmp_path / "keys", *counts)
    assert not (tmp_path / "keys").exists()


def test_a_state_without_keys(tmp_path):
    with pytest.raises(KeysError, match="has no keys"):
        show_state(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
