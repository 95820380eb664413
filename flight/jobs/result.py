"""The result file: a receipt, and behind it every file that the receipt names, as one stream of deflate.

    octets  what
    8       SKYRES and the version, 0 1
    4       length of the receipt, big-endian
            the receipt
            raw deflate (RFC 1951): what the job has printed, then its outputs, in the receipt's order, nothing between

The receipt holds the size and hash of each file and is signed, so no octet of them can be changed unseen.  A job that
has failed, or was cancelled, has one, too: with what it printed, and no outputs.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from flight.jobs.digest import new_sha256
from flight.jobs.fields import Fault
from flight.jobs.package import CHUNK, RAW_DEFLATE
from flight.jobs.receipt import RECEIPT_OCTETS, FileHash, Receipt, decode_receipt
from flight.jobs.terms import Terms

RESULT_MAGIC = b"SKYRES\x00\x01"
HEAD = Struct(">8sI")
LEVEL = 6  # the line down is slower than any processor, and level 9 takes three times as long for a percent


@dataclass(frozen=True, slots=True)
class ResultOpened:
    """Its files follow."""

    receipt: Receipt
    octets: bytes  # of the receipt


@dataclass(frozen=True, slots=True)
class FileOctets:
    file: FileHash
    octets: bytes


@dataclass(frozen=True, slots=True)
class FileEnds:
    """All its octets have come, and their hash is right."""

    file: FileHash


ResultEvent = ResultOpened | FileOctets | FileEnds | Fault


def result_name(terms: Terms) -> str:
    """Of the file, in both stores."""
    return f"results/{terms.owner}-{terms.name}-{terms.serial}.result"


def files_of(receipt: Receipt) -> tuple[FileHash, ...]:
    """As they stand in the result file."""
    return (*receipt.printed, *receipt.outputs)


class ResultWriter:
    """`begin`, then `add` the files' octets in the order of `files_of`, then `end`: each gives octets of the file."""

    def __init__(self, receipt: bytes, level: int = LEVEL) -> None:
        assert 0 < len(receipt) <= RECEIPT_OCTETS
        self._receipt = receipt
        self._deflate = zlib.compressobj(level, zlib.DEFLATED, RAW_DEFLATE)

    def begin(self) -> bytes:
        return HEAD.pack(RESULT_MAGIC, len(self._receipt)) + self._receipt

    def add(self, octets: bytes) -> bytes:
        return self._deflate.compress(octets)

    def end(self) -> bytes:
        return self._deflate.flush()


class ResultReader:
    """`receive` is given the file piece by piece; what it yields must be taken to its end.

    After a Fault nothing more comes.  `board_key` None leaves the signature unchecked.  Memory is bounded whatever
    comes: by the receipt, and one piece of a file.
    """

    def __init__(self, board_key: bytes | None) -> None:
        self._key = board_key
        self._held = bytearray()  # the head and the receipt while they come
        self._inflate = zlib.decompressobj(RAW_DEFLATE)
        self._files: list[FileHash] = []  # that are still to come, the next one last
        self._digest, self._missing = new_sha256(), 0
        self.receipt: Receipt | None = None
        self.damaged = False

    def receive(self, octets: bytes) -> Iterator[ResultEvent]:
        for start in range(0, len(octets), CHUNK):
            if self.damaged:
                return
            yield from self._checked(self._take(octets[start : start + CHUNK]))

    def finish(self) -> Fault | None:
        """There are no more octets.  None if all was right, or a fault came before."""
        if self.damaged:
            return None
        if self.receipt is None or self._files or not self._inflate.eof:
            self.damaged = True
            return Fault("the file", "ends too early", "all that its receipt names")
        return None

    def _checked(self, events: Iterator[ResultEvent]) -> Iterator[ResultEvent]:
        for event in events:
            self.damaged = isinstance(event, Fault)
            yield event
            if self.damaged:
                return

    def _take(self, piece: bytes) -> Iterator[ResultEvent]:
        if self.receipt is None:
            self._held += piece
            opened = self._open()
            if opened is None:
                return
            yield from opened
            piece, self._held = bytes(self._held), bytearray()
            yield from self._begin_file()
        yield from self._unpack(piece)

    def _open(self) -> tuple[ResultEvent, ...] | None:
        """None while the receipt is not all there; `_held` is what stands behind it."""
        held = self._held
        if not RESULT_MAGIC.startswith(held[: len(RESULT_MAGIC)]):
            return (Fault("the file", f"begins with {bytes(held[:8])!r}", "a result file"),)
        if len(held) < HEAD.size:
            return None
        _, length = HEAD.unpack_from(held)
        if not 0 < length <= RECEIPT_OCTETS:
            return (Fault("the receipt", f"{length:,} octets", f"at most {RECEIPT_OCTETS:,}"),)
        if len(held) < HEAD.size + length:
            return None
        octets = bytes(held[HEAD.size : HEAD.size + length])
        receipt = decode_receipt(octets, self._key)
        if isinstance(receipt, tuple):
            return receipt[:1]
        del held[: HEAD.size + length]
        self.receipt, self._files = receipt, list(reversed(files_of(receipt)))
        return (ResultOpened(receipt, octets),)

    def _begin_file(self) -> Iterator[ResultEvent]:
        """Of the next file; those of no octets end at once."""
        while self._files:
            self._digest, self._missing = new_sha256(), self._files[-1].size
            if self._missing:
                return
            yield self._end_file()

    def _unpack(self, piece: bytes) -> Iterator[ResultEvent]:
        given = b"-" * CHUNK
        while piece or len(given) == CHUNK:  # a full chunk may have left some behind
            try:
                given = self._inflate.decompress(piece, CHUNK)
            except zlib.error as error:
                yield Fault("the files", f"no deflate: {error}", "one stream of it")
                return
            piece = self._inflate.unconsumed_tail
            yield from self._give(given)
            if self._inflate.unused_data:
                yield Fault("the file", "octets behind its end", "nothing")
                return

    def _give(self, octets: bytes) -> Iterator[ResultEvent]:
        while octets:
            if not self._files:
                yield Fault("the files", "more octets than the receipt names", "no more")
                return
            taken = octets[: self._missing]
            octets = octets[len(taken) :]
            self._digest.update(taken)
            self._missing -= len(taken)
            yield FileOctets(self._files[-1], taken)
            if not self._missing:
                yield self._end_file()
                yield from self._begin_file()

    def _end_file(self) -> FileEnds | Fault:
        file = self._files.pop()
        if self._digest.digest() != file.sha256:
            return Fault(file.path, "another hash than the receipt's", "the file as the board hashed it")
        return FileEnds(file)
