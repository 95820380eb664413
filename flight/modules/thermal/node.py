"""One thermal node: what its one or two sensors are worth, its limits, and the rung that its heat asks for.

Two sensors give two temperatures: the hotter one decides on throttling, the colder one on heating.  With none left,
the node is blind: it asks for the rung that its row names, and its heater runs open loop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from flight.declare import SECOND, Event, Outbox, Parameter
from flight.throttling import FIRST_RUNG, LAST_RUNG, is_cool, rung_below, rung_of_heat

PLAUSIBLE_LOW, PLAUSIBLE_HIGH = -150.0, 300.0  # degC; beyond, no sensor of a spacecraft works
BACK_NS = 30 * SECOND  # good readings before a lost sensor counts as back, so that a loose wire is one event
AGREE_NS = 30 * SECOND  # for a disagreement to begin or end; sensors follow a transient at different speeds
PERSISTENCE_NS = 2 * SECOND  # one flipped bit in a reading throttles nothing
LIMIT_HYSTERESIS_K = 1.0  # a limit is left this far inside
SMOOTHING = 1 / 30  # a second: the slow mean trails a ramp by 30 s,
LEAD = 2.0  # so that twice the distance to it is the rise in the next 60 s (payload.md 4.1)
RUNG_STEPS = (0.0, 0.5, 0.8)  # of the way from the yellow to the red limit, where a row names no temperatures


@dataclass(frozen=True, slots=True)
class Heater:
    """A heater on a switch; on below, off above, in degC of the node's colder sensor."""

    switch: int
    on_below: float
    off_above: float

    def __post_init__(self) -> None:
        assert self.on_below + 1 <= self.off_above, f"{self}: less than 1 K apart"


@dataclass(frozen=True, slots=True)
class Node:
    """One row of the mission's thermal table; temperatures in degC, sensors by name."""

    name: str
    sensors: tuple[str, ...]
    red_low: float
    yellow_low: float
    yellow_high: float
    red_high: float
    heater: Heater | None = None
    throttles: bool = True  # its heat asks for rungs
    rungs: tuple[float, float, float] | None = None  # from where it asks for 2, 3, 4
    blind_rung: int | None = None  # asked for while all its sensors are lost; None: 4 if it throttles, else 0
    board: bool = False  # a compute board: its own rung is published as `thermal_rung_<name>`

    def __post_init__(self) -> None:
        assert 1 <= len(self.sensors) <= 2, self
        assert self.red_low <= self.yellow_low < self.yellow_high <= self.red_high, self
        assert self.blind_rung is None or 0 <= self.blind_rung <= LAST_RUNG, self
        assert list(self.thresholds()) == sorted(self.thresholds()), self

    def rung_if_blind(self) -> int:
        return self.blind_rung if self.blind_rung is not None else LAST_RUNG * self.throttles

    def thresholds(self) -> tuple[float, float, float]:
        if self.rungs is not None:
            return self.rungs
        two, three, four = (
            self.yellow_high + part * (self.red_high - self.yellow_high) for part in RUNG_STEPS
        )
        return two, three, four


class NodeSettings:
    """Parameters and events of the nodes, inherited by the thermal module; it builds events with the nodes' names."""

    agree_k = Parameter(5.0, unit="K", low=0.5, high=50, about="two sensors of a node agree within this")
    exit_margin_k = Parameter(
        7.0, unit="K", low=1, high=30, about="below its threshold before a rung is left"
    )
    escalate_s = Parameter(20.0, unit="s", low=2, high=600, about="for a rung to show in the forecast")
    hold_s = Parameter(120.0, unit="s", low=10, high=3600, about="a rung is held at least this long")

    sensor_lost: Event
    sensor_back: Event
    disagreed: Event
    agreed: Event
    yellow: Event
    red: Event
    normal: Event
    throttled: Event
    blinded: Event
    released: Event


