"""What a life begins with, what of it is on disk, and that a key is never shown or misread."""

from __future__ import annotations

import pytest

from flight.wire.sdls import (
    COUNTERS_NAME,
    KEYS_MAX,
    KEYS_NAME,
    Association,
    Blocks,
    Counter,
    KeySlot,
    KeyState,
    Refusal,
    Use,
    Vault,
    open_vault,
    pack_counters,
    pack_keys,
    unpack_counters,
    unpack_keys,
)
from flight.wire.sdls.vault import RETRY_NS
from tests.flight.wire.sdls.ends import SECOND, TC_SPIS, End, key, ring

MINUTE = 60 * SECOND
P, T, A, D, X = KeyState


def both() -> tuple[End, End]:
    return End(Use.TELECOMMAND), End(Use.TELEMETRY)


# ---------------------------------------------------------------- what a life begins with


def test_numbers_go_on_behind_what_was_reserved():
    board = End(Use.TELEMETRY, blocks=Blocks(10, 10))
    prefix = bytes(6)
    board.sender.apply(prefix, b"z")
    board.settle()
    numbers = [int.from_bytes(board.field(prefix)[2:14], "big") for _ in range(5)]
    assert numbers == [0, 1, 2, 3, 4]
    board.start()
    assert board.sender.apply(prefix, b"z") is None
    board.settle()
    assert int.from_bytes(board.field(prefix)[2:14], "big") == 10


def test_more_is_reserved_when_half_is_left_and_sending_does_not_wait():
    board = End(Use.TELEMETRY, blocks=Blocks(10, 10))
    board.sender.apply(bytes(6), b"z")
    board.settle()
    for _ in range(100):
        assert board.sender.apply(bytes(6), b"z") is not None
        board.settle()
    assert board.sender.counters.not_reserved == 1


def test_a_dead_disk_in_flight_leaves_at_least_half_a_block():
    board = End(Use.TELEMETRY, blocks=Blocks(10, 10))
    board.sender.apply(bytes(6), b"z")
    board.settle()
    for _ in range(7):
        board.sender.apply(bytes(6), b"z")
        board.settle()
    sent = sum(board.sender.apply(bytes(6), b"z") is not None for _ in range(100))
    assert sent >= 5


def test_reboots_without_traffic_skip_nothing(ground, board):
    for _ in range(50):
        board.settle()
        board.start()
    assert board.vault.associations[1].counter.next == 0
    assert board.receive(ground.telecommand(b"first")) == [b"first"]


def test_a_failing_disk_is_asked_once_a_second(ground, board):
    board.accept(ground.telecommand(b"abc"))
    (save,) = board.vault.due(0)
    assert board.vault.due(0) == [], "one write at a time"
    board.vault.failed(save.ticket, 0)
    assert board.vault.due(RETRY_NS - 1) == []
    (save,) = board.vault.due(RETRY_NS)
    board.vault.stored(save.ticket, RETRY_NS)
    assert [one.data for one in board.receiver.take(RETRY_NS)] == [b"abc"]
    board.vault.stored(save.ticket, RETRY_NS)  # a second answer is none
    board.vault.stored(99, RETRY_NS)


def test_the_first_write_of_a_life_and_a_long_jump_leave_no_older_state(ground, board):
    board.accept(ground.telecommand(b"abc"))
    (save,) = board.vault.due(0)
    assert save.copies == 4
    board.vault.stored(save.ticket, 0)
    for number, copies in (((1 << 19) + 1, 1), (1 << 30, 4)):
        ground.sender.raise_to(number)
        board.writes.clear()
        board.accept(ground.telecommand(b"abc"))
        (save,) = board.vault.due(0)
        assert save.copies == copies
        board.vault.stored(save.ticket, 0)


def test_damaged_counters_skip_four_blocks():
    board = End(Use.TELEMETRY, blocks=Blocks(10, 20))
    board.start(damaged=True)
    assert board.resumed.skipped
    assert board.vault.associations[1].counter.next == 80
    assert board.vault.associations[257].counter.next == 40


def test_lost_counters_give_up_the_keys_in_use(ground):
    board = End(Use.TELEMETRY)
    frame = ground.telecommand(b"old")
    board.receive(frame)
    del board.disk[COUNTERS_NAME]
    board.start()
    assert board.resumed.given_up == 2
    assert board.receive(frame).reason is Refusal.KEY_STATE
    assert [board.vault.associations[spi].state for spi in TC_SPIS] == [D, A, P, P]
    ground.vault.try_key(2, MINUTE)
    ground.settle()
    assert board.receive(ground.telecommand(b"new")) == [b"new"]
    board.start()
    assert board.resumed.given_up == 0
    assert [board.vault.associations[spi].state for spi in TC_SPIS] == [D, A, P, P]


