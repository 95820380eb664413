"""What a job of the book is doing, and what its plan was bound by: numbers on the wire."""

from __future__ import annotations

import enum

from flight.declare.running import ExitReason
from flight.planning import Binding


class JobStage(enum.IntEnum):
    WAITING = 0  # taken, and in no plan
    PLANNED = 1
    STARTING = 2  # the book says so on the disk before the runner is told
    RUNNING = 3
    FROZEN = 4
    STOPPING = 5  # asked to checkpoint and end, or killed, and still there
    ENDED = 6  # done; its result is being made
    RESULT = 7  # its result waits for the line
    SENDING = 8
    DELIVERED = 9
    FAILED = 10  # for good; a result that says why is being made
    CANCELLED = 11  # the same


class Bound(enum.IntEnum):
    """`flight.planning.Binding`, in its order."""

    NONE = 0
    ENERGY = 1
    TEMPERATURE = 2
    LANES = 3
    MEMORY = 4
    ANOMALY = 5
    QUIET = 6
    DOWNLINK = 7
    DEADLINE = 8
    WORTH = 9
    UNKNOWN = 10


def bound_of(binding: Binding) -> Bound:
    return Bound[binding.name]


class Why(enum.IntEnum):
    """Why a job was stopped by the executive."""

    PLAN = 0  # its slots are over, or another job has them
    GUARD = 1  # nothing may run that draws so much
    SAFING = 2  # the ladder, or the mode
    BOARD = 3  # its board has no supply
    ANOMALY = 4
    QUIET = 5
    LYING = 6  # its board draws much more than it said
    CANCEL = 7
    END = 8  # the flight program ends in order, or the board is shut down


class Receipts(enum.IntEnum):
    """What stands behind what the board says of a result."""

    UNKNOWN = 0  # the files worker has not said
    UNSIGNED = 1  # no key on board, or one that others may read
    SIGNED = 2


TO_RUN = (JobStage.WAITING, JobStage.PLANNED)
WITH_RUNNER = (JobStage.STARTING, JobStage.RUNNING, JobStage.FROZEN, JobStage.STOPPING)
UNFINISHED = (*TO_RUN, *WITH_RUNNER)
OVER = (JobStage.ENDED, JobStage.FAILED, JobStage.CANCELLED)  # and without a result so far
WITH_RESULT = (JobStage.RESULT, JobStage.SENDING, JobStage.DELIVERED)

# A job that ended so had bad luck or a bad board, and may be begun again; any other end is its own doing, and would
# come again.
ORDERED = (ExitReason.KILLED, ExitReason.OVERRAN)  # by us, or by a runner that was told to end
UNLUCKY = (ExitReason.SIGNALLED, ExitReason.SILENT, ExitReason.LOST, ExitReason.NOT_STARTED, *ORDERED)
