"""One entity, and the test as its peer: it hands in single PDUs and looks at every answer."""

from __future__ import annotations

from typing import Any

from flight.wire.cfdp import (
    CfdpEntity,
    ChecksumType,
    Condition,
    FileJournal,
    Indication,
    Local,
    MemoryFileStore,
    Put,
    Remote,
)
from flight.wire.cfdp.checksums import checksum
from flight.wire.cfdp.decode import decode_pdu
from flight.wire.cfdp.encode import encode_pdu
from flight.wire.cfdp.pdus import Body, Eof, FileData, Header, Metadata, Pdu, TransactionId
from flight.wire.rejection import Rejection

SECOND = 1_000_000_000
PEER, OWN = 1, 2
TEN_SECONDS = {"ack_interval_ns": 10 * SECOND, "nak_interval_ns": 10 * SECOND, "back_off": 0}  # to count by
DATA = bytes(range(256)) * 10


class Alone:
    def __init__(
        self, store: MemoryFileStore | None = None, now: int = 0, local: dict | None = None, **settings
    ):
        self.store = MemoryFileStore() if store is None else store
        self.now = now
        settings = TEN_SECONDS | settings
        self.entity = CfdpEntity(
            Local(OWN, **(local or {})), [Remote(PEER, **settings)], self.store, FileJournal(self.store)
        )
        self.entity.start(FileJournal(self.store).read(), now)
        self.header = Header(PEER, 7, OWN)
        self.notices: list = []
        self.log: list[Pdu] = []  # everything sent

    # the test is the sender

    def take(self, body: Body, header: Header | None = None) -> list[Any]:
        """Hand in a PDU; what the entity sends then."""
        assert self.entity.receive(encode_pdu(header or self.header, body), self.now) is None
        return self.sent()

    def sent(self, room: int = 1 << 20) -> list[Any]:
        pdus = [decode_pdu(data) for data in self.entity.send(self.now, room)]
        assert not any(isinstance(pdu, Rejection) for pdu in pdus)
        self.log += pdus  # type: ignore[arg-type]
        self.notices += self.entity.notices()
        return [pdu.body for pdu in pdus]  # type: ignore[union-attr]

    def wait(self, seconds: float) -> list[Any]:
        """Let time pass in steps of 0.1 s; all that is sent meanwhile."""
        sent: list[Any] = []
        for _ in range(round(seconds * 10)):
            self.now += SECOND // 10
            self.entity.on_deadline(self.now)
            sent += self.sent()
        return sent

    def metadata(self, data: bytes = DATA, name: bytes = b"b.bin", **changes) -> Metadata:
        size = changes.pop("size", len(data))
        kind = changes.pop("kind", ChecksumType.CRC_32)
        return Metadata(changes.pop("closure", False), kind, size, b"a.bin", name, changes.pop("options", ()))

    def eof(self, data: bytes = DATA, condition: Condition = Condition.NO_ERROR) -> Eof:
        return Eof(condition, checksum(ChecksumType.CRC_32, data), len(data))

    def pieces(self, data: bytes = DATA, length: int = 256) -> list[FileData]:
        return [FileData(start, data[start : start + length]) for start in range(0, len(data), length)]

    def received(self) -> Alone:
        """A whole file, up to the Finished PDU."""
        self.take(self.metadata())
        for piece in self.pieces():
            self.take(piece)
        self.take(self.eof())
        return self

    # the test is the receiver

    def put(self, data: bytes = DATA, **wish) -> TransactionId:
        self.store.put("a.bin", data)
        started = self.entity.put(Put(PEER, "a.bin", "b.bin", **wish), self.now)
        assert isinstance(started, TransactionId)
        acknowledged = wish.get("acknowledged", True)
        self.header = Header(
            OWN, started.sequence, PEER, toward_sender=True, acknowledged=acknowledged is not False
        )
        return started

    def faults(self) -> list[Condition]:
        return [notice.condition for notice in self.notices if notice.kind is Indication.FAULT]

    def kinds(self) -> list[str]:
        return [notice.kind.name for notice in self.notices]


def names(bodies: list[Body]) -> list[str]:
    return [type(body).__name__ for body in bodies]


def body_of(data: bytes) -> Body:
    pdu = decode_pdu(data)
    assert isinstance(pdu, Pdu)
    return pdu.body
