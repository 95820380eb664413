"""Who may send jobs: the table that the ground sent last, else the mission's own."""

from __future__ import annotations

from struct import Struct
from zlib import crc32

from flight.declare.shelving import TenantsInForce
from flight.jobs import Fault, Tenant, read_tenants
from flight.workers.job_shelf import JobShelf

HEAD = Struct(">8sI")  # magic, CRC-32 of the text
MAGIC = b"SKYTNTS\x01"
FAULTS_TOLD = 3


class TableError(ValueError):
    """Why it cannot be in force: the first few faults."""


class TenantTable:
    """`tenants` is in force.  A kept table that is damaged, or that the disk does not give, counts as none."""

    def __init__(self, shelf: JobShelf, own: tuple[Tenant, ...]) -> None:
        self.shelf, self.own = shelf, own
        self.tenants, self.check, self.lost = own, 0, False
        try:
            kept = shelf.table()
            if kept is not None:
                self._use(_text_of(kept))
        except (TableError, OSError):  # no reason to move no files: the ground is told, and sends it again
            self.lost = True

    def in_force(self) -> TenantsInForce:
        return TenantsInForce(sum(not one.revoked for one in self.tenants), self.check, self.lost)

    def take(self, text: bytes) -> None:
        """On the disk, then in force.  TableError and OSError leave the one before."""
        tenants = _parsed(text)
        self.shelf.keep_table(HEAD.pack(MAGIC, crc32(text)) + text)
        self.tenants, self.check, self.lost = tenants, crc32(text), False

    def forget(self) -> None:
        self.shelf.keep_table(None)
        self.tenants, self.check, self.lost = self.own, 0, False

    def _use(self, text: bytes) -> None:
        self.tenants, self.check = _parsed(text), crc32(text)


def _text_of(kept: bytes) -> bytes:
    text = kept[HEAD.size :]
    if len(kept) < HEAD.size or HEAD.unpack_from(kept) != (MAGIC, crc32(text)):
        raise TableError("damaged")
    return text


def _parsed(text: bytes) -> tuple[Tenant, ...]:
    try:
        found = read_tenants(text.decode())
    except UnicodeDecodeError:
        raise TableError("no UTF-8") from None
    faults = [str(one) for one in found if isinstance(one, Fault)]
    if faults:
        raise TableError("; ".join(faults[:FAULTS_TOLD]))
    return tuple(one for one in found if isinstance(one, Tenant))
