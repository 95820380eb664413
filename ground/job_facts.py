"""One job as the ground knows it, and why it waits, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

NOWHERE = "-"  # the board of a job that has none

UNDER_WAY = frozenset({"WAITING", "PLANNED", "STARTING", "RUNNING", "FROZEN", "STOPPING"})
WAITS = frozenset({"WAITING", "PLANNED"})
REFUSED = (
    "REFUSED"  # taken on board, and then refused by the plan: no stage of the spacecraft's, for it is gone
)
BEHIND: Mapping[str, str] = {
    "ENDED": "its result is being put together",
    "RESULT": "its result waits for its turn",
    "SENDING": "its result comes down",
}


class Planned(NamedTuple):
    """Start and finish on the mission clock, ns, as told at `told_ns`."""

    told_ns: int
    first_ns: int
    finish_ns: int


class Stretch(NamedTuple):
    """A job on a board without a stop; `end_ns` None: it still runs.  Mission clock, ns."""

    board: str
    start_ns: int
    end_ns: int | None
    ended: str


@dataclass(frozen=True, slots=True)
class JobFacts:
    """Times on the mission clock in ns, None for what has not happened or was not heard."""

    number: int
    name: str  # owner/name; empty if its arrival was not heard
    serial: int
    state: str
    board: str
    level: int
    progress_milli: int
    energy_j: int
    attempts: int
    runs: int
    value: int
    planned: Planned | None  # of a job that is not over, the newest
    plans: tuple[Planned, ...]
    waits_for: str  # why it does not run now; empty if it does, or is over
    waited_for: str  # what it waited for most of the time; empty if nothing was in its way
    taken_ns: int | None
    ended_ns: int | None
    kept_ns: int | None
    delivered_ns: int | None
    result_octets: int
    how: str
    stretches: tuple[Stretch, ...]
    told_ns: int  # the newest that was told of it

    @property
    def owner(self) -> str:
        return self.name.partition("/")[0]

    @property
    def title(self) -> str:
        """What to call it among others."""
        return self.name or f"job {self.number}"

    @property
    def key(self) -> str:
        """What the planner calls it."""
        return f"{self.name}/{self.serial}"

    @property
    def file_stem(self) -> str:
        """Of its package and its result: `acme-sums-1`; empty if its name is not known."""
        return stem_of(self.name, self.serial) if self.name else ""

    @property
    def state_words(self) -> str:
        """`failed, delivered` of one whose result tells that it failed."""
        ended, told = self.how.partition(":")[0], self.state.lower()
        return told if ended in ("", "done") or told in ("refused", "failed") else f"{ended}, {told}"

    @property
    def started_ns(self) -> int | None:
        return self.stretches[0].start_ns if self.stretches else None

    @property
    def waited_ns(self) -> int | None:
        """From its arrival on board to its first run."""
        if self.taken_ns is None or self.started_ns is None:
            return None
        return self.started_ns - self.taken_ns


def stem_of(name: str, serial: int) -> str:
    return f"{name.replace('/', '-')}-{serial}"


def binding_words(given: object, station_pass: int = 0) -> str:
    """`given` is a name of flight.planning.Binding, or its place there; empty for nothing in the way."""
    from flight.planning import Binding  # not for every ground: most have no jobs to explain

    kinds = list(Binding)
    if isinstance(given, int):
        found = kinds[given] if 0 <= given < len(kinds) else Binding.UNKNOWN
    else:
        found = next((one for one in kinds if one.name == given), Binding.UNKNOWN)
    if found is Binding.NONE:
        return ""
    return f"{found.value} of pass {station_pass}" if station_pass else found.value


def waits_for(state: str, row: Mapping[str, object]) -> str:
    """`row` as telemetry has it."""
    if state in BEHIND:
        return BEHIND[state]
    station_pass = row.get("station_pass")
    words = binding_words(row.get("binding", "NONE"), station_pass if isinstance(station_pass, int) else 0)
    if state in ("FROZEN", "STOPPING"):
        return words or "held"
    if state == "PLANNED":
        return words or "its turn"
    if state == "WAITING":
        return f"not planned: {words}" if words else "the next plan"
    return ""
