"""What is remembered of one row between steps."""

import enum

from flight.declare import SECOND, Event
from flight.modules.faults.scan import Holds, compile_holds
from flight.modules.faults.table import Fault
from flight.wire.monitoring import Transition

NEVER = -1


class RowState(enum.IntEnum):
    """As telemetry says it; the second four are observed only."""

    QUIET = 0
    RAISED = 1  # bad, not yet for long enough
    TRIPPED = 2
    EXHAUSTED = 3  # tripped, and every retry is used up
    OBSERVED_QUIET = 4
    OBSERVED_RAISED = 5
    OBSERVED_TRIPPED = 6
    OBSERVED_EXHAUSTED = 7


OBSERVED = 4


class Row:
    """A fault and its present episode.  Times are mission nanoseconds."""

    __slots__ = (
        "active",
        "bad_since",
        "clear_holds",
        "clear_since",
        "cooldown_ns",
        "crossed",
        "ended_at",
        "event",
        "exhausted",
        "fault",
        "index",
        "next_at",
        "observing",
        "persist_ns",
        "position",
        "rung",
        "tries",
    )

    def __init__(self, index: int, fault: Fault, position: int, event: Event) -> None:
        self.index = index
        self.fault = fault
        self.position = position  # of its signal in the inputs
        self.event = event
        self.persist_ns = int(fault.persist_s * SECOND)
        self.cooldown_ns = int(fault.cooldown_s * SECOND)
        self.clear_holds: Holds = compile_holds(fault.cleared)
        self.observing = fault.observe_only
        self.forget()

    def forget(self) -> None:
        self.active = self.exhausted = False
        self.crossed: Transition | None = None  # how it tripped, while it stands
        self.bad_since = self.clear_since = NEVER
        self.ended_at = NEVER  # the last episode
        self.tries = 0  # responses of this budget
        self.next_at = 0  # no response before
        self.rung = 0

    def resume(self) -> None:
        """Whoever lets all rows act again means them to respond, also in the episodes that stand."""
        self.exhausted = False
        self.tries = 0

    @property
    def state(self) -> int:
        if not self.active:
            state = RowState.QUIET if self.bad_since == NEVER else RowState.RAISED
        else:
            state = RowState.EXHAUSTED if self.exhausted else RowState.TRIPPED
        return state + OBSERVED * self.observing

    @property
    def quiet(self) -> bool:
        return not self.active and self.bad_since == NEVER
