"""Which event of table 5-1 it is: the conditions in the table's left columns (CCSDS 232.1-B-2, 5.3)."""

from __future__ import annotations

from flight.wire.clcw import Clcw
from flight.wire.cop1.fop_table import FopEvent, FopState
from flight.wire.cop1.signals import Directive, DirectiveKind
from flight.wire.tc_frame import TcFrameType

MODULO = 256  # N(S), V(S), NN(R), N(R) are octets; every comparison is modulo 256 (5.2.1)
LARGEST_LIMIT = 255  # 4.3.1.3.1 asks for no bound; an octet is what other stations take
LONGEST_T1_NS = (
    3600 * 1_000_000_000
)  # light time to beyond Jupiter and back; also what keeps a mistyped unit out

# Limit reached?, timeout type -> event.
_TIMER = {
    (False, 0): FopEvent.E16,
    (False, 1): FopEvent.E104,
    (True, 0): FopEvent.E17,
    (True, 1): FopEvent.E18,
}

# Limit reached?, Wait -> event, for a report that refuses the oldest open frame.
_REFUSED = {
    (False, False): FopEvent.E10,
    (False, True): FopEvent.E11,
    (True, False): FopEvent.E12,
    (True, True): FopEvent.E103,
}

# Frame type, left? -> event.
LINE_EVENTS = {
    (TcFrameType.AD, True): FopEvent.E41,
    (TcFrameType.AD, False): FopEvent.E42,
    (TcFrameType.BC, True): FopEvent.E43,
    (TcFrameType.BC, False): FopEvent.E44,
    (TcFrameType.BD, True): FopEvent.E45,
    (TcFrameType.BD, False): FopEvent.E46,
}

_RESUME = {
    None: FopEvent.E30,
    FopState.ACTIVE: FopEvent.E31,
    FopState.RETRANSMIT_WITHOUT_WAIT: FopEvent.E32,
    FopState.RETRANSMIT_WITH_WAIT: FopEvent.E33,
    FopState.INITIALISING_WITHOUT_BC: FopEvent.E34,
}

# Directive -> event when BC_Out is ready, event when it is not.
_DIRECTIVES = {
    DirectiveKind.INITIATE_AD: (FopEvent.E23, FopEvent.E23),
    DirectiveKind.INITIATE_AD_WITH_CLCW_CHECK: (FopEvent.E24, FopEvent.E24),
    DirectiveKind.INITIATE_AD_WITH_UNLOCK: (FopEvent.E25, FopEvent.E26),
    DirectiveKind.INITIATE_AD_WITH_SET_V_R: (FopEvent.E27, FopEvent.E28),
    DirectiveKind.TERMINATE_AD: (FopEvent.E29, FopEvent.E29),
    DirectiveKind.SET_V_S: (FopEvent.E35, FopEvent.E35),
    DirectiveKind.SET_WINDOW: (FopEvent.E36, FopEvent.E36),
    DirectiveKind.SET_T1: (FopEvent.E37, FopEvent.E37),
    DirectiveKind.SET_LIMIT: (FopEvent.E38, FopEvent.E38),
    DirectiveKind.SET_TIMEOUT_TYPE: (FopEvent.E39, FopEvent.E39),
}


def classify_clcw(clcw: Clcw, v_s: int, nn_r: int, count: int, limit: int) -> FopEvent:
    """A valid CLCW of our channel.  `count` and `limit`: transmissions of the oldest open frame."""
    if clcw.lockout:
        return FopEvent.E14
    acknowledged = (clcw.report_value - nn_r) % MODULO
    open_frames = (v_s - nn_r) % MODULO
    if acknowledged > open_frames:
        return FopEvent.E13
    if acknowledged == open_frames:
        return _classify_all_acknowledged(clcw, news=acknowledged > 0)
    if not clcw.retransmit:
        if clcw.wait:
            return FopEvent.E7
        return FopEvent.E6 if acknowledged else FopEvent.E5
    if limit == 1:
        return FopEvent.E101 if acknowledged else FopEvent.E102
    if acknowledged:
        return FopEvent.E9 if clcw.wait else FopEvent.E8
    return _REFUSED[count >= limit, clcw.wait]


def _classify_all_acknowledged(clcw: Clcw, *, news: bool) -> FopEvent:
    if clcw.retransmit:
        return FopEvent.E4
    if clcw.wait:
        return FopEvent.E3
    return FopEvent.E2 if news else FopEvent.E1


def classify_timer(count: int, limit: int, timeout_type: int) -> FopEvent:
    return _TIMER[count >= limit, timeout_type]


def classify_directive(
    directive: Directive, suspended: FopState | None, widest_window: int, *, bc_ready: bool
) -> FopEvent:
    """A value outside its range makes it an invalid directive; so does Set V(S) while suspended (E35, S6)."""
    kind = directive.kind
    if kind is DirectiveKind.RESUME_AD:
        return _RESUME[suspended]
    if kind is DirectiveKind.SET_V_S and suspended is not None:
        return FopEvent.E40
    low, high = _RANGES.get(kind, (directive.value, directive.value))
    if kind is DirectiveKind.SET_WINDOW:
        high = widest_window
    if not low <= directive.value <= high:
        return FopEvent.E40
    return _DIRECTIVES[kind][not bc_ready]


_RANGES = {
    DirectiveKind.INITIATE_AD_WITH_SET_V_R: (0, MODULO - 1),
    DirectiveKind.SET_V_S: (0, MODULO - 1),
    DirectiveKind.SET_WINDOW: (1, MODULO - 1),  # and at most the receiver's PW
    DirectiveKind.SET_T1: (1, LONGEST_T1_NS),
    DirectiveKind.SET_LIMIT: (1, LARGEST_LIMIT),
    DirectiveKind.SET_TIMEOUT_TYPE: (0, 1),
}
