"""Bugs that others had, one test for each, named after the place where it was found."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest

from flight.wire.cfdp import Condition, FileStatus, Indication
from flight.wire.cfdp.decode import decode_pdu
from flight.wire.cfdp.encode import encode_pdu
from flight.wire.cfdp.fields import Directive, TransactionStatus
from flight.wire.cfdp.names import partial_name
from flight.wire.cfdp.pdus import (
    Ack,
    FileData,
    Finished,
    Header,
    KeepAlive,
)
from flight.wire.cfdp.received import ReceivedOctets
from flight.wire.rejection import Reason, Rejection
from tests.flight.wire.cfdp.alone import DATA, SECOND, Alone, body_of, names
from tests.flight.wire.cfdp.pair import octets

ACK_EOF = Ack(Directive.EOF, Condition.NO_ERROR, TransactionStatus.ACTIVE)
ACK_FINISHED = Ack(Directive.FINISHED, Condition.NO_ERROR, TransactionStatus.TERMINATED)


# ---------------------------------------------------------------- protocols.md 1.10


def test_librecube_writes_entity_ids_in_the_least_width():
    """0001 in two octets becomes 01 in one: the transaction is the same, and each is answered in its own width."""
    alone = Alone()
    alone.take(alone.metadata())
    narrow = alone.header._replace(entity_octets=1, sequence_octets=1)
    for piece in alone.pieces():
        alone.take(piece, narrow)
    assert names(alone.take(alone.eof(), narrow)) == ["Ack", "Finished"]
    assert alone.store.content("b.bin") == DATA


def test_librecube_sets_the_old_end_system_status_of_finished():
    header = Header(1, 2, 5, toward_sender=True, entity_octets=1, sequence_octets=1)
    pdu = bytearray(encode_pdu(header, Finished(Condition.NO_ERROR, True, FileStatus.RETAINED)))
    assert pdu[-1] == 0x02
    pdu[-1] = 0x0A
    assert body_of(bytes(pdu)) == Finished(Condition.NO_ERROR, True, FileStatus.RETAINED)


def test_spacepackets_0_28_sent_keep_alive_progress_little_endian():
    header = Header(1, 2, 5, toward_sender=True, entity_octets=2, sequence_octets=2)
    assert encode_pdu(header, KeepAlive(777))[-4:] == bytes.fromhex("00000309")
    assert body_of(encode_pdu(header, KeepAlive(777))) == KeepAlive(777)


def test_cfdp_py_54_every_eof_is_acknowledged():
    """The first, a repeated one, one while repairing, one after the transaction is over, one after a reboot."""
    alone = Alone()
    alone.take(alone.metadata())
    assert alone.take(alone.eof()) == [ACK_EOF]
    assert alone.take(alone.eof()) == [ACK_EOF]
    for piece in alone.pieces():
        alone.take(piece)
    assert alone.take(alone.eof()) == [ACK_EOF]
    alone.take(ACK_FINISHED)
    assert not alone.entity.transactions()
    terminated = [ACK_EOF._replace(status=TransactionStatus.TERMINATED)]
    assert alone.take(alone.eof()) == terminated
    again = Alone(alone.store, alone.now)
    assert again.take(again.eof()) == terminated
    assert not again.entity.transactions()


@pytest.mark.parametrize("longest", [64, 100, 255, 1024])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("crc", [False, True])
def test_yamcs_830_a_nak_fits_the_longest_pdu(longest, large, crc):
    alone = Alone(longest_pdu=longest, crc=crc)
    header = alone.header._replace(large=large, crc=crc)
    data = octets(1, 400)
    alone.take(alone.metadata(data), header)
    for piece in alone.pieces(data, 1)[::2]:
        alone.entity.receive(encode_pdu(header, piece), alone.now)
    alone.take(alone.eof(data), header)
    naks = alone.wait(1)
    assert len(naks) > 1
    lengths = [len(encode_pdu(pdu.header, pdu.body)) for pdu in alone.log]
    assert longest - 16 <= max(lengths) <= longest, "full, and not too full"
    asked = [request for nak in naks for request in nak.requests]
    assert asked == [(start, start + 1) for start in range(1, 400, 2)]
    assert [naks[0].start, naks[-1].end] == [0, 400]
    assert all(one.end == other.start for one, other in pairwise(naks)), "scopes meet"


def test_nasa_cf_520_82_octets_make_no_4_gib_file():
    """File data far out, before anything tells the file's size, after the metadata, after the EOF."""
    alone = Alone()
    far = FileData(0xFFFFFF00, b"x" * 64)
    alone.take(far)
    assert alone.store.files.get(partial_name(1, 7)) is None or not alone.store.content(partial_name(1, 7))
    assert alone.entity.counters.data_before_size == 1
    alone.take(FileData(0xFFFFFFF0, b"x" * 64))
    assert [n.condition for n in alone.notices if n.kind is Indication.FAULT] == [Condition.FILE_SIZE]

    alone = Alone()
    alone.take(alone.metadata())
    assert alone.take(far)[-1].condition is Condition.FILE_SIZE
    assert alone.entity.counters.data_beyond_size == 1
    alone = Alone()
    alone.take(alone.eof())
    assert alone.take(FileData(len(DATA) - 1, b"xx"))[-1].condition is Condition.FILE_SIZE


