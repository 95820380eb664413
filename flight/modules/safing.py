"""The safing ladder: one rung for the whole spacecraft, from what power, thermal and faults ask for.

Worse at once, better one rung at a time, each after its dwell; the rungs from 4 on dwell at least one orbit, and
rung 5 is left by command only, or after clean orbits where the mission allows it (payload.md 4.1).  A module that
falls silent counts as asking for rung 4: it must not look healthy.
"""

import enum
from typing import Annotated, NamedTuple

from flight.declare import (
    DONE,
    SAFE,
    SECOND,
    U8,
    U16,
    U32,
    Boot,
    Call,
    Event,
    Kept,
    ModeRequest,
    Module,
    Outbox,
    Outcome,
    Parameter,
    Refused,
    Severity,
    Signals,
    Telemetry,
    Why,
    command,
    limits,
    unit,
)
from flight.throttling import LONG_RUNG, dwell_left_s

STALE_NS = 3 * SECOND  # three periods of the modules that ask (payload.md 4.1)
AGAIN_NS = 10 * SECOND  # a request or an order that had no effect is repeated this often
FOLLOW_NS = 3 * SECOND  # a switch has answered within two readings, or it has not
SAFE_RUNG, OFF_RUNG = 5, 6
CLEAN_RUNG = 3  # an orbit is clean while nobody asks for more: that is, nobody asks to stop all jobs


class Asker(enum.IntEnum):
    NOBODY = 0
    POWER = 1
    THERMAL = 2
    FAULTS = 3
    KEPT = 4


