"""Every cell of the four state tables: what the cell does and which state follows.

What is expected stands here in words of its own, not in the actions of the tables.  A cell that is not named is one
that must do nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from flight.wire.cfdp import Condition, FileStatus, Handler, receiver_table, sender_table
from flight.wire.cfdp.fields import Directive, TransactionStatus
from flight.wire.cfdp.pdus import Ack, Finished, Nak
from flight.wire.cfdp.receiver import Receiver
from flight.wire.cfdp.sender import Sender
from tests.flight.wire.cfdp.alone import DATA, Alone

IGNORED = (Condition.KEEP_ALIVE_LIMIT, Condition.INACTIVITY, Condition.CHECK_LIMIT, Condition.FILE_CHECKSUM)
HANDLERS = dict.fromkeys(IGNORED, Handler.IGNORE)
FINISHED = Finished(Condition.NO_ERROR, True, FileStatus.RETAINED)
CANCELLED = Condition.CANCELLED

S, R = sender_table.State, receiver_table.State

SENDER_2 = {
    ("SENDING", "ALL_SENT"): "owes eof -> EOF_SENT",
    ("SENDING", "NAK"): "repairs",
    ("SENDING", "FINISHED"): "SENT, owes ack -> CLOSED",
    ("SENDING", "KEEP_ALIVE"): "FAULT",
    ("SENDING", "CANCEL"): "owes eof -> CANCELLING",
    ("SENDING", "ABANDON"): "ABANDONED, FAILED -> CLOSED",
    ("EOF_SENT", "EOF_LEFT"): "timer ACK",
    ("EOF_SENT", "EOF_ACKED"): "timer INACTIVITY -> WAITING",
    ("EOF_SENT", "EOF_ACKED_UNKNOWN"): "timer INACTIVITY -> WAITING",
    ("EOF_SENT", "NAK"): "repairs",
    ("EOF_SENT", "FINISHED"): "SENT, owes ack -> CLOSED",
    ("EOF_SENT", "KEEP_ALIVE"): "FAULT",
    ("EOF_SENT", "ACK_TIMER"): "owes eof",
    ("EOF_SENT", "CANCEL"): "owes eof -> CANCELLING",
    ("EOF_SENT", "ABANDON"): "ABANDONED, FAILED -> CLOSED",
    ("WAITING", "NAK"): "repairs",
    ("WAITING", "FINISHED"): "SENT, owes ack -> CLOSED",
    ("WAITING", "INACTIVE"): "FAULT, timer INACTIVITY",
    ("WAITING", "CANCEL"): "owes eof -> CANCELLING",
    ("WAITING", "ABANDON"): "ABANDONED, FAILED -> CLOSED",
    ("CANCELLING", "EOF_LEFT"): "timer ACK",
    ("CANCELLING", "EOF_ACKED"): "timer INACTIVITY -> CANCELLED",
    ("CANCELLING", "EOF_ACKED_UNKNOWN"): "FAILED -> CLOSED",
    ("CANCELLING", "FINISHED"): "FAILED, owes ack -> CLOSED",
    ("CANCELLING", "ACK_TIMER"): "owes eof",
    ("CANCELLING", "ABANDON"): "ABANDONED, FAILED -> CLOSED",
    ("CANCELLING", "SPENT"): "ABANDONED, FAILED -> CLOSED",
    ("CANCELLED", "FINISHED"): "FAILED, owes ack -> CLOSED",
    ("CANCELLED", "INACTIVE"): "FAILED -> CLOSED",
    ("CANCELLED", "ABANDON"): "ABANDONED, FAILED -> CLOSED",
    ("CLOSED", "FINISHED"): "owes ack",
}
SENDER_1 = {
    ("SENDING", "ALL_SENT"): "owes eof -> EOF_SENT",
    ("SENDING", "FINISHED"): "SENT -> CLOSED",
    ("SENDING", "CANCEL"): "owes eof -> CANCELLING",
    ("SENDING", "ABANDON"): "ABANDONED, FAILED -> CLOSED",
    ("EOF_SENT", "EOF_LEFT"): "SENT -> CLOSED",
    ("EOF_SENT", "EOF_LEFT_CLOSURE"): "timer CHECK -> WAITING",
    ("EOF_SENT", "FINISHED"): "SENT -> CLOSED",
    ("EOF_SENT", "CANCEL"): "owes eof -> CANCELLING",
    ("EOF_SENT", "ABANDON"): "ABANDONED, FAILED -> CLOSED",
    ("WAITING", "FINISHED"): "SENT -> CLOSED",
    ("WAITING", "CHECK_TIMER"): "timer CHECK",
    ("WAITING", "CANCEL"): "owes eof -> CANCELLING",
    ("WAITING", "ABANDON"): "ABANDONED, FAILED -> CLOSED",
    ("CANCELLING", "EOF_LEFT"): "FAILED -> CLOSED",
    ("CANCELLING", "EOF_LEFT_CLOSURE"): "FAILED -> CLOSED",
    ("CANCELLING", "ABANDON"): "ABANDONED, FAILED -> CLOSED",
    ("CANCELLING", "SPENT"): "ABANDONED, FAILED -> CLOSED",
    ("CANCELLED", "ABANDON"): "ABANDONED, FAILED -> CLOSED",
}
RECEIVER_2 = {
    ("RECEIVING", "METADATA"): "METADATA",
    ("RECEIVING", "EOF"): "EOF_RECEIVED, owes ack, timer NAK -> REPAIRING",
    ("RECEIVING", "EOF_CANCEL"): "FAILED, owes ack, owes finished -> FINISHING",
    ("RECEIVING", "PROMPT_NAK"): "owes nak",
    ("RECEIVING", "PROMPT_KEEP_ALIVE"): "owes keep alive",
    ("RECEIVING", "NAK_TIMER"): "owes nak",
    ("RECEIVING", "KEEP_ALIVE_TIMER"): "owes keep alive",
    ("RECEIVING", "INACTIVE"): "FAULT, timer INACTIVITY",
    ("RECEIVING", "CANCEL"): "FAILED, owes finished -> FINISHING",
    ("RECEIVING", "ABANDON"): "ABANDONED -> CLOSED",
    ("REPAIRING", "METADATA"): "METADATA",
    ("REPAIRING", "EOF"): "owes ack",
    ("REPAIRING", "EOF_CANCEL"): "FAILED, owes ack, owes finished -> FINISHING",
    ("REPAIRING", "PROMPT_NAK"): "owes nak",
    ("REPAIRING", "PROMPT_KEEP_ALIVE"): "owes keep alive",
    ("REPAIRING", "NAK_TIMER"): "owes nak",
    ("REPAIRING", "KEEP_ALIVE_TIMER"): "owes keep alive",
    ("REPAIRING", "INACTIVE"): "FAULT, timer INACTIVITY",
    ("REPAIRING", "WHOLE"): "-> VERIFYING",
    ("REPAIRING", "CANCEL"): "FAILED, owes finished -> FINISHING",
    ("REPAIRING", "ABANDON"): "ABANDONED -> CLOSED",
    ("VERIFYING", "EOF"): "owes ack",
    ("VERIFYING", "EOF_CANCEL"): "FAILED, owes ack, owes finished -> FINISHING",
    ("VERIFYING", "PROMPT_KEEP_ALIVE"): "owes keep alive",
    ("VERIFYING", "RIGHT"): "RECEIVED, owes finished -> FINISHING",
    ("VERIFYING", "WRONG"): "FAULT, timer NAK -> REPAIRING",
    ("VERIFYING", "CANCEL"): "FAILED, owes finished -> FINISHING",
    ("VERIFYING", "ABANDON"): "ABANDONED -> CLOSED",
    ("FINISHING", "EOF"): "owes ack",
    ("FINISHING", "EOF_CANCEL"): "owes ack",
    ("FINISHING", "FINISHED_ACKED"): "-> CLOSED",
    ("FINISHING", "ACK_TIMER"): "owes finished",
    ("FINISHING", "ABANDON"): "-> CLOSED",
    ("FINISHING", "SPENT"): "-> CLOSED",
    ("CLOSED", "EOF"): "owes ack",
    ("CLOSED", "EOF_CANCEL"): "owes ack",
}
RECEIVER_1 = {
    ("RECEIVING", "METADATA"): "METADATA",
    ("RECEIVING", "EOF"): "EOF_RECEIVED, timer CHECK -> REPAIRING",
    ("RECEIVING", "EOF_CANCEL"): "FAILED -> CLOSED",
    ("RECEIVING", "INACTIVE"): "FAULT, timer INACTIVITY",
    ("RECEIVING", "CANCEL"): "FAILED -> CLOSED",
    ("RECEIVING", "ABANDON"): "ABANDONED -> CLOSED",
    ("REPAIRING", "METADATA"): "METADATA",
    ("REPAIRING", "EOF_CANCEL"): "FAILED -> CLOSED",
    ("REPAIRING", "CHECK_TIMER"): "timer CHECK",
    ("REPAIRING", "INACTIVE"): "FAULT, timer INACTIVITY",
    ("REPAIRING", "WHOLE"): "-> VERIFYING",
    ("REPAIRING", "CANCEL"): "FAILED -> CLOSED",
    ("REPAIRING", "ABANDON"): "ABANDONED -> CLOSED",
    ("VERIFYING", "EOF_CANCEL"): "FAILED -> CLOSED",
    ("VERIFYING", "RIGHT"): "RECEIVED -> CLOSED",
    ("VERIFYING", "WRONG"): "FAULT, timer CHECK -> REPAIRING",
    ("VERIFYING", "CANCEL"): "FAILED -> CLOSED",
    ("VERIFYING", "ABANDON"): "ABANDONED -> CLOSED",
    ("FINISHING", "FINISHED_ACKED"): "-> CLOSED",
    ("FINISHING", "ABANDON"): "-> CLOSED",
    ("FINISHING", "SPENT"): "-> CLOSED",
}


class Counted(dict):
    """A table that notes which of its cells are asked."""

    def __init__(self, table: Any) -> None:
        super().__init__(table)
        self.asked: Counter[Any] = Counter()

    def __getitem__(self, cell: Any) -> Any:
        self.asked[cell] += 1
        return super().__getitem__(cell)


def sender_in(state: sender_table.State, alone: Alone, class_2: bool) -> Sender:
    alone.put(acknowledged=class_2)
    sender = alone.entity.senders[alone.header.transaction]
    alone.sent(4 * 1024)
    sender.state = state
    if state in {S.CANCELLING, S.CANCELLED}:
        sender.condition = CANCELLED
    sender.owes_eof = False
    sender.timers.clear()
    sender.finished = FINISHED
    sender._nak = Nak(0, 9, ((1, 5),))
    alone.entity.notices()
    return sender


def sender_cell(state: sender_table.State, event: sender_table.Event, table: Any, class_2: bool) -> str:
    alone = Alone(handlers=HANDLERS, keep_alive_limit_octets=1)
    sender = sender_in(state, alone, class_2)
    sender.table = table
    if event is sender_table.Event.CANCEL:
        sender.condition = CANCELLED
    sender._fire(event, alone.now)
    owed = {"owes eof": sender.owes_eof, "owes ack": sender._owes_ack, "repairs": bool(len(sender.repairs))}
    return described(alone, sender, owed, sender.state is not state)


def receiver_in(state: receiver_table.State, alone: Alone, class_2: bool) -> Receiver:
    alone.header = alone.header._replace(acknowledged=class_2)
    alone.take(alone.metadata())
    receiver = alone.entity.receivers[alone.header.transaction]
    for piece in alone.pieces()[:3]:
        alone.take(piece)
    if state is R.VERIFYING:
        receiver.eof = alone.eof()
        for piece in alone.pieces()[3:]:
            alone.take(piece)
    receiver.state = state
    if state in {R.REPAIRING, R.FINISHING, R.CLOSED}:
        receiver.eof = alone.eof()
    if state is R.FINISHING:
        receiver.finished = FINISHED
    receiver.timers.clear()
    alone.entity.notices()
    return receiver


def receiver_cell(state: receiver_table.State, event: receiver_table.Event, table: Any, class_2: bool) -> str:
    alone = Alone(handlers=HANDLERS)
    receiver = receiver_in(state, alone, class_2)
    receiver.table = table
    match event.name:
        case "EOF":
            receiver.eof = alone.eof()
        case "EOF_CANCEL":
            receiver.eof = alone.eof(condition=CANCELLED)
        case "CANCEL":
            receiver.condition = CANCELLED
        case "NAK_TIMER":
            receiver.asking.gap_seen(2000)
            receiver._fresh = True
    receiver._fire(event, alone.now)
    owed = {
        "owes ack": receiver._owes_eof_ack,
        "owes finished": receiver.owes_finished,
        "owes nak": receiver.asking.pending,
        "owes keep alive": receiver._owes_keep_alive,
    }
    return described(alone, receiver, owed, receiver.state is not state)


def described(alone: Alone, one: Sender | Receiver, owed: dict[str, bool], moved: bool) -> str:
    words = [notice.kind.name for notice in alone.entity.notices()]
    words += [word for word, there in owed.items() if there]
    words += [f"timer {timer.name}" for timer in one.timers._due]
    return " ".join([", ".join(words), *([f"-> {one.state.name}"] if moved else [])]).strip()


TABLES: dict[str, tuple[Any, dict[tuple[str, str], str], Callable[..., str], bool]] = {
    "sender, class 2": (sender_table.CLASS_2, SENDER_2, sender_cell, True),
    "sender, class 1": (sender_table.CLASS_1, SENDER_1, sender_cell, False),
    "receiver, class 2": (receiver_table.CLASS_2, RECEIVER_2, receiver_cell, True),
    "receiver, class 1": (receiver_table.CLASS_1, RECEIVER_1, receiver_cell, False),
}
CELLS = [(name, *cell) for name, (table, *_) in TABLES.items() for cell in table]


@pytest.mark.parametrize(("name", "state", "event"), CELLS, ids=lambda one: getattr(one, "name", one))
def test_a_cell(name, state, event):
    table, expected, run, class_2 = TABLES[name]
    assert run(state, event, table, class_2) == expected.get((state.name, event.name), "")


@pytest.mark.parametrize("name", TABLES)
def test_every_cell_is_exercised(name):
    table, _, run, class_2 = TABLES[name]
    counted = Counted(table)
    for state, event in table:
        run(state, event, counted, class_2)
    for cell in table:
        if not counted.asked[cell]:
            print("NOT EXERCISED", name, *cell)
    assert set(counted.asked) == set(table)


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_whole(name):
    table, expected, _, _ = TABLES[name]
    states = S if "sender" in name else R
    events = sender_table.Event if "sender" in name else receiver_table.Event
    assert set(table) == {(state, event) for state in states for event in events}
    assert set(expected) <= {(state.name, event.name) for state, event in table}


def test_what_comes_over_the_link_reaches_its_cell():
    """The events of the tables as PDUs and timers: a whole class 2 transaction at each end."""
    asked: list[str] = []

    class Asked(dict):
        def __getitem__(self, cell: Any) -> Any:
            asked.append(f"{cell[0].name} {cell[1].name}")
            return super().__getitem__(cell)

    alone = Alone()
    alone.put()
    alone.entity.senders[alone.header.transaction].table = Asked(sender_table.CLASS_2)
    alone.sent()
    alone.wait(10)
    alone.take(Ack(Directive.EOF, Condition.NO_ERROR, TransactionStatus.ACTIVE))
    alone.take(Nak(0, len(DATA), ((0, 0), (5, 9))))
    alone.take(FINISHED)
    assert asked == [
        "SENDING ALL_SENT",
        "EOF_SENT EOF_LEFT",
        "EOF_SENT ACK_TIMER",
        "EOF_SENT EOF_LEFT",
        "EOF_SENT EOF_ACKED",
        "WAITING NAK",
        "WAITING FINISHED",
    ]
    asked.clear()
    alone = Alone()
    alone.take(alone.metadata())
    alone.entity.receivers[alone.header.transaction].table = Asked(receiver_table.CLASS_2)
    alone.take(alone.eof())
    alone.wait(1)
    for piece in alone.pieces():
        alone.take(piece)
    alone.wait(10)
    alone.take(Ack(Directive.FINISHED, Condition.NO_ERROR, TransactionStatus.TERMINATED))
    assert asked == [
        "RECEIVING EOF",
        "REPAIRING NAK_TIMER",
        "REPAIRING WHOLE",
        "VERIFYING RIGHT",
        "FINISHING ACK_TIMER",
        "FINISHING FINISHED_ACKED",
    ]
