"""Files through secured frames on a line that is spoilt every few frames: both directions of CFDP's PDUs."""

from __future__ import annotations

from random import Random

from flight.wire import (
    PacketType,
    TmFrameConfig,
    TmFrameMaker,
    TmReceiver,
    VirtualChannel,
    append_crc,
    encode_packet,
    split_packets,
)
from flight.wire.cfdp import CfdpEntity, Local, MemoryFileStore, Put, Remote, TransactionId
from flight.wire.coding import CaduSync, CltuReceiver, TmCodec, TmCoding, encode_cltu
from flight.wire.sdls import SECURITY_OVERHEAD, Use
from tests.flight.wire.corruption import (
    FRAME,
    GROUP,
    PREFIX,
    RANDOMISER,
    TRAILER,
    Book,
    pieces,
    secured_frame,
    taken,
)
from tests.flight.wire.sdls.ends import SPACECRAFT, End
from tests.flight.wire.spoiling import spoil

SECOND = 1_000_000_000
GROUND, CRAFT = 1, 2
FILE_OCTETS = 8000
LONGEST_PDU = 140
STEPS_MAX = 4000  # of a tenth of a second: no file takes so long
APID = 77
CONFIG = TmFrameConfig(SPACECRAFT, FRAME)
INNER = TmFrameConfig(SPACECRAFT, FRAME - SECURITY_OVERHEAD)  # the same frame when its code is off


class Line:
    """Both ends with their keys and their coding; `down` and `up` carry PDUs, and spoil them."""

    def __init__(self, book: Book, chance: Random) -> None:
        self.book, self.chance = book, chance
        self.board, self.ground = End(Use.TELEMETRY), End(Use.TELECOMMAND)
        self.codec = TmCodec(TmCoding(FRAME))
        self.maker, self.sync = TmFrameMaker(CONFIG), CaduSync(self.codec)
        self.channel, self.packets = VirtualChannel(INNER.zone_length), TmReceiver(INNER)
        self.cltus = CltuReceiver(SPACECRAFT, RANDOMISER)
        self.sequence = 0

    def packed(self, pdu: bytes) -> bytes:
        self.sequence = (self.sequence + 1) % 16_384
        return encode_packet(PacketType.TELEMETRY, APID, self.sequence, pdu, secondary=False)

    def down(self, pdus: list[bytes]) -> list[bytes]:
        for pdu in pdus:
            assert self.channel.add(self.packed(pdu))
        cadus = []
        while (zone := self.channel.take()) is not None:
            frame = secured_frame(self.board, self.maker, 2, zone[0], zone[1])
            cadus.append(self.codec.encode(frame))
        stream = self.spoilt(cadus)
        found = [frame for piece in pieces(stream, self.chance) for frame in self.sync.receive(piece)]
        return [pdu for frame in found for pdu in self._received(frame)]

    def _received(self, frame: bytes) -> list[bytes]:
        """The clear frame, made of what the code has confirmed, goes the way of all telemetry."""
        pdus = []
        for data in taken(self.ground, [frame], self.book):
            clear = append_crc(frame[:PREFIX] + data + frame[-TRAILER:-2])
            pdus += [found.packet[6:] for found in self.packets.receive_frame(clear)]
        return pdus

    def up(self, pdus: list[bytes]) -> list[bytes]:
        frames = [self.ground.telecommand(self.packed(pdu)) for pdu in pdus]
        stream = self.spoilt([encode_cltu(frame, RANDOMISER) for frame in frames])
        found = [frame for piece in pieces(stream, self.chance) for frame in self.cltus.receive(piece)]
        given = taken(self.board, found, self.book)
        return [packet[6:] for data in given for packet in split_packets(data) if isinstance(packet, bytes)]

    def spoilt(self, units: list[bytes]) -> bytes:
        """One place for each `GROUP` units, as with the other streams; fewer units are spoilt as rarely."""
        stream = b""
        for at in range(0, len(units), GROUP):
            group = units[at : at + GROUP]
            self.book.units += len(group)
            if self.chance.random() * GROUP < len(group):
                self.book.corruptions += 1
                stream += spoil(group, self.chance).stream
            else:
                stream += b"".join(group)
        return stream


def files(name: str, corruptions: int, seed: int = 1) -> Book:
    """Wrong: a file that is not the one sent, or one that does not come; refused: frames with a false code."""
    book, chance = Book(name), Random(seed)
    line = Line(book, chance)
    stores = {end: MemoryFileStore() for end in (GROUND, CRAFT)}
    ground = CfdpEntity(Local(GROUND), [Remote(CRAFT, longest_pdu=LONGEST_PDU)], stores[GROUND])
    craft = CfdpEntity(Local(CRAFT), [Remote(GROUND, longest_pdu=LONGEST_PDU)], stores[CRAFT])
    now = number = 0
    while book.corruptions < corruptions:
        number += 1
        down = number % 2 == 0
        source, target, sender = (CRAFT, GROUND, craft) if down else (GROUND, CRAFT, ground)
        data = chance.randbytes(FILE_OCTETS)
        stores[source].put("source", data)
        assert isinstance(sender.put(Put(target, "source", "copy"), now), TransactionId)
        for _ in range(STEPS_MAX):
            now += SECOND // 10
            line.board.now = line.ground.now = now
            for pdu in line.down(craft.send(now, 2000)):
                ground.receive(pdu, now)
            for pdu in line.up(ground.send(now, 2000)):
                craft.receive(pdu, now)
            for entity in (ground, craft):
                entity.on_deadline(now)
                entity.notices()
            if not ground.transactions() and not craft.transactions():
                break
        right = stores[target].exists("copy") and stores[target].content("copy") == data
        book.wrong += not right
        book.files += 1
        if stores[target].exists("copy"):
            stores[target].remove("copy")
    return book
