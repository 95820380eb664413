"""The life of a key: every cell of the table, trials, what is on disk, and what a life begins with."""

from __future__ import annotations

from collections import Counter as Tally
from itertools import product

import pytest

from flight.wire.sdls import (
    KEY_TABLE,
    KEYS_NAME,
    Directive,
    KeyRefusal,
    KeyState,
    Refusal,
    Use,
    Verified,
    following,
    unpack_keys,
)
from flight.wire.sdls.vault import RETRY_NS
from tests.flight.wire.sdls.ends import SECOND, TM_SPIS, End

MINUTE = 60 * SECOND
P, T, A, D, X = KeyState

# Written a second time, as sentences say it, not as the table has it.
ALLOWED = {
    (P, Directive.TRY): T,
    (T, Directive.CONFIRM): A,
    (T, Directive.REVERT): P,
    (A, Directive.SUPERSEDE): D,
    (P, Directive.WITHDRAW): D,
    (P, Directive.DESTROY): X,
    (D, Directive.DESTROY): X,
    (X, Directive.DESTROY): X,
}


def both() -> tuple[End, End]:
    return End(Use.TELECOMMAND), End(Use.TELEMETRY)


def in_state(state: KeyState) -> End:
    """A board whose association 2 is in `state`; 1 is active beside it, but for A."""
    board = End(Use.TELEMETRY)
    if state in {T, A}:
        board.vault.try_key(2, MINUTE)
        board.settle()
    if state is A:
        board.vault.confirm_key(2)
        board.settle()
    if state is D:
        board.vault.withdraw_key(2)
        board.settle()
    if state is X:
        board.vault.destroy_key(2)
        board.settle()
    assert board.vault.associations[2].state is state
    return board


def command(board: End, directive: Directive) -> KeyRefusal | None:
    vault = board.vault
    if directive is Directive.TRY:
        vault.trials.pop(Use.TELECOMMAND, None)  # a second trial is refused before the table is asked
        return vault.try_key(2, MINUTE)
    if directive is Directive.CONFIRM:
        return vault.confirm_key(2)
    if directive is Directive.WITHDRAW:
        return vault.withdraw_key(2)
    return vault.destroy_key(2)


@pytest.mark.parametrize("state", list(KeyState))
@pytest.mark.parametrize("directive", list(Directive))
def test_every_cell(state, directive):
    expected = ALLOWED.get((state, directive))
    assert following(state, directive) is expected
    if directive in {Directive.REVERT, Directive.SUPERSEDE}:
        return  # not commands: the tests of trials show them
    board = in_state(state)
    answer = command(board, directive)
    board.settle()
    assert answer is (None if expected else KeyRefusal.STATE)
    assert board.vault.associations[2].state is (expected or state)


def test_the_table_has_no_other_cells():
    assert set(KEY_TABLE) == set(Directive)
    assert all(len(row) == len(KeyState) for row in KEY_TABLE.values())


def test_a_new_key_replaces_the_old_one_with_its_first_frame():
    ground, board = both()
    assert board.vault.try_key(2, MINUTE) is None
    assert board.vault.associations[2].state is P, "before it is on disk"
    board.settle()
    old = ground.telecommand(b"old")
    ground.vault.try_key(2, MINUTE)
    ground.settle()
    new = ground.telecommand(b"new")
    assert ground.sender.spi == 2
    assert board.receive(old) == [b"old"], "both are good during the trial"
    assert board.receive(new) == [b"new"]
    assert [board.vault.associations[spi].state for spi in (1, 2)] == [D, A]
    assert not board.vault.trials
    board.start()
    assert [board.vault.associations[spi].state for spi in (1, 2)] == [D, A]
    assert board.receive(new).reason is Refusal.REPLAY
    assert board.receive(old).reason is Refusal.KEY_STATE


def test_without_confirmation_the_old_key_goes_on():
    ground, board = both()
    board.vault.try_key(2, MINUTE)
    board.settle()
    ground.vault.try_key(2, MINUTE)
    ground.settle()
    lost = ground.telecommand(b"lost")
    assert board.vault.on_time(MINUTE - 1) == []
    assert board.vault.on_time(MINUTE) == [2]
    assert board.vault.reverted == 1
    assert board.receive(lost).reason is Refusal.KEY_STATE
    assert ground.vault.on_time(MINUTE) == [2]
    assert ground.sender.spi == 1
    assert board.receive(ground.telecommand(b"again")) == [b"again"]


def test_the_trial_begins_when_it_is_on_disk():
    board = End(Use.TELEMETRY)
    board.vault.try_key(2, MINUTE)
    board.now = 50 * SECOND
    board.settle()
    assert board.vault.trials[Use.TELECOMMAND].deadline == 50 * SECOND + MINUTE


def test_a_frame_under_a_new_key_is_not_handed_on_before_the_change_is_on_disk():
    """Else a reboot would find the old key, and the ground has seen an answer under the new one."""
    ground, board = both()
    for end in (ground, board):
        end.vault.try_key(2, MINUTE)
        end.settle()
    frame = ground.telecommand(b"new")
    assert board.accept(frame) is None
    assert board.receiver.take(0) == []
    (save,) = board.vault.due(0)
    assert (save.name, save.copies) == (KEYS_NAME, 4)
    assert [slot.state for slot in (unpack_keys(save.body) or [])[:2]] == [D, A]
    assert board.receiver.take(0) == []
    assert board.vault.on_time(MINUTE) == [], "not while the confirmation is on its way"
    board.vault.stored(save.ticket, 0)
    assert [one.data for one in board.receiver.take(0)] == [b"new"]