class NodeWatch:
    """The state of one node: `read` once a second."""

    def __init__(self, settings: NodeSettings, number: int, row: Node, first: int, second: int) -> None:
        self.settings, self.number, self.row = settings, number, row
        self.first, self.second = (
            first,
            second,
        )  # places of its sensors among the inputs; the same for one sensor
        self.steps, self.red_high = row.thresholds(), row.red_high
        self.quiet_low = row.yellow_low
        self.quiet_high = min(row.yellow_high, self.steps[0])
        self.quiet = False  # nothing is the matter: a reading well inside the limits changes nothing
        self.cold = self.hot = self.slow = math.nan
        self.blind = False
        self.lost = [False] * len(row.sensors)
        self.good_since: list[int | None] = [None] * len(row.sensors)
        self.disagreeing = False
        self.differs_since: int | None = None
        self.limit = 0  # -2 red low, -1 yellow low, 0, 1 yellow high, 2 red high
        self.limit_since: int | None = None
        self.rung = 0
        self.alarm_since: int | None = None
        self.changed_at = 0

    def read(self, now: int, a: float, b: float, out: Outbox) -> None:
        """Take both readings, the same one twice for a single sensor."""
        if self.quiet and self.quiet_low < a < self.quiet_high and (a is b or self._beside(a, b)):
            hot, cold = (a, b) if a > b else (b, a)
            ahead = hot - self.slow
            if hot + LEAD * ahead < self.red_high:
                self.hot, self.cold = hot, cold
                self.slow += ahead * SMOOTHING
                return
        self._examine(now, a, b, out)

    def _beside(self, a: float, b: float) -> bool:
        agree = self.settings.agree_k
        return self.quiet_low < b < self.quiet_high and -agree <= a - b <= agree

    def _examine(self, now: int, a: float, b: float, out: Outbox) -> None:
        good_a, good_b = PLAUSIBLE_LOW <= a <= PLAUSIBLE_HIGH, PLAUSIBLE_LOW <= b <= PLAUSIBLE_HIGH
        self.blind = not (good_a or good_b)
        if self.blind:
            self.hot = self.cold = self.slow = math.nan
        else:
            a, b = (a if good_a else b), (b if good_b else a)
            self.hot, self.cold = max(a, b), min(a, b)
            if not math.isfinite(self.slow):
                self.slow = self.hot
            self.slow += (self.hot - self.slow) * SMOOTHING
        for place, good in enumerate((good_a, good_b)[: len(self.lost)]):
            self._watch_sensor(now, place, good, out)
        self._compare(now, a, b, good_a and good_b, out)
        self._watch_limits(now, out)
        self._watch_heat(now, out)
        troubled = self.blind or self.disagreeing or self.limit or self.rung or any(self.lost)
        waiting = (self.differs_since, self.limit_since, self.alarm_since)
        self.quiet = not troubled and waiting == (None, None, None)

    def _watch_sensor(self, now: int, place: int, good: bool, out: Outbox) -> None:
        if not good:
            self.good_since[place] = None
            if not self.lost[place]:
                self.lost[place] = True
                out.event(self.settings.sensor_lost, self.number, place + 1)
        elif self.lost[place]:
            since = self.good_since[place]
            if since is None:
                self.good_since[place] = now
            elif now - since >= BACK_NS:
                self.lost[place] = False
                out.event(self.settings.sensor_back, self.number, place + 1)

    def _compare(self, now: int, a: float, b: float, both: bool, out: Outbox) -> None:
        agree = self.settings.agree_k
        turning = both and (abs(a - b) < agree / 2 if self.disagreeing else abs(a - b) > agree)
        if not turning:
            self.differs_since = None
        elif self.differs_since is None:
            self.differs_since = now
        elif now - self.differs_since >= AGREE_NS:
            self.disagreeing, self.differs_since = not self.disagreeing, None
            if self.disagreeing:
                out.event(self.settings.disagreed, self.number, a, b)
            else:
                out.event(self.settings.agreed, self.number)

    def _watch_limits(self, now: int, out: Outbox) -> None:
        if self.blind:
            return  # the loss of its sensors has been said; what it was is no longer known
        limit = self._limit_now()
        if limit == self.limit:
            self.limit_since = None
        elif self.limit_since is None:
            self.limit_since = now
        elif now - self.limit_since >= PERSISTENCE_NS:
            was, self.limit, self.limit_since = self.limit, limit, None
            if limit == 0:
                out.event(self.settings.normal, self.number, self.hot)
            elif abs(limit) == 2:
                out.event(self.settings.red, self.number, self.hot if limit > 0 else self.cold)
            elif was * limit <= 0:  # from red back to yellow of the same side is no new episode
                out.event(self.settings.yellow, self.number, self.hot if limit > 0 else self.cold)

    def _limit_now(self) -> int:
        """Where the temperature is; a limit that was crossed is left 1 K inside."""
        row, was = self.row, self.limit
        if self.hot >= row.red_high - (LIMIT_HYSTERESIS_K if was == 2 else 0):
            return 2
        if self.cold <= row.red_low + (LIMIT_HYSTERESIS_K if was == -2 else 0):
            return -2
        if self.hot >= row.yellow_high - (LIMIT_HYSTERESIS_K if was >= 1 else 0):
            return 1
        if self.cold <= row.yellow_low + (LIMIT_HYSTERESIS_K if was <= -1 else 0):
            return -1
        return 0

    def _watch_heat(self, now: int, out: Outbox) -> None:
        """The rung asked for: at once worse, by one step better."""
        wanted = self._rung_now(now)
        if wanted <= self.rung:
            self.alarm_since = None
            if wanted < self.rung and self._cool() and now - self.changed_at >= self.settings.hold_s * SECOND:
                self._change(now, rung_below(self.rung))
                out.event(self.settings.released, self.number, self.rung)
        elif self.alarm_since is None:
            self.alarm_since = now
        elif now - self.alarm_since >= PERSISTENCE_NS:
            self._change(now, wanted)
            if self.blind:
                out.event(self.settings.blinded, self.number, self.rung)
            else:
                out.event(self.settings.throttled, self.number, self.rung, self.hot, self._forecast())

    def _change(self, now: int, rung: int) -> None:
        self.rung, self.changed_at, self.alarm_since = rung, now, None

    def _forecast(self) -> float:
        """degC in 60 s at the present rate."""
        return self.hot + LEAD * (self.hot - self.slow)

    def _rung_now(self, now: int) -> int:
        if self.blind:
            return self.row.rung_if_blind()
        if not self.row.throttles:
            return 0
        by_heat = rung_of_heat(self.steps, self.hot)
        if self._forecast() >= self.row.red_high:
            waited = now - self.changed_at >= self.settings.escalate_s * SECOND
            by_heat = max(by_heat, FIRST_RUNG, min(LAST_RUNG, self.rung + waited) if self.rung else 0)
        return by_heat

    def _cool(self) -> bool:
        """Far enough below the threshold of the present rung.  A rung below the first threshold came by forecast."""
        if self.blind:
            return False
        if not self.row.throttles:
            return True
        return is_cool(self.steps, self.rung, self.hot, self.settings.exit_margin_k)
