"""One compute board: how hard it may work, one step at a time, and what happens when it does not obey."""

from __future__ import annotations

from dataclasses import dataclass

from flight.declare import SECOND, Event, Outbox, Parameter
from flight.throttling import level_limit, may_rise

FOLLOW_NS = 3 * SECOND  # a switch has answered within two readings, or it has not
AGAIN_NS = 2 * SECOND  # an order that does not read back is given again this often
REARM_NS = 3600 * SECOND  # a board that has obeyed for so long has its retries back
SWITCHES_MAX = 64  # bits of the signal `rails_allowed`
NO_JOBS = 255  # of a level that the jobs want: there are none, and the board does what was commanded


@dataclass(frozen=True, slots=True)
class Board:
    """One row of the mission's table; `watts` has one entry a level, the first is off (level 0)."""

    name: str
    rail: int  # switch of its supply rail, which yields to this module; may be the throttle itself
    throttle: int  # switch of its level
    watts: tuple[float, ...]
    node: str | None = None  # its thermal node, whose `thermal_rung_<node>` it heeds
    wanted: int = 0  # level before any command

    def __post_init__(self) -> None:
        assert len(self.watts) >= 2, f"{self}: level 0 is off, and there must be another"
        assert list(self.watts) == sorted(self.watts), f"{self}: a higher level takes no less"
        assert 0 <= self.wanted < len(self.watts), self
        assert 0 <= self.rail < SWITCHES_MAX, self

    @property
    def top(self) -> int:
        return len(self.watts) - 1


class BoardSettings:
    """Parameters and events of the boards, inherited by the compute module; it builds events with their names."""

    cap_level = Parameter(1, low=0, high=255, about="highest level at rung 2")
    dwell_s = Parameter(60.0, unit="s", low=1, high=3600, about="after any change before one level more")
    verify_s = Parameter(
        5.0, unit="s", low=2, high=60, about="for a level to read back; then the rail is cut"
    )
    cut_s = Parameter(600.0, unit="s", low=10, high=86400, about="a cut rail stays off")
    cuts_max = Parameter(3, low=0, high=100, about="cuts before the rail stays off until a command")

    changed: Event
    not_following: Event
    cut: Event
    restored: Event
    given_up: Event
    rail_stuck: Event


