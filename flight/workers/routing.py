"""Two workers behind one port: each request goes to the one that it is for."""

from __future__ import annotations

from collections.abc import Sequence

from flight.declare.filing import FILE_REQUESTS
from flight.ports import Worker


class Workers:
    """Storage takes all that is not about files.  Tickets are the executive's, so no two are alike."""

    def __init__(self, storage: Worker, files: Worker) -> None:
        self.storage, self.files = storage, files

    def submit(self, ticket: int, request: object, now: int) -> bool:
        worker = self.files if isinstance(request, FILE_REQUESTS) else self.storage
        return worker.submit(ticket, request, now)

    def poll(self, now: int) -> Sequence[tuple[int, object]]:
        found = self.storage.poll(now)
        filed = self.files.poll(now)
        return [*found, *filed] if filed else found
