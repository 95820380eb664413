"""Commands under way: who asked, what was promised, and by when it must be answered."""

from __future__ import annotations

from dataclasses import dataclass

OPEN_MAX = 64  # more commands than that at once are refused as a full queue


@dataclass(slots=True)
class Open:
    """One accepted command without its final answer."""

    ident: int
    request: int  # the request id that reports name
    wants: int  # acknowledgement flags of the telecommand
    deadline: int
    silent: bool = False  # released on board: nobody waits for stages on the ground


class Ledger:
    """All open commands.  Every one leaves by an outcome or by its deadline."""

    def __init__(self) -> None:
        self.open: dict[int, Open] = {}
        self.next_ident = 1

    def full(self) -> bool:
        return len(self.open) >= OPEN_MAX

    def begin(self, request: int, wants: int, deadline: int) -> Open:
        entry = Open(self.next_ident, request, wants, deadline)
        self.next_ident += 1
        self.open[entry.ident] = entry
        return entry

    def end(self, ident: int) -> Open | None:
        return self.open.pop(ident, None)

    def extend(self, ident: int, deadline: int) -> None:
        if ident in self.open:
            self.open[ident].deadline = deadline

    def overdue(self, now: int) -> list[Open]:
        late = [entry for entry in self.open.values() if now >= entry.deadline]
        for entry in late:
            del self.open[entry.ident]
        return late