class Safing(Module):
    """Publishes `rung`.  `power_off` is the switch by which the bus is asked to cut power, or None."""

    dwell_s = Parameter(300.0, unit="s", low=1, high=86400, about="of rungs 1 to 3 before one rung better")
    long_dwell_s = Parameter(
        5760.0, unit="s", low=60, high=604800, about="of rungs 4 to 6: one orbit at least"
    )
    stale_rung = Parameter(4, low=4, high=5, about="what a silent module counts as asking for")
    autonomous_exit = Parameter(False, about="leave rungs 5 and 6 without a command, after clean orbits")
    clean_orbits = Parameter(3, low=1, high=100, about="orbits without a request above rung 3")
    orbit_s = Parameter(5760.0, unit="s", low=4800, high=90000, about="orbit period")

    worse = Event(Severity.MEDIUM, "rung {old} to {new}, asked by {by}", old=U8, new=U8, by=Asker)
    severe = Event(Severity.HIGH, "rung {old} to {new}, asked by {by}", old=U8, new=U8, by=Asker)
    better = Event(Severity.INFO, "rung {old} to {new}", old=U8, new=U8)
    silent = Event(Severity.MEDIUM, "{who} is silent and counts as rung {rung}", who=Asker, rung=U8)
    speaks = Event(Severity.INFO, "{who} speaks again", who=Asker)
    power_off_requested = Event(Severity.HIGH, "the bus is asked to cut power")
    power_off_mismatch = Event(
        Severity.HIGH, "the power-off request does not read back, ordered {on}", on=bool
    )

    class Status(Telemetry, period=10):
        """The rung in force, who asks for what, and when it may get better."""

        rung: Annotated[U8, limits(yellow_high=1, red_high=4)]
        asked: U8
        by: Asker
        power_rung: U8
        thermal_rung: U8
        fault_rung: U8
        power_silent: bool
        thermal_silent: bool
        faults_silent: bool
        in_rung: Annotated[U32, unit("s")]
        dwell_left: Annotated[float, unit("s")]
        clean_for: Annotated[float, unit("s")]
        worsened: U16
        improved: U16
        power_off: bool

    class Outputs(Signals):
        rung: U8

    class State(Kept, version=1):
        rung: U8

    class Inputs(NamedTuple):
        power_rung: int
        power_rung_age: int
        thermal_rung: int
        thermal_rung_age: int
        fault_rung: int
        fault_rung_age: int
        mode: int
        levels: tuple[int, ...]

    def __init__(self, power_off: int | None = None) -> None:
        self.power_off = power_off
        self.status, self.outputs, self.kept = self.Status(), self.Outputs(), self.State()
        self.silent_now = [False, False, False]
        self.asked = 0
        self.asked_at = 0  # when somebody last asked for the present rung or worse
        self.entered_at = 0
        self.unclean_at = 0
        self.started_at = 0
        self.requested_at: int | None = None
        self.ordered_off = False
        self.wrong_since: int | None = None
        self.again_at = 0
        self.told = False

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        """The kept rung goes on, and its dwell begins again: how long the reboot took is not known."""
        self.started_at = self.asked_at = self.entered_at = self.unclean_at = now
        self.outputs.rung = self.status.rung = min(self.kept.rung, OFF_RUNG)
        if self.outputs.rung:
            self.status.by = Asker.KEPT

    @command()
    def release(self, call: Call, out: Outbox) -> Outcome:
        """Leave rungs 5 and 6 for rung 4, whose dwell then begins."""
        if self.outputs.rung < SAFE_RUNG:
            return Refused(f"rung is {self.outputs.rung}")
        if self.asked >= SAFE_RUNG:
            return Refused(f"rung {self.asked} is still asked for")
        self._change(call.now, LONG_RUNG, Asker.NOBODY, out)
        return DONE

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        power = self._heard(now, 0, sees.power_rung, sees.power_rung_age, out)
        thermal = self._heard(now, 1, sees.thermal_rung, sees.thermal_rung_age, out)
        faults = self._heard(now, 2, sees.fault_rung, sees.fault_rung_age, out)
        asked = self.asked = max(power, thermal, faults)
        rung = self.outputs.rung
        if asked > CLEAN_RUNG:
            self.unclean_at = now
        if asked >= rung:
            self.asked_at = now
            if asked > rung:
                by = Asker.POWER if power == asked else Asker.THERMAL if thermal == asked else Asker.FAULTS
                self._change(now, asked, by, out)
        elif self._may_improve(now, rung):
            self._change(now, rung - 1, Asker.NOBODY, out)
        if self.outputs.rung >= SAFE_RUNG and sees.mode != SAFE:
            self._request_safe(now, out)
        if self.power_off is not None:
            self._request_off(now, self.power_off, sees.levels, out)
        self._report(now, power, thermal, faults)

    def _heard(self, now: int, who: int, rung: int, age: int, out: Outbox) -> int:
        """What one module asks for; the worst case if it has been silent, or says nonsense."""
        good = 0 <= rung <= OFF_RUNG and (0 <= age <= STALE_NS or now - self.started_at <= STALE_NS)
        if good is self.silent_now[who]:
            self.silent_now[who] = not good
            if good:
                out.event(self.speaks, who + 1)
            else:
                out.event(self.silent, who + 1, self.stale_rung)
        if good:
            return rung
        return (
            max(self.stale_rung, rung) if rung <= OFF_RUNG else self.stale_rung
        )  # what it asked for last still counts

    def _dwell_left(self, now: int, rung: int) -> float:
        return dwell_left_s(rung, now - self.asked_at, self.dwell_s, max(self.long_dwell_s, self.orbit_s))

    def _may_improve(self, now: int, rung: int) -> bool:
        if self._dwell_left(now, rung) > 0:
            return False
        if rung < SAFE_RUNG:
            return True
        return self.autonomous_exit and (now - self.unclean_at) / SECOND >= self.clean_orbits * self.orbit_s

    def _change(self, now: int, rung: int, by: Asker, out: Outbox) -> None:
        old = self.outputs.rung
        self.outputs.rung = self.kept.rung = rung
        self.asked_at = self.entered_at = now
        self.requested_at = None
        out.keep()
        if rung > old:
            self.status.by = by
            self.status.worsened += 1
            out.event(self.severe if rung >= LONG_RUNG else self.worse, old, rung, by)
        else:
            self.status.improved += 1
            out.event(self.better, old, rung)

    def _request_safe(self, now: int, out: Outbox) -> None:
        if self.requested_at is None or now - self.requested_at >= AGAIN_NS:
            self.requested_at = now
            out.post("modes.requests", ModeRequest(SAFE, Why.LADDER))

    def _request_off(self, now: int, switch: int, levels: tuple[int, ...], out: Outbox) -> None:
        """Keep the request as the rung wants it, and see by its read-back that it is."""
        wanted = self.outputs.rung >= OFF_RUNG
        if wanted is not self.ordered_off:
            self.ordered_off = self.status.power_off = wanted
            self.wrong_since, self.told = None, False
            out.set(switch, int(wanted))
            if wanted:
                out.event(self.power_off_requested)
        if switch < len(levels) and levels[switch] == wanted:
            self.wrong_since, self.told = None, False
        elif self.wrong_since is None:
            self.wrong_since, self.again_at = now, now + AGAIN_NS
        else:
            if now - self.wrong_since >= FOLLOW_NS and not self.told:
                self.told = True
                out.event(self.power_off_mismatch, wanted)
            if now >= self.again_at:
                self.again_at = now + AGAIN_NS
                out.set(switch, int(wanted))

    def _report(self, now: int, power: int, thermal: int, faults: int) -> None:
        status = self.status
        status.rung, status.asked = self.outputs.rung, self.asked
        status.power_rung, status.thermal_rung, status.fault_rung = power, thermal, faults
        status.power_silent, status.thermal_silent, status.faults_silent = self.silent_now
        status.in_rung = (now - self.entered_at) // SECOND
        status.dwell_left = max(0.0, self._dwell_left(now, self.outputs.rung)) if self.outputs.rung else 0.0
        status.clean_for = (now - self.unclean_at) / SECOND
