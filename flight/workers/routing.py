"""Several workers behind one port: each request goes to the one that it is for."""

from __future__ import annotations

from collections.abc import Sequence

from flight.ports import Worker

Kinds = tuple[type[object], ...]


class Workers:
    """Storage takes all that is for nobody else.  Tickets are the executive's, so no two are alike."""

    def __init__(self, storage: Worker, *others: tuple[Kinds, Worker]) -> None:
        self.storage = storage
        self.others = [worker for _, worker in others]
        self.of_kind = {kind: worker for kinds, worker in others for kind in kinds}

    def submit(self, ticket: int, request: object, now: int) -> bool:
        return self.of_kind.get(type(request), self.storage).submit(ticket, request, now)

    def poll(self, now: int) -> Sequence[tuple[int, object]]:
        found = self.storage.poll(now)
        for worker in self.others:
            if more := worker.poll(now):
                found = [*found, *more]
        return found

    def due(self, now: int) -> int:
        return min(self.storage.due(now), *(worker.due(now) for worker in self.others))
