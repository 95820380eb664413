"""What modules ask of the storage worker, and what it answers."""

from __future__ import annotations

from typing import NamedTuple

READ_LIMIT_BYTES = 256 * 1024  # of one `Read`: what the pipe carries without holding up the next request

ENDING = "ending"  # a state of its own: ORDERED from an orderly shutdown until the next boot has seen it
ORDERED, UNORDERED = b"\x01", b"\x00"


class Append(NamedTuple):
    """Take packets of counts from `first` on for the next commit; no count is ever used twice."""

    store: int
    first: int
    packets: tuple[bytes, ...]


class Commit(NamedTuple):
    """Make durable what was appended."""


class Read(NamedTuple):
    """Committed packets of counts `first` to `last`, both included."""

    store: int
    first: int
    last: int
    limit_bytes: int = READ_LIMIT_BYTES


class SaveState(NamedTuple):
    """Keep a small critical state, in four slots."""

    name: str
    body: bytes


class SaveDocument(NamedTuple):
    """Replace a document as a whole."""

    name: str
    body: bytes


class DeleteRecords(NamedTuple):
    """Forget the records of counts below `before` for good; their counts stay used."""

    store: int
    before: int


class LoadState(NamedTuple):
    name: str


class LoadDocument(NamedTuple):
    name: str


class Scrub(NamedTuple):
    """Check the stored octets of one more segment of each store."""


class Snapshot(NamedTuple):
    """Tell how each store is."""


class Close(NamedTuple):
    """Commit and end cleanly: the next life continues the counts without a gap."""


class Stored(NamedTuple):
    """What was asked for is done; after Commit, Save and Close it is durable."""


class Records(NamedTuple):
    """Packets as (count, packet), ascending; `damaged_octets` could not be read, in or beside that range."""

    store: int
    records: tuple[tuple[int, bytes], ...]
    damaged_octets: int


class Found(NamedTuple):
    """The newest good body, None if there is none.  `damaged`: some copy of it was not good."""

    name: str
    body: bytes | None
    damaged: bool


class Extent(NamedTuple):
    """Records of counts from `oldest` to before `next` may be stored; `next` is the lowest that may be appended."""

    oldest: int
    next: int


class StoreState(NamedTuple):
    """One packet store.  Damage is that of the segments checked so far."""

    name: str
    extent: Extent
    stored_bytes: int
    budget_bytes: int
    damaged_octets: int
    damaged_stretches: int
    dropped_segments: int
    errors: int


class Stores(NamedTuple):
    """The answer to Snapshot.  `floors_lost`: no reserved floor was found, counts go on from the records."""

    stores: tuple[StoreState, ...]
    floors_lost: bool
    failures: int  # requests answered with Failed in this life

    @property
    def next_counts(self) -> tuple[int, ...]:
        return tuple(store.extent.next for store in self.stores)

    def reservations(self) -> list[Append]:
        """For who goes on from these counts: done before the first is used, or a power cut gives it out again.

        The ground may have heard a packet that was never recorded.
        """
        return [Append(store, count, ()) for store, count in enumerate(self.next_counts)]


class Failed(NamedTuple):
    """Nothing was changed, or for a save: the old or the new body may be found."""

    reason: str


StorageRequest = (
    Append
    | Commit
    | Read
    | DeleteRecords
    | SaveState
    | SaveDocument
    | LoadState
    | LoadDocument
    | Scrub
    | Snapshot
    | Close
)
StorageResult = Stored | Records | Found | Stores | Failed
