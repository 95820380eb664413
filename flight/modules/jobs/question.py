"""What the files worker is asked at each start, and again until it has said."""

from __future__ import annotations

from collections.abc import Callable

from flight.declare import SECOND, Outbox
from flight.modules.jobs.desk import Desk

WITHIN_NS = 60 * SECOND  # the worker may have a package before it
AGAIN_NS = 30 * SECOND  # the worker has been away
NEVER = 1 << 63


class Question:
    """Put with the time; `told` is given what comes back, and says whether that was an answer."""

    def __init__(
        self, desk: Desk, question: Callable[[int], object], told: Callable[[object, Outbox], bool]
    ) -> None:
        self.desk, self.question, self.told = desk, question, told
        self.due = NEVER

    def ask(self, now: int, out: Outbox) -> None:
        self.due = NEVER
        self.desk.ask(self.question(now), WITHIN_NS, self._answered, out)

    def _answered(self, now: int, result: object, out: Outbox) -> None:
        if not self.told(result, out):
            self.due = now + AGAIN_NS
