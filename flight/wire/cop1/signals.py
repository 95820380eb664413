"""What FOP-1 exchanges with its user and with the line (CCSDS 232.1-B-2, sections 3 and 4)."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from flight.wire.cop1.fop_table import FopEvent, FopState
from flight.wire.tc_frame import TcFrameType


class DirectiveKind(Enum):
    """Table 4-1.  What `Directive.value` means is in brackets."""

    INITIATE_AD = "initiate AD without CLCW check"
    INITIATE_AD_WITH_CLCW_CHECK = "initiate AD with CLCW check"
    INITIATE_AD_WITH_UNLOCK = "initiate AD with Unlock"
    INITIATE_AD_WITH_SET_V_R = "initiate AD with Set V(R) [V*(R), 0 to 255]"
    TERMINATE_AD = "terminate AD"
    RESUME_AD = "resume AD"
    SET_V_S = "set V(S) [0 to 255]"
    SET_WINDOW = "set the sliding window [K, 1 to PW of the receiver]"
    SET_T1 = "set T1 [nanoseconds]"
    SET_LIMIT = "set the transmission limit [1 to 255]"
    SET_TIMEOUT_TYPE = "set the timeout type [0 alert, 1 suspend]"


class Directive(NamedTuple):
    kind: DirectiveKind
    value: int = 0


class Transfer(NamedTuple):
    """Data for one frame: AD with delivery confirmed, or BD without.  `request` is the user's own number."""

    request: int
    kind: TcFrameType
    data: bytes


class Outgoing(NamedTuple):
    """A frame for the line; `encode_tc_frame` takes these three."""

    kind: TcFrameType
    sequence: int
    data: bytes


class Alert(Enum):
    """Table 4-4."""

    LIMIT = "a frame was refused and may be sent but once"
    T1 = "no acknowledgement after the last allowed transmission"
    LOCKOUT = "the receiver is locked"
    SYNCH = "the receiver's report does not fit what was sent"
    NNR = "the receiver reports a number outside what was sent"
    CLCW = "a CLCW that contradicts itself or COP-1"
    LLIF = "the line refused a frame"
    TERM = "terminated by directive"


class Response(Enum):
    """To a transfer or a directive.  A BD transfer is accepted twice: when taken (E21), when gone (E45)."""

    ACCEPT = "accepted"
    REJECT = "rejected"
    POSITIVE_CONFIRM = "done"
    NEGATIVE_CONFIRM = "failed, or not known to be done"


class TransferNotice(NamedTuple):
    request: int
    response: Response


class DirectiveNotice(NamedTuple):
    directive: Directive
    response: Response


class AlertNotice(NamedTuple):
    """The AD service has ended.  The event and the state it met come along, as the note to 4.3.2 proposes."""

    alert: Alert
    event: FopEvent
    state: FopState


class SuspendNotice(NamedTuple):
    """The AD service rests; RESUME_AD goes on in `state`."""

    state: FopState


Notice = TransferNotice | DirectiveNotice | AlertNotice | SuspendNotice
