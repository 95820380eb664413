"""The file of a receiving transaction: collected under a name of our own, shown under its own when its sum holds."""

from __future__ import annotations

from flight.wire.cfdp.checksums import CHECKSUMS
from flight.wire.cfdp.fields import ChecksumType, Condition, FileStatus
from flight.wire.cfdp.kept_sums import Kept
from flight.wire.cfdp.names import partial_name, safe_name
from flight.wire.cfdp.pdus import Eof, Metadata, TransactionId
from flight.wire.cfdp.received import ReceivedOctets, Stretch
from flight.wire.cfdp.store import StoredFile
from flight.wire.cfdp.transaction import Surroundings

AHEAD_LIMIT_OCTETS = 1 << 20  # past the end, while the size is unknown: one forged PDU makes no 4 GiB file
READ_BACK_OCTETS = 256 * 1024  # a slice of verification: below 1 ms of CRC-32
JOURNALLED_STRETCHES = 1024  # 16 kB of record; what is beyond is fetched again after a reboot


class ArrivingFile:
    def __init__(self, transaction: TransactionId, around: Surroundings, *, large: bool = False) -> None:
        self._around = around
        self.partial_name = partial_name(*transaction)
        self._file: StoredFile | None = None
        self._limit = min(around.local.largest_file_octets, (1 << 63) - 1 if large else 0xFFFFFFFF)
        self._kind = ChecksumType.NULL
        self.read_back = False  # the running sum does not cover everything
        self._verified = 0
        self._sum = 0
        self._eof: Eof | None = None
        self.received = ReceivedOctets()
        self.name = ""
        self.size: int | None = None
        self.durable: list[Stretch] = []
        self.unsaved = 0
        self.delivered_early = False  # the file of that name may be ours, from before a reboot

    # ------------------------------------------------------------ what arrives

    def take_metadata(self, metadata: Metadata) -> Condition | None:
        """None, or the fault."""
        if not metadata.source_name and not metadata.destination_name:
            self.size = 0
            return None
        name = safe_name(metadata.destination_name)
        if name is None:
            return Condition.FILESTORE_REJECTION
        self.name = name
        if metadata.size:
            self.size = metadata.size
            if metadata.size > self._limit or self.received.end > metadata.size:
                return Condition.FILE_SIZE
            if metadata.size - self.received.octets > self._around.store.free_octets():
                return Condition.FILESTORE_REJECTION
        if metadata.checksum_type not in CHECKSUMS:
            return Condition.CHECKSUM_TYPE
        self._kind = ChecksumType(metadata.checksum_type)
        if self.received.octets:
            self.read_back = True
        else:
            self.received = ReceivedOctets(self._kind)
        return None

    def take_eof(self, eof: Eof) -> bool:
        """False when the size contradicts what is there."""
        if eof.size > self._limit or self.received.end > eof.size or self.size not in {None, eof.size}:
            return False
        self.size = eof.size
        return True

    def take(self, offset: int, data: bytes, *, holds: bool) -> Condition | None:
        """Store what is new.  `holds`: data may come before the size is known."""
        received = self.received
        end = offset + len(data)
        if self.size is not None:
            if end > self.size:
                self._around.counters.data_beyond_size += 1
                return Condition.FILE_SIZE
        elif end > self._limit:
            self._around.counters.data_beyond_size += 1
            return Condition.FILE_SIZE
        elif not holds or offset > received.end + AHEAD_LIMIT_OCTETS:
            self._around.counters.data_before_size += 1
            return None
        try:
            if self._file is None:
                self._file = self._around.store.create(self.partial_name)
            for start, piece in received.fresh(offset, data):
                self._file.write(start, piece)
                received.insert(start, piece)
                self.unsaved += len(piece)
        except OSError:
            self._around.counters.store_errors += 1
            return Condition.FILESTORE_REJECTION
        return None

    def whole(self, size: int) -> bool:
        return self.received.whole(size)

    # ------------------------------------------------------------ the verdict

    def begin_verification(self, eof: Eof) -> None:
        self._eof = eof
        self._verified = self._sum = 0

    def verify(self) -> bool | None:
        """Whether the checksum holds; None while a slice is left to read."""
        assert self._eof is not None
        if not self.read_back:
            right = self.received.checksum() == self._eof.checksum
            return right or self._kind is ChecksumType.NULL
        if self._verified < self._eof.size:
            data = self._slice(self._verified, min(READ_BACK_OCTETS, self._eof.size - self._verified))
            if not data:
                return False
            self._sum = CHECKSUMS[self._kind].extend(self._sum, self._verified, data)
            self._verified += len(data)
            if self._verified < self._eof.size:
                return None
        return self._sum == self._eof.checksum or self._kind is ChecksumType.NULL

    def _slice(self, offset: int, length: int) -> bytes:
        try:
            return b"" if self._file is None else self._file.read(offset, length)
        except OSError:
            self._around.counters.store_errors += 1
            return b""

    def deliver(self) -> FileStatus:
        """Show the file under its name: whole, synced, whatever was there before."""
        if not self.name:
            return FileStatus.UNREPORTED
        try:
            if not self.delivered_early:
                if self._file is None:
                    self._file = self._around.store.create(self.partial_name)
                self._file.sync()
                self._name_it()
            self._close()
        except OSError:
            self._around.counters.store_errors += 1
            self.discard()
            return FileStatus.REJECTED
        return FileStatus.RETAINED

    def _name_it(self) -> None:
        sums = self._around.sums
        if sums is not None:
            assert self._eof is not None
            own = self._kind is ChecksumType.CRC_32
            sums.expect(self.name, Kept(self._eof.size, self._eof.checksum) if own else None)
        self._around.store.rename(self.partial_name, self.name)
        if sums is not None:
            sums.delivered(self.name)

    # ------------------------------------------------------------ giving up, starting over

    def discard(self) -> None:
        self._close()
        self.received = ReceivedOctets(self._kind)
        self.durable = []
        try:
            if self._around.store.exists(self.partial_name):
                self._around.store.remove(self.partial_name)
        except OSError:
            self._around.counters.store_errors += 1

    def start_over(self) -> None:
        """Nothing is there any more; the sum will run again."""
        self.discard()
        self.read_back = self.delivered_early = False
        self.unsaved = 0

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    # ------------------------------------------------------------ reboots

    def make_durable(self) -> bool:
        """Sync, so that a journal record may name what is there.  False when the disk fails."""
        try:
            if self._file is not None:
                self._file.sync()
        except OSError:
            self._around.counters.store_errors += 1
            return False
        self.durable = self.received.stretches()[:JOURNALLED_STRETCHES]
        self.unsaved = 0
        return True

    def restore(self, metadata: Metadata | None, eof: Eof | None, stretches: list[Stretch]) -> bool:
        """Go on from a journal record; what the file does not hold any more is not there.  False: nothing fits."""
        if metadata is not None and self.take_metadata(metadata) is not None:
            return False
        if eof is not None and not self.take_eof(eof):
            return False
        store = self._around.store
        try:
            if store.exists(self.partial_name):
                self._file = store.open(self.partial_name)
                size = self._file.size()
                held = [(start, min(end, size)) for start, end in stretches if start < size]
                self._resume(held)
            elif eof is not None and self.name and store.exists(self.name):
                self._file = store.open(self.name)
                if self._file.size() == eof.size:
                    self._resume([(0, eof.size)] if eof.size else [])
                    self.delivered_early = True
                else:
                    self._close()
        except OSError:
            self._around.counters.store_errors += 1
            self._close()
        return True

    def _resume(self, stretches: list[Stretch]) -> None:
        self.received = ReceivedOctets(self._kind)
        self.received.restore(stretches)
        self.durable = stretches
        self.read_back = True
