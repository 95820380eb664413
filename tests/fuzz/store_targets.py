"""What is read back from disks and pipes on board, and the requests of services to the modules."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp

from flight.declare import SaveDocument
from flight.kernel.supervisor import State
from flight.modules import schedule
from flight.modules.downlink import Downlink
from flight.modules.downlink.stores import StoreService
from flight.modules.parameters import Parameters
from flight.modules.schedule import document_of, read_document
from flight.store import log, record, segment, slots
from flight.store.record import Damage, encode, place_of, scan
from flight.wire import decode_cuc, encode_cuc, encode_tc
from flight.wire.timed import Timed, pack_timed, read_some, read_timed
from flight.workers import messages
from flight.workers.messages import Unpacker, pack
from flight.workers.pipes import PipeError
from sim.disk import SimulatedDisk
from tests.flight.modules.conftest import Craft, bare_mission
from tests.fuzz.engine import Target
from tests.fuzz.link_targets import behind_lengths, with_lengths

NAME = segment.segment_name("log", 0, 0)
SECOND = 1_000_000_000


# ---------------------------------------------------------------- stores


def log_file(data: bytes) -> None:
    """The newest segment of a log holds these octets: read, scrubbed and appended to."""
    disk = SimulatedDisk(Random(1))
    disk.write(NAME, 0, data) if data else None
    disk.sync_directory()
    found = log.Log(disk, "log", 1 << 20, 1 << 16)
    found.open()
    before = found.read(0, record.NUMBER_LIMIT, 1 << 20)
    found.scrub()
    if found.next < record.NUMBER_LIMIT:
        found.append(found.next, b"new")
        found.commit()
        assert found.read(0, record.NUMBER_LIMIT, 1 << 20)[: len(before)] == before


def records_scanned(data: bytes) -> None:
    damage, place = Damage(), place_of(NAME)
    found = list(scan(data, place, 1000, damage))
    assert sum(20 + len(body) for _, _, body in found) + damage.octets == len(data)


def log_seeds() -> list[bytes]:
    octets = encode([(n, b"record %d" % n) for n in range(5)], place_of(NAME))
    return [octets, octets[5:], octets[:40], encode([(record.NUMBER_LIMIT - 1, b"last")], place_of(NAME))]


def four_slots(data: bytes) -> None:
    """Each slot holds a piece; a state saved afterwards is the one found."""
    disk = SimulatedDisk(Random(1))
    for index, piece in zip(range(4), behind_lengths(data), strict=False):
        if piece:
            disk.write(f"state.slot{index}", 0, piece)
    kept = slots.Slots(disk, "state")
    kept.load()
    kept.save(b"new")
    assert slots.Slots(disk, "state").load() == b"new"


def slot_seeds() -> list[bytes]:
    disk = SimulatedDisk(Random(1))
    kept = slots.Slots(disk, "state")
    for number in range(5):
        kept.save(b"state %d" % number)
    return [with_lengths([disk.read(f"state.slot{n}", 0, 255) for n in range(4)])]


# ---------------------------------------------------------------- lists of telecommands


def timed_lists(data: bytes) -> None:
    read_some(data)
    found = read_timed(data)
    if found is not None:
        assert len(found) == data[0]
        assert 1 + sum(7 + len(one.packet) for one in found) == len(data), "whole packets, and nothing else"
    read_document(data)


def timed_seeds() -> list[bytes]:
    entries = [Timed(n * SECOND, encode_tc(1, n, 17, 1, bytes(n))) for n in range(1, 4)]
    return [pack_timed(entries), document_of(entries[:1], entries[1:], True), document_of([], [], False)]


# ---------------------------------------------------------------- between processes


def worker_pipe(data: bytes) -> None:
    for stream in (data, len(data).to_bytes(4, "big") + data):
        unpacker = Unpacker()
        try:
            unpacker.feed(stream[: len(stream) // 2])
            unpacker.feed(stream[len(stream) // 2 :])
        except PipeError:
            pass


def pipe_seeds() -> list[bytes]:
    message = pack(7, SaveDocument("schedule", b"octets"))
    return [message, message * 3, message[4:]]


# ---------------------------------------------------------------- services


SERVICES = (3, 5, 8, 9, 11, 12, 15, 17, 19, 20)


@cache
def craft() -> Craft:
    """A bare spacecraft: the service modules and something to command.  It flies on from input to input."""
    made = Craft(bare_mission(Path(mkdtemp())))
    made.contact(True)
    made.fly(3)
    return made


def requests(data: bytes) -> None:
    """Each piece is a telecommand: module, service, subtype, then its data.  No module may fail at it."""
    bare = craft()
    apids = sorted(bare.dictionary.apids.values())
    for piece in list(behind_lengths(data))[:4]:
        if len(piece) >= 3:
            apid = apids[piece[0] % len(apids)]
            bare.send(apid, SERVICES[piece[1] % len(SERVICES)], piece[2], piece[3:])
    bare.fly(1)
    kernel = bare.computer.kernel
    assert kernel is not None, "the executive has ended"
    for slot in kernel.slots:
        assert slot.state is State.RUNNING, f"{slot.name} has failed"
    bare.packets.clear()
    bare.channels.clear()


def request_seeds() -> list[bytes]:
    bare = craft()
    apids = sorted(bare.dictionary.apids.values())

    def request(module: str, service: int, subtype: int, data: bytes = b"") -> bytes:
        return bytes([apids.index(bare.dictionary.apids[module]), SERVICES.index(service), subtype]) + data

    packet = bare.packed("toy.push", 1)
    insert = b"\1" + encode_cuc(10**6 * SECOND) + packet
    made = [
        request("schedule", 11, 4, insert),
        request("schedule", 11, 5, b"\1" + packet[:4]),
        *(request("schedule", 11, subtype) for subtype in (1, 2, 3, 6, 8, 12, 15, 16, 17)),
        *(request("schedule", 11, subtype, encode_cuc(SECOND)) for subtype in (15,)),
        *(
            request("schedule", 11, subtype, b"\1" + encode_cuc(0) + encode_cuc(2**31 * SECOND))
            for subtype in (6, 11, 14)
        ),
        request("schedule", 11, 8, encode_cuc(SECOND) + b"\1" + encode_cuc(0) + encode_cuc(2**31 * SECOND)),
        *(request("schedule", 11, subtype, b"\1" + packet[:4]) for subtype in (9, 12)),
        request("schedule", 11, 7, encode_cuc(SECOND) + b"\1" + packet[:4]),
        request("downlink", 15, 9, bytes(1) + bytes(8) + bytes(7) + b"\x09"),
        *(request("downlink", 15, subtype, b"\1\1") for subtype in (1, 2, 12, 15, 16, 17)),
        request("downlink", 15, 16, b"\0") + request("downlink", 15, 11, bytes(7) + b"\0"),
        request("downlink", 15, 18),
        request("parameters", 20, 1, b"\0\1\0\1"),
        request("parameters", 20, 3, b"\0\1\0\1" + bytes(8)),
        *(request("housekeeping", 3, subtype, b"\0\1\0\1") for subtype in (5, 6, 27)),
        *(request("commands", 8, 1, bytes([0, number])) for number in range(12)),
        request("commands", 17, 1),
    ]
    return [with_lengths([one]) for one in made] + [with_lengths(made[:4])]


TARGETS = (
    Target(
        "log store",
        log_file,
        log_seeds,
        (log.Log.open, log.Log.read, segment.Segment, segment.parse_segment_name),
        parts=(b"\xd5\xb7",),
    ),
    Target("log records", records_scanned, log_seeds, (scan,), parts=(b"\xd5\xb7",)),
    Target("slots", four_slots, slot_seeds, (slots.Slots.load, slots.Slots._read), 500),
    Target(
        "timed telecommands",
        timed_lists,
        timed_seeds,
        (read_some, read_timed, read_document, decode_cuc),
    ),
    Target("worker messages", worker_pipe, pipe_seeds, (Unpacker, messages._message)),
    Target(
        "service requests",
        requests,
        request_seeds,
        (schedule.Schedule, Downlink, StoreService, Parameters),
        0,
    ),
)