def test_a_reboot_ends_a_trial_and_what_waited_does_not_come_back():
    ground, board = both()
    for end in (ground, board):
        end.vault.try_key(2, MINUTE)
        end.settle()
    frame = ground.telecommand(b"new")
    board.accept(frame)
    board.start()
    assert board.vault.associations[2].state is P
    assert board.vault.associations[2].tried
    assert board.receive(frame).reason is Refusal.KEY_STATE


def test_a_failed_write_leaves_the_old_key_and_drops_what_waited_for_the_new_one():
    ground, board = both()
    for end in (ground, board):
        end.vault.try_key(2, MINUTE)
        end.settle()
    frame = ground.telecommand(b"new")
    board.accept(frame)
    board.receiver.take(0)
    for save in board.vault.due(0):
        board.disk[save.name] = save.body  # it landed, though the disk said otherwise
        board.vault.failed(save.ticket, 0)
    assert board.vault.failures == 1
    assert board.vault.due(RETRY_NS - 1) == [], "a failing disk is not asked in every step"
    assert board.vault.on_time(MINUTE) == [2]
    assert board.receiver.take(0) == []
    assert board.receiver.counters.rejections[Refusal.NOT_KEPT] == 1
    board.now = MINUTE
    board.settle()  # what we hold is written again
    assert [slot.state for slot in board.slots()[:2]] == [A, P]
    ground.vault.on_time(MINUTE)
    assert board.receive(ground.telecommand(b"old")) == [b"old"]


def test_a_confirmation_that_failed_is_tried_again():
    ground, board = both()
    for end in (ground, board):
        end.vault.try_key(2, MINUTE)
        end.settle()
    board.accept(ground.telecommand(b"new"))
    board.receiver.take(0)
    for save in board.vault.due(0):
        board.vault.failed(save.ticket, 0)
    board.now = RETRY_NS
    board.receiver.take(board.now)
    board.settle()
    assert [one.data for one in board.receiver.take(board.now)] == [b"new"]
    assert board.vault.associations[1].state is D


def test_one_change_at_a_time():
    board = End(Use.TELEMETRY)
    assert board.vault.try_key(2, MINUTE) is None
    assert board.vault.try_key(3, MINUTE) is KeyRefusal.BUSY
    assert board.vault.withdraw_key(4) is KeyRefusal.BUSY
    board.settle()
    assert board.vault.try_key(3, MINUTE) is KeyRefusal.BUSY, "a trial of this direction runs"
    assert board.vault.try_key(258, MINUTE) is None
    assert board.vault.try_key(9, MINUTE) is KeyRefusal.UNKNOWN_SPI


def test_telemetry_changes_its_key_by_command():
    ground, board = both()
    prefix = bytes([0x04, 0x91, 0, 0, 0x18, 0])
    board.vault.try_key(258, MINUTE)
    board.settle()
    assert board.sender.spi == 258
    frame = prefix + board.field(prefix) + bytes(6)
    verified = ground.receiver.verify(frame)
    assert isinstance(verified, Verified), "the ground takes the key that the board chose"
    assert board.vault.confirm_key(258) is None
    board.settle()
    assert [board.vault.associations[spi].state for spi in TM_SPIS] == [D, A, P]
    assert board.sender.spi == 258


def test_telemetry_goes_back_without_confirmation():
    board = End(Use.TELEMETRY)
    board.vault.try_key(258, MINUTE)
    board.settle()
    board.vault.on_time(MINUTE)
    assert board.sender.spi == 257


def test_a_held_frame_of_the_old_key_is_handed_on_after_the_change():
    ground, board = both()
    for end in (ground, board):
        end.vault.try_key(2, MINUTE)
    ground.settle()
    board.settle()
    trial = ground.telecommand(b"new")
    ground.vault.on_time(MINUTE)
    old = ground.telecommand(b"old")
    for frame in (trial, old):
        assert board.accept(frame) is None
    board.receiver.take(0)
    board.settle()
    assert [one.data for one in board.receiver.take(0)] == [b"new", b"old"]


# `on_time` looks at trials alone, so the other states never meet it.
UNREACHABLE = {(state, Directive.REVERT) for state in KeyState if state is not T}


def test_every_cell_is_reached_by_what_commands_and_frames_do(monkeypatch):
    reached: Tally[tuple[KeyState, Directive]] = Tally()

    def counted(state: KeyState, directive: Directive) -> KeyState | None:
        reached[state, directive] += 1
        return following(state, directive)

    monkeypatch.setattr("flight.wire.sdls.vault.following", counted)
    for state in KeyState:
        for directive in (Directive.TRY, Directive.CONFIRM, Directive.WITHDRAW, Directive.DESTROY):
            command(in_state(state), directive)
        board = in_state(state)
        board.vault.on_time(10 * MINUTE)
        board.vault.try_key(3, MINUTE)  # and its confirmation meets 2 in each state
        board.settle()
        board.vault.confirm_key(3)
    board = End(Use.TELEMETRY)
    board.vault.try_key(3, MINUTE)
    board.settle()
    board.vault.confirm_key(3)
    missing = [cell for cell in product(KeyState, Directive) if cell not in UNREACHABLE and not reached[cell]]
    for cell in missing:
        print("NOT EXERCISED", cell)
    assert not missing
    assert not UNREACHABLE & set(reached)