class BoardWatch:
    """The state of one board; `step` once a second."""

    def __init__(self, settings: BoardSettings, number: int, row: Board) -> None:
        self.settings, self.number, self.row = settings, number, row
        self.level = 0  # ordered
        self.read = -1  # what it does by its read-backs, -1 unknown
        self.throttle = -1  # the level read back, with or without supply
        self.supplied = False
        self.limit = 0
        self.adopted = False
        self.changed_at = 0
        self.may_since: int | None = None  # more is wanted and allowed
        self.wrong_since: int | None = None
        self.again_at = 0
        self.told = False
        self.told_less = False
        self.is_cut = False
        self.cut_at = 0
        self.cuts = 0
        self.given_up = False
        self.rail_told = False

    def step(
        self,
        now: int,
        wanted: int,
        rung: int,
        allowed: bool,
        levels: tuple[int, ...],
        out: Outbox,
        planned: int = NO_JOBS,
    ) -> None:
        """`allowed`: power lets the rail be on; `rung` is 4 or more whenever the board must be off; `planned` is what
        the jobs on it want."""
        row = self.row
        self.throttle = levels[row.throttle] if row.throttle < len(levels) else -1
        rail = levels[row.rail] if row.rail < len(levels) else -1
        self.supplied = rail > 0
        self.read = read = self.throttle if rail else 0
        if not self.adopted:
            self.adopted = True  # after a restart the board works as it does
            self.level = min(max(read, 0), row.top)
        self.limit = limit = self._limit(rung) if allowed and not self.is_cut else 0
        target = min(wanted, limit, planned)
        if target > self.level and planned != NO_JOBS:
            self._raise_planned(now, target, out)
        elif target > self.level:
            self._raise(now, out)
        else:
            self.may_since = None
            if target < self.level:
                self._change(now, target, out)
        if read == self.level and not self.is_cut:
            self.wrong_since, self.told = None, False
            self.told_less = self.told_less and not read
            if self.cuts and now - self.changed_at > REARM_NS and now - self.cut_at > REARM_NS:
                self.cuts = 0
        else:
            self._disobeyed(now, allowed, out)

    def _limit(self, rung: int) -> int:
        return level_limit(rung, self.row.top, self.level, self.settings.cap_level)

    def _raise(self, now: int, out: Outbox) -> None:
        """One level more, when it was wanted and allowed for a whole dwell, and the last change was a dwell ago."""
        if self.may_since is None:
            self.may_since = now
        rise = may_rise(now - self.may_since, now - self.changed_at, self.settings.dwell_s)
        if rise and self.read == self.level:
            self._change(now, self.level + 1, out)

    def _raise_planned(self, now: int, level: int, out: Outbox) -> None:
        """At once to where the plan wants it, which has weighed power and heat; a dwell after the last change."""
        if now - self.changed_at >= self.settings.dwell_s * SECOND and self.read == self.level:
            self._change(now, level, out)

    def _change(self, now: int, level: int, out: Outbox) -> None:
        if not self.told_less:  # a trial each dwell is no news
            out.event(self.settings.changed, self.number, self.level, level)
        self.level, self.changed_at, self.wrong_since = level, now, None
        self._order(out)

    def _order(self, out: Outbox) -> None:
        """The level first, so that a board never wakes up at an old one; then its supply."""
        out.set(self.row.throttle, self.level)
        if self.level and not self.supplied and self.row.rail != self.row.throttle:
            out.set(self.row.rail, 1)

    def _disobeyed(self, now: int, allowed: bool, out: Outbox) -> None:
        if self.is_cut:
            self._stay_cut(now, allowed, out)
            return
        if self.wrong_since is None:
            self.wrong_since = now
            self.again_at = now + AGAIN_NS if now == self.changed_at else now
        if 0 <= self.read < self.level:
            self._does_less(now, out)
            return
        if now >= self.again_at:
            self.again_at = now + AGAIN_NS
            self._order(out)
        if now - self.wrong_since < self.settings.verify_s * SECOND:
            return
        if not self.told:
            self.told = True
            out.event(self.settings.not_following, self.number, self.level, max(self.read, 0))
        if allowed and (self.read > self.level or self.read < 0):
            self._cut(now, out)

    def _does_less(self, now: int, out: Outbox) -> None:
        """Somebody has switched it off, or it cannot: that is what it does now, and more is asked a dwell later."""
        if self.wrong_since is not None and now - self.wrong_since >= FOLLOW_NS:
            if not self.told_less:
                self.told_less = True
                out.event(self.settings.not_following, self.number, self.level, self.read)
            self.level, self.changed_at, self.wrong_since = self.read, now, None

    def _cut(self, now: int, out: Outbox) -> None:
        """The second path: a board that does not do with less, or whose level is unknown, loses its supply."""
        self.is_cut, self.cut_at = True, now
        self.cuts += 1
        self.rail_told = False
        self.again_at = now + AGAIN_NS
        if self.level:
            self._change(now, 0, out)
        out.set(self.row.rail, 0)
        out.event(self.settings.cut, self.number, self.cuts)
        if self.cuts > self.settings.cuts_max:
            self.given_up = True
            out.event(self.settings.given_up, self.number)

    def _stay_cut(self, now: int, allowed: bool, out: Outbox) -> None:
        if allowed and not self.given_up and now - self.cut_at >= self.settings.cut_s * SECOND:
            self._restore(now, out)
        elif now >= self.again_at:
            self.again_at = now + AGAIN_NS
            if self.throttle != 0:
                out.set(self.row.throttle, 0)
            if self.supplied or self.throttle < 0:
                out.set(self.row.rail, 0)
                if not self.rail_told and now - self.cut_at >= self.settings.verify_s * SECOND:
                    self.rail_told = True
                    out.event(self.settings.rail_stuck, self.number)

    def _restore(self, now: int, out: Outbox) -> None:
        self.is_cut = self.told = False
        self.wrong_since, self.changed_at = None, now
        out.event(self.settings.restored, self.number)

    def forgive(self) -> None:
        """A command for this board gives its retries back."""
        self.cuts, self.given_up = 0, False
