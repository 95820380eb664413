"""What a store may be found to hold: the part of a scenario that judges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flight.store import Record


@dataclass
class Conditions:
    """Of a trial: what the disk promises, and what has gone wrong so far."""

    honest: bool = True  # the disk keeps its word, so a loss is an error; otherwise it is counted
    proven: bool = False  # the power has been cut: what is found now is on the medium, and must stay
    lost: int = 0  # acknowledged, and not found again
    reused: int = 0  # lives whose first count had been given out before
    failures: int = 0  # OSErrors that a store has given to its caller

    @contextmanager
    def failure_counted(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.failures += 1

    def lose(self, what: object, count: int, excused: bool) -> None:
        self.lost += count
        assert not count or excused or not self.honest, f"acknowledged and lost: {what}"


@dataclass
class RecordTruth:
    """Of a log: numbers and bodies."""

    conditions: Conditions
    tried: dict[int, set[bytes]] = field(default_factory=dict)
    waiting: dict[int, bytes] = field(default_factory=dict)  # appended, for the next commit
    kept: dict[int, bytes] = field(default_factory=dict)  # committed, and not dropped for the budget

    def trying(self, records: Iterable[Record]) -> None:
        for number, body in records:
            self.tried.setdefault(number, set()).add(body)

    def appended(self, records: Iterable[Record]) -> None:
        self.waiting.update(records)

    def restarted(self) -> None:
        """What was not committed may be found, and need not."""
        self.waiting = {}

    def committed(self) -> None:
        self.kept.update(self.waiting)
        self.waiting = {}

    def compare(self, found: list[Record], oldest: int, excused: bool = False) -> None:
        """`excused`: the disk gave errors while this was read."""
        numbers = [number for number, _ in found]
        assert numbers == sorted(set(numbers)), "not in ascending order, or twice"
        here = dict(found)
        for number, body in found:
            assert body in self.tried.get(number, ()), f"record {number} is wrong"
        old = [number for number, body in found if self.kept.get(number, body) != body]
        self.conditions.lose(old, len(old), excused=False)
        self.kept = {number: body for number, body in self.kept.items() if number >= oldest}
        missing = [number for number in self.kept if number not in here]
        self.conditions.lose(missing, len(missing), excused)
        if not self.conditions.honest:
            self.kept = here
        if self.conditions.proven and not excused:
            self.kept = here


@dataclass
class StateTruth:
    """Of slots or a document: the body kept last, or one that was being saved since."""

    conditions: Conditions
    name: str
    kept: bytes | None = None
    ever: set[bytes] = field(default_factory=set)
    since: set[bytes] = field(default_factory=set)

    def trying(self, body: bytes) -> None:
        self.ever.add(body)
        self.since.add(body)

    def saved(self, body: bytes | None) -> None:
        self.kept = body
        self.since = set()

    def compare(self, found: bytes | None, excused: bool = False) -> None:
        assert found is None or found in self.ever, f"{self.name} is wrong"
        if found != self.kept and found not in self.since:
            self.conditions.lose(self.name, 1, excused)
        if (self.conditions.proven and not excused) or not self.conditions.honest:
            self.saved(found)
