"""What the user of an entity and the line below it see: requests, refusals, room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flight.wire.cfdp import (
    ChecksumType,
    Condition,
    FileStatus,
    MemoryFileStore,
    Put,
    PutRefusal,
    TransactionId,
)
from flight.wire.cfdp.encode import encode_pdu
from flight.wire.cfdp.fields import Directive, TlvType, TransactionStatus
from flight.wire.cfdp.pdus import Ack, Eof, FileData, Header, KeepAlive, Metadata, Nak, Prompt, Tlv
from flight.wire.rejection import Reason
from tests.flight.wire.cfdp.alone import DATA, SECOND, Alone, names
from tests.flight.wire.cfdp.pair import octets

ACK_EOF = Ack(Directive.EOF, Condition.NO_ERROR, TransactionStatus.ACTIVE)


# ---------------------------------------------------------------- what is refused


def test_why_a_put_is_refused():
    alone = Alone(local={"transactions_limit": 1, "largest_file_octets": 4000}, longest_pdu=64)
    store = alone.store
    store.put("a.bin", DATA)
    store.put("large", bytes(4001))

    def put(**wish):
        return alone.entity.put(Put(**({"destination": 1} | wish)), 0)

    assert put(destination=9) is PutRefusal.DESTINATION
    assert put(source_name="none", destination_name="b") is PutRefusal.ABSENT
    assert put(source_name="large", destination_name="b") is PutRefusal.TOO_LARGE
    assert put(messages=(b"m" * 256,)) is PutRefusal.TOO_LONG
    assert put(messages=(b"m" * 60,)) is PutRefusal.TOO_LONG
    assert isinstance(put(source_name="a.bin", destination_name="b"), TransactionId)
    assert put(source_name="a.bin", destination_name="b") is PutRefusal.FULL


def test_a_pdu_for_somebody_else_is_counted():
    alone = Alone()
    for header, reason in (
        (alone.header._replace(destination=9), Reason.SPACECRAFT),
        (alone.header._replace(source=9), Reason.FIELD),
        (Header(9, 1, 2, toward_sender=True), Reason.SPACECRAFT),
    ):
        found = alone.entity.receive(encode_pdu(header, alone.eof()), 0)
        assert found is not None
        assert found.reason is reason
    assert sum(alone.entity.counters.rejections.values()) == 3
    assert alone.entity.receive(b"noise", 0) is not None


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_octets_harm_an_entity(data):
    alone = Alone()
    for one in data:
        alone.entity.receive(one, 0)
        alone.entity.receive(bytes.fromhex("20") + one, 0)
    alone.wait(1)


def test_transactions_of_others_are_bounded():
    alone = Alone(local={"transactions_limit": 3})
    for sequence in range(10):
        alone.take(alone.metadata(), alone.header._replace(sequence=sequence))
    assert len(alone.entity.receivers) == 3
    assert alone.entity.counters.refused_transactions == 7


def test_what_belongs_to_nothing_is_counted():
    alone = Alone()
    back = Header(2, 5, 1, toward_sender=True)
    assert alone.take(ACK_EOF, back) == []
    assert alone.take(Nak(0, 5), back) == []
    assert alone.take(Prompt(True)) == []
    assert alone.take(Ack(Directive.FINISHED, Condition.NO_ERROR, TransactionStatus.ACTIVE)) == []
    assert alone.take(FileData(0, b"x"), alone.header._replace(acknowledged=False)) == []
    assert alone.entity.counters.strays == 5
    assert not alone.entity.transactions()


def test_an_eof_cancel_of_an_unknown_transaction_is_acknowledged_and_starts_nothing():
    alone = Alone()
    (ack,) = alone.take(alone.eof(condition=Condition.CANCELLED))
    assert ack == Ack(Directive.EOF, Condition.CANCELLED, TransactionStatus.UNRECOGNISED)
    assert not alone.entity.transactions()


def test_a_directive_that_the_end_does_not_take_is_a_stray():
    alone = Alone()
    alone.take(alone.metadata())
    alone.take(KeepAlive(5))
    assert alone.entity.counters.strays == 1


# ---------------------------------------------------------------- the file store says no


def test_a_file_larger_than_what_is_free_is_refused_at_its_metadata():
    alone = Alone(MemoryFileStore(quota_octets=5000))
    finished = alone.take(alone.metadata(size=6000))[-1]
    assert (finished.condition, finished.status) == (Condition.FILESTORE_REJECTION, FileStatus.REJECTED)


def test_a_file_of_unknown_size_ends_at_the_quota():
    alone = Alone(MemoryFileStore(quota_octets=2000))
    alone.take(alone.metadata(size=0))
    for piece in alone.pieces():
        alone.take(piece)
    assert alone.faults() == [Condition.FILESTORE_REJECTION]
    assert alone.entity.counters.store_errors == 1
    assert alone.store.free_octets() > 1000, "the part is gone"


def test_a_file_larger_than_the_limit_is_refused():
    alone = Alone(local={"largest_file_octets": 1000})
    assert alone.take(alone.metadata())[-1].condition is Condition.FILE_SIZE


def test_an_eof_of_another_size_than_the_metadata_is_a_fault():
    alone = Alone()
    alone.take(alone.metadata())
    assert alone.take(alone.eof(DATA[:-5]))[-1].condition is Condition.FILE_SIZE
    alone = Alone()
    alone.take(alone.metadata(size=0))
    alone.take(FileData(0, bytes(300)))
    assert alone.take(alone.eof(bytes(200)))[-1].condition is Condition.FILE_SIZE


def test_a_size_beyond_32_bits_in_a_small_transaction_is_a_fault():
    alone = Alone()
    alone.take(alone.metadata())
    large = alone.header._replace(large=True)
    assert alone.take(Eof(Condition.NO_ERROR, 0, 1 << 33), large)[-1].condition is Condition.FILE_SIZE


def test_a_large_file_has_64_bit_offsets():
    alone = Alone(local={"largest_file_octets": 1 << 40})
    large = alone.header._replace(large=True)
    alone.take(alone.metadata(size=0), large)
    alone.take(FileData(0, b"start"), large)
    assert alone.take(Prompt(keep_alive=True), large) == [KeepAlive(5)]
    assert alone.log[-1].header.large


def test_an_unknown_checksum_type_is_a_fault():
    alone = Alone()
    alone.entity.receive(
        encode_pdu(alone.header, alone.metadata(kind=ChecksumType.NULL)._replace(checksum_type=7)), 0
    )
    assert alone.sent()[-1].condition is Condition.CHECKSUM_TYPE


def test_a_source_that_vanishes_or_shrinks_is_a_filestore_rejection():
    alone = Alone()
    alone.put()
    alone.store.files["a.bin"].truncate(1500)
    assert [eof.condition for eof in alone.sent() if isinstance(eof, Eof)] == [Condition.FILESTORE_REJECTION]


def test_a_disk_that_cannot_rename_delivers_nothing():
    alone = Alone()

    def rename(old: str, new: str) -> None:
        raise OSError

    alone.take(alone.metadata())
    for piece in alone.pieces():
        alone.take(piece)
    alone.store.rename = rename  # type: ignore[method-assign]
    finished = alone.take(alone.eof())[-1]
    assert (finished.condition, finished.status) == (Condition.FILESTORE_REJECTION, FileStatus.REJECTED)
    assert not alone.store.exists("b.bin")


# ---------------------------------------------------------------- the line below


def test_what_is_sent_fits_the_room():
    alone = Alone()
    alone.put(octets(1, 20_000))
    for room in (0, 500, 1023, 1024, 2000, 5000):
        assert sum(map(len, alone.entity.send(0, room))) <= room


def test_senders_take_turns():
    alone = Alone()
    alone.store.put("a.bin", octets(1, 50_000))
    started = [alone.entity.put(Put(1, "a.bin", f"b{n}"), 0) for n in range(4)]
    alone.sent(40 * 1024)
    progress = [alone.entity.senders[one].sent for one in started if isinstance(one, TransactionId)]
    assert max(progress) - min(progress) <= 1008


def test_directives_go_before_data():
    alone = Alone()
    alone.put(octets(1, 50_000))
    alone.sent(2048)
    alone.header = Header(1, 7, 2)
    assert names(alone.take(alone.eof()))[0] == "Ack"


def test_the_next_deadline_is_when_something_happens():
    alone = Alone()
    assert alone.entity.next_deadline() is None
    alone.put()
    alone.sent()
    assert alone.entity.next_deadline() == 10 * SECOND


def test_notices_are_bounded():
    alone = Alone()
    alone.store.put("a.bin", b"")
    entity = alone.entity
    for _ in range(700):
        transaction = entity.put(Put(1, "a.bin", "b.bin"), 0)
        assert isinstance(transaction, TransactionId)
        entity.abandon(transaction, 0)
    assert len(entity.notices()) == 1024
    assert entity.counters.dropped_notices == 700 * 3 - 1024


def test_filestore_requests_are_answered_and_not_performed():
    """Delete b.bin, rename b.bin to c.bin; two that are damaged have no answer."""
    alone = Alone()
    alone.store.put("b.bin", b"kept")
    wishes = (b"\x10\x05b.bin", b"\x20\x05b.bin\x05c.bin", b"\x10\x09b.bin", b"\x20\x05b.bin")
    options = tuple(Tlv(TlvType.FILESTORE_REQUEST, wish) for wish in wishes)
    alone.take(Metadata(False, 3, 0, b"", b"", options))
    finished = alone.take(Eof(Condition.NO_ERROR, 0, 0))[-1]
    assert finished.responses == (b"\x1f\x05b.bin\0", b"\x2f\x05b.bin\x05c.bin\0")
    assert alone.store.content("b.bin") == b"kept"
