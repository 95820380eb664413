"""Who may send jobs: which table of tenants is in force, and how the ground puts another one in its place."""

from __future__ import annotations

from flight.declare import DONE, SECOND, Call, Failed, Outbox, Outcome, Refused, Waiting
from flight.declare.shelving import AskTenants, TakeTenants, TenantsInForce
from flight.modules.jobs.desk import Desk
from flight.modules.jobs.question import Question
from flight.wire.cfdp import safe_name
from flight.wire.verification import LONGEST_REASON

WITHIN_NS = 60 * SECOND  # a table of 64 rows; the worker may have a package before it
UNKNOWN = 255  # keys, while the worker has not said


class Admitting:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.desk.status.tenant_keys = UNKNOWN
        self.which = Question(desk, AskTenants, lambda result, out: self._told(result, out) is DONE)

    def put_in_force(self, call: Call, out: Outbox, file: bytes) -> Outcome:
        name = safe_name(file) if file else ""
        if name is None:
            return Refused("file name not allowed")
        ident = call.ident

        def answered(_now: int, result: object, box: Outbox) -> None:
            box.finish(ident, self._told(result, box))

        self.desk.ask(TakeTenants(call.now, name), WITHIN_NS, answered, out)
        return Waiting(WITHIN_NS)

    def _told(self, result: object, out: Outbox) -> Outcome:
        if not isinstance(result, TenantsInForce):
            why = result.reason if isinstance(result, Failed) else "the files worker does not answer"
            return Refused(why[:LONGEST_REASON])
        own, status = self.desk.own, self.desk.status
        status.tenant_keys, status.tenant_table = result.keys, result.check
        if result.lost:
            out.event(own.table_lost)
        out.event(own.table, result.keys, result.check)
        return DONE
