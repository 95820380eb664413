"""Transaction numbers: none twice within a peer's memory, over reboots and when the widest has been used."""

from __future__ import annotations

from flight.wire.cfdp import (
    CfdpEntity,
    FileJournal,
    Local,
    MemoryFileStore,
    Put,
    PutRefusal,
    Remote,
    TransactionId,
)
from flight.wire.cfdp.bookkeeping import SEQUENCE_BLOCK, Bookkeeping
from flight.wire.cfdp.indications import Counters
from flight.wire.cfdp.records import Kind, Sequence, encode_record
from flight.wire.file_packets import GROUND_ENTITY, FileSettings

WIDEST = 65_535


def begun(store: MemoryFileStore, limit: int = 0, octets: int = 2) -> CfdpEntity:
    """An entity that has counted up to `limit`."""
    journal = FileJournal(store)
    if limit:
        journal.rewrite([encode_record(Sequence(limit))])
    entity = CfdpEntity(Local(1, 1, octets), [Remote(2)], store, journal)
    entity.start(journal.read(), 0)
    return entity


def numbers(entity: CfdpEntity, count: int) -> list[int]:
    found = []
    for _ in range(count):
        one = entity.put(Put(2, "a", "b"), 0)
        assert isinstance(one, TransactionId), one
        found.append(one.sequence)
        entity.cancel(one, 0)
        entity.send(0, 1 << 16)
        entity.abandon(one, 0)
    return found


def store() -> MemoryFileStore:
    made = MemoryFileStore()
    made.put("a", b"x")
    return made


def test_after_the_widest_number_comes_the_first_again() -> None:
    assert numbers(begun(store(), WIDEST - 1), 4) == [WIDEST - 1, WIDEST, 1, 2]


def test_what_is_open_is_passed_over() -> None:
    entity = begun(store())
    held = entity.put(Put(2, "a", "b"), 0)
    assert held == TransactionId(1, 1)
    entity._books._sequence = entity._books._reserved = WIDEST
    assert numbers(entity, 2) == [WIDEST, 2]


def test_a_reboot_behind_the_widest_repeats_nothing() -> None:
    medium = store()
    before = numbers(begun(medium, WIDEST - 3), 8)
    medium.cut_power()
    after = numbers(begun(medium), 3)
    assert not set(before) & set(after)
    assert max(before) == WIDEST
    assert after[0] <= before[-1] + SEQUENCE_BLOCK


def test_closed_ones_of_ours_are_passed_over() -> None:
    books = Bookkeeping(Local(1, 1, 2), None, Counters())
    for number in range(1, 11):
        books._closed[Kind.SENDER, TransactionId(1, number)] = None  # type: ignore[index]
    books._sequence = WIDEST + 1
    assert books.next_sequence(()) == 11


def test_numbers_of_one_octet_are_used_once() -> None:
    """A peer may remember more of them than there are."""
    entity = begun(store(), 255, octets=1)
    assert numbers(entity, 1) == [255]
    assert entity.put(Put(2, "a", "b"), 0) is PutRefusal.SEQUENCE


def test_entities_of_missions_have_one_octet_and_none_is_the_ground() -> None:
    entities = {FileSettings(spacecraft, 223).entity for spacecraft in range(1024)}
    assert min(entities) > GROUND_ENTITY
    assert max(entities) <= 255
    assert FileSettings(42, 223).local(44, transactions=1).sequence_octets == 2
