"""What a receiving transaction does: state and event give an action and the next state, nothing else does.

After the receiver tables of CCSDS 720.2-G-3 (5-2 and 5-4) with the changes of 727.0-B-5: after EOF(cancel) the
acknowledgement and a Finished PDU both follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class State(Enum):
    RECEIVING = 1  # no EOF yet
    REPAIRING = 2  # EOF there, something missing
    VERIFYING = 3  # everything there
    FINISHING = 4  # Finished sent, waiting for its acknowledgement
    CLOSED = 5


class Event(Enum):
    METADATA = 1
    EOF = 2
    EOF_CANCEL = 3
    FINISHED_ACKED = 4
    PROMPT_NAK = 5
    PROMPT_KEEP_ALIVE = 6
    NAK_TIMER = 7
    ACK_TIMER = 8
    CHECK_TIMER = 9
    KEEP_ALIVE_TIMER = 10
    INACTIVE = 11
    WHOLE = 12  # metadata, EOF and every octet
    RIGHT = 13  # the checksum holds
    WRONG = 14
    CANCEL = 15
    ABANDON = 16
    SPENT = 17  # a limit was reached while ending


class Action(Enum):
    IGNORE = 0
    TAKE_METADATA = 1
    TAKE_EOF = 2
    ACK_EOF = 3
    CANCELLED_BY_SENDER = 4
    END = 5
    ASK = 6
    ASK_AGAIN = 7
    OWE_NAK = 8
    OWE_KEEP_ALIVE = 9
    FINISHED_AGAIN = 10
    CHECK_AGAIN = 11
    FAULT_INACTIVITY = 12
    VERIFY = 13
    DELIVER = 14
    FAULT_CHECKSUM = 15
    FINISH_CANCELLED = 16
    DISCARD = 17


Table = Mapping[tuple[State, Event], tuple[Action, State]]

_R, _P, _V, _F, _X = State
_I = Action.IGNORE


def _rows(rows: Mapping[State, Mapping[Event, tuple[Action, State]]]) -> Table:
    """Every cell: what a row does not name is ignored."""
    return {(state, event): rows[state].get(event, (_I, state)) for state in State for event in Event}


CLASS_2 = _rows(
    {
        State.RECEIVING: {
            Event.METADATA: (Action.TAKE_METADATA, _R),
            Event.EOF: (Action.TAKE_EOF, _P),
            Event.EOF_CANCEL: (Action.CANCELLED_BY_SENDER, _F),
            Event.PROMPT_NAK: (Action.OWE_NAK, _R),
            Event.PROMPT_KEEP_ALIVE: (Action.OWE_KEEP_ALIVE, _R),
            Event.NAK_TIMER: (Action.ASK, _R),
            Event.KEEP_ALIVE_TIMER: (Action.OWE_KEEP_ALIVE, _R),
            Event.INACTIVE: (Action.FAULT_INACTIVITY, _R),
            Event.CANCEL: (Action.FINISH_CANCELLED, _F),
            Event.ABANDON: (Action.DISCARD, _X),
        },
        State.REPAIRING: {
            Event.METADATA: (Action.TAKE_METADATA, _P),
            Event.EOF: (Action.ACK_EOF, _P),
            Event.EOF_CANCEL: (Action.CANCELLED_BY_SENDER, _F),
            Event.PROMPT_NAK: (Action.OWE_NAK, _P),
            Event.PROMPT_KEEP_ALIVE: (Action.OWE_KEEP_ALIVE, _P),
            Event.NAK_TIMER: (Action.ASK_AGAIN, _P),
            Event.KEEP_ALIVE_TIMER: (Action.OWE_KEEP_ALIVE, _P),
            Event.INACTIVE: (Action.FAULT_INACTIVITY, _P),
            Event.WHOLE: (Action.VERIFY, _V),
            Event.CANCEL: (Action.FINISH_CANCELLED, _F),
            Event.ABANDON: (Action.DISCARD, _X),
        },
        State.VERIFYING: {
            Event.EOF: (Action.ACK_EOF, _V),
            Event.EOF_CANCEL: (Action.CANCELLED_BY_SENDER, _F),
            Event.PROMPT_KEEP_ALIVE: (Action.OWE_KEEP_ALIVE, _V),
            Event.RIGHT: (Action.DELIVER, _F),
            Event.WRONG: (Action.FAULT_CHECKSUM, _V),
            Event.CANCEL: (Action.FINISH_CANCELLED, _F),
            Event.ABANDON: (Action.DISCARD, _X),
        },
        State.FINISHING: {
            Event.EOF: (Action.ACK_EOF, _F),
            Event.EOF_CANCEL: (Action.ACK_EOF, _F),
            Event.FINISHED_ACKED: (Action.END, _X),
            Event.ACK_TIMER: (Action.FINISHED_AGAIN, _F),
            Event.ABANDON: (Action.END, _X),
            Event.SPENT: (Action.END, _X),
        },
        State.CLOSED: {
            Event.EOF: (Action.ACK_EOF, _X),
            Event.EOF_CANCEL: (Action.ACK_EOF, _X),
        },
    }
)

CLASS_1 = _rows(
    {
        State.RECEIVING: {
            Event.METADATA: (Action.TAKE_METADATA, _R),
            Event.EOF: (Action.TAKE_EOF, _P),
            Event.EOF_CANCEL: (Action.CANCELLED_BY_SENDER, _F),
            Event.INACTIVE: (Action.FAULT_INACTIVITY, _R),
            Event.CANCEL: (Action.FINISH_CANCELLED, _F),
            Event.ABANDON: (Action.DISCARD, _X),
        },
        State.REPAIRING: {
            Event.METADATA: (Action.TAKE_METADATA, _P),
            Event.EOF_CANCEL: (Action.CANCELLED_BY_SENDER, _F),
            Event.CHECK_TIMER: (Action.CHECK_AGAIN, _P),
            Event.INACTIVE: (Action.FAULT_INACTIVITY, _P),
            Event.WHOLE: (Action.VERIFY, _V),
            Event.CANCEL: (Action.FINISH_CANCELLED, _F),
            Event.ABANDON: (Action.DISCARD, _X),
        },
        State.VERIFYING: {
            Event.EOF_CANCEL: (Action.CANCELLED_BY_SENDER, _F),
            Event.RIGHT: (Action.DELIVER, _F),
            Event.WRONG: (Action.FAULT_CHECKSUM, _V),
            Event.CANCEL: (Action.FINISH_CANCELLED, _F),
            Event.ABANDON: (Action.DISCARD, _X),
        },
        State.FINISHING: {
            Event.FINISHED_ACKED: (Action.END, _X),
            Event.ABANDON: (Action.END, _X),
            Event.SPENT: (Action.END, _X),
        },
        State.CLOSED: {},
    }
)
