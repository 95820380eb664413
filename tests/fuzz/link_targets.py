"""COP-1, security and files: what decides what is done with octets from the line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from flight.wire import (
    TcFrame,
    TcFrameHeader,
    TcFrameType,
    TmFrameConfig,
    TmFrameMaker,
    append_crc,
    decode_tc_frame,
)
from flight.wire.cfdp import (
    CfdpEntity,
    FileJournal,
    ListingRequest,
    Local,
    MemoryFileStore,
    Originating,
    ProxyPut,
    Put,
    Remote,
    RemoteRequest,
    TransactionId,
    decode_message,
    decode_pdu,
    encode_message,
    encode_pdu,
    filestore_requests,
    messages,
    safe_name,
)
from flight.wire.cfdp import decode as pdu_decoding
from flight.wire.cfdp import journal as journals
from flight.wire.cfdp import receiver as file_receiver
from flight.wire.cfdp import records as journal_records
from flight.wire.cfdp.fields import ChecksumType, TlvType
from flight.wire.cfdp.messages import ListingResponse, Message
from flight.wire.cfdp.pdus import Body, Header, Metadata, Nak, Pdu, Tlv
from flight.wire.cfdp.records import decode_record
from flight.wire.cop1 import Farm, Fop, ServiceKeeper, decode_control
from flight.wire.sdls import (
    COUNTERS_NAME,
    KEYS_NAME,
    Blocks,
    FollowingReceiver,
    Receiver,
    Use,
    Vault,
    Verified,
    kept,
    open_vault,
    resume,
    unpack_counters,
    unpack_keys,
)
from flight.wire.telemetry_link import TelemetryLink
from ground.opening import FrameOpener
from tests.flight.wire.cfdp.pair import SECOND, Pair
from tests.flight.wire.sdls.ends import End, ring
from tests.fuzz.engine import Target

SPACECRAFT = 73


def behind_lengths(data: bytes) -> Iterator[bytes]:
    """Pieces, each behind its length in one octet."""
    at = 0
    while at < len(data):
        yield data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]


def with_lengths(pieces: list[bytes]) -> bytes:
    return b"".join(bytes([len(piece)]) + piece for piece in pieces)


# ---------------------------------------------------------------- COP-1


def both_procedures(data: bytes) -> None:
    """Frames for the board and control words for the ground, in turn; and time that passes."""
    farm, fop = Farm(), Fop()
    keeper = ServiceKeeper(fop, SECOND)
    keeper.start()
    now = 0
    for piece in behind_lengths(data):
        now += SECOND
        decode_control(piece)
        if piece:
            kind = tuple(TcFrameType)[piece[0] % 3]
            length = len(piece) + 5
            farm.receive(
                TcFrame(TcFrameHeader(kind, SPACECRAFT, 0, length, piece[0]), piece[1:]), room=piece[0] < 200
            )
            farm.clcw()
        if len(piece) >= 4:
            keeper.receive_word(int.from_bytes(piece[:4], "big"), now)
        while (frame := fop.send()) is not None:
            fop.left(frame.kind, now)
        if fop.next_deadline() is not None:
            fop.on_deadline(now)


def procedure_seeds() -> list[bytes]:
    words = [Farm().clcw().to_bytes(4, "big"), (1 << 24).to_bytes(4, "big"), (1 << 24 | 3).to_bytes(4, "big")]
    return [with_lengths([*words * 4, b"\x01\x00", b"\x01\x82\x00\x05", b"\x82\x00", b"\x00data"])]


# ---------------------------------------------------------------- security


@cache
def ends() -> tuple[End, End]:
    ground, board = End(Use.TELECOMMAND), End(Use.TELEMETRY)
    ground.settle()
    return ground, board


def secured_frames(data: bytes) -> None:
    """As they come, and with good error control: none is authentic, whatever it is."""
    _, board = ends()
    for frame in (data, append_crc(data)):
        assert not isinstance(board.receiver.verify(frame), Verified), "forged"
        decode_tc_frame(frame)


def secured_seeds() -> list[bytes]:
    """Genuine ones, of which the board has taken a later one: replays."""
    ground, board = ends()
    frames = [ground.telecommand(bytes(n)) for n in (1, 20, 60)]
    last = ground.telecommand(b"last")
    assert board.receive(last) == [b"last"]
    return [*frames, *(frame[:-2] for frame in frames)]


TM_LINK, TM_FRAME = TelemetryLink((0, 1, 2)), 64


@cache
def telemetry_ends() -> tuple[End, TmFrameMaker]:
    """A ground, and what its spacecraft makes frames with."""
    board = End(Use.TELEMETRY)
    board.sender.ready()
    board.settle()
    maker = TmFrameMaker(TmFrameConfig(SPACECRAFT, TM_FRAME), board.sender, TM_LINK.protected)
    return End(Use.TELECOMMAND, blocks=Blocks(receiving=None)), maker


def opened_frames(data: bytes) -> None:
    """On protected channels nothing comes out but what was made with the key; others go through as they are."""
    ground, _ = telemetry_ends()
    body = data[: TM_FRAME - 2].ljust(TM_FRAME - 2, b"\0")
    opener = FrameOpener(SPACECRAFT, TM_LINK, ground.vault, {})
    for frame in (body + b"\0\0", append_crc(body)):
        ours = frame[0] << 8 | frame[1]
        protected = ours >> 4 == SPACECRAFT and ours >> 1 & 7 in TM_LINK.protected
        assert opener.open([frame]) == ([] if protected else [frame]), "forged"


def opened_seeds() -> list[bytes]:
    """Genuine ones, and a later one was taken: replays."""
    ground, maker = telemetry_ends()
    made = [maker.make(vc, bytes(maker.zone_length(vc)), 0, 1 << 24) for vc in (0, 1, 2, 7, 0)]
    opener = FrameOpener(SPACECRAFT, TM_LINK, ground.vault, {})
    assert len(opener.open(made[-1:])) == 1
    return [*made, *(frame[:-2] for frame in made)]


def kept_keys(data: bytes) -> None:
    """Keys and counters as a damaged disk may give them, with and without their seal."""
    for body in (data, kept._sealed(data[:4], [data[4:]])):
        unpack_keys(body)
        unpack_counters(body)
        for keys, counters in ((body, ring()[COUNTERS_NAME]), (ring()[KEYS_NAME], body)):
            vault = Vault()
            open_vault(vault, Use.TELEMETRY, keys, counters, damaged=len(data) % 2 == 1)
            for save in vault.due(0):
                vault.stored(save.ticket, 0)


def kept_seeds() -> list[bytes]:
    stored = ring()
    return [*stored.values(), *(body[:-4] for body in stored.values())]


# ---------------------------------------------------------------- files


def file_pdus(data: bytes) -> None:
    """What is understood says the same when it is packed and read again."""
    for octets in (data, append_crc(data)):
        found = decode_pdu(octets)
        if isinstance(found, Pdu):
            again = decode_pdu(encode_pdu(found.header, found.body))
            assert isinstance(again, Pdu)
            assert again.body == found.body


@cache
def pdus_of_a_transfer() -> tuple[list[bytes], list[bytes]]:
    """Up and down, with loss, so that each kind is there."""
    pair, up, down = Pair(5, 0.2), list[bytes](), list[bytes]()
    put_on_line = pair.put_on_line

    def listen(data: bytes, from_ground: bool) -> None:
        (up if from_ground else down).append(data)
        put_on_line(data, from_ground)

    pair.put_on_line = listen  # type: ignore[method-assign]
    pair.ground.store.put("a", bytes(3000))
    asked = (encode_message(ListingRequest(b"", b"list")), encode_message(ProxyPut(1, b"b", b"c")))
    wish = Put(2, "a", "b", messages=asked)
    pair.ground.entity.put(wish, 0)
    pair.run(60)
    return up, down


def pdu_seeds() -> list[bytes]:
    up, down = pdus_of_a_transfer()
    kinds = {
        (len(pdu) > 200, pdu[0], pdu[16:17]): pdu[:60] if len(pdu) > 200 else pdu for pdu in (*up, *down)
    }
    return list(kinds.values())


def long_pdus(octets: int) -> list[bytes]:
    """Lists as long as a PDU may have them."""
    header = Header(1, 2, 3, acknowledged=True)
    pairs = tuple((n, n + 1) for n in range(octets // 8))
    options = tuple(Tlv(TlvType.MESSAGE_TO_USER, b"x") for _ in range(octets // 3))
    bodies: list[Body] = [Nak(0, 9, pairs), Metadata(False, ChecksumType.CRC_32, 9, b"a", b"b", options)]
    return [encode_pdu(header, body) for body in bodies]


def an_entity(data: bytes) -> None:
    """A board with a file of its own on the way down, and whatever is sent to it."""
    store = MemoryFileStore(quota_octets=200_000)
    entity = CfdpEntity(Local(2, transactions_limit=4), [Remote(1)], store, FileJournal(store))
    store.put("own", bytes(2000))
    entity.put(Put(1, "own", "got"), 0)
    now = 0
    for pdu in behind_lengths(data):
        now += SECOND // 2
        entity.receive(pdu, now)
        entity.send(now, 2000)
        entity.on_deadline(now)
    assert len(entity.transactions()) <= 5
    entity.notices()
    again = CfdpEntity(Local(2), [Remote(1)], store, FileJournal(store))
    again.start(FileJournal(store).read(), now)


def entity_seeds() -> list[bytes]:
    up, _ = pdus_of_a_transfer()
    return [
        with_lengths([pdu for pdu in up if len(pdu) < 256][:6]),
        *(with_lengths([pdu]) for pdu in up if len(pdu) < 256),
    ]


def file_messages(data: bytes) -> None:
    for value in (data, b"cfdp" + data):
        decode_message(value)
        safe_name(value)
        filestore_requests._well_formed(value)
        pdu_decoding.decode_tlvs(value)


def message_seeds() -> list[bytes]:
    asked = TransactionId(1, 2)
    told: list[Message] = [
        ListingRequest(b"a/b", b"c"),
        ProxyPut(3, b"a", b"b"),
        Originating(asked),
        RemoteRequest(asked, resume=True),
        ListingResponse(True, b"a", b"b"),
    ]
    made = [encode_message(one) for one in told]
    return [*made, *(value[4:] for value in made), b"folder/name.bin"]


def journal(data: bytes) -> None:
    """A journal of any octets, and one of sound records with any content."""
    records = [piece for piece in behind_lengths(data) if piece]
    framed = b"".join(map(journals._framed, records))
    for octets in (data, framed):
        store = MemoryFileStore()
        store.put(journals.JOURNAL_NAME, octets)
        found = FileJournal(store)
        entity = CfdpEntity(Local(2), [Remote(1)], store, found)
        entity.start(found.read(), 0)
        entity.on_deadline(SECOND)
    for record in (data, *records):
        decode_record(record)


@cache
def journal_seeds() -> list[bytes]:
    """As a power cut in the middle of a transfer leaves them, of each end."""
    seeds = []
    for step in (3, 6):
        pair = Pair(5, 0.2, local={"checkpoint_octets": 500})
        pair.room = 1500
        pair.ground.store.put("a", bytes(5000))
        pair.ground.entity.put(Put(2, "a", "b"), 0)
        for _ in range(step):
            pair.step()
        pair.ground.entity.contact(False, pair.now)
        pair.craft.entity.contact(False, pair.now)
        for end in (pair.ground, pair.craft):
            records = FileJournal(end.store).read()
            seeds.append(end.store.content(journals.JOURNAL_NAME))
            seeds.append(with_lengths([record for record in records if len(record) < 256]))
            seeds += records
    return seeds


TARGETS = (
    Target("COP-1, both ends", both_procedures, procedure_seeds, (Farm, Fop, decode_control)),
    Target(
        "SDLS frames",
        secured_frames,
        secured_seeds,
        (Receiver.verify, Receiver._open, Receiver._objection),
        0,
    ),
    Target(
        "SDLS frames of telemetry",
        opened_frames,
        opened_seeds,
        (FrameOpener.open, FollowingReceiver.open, FollowingReceiver._lowest),
        0,
    ),
    Target(
        "SDLS keys and counters",
        kept_keys,
        kept_seeds,
        (unpack_keys, unpack_counters, kept._slot, kept._rows, resume),
    ),
    Target("CFDP PDUs", file_pdus, pdu_seeds, (pdu_decoding,), grown=long_pdus),
    Target(
        "CFDP entity",
        an_entity,
        entity_seeds,
        (CfdpEntity.receive, CfdpEntity._accept, CfdpEntity._stray, file_receiver),
    ),
    Target(
        "CFDP messages and names",
        file_messages,
        message_seeds,
        (
            messages.decode_message,
            messages._decode_remote,
            messages._split,
            messages._read_transaction,
            safe_name,
            filestore_requests._well_formed,
        ),
    ),
    Target(
        "CFDP journal",
        journal,
        journal_seeds,
        (
            FileJournal.read,
            journal_records.decode_record,
            journal_records._decode_open,
            journal_records._stretches,
            CfdpEntity.start,
        ),
    ),
)
