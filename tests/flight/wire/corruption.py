"""Live streams through a bad line, one spoilt place after the other, and the book that is kept about them.

python -m tests.flight.wire.corruption [CORRUPTIONS] prints the table of docs/link.md: telemetry in the clear, coded and
secured, secured telecommands, secured files; each kind with a fifth of the corruptions.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt
from random import Random

from flight.wire import Rejection, TmFrameConfig, TmFrameMaker, append_crc, decode_tc_frame
from flight.wire.coding import CaduSync, CltuReceiver, TmCodec, TmCoding, TmRandomisation, encode_cltu
from flight.wire.coding import telecommand_randomiser as made_randomiser
from flight.wire.sdls import (
    SECURITY_OVERHEAD,
    Protection,
    SecurityRejection,
    Use,
    telecommand_rule,
    telemetry_rule,
)
from tests.flight.wire.sdls.ends import SPACECRAFT, End
from tests.flight.wire.spoiling import spoil

GROUP = 4  # units between two spoilt places
BATCH = 50  # groups; then it is looked what has arrived
FRAME = 223
RANDOMISER = made_randomiser()
PREFIX, TRAILER = 6, 6  # octets of a telemetry frame before and behind what is secured


@dataclass(slots=True)
class Book:
    """What became of a stream.  `lost` are units that the line did not touch; `most_lost` of one corruption."""

    name: str
    corruptions: int = 0
    units: int = 0
    wrong: int = 0  # given out as good, and never sent so
    lost: int = 0
    most_lost: int = 0
    refused: int = 0  # good error control and no authentic code
    files: int = 0
    seconds: float = 0.0

    @property
    def wrong_bound(self) -> int:
        """What CRC-16 lets through: one in 65,536 of what is noise to it, and four sigma."""
        mean = self.corruptions / 65_536
        return int(mean + 4 * sqrt(mean) + 1)

    def count_lost(self, sent: list[list[bytes]], touched: list[frozenset[int]], given: set[bytes]) -> None:
        for units, spoilt in zip(sent, touched, strict=True):
            lost = sum(unit not in given for n, unit in enumerate(units) if n not in spoilt)
            self.lost += lost
            self.most_lost = max(self.most_lost, lost)
            self.units += len(units)
            self.corruptions += 1


def pieces(stream: bytes, chance: Random) -> Iterator[bytes]:
    """As a serial line hands them over."""
    at = 0
    while at < len(stream):
        size = chance.choice((1, 7, 64, 300, 4096))
        yield stream[at : at + size]
        at += size


# ---------------------------------------------------------------- telemetry

CODINGS = {
    "telemetry, clear": TmCoding(FRAME),
    "telemetry, coded": TmCoding(FRAME, 1, TmRandomisation.LONG),
    "telemetry, believed": TmCoding(FRAME, error_control=False),  # shows that the book sees what is wrong
}


def telemetry(name: str, corruptions: int, seed: int = 1) -> Book:
    """Frames with CLCW and error control.  Wrong: a frame that was never sent comes out of the synchroniser."""
    book, chance, codec = Book(name), Random(seed), TmCodec(CODINGS[name])
    maker, sync = TmFrameMaker(TmFrameConfig(SPACECRAFT, FRAME)), CaduSync(codec)
    zone_length = TmFrameConfig(SPACECRAFT, FRAME).zone_length
    while book.corruptions < corruptions:
        sent, touched, found = [], [], []
        for _ in range(BATCH):
            frames = [maker.make(0, chance.randbytes(zone_length), 0, 1 << 24) for _ in range(GROUP)]
            spoilt = spoil([codec.encode(frame) for frame in frames], chance)
            for piece in pieces(spoilt.stream, chance):
                found += sync.receive(piece)
            sent.append(frames)
            touched.append(spoilt.touched)
        found += sync.receive(bytes(2 * codec.coding.cadu_length)) + sync.flush()
        given, known = set(found), {frame for frames in sent for frame in frames}
        book.wrong += len(given - known)
        book.count_lost(sent, touched, given)
    return book


def secured_telemetry(name: str, corruptions: int, seed: int = 1) -> Book:
    """Frames with SDLS.  Every other corruption knows the error control field and makes it fit."""
    book, chance, codec = Book(name), Random(seed), TmCodec(TmCoding(FRAME))
    board, ground = End(Use.TELEMETRY), End(Use.TELECOMMAND)
    config = TmFrameConfig(SPACECRAFT, FRAME)
    maker, sync = TmFrameMaker(config), CaduSync(codec)
    inner = config.zone_length - SECURITY_OVERHEAD

    while book.corruptions < corruptions:
        sent, touched, found = [], [], []
        for _ in range(BATCH):
            data = [chance.randbytes(inner) for _ in range(GROUP)]
            units = [secured_frame(board, maker, 0, one, 0) for one in data]
            if chance.random() < 0.5:
                at = chance.randrange(GROUP)
                body = spoil([units[at][:-2]], chance).stream.ljust(FRAME - 2, b"\0")[: FRAME - 2]
                hit = {at} if body != units[at][:-2] else set()
                units[at] = append_crc(body)
                stream, gone = b"".join(map(codec.encode, units)), frozenset(hit)
            else:
                stream, gone = spoil([codec.encode(one) for one in units], chance)
            for piece in pieces(stream, chance):
                found += sync.receive(piece)
            sent.append(data)
            touched.append(gone)
        found += sync.receive(bytes(2 * codec.coding.cadu_length)) + sync.flush()
        given = taken(ground, found, book)
        known = {one for data in sent for one in data}
        book.wrong += len(given) - len(set(given) & known)
        book.count_lost(sent, touched, set(given))
    return book


def secured_frame(end: End, maker: TmFrameMaker, vc: int, data: bytes, first_header: int) -> bytes:
    """A telemetry frame with `data` under the key in force."""
    bare = maker.make(vc, data + bytes(SECURITY_OVERHEAD), first_header, 1 << 24)
    field = end.sender.apply(bare[:PREFIX], data)
    if field is None:  # the numbers that are reserved are used up
        end.settle()
        field = end.sender.apply(bare[:PREFIX], data)
    assert field is not None
    return append_crc(bare[:PREFIX] + field + bare[-TRAILER:-2])


def taken(end: End, frames: list[bytes], book: Book) -> list[bytes]:
    """What one end believes; twice the same would be in the list twice."""
    data = []
    for frame in frames:
        verified = end.receiver.verify(frame)
        if isinstance(verified, SecurityRejection):
            book.refused += 1
            continue
        assert end.receiver.accept(verified, end.now) is None
        one = end.receiver.take(end.now)
        if not one:
            end.settle()
            one = end.receiver.take(end.now)
        data += [part.data for part in one]
    return data


# ---------------------------------------------------------------- telecommands


def telecommands(
    name: str, corruptions: int, seed: int = 1, protection: Protection = Protection.PROTECTED
) -> Book:
    """CLTUs with secured BD frames.  Of three corruptions one is noise, one fits the checksum, one is a replay."""
    book, chance = Book(name), Random(seed)
    rules = telecommand_rule(frozenset({0}), protection=protection), telemetry_rule(frozenset({0}))
    ground, board = End(Use.TELECOMMAND, rules), End(Use.TELEMETRY, rules)
    receiver = CltuReceiver(SPACECRAFT, RANDOMISER)
    heard: list[bytes] = []
    while book.corruptions < corruptions:
        sent, touched, found = [], [], []
        for _ in range(BATCH):
            data = [chance.randbytes(chance.randint(8, 120)) for _ in range(GROUP)]
            frames = [ground.telecommand(one) for one in data]
            stream, gone = attack(frames, heard, chance)
            heard = [*heard[-200:], *frames]
            for piece in pieces(stream, chance):
                found += receiver.receive(piece)
            sent.append(data)
            touched.append(gone)
        found += receiver.flush()
        good = [frame for frame in found if not isinstance(decode_tc_frame(frame), Rejection)]
        given = taken(board, good, book)
        known = {one for data in sent for one in data}
        book.wrong += len(given) - len(set(given) & known)
        book.count_lost(sent, touched, set(given))
    return book


def attack(frames: list[bytes], heard: list[bytes], chance: Random) -> tuple[bytes, frozenset[int]]:
    kind, at = chance.randrange(3 if heard else 2), chance.randrange(len(frames))
    units = [encode_cltu(frame, RANDOMISER) for frame in frames]
    if kind == 0:
        spoilt = spoil(units, chance)
        return spoilt.stream, spoilt.touched
    if kind == 1:  # as long as before, else the header's length gives it away
        body = spoil([frames[at][:-2]], chance).stream.ljust(len(frames[at]) - 2, b"\0")[
            : len(frames[at]) - 2
        ]
        units[at] = encode_cltu(append_crc(body), RANDOMISER)
        return b"".join(units), frozenset({at} if body != frames[at][:-2] else ())
    old = bytearray(chance.choice(heard)[:-2])
    old[4] = chance.randrange(256)  # N(S), which the mask of yamcs leaves open
    units.insert(at, encode_cltu(append_crc(bytes(old)), RANDOMISER))
    return b"".join(units), frozenset()


def kinds() -> dict[str, Callable[[str, int, int], Book]]:
    from tests.flight.wire.corrupted_files import files

    return {
        "telemetry, clear": telemetry,
        "telemetry, coded": telemetry,
        "telemetry, secured": secured_telemetry,
        "telecommands, secured": telecommands,
        "files, secured": files,
    }


def run(name: str, corruptions: int, seed: int = 1) -> Book:
    began = time.process_time()
    book = kinds()[name](name, corruptions, seed)
    book.seconds = time.process_time() - began
    return book


def main(corruptions: int) -> None:
    print(
        "| stream | corruptions | units | good ones lost, of one corruption at most | refused by the code | wrong |"
    )
    print("|---|--:|--:|--:|--:|--:|")
    for name in kinds():
        book = run(name, corruptions // len(kinds()))
        print(
            f"| {name} | {book.corruptions:,} | {book.units:,} | {book.lost}, {book.most_lost} | {book.refused:,} "
            f"| {book.wrong} | {book.seconds:.0f} s" + f", {book.files:,} files" * bool(book.files),
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
