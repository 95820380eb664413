"""Bugs of cfdp-py, spacepackets and others, one test for each, named after the place (protocols.md 2.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire.cfdp import Condition, FileStatus, Indication, Put
from flight.wire.cfdp.decode import decode_pdu
from flight.wire.cfdp.encode import encode_pdu
from flight.wire.cfdp.fields import Directive, TransactionStatus
from flight.wire.cfdp.pdus import (
    Ack,
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
from flight.wire.rejection import Rejection
from tests.flight.wire.cfdp.alone import DATA, SECOND, Alone, names
from tests.flight.wire.cfdp.pair import Pair, octets

ACK_EOF = Ack(Directive.EOF, Condition.NO_ERROR, TransactionStatus.ACTIVE)
ACK_FINISHED = Ack(Directive.FINISHED, Condition.NO_ERROR, TransactionStatus.TERMINATED)


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
    alone = Alone(ack_limit=5).received()
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
    alone = Alone().received()
    assert alone.store.content("b.bin") == DATA
    alone.store.cut_power()
    assert alone.store.content("b.bin") == DATA
