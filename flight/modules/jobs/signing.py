"""Whether receipts are signed: what is made without a key nobody can ever prove, so it is told at the start."""

from __future__ import annotations

from flight.declare import SECOND, Outbox
from flight.declare.shelving import AskSigner, SignerOnBoard
from flight.modules.jobs.desk import Desk
from flight.modules.jobs.stages import Receipts

WITHIN_NS = 60 * SECOND
AGAIN_NS = 30 * SECOND  # the files worker has been away


class Signing:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.again_at = 0

    def start(self, now: int, out: Outbox) -> None:
        self.again_at = 0
        self.desk.ask(AskSigner(now), WITHIN_NS, self._told, out)

    def tend(self, now: int, out: Outbox) -> None:
        if self.again_at and now >= self.again_at:
            self.start(now, out)

    def _told(self, now: int, result: object, out: Outbox) -> None:
        if not isinstance(result, SignerOnBoard):
            self.again_at = now + AGAIN_NS
            return
        status = self.desk.status
        status.receipts = Receipts.SIGNED if result.check else Receipts.UNSIGNED
        status.receipt_key = result.check
        if not result.check:
            out.event(self.desk.own.unsigned)
