"""A heater that neither lets its node freeze nor cooks it, whatever the sensors say.

Hysteresis on the colder sensor, within a budget of heating time that fills at the duty allowed and empties while the
heater is on: over any time T it is on for at most duty * T + the budget.  A doubtful sensor has the duty of the open
loop; without any sensor the open loop itself runs, a fixed part of a fixed period.
"""

from __future__ import annotations

from flight.declare import SECOND, Event, Outbox, Parameter
from flight.modules.thermal.node import Heater

RESUME = 0.5  # of the budget before a limited heater may go on again, so that it does not chatter
MOVED_K = 0.3  # a sensor that shows less than this after long heating is taken for stuck
FOLLOW_NS = 3 * SECOND  # a switch has answered within two readings, or it has not
SHORTEST_NS = 120 * SECOND  # between two switchings by temperature, so that a wild sensor wears out no switch
AGAIN_NS = 10 * SECOND  # an order that was not followed is given again this often


class HeaterSettings:
    """Parameters and events of the heaters, inherited by the thermal module."""

    duty_max = Parameter(0.6, low=0.05, high=0.99, about="hard bound on a heater's share of time")
    longest_on_s = Parameter(1200.0, unit="s", low=10, high=7200, about="longest heating without a rest")
    open_loop_duty = Parameter(
        0.25, low=0.01, high=0.99, about="share of time when the sensors are lost or doubtful"
    )
    open_loop_s = Parameter(600.0, unit="s", low=20, high=3600, about="period of the open loop")
    response_s = Parameter(
        900.0, unit="s", low=60, high=7200, about="heating after which a sensor must have moved"
    )

    limited: Event
    stuck: Event
    moved: Event
    heater_mismatch: Event
    heater_followed: Event


class HeaterWatch:
    """The state of one heater; `step` once a second."""

    def __init__(self, settings: HeaterSettings, number: int, row: Heater) -> None:
        self.settings, self.number, self.row = settings, number, row
        self.on = False
        self.adopted = False
        self.budget_s = 0.0
        self.updated_at = 0
        self.limited = False
        self.stuck = False
        self.heated_s = 0.0  # since the sensor last moved
        self.moved_from = 0.0
        self.switched_at: int | None = None
        self.wrong_since: int | None = None
        self.again_at = 0
        self.told = False
        self.on_s = 0.0  # since the last report
        self.reported_at = 0
        self.idle = False  # off, obeyed, with a full budget: nothing changes while the node is quiet and warm

    def step(self, now: int, cold: float, blind: bool, doubtful: bool, level: int, out: Outbox) -> None:
        """`cold` is the colder sensor in degC; `level` is read back, -1 if unknown."""
        if not self.adopted:
            self._adopt(now, level)
        seconds = (now - self.updated_at) / SECOND
        self.updated_at = now
        if self.on:
            self.on_s += seconds
            self.heated_s += seconds
        if not blind:
            self._watch_response(cold, out)
        duty, budget = self._allowance(doubtful or self.stuck)
        self.budget_s = min(budget, self.budget_s + duty * seconds - (seconds if self.on else 0.0))
        wanted = self._open_loop(now) if blind else self._closed_loop(now, cold, budget, out)
        if wanted is not self.on:
            self.on, self.switched_at = wanted, now
            self.wrong_since = None
            out.set(self.row.switch, int(wanted))
        self._verify(now, level, out)
        full = self.budget_s == budget and not (self.stuck or self.limited)
        self.idle = full and not self.on and self.wrong_since is None and not self.told

    def _adopt(self, now: int, level: int) -> None:
        """After a restart the heater is as it is; one that is on may have been on for as long as it may."""
        self.adopted = True
        self.on = level > 0
        self.updated_at = self.reported_at = now
        _, budget = self._allowance(False)
        self.budget_s = 0.0 if self.on else budget * RESUME

    def _allowance(self, doubtful: bool) -> tuple[float, float]:
        """(duty, largest budget in s): a full budget lasts for the longest heating, or one part of the open loop."""
        limits = self.settings
        if doubtful:
            duty = min(limits.open_loop_duty, limits.duty_max)
            return duty, limits.open_loop_s * duty * (1 - duty)
        return limits.duty_max, limits.longest_on_s * (1 - limits.duty_max)

    def _closed_loop(self, now: int, cold: float, budget: float, out: Outbox) -> bool:
        """By temperature, but never beyond the budget."""
        wanted = cold < self.row.on_below or (self.on and cold <= self.row.off_above)
        if wanted is not self.on and self.switched_at is not None and now - self.switched_at < SHORTEST_NS:
            wanted = self.on
        if not wanted:
            self.limited = self.limited and cold <= self.row.off_above
            return False
        if self.budget_s > 0 if self.on else self.budget_s >= RESUME * budget:
            return True
        if self.on and not self.limited:
            self.limited = True
            out.event(self.settings.limited, self.number, cold)
        return False

    def _open_loop(self, now: int) -> bool:
        """By the clock, not since the loss: a sensor that comes and goes must not begin a new period each time."""
        limits = self.settings
        duty = min(limits.open_loop_duty, limits.duty_max)
        return now / SECOND % limits.open_loop_s < duty * limits.open_loop_s

    def _watch_response(self, cold: float, out: Outbox) -> None:
        if not abs(cold - self.moved_from) < MOVED_K:
            self.moved_from, self.heated_s = cold, 0.0
            if self.stuck:
                self.stuck = False
                out.event(self.settings.moved, self.number)
        elif not self.stuck and self.heated_s >= self.settings.response_s:
            self.stuck = True
            out.event(self.settings.stuck, self.number, cold)

    def _verify(self, now: int, level: int, out: Outbox) -> None:
        if level == self.on:
            self.wrong_since = None
            if self.told:
                self.told = False
                out.event(self.settings.heater_followed, self.number)
        elif self.wrong_since is None:
            self.wrong_since, self.again_at = now, now + AGAIN_NS
        else:
            if now - self.wrong_since >= FOLLOW_NS and not self.told:
                self.told = True
                out.event(self.settings.heater_mismatch, self.number, self.on)
            if now >= self.again_at:
                self.again_at = now + AGAIN_NS
                out.set(self.row.switch, int(self.on))

    def duty(self, now: int) -> float:
        """Share of time on since the last call."""
        seconds = (now - self.reported_at) / SECOND
        share = self.on_s / seconds if seconds > 0 else 0.0
        self.on_s, self.reported_at = 0.0, now
        return share
