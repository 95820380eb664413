"""Files between ground and spacecraft: the ground's end of CFDP, its folder, and what is shown of it.

A file that comes down stands under its name in the folder only when it is whole and synced; what goes up is kept under
`outgoing/` until it is there.  The journal in the same folder lets a transfer go on after a restart of the ground.
No clock and no socket of its own; `now_ns` only goes forward.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from flight.wire import SEQUENCE_MODULO, PacketType
from flight.wire.cfdp import (
    CfdpEntity,
    FileJournal,
    FileStore,
    Indication,
    MemoryFileStore,
    Notice,
    Put,
    PutRefusal,
    Remote,
    TransactionId,
    safe_name,
)
from flight.wire.file_packets import GROUND_ENTITY, FileSettings, encode_file_packet, pdu_of
from ground.commanding import CommandError, CommandRecord, Stage
from ground.file_store import FolderStore
from ground.transfers import Transfer, TransferState, words

NS = 1_000_000_000
TRANSACTIONS_MAX = 32
QUOTA_OCTETS = 1 << 40
OUTGOING = "outgoing"
SHOWN_MAX = 1000  # transfers that are shown, ended ones included; the oldest ended make room
STAGED_UNSYNCED_MAX = 4 << 20  # octets: a sync holds up the server's loop for no more than these
STAGED_MAX = 16  # files on their way from clients
LONGEST_UP, SHORTEST_UP = (
    900,
    256,
)  # octets of a PDU: one telecommand frame with its security; and not all overhead
BELOW_NS = NS // 10  # of the line, that files may have waiting below a command
ACK_INTERVAL_NS, NAK_INTERVAL_NS = 6 * NS, 4 * NS  # as on board
NOTHING_CAME_NS = 12 * 3600 * NS  # after the command that asked for it; several passes
SHOWN_EVERY_NS = NS  # of progress


class GroundFiles:
    """`changed` is told of each new state of a transfer, and now and then of its progress."""

    def __init__(
        self,
        settings: FileSettings,
        folder: Path | None,
        up_bit_s: float,
        changed: Callable[[Transfer], None],
        now_ns: int,
    ) -> None:
        """`folder` is made; None keeps files in memory.  OSError if it cannot be used."""
        self.changed = changed
        self.folder = folder
        self._up_octets_ns = up_bit_s / 8 / NS
        longest = min(LONGEST_UP, max(SHORTEST_UP, int(self._up_octets_ns * BELOW_NS)))
        self.store: FileStore
        if folder is None:
            self.store = MemoryFileStore()
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self.store = FolderStore(folder, QUOTA_OCTETS)
        self.craft = settings.entity
        local = settings.local(GROUND_ENTITY, transactions=TRANSACTIONS_MAX)
        remote = Remote(
            settings.entity,
            longest_pdu=longest,
            ack_interval_ns=ACK_INTERVAL_NS,
            nak_interval_ns=NAK_INTERVAL_NS,
        )
        self.entity = CfdpEntity(local, [remote], self.store, journal := FileJournal(self.store))
        self.transfers: dict[int, Transfer] = {}
        self.bad_packets = 0
        self._by_transaction: dict[TransactionId, Transfer] = {}
        self._asked: dict[int, Transfer] = {}  # the spacecraft was told, and nothing has come yet
        self._staged: dict[int, str] = {}
        self._unsynced: dict[int, int] = {}  # octets of staged files
        self._next = 1
        self._sequence = 0
        self._credit = 0.0  # octets that the line has had time for
        self._sent_ns = now_ns
        self._shown_ns = now_ns
        self.entity.start(journal.read(), now_ns)
        self.entity.contact(False, now_ns)
        self._restore(now_ns)

    def _restore(self, now_ns: int) -> None:
        """Show what goes on, and clear away what nobody sends any more."""
        kept = set()
        for sender in self.entity.senders.values():
            kept.add(sender.file_name)
            name = sender.metadata.destination_name.decode("latin-1")
            going = Transfer(0, True, name, sender.metadata.size, file=sender.file_name)
            self._add(going, now_ns, sender.id)
        for receiver in self.entity.receivers.values():
            self._add(Transfer(0, False, receiver.file_name), now_ns, receiver.id)
        for name, _ in self.store.names(OUTGOING):
            if name not in kept:
                self._forget_file(name)

    def close(self) -> None:
        if isinstance(self.store, FolderStore):
            self.store.close()

    # ---------------------------------------------------------------- what users ask for

    def stage(self) -> int:
        """Make room for a file that goes up; CommandError if too many were begun."""
        if len(self._staged) >= STAGED_MAX:
            number = next(iter(self._staged))  # begun longest ago, and most likely given up
            self._forget_file(self._staged.pop(number))
            self._unsynced.pop(number, None)
        number = self._new_number()
        name = f"{OUTGOING}/{number}"
        while self.store.exists(name):
            number = self._new_number()
            name = f"{OUTGOING}/{number}"
        self.store.create(name).close()
        self._staged[number] = name
        return number

    def write(self, number: int, offset: int, data: bytes) -> None:
        """A piece of a staged file.  CommandError if there is none, or no room."""
        name = self._staged_name(number)
        try:
            file = self.store.open(name)
            try:
                file.write(offset, data)
                self._unsynced[number] = self._unsynced.get(number, 0) + len(data)
                if self._unsynced[number] >= STAGED_UNSYNCED_MAX:
                    file.sync()
                    self._unsynced[number] = 0
            finally:
                file.close()
        except OSError as error:
            raise CommandError(f"file not taken: {error.strerror}") from None

    def put(self, number: int, name: str, acknowledged: bool, now_ns: int) -> Transfer:
        """Send a staged file, to be `name` on board.  CommandError if it cannot be."""
        staged = self._staged_name(number)
        checked_name(name)
        file = self.store.open(staged)
        octets = file.size()
        file.sync()
        file.close()
        started = self.entity.put(Put(self.craft, staged, name, acknowledged), now_ns)
        if isinstance(started, PutRefusal):
            raise CommandError(f"{name}: {started.value}")
        del self._staged[number]
        self._unsynced.pop(number, None)
        transfer = self._add(Transfer(number, True, name, octets, file=staged), now_ns, started)
        self._take_notices(now_ns)
        return transfer

    def expect(self, name: str, record: CommandRecord, now_ns: int) -> Transfer:
        """A file that this command asks for."""
        transfer = Transfer(0, False, name, state=TransferState.ASKED, command=record.number)
        self._asked[self._add(transfer, now_ns, None).number] = transfer
        return transfer

    def cancel(self, number: int, now_ns: int) -> None:
        """End a transfer at both ends."""
        transfer = self.find(number)
        self.entity.cancel(TransactionId(transfer.source, transfer.sequence), now_ns)
        if transfer.state is TransferState.ASKED:
            self._end(transfer, TransferState.FAILED, now_ns, "cancelled")
        self._take_notices(now_ns)

    def suspend(self, number: int, now_ns: int, *, resume: bool = False) -> None:
        """Hold this end of a transfer; a file that comes down goes on coming, and is taken."""
        transfer = self.find(number)
        act = self.entity.resume if resume else self.entity.suspend
        act(TransactionId(transfer.source, transfer.sequence), now_ns)
        self._take_notices(now_ns)

    def find(self, number: int) -> Transfer:
        """CommandError if there is none, or it has ended."""
        transfer = self.transfers.get(number)
        if transfer is None or transfer.ended:
            raise CommandError(f"no transfer {number} is under way")
        return transfer

    def read(self, name: str, offset: int, length: int) -> tuple[bytes, int]:
        """(octets, size of the whole) of a file that is here.  CommandError if there is none."""
        checked_name(name)
        try:
            file = self.store.open(name)
            try:
                return file.read(offset, length), file.size()
            finally:
                file.close()
        except OSError:
            raise CommandError(f"{name}: no such file on the ground") from None

    def whole(self, name: str) -> bytes:
        """CommandError if there is no such file."""
        _, octets = self.read(name, 0, 0)
        return self.read(name, 0, octets)[0]

    # ---------------------------------------------------------------- the link

    @property
    def active(self) -> bool:
        return bool(self.entity.senders or self.entity.receivers)

    def contact(self, up: bool, now_ns: int) -> None:
        self.entity.contact(up, now_ns)
        self._sent_ns, self._credit = now_ns, 0.0
        self._take_notices(now_ns)

    def receive(self, packet: bytes, now_ns: int) -> None:
        """A space packet of virtual channel 2."""
        pdu = pdu_of(packet, PacketType.TELEMETRY)
        if pdu is None:
            self.bad_packets += 1
            return
        self.entity.receive(pdu, now_ns)
        self._take_notices(now_ns)

    def send(self, now_ns: int, spent: int, unit_of: Callable[[bytes], bytes]) -> bytes:
        """Octets for the line, for as long as has passed; `spent` are those of commands, which go first.

        `unit_of` makes of a packet what goes to the line.  Between two calls a second apart nothing more than that
        second waits below a command, between closer ones a tenth of a second.
        """
        passed = min(max(now_ns - self._sent_ns, 0), NS)
        self._sent_ns = now_ns
        if not self.active:
            self._credit = 0.0
            return b""
        longest = self.entity.remotes[self.craft].longest_pdu
        most = self._up_octets_ns * max(passed, BELOW_NS) + longest
        self._credit = min(self._credit + self._up_octets_ns * passed, most) - spent
        units = []
        while self._credit >= longest:
            pdus = self.entity.send(now_ns, longest)
            if not pdus:
                break
            for pdu in pdus:
                packet = encode_file_packet(PacketType.TELECOMMAND, self._sequence, pdu)
                self._sequence = (self._sequence + 1) % SEQUENCE_MODULO
                units.append(unit_of(packet))
                self._credit -= len(units[-1])
        self._take_notices(now_ns)
        return b"".join(units)

    def on_deadline(self, now_ns: int) -> None:
        if self.active:
            due = self.entity.next_deadline()
            if due is not None and due <= now_ns:
                self.entity.on_deadline(now_ns)
                self._take_notices(now_ns)
            if now_ns - self._shown_ns >= SHOWN_EVERY_NS:
                self._show_progress(now_ns)
        for transfer in list(self._asked.values()) if self._asked else ():
            if now_ns - transfer.began_ns >= NOTHING_CAME_NS:
                self._end(transfer, TransferState.FAILED, now_ns, "nothing came")

    def command_changed(self, record: CommandRecord, now_ns: int) -> None:
        """What a failed command asked for will not come."""
        if not record.ended or record.stage in {Stage.COMPLETED, Stage.NO_ANSWER}:
            return  # without an answer the command may have run all the same
        for transfer in list(self._asked.values()):
            if transfer.command == record.number:
                self._end(transfer, TransferState.FAILED, now_ns, record.reason or record.stage.value)

    # ---------------------------------------------------------------- what happens

    def _take_notices(self, now_ns: int) -> None:
        for notice in self.entity.notices():
            self._take(notice, now_ns)

    def _take(self, notice: Notice, now_ns: int) -> None:
        transfer = self._by_transaction.get(notice.transaction)
        if transfer is None and notice.transaction.source != GROUND_ENTITY:
            transfer = self._came(notice, now_ns)
        if transfer is None:
            return
        kind = notice.kind
        if kind is Indication.RECEIVED or kind is Indication.SENT:
            self._end(transfer, TransferState.DONE, now_ns)
        elif kind is Indication.FAILED:
            self._end(transfer, TransferState.FAILED, now_ns, words(notice.condition))
        elif kind in (Indication.SUSPENDED, Indication.RESUMED):
            held = kind is Indication.SUSPENDED
            transfer.state = TransferState.SUSPENDED if held else TransferState.ACTIVE
            self.changed(transfer)

    def _came(self, notice: Notice, now_ns: int) -> Transfer | None:
        """A file comes down: the one that was asked for, or one that the spacecraft sends by itself.

        Its name is known with the metadata.  A transaction that ends before has none, and stays unnamed.
        """
        if notice.kind not in (Indication.METADATA, Indication.FAILED, Indication.RECEIVED):
            return None
        receiver = self.entity.receivers.get(notice.transaction)
        octets = receiver.metadata.size if receiver is not None and receiver.metadata is not None else -1
        for transfer in self._asked.values():
            if transfer.name == notice.name:
                del self._asked[transfer.number]
                transfer.state, transfer.octets = TransferState.ACTIVE, octets
                self._bind(transfer, notice.transaction)
                self.changed(transfer)
                return transfer
        return self._add(Transfer(0, False, notice.name, octets), now_ns, notice.transaction)

    def _show_progress(self, now_ns: int) -> None:
        self._shown_ns = now_ns
        for one in self.entity.transactions():
            transfer = self._by_transaction.get(one.id)
            if transfer is not None and not transfer.ended and transfer.done != one.progress:
                transfer.done = one.progress
                if transfer.octets < 0 and one.metadata is not None:
                    transfer.octets = one.metadata.size
                self.changed(transfer)

    def _end(self, transfer: Transfer, state: TransferState, now_ns: int, reason: str = "") -> None:
        if transfer.ended:
            return
        transfer.end(state, now_ns, reason)
        self._asked.pop(transfer.number, None)
        self._by_transaction.pop(TransactionId(transfer.source, transfer.sequence), None)
        if transfer.up:
            self._forget_file(transfer.file)
        self.changed(transfer)

    # ---------------------------------------------------------------- rows

    def _add(self, transfer: Transfer, now_ns: int, transaction: TransactionId | None) -> Transfer:
        transfer.number = transfer.number or self._new_number()
        transfer.began_ns = now_ns
        self.transfers[transfer.number] = transfer
        if transaction is not None:
            self._bind(transfer, transaction)
        if len(self.transfers) > SHOWN_MAX:
            ended = next((number for number, one in self.transfers.items() if one.ended), transfer.number)
            del self.transfers[ended]
        self.changed(transfer)
        return transfer

    def _bind(self, transfer: Transfer, transaction: TransactionId) -> None:
        transfer.source, transfer.sequence = transaction
        self._by_transaction[transaction] = transfer

    def _new_number(self) -> int:
        self._next += 1
        return self._next - 1

    def _staged_name(self, number: int) -> str:
        if number not in self._staged:
            raise CommandError(f"no file {number} is being taken")
        return self._staged[number]

    def _forget_file(self, name: str) -> None:
        with suppress(OSError):
            self.store.remove(name)


def checked_name(name: str) -> bytes:
    """The name as it goes over the link.  CommandError for one that is not allowed, before anything is sent."""
    if name.partition("/")[0] == OUTGOING:
        raise CommandError(f"{name!r}: {OUTGOING}/ is the ground's own")
    if safe_name(name.encode(errors="replace")) is None:
        raise CommandError(
            f"{name!r}: not a file name that may go over the link (relative, ASCII letters, digits and"
            " most signs, at most 200 octets and 8 folders)"
        )
    return name.encode()
