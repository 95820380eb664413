"""Faults, their handlers and limits; suspension, cancellation, abandonment."""

from __future__ import annotations

import pytest

from flight.wire.cfdp import (
    Condition,
    Handler,
    Indication,
    Put,
    TransactionId,
)
from flight.wire.cfdp.fields import Directive, TlvType, TransactionStatus
from flight.wire.cfdp.pdus import Ack, FileData, KeepAlive, Nak, Prompt, Tlv
from tests.flight.wire.cfdp.alone import DATA, SECOND, Alone, names
from tests.flight.wire.cfdp.pair import Pair, octets

ACK_EOF = Ack(Directive.EOF, Condition.NO_ERROR, TransactionStatus.ACTIVE)


# ---------------------------------------------------------------- faults and their handlers


@pytest.mark.parametrize("handler", Handler)
def test_the_handler_of_a_fault(handler):
    alone = Alone(handlers={Condition.POSITIVE_ACK_LIMIT: handler}, ack_limit=2)
    transaction = alone.put()
    alone.sent()
    alone.wait(31)
    assert alone.faults() == [Condition.POSITIVE_ACK_LIMIT]
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
    assert (alone.faults() == [Condition.KEEP_ALIVE_LIMIT]) is there


def test_the_nak_limit():
    alone = Alone(nak_limit=3)
    alone.take(alone.metadata())
    alone.take(alone.eof())
    assert names(alone.wait(100)).count("Nak") == 4
    assert alone.faults()[0] is Condition.NAK_LIMIT


def test_new_data_starts_the_count_of_naks_again():
    alone = Alone(nak_limit=3)
    alone.take(alone.metadata())
    alone.take(alone.eof())
    for piece in alone.pieces()[:8]:
        alone.wait(25)
        alone.take(piece)
    assert alone.faults() == []


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
        assert (alone.faults() == []) is there


def test_a_sender_of_class_1_waits_for_closure_no_longer_than_its_limit():
    alone = Alone(check_limit=2)
    alone.put(acknowledged=False, closure=True)
    alone.sent()
    alone.wait(25)
    assert alone.faults() == []
    alone.wait(10)
    assert alone.faults() == [Condition.CHECK_LIMIT]
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
    assert alone.faults() == []
    alone.wait(60)
    assert alone.faults()[0] is Condition.INACTIVITY


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


@pytest.mark.parametrize("status", list(TransactionStatus))
def test_a_cancel_that_the_receiver_has_nothing_of_is_over_with_its_acknowledgement(status):
    """Swarm seed 72: cancelled before anything was sent, so no Finished PDU could ever come."""
    alone = Alone()
    transaction = alone.put(b"")
    alone.entity.cancel(transaction, alone.now)
    assert names(alone.sent()) == ["Eof"]
    alone.take(Ack(Directive.EOF, Condition.CANCELLED, status))
    over = status is TransactionStatus.UNRECOGNISED
    assert (not alone.entity.transactions(), "FAILED" in alone.kinds()) == (over, over)
    again = Alone(alone.store, alone.now)
    assert (not again.entity.transactions()) is over


def passes(alone: Alone, count: int, seconds: int) -> None:
    for _ in range(count):
        alone.entity.contact(True, alone.now)
        alone.wait(seconds)
        alone.entity.contact(False, alone.now)
        alone.now += 5000 * SECOND


@pytest.mark.parametrize("cancelled", [False, True])
def test_silence_adds_up_over_passes_shorter_than_the_limit(cancelled):
    """Swarm seed 72: a transaction whose other end was gone stayed for ever, each pass began to count anew."""
    alone = Alone(inactivity_ns=200 * SECOND)
    transaction = alone.put()
    alone.sent()
    if cancelled:
        alone.entity.cancel(transaction, alone.now)
        alone.sent()
    alone.take(ACK_EOF._replace(condition=Condition.CANCELLED if cancelled else Condition.NO_ERROR))
    alone.entity.contact(False, alone.now)
    alone.now += 5000 * SECOND
    passes(alone, 3, 60)
    assert (alone.faults(), len(alone.entity.transactions())) == ([], 1)
    passes(alone, 1, 60)
    assert (alone.faults() == [Condition.INACTIVITY]) is not cancelled
    assert not alone.entity.transactions() or not cancelled


