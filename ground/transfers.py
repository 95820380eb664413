"""File transfers as the ground shows them: one row for each, from request to end."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass

from flight.wire.cfdp import Condition

UNKNOWN_SIZE = -1


class TransferState(enum.Enum):
    ASKED = "asked"  # the spacecraft was told to send it
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DONE = "done"
    FAILED = "failed"


ENDED = frozenset({TransferState.DONE, TransferState.FAILED})


@dataclass(slots=True)
class Transfer:
    """`name` is the file's on board and in the archive; `command` the number of the one that asked for it, 0 if none.

    `source` and `sequence` are CFDP's name of the transaction, 0 until it is known.
    """

    number: int
    up: bool
    name: str
    octets: int = UNKNOWN_SIZE
    done: int = 0
    state: TransferState = TransferState.ACTIVE
    reason: str = ""
    file: str = ""  # of the ground's folder, while it goes up
    command: int = 0
    source: int = 0
    sequence: int = 0
    began_ns: int = 0
    ended_ns: int = 0

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def end(self, state: TransferState, now_ns: int, reason: str = "") -> None:
        self.state, self.reason, self.ended_ns = state, reason, now_ns
        if state is TransferState.DONE and self.octets >= 0:
            self.done = self.octets


WHY = {
    Condition.FILE_SIZE: "more than the other end takes",
    Condition.FILESTORE_REJECTION: "no room, or a name that cannot be there",
    Condition.FILE_CHECKSUM: "what came is not what was sent",
}


def words(condition: Condition) -> str:
    name = condition.name.lower().replace("_", " ")
    return f"{name}: {WHY[condition]}" if condition in WHY else name


def transfer_map(transfer: Transfer) -> dict[str, object]:
    return {**asdict(transfer), "state": transfer.state.value}
