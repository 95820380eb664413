"""Bugs that others had, one test for each, named after the place where it was found."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire.cfdp import Condition, FileStatus, Indication, Put
from flight.wire.cfdp.decode import decode_pdu
from flight.wire.cfdp.encode import encode_pdu
from flight.wire.cfdp.fields import Directive, TransactionStatus
from flight.wire.cfdp.names import partial_name
from flight.wire.cfdp.pdus import (
    Ack,
    Body,
    Eof,
    FileData,
    Finished,
    Header,
    KeepAlive,
    Metadata,
    Nak,
    Pdu,
    Prompt,
)
from flight.wire.cfdp.received import ReceivedOctets
from flight.wire.rejection import Reason, Rejection
from tests.flight.wire.cfdp.alone import DATA, SECOND, Alone, names
from tests.flight.wire.cfdp.pair import Pair, octets

ACK_EOF = Ack(Directive.EOF, Condition.NO_ERROR, TransactionStatus.ACTIVE)
ACK_FINISHED = Ack(Directive.FINISHED, Condition.NO_ERROR, TransactionStatus.TERMINATED)


def body_of(data: bytes) -> Body:
    pdu = decode_pdu(data)
    assert isinstance(pdu, Pdu)
    return pdu.body


def received(alone: Alone) -> Alone:
    """A whole file, up to the Finished PDU."""
    alone.take(alone.metadata())
    for piece in alone.pieces():
        alone.take(piece)
    alone.take(alone.eof())
    return alone


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


# ---------------------------------------------------------------- protocols.md 2.1


def lose(kind: type, times: int, of: Directive | None = None):
    left = times

    def drop(pdu, from_ground):
        nonlocal left
        if isinstance(pdu.body, kind) and of in {None, getattr(pdu.body, "of", None)} and left:
            left -= 1
            return True
        return False

    return drop


def sent_through(drop) -> Pair:
    pair = Pair()
    pair.drop = drop
    pair.ground.store.put("a.bin", DATA)
    pair.ground.entity.put(Put(2, "a.bin", "b.bin"), 0)
    pair.run()
    return pair


@pytest.mark.parametrize("times", [1, 5])
@pytest.mark.parametrize(
    ("kind", "of"),
    [
        (Metadata, None),
        (FileData, None),
        (Eof, None),
        (Ack, Directive.EOF),
        (Nak, None),
        (Finished, None),
        (Ack, Directive.FINISHED),
    ],
)
def test_cfdp_py_one_lost_directive_ended_the_transfer(kind, of, times):
    """Among them the lost ACK(EOF) of its PR 54, and the lost ACK(Finished) that nobody would send again."""
    pair = sent_through(lose(kind, times, of))
    assert pair.craft.store.content("b.bin") == DATA
    assert pair.quiet()
    assert pair.ground.notices[-1].kind is Indication.SENT


def test_cfdp_py_finished_was_repeated_without_end():
    """721 times in an hour.  A source that is gone for good is given up after the limit, the file stays."""
    alone = received(Alone(ack_limit=5))
    repeated = alone.wait(3600)
    assert names(repeated) == ["Finished"] * 5
    assert not alone.entity.transactions()
    assert alone.store.content("b.bin") == DATA


def test_cfdp_py_idle_source_did_not_acknowledge_finished():
    """The transaction is over, or was never known here: who waits for an acknowledgement gets one."""
    alone = Alone()
    alone.put()
    alone.sent()
    alone.take(ACK_EOF)
    finished = Finished(Condition.NO_ERROR, True, FileStatus.RETAINED)
    assert alone.take(finished) == [ACK_FINISHED]
    assert alone.take(finished) == [ACK_FINISHED]
    unknown = ACK_FINISHED._replace(status=TransactionStatus.UNRECOGNISED)
    assert alone.take(finished, alone.header._replace(sequence=999)) == [unknown]


def test_cfdp_py_no_inactivity_timer():
    """The sender dies before its EOF."""
    alone = Alone(inactivity_ns=600 * SECOND, ack_limit=3)
    alone.take(alone.metadata())
    alone.take(alone.pieces()[0])
    alone.wait(3600)
    assert not alone.entity.transactions()
    assert [n.condition for n in alone.notices if n.kind is Indication.FAILED] == [Condition.INACTIVITY]
    assert [name for name, _ in alone.store.names()] == [".cfdp-journal"], "nothing is left behind"


def test_cfdp_py_inactivity_counts_from_the_last_pdu():
    alone = Alone(inactivity_ns=600 * SECOND)
    alone.take(alone.metadata())
    for piece in alone.pieces()[:5]:
        alone.wait(500)
        alone.take(piece)
    assert "FAULT" not in alone.kinds()


def test_cfdp_py_two_receptions_shared_one_gap_tracker():
    """Two at once, interleaved: each asks for its own gaps."""
    alone = Alone()
    first, second = alone.header, alone.header._replace(sequence=8)
    other = octets(5, len(DATA))
    alone.take(alone.metadata(), first)
    alone.take(alone.metadata(other, b"c.bin"), second)
    for index, (one, two) in enumerate(zip(alone.pieces(), alone.pieces(other), strict=True)):
        if index != 2:
            alone.take(one, first)
        if index != 5:
            alone.take(two, second)
    alone.take(alone.eof(), first)
    alone.take(alone.eof(other), second)
    alone.wait(1)
    asked = [(pdu.header.sequence, pdu.body.requests) for pdu in alone.log if isinstance(pdu.body, Nak)]
    alone.take(alone.pieces()[2], first)
    alone.take(alone.pieces(other)[5], second)
    assert sorted(asked) == [(7, ((512, 768),)), (8, ((1280, 1536),))]
    assert (alone.store.content("b.bin"), alone.store.content("c.bin")) == (DATA, other)


def test_cfdp_py_a_busy_destination_did_not_check_the_transaction():
    alone = Alone()
    alone.take(alone.metadata())
    stranger = alone.header._replace(sequence=8)
    alone.take(FileData(0, b"another file"), stranger)
    assert alone.entity.receivers[alone.header.transaction].progress == 0
    assert alone.entity.receivers[stranger.transaction].progress == 12


@given(
    st.lists(
        st.tuples(st.integers(0, 120), st.integers(1, 60)).map(lambda pair: (pair[0], min(120, sum(pair)))),
        max_size=12,
    )
)
def test_cfdp_py_partial_overlaps_raised(cuts):
    """Segments cut anyhow: each octet is stored once, the first copy counts, and the file is right."""
    data = octets(2, 120)
    alone = Alone()
    alone.take(alone.metadata(data))
    for start, end in cuts:
        if start < end:
            alone.take(FileData(start, data[start:end]))
    alone.take(alone.eof(data))
    for nak in alone.wait(1):
        for start, end in nak.requests if isinstance(nak, Nak) else ():
            alone.take(FileData(start, data[start:end]))
    assert alone.store.content("b.bin") == data


def test_cfdp_py_timers_ran_on_the_wall_clock():
    """Two runs of one seed are the same to the last octet and nanosecond, whatever the clock on the wall says."""
    logs = []
    for _ in range(2):
        pair = Pair(11, 0.1, repeat=0.1, jitter_ns=SECOND // 3)
        pair.ground.store.put("a.bin", octets(4, 20_000))
        pair.ground.entity.put(Put(2, "a.bin", "b.bin"), 0)
        pair.run()
        logs.append(pair.log)
    assert logs[0] == logs[1]


PDUS = [
    Metadata(True, 3, 5, b"a", b"b"),
    FileData(3, b"hello"),
    Eof(Condition.NO_ERROR, 7, 9),
    Finished(Condition.NO_ERROR, True, FileStatus.RETAINED),
    ACK_EOF,
    Nak(0, 9, ((1, 3),)),
    Prompt(True),
    KeepAlive(5),
]


@given(st.sampled_from(PDUS), st.binary(min_size=1, max_size=20), st.booleans())
def test_spacepackets_trailing_octets_became_requests(body, tail, crc):
    """Octets behind a PDU make it no PDU; inside its length they are never taken for something else."""
    assert isinstance(decode_pdu(encode_pdu(Header(1, 2, 3, crc=crc), body) + tail), Rejection)


@given(st.sampled_from(PDUS), st.booleans(), st.booleans())
def test_spacepackets_90_pdus_with_a_crc_did_not_round_trip(body, crc, large):
    header = Header(1, 2, 3, crc=crc, large=large)
    assert decode_pdu(encode_pdu(header, body)) == Pdu(header, body)


def test_cfdp_py_metadata_only_transfers_failed():
    pair = Pair()
    pair.ground.entity.put(Put(2, messages=(b"hello",)), 0)
    pair.run()
    assert pair.quiet()
    assert [n.detail for n in pair.craft.notices if n.kind is Indication.MESSAGE] == [b"hello"]


def test_cfdp_py_had_neither_keep_alive_nor_prompt():
    alone = Alone(keep_alive_interval_ns=5 * SECOND)
    alone.take(alone.metadata())
    alone.take(alone.pieces()[0])
    assert alone.wait(11) == [KeepAlive(256), KeepAlive(256)]
    assert alone.take(Prompt(keep_alive=True)) == [KeepAlive(256)]
    assert alone.take(Prompt(keep_alive=False)) == [Nak(0, 256, ())]
    alone.take(alone.pieces()[2])
    assert alone.take(Prompt(keep_alive=False)) == [Nak(0, 768, ((256, 512),))]


# ---------------------------------------------------------------- flight_systems.md, reliability.md


def test_fprime_announced_a_file_whose_checksum_was_wrong():
    """It never appears under its name, and what stood there stays."""
    alone = Alone()
    alone.store.put("b.bin", b"the old one")
    alone.take(alone.metadata())
    for piece in alone.pieces():
        alone.take(piece)
    finished = alone.take(alone.eof(DATA[:-1] + b"!"))[-1]
    assert (finished.condition, finished.status) == (Condition.FILE_CHECKSUM, FileStatus.DISCARDED)
    assert alone.store.content("b.bin") == b"the old one"


def test_a_file_is_synced_before_it_has_its_name():
    alone = received(Alone())
    assert alone.store.content("b.bin") == DATA
    alone.store.cut_power()
    assert alone.store.content("b.bin") == DATA
