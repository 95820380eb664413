"""What a mission writes in its fault table: conditions, responses and rows."""

import sys
from dataclasses import dataclass

from flight.declare import ALL_MODES, Between, Mode, Severity

LARGEST = sys.float_info.max  # what is beyond is infinite, and no reading


@dataclass(frozen=True, slots=True)
class AtMost:
    high: float


@dataclass(frozen=True, slots=True)
class AtLeast:
    low: float


@dataclass(frozen=True, slots=True)
class IsTrue:
    """Good while the signal is on."""


@dataclass(frozen=True, slots=True)
class IsFalse:
    """Good while the signal is off."""


Good = Between | AtMost | AtLeast | IsTrue | IsFalse
"""When a signal is good.  Bounds are good; NaN and infinite readings are never good."""


@dataclass(frozen=True, slots=True)
class ReportOnly:
    """The event alone.  With `escalate` it is a timer: cool-down times (retries + 1), then the next row."""


@dataclass(frozen=True, slots=True)
class AskMode:
    mode: Mode


@dataclass(frozen=True, slots=True)
class RaiseRung:
    """Ask the safing ladder for at least this rung until the row clears."""

    rung: int


@dataclass(frozen=True, slots=True)
class SetLevel:
    """Set a switch and leave it so; 0 is off.  Who sets it back is the ground, or a change of mode."""

    switch: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class CycleRail:
    """Off, wait, and back to the level it had.  A rail that is off already stays off."""

    switch: str
    off_s: float = 5.0


Response = ReportOnly | AskMode | RaiseRung | SetLevel | CycleRail


@dataclass(frozen=True, slots=True)
class Fault:
    """One row: when `signal` has not been good for `persist_s`, report it and respond.

    Bad for `persist_s` in one of `modes` starts an episode: one event, and the response.  Still bad after
    `cooldown_s`: the response again, `retries` times at most; then `escalate` names the row that trips next.
    `clear` (the same kind as `good`, and stricter) held for `persist_s` ends the episode, in any mode.  Responses are
    always a cool-down apart.  An episode that follows the end of the last one within a cool-down goes on with the same
    budget of retries, so that flapping ends in an escalation too.
    """

    name: str
    signal: str
    good: Good
    clear: Good | None = None  # as `good`
    persist_s: float = 3.0
    modes: tuple[Mode, ...] = ALL_MODES
    response: Response = ReportOnly()
    cooldown_s: float = 60.0
    retries: int = 0
    escalate: str = ""
    observe_only: bool = False
    severity: Severity = Severity.MEDIUM

    @property
    def cleared(self) -> Good:
        return self.good if self.clear is None else self.clear


def interval(good: Good) -> tuple[float, float]:
    """Lowest and highest good number.  A switched signal is 0 or 1."""
    match good:
        case Between(low, high):
            return low, high
        case AtMost(high):
            return -LARGEST, high
        case AtLeast(low):
            return low, LARGEST
        case IsTrue():
            return 1, 1
        case IsFalse():
            return 0, 0


def inside(low: float, high: float, name: str) -> str:
    """Python source that is true while `name` is in there; false for NaN and infinities."""
    return f"{name} == {low!r}" if low == high else f"{low!r} <= {name} <= {high!r}"


def words(good: Good) -> str:
    """As an operator reads it."""
    match good:
        case Between(low, high):
            return f"{low:g} to {high:g}"
        case AtMost(high):
            return f"{high:g} at most"
        case AtLeast(low):
            return f"{low:g} at least"
        case IsTrue():
            return "on"
        case IsFalse():
            return "off"
