"""A transaction survives reboots of both ends and the end of a pass; nothing of it is done twice."""

from __future__ import annotations

import pytest

from flight.wire.cfdp import (
    Condition,
    FileJournal,
    FileStatus,
    Indication,
    MemoryFileStore,
    Put,
    PutRefusal,
    TransactionId,
)
from flight.wire.cfdp.fields import Directive, TransactionStatus
from flight.wire.cfdp.journal import JOURNAL_NAME
from flight.wire.cfdp.names import partial_name
from flight.wire.cfdp.pdus import Ack, Eof, FileData, Finished, Metadata
from flight.wire.cfdp.records import Closed, Kind, Open, Record, Sequence, decode_record, encode_record
from tests.flight.wire.cfdp.alone import DATA, SECOND, Alone, names
from tests.flight.wire.cfdp.pair import Pair, octets

CHECKPOINT = 8192
FINISHED = Finished(Condition.NO_ERROR, True, FileStatus.RETAINED)


def reboot_run(count: int, at: list[int], seed: int, loss: float, *, room: int = 8192) -> Pair:
    """A transfer with power cuts of both ends, turn by turn, after so many steps each."""
    pair = Pair(seed, loss, repeat=loss / 2, jitter_ns=SECOND // 4, local={"checkpoint_octets": CHECKPOINT})
    pair.logging = False
    pair.room = room
    data = octets(seed, count)
    pair.ground.store.put("a.bin", data)
    pair.ground.entity.put(Put(2, "a.bin", "b.bin"), 0)
    for number, steps in enumerate(at):
        for _ in range(steps):
            pair.step()
        (pair.craft if number % 2 else pair.ground).cut_power(pair.now)
    pair.run()
    assert pair.quiet()
    assert pair.craft.store.content("b.bin") == data
    return pair


@pytest.mark.parametrize("seed", range(10))
def test_five_reboots_anywhere(seed):
    reboot_run(100_000, [1 + (seed * step) % 11 for step in (3, 5, 7, 2, 9)], seed, 0.1)


@pytest.mark.slow
def test_megabytes_with_loss_reordering_repeats_and_five_reboots():
    reboot_run(3_000_000, [15, 20, 25, 20, 30], 1, 0.1, room=32_768)


@pytest.mark.parametrize("step", range(14))
@pytest.mark.parametrize("craft", [False, True])
def test_a_reboot_at_any_step_of_a_small_transfer(step, craft):
    pair = Pair()
    pair.room = 1024
    pair.ground.store.put("a.bin", DATA)
    pair.ground.entity.put(Put(2, "a.bin", "b.bin"), 0)
    for _ in range(step):
        pair.step()
    (pair.craft if craft else pair.ground).cut_power(pair.now)
    pair.run()
    assert pair.quiet()
    assert pair.craft.store.content("b.bin") == DATA
    assert not [name for name, _ in pair.craft.store.names() if name not in {"b.bin", JOURNAL_NAME}]


def test_what_was_checkpointed_is_not_sent_again():
    pair = Pair(local={"checkpoint_octets": CHECKPOINT})
    pair.room = 8192
    data = octets(3, 200_000)
    pair.ground.store.put("a.bin", data)
    pair.ground.entity.put(Put(2, "a.bin", "b.bin"), 0)
    for _ in range(12):
        pair.step()
    pair.craft.cut_power(pair.now)
    pair.run()
    assert pair.craft.store.content("b.bin") == data
    sent = sum(len(body.data) for body in pair.sent(FileData))
    assert sent <= len(data) + 2 * CHECKPOINT + 4 * pair.room, "less than all of it twice"


def test_a_pass_ends_and_the_next_station_goes_on():
    """Another station's entity with the same number, the same journal and store: the transaction goes on there."""
    pair = Pair(local={"checkpoint_octets": CHECKPOINT})
    pair.room = 4096
    data = octets(4, 60_000)
    pair.craft.store.put("a.bin", data)
    pair.craft.entity.put(Put(1, "a.bin", "b.bin"), 0)
    for _ in range(6):
        pair.step()
    pair.craft.entity.contact(False, pair.now)
    pair.ground.entity.contact(False, pair.now)
    sent = len(pair.log)
    for _ in range(36_000):
        pair.step()
    assert len(pair.log) == sent, "an hour without contact is silent"
    assert not pair.quiet()
    pair.ground.cut_power(pair.now)  # the other station starts from what was replicated: store and journal
    pair.craft.entity.contact(True, pair.now)
    pair.run()
    assert pair.quiet()
    assert pair.ground.store.content("b.bin") == data


def test_an_entity_without_contact_starts_its_transactions_later():
    alone = Alone()
    alone.entity.contact(False, 0)
    alone.put()
    assert alone.sent() == []
    assert alone.wait(100) == []
    alone.entity.contact(True, alone.now)
    assert names(alone.sent())[0] == "Metadata"


def test_transaction_numbers_are_never_used_again():
    alone = Alone()
    used = [alone.put().sequence for _ in range(3)]
    for _ in range(3):
        alone.store.cut_power()
        alone = Alone(alone.store, alone.now)
        used.append(alone.put().sequence)
    assert len(set(used)) == len(used)


def test_numbers_end_with_their_width():
    alone = Alone(local={"sequence_octets": 1, "transactions_limit": 1000})
    alone.store.put("a.bin", b"")
    started = [alone.entity.put(Put(1, "a.bin", "b.bin"), 0) for _ in range(257)]
    assert started == [TransactionId(2, number) for number in range(1, 256)] + [PutRefusal.SEQUENCE] * 2


def whole(alone: Alone) -> list:
    alone.take(alone.metadata())
    for piece in alone.pieces():
        alone.take(piece)
    return alone.take(alone.eof())


def test_power_is_cut_between_the_rename_and_the_journal():
    """The file is there under its name, the journal does not know: it is read back, and not fetched again."""

    class Cut(BaseException):
        pass

    alone = Alone(local={"checkpoint_octets": 256})

    def rename(old: str, new: str) -> None:
        MemoryFileStore.rename(alone.store, old, new)
        if new == "b.bin":
            raise Cut

    alone.store.rename = rename  # type: ignore[method-assign]
    with pytest.raises(Cut):
        whole(alone)
    del alone.store.rename
    alone.store.cut_power()
    assert alone.store.content("b.bin") == DATA
    again = Alone(alone.store, alone.now)
    sent = again.wait(1)
    assert names(sent) == ["Finished"]
    assert sent[0] == FINISHED
    assert again.store.content("b.bin") == DATA


def test_an_older_file_of_that_name_is_not_taken_for_the_new_one():
    alone = Alone()
    alone.store.put("b.bin", octets(1, len(DATA)))
    alone.take(alone.metadata())
    alone.take(alone.eof())
    alone.store.cut_power()
    again = Alone(alone.store, alone.now)
    assert names(again.wait(1)) == ["Nak"]
    assert [answer for piece in again.pieces() for answer in again.take(piece)] == [FINISHED]
    assert again.store.content("b.bin") == DATA


def test_what_the_disk_lost_is_fetched_again():
    """The journal promises more than the partial file holds."""
    alone = Alone(local={"checkpoint_octets": 256})
    alone.take(alone.metadata())
    for piece in alone.pieces()[:6]:
        alone.take(piece)
    alone.take(alone.eof())
    partial = alone.store.files[partial_name(1, 7)]
    partial.truncate(512)
    partial.sync()
    alone.store.cut_power()
    again = Alone(alone.store, alone.now)
    (nak,) = again.wait(1)
    assert nak.requests == ((512, len(DATA)),)


def test_what_the_disk_spoiled_is_found_by_reading_back():
    alone = Alone(local={"checkpoint_octets": 256})
    alone.take(alone.metadata())
    for piece in alone.pieces()[:6]:
        alone.take(piece)
    alone.take(alone.eof())
    partial = alone.store.files[partial_name(1, 7)]
    partial.data[5] ^= 1
    partial.sync()
    alone.store.cut_power()
    again = Alone(alone.store, alone.now)
    for piece in again.pieces()[6:]:
        again.take(piece)
    assert again.wait(1)[-1].condition is Condition.FILE_CHECKSUM
    assert not again.store.exists("b.bin")


def test_the_finished_pdu_survives_a_reboot():
    alone = Alone()
    assert whole(alone)[-1] == FINISHED
    again = Alone(alone.store, alone.now)
    assert again.sent() == [FINISHED]
    again.take(Ack(Directive.FINISHED, Condition.NO_ERROR, TransactionStatus.TERMINATED))
    assert not again.entity.transactions()
    assert "RECEIVED" not in again.kinds(), "told once"


@pytest.mark.parametrize(("acked", "sent"), [(False, ["Eof"]), (True, [])])
def test_a_sender_after_its_eof_survives_a_reboot(acked, sent):
    alone = Alone()
    transaction = alone.put()
    alone.sent()
    if acked:
        alone.take(Ack(Directive.EOF, Condition.NO_ERROR, TransactionStatus.ACTIVE))
    again = Alone(alone.store, alone.now)
    again.header = alone.header
    assert names(again.sent()) == sent
    assert again.entity.senders[transaction].sum == alone.entity.senders[transaction].sum
    again.take(FINISHED)
    assert again.kinds() == ["EOF_SENT"] * len(sent) + ["SENT"]


def test_a_cancelled_sender_survives_a_reboot():
    alone = Alone()
    alone.put()
    alone.sent(3000)
    alone.entity.cancel(alone.header.transaction, alone.now)
    again = Alone(alone.store, alone.now)
    (eof,) = again.sent()
    assert isinstance(eof, Eof)
    assert eof.condition is Condition.CANCELLED


def test_suspension_survives_a_reboot():
    alone = Alone()
    alone.put()
    alone.entity.suspend(alone.header.transaction, alone.now)
    again = Alone(alone.store, alone.now)
    assert again.wait(100) == []
    again.entity.resume(alone.header.transaction, again.now)
    assert names(again.sent())[0] == "Metadata"


def test_files_that_nobody_continues_are_cleared_away():
    store = MemoryFileStore()
    store.put(partial_name(9, 9), b"left behind")
    store.put(".cfdp-listing-3", b"left behind")
    store.put("kept.bin", b"a file")
    Alone(store)
    assert [name for name, _ in store.names()] == [JOURNAL_NAME, "kept.bin"]


# ---------------------------------------------------------------- the journal itself


def test_a_torn_record_ends_the_journal_and_is_overwritten():
    store = MemoryFileStore()
    journal = FileJournal(store)
    journal.append(b"one")
    journal.append(b"two")
    file = store.files[JOURNAL_NAME]
    file.write(file.size(), b"\0\0\0\x05torn")
    file.sync()
    journal = FileJournal(store)
    assert journal.read() == [b"one", b"two"]
    journal.append(b"three")
    assert FileJournal(store).read() == [b"one", b"two", b"three"]


@pytest.mark.parametrize("place", [0, 5, 8, 10])
def test_a_damaged_record_is_not_believed(place):
    store = MemoryFileStore()
    journal = FileJournal(store)
    journal.append(b"one")
    journal.append(b"two")
    store.files[JOURNAL_NAME].data[11 + place] ^= 0x10
    assert FileJournal(store).read() == [b"one"]


def test_the_journal_is_rewritten_before_it_grows_large():
    pair = Pair(local={"checkpoint_octets": 256})
    pair.logging = False
    for number in range(40):
        pair.ground.store.put(f"a{number}", octets(number, 30_000))
        pair.ground.entity.put(Put(2, f"a{number}", f"b{number}"), 0)
    largest = 0
    while not pair.quiet():
        pair.step()
        largest = max(largest, *(e.octets for e in pair.craft.store.names() if e.name == JOURNAL_NAME))
    assert 100_000 < largest < 300_000


def test_a_journal_that_fails_is_counted_and_transfers_go_on():
    alone = Alone()

    def refuse(record: bytes) -> None:
        raise OSError

    alone.entity._books._journal.append = refuse  # type: ignore[union-attr, method-assign]
    assert whole(alone)[-1] == FINISHED
    assert alone.entity.counters.journal_errors >= 3


LARGE = Alone().header._replace(large=True)
RECORDS: list[Record] = [
    Sequence(77),
    Closed(Kind.SENDER, Alone().header.transaction),
    Open(
        Kind.RECEIVER,
        Alone().header._replace(crc=True, toward_sender=True),
        2,
        Condition.NO_ERROR,
        True,
        12345,
        0xDEADBEEF,
        Metadata(True, 3, 5, b"a", b"b"),
        Eof(Condition.NO_ERROR, 7, 9),
        FINISHED,
        ((0, 5), (7, 9)),
    ),
    Open(
        Kind.SENDER,
        Alone().header._replace(large=True),
        1,
        Condition.NO_ERROR,
        False,
        1 << 40,
        0,
        None,
        None,
        None,
        (),
    ),
]


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_is_read_back(record):
    assert decode_record(encode_record(record)) == record


@pytest.mark.parametrize("record", RECORDS)
def test_no_damaged_record_raises(record):
    data = encode_record(record)
    for place in range(len(data)):
        decode_record(data[:place])
        decode_record(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])


def test_a_journal_of_noise_starts_an_empty_entity():
    alone = Alone()
    alone.entity.start([b"", b"\x01" * 40, octets(1, 300), encode_record(RECORDS[2])[:-3]], 0)
    assert alone.entity.transactions() == []
    assert Indication.STARTED.name not in alone.kinds()
