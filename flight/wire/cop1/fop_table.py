"""FOP-1 as data: what each event does in each state (CCSDS 232.1-B-2, table 5-1).

Events keep the standard's numbers, 101 to 104 included; "Rev. B" is not repeated in the names.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class FopState(Enum):
    """232.1-B-2, 5.1.2."""

    ACTIVE = "S1"
    RETRANSMIT_WITHOUT_WAIT = "S2"
    RETRANSMIT_WITH_WAIT = "S3"
    INITIALISING_WITHOUT_BC = "S4"
    INITIALISING_WITH_BC = "S5"
    INITIAL = "S6"


class FopEvent(Enum):
    """NR is N(R) of the CLCW, NN is NN(R), n the transmission count, L the limit, TT the timeout type."""

    # A valid CLCW, Lockout = 0, NR = V(S): all frames acknowledged.
    E1 = "Retransmit = 0, Wait = 0, NR = NN"
    E2 = "Retransmit = 0, Wait = 0, NR != NN"
    E3 = "all acknowledged, Retransmit = 0, Wait = 1"
    E4 = "all acknowledged, Retransmit = 1"
    # A valid CLCW, Lockout = 0, NN <= NR < V(S): some frames not yet acknowledged.
    E5 = "some open, Retransmit = 0, Wait = 0, NR = NN"
    E6 = "some open, Retransmit = 0, Wait = 0, NR != NN"
    E7 = "some open, Retransmit = 0, Wait = 1"
    E101 = "some open, Retransmit = 1, L = 1, NR != NN"
    E102 = "some open, Retransmit = 1, L = 1, NR = NN"
    E8 = "some open, Retransmit = 1, L > 1, NR != NN, Wait = 0"
    E9 = "some open, Retransmit = 1, L > 1, NR != NN, Wait = 1"
    E10 = "some open, Retransmit = 1, L > 1, NR = NN, n < L, Wait = 0"
    E11 = "some open, Retransmit = 1, L > 1, NR = NN, n < L, Wait = 1"
    E12 = "some open, Retransmit = 1, L > 1, NR = NN, n >= L, Wait = 0"
    E103 = "some open, Retransmit = 1, L > 1, NR = NN, n >= L, Wait = 1"
    E13 = "NR < NN or NR > V(S)"
    E14 = "Lockout = 1"
    E15 = "invalid CLCW"
    # T1 ran out.
    E16 = "T1, n < L, TT = 0"
    E104 = "T1, n < L, TT = 1"
    E17 = "T1, n >= L, TT = 0"
    E18 = "T1, n >= L, TT = 1"
    # The higher procedures ask for a transfer.
    E19 = "AD data, wait queue empty"
    E20 = "AD data, wait queue full"
    E21 = "BD data, BD_Out ready"
    E22 = "BD data, BD_Out not ready"
    # Directives.
    E23 = "initiate AD, no CLCW check"
    E24 = "initiate AD with CLCW check"
    E25 = "initiate AD with Unlock, BC_Out ready"
    E26 = "initiate AD with Unlock, BC_Out not ready"
    E27 = "initiate AD with Set V(R), BC_Out ready"
    E28 = "initiate AD with Set V(R), BC_Out not ready"
    E29 = "terminate AD"
    E30 = "resume AD, not suspended"
    E31 = "resume AD, suspended in S1"
    E32 = "resume AD, suspended in S2"
    E33 = "resume AD, suspended in S3"
    E34 = "resume AD, suspended in S4"
    E35 = "set V(S)"
    E36 = "set the sliding window K"
    E37 = "set T1"
    E38 = "set the transmission limit"
    E39 = "set the timeout type"
    E40 = "invalid directive"
    # The line answers for the frame it holds.
    E41 = "AD frame has left"
    E42 = "AD frame refused"
    E43 = "BC frame has left"
    E44 = "BC frame refused"
    E45 = "BD frame has left"
    E46 = "BD frame refused"


class FopAction(Enum):
    """232.1-B-2, 5.2; the assignments stand in the cells of table 5-1."""

    REMOVE_ACKNOWLEDGED = "5.2.8"
    CANCEL_TIMER = "cancel timer"
    START_TIMER = "start timer"
    LOOK_FOR_FDU = "5.2.10"
    LOOK_FOR_DIRECTIVE = "5.2.9"
    RETRANSMIT_AD = "5.2.7, AD"
    RETRANSMIT_BC = "5.2.7, BC"
    ADD_TO_WAIT_QUEUE = "add to Wait_Queue"
    TRANSMIT_BD = "5.2.6"
    TRANSMIT_UNLOCK = "5.2.5, Unlock"
    TRANSMIT_SET_V_R = "5.2.5, Set V(R)"
    RELEASE_BC = "release copy of BC frame"
    ACCEPT = "5.2.11"
    REJECT = "5.2.12"
    CONFIRM = "5.2.13"
    CONFIRM_INITIATE = "5.2.13, of the Initiate AD under way"
    INITIALISE = "5.2.14"
    SUSPEND_IN_S1 = "SS := 1, 5.2.16"
    SUSPEND_IN_S2 = "SS := 2, 5.2.16"
    SUSPEND_IN_S3 = "SS := 3, 5.2.16"
    SUSPEND_IN_S4 = "SS := 4, 5.2.16"
    RESUME = "5.2.17"
    SET_V_S = "V(S) := NN(R) := the directive's value"
    SET_WINDOW = "K := the directive's value"
    SET_T1 = "T1_Initial := the directive's value"
    SET_LIMIT = "Transmission_Limit := the directive's value"
    SET_TIMEOUT_TYPE = "TT := the directive's value"
    AD_READY = "AD_Out_Flag := Ready"
    BC_READY = "BC_Out_Flag := Ready"
    BD_READY = "BD_Out_Flag := Ready"
    ALERT_LIMIT = "5.2.15 [limit]"
    ALERT_T1 = "5.2.15 [T1]"
    ALERT_LOCKOUT = "5.2.15 [lockout]"
    ALERT_SYNCH = "5.2.15 [synch]"
    ALERT_NNR = "5.2.15 [NN(R)]"
    ALERT_CLCW = "5.2.15 [CLCW]"
    ALERT_LLIF = "5.2.15 [LLIF]"
    ALERT_TERM = "5.2.15 [term]"


class FopCell(NamedTuple):
    actions: tuple[FopAction, ...]
    state: FopState


A, E = FopAction, FopEvent
_STATES = dict(zip("123456", FopState, strict=True))
_ALL = "123456"


def _row(*cells: tuple[str, str, tuple[FopAction, ...]]) -> tuple[FopCell | None, ...]:
    """Cells as (states, next state or "=" for the same, actions); states not named are "not applicable"."""
    row: dict[str, FopCell] = {}
    for states, following, actions in cells:
        for state in states:
            assert state not in row, "a cell stands once"
            row[state] = FopCell(actions, _STATES[state if following == "=" else following])
    return tuple(row.get(state) for state in _ALL)


_IGNORE = ()
_REJECT = (A.REJECT,)
_ACKNOWLEDGED = (A.REMOVE_ACKNOWLEDGED, A.CANCEL_TIMER, A.LOOK_FOR_FDU)
_SOME_ACKNOWLEDGED = (A.REMOVE_ACKNOWLEDGED, A.LOOK_FOR_FDU)
_RETRANSMIT = (A.RETRANSMIT_AD, A.LOOK_FOR_FDU)
_REPEAT_BC = (A.RETRANSMIT_BC, A.LOOK_FOR_DIRECTIVE)
_INITIATE = (A.ACCEPT, A.INITIALISE)
_RESUME = (A.ACCEPT, A.RESUME, A.CONFIRM)

_ROWS: dict[FopEvent, tuple[FopCell | None, ...]] = {
    E.E1: _row(
        ("1", "=", _IGNORE),
        ("23", "6", (A.ALERT_SYNCH,)),
        ("4", "1", (A.CONFIRM_INITIATE, A.CANCEL_TIMER)),
        ("5", "1", (A.CONFIRM_INITIATE, A.RELEASE_BC, A.CANCEL_TIMER)),
        ("6", "=", _IGNORE),
    ),
    E.E2: _row(("123", "1", _ACKNOWLEDGED), ("6", "=", _IGNORE)),
    E.E3: _row(("12345", "6", (A.ALERT_CLCW,)), ("6", "=", _IGNORE)),
    E.E4: _row(("1234", "6", (A.ALERT_SYNCH,)), ("56", "=", _IGNORE)),
    E.E5: _row(("1", "=", _IGNORE), ("23", "6", (A.ALERT_SYNCH,)), ("6", "=", _IGNORE)),
    E.E6: _row(("123", "1", _SOME_ACKNOWLEDGED), ("6", "=", _IGNORE)),
    E.E7: _row(("123", "6", (A.ALERT_CLCW,)), ("6", "=", _IGNORE)),
    E.E101: _row(("123", "6", (A.REMOVE_ACKNOWLEDGED, A.ALERT_LIMIT)), ("6", "=", _IGNORE)),
    E.E102: _row(("123", "6", (A.ALERT_LIMIT,)), ("6", "=", _IGNORE)),
    E.E8: _row(("123", "2", (A.REMOVE_ACKNOWLEDGED, *_RETRANSMIT)), ("6", "=", _IGNORE)),
    E.E9: _row(("123", "3", (A.REMOVE_ACKNOWLEDGED,)), ("6", "=", _IGNORE)),
    E.E10: _row(("13", "2", _RETRANSMIT), ("2", "=", _IGNORE), ("6", "=", _IGNORE)),
    E.E11: _row(("123", "3", _IGNORE), ("6", "=", _IGNORE)),
    E.E12: _row(("123", "2", _IGNORE), ("6", "=", _IGNORE)),
    E.E103: _row(("123", "3", _IGNORE), ("6", "=", _IGNORE)),
    E.E13: _row(("1234", "6", (A.ALERT_NNR,)), ("56", "=", _IGNORE)),
    E.E14: _row(("1234", "6", (A.ALERT_LOCKOUT,)), ("56", "=", _IGNORE)),
    E.E15: _row(("12345", "6", (A.ALERT_CLCW,)), ("6", "=", _IGNORE)),
    E.E16: _row(
        ("12", "=", _RETRANSMIT), ("3", "=", _IGNORE), ("4", "6", (A.ALERT_T1,)), ("5", "=", _REPEAT_BC)
    ),
    E.E104: _row(
        ("12", "=", _RETRANSMIT), ("3", "=", _IGNORE), ("4", "6", (A.SUSPEND_IN_S4,)), ("5", "=", _REPEAT_BC)
    ),
    E.E17: _row(("12345", "6", (A.ALERT_T1,))),
    E.E18: _row(
        ("1", "6", (A.SUSPEND_IN_S1,)),
        ("2", "6", (A.SUSPEND_IN_S2,)),
        ("3", "6", (A.SUSPEND_IN_S3,)),
        ("4", "6", (A.SUSPEND_IN_S4,)),
        ("5", "6", (A.ALERT_T1,)),  # a BC frame is not worth a suspension
    ),
    E.E19: _row(
        ("12", "=", (A.ADD_TO_WAIT_QUEUE, A.LOOK_FOR_FDU)),
        ("3", "=", (A.ADD_TO_WAIT_QUEUE,)),
        ("456", "=", _REJECT),
    ),
    E.E20: _row((_ALL, "=", _REJECT)),
    E.E21: _row((_ALL, "=", (A.ACCEPT, A.TRANSMIT_BD))),
    E.E22: _row((_ALL, "=", _REJECT)),
    E.E23: _row(("12345", "=", _REJECT), ("6", "1", (*_INITIATE, A.CONFIRM))),
    E.E24: _row(("12345", "=", _REJECT), ("6", "4", (*_INITIATE, A.START_TIMER))),
    E.E25: _row(("12345", "=", _REJECT), ("6", "5", (*_INITIATE, A.TRANSMIT_UNLOCK))),
    E.E26: _row((_ALL, "=", _REJECT)),
    E.E27: _row(("12345", "=", _REJECT), ("6", "5", (*_INITIATE, A.SET_V_S, A.TRANSMIT_SET_V_R))),
    E.E28: _row((_ALL, "=", _REJECT)),
    E.E29: _row(("12345", "6", (A.ACCEPT, A.ALERT_TERM, A.CONFIRM)), ("6", "=", (A.ACCEPT, A.CONFIRM))),
    E.E30: _row((_ALL, "=", _REJECT)),
    E.E31: _row(("6", "1", _RESUME)),
    E.E32: _row(("6", "2", _RESUME)),
    E.E33: _row(("6", "3", _RESUME)),
    E.E34: _row(("6", "4", _RESUME)),
    E.E35: _row(("12345", "=", _REJECT), ("6", "=", (A.ACCEPT, A.SET_V_S, A.CONFIRM))),  # S6: if SS = 0
    E.E36: _row((_ALL, "=", (A.ACCEPT, A.SET_WINDOW, A.CONFIRM))),
    E.E37: _row((_ALL, "=", (A.ACCEPT, A.SET_T1, A.CONFIRM))),
    E.E38: _row((_ALL, "=", (A.ACCEPT, A.SET_LIMIT, A.CONFIRM))),
    E.E39: _row((_ALL, "=", (A.ACCEPT, A.SET_TIMEOUT_TYPE, A.CONFIRM))),
    E.E40: _row((_ALL, "=", _REJECT)),
    E.E41: _row(("12", "=", (A.AD_READY, A.LOOK_FOR_FDU)), ("3456", "=", (A.AD_READY,))),
    E.E42: _row((_ALL, "6", (A.ALERT_LLIF,))),
    E.E43: _row(
        ("1234", "=", (A.BC_READY,)),
        ("5", "=", (A.BC_READY, A.LOOK_FOR_DIRECTIVE)),
        ("6", "=", (A.BC_READY,)),
    ),
    E.E44: _row((_ALL, "6", (A.ALERT_LLIF,))),
    E.E45: _row((_ALL, "=", (A.BD_READY, A.ACCEPT))),
    E.E46: _row((_ALL, "6", (A.ALERT_LLIF,))),
}

FOP_TABLE: dict[tuple[FopEvent, FopState], FopCell | None] = {
    (event, state): cell
    for event, cells in _ROWS.items()
    for state, cell in zip(FopState, cells, strict=True)
}