def test_nothing_is_sent_under_a_new_key_before_the_disk_says_that_it_is_in_use():
    board = End(Use.TELEMETRY)
    del board.disk[COUNTERS_NAME]
    board.start()
    assert board.sender.apply(bytes(6), b"z") is None
    saves = board.vault.due(0)
    assert [save.name for save in saves] == [COUNTERS_NAME], "counters first: see due()"
    board.vault.stored(saves[0].ticket, 0)
    assert board.sender.apply(bytes(6), b"z") is None
    board.settle()
    assert board.sender.apply(bytes(6), b"z") is None  # now its numbers are to be reserved
    board.settle()
    assert board.sender.apply(bytes(6), b"z") is not None


def test_power_cuts_while_counters_are_lost_cost_one_key_at_most():
    board = End(Use.TELEMETRY)
    del board.disk[COUNTERS_NAME]
    for _ in range(10):
        board.start()
        for save in board.vault.due(0):  # only the counters get through before each cut
            board.disk[save.name] = save.body
    assert board.sender.spi == 258
    assert board.vault.sending[Use.TELECOMMAND].spi == 2


def test_without_any_key_left_everything_is_refused(ground):
    board = End(Use.TELEMETRY)
    slots = board.slots()
    board.disk = {KEYS_NAME: pack_keys([slot._replace(tried=True) for slot in slots])}
    board.start()
    assert board.resumed.given_up == len(slots)
    assert board.receive(ground.telecommand(b"abc")).reason is Refusal.KEY_STATE
    assert board.sender.apply(bytes(6), b"z") is None


# ---------------------------------------------------------------- octets at rest


def test_keys_and_counters_are_read_back():
    assert pack_keys(unpack_keys(ring()[KEYS_NAME]) or []) == ring()[KEYS_NAME]
    counters = {1: 0, 65534: (1 << 96) - 1}
    assert unpack_counters(pack_counters(counters)) == counters


def test_every_flipped_bit_at_rest_is_noticed():
    for name, unpack in ((KEYS_NAME, unpack_keys), (COUNTERS_NAME, unpack_counters)):
        body = ring()[name]
        for at in range(len(body)):
            for bit in range(8):
                changed = bytearray(body)
                changed[at] ^= 1 << bit
                assert unpack(bytes(changed)) is None
        for length in range(len(body)):
            assert unpack(body[:length]) is None


KEY = key(1)


def slot(spi=1, state=P, tried=False, octets=KEY) -> KeySlot:
    return KeySlot(spi, Use.TELECOMMAND, state, tried, octets)


@pytest.mark.parametrize(
    "slots",
    [
        [slot(spi=0)],
        [slot(spi=65535)],
        [slot(octets=bytes(32))],
        [slot(state=X)],
        [slot(), slot(spi=2)],
        [slot(state=X, octets=b""), slot(spi=2, octets=b"")],
    ],
    ids=["spi 0", "spi 65535", "key of zeros", "destroyed with key", "one key twice", "no key"],
)
def test_keys_that_cannot_be_are_not_read(slots):
    assert unpack_keys(pack_keys(slots)) is None


def test_a_key_is_in_no_representation():
    texts = [repr(slot()), repr(unpack_keys(ring()[KEYS_NAME]))]
    board = End(Use.TELEMETRY)
    board.vault.withdraw_key(2)
    texts += [repr(save) for save in board.vault.due(0)] + [repr(board.vault.associations)]
    for text in texts:
        assert key(1).hex() not in text
        assert repr(key(1))[2:-1] not in text


def test_as_many_keys_as_fit_in_a_slot_of_the_store():
    from flight.store.slots import BODY_LIMIT

    slots = [slot(spi=spi, octets=key(spi)) for spi in range(1, KEYS_MAX + 1)]
    assert len(pack_keys(slots)) < BODY_LIMIT
    assert len(pack_counters(dict.fromkeys(range(1, KEYS_MAX + 1), 0))) < BODY_LIMIT
    assert unpack_keys(pack_keys(slots)) == slots


def test_a_vault_is_opened_once():
    vault = Vault()
    open_vault(vault, Use.TELEMETRY, None, None)
    keys = ring()
    open_vault(vault, Use.TELEMETRY, keys[KEYS_NAME], keys[COUNTERS_NAME])
    with pytest.raises(AssertionError):
        vault.open([], stale=False)


def test_a_sender_follows_what_the_other_end_takes(ground, board):
    board.vault.associations[1].counter.next = 5000
    assert ground.sender.raise_to(5000)
    assert board.receive(ground.telecommand(b"abc")) == [b"abc"]
    assert ground.sender.raise_to(3), "never back"
    assert ground.vault.associations[1].counter.next == 5001
    assert not ground.sender.raise_to(5001 + ground.sender.rule.window)
    assert ground.vault.associations[1].counter.next == 5001


def test_an_association_without_its_key_cannot_be():
    with pytest.raises(AssertionError):
        Association(1, Use.TELEMETRY, b"short", P, Counter(0, 2), tried=False)
