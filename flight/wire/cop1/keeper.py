"""Bring the AD service up, and up again after an alert: the directives that an operator would give.

COP-1 leaves this to the higher procedures.  The rule: first nothing is sent for `settle_ns`, so that every old frame
has arrived or is lost and every old CLCW has been heard; then the next CLCW is the truth, V(S) becomes its N(R), and
the service is initiated with a CLCW check, or with Unlock if any flag is up.  Without the pause an old frame that
is still under way can take the number of a new one, and the new one is confirmed though it was never delivered.
"""

from __future__ import annotations

from flight.wire.clcw import Clcw, decode_clcw
from flight.wire.cop1.fop import Fop
from flight.wire.cop1.fop_table import FopState
from flight.wire.cop1.signals import Directive, DirectiveKind, Notice
from flight.wire.rejection import Rejection
from flight.wire.tc_frame import TcFrameType


class ServiceKeeper:
    """One for each `Fop`.  All control words go through `receive_word` here.

    `settle_ns`: the longest time that a frame and then the CLCW that reports it can be under way.  A suspended service
    (timeout type 1) is left alone: whoever chose suspension resumes.
    """

    def __init__(self, fop: Fop, settle_ns: int) -> None:
        assert settle_ns > 0
        self.fop = fop
        self.settle_ns = settle_ns
        self.starts = 0  # how often the service was initiated
        self._wanted = False
        self._quiet_until_ns: int | None = None

    def start(self) -> None:
        """From now on keep the AD service up."""
        self._wanted = True

    def stop(self, now: int) -> list[Notice]:
        """Terminate it.  Whatever is open is confirmed negatively."""
        self._wanted = False
        self._quiet_until_ns = None
        return self.fop.directive(Directive(DirectiveKind.TERMINATE_AD), now)

    def receive_word(self, word: int, now: int) -> list[Notice]:
        """A control word of a good frame, for the `Fop` first."""
        before = self.fop.foreign_words
        notices = self.fop.receive_word(word, now)
        if self._may_start(now) and self.fop.foreign_words == before:
            clcw = decode_clcw(word)
            if not isinstance(clcw, Rejection):
                notices += self._initiate(clcw, now)
        return notices

    def _may_start(self, now: int) -> bool:
        """Down, wanted, and silent for long enough."""
        fop = self.fop
        silent = fop.ready(TcFrameType.AD) and fop.ready(TcFrameType.BC)
        if not self._wanted or fop.state is not FopState.INITIAL or fop.suspended is not None or not silent:
            self._quiet_until_ns = None
            return False
        if self._quiet_until_ns is None:
            self._quiet_until_ns = now + self.settle_ns
        return now >= self._quiet_until_ns

    def _initiate(self, clcw: Clcw, now: int) -> list[Notice]:
        self._quiet_until_ns = None
        self.starts += 1
        flags = clcw.lockout or clcw.wait or clcw.retransmit
        kind = DirectiveKind.INITIATE_AD_WITH_UNLOCK if flags else DirectiveKind.INITIATE_AD_WITH_CLCW_CHECK
        notices = self.fop.directive(Directive(DirectiveKind.SET_V_S, clcw.report_value), now)
        return notices + self.fop.directive(Directive(kind), now)
