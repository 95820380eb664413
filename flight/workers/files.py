"""The files worker: the CFDP entity on board with its store, as requests and results (`flight.declare.filing`).

One object without a process, like the storage worker: the simulator calls `perform` in virtual time, the real worker's
process for each request of its pipe.  It opens its store at the first request, and again at the next one when the disk
failed: an entity that began without its journal would use numbers again.
"""

from __future__ import annotations

from collections import deque

from flight.declare.filing import (
    DAMAGED,
    NO_DEADLINE,
    FileFigures,
    FileNotice,
    ListFiles,
    Ordered,
    RemoveFile,
    SendFile,
    Steer,
    SteerFile,
    Turn,
    Turned,
)
from flight.declare.shelving import SHELF_REQUESTS
from flight.declare.storage import Failed
from flight.ports import Disk
from flight.wire.cfdp import (
    CfdpEntity,
    DiskFileStore,
    FileJournal,
    Indication,
    KeptSums,
    Notice,
    Put,
    PutRefusal,
    Remote,
    TransactionId,
)
from flight.wire.file_packets import GROUND_ENTITY, FileSettings, listing_of
from flight.workers.breath import Breath
from flight.workers.open_files import OpenFiles, is_safe
from flight.workers.scrub import Scrub
from flight.workers.shelf import Answer as ShelfAnswer
from flight.workers.shelf import Shelf

SECOND = 1_000_000_000
TRANSACTIONS_MAX = 16  # at once: a pass is minutes, and more would only share its line
NOTICES_MAX = 32  # told in one turn; the others in the next, which is due at once
ACK_INTERVAL_NS = 6 * SECOND  # two steps of flight, two of the ground, light time; more often is said in vain
NAK_INTERVAL_NS = 4 * SECOND
CHECKPOINT_OCTETS = 256 * 1024  # of new data between two journal records: what a power cut may cost
TOLD = frozenset(
    {
        Indication.STARTED,
        Indication.SENT,
        Indication.RECEIVED,
        Indication.FAILED,
        Indication.FAULT,
        Indication.SUSPENDED,
        Indication.RESUMED,
    }
)
Answer = Turned | Ordered | Failed | ShelfAnswer