def test_nasa_cf_389_a_cancelled_transaction_is_closed_by_both_ends():
    """EOF(cancel) needs its acknowledgement, then Finished, then that one's acknowledgement."""
    alone = Alone()
    alone.take(alone.metadata())
    answers = alone.take(alone.eof(condition=Condition.CANCELLED))
    assert answers[0] == ACK_EOF._replace(condition=Condition.CANCELLED)
    assert (answers[1].condition, answers[1].complete) == (Condition.CANCELLED, False)
    assert names(alone.wait(11)) == ["Finished"], "until it is acknowledged"
    alone.take(ACK_FINISHED._replace(condition=Condition.CANCELLED))
    assert not alone.entity.transactions()

    alone = Alone()
    alone.put()
    alone.sent(2000)
    alone.entity.cancel(alone.header.transaction, alone.now)
    assert alone.sent()[-1].condition is Condition.CANCELLED
    assert names(alone.wait(11)) == ["Eof"], "until it is acknowledged"
    alone.take(ACK_EOF._replace(condition=Condition.CANCELLED))
    assert alone.entity.transactions(), "the Finished PDU is to come"
    finished = Finished(Condition.CANCELLED, False, FileStatus.DISCARDED)
    assert alone.take(finished) == [ACK_FINISHED._replace(condition=Condition.CANCELLED)]
    assert not alone.entity.transactions()


@pytest.mark.parametrize("position", range(30))
def test_yamcs_1062_the_crc_covers_header_and_data(position):
    header = Header(1, 7, 2, crc=True)
    pdu = bytearray(encode_pdu(header, FileData(5, b"0123456")))
    position %= len(pdu)
    pdu[position] ^= 0x40 if position else 0x04  # the version of the first octet is another rejection
    found = decode_pdu(bytes(pdu))
    assert isinstance(found, Rejection)
    assert found.reason in {Reason.CHECKSUM, Reason.LENGTH}


def test_yamcs_956_an_eof_while_suspended_yields_a_nak_later():
    alone = Alone()
    alone.take(alone.metadata())
    alone.take(alone.pieces()[1])
    alone.entity.suspend(alone.header.transaction, alone.now)
    assert alone.take(alone.eof()) == [ACK_EOF]
    assert alone.wait(60) == []
    alone.entity.resume(alone.header.transaction, alone.now)
    (nak,) = alone.wait(1)
    assert nak.requests == ((0, 256), (512, len(DATA)))


def test_yamcs_1153_after_a_loss_of_signal_the_rest_is_asked_for():
    alone = Alone()
    alone.take(alone.metadata())
    alone.take(alone.pieces()[0])
    alone.take(alone.eof())
    alone.entity.contact(False, alone.now)
    assert alone.wait(3000) == [], "no timer runs out while there is nobody to hear"
    alone.entity.contact(True, alone.now)
    assert [nak.requests for nak in alone.wait(1)] == [((256, len(DATA)),)]


def test_cfdp_rs_48_reordering_is_no_loss():
    """A segment that is overtaken by less than the delay is not asked for."""
    pieces = Alone().pieces()
    for late_s, asked in ((0.1, 0), (0.5, 1)):
        alone = Alone(nak_delay_ns=SECOND // 5)
        alone.take(alone.metadata())
        alone.take(pieces[0])
        alone.take(pieces[2])
        naks = alone.wait(late_s) + alone.take(pieces[1])
        for piece in pieces[3:]:
            naks += alone.take(piece)
        naks += alone.take(alone.eof()) + alone.wait(1)
        assert names(naks).count("Nak") == asked


def lines_executed(count: int) -> int:
    """By a receiver of so many segments of which every other one is lost, and then repaired."""
    octets_there = ReceivedOctets()
    lines = 0

    def trace(frame, event, argument):
        nonlocal lines
        lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for start in (*range(0, 20 * count, 20), *range(10, 20 * count, 20)):
            for offset, piece in octets_there.fresh(start, b"0123456789"):
                octets_there.insert(offset, piece)
    finally:
        sys.settrace(before)
    assert octets_there.stretches() == [(0, 20 * count)]
    return lines


def test_cfdp_py_gap_tracker_is_quadratic():
    assert lines_executed(2000) < 2.2 * lines_executed(1000)
