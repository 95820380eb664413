"""The files worker: turns and orders, without a process."""

from __future__ import annotations

import random

import pytest

from flight.declare.filing import (
    NO_DEADLINE,
    ListFiles,
    Ordered,
    RemoveFile,
    SendFile,
    Steer,
    SteerFile,
    Turn,
    Turned,
)
from flight.declare.storage import Failed
from flight.wire.cfdp import CfdpEntity, Kept, Local, MemoryFileStore, Put, Remote
from flight.wire.file_packets import GROUND_ENTITY, FileSettings
from flight.workers.files import NOTICES_MAX, TRANSACTIONS_MAX, FilesWorker
from sim.disk import SimulatedDisk

SECOND = 1_000_000_000
SETTINGS = FileSettings(0x2A, 223, 10_000)
ROOM = 4_000


class Pair:
    """A worker on board, and an entity on the ground."""

    def __init__(self) -> None:
        self.disk = SimulatedDisk(random.Random(1))
        self.worker = FilesWorker(self.disk, SETTINGS)
        self.store = MemoryFileStore()
        self.ground = CfdpEntity(Local(GROUND_ENTITY), [Remote(SETTINGS.entity, longest_pdu=256)], self.store)
        self.now = 0
        self.told: list[tuple[str, int, int]] = []
        self.last = Turned((), (), NO_DEADLINE, self.turn(contact=False).figures)

    def turn(self, *, contact: bool = True, room: int = ROOM, pdus: tuple[bytes, ...] = ()) -> Turned:
        result = self.worker.perform(Turn(self.now, contact, room, pdus))
        assert isinstance(result, Turned)
        return result

    def fly(self, seconds: int, *, room: int = ROOM) -> None:
        for _ in range(seconds):
            self.now += SECOND
            up = tuple(self.ground.send(self.now, ROOM))
            self.last = self.turn(room=room, pdus=up)
            for pdu in self.last.pdus:
                self.ground.receive(pdu, self.now)
            self.ground.on_deadline(self.now)
            self.told += [(n.what, n.source, n.sequence) for n in self.last.notices]

    def boot(self) -> None:
        """The process is gone; the disk lives on."""
        self.worker = FilesWorker(self.disk, SETTINGS)


@pytest.fixture
def pair() -> Pair:
    return Pair()


def put(pair: Pair, name: str, content: bytes) -> None:
    pair.store.put("source", content)
    pair.ground.put(Put(SETTINGS.entity, "source", name), pair.now)


def test_nothing_to_do_needs_no_turn(pair: Pair) -> None:
    assert pair.turn() == Turned((), (), NO_DEADLINE, pair.last.figures)


def test_a_file_up_and_down_again(pair: Pair) -> None:
    put(pair, "a/b", b"x" * 1_000)
    pair.fly(6)
    assert ("RECEIVED", GROUND_ENTITY, 1) in pair.told
    assert pair.disk.peek("a!b") == b"x" * 1_000
    assert pair.worker.perform(SendFile(pair.now, "a/b", True)) == Ordered(1)
    pair.fly(6)
    assert ("SENT", SETTINGS.entity, 1) in pair.told
    assert pair.store.content("a/b") == b"x" * 1_000
    figures = pair.last.figures
    assert (figures.octets_received, figures.octets_sent) == (1_000, 1_000)
    assert figures.stored_octets >= 1_000
    assert figures.quota_octets == 10_000


def test_the_sum_of_a_removed_file_accuses_no_later_one(pair: Pair) -> None:
    put(pair, "a", b"x" * 100)
    pair.fly(6)
    sums = pair.worker.sums
    assert sums is not None
    assert not sums.holds("a", Kept(1, 1))
    assert pair.worker.perform(RemoveFile(pair.now, "a")) == Ordered(0)
    assert sums.holds("a", Kept(1, 1))


def test_no_more_than_the_room_and_the_longest_pdu(pair: Pair) -> None:
    put(pair, "a", b"x" * 3_000)
    pair.fly(8)
    pair.worker.perform(SendFile(pair.now, "a", True))
    for room in (0, 100, SETTINGS.longest_pdu - 1):
        assert pair.turn(room=room).pdus == ()
    found = pair.turn(room=500).pdus
    assert 0 < sum(map(len, found)) <= 500
    assert all(len(pdu) <= SETTINGS.longest_pdu == 175 for pdu in found)


def test_without_contact_nothing_is_sent(pair: Pair) -> None:
    put(pair, "a", b"x" * 3_000)
    pair.fly(8)
    pair.worker.perform(SendFile(pair.now, "a", True))
    assert pair.turn(contact=False).pdus == ()
    assert pair.turn(contact=True).pdus != ()


def test_a_transfer_outlives_the_process(pair: Pair) -> None:
    put(pair, "a", b"x" * 5_000)
    pair.fly(1, room=0)
    pair.fly(1)
    pair.boot()
    pair.fly(12)
    assert pair.disk.peek("a") == b"x" * 5_000
    pair.worker.perform(SendFile(pair.now, "a", True))
    pair.fly(1, room=1_000)
    pair.boot()
    pair.fly(15)
    assert pair.store.content("a") == b"x" * 5_000


