"""What a sending transaction does: state and event give an action and the next state, nothing else does.

After the sender tables of CCSDS 720.2-G-3 (5-1 and 5-3) with the changes of 727.0-B-5: closure requested, and a
cancelled transaction that waits for its Finished PDU.  Suspension, frozen timers and reports are not states;
`Transaction` handles them for both ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class State(Enum):
    SENDING = 1  # metadata, then the file once from its beginning; repairs in between
    EOF_SENT = 2  # waiting for its acknowledgement
    WAITING = 3  # for the Finished PDU, repairing what is asked for
    CANCELLING = 4  # EOF(cancel) sent
    CANCELLED = 5  # EOF(cancel) acknowledged; a Finished PDU may come
    CLOSED = 6


class Event(Enum):
    ALL_SENT = 1  # no octet of the file is left
    EOF_LEFT = 2  # the EOF PDU was handed to the layer below
    EOF_LEFT_CLOSURE = 3  # the same in class 1 with closure requested
    EOF_ACKED = 4
    NAK = 5
    FINISHED = 6
    KEEP_ALIVE = 7
    ACK_TIMER = 8
    CHECK_TIMER = 9
    INACTIVE = 10
    CANCEL = 11  # by the user or a fault's handler
    ABANDON = 12
    SPENT = 13  # a limit was reached while ending
    EOF_ACKED_UNKNOWN = 14  # the same as EOF_ACKED by a receiver that has no such transaction


class Action(Enum):
    IGNORE = 0
    OWE_EOF = 1
    START_ACK_TIMER = 2
    START_CHECK_TIMER = 3
    AWAIT_FINISHED = 4
    REPAIR = 5
    TAKE_FINISHED = 6
    ACK_FINISHED = 7
    COMPARE_PROGRESS = 8
    EOF_AGAIN = 9
    CHECK_AGAIN = 10
    FAULT_INACTIVITY = 11
    OWE_CANCEL = 12
    END = 13
    GIVE_UP = 14


Table = Mapping[tuple[State, Event], tuple[Action, State]]

_S, _E, _W, _C, _D, _X = State
_I = Action.IGNORE


def _rows(rows: Mapping[State, Mapping[Event, tuple[Action, State]]]) -> Table:
    """Every cell: what a row does not name is ignored."""
    return {(state, event): rows[state].get(event, (_I, state)) for state in State for event in Event}


CLASS_2 = _rows(
    {
        State.SENDING: {
            Event.ALL_SENT: (Action.OWE_EOF, _E),
            Event.NAK: (Action.REPAIR, _S),
            Event.FINISHED: (Action.TAKE_FINISHED, _X),
            Event.KEEP_ALIVE: (Action.COMPARE_PROGRESS, _S),
            Event.CANCEL: (Action.OWE_CANCEL, _C),
            Event.ABANDON: (Action.GIVE_UP, _X),
        },
        State.EOF_SENT: {
            Event.EOF_LEFT: (Action.START_ACK_TIMER, _E),
            Event.EOF_ACKED: (Action.AWAIT_FINISHED, _W),
            Event.EOF_ACKED_UNKNOWN: (Action.AWAIT_FINISHED, _W),
            Event.NAK: (Action.REPAIR, _E),
            Event.FINISHED: (Action.TAKE_FINISHED, _X),
            Event.KEEP_ALIVE: (Action.COMPARE_PROGRESS, _E),
            Event.ACK_TIMER: (Action.EOF_AGAIN, _E),
            Event.CANCEL: (Action.OWE_CANCEL, _C),
            Event.ABANDON: (Action.GIVE_UP, _X),
        },
        State.WAITING: {
            Event.NAK: (Action.REPAIR, _W),
            Event.FINISHED: (Action.TAKE_FINISHED, _X),
            Event.INACTIVE: (Action.FAULT_INACTIVITY, _W),
            Event.CANCEL: (Action.OWE_CANCEL, _C),
            Event.ABANDON: (Action.GIVE_UP, _X),
        },
        State.CANCELLING: {
            Event.EOF_LEFT: (Action.START_ACK_TIMER, _C),
            Event.EOF_ACKED: (Action.AWAIT_FINISHED, _D),
            Event.EOF_ACKED_UNKNOWN: (Action.END, _X),  # it has nothing to finish
            Event.FINISHED: (Action.TAKE_FINISHED, _X),
            Event.ACK_TIMER: (Action.EOF_AGAIN, _C),
            Event.ABANDON: (Action.GIVE_UP, _X),
            Event.SPENT: (Action.GIVE_UP, _X),
        },
        State.CANCELLED: {
            Event.FINISHED: (Action.TAKE_FINISHED, _X),
            Event.INACTIVE: (Action.END, _X),
            Event.ABANDON: (Action.GIVE_UP, _X),
        },
        State.CLOSED: {
            Event.FINISHED: (Action.ACK_FINISHED, _X),
        },
    }
)

CLASS_1 = _rows(
    {
        State.SENDING: {
            Event.ALL_SENT: (Action.OWE_EOF, _E),
            Event.FINISHED: (Action.TAKE_FINISHED, _X),
            Event.CANCEL: (Action.OWE_CANCEL, _C),
            Event.ABANDON: (Action.GIVE_UP, _X),
        },
        State.EOF_SENT: {
            Event.EOF_LEFT: (Action.END, _X),
            Event.EOF_LEFT_CLOSURE: (Action.START_CHECK_TIMER, _W),
            Event.FINISHED: (Action.TAKE_FINISHED, _X),
            Event.CANCEL: (Action.OWE_CANCEL, _C),
            Event.ABANDON: (Action.GIVE_UP, _X),
        },
        State.WAITING: {
            Event.FINISHED: (Action.TAKE_FINISHED, _X),
            Event.CHECK_TIMER: (Action.CHECK_AGAIN, _W),
            Event.CANCEL: (Action.OWE_CANCEL, _C),
            Event.ABANDON: (Action.GIVE_UP, _X),
        },
        State.CANCELLING: {
            Event.EOF_LEFT: (Action.END, _X),
            Event.EOF_LEFT_CLOSURE: (Action.END, _X),
            Event.ABANDON: (Action.GIVE_UP, _X),
            Event.SPENT: (Action.GIVE_UP, _X),
        },
        State.CANCELLED: {
            Event.ABANDON: (Action.GIVE_UP, _X),
        },
        State.CLOSED: {},
    }
)
