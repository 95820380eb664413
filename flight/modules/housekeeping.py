"""Housekeeping control (service 3): packets on and off, one now, or everything now."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from flight.declare import DONE, Access, Call, Inbox, Module, Outbox, Outcome, Refused, Request, command
from flight.wire.numbers import read_numbers

ENABLE, DISABLE, ONE_SHOT = 5, 6, 27


class Housekeeping(Module):
    """Serves TC[3,5], TC[3,6] and TC[3,27], each all or nothing."""

    serves: ClassVar[tuple[int, ...]] = (3,)

    class Inputs(NamedTuple):
        pass

    def __init__(self) -> None:
        self.requests: Inbox[Request] = Inbox(8)

    def connect(self, access: Access) -> None:
        self.access = access.housekeeping

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        if self.requests.items:
            for request in self.requests.drain():
                out.finish(request.ident, self._serve(request))

    def _serve(self, request: Request) -> Outcome:
        if request.subtype not in (ENABLE, DISABLE, ONE_SHOT):
            return Refused(f"TC[3,{request.subtype}] is not offered")
        sids = read_numbers(request.data)
        if sids is None:
            return Refused("expected a count u16 and that many structure ids u16")
        unknown = [sid for sid in sids if not self.access.known(sid)]
        if unknown:
            return Refused(f"structure {unknown[0]} is unknown")
        if request.subtype == ONE_SHOT:
            self.access.once(sids)
        else:
            for sid in sids:
                self.access.enable(sid, request.subtype == ENABLE)
        return DONE

    @command()
    def snapshot(self, call: Call, out: Outbox) -> Outcome:
        """Send everything now: every housekeeping packet, then every parameter."""
        self.access.once(self.access.all())
        out.post("parameters.requests", Request(0, 20, 1, b""))
        return DONE
