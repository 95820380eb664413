"""What the files module asks of the files worker, and what it answers.  `now` is mission time, ns."""

from __future__ import annotations

import enum
from typing import NamedTuple

NO_DEADLINE = 2**63 - 1  # later than any time


class Steer(enum.IntEnum):
    """What a user may do to a transaction (CCSDS 727.0-B-5, 3.4)."""

    SUSPEND = 0
    RESUME = 1
    CANCEL = 2


class Turn(NamedTuple):
    """PDUs that came, whether there is contact, and octets of PDUs that the line can take now."""

    now: int
    contact: bool
    room: int
    pdus: tuple[bytes, ...]


class SendFile(NamedTuple):
    """To the ground, under the same name there.  `acknowledged` is class 2."""

    now: int
    name: str
    acknowledged: bool


class ListFiles(NamedTuple):
    """Send a list of all files in and below a folder ("" is all), as a file."""

    now: int
    folder: str


class RemoveFile(NamedTuple):
    now: int
    name: str


class SteerFile(NamedTuple):
    """Transaction `sequence` of the entity `source`, its sender."""

    now: int
    steer: int
    source: int
    sequence: int


DAMAGED = "DAMAGED"


class FileNotice(NamedTuple):
    """What happened to a transaction: the name of an `Indication` and the number of a `Condition` of CFDP.

    Or `DAMAGED` and the name of a stored file, which does not hold its checksum.
    """

    what: str
    source: int
    sequence: int
    condition: int
    name: str


class FileFigures(NamedTuple):
    """For telemetry.  Octets are of file data in PDUs, repairs included."""

    sending: int = 0
    receiving: int = 0
    suspended: int = 0
    pdus_received: int = 0
    pdus_sent: int = 0
    octets_received: int = 0
    octets_sent: int = 0
    naks_received: int = 0
    naks_sent: int = 0
    rejected: int = 0
    strays: int = 0
    refused: int = 0  # transactions beyond the limit
    store_errors: int = 0
    journal_errors: int = 0
    stored_octets: int = 0
    quota_octets: int = 0
    damaged: int = 0  # stored files that do not hold their checksum
    read_octets: int = 0  # of stored files, to see whether they do
    rounds: int = 0  # through all of them
    unreadable: int = 0  # times that the disk refused


class Turned(NamedTuple):
    """PDUs in order, together at most the room; when the next turn is due at the latest, or NO_DEADLINE."""

    pdus: tuple[bytes, ...]
    notices: tuple[FileNotice, ...]
    deadline: int
    figures: FileFigures


class Ordered(NamedTuple):
    """An order is carried out, and durable; `sequence` is the transaction that it began, 0 if none."""

    sequence: int


FileRequest = Turn | SendFile | ListFiles | RemoveFile | SteerFile
FILE_REQUESTS = (Turn, SendFile, ListFiles, RemoveFile, SteerFile)
