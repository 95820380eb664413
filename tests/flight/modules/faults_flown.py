"""A fault module driven by hand, for the tests beside this file."""

from __future__ import annotations

from flight.declare import (
    IDLE,
    SAFE,
    SECOND,
    Boot,
    Outbox,
)
from flight.modules.faults import (
    AskMode,
    AtMost,
    Fault,
    RowState,
    faults_of,
)

BOOT_NOW = Boot(4, True, False, 1)
SWITCHES = ("heater", "payload", "radio")


class Flown:
    """A fault module driven by hand, one step a second; signals keep their last given value."""

    def __init__(self, *table: Fault, **signals: float) -> None:
        self.cls = faults_of(tuple(table), SWITCHES)
        self.signals: dict[str, object] = {"mode": IDLE, "levels": (0, 2, 1), **signals}
        self.now = 1000 * SECOND
        self.out = Outbox()
        self.restart()

    def restart(self, boot: Boot = BOOT_NOW) -> None:
        kept = getattr(self, "module", None)
        self.module = self.cls()
        if kept is not None:
            for field in kept.kept.fields:
                setattr(self.module.kept, field.name, getattr(kept.kept, field.name))
        self.out.clear()
        self.module.start(self.now, boot, self.out)

    def step(self, seconds: int = 1, **signals: object) -> Flown:
        self.signals |= signals
        sees = self.module.Inputs(**self.signals)
        self.out.clear()
        for _ in range(seconds):
            self.now += SECOND
            self.module.step(self.now, sees, self.out)
        return self

    @property
    def events(self) -> list[tuple[str, tuple[float | bytes, ...]]]:
        return [(event.name, arguments) for event, arguments in self.out.events]

    @property
    def names(self) -> list[str]:
        return [event.name for event, _ in self.out.events]

    @property
    def modes(self) -> list[object]:
        return [item for box, item in self.out.posts if box == "modes.requests"]

    def state(self, name: str) -> RowState:
        return RowState(getattr(self.module.states, name))


HOT = Fault(
    "hot",
    "t",
    AtMost(40.0),
    clear=AtMost(35.0),
    persist_s=3,
    response=AskMode(SAFE),
    cooldown_s=10,
    retries=2,
)
