"""Elements against what the sun watch sees: by edges, and by whole slots of the wrong light."""

from __future__ import annotations

from flight.declare import SECOND
from flight.planning import Ahead

TOLERATED_S = 90.0  # a reboot may move UTC by a minute, old elements drift by seconds
WRONG_SLOTS = 2  # in a row of wholly wrong light: more than any edge that is tolerated
SHIFTED_FROM_S = 5.0  # below lie flattening, refraction and the second of the sun watch
BAD_EDGES = 2  # in a row: one may be the satellite's own shadow
NONE_S = 1e5  # no edge of that kind is expected at all
FULL = 0.99


class EdgeWatch:
    """`error_s`: the last edge seen less the one expected; `shift_s`: how late the satellite is on its elements.

    A clock that is off and elements that are old shift every edge and every pass alike; what makes an eclipse longer
    shifts its ends apart.  So it is the mean of a sunrise and a sunset that shifts.
    """

    def __init__(self) -> None:
        self.seen_at = 0
        self.compared = 0
        self.error_s = self.shift_s = 0.0
        self.errors: dict[bool, float] = {}
        self.contradicted = False
        self.wrong = self.bad = 0

    def edge(self, at: int, into_dark: bool, ahead: Ahead) -> bool:
        """An edge was seen.  True if that moved the shift, and the look ahead should be taken anew."""
        self.seen_at = at
        away = [at - edge for edge, dark in ahead.edges if dark is into_dark]
        self.compared += 1
        self.error_s = min(away, key=abs) / SECOND if away else NONE_S
        if abs(self.error_s) > TOLERATED_S:
            self.bad, self.errors = self.bad + 1, {}
            self.contradicted = self.contradicted or self.bad >= BAD_EDGES
            return False
        self.contradicted, self.wrong, self.bad = False, 0, 0
        self.errors[into_dark] = self.error_s
        if len(self.errors) < 2:
            return False
        both_s = sum(self.errors.values()) / 2.0
        self.errors = {}
        if abs(both_s) < SHIFTED_FROM_S:
            return False
        self.shift_s = min(TOLERATED_S, max(-TOLERATED_S, self.shift_s + both_s))
        return True

    def slot(self, expected_dark: float, lit: float) -> None:
        """A slot that is over: shares of it in the dark, as expected, and in the light, as seen."""
        wrong = (expected_dark >= FULL and lit >= FULL) or (expected_dark <= 1.0 - FULL and lit <= 1.0 - FULL)
        self.wrong = self.wrong + 1 if wrong else 0
        if self.wrong >= WRONG_SLOTS:
            self.contradicted, self.errors = True, {}

    def forget(self) -> None:
        """New elements, or another UTC: nothing is said against them yet."""
        self.shift_s, self.errors, self.contradicted = 0.0, {}, False
        self.wrong = self.bad = 0
