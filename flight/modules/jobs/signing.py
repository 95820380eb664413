"""Whether receipts are signed: what is made without a key nobody can ever prove, so it is told at the start."""

from __future__ import annotations

from flight.declare import Outbox
from flight.declare.shelving import AskSigner, SignerOnBoard
from flight.modules.jobs.desk import Desk
from flight.modules.jobs.question import Question
from flight.modules.jobs.stages import Receipts


class Signing:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.which = Question(desk, AskSigner, self._told)

    def _told(self, result: object, out: Outbox) -> bool:
        if not isinstance(result, SignerOnBoard):
            return False
        status = self.desk.status
        status.receipts = Receipts.SIGNED if result.check else Receipts.UNSIGNED
        status.receipt_key = result.check
        if not result.check:
            out.event(self.desk.own.unsigned)
        return True
