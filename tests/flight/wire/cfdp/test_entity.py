"""What the user of an entity sees: requests, refusals, faults and their handlers, operations asked by messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire.cfdp import (
    CfdpEntity,
    ChecksumType,
    Condition,
    FileStatus,
    Handler,
    Indication,
    ListingRequest,
    Local,
    MemoryFileStore,
    Originating,
    ProxyCancel,
    ProxyMode,
    ProxyPut,
    Put,
    PutRefusal,
    Remote,
    RemoteRequest,
    TransactionId,
    encode_message,
)
from flight.wire.cfdp.encode import encode_pdu
from flight.wire.cfdp.fields import Directive, TlvType, TransactionStatus
from flight.wire.cfdp.pdus import Ack, Eof, FileData, Finished, Header, KeepAlive, Metadata, Nak, Prompt, Tlv
from flight.wire.rejection import Reason
from tests.flight.wire.cfdp.alone import DATA, SECOND, Alone, names
from tests.flight.wire.cfdp.pair import Pair, octets

ACK_EOF = Ack(Directive.EOF, Condition.NO_ERROR, TransactionStatus.ACTIVE)


def faults(alone: Alone) -> list[Condition]:
    return [notice.condition for notice in alone.notices if notice.kind is Indication.FAULT]


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
    assert faults(alone) == [Condition.FILESTORE_REJECTION]
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


# ---------------------------------------------------------------- faults and their handlers


@pytest.mark.parametrize("handler", Handler)
def test_the_handler_of_a_fault(handler):
    alone = Alone(handlers={Condition.POSITIVE_ACK_LIMIT: handler}, ack_limit=2)
    transaction = alone.put()
    alone.sent()
    alone.wait(31)
    assert faults(alone) == [Condition.POSITIVE_ACK_LIMIT]
    last = alone.wait(10)
    held = alone.entity.senders.get(transaction)
    match handler:
        case Handler.CANCEL:
            assert [eof.condition for eof in last] == [Condition.POSITIVE_ACK_LIMIT]
        case Handler.SUSPEND:
            assert (last, held is not None and held.suspended) == ([], True)
            assert "SUSPENDED" in alone.kinds()
        case Handler.IGNORE:
            assert [eof.condition for eof in last] == [Condition.NO_ERROR]
        case Handler.ABANDON:
            assert (last, held, alone.kinds()[-2:]) == ([], None, ["ABANDONED", "FAILED"])


def test_a_fault_handler_override_of_the_metadata():
    override = Tlv(TlvType.FAULT_HANDLER, bytes([Condition.FILE_SIZE << 4 | Handler.ABANDON]))
    alone = Alone()
    alone.take(alone.metadata(options=(override, Tlv(TlvType.FAULT_HANDLER, b"\xff"))))
    assert alone.take(FileData(len(DATA), b"beyond")) == []
    assert not alone.entity.transactions()
    assert "ABANDONED" in alone.kinds()


@pytest.mark.parametrize("handler", [Handler.IGNORE, Handler.SUSPEND])
def test_a_wrong_checksum_is_never_ignored_into_a_file(handler):
    """Where the handler does not cancel, the file is fetched anew, a bounded number of times."""
    alone = Alone(handlers={Condition.FILE_CHECKSUM: handler})
    alone.take(alone.metadata())
    alone.take(alone.eof(DATA[:-1] + b"!"))
    for _ in range(6):
        for piece in alone.pieces():
            alone.take(piece)
        alone.entity.resume(alone.header.transaction, alone.now)
        alone.wait(1)
    assert not alone.store.exists("b.bin")
    assert alone.entity.receivers[alone.header.transaction].condition is Condition.FILE_CHECKSUM


@pytest.mark.parametrize(("limit", "there"), [(1000, True), (5000, False)])
def test_a_receiver_that_falls_behind_is_a_keep_alive_fault(limit, there):
    alone = Alone(keep_alive_limit_octets=limit)
    alone.put()
    alone.sent()
    alone.take(KeepAlive(100))
    assert (faults(alone) == [Condition.KEEP_ALIVE_LIMIT]) is there


def test_the_nak_limit():
    alone = Alone(nak_limit=3)
    alone.take(alone.metadata())
    alone.take(alone.eof())
    assert names(alone.wait(100)).count("Nak") == 4
    assert faults(alone)[0] is Condition.NAK_LIMIT


def test_new_data_starts_the_count_of_naks_again():
    alone = Alone(nak_limit=3)
    alone.take(alone.metadata())
    alone.take(alone.eof())
    for piece in alone.pieces()[:8]:
        alone.wait(25)
        alone.take(piece)
    assert faults(alone) == []


def test_the_check_limit_of_class_1():
    """The EOF overtakes data: within the limit it still becomes a file, after it the transaction ends."""
    for rounds, there in ((2, True), (5, False)):
        alone = Alone(check_limit=3)
        alone.header = alone.header._replace(acknowledged=False)
        alone.take(alone.metadata())
        for piece in alone.pieces()[1:]:
            alone.take(piece)
        assert alone.take(alone.eof()) == []
        alone.wait(10 * rounds)
        alone.take(alone.pieces()[0])
        assert alone.store.exists("b.bin") is there
        assert (faults(alone) == []) is there


def test_a_sender_of_class_1_waits_for_closure_no_longer_than_its_limit():
    alone = Alone(check_limit=2)
    alone.put(acknowledged=False, closure=True)
    alone.sent()
    alone.wait(25)
    assert faults(alone) == []
    alone.wait(10)
    assert faults(alone) == [Condition.CHECK_LIMIT]
    assert not alone.entity.transactions()


# ---------------------------------------------------------------- suspend, cancel, abandon


def test_a_suspended_sender_is_silent_and_goes_on_where_it_was():
    alone = Alone()
    transaction = alone.put()
    first = alone.sent(2048)
    assert alone.entity.suspend(transaction, alone.now)
    assert alone.sent() + alone.wait(600) == []
    assert alone.entity.resume(transaction, alone.now)
    rest = alone.sent()
    data = b"".join(body.data for body in first + rest if isinstance(body, FileData))
    assert data == DATA
    assert alone.kinds().count("SUSPENDED") == alone.kinds().count("RESUMED") == 1


def test_timers_stand_still_while_suspended():
    alone = Alone(inactivity_ns=100 * SECOND)
    alone.take(alone.metadata())
    alone.wait(60)
    alone.entity.suspend(alone.header.transaction, alone.now)
    alone.wait(1000)
    alone.entity.resume(alone.header.transaction, alone.now)
    alone.wait(60)
    assert faults(alone) == []
    alone.wait(60)
    assert faults(alone)[0] is Condition.INACTIVITY


def test_a_suspended_receiver_finishes_when_it_is_resumed():
    alone = Alone()
    alone.take(alone.metadata())
    alone.entity.suspend(alone.header.transaction, alone.now)
    for piece in alone.pieces():
        alone.take(piece)
    assert alone.take(alone.eof()) == [ACK_EOF]
    assert not alone.store.exists("b.bin")
    alone.entity.resume(alone.header.transaction, alone.now)
    assert names(alone.sent()) == ["Finished"]
    assert alone.store.content("b.bin") == DATA


@pytest.mark.parametrize("by_sender", [False, True])
@pytest.mark.parametrize("loss", [0.0, 0.2])
def test_either_end_cancels(by_sender, loss):
    pair = Pair(5, loss)
    pair.room = 2048
    pair.ground.store.put("a.bin", octets(1, 100_000))
    transaction = pair.ground.entity.put(Put(2, "a.bin", "b.bin"), 0)
    assert isinstance(transaction, TransactionId)
    for _ in range(8):
        pair.step()
    assert (pair.ground if by_sender else pair.craft).entity.cancel(transaction, pair.now)
    pair.run()
    assert pair.quiet()
    assert [name for name, _ in pair.craft.store.names()] == [".cfdp-journal"]
    for end in (pair.ground, pair.craft):
        assert [n.condition for n in end.notices if n.kind is Indication.FAILED] == [Condition.CANCELLED]


def test_an_abandoned_transaction_says_nothing():
    alone = Alone()
    transaction = alone.put()
    alone.sent(2048)
    assert alone.entity.abandon(transaction, alone.now)
    assert alone.sent() + alone.wait(100) == []
    assert not alone.entity.transactions()


def test_requests_about_no_transaction_are_false():
    entity = Alone().entity
    unknown = TransactionId(2, 5)
    assert not any(
        [
            entity.suspend(unknown, 0),
            entity.resume(unknown, 0),
            entity.cancel(unknown, 0),
            entity.abandon(unknown, 0),
            entity.prompt(unknown, keep_alive=True),
        ]
    )


def test_a_prompt_is_sent_when_asked_for():
    alone = Alone()
    transaction = alone.put()
    assert alone.entity.prompt(transaction, keep_alive=False)
    assert Prompt(False) in alone.sent()


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


# ---------------------------------------------------------------- operations asked by messages


def message_put(pair: Pair, *messages) -> TransactionId:
    started = pair.ground.entity.put(Put(2, messages=tuple(map(encode_message, messages))), pair.now)
    assert isinstance(started, TransactionId)
    return started


@pytest.mark.parametrize("loss", [0.0, 0.1])
def test_a_proxy_put_brings_a_file_here_and_says_so(loss):
    pair = Pair(2, loss)
    pair.craft.store.put("log.txt", DATA)
    asked = message_put(pair, ProxyPut(1, b"log.txt", b"got/log.txt"))
    pair.run()
    assert pair.quiet()
    assert pair.ground.store.content("got/log.txt") == DATA
    proxy = [n for n in pair.ground.notices if n.kind is Indication.PROXY]
    assert [(n.transaction, n.condition) for n in proxy] == [(asked, Condition.NO_ERROR)]


def test_a_proxy_put_in_class_1():
    pair = Pair()
    pair.craft.store.put("log.txt", DATA)
    message_put(pair, ProxyPut(1, b"log.txt", b"log.txt"), ProxyMode(False))
    pair.run()
    assert pair.ground.store.content("log.txt") == DATA
    data = [pdu.header.acknowledged for _, _, pdu in pair.log if isinstance(pdu.body, FileData)]
    assert set(data) == {False}


@pytest.mark.parametrize("name", [b"absent", b"../secret", b".cfdp-journal"])
def test_a_proxy_put_of_no_file_is_answered(name):
    pair = Pair()
    message_put(pair, ProxyPut(1, name, b"log.txt"))
    pair.run()
    assert pair.quiet()
    proxy = [n.condition for n in pair.ground.notices if n.kind is Indication.PROXY]
    assert proxy == [Condition.FILESTORE_REJECTION]


def test_a_proxy_put_is_cancelled():
    pair = Pair()
    pair.room = 2048
    pair.craft.store.put("log.txt", octets(1, 200_000))
    asked = message_put(pair, ProxyPut(1, b"log.txt", b"log.txt"))
    for _ in range(12):
        pair.step()
    message_put(pair, ProxyCancel(), Originating(asked))
    pair.run()
    assert pair.quiet()
    assert not pair.ground.store.exists("log.txt")
    proxy = [(n.transaction, n.condition) for n in pair.ground.notices if n.kind is Indication.PROXY]
    assert proxy == [(asked, Condition.CANCELLED)]


def test_a_directory_is_listed():
    pair = Pair()
    pair.craft.store.put("logs/a", b"12345")
    pair.craft.store.put("logs/b", b"")
    pair.craft.store.put("other", b"1")
    message_put(pair, ListingRequest(b"logs", b"listing.txt"))
    pair.run()
    assert pair.quiet()
    assert pair.ground.store.content("listing.txt") == b"5 logs/a\n0 logs/b\n"
    listing = [n for n in pair.ground.notices if n.kind is Indication.LISTING]
    assert [(n.name, n.detail, n.condition) for n in listing] == [
        ("listing.txt", b"logs", Condition.NO_ERROR)
    ]
    assert not [name for name, _ in pair.craft.store.names() if "listing" in name]


@pytest.mark.parametrize("folder", [b"", b"/", b"."])
def test_the_whole_store_is_listed_without_our_own_files(folder):
    pair = Pair()
    pair.craft.store.put("a", b"1")
    message_put(pair, ListingRequest(folder, b"listing.txt"))
    pair.run()
    assert pair.ground.store.content("listing.txt") == b"1 a\n"


def test_a_folder_outside_is_not_listed():
    pair = Pair()
    message_put(pair, ListingRequest(b"../..", b"listing.txt"))
    pair.run()
    assert pair.quiet()
    assert not pair.ground.store.exists("listing.txt")
    listing = [n.condition for n in pair.ground.notices if n.kind is Indication.LISTING]
    assert listing == [Condition.FILESTORE_REJECTION]


def test_a_transaction_is_suspended_and_resumed_from_afar():
    pair = Pair()
    pair.room = 2048
    pair.craft.store.put("a.bin", octets(1, 100_000))
    started = pair.craft.entity.put(Put(1, "a.bin", "b.bin"), 0)
    assert isinstance(started, TransactionId)
    for _ in range(5):
        pair.step()
    message_put(pair, RemoteRequest(started, resume=False))
    for _ in range(100):
        pair.step()
    assert pair.craft.entity.senders[started].suspended
    message_put(pair, RemoteRequest(started, resume=True))
    message_put(pair, RemoteRequest(TransactionId(2, 99), resume=True))
    pair.run()
    assert pair.quiet()
    assert pair.ground.store.content("b.bin") == octets(1, 100_000)
    answers = [(n.transaction, n.condition) for n in pair.ground.notices if n.kind is Indication.REMOTE]
    assert (started, Condition.SUSPENDED) in answers
    assert (started, Condition.NO_ERROR) in answers


def test_an_entity_that_does_not_serve_does_nothing_it_is_asked():
    store = MemoryFileStore()
    store.put("log.txt", DATA)
    entity = CfdpEntity(Local(2, serves=False), [Remote(1)], store)
    wish = Tlv(TlvType.MESSAGE_TO_USER, encode_message(ProxyPut(1, b"log.txt", b"b")))
    header = Header(1, 1, 2)
    entity.receive(encode_pdu(header, Metadata(False, 3, 0, b"", b"", (wish,))), 0)
    entity.receive(encode_pdu(header, Eof(Condition.NO_ERROR, 0, 0)), 0)
    assert not entity.senders
    assert Indication.MESSAGE in [notice.kind for notice in entity.notices()]


def test_messages_are_acted_on_only_when_the_transaction_is_right():
    alone = Alone()
    alone.store.put("log.txt", DATA)
    wish = Tlv(TlvType.MESSAGE_TO_USER, encode_message(ProxyPut(1, b"log.txt", b"b")))
    alone.take(Metadata(False, 3, 0, b"", b"", (wish,)))
    assert not alone.entity.senders
    alone.take(Eof(Condition.CANCELLED, 0, 0))
    assert not alone.entity.senders
    assert isinstance(alone.log[-1].body, Finished)