class FilesWorker:
    """`shelf` is what looks after jobs, None where there are none."""

    def __init__(
        self, disk: Disk, settings: FileSettings, shelf: Shelf | None = None, breath: Breath | None = None
    ) -> None:
        """`breath` is that of the shelf: within it requests about files may be performed, and none of the shelf's."""
        self._disk, self.settings, self.shelf = disk, settings, shelf
        self.breath = breath or Breath()
        self._arrived: set[str] = set()  # files that came while the shelf is at work
        self._shelving = False
        self.entity: CfdpEntity | None = None
        self.store: DiskFileStore | None = None
        self.sums: KeptSums | None = None
        self.scrub: Scrub | None = None
        self._contact = False
        self._notices: deque[Notice] = deque()

    def perform(self, request: object) -> Answer:
        """Do it; total: what is no such request fails, too."""
        try:
            return self._perform(request)
        except OSError as error:
            return Failed(error.strerror or str(error))

    def _perform(self, request: object) -> Answer:
        match request:
            case Turn(now, contact, room, pdus):
                return self._turn(self._entity(now), now, contact, room, pdus)
            case SendFile(now, name, acknowledged):
                put = Put(GROUND_ENTITY, name, name, acknowledged)
                return _begun(self._entity(now).put(put, now))
            case ListFiles(now, folder):
                entity = self._entity(now)
                return _begun(entity.send_listing(GROUND_ENTITY, folder, listing_of(folder), now))
            case RemoveFile(now, name):
                return self._remove(self._entity(now), name)
            case SteerFile(now, steer, source, sequence):
                return _steered(self._entity(now), Steer(steer), TransactionId(source, sequence), now)
            case _:
                return self._shelve(request)

    def _shelve(self, request: object) -> Answer:
        if self.shelf is None or not isinstance(request, SHELF_REQUESTS):
            return Failed(f"not a request about files: {type(request).__name__}")
        assert not self._shelving, "one after the other"
        files, self._shelving = self._files(self._entity(request.now)), True
        self._arrived.clear()
        try:
            return self.shelf.perform(request, files)
        finally:
            self._shelving = False

    def _files(self, entity: CfdpEntity) -> OpenFiles:
        assert self.store is not None
        assert self.sums is not None
        return OpenFiles(self._disk, self.store, self.sums, entity, self.breath, self._arrived)

    def _entity(self, now: int) -> CfdpEntity:
        if self.entity is None:
            settings = self.settings
            store = DiskFileStore(self._disk, settings.quota_octets)
            journal = FileJournal(store)
            local = settings.local(
                settings.entity,
                transactions=TRANSACTIONS_MAX,
                largest_octets=settings.quota_octets,
                checkpoint_octets=CHECKPOINT_OCTETS,
            )
            remote = Remote(
                GROUND_ENTITY,
                longest_pdu=settings.longest_pdu,
                ack_interval_ns=ACK_INTERVAL_NS,
                nak_interval_ns=NAK_INTERVAL_NS,
            )
            sums = KeptSums(store)
            sums.start()
            entity = CfdpEntity(local, [remote], store, journal, sums)
            entity.start(journal.read(), now)
            entity.contact(False, now)
            self.entity, self.store, self._contact = entity, store, False
            self.sums, self.scrub = sums, Scrub(store, sums, now)
        return self.entity

    # ---------------------------------------------------------------- a turn

    def _turn(
        self, entity: CfdpEntity, now: int, contact: bool, room: int, pdus: tuple[bytes, ...]
    ) -> Turned:
        if contact and not self._contact:
            entity.contact(True, now)
        for pdu in pdus:
            entity.receive(pdu, now)
        due = entity.next_deadline()
        if due is not None and due <= now:
            entity.on_deadline(now)
        out = tuple(entity.send(now, room)) if contact else ()
        if self._contact and not contact:
            entity.contact(False, now)
        self._contact = contact
        notices = [notice for notice in entity.notices() if notice.kind in TOLD]
        self._notices.extend(notices)
        if self._shelving:
            self._arrived.update(one.name for one in notices if one.kind is Indication.RECEIVED)
        told = [_told(self._notices.popleft()) for _ in range(min(NOTICES_MAX, len(self._notices)))]
        assert self.scrub is not None
        told += [FileNotice(DAMAGED, 0, 0, 0, name) for name in self.scrub.look(now)]
        due = now if self._notices else entity.next_deadline()
        return Turned(
            out, tuple(told), min(NO_DEADLINE if due is None else due, self.scrub.due), self._figures(entity)
        )

    def _figures(self, entity: CfdpEntity) -> FileFigures:
        counters = entity.counters
        assert self.store is not None
        assert self.sums is not None
        assert self.scrub is not None
        free = self.store.free_octets()
        return FileFigures(
            len(entity.senders),
            len(entity.receivers),
            sum(one.suspended for one in entity.transactions()),
            counters.pdus_received,
            counters.pdus_sent,
            counters.octets_received,
            counters.octets_sent,
            counters.naks_received,
            counters.naks_sent,
            sum(counters.rejections.values()),
            counters.strays,
            counters.refused_transactions,
            counters.store_errors,
            counters.journal_errors,
            self.settings.quota_octets - free,
            self.settings.quota_octets,
            len(self.sums.damaged),
            self.scrub.octets,
            self.scrub.rounds,
            self.scrub.unreadable,
        )

    # ---------------------------------------------------------------- orders

    def _remove(self, entity: CfdpEntity, name: str) -> Answer:
        if not is_safe(name):
            return Failed("file name not allowed")
        files = self._files(entity)
        if files.is_sent(name):
            return Failed("the file is being sent: cancel that first")
        files.remove(name)
        return Ordered(0)


def _begun(found: TransactionId | PutRefusal) -> Answer:
    return Failed(found.value) if isinstance(found, PutRefusal) else Ordered(found.sequence)


def _steered(entity: CfdpEntity, steer: Steer, transaction: TransactionId, now: int) -> Answer:
    act = {Steer.SUSPEND: entity.suspend, Steer.RESUME: entity.resume, Steer.CANCEL: entity.cancel}[steer]
    return Ordered(0) if act(transaction, now) else Failed("no such transaction")


def _told(notice: Notice) -> FileNotice:
    source, sequence = notice.transaction
    return FileNotice(notice.kind.name, source, sequence, int(notice.condition), notice.name)
