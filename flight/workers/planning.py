"""The planning worker: looks ahead and plans.  It has no disk and no state; a request that is lost is asked again."""

from __future__ import annotations

from flight.declare.storage import Failed
from flight.planning import (
    Ahead,
    LookAhead,
    MakePlan,
    Planned,
    PlanRecord,
    planned,
    read_record,
    record_octets,
)
from flight.planning.ahead import look_ahead

Answer = Ahead | Planned | Failed


class PlanningWorker:
    def perform(self, request: object) -> Answer:
        """Do it; total: what is no such request fails, too."""
        match request:
            case LookAhead():
                ahead = look_ahead(request)
                return Failed(ahead) if isinstance(ahead, str) else ahead
            case MakePlan(octets):
                record = read_record(octets)
                if not isinstance(record, PlanRecord):
                    return Failed(str(record))
                return Planned(record_octets(planned(record)))
        return Failed(f"not a request to planning: {type(request).__name__}")
