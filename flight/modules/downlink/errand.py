"""A request that takes several questions to storage: a generator asks one after the other, and gives the outcome."""

from __future__ import annotations

from collections.abc import Generator

from flight.declare import SECOND, Failed, Outbox, Outcome, Refused, StorageRequest, Waiting

ASK_WITHIN_NS = 30 * SECOND
ATTEMPTS = 3  # of one question
ANSWER_WITHIN_NS = 300 * SECOND  # two borders of eight windows, some twenty reads each


Steps = Generator[StorageRequest, object, Outcome]
"""Yields questions, is sent what storage says."""


class Errand:
    """One at a time; meanwhile a question is under way."""

    def __init__(self) -> None:
        self.ident = 0  # of the command that asks; 0 while there is none
        self.ticket = 0
        self.attempts = 0

    def begin(self, ident: int, steps: Steps, out: Outbox) -> Outcome:
        assert not self.ident
        self.ident, self.attempts, self.steps = ident, 0, steps
        outcome = self._advance(None, out)
        return Waiting(ANSWER_WITHIN_NS) if outcome is None else outcome

    def completed(self, ticket: int, result: object, out: Outbox) -> Outcome | None:
        """The outcome, if the errand ends with it."""
        if not self.ident or ticket != self.ticket:
            return None
        if isinstance(result, tuple) and not isinstance(result, Failed):
            self.attempts = 0
            return self._advance(result, out)
        self.attempts += 1
        if self.attempts >= ATTEMPTS:
            self.ident = 0
            return Refused("the store does not answer")
        self._submit(out)
        return None

    def cancel(self) -> int:
        """The command that it was for, 0 if there was none."""
        ident, self.ident = self.ident, 0
        return ident

    def _advance(self, result: object, out: Outbox) -> Outcome | None:
        try:
            self.asked = self.steps.send(result)
        except StopIteration as end:
            self.ident = 0
            outcome: Outcome = end.value
            return outcome
        self._submit(out)
        return None

    def _submit(self, out: Outbox) -> None:
        self.ticket = out.submit(self.asked, ASK_WITHIN_NS)