def test_what_is_heard_in_a_pass_ends_the_silence_before_it():
    alone = Alone(inactivity_ns=100 * SECOND)
    alone.take(alone.metadata())
    for piece in alone.pieces():
        passes(alone, 1, 80)
        alone.entity.contact(True, alone.now)
        alone.take(piece)
    assert alone.faults() == []


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


def test_late_metadata_cost_no_data():
    """What came before them is kept, and read back for its checksum."""
    for right in (True, False):
        alone = Alone()
        for piece in alone.pieces():
            alone.take(piece)
        asked = alone.take(alone.eof()) + alone.wait(1)
        assert [nak.requests for nak in asked if isinstance(nak, Nak)][-1] == ((0, 0),)
        if not right:
            alone.entity.receivers[alone.header.transaction].arriving._file.write(9, b"spoiled")  # type: ignore[union-attr]
        alone.take(alone.metadata())
        (finished,) = alone.wait(1)
        assert finished.condition is (Condition.NO_ERROR if right else Condition.FILE_CHECKSUM)
        assert alone.store.exists("b.bin") is right


def times_of(alone: Alone, kind: str, seconds: int) -> list[int]:
    """When such PDUs are sent, in whole seconds."""
    return [second for second in range(seconds) if kind in names(alone.wait(1))]


def test_who_is_not_answered_asks_less_and_less_often():
    alone = Alone(ack_interval_ns=3 * SECOND, nak_interval_ns=2 * SECOND, back_off=2)
    alone.take(alone.metadata())
    alone.take(alone.eof())
    assert times_of(alone, "Nak", 40) == [0, 2, 6, 14, 22, 30, 38]
    alone.take(alone.pieces()[0])
    assert times_of(alone, "Nak", 10) == [1, 5], "heard again: as at first"
    alone = Alone(ack_interval_ns=3 * SECOND, back_off=2)
    alone.put()
    alone.sent()
    assert times_of(alone, "Eof", 40) == [2, 8, 20, 32]


def test_before_the_eof_each_gap_is_asked_for_once():
    alone = Alone()
    alone.take(alone.metadata())
    pieces = alone.pieces()
    alone.take(pieces[1])
    asked = alone.wait(1)
    alone.take(pieces[3])
    asked += alone.wait(1)
    assert [nak.requests for nak in asked] == [((0, 256),), ((512, 768),)]


def test_an_acknowledgement_of_the_eof_before_is_not_one_of_the_cancel():
    """Both are ACK(EOF); the condition tells which."""
    alone = Alone()
    transaction = alone.put()
    alone.sent()
    alone.entity.cancel(transaction, alone.now)
    alone.sent()
    alone.take(ACK_EOF)
    assert names(alone.wait(11)) == ["Eof"]
    alone.take(ACK_EOF._replace(condition=Condition.CANCELLED))
    assert alone.wait(11) == []


def test_a_nak_asks_for_no_more_than_was_sent():
    alone = Alone()
    alone.put()
    alone.sent(2048)
    repaired = alone.take(Nak(0, 1 << 30, ((500, 1 << 30),)))[0]
    assert (repaired.offset, repaired.data) == (500, DATA[500:1008])
    assert alone.faults() == []


def test_what_is_left_of_a_timer_is_kept_while_suspended():
    alone = Alone()
    transaction = alone.put()
    alone.sent()
    alone.wait(7)
    alone.entity.suspend(transaction, alone.now)
    alone.wait(50)
    alone.entity.resume(transaction, alone.now)
    assert alone.wait(2.5) == []
    assert names(alone.wait(1)) == ["Eof"]
