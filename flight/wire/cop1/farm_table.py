"""FARM-1 as data: what each event does in each state (CCSDS 232.1-B-2, table 6-1)."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class FarmState(Enum):
    """232.1-B-2, 6.1.2.  Flags of the CLCW follow: Wait in S2, Lockout in S3 (Wait may stay set below it)."""

    OPEN = "S1"
    WAIT = "S2"
    LOCKOUT = "S3"


class FarmEvent(Enum):
    """What arrives.  E1 to E5 are AD frames, by N(S) against V(R) and the window."""

    E1 = "N(S) = V(R), room for its data"
    E2 = "N(S) = V(R), no room"
    E3 = "N(S) in the positive window, ahead of V(R)"
    E4 = "N(S) in the negative window, behind V(R)"
    E5 = "N(S) outside the window"
    E6 = "BD frame"
    E7 = "BC frame, Unlock"
    E8 = "BC frame, Set V(R)"
    E9 = "frame of no legal type, or BC frame with no legal command"
    E10 = "buffer release: there is room again"
    E11 = "time to report a CLCW"


class FarmAction(Enum):
    """232.1-B-2, 6.2, and the variables of 6.1."""

    ACCEPT = "hand the data on"
    DISCARD = "drop the frame"
    REPORT = "make a CLCW"
    NEXT_V_R = "V(R) := V(R) + 1"
    SET_V_R = "V(R) := V*(R)"
    COUNT_B = "FARM-B_Counter + 1"
    SET_RETRANSMIT = "Retransmit_Flag := 1"
    CLEAR_RETRANSMIT = "Retransmit_Flag := 0"
    SET_WAIT = "Wait_Flag := 1"
    CLEAR_WAIT = "Wait_Flag := 0"
    SET_LOCKOUT = "Lockout_Flag := 1"
    CLEAR_LOCKOUT = "Lockout_Flag := 0"


class FarmCell(NamedTuple):
    actions: tuple[FarmAction, ...]
    state: FarmState


A = FarmAction
_S1, _S2, _S3 = FarmState.OPEN, FarmState.WAIT, FarmState.LOCKOUT
_DISCARD = (A.DISCARD,)
_LOCK = FarmCell((A.DISCARD, A.SET_LOCKOUT), _S3)
_UNLOCK = (A.COUNT_B, A.CLEAR_RETRANSMIT)

# One row for each event, one cell for each of S1, S2, S3.  None: the table says "not applicable".
_ROWS: dict[FarmEvent, tuple[FarmCell, FarmCell | None, FarmCell]] = {
    FarmEvent.E1: (
        FarmCell((A.ACCEPT, A.NEXT_V_R, A.CLEAR_RETRANSMIT), _S1),
        None,  # in S2 there is no room: E10 comes first
        FarmCell(_DISCARD, _S3),
    ),
    FarmEvent.E2: (
        FarmCell((A.DISCARD, A.SET_RETRANSMIT, A.SET_WAIT), _S2),
        FarmCell(_DISCARD, _S2),
        FarmCell(_DISCARD, _S3),
    ),
    FarmEvent.E3: (
        FarmCell((A.DISCARD, A.SET_RETRANSMIT), _S1),
        FarmCell(_DISCARD, _S2),
        FarmCell(_DISCARD, _S3),
    ),
    FarmEvent.E4: (FarmCell(_DISCARD, _S1), FarmCell(_DISCARD, _S2), FarmCell(_DISCARD, _S3)),
    FarmEvent.E5: (_LOCK, _LOCK, FarmCell(_DISCARD, _S3)),
    FarmEvent.E6: (
        FarmCell((A.ACCEPT, A.COUNT_B), _S1),
        FarmCell((A.ACCEPT, A.COUNT_B), _S2),
        FarmCell((A.ACCEPT, A.COUNT_B), _S3),
    ),
    FarmEvent.E7: (
        FarmCell(_UNLOCK, _S1),
        FarmCell((*_UNLOCK, A.CLEAR_WAIT), _S1),
        FarmCell((*_UNLOCK, A.CLEAR_WAIT, A.CLEAR_LOCKOUT), _S1),
    ),
    FarmEvent.E8: (
        FarmCell((*_UNLOCK, A.SET_V_R), _S1),
        FarmCell((*_UNLOCK, A.CLEAR_WAIT, A.SET_V_R), _S1),
        FarmCell((A.COUNT_B,), _S3),  # counted, not executed: Unlock comes first (6.3.2)
    ),
    FarmEvent.E9: (FarmCell(_DISCARD, _S1), FarmCell(_DISCARD, _S2), FarmCell(_DISCARD, _S3)),
    FarmEvent.E10: (FarmCell((), _S1), FarmCell((A.CLEAR_WAIT,), _S1), FarmCell((A.CLEAR_WAIT,), _S3)),
    FarmEvent.E11: (FarmCell((A.REPORT,), _S1), FarmCell((A.REPORT,), _S2), FarmCell((A.REPORT,), _S3)),
}

FARM_TABLE: dict[tuple[FarmEvent, FarmState], FarmCell | None] = {
    (event, state): cell
    for event, cells in _ROWS.items()
    for state, cell in zip(FarmState, cells, strict=True)
}
