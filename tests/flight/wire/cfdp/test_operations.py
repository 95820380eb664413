"""What a peer asks by messages to the user: proxy puts, listings, suspension from afar."""

from __future__ import annotations

import pytest

from flight.wire.cfdp import (
    CfdpEntity,
    Condition,
    Indication,
    ListingRequest,
    Local,
    MemoryFileStore,
    Originating,
    ProxyCancel,
    ProxyMode,
    ProxyPut,
    Put,
    Remote,
    RemoteRequest,
    TransactionId,
    encode_message,
)
from flight.wire.cfdp.encode import encode_pdu
from flight.wire.cfdp.fields import Directive, TlvType, TransactionStatus
from flight.wire.cfdp.pdus import Ack, Eof, FileData, Finished, Header, Metadata, Tlv
from tests.flight.wire.cfdp.alone import DATA, Alone
from tests.flight.wire.cfdp.pair import Pair, octets

ACK_EOF = Ack(Directive.EOF, Condition.NO_ERROR, TransactionStatus.ACTIVE)


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


@pytest.mark.parametrize("name", [b"absent", b"../secret", b".cfdp-journal", b".cfdp-listing-/../secret"])
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