def test_a_disk_that_fails_at_first_is_opened_later(pair: Pair) -> None:
    put(pair, "a", b"x")
    pair.fly(5)
    pair.boot()
    pair.disk.fail_at(pair.disk.operations + 1)
    assert isinstance(pair.worker.perform(Turn(pair.now, True, ROOM, ())), Failed)
    assert pair.worker.entity is None, "an entity without its journal would use numbers again"
    assert pair.worker.perform(SendFile(pair.now, "a", True)) == Ordered(1)


def test_orders_that_cannot_be_carried_out(pair: Pair) -> None:
    put(pair, "a", b"x" * 5_000)
    pair.fly(8)
    perform, now = pair.worker.perform, pair.now
    assert perform(SendFile(now, "absent", True)) == Failed("no such file")
    assert perform(RemoveFile(now, "absent")) == Failed("no such file")
    assert perform(RemoveFile(now, ".cfdp-journal")) == Failed("file name not allowed")
    assert perform(SteerFile(now, Steer.CANCEL, 9, 9)) == Failed("no such transaction")
    assert isinstance(perform(ListFiles(now, "../..")), Failed)
    assert isinstance(perform("nonsense"), Failed)
    perform(SendFile(now, "a", True))
    assert perform(RemoveFile(now, "a")) == Failed("the file is being sent: cancel that first")
    assert perform(SteerFile(now, Steer.CANCEL, SETTINGS.entity, 1)) == Ordered(0)
    pair.fly(3)
    assert perform(RemoveFile(now, "a")) == Ordered(0)
    assert pair.disk.peek("a") is None


def test_a_removed_file_stays_removed_over_a_power_cut(pair: Pair) -> None:
    put(pair, "a", b"x")
    pair.fly(5)
    assert pair.worker.perform(RemoveFile(pair.now, "a")) == Ordered(0)
    assert pair.disk.reboot().peek("a") is None


def test_the_list_of_a_folder(pair: Pair) -> None:
    for name, size in (("t/a", 3), ("t/b", 4), ("c", 5)):
        put(pair, name, b"x" * size)
        pair.fly(5)
    pair.worker.perform(ListFiles(pair.now, "t"))
    pair.worker.perform(ListFiles(pair.now, ""))
    pair.fly(8)
    assert pair.store.content("listings/t.txt") == b"3 t/a\n4 t/b\n"
    assert pair.store.content("listings/all.txt") == b"5 c\n3 t/a\n4 t/b\n"
    assert all("listing" not in name for name in pair.disk.names()), "they were only for the way"


def test_lists_of_before_and_after_a_boot_do_not_mix(pair: Pair) -> None:
    put(pair, "t/a", b"xxx")
    pair.fly(5)
    pair.worker.perform(ListFiles(pair.now, "t"))
    pair.boot()
    pair.worker.perform(ListFiles(pair.now, ""))
    assert len([name for name in pair.disk.names() if "listing" in name]) == 2
    pair.fly(12)
    assert pair.store.content("listings/t.txt") == b"3 t/a\n"


def test_the_number_of_transactions_is_bounded(pair: Pair) -> None:
    put(pair, "a", b"x")
    pair.fly(5)
    for _ in range(TRANSACTIONS_MAX):
        assert isinstance(pair.worker.perform(SendFile(pair.now, "a", True)), Ordered)
    assert pair.worker.perform(SendFile(pair.now, "a", True)) == Failed("too many transactions")


def test_many_notices_come_in_several_turns(pair: Pair) -> None:
    put(pair, "a", b"x")
    pair.fly(5)
    for _ in range(TRANSACTIONS_MAX):
        pair.worker.perform(SendFile(pair.now, "a", True))
    for sequence in range(1, TRANSACTIONS_MAX + 1):
        for steer in (Steer.SUSPEND, Steer.RESUME, Steer.SUSPEND):
            pair.worker.perform(SteerFile(pair.now, steer, SETTINGS.entity, sequence))
    first = pair.turn(room=0)
    assert len(first.notices) == NOTICES_MAX
    assert first.deadline == pair.now
    assert first.figures.suspended == TRANSACTIONS_MAX
    second = pair.turn(room=0)
    assert len(second.notices) == 4 * TRANSACTIONS_MAX - NOTICES_MAX


def test_what_is_no_pdu_is_counted(pair: Pair) -> None:
    found = pair.turn(pdus=(b"", b"nonsense", b"\xff" * 40))
    assert found.figures.rejected == 3
    assert found.pdus == ()


def test_the_board_acts_on_no_message_of_the_other_end(pair: Pair) -> None:
    from flight.wire.cfdp import ListingRequest, encode_message

    message = encode_message(ListingRequest(b"", b"stolen.txt"))
    pair.ground.put(Put(SETTINGS.entity, messages=(message,)), pair.now)
    pair.fly(8)
    assert not pair.store.exists("stolen.txt")
