"""Whole transfers through a bad line: every file right, both ends closed."""

from __future__ import annotations

import pytest

from flight.wire.cfdp import ChecksumType, Indication, Put
from flight.wire.cfdp.pdus import Nak
from tests.bench.bench_cfdp import LINES, goodput
from tests.flight.wire.cfdp.pair import SECOND, Pair, octets

SUMS = list(ChecksumType)
SEGMENT = 1024 - 12 - 4  # of the file, in the longest PDU


def transfer(pair: Pair, count: int, down: bool, **wish) -> bytes:
    source, destination = (pair.craft, pair.ground) if down else (pair.ground, pair.craft)
    data = octets(count, count)
    source.store.put("a.bin", data)
    source.entity.put(Put(destination.local.entity, "a.bin", "b.bin", **wish), pair.now)
    pair.run()
    return data


def outcome(pair: Pair, down: bool) -> tuple[bytes, bool, list, list]:
    source, destination = (pair.craft, pair.ground) if down else (pair.ground, pair.craft)
    return (
        destination.store.content("b.bin") if destination.store.exists("b.bin") else b"",
        pair.quiet(),
        [notice.kind for notice in source.notices][-1:],
        [notice.kind for notice in destination.notices if notice.kind is Indication.RECEIVED],
    )


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("acknowledged", [False, True])
@pytest.mark.parametrize("checksum", SUMS)
@pytest.mark.parametrize("count", [0, 1, 997, 5000])
def test_a_file_arrives(count, checksum, acknowledged, down):
    pair = Pair()
    data = transfer(pair, count, down, checksum=checksum, acknowledged=acknowledged)
    assert outcome(pair, down) == (data, True, [Indication.SENT], [Indication.RECEIVED])


def survives(seed: int, loss: float) -> None:
    pair = Pair(
        seed, loss, repeat=loss / 2, jitter_ns=SECOND // 3, crc=seed % 2 == 0, immediate_nak=seed % 3 != 0
    )
    data = transfer(pair, 20_000 + 997 * (seed % 7), seed % 4 == 0, checksum=SUMS[seed % 3])
    assert outcome(pair, seed % 4 == 0) == (data, True, [Indication.SENT], [Indication.RECEIVED])


@pytest.mark.parametrize("loss", [0.0, 0.01, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("seed", range(6))
def test_class_2_survives_loss_repetition_and_reordering(loss, seed):
    survives(seed, loss)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("loss", [0.0, 0.01, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("block", range(10))
def test_a_thousand_seeds(loss, block):
    for seed in range(block * 100, block * 100 + 100):
        survives(seed, loss)


@pytest.mark.parametrize(("entity", "sequence"), [(1, 1), (2, 2), (4, 4), (8, 8), (4, 2)])
def test_ids_of_other_widths(entity, sequence):
    pair = Pair(local={"entity_octets": entity, "sequence_octets": sequence})
    data = transfer(pair, 5000, down=True)
    assert outcome(pair, True) == (data, True, [Indication.SENT], [Indication.RECEIVED])
    assert {(pdu.header.entity_octets, pdu.header.sequence_octets) for *_, pdu in pair.log} == {
        (entity, sequence)
    }


def test_many_files_both_ways_at_once():
    pair = Pair(3, 0.05, repeat=0.05, jitter_ns=SECOND // 4)
    for number in range(12):
        pair.ground.store.put(f"up{number}", octets(number, 3000 * number))
        pair.craft.store.put(f"down{number}", octets(100 + number, 2000 * number))
        pair.ground.entity.put(Put(2, f"up{number}", f"got/up{number}"), 0)
        pair.craft.entity.put(Put(1, f"down{number}", f"got/down{number}"), 0)
    pair.run()
    assert pair.quiet()
    for number in range(12):
        assert pair.craft.store.content(f"got/up{number}") == octets(number, 3000 * number)
        assert pair.ground.store.content(f"got/down{number}") == octets(100 + number, 2000 * number)


def test_a_shorter_file_replaces_a_longer_one_fully():
    pair = Pair()
    pair.craft.store.put("b.bin", octets(9, 70_000))
    data = transfer(pair, 500, down=False)
    assert pair.craft.store.content("b.bin") == data


@pytest.mark.parametrize("immediate", [False, True])
def test_gaps_are_asked_for_at_once_or_after_the_eof(immediate):
    pair = Pair(immediate_nak=immediate)
    pair.room = 4096
    lost = []

    def drop(pdu, from_ground):
        if getattr(pdu.body, "offset", None) == 4 * SEGMENT:
            lost.append(pair.now)
            return len(lost) == 1
        return False

    pair.drop = drop
    data = transfer(pair, 60_000, down=False)
    assert outcome(pair, False)[:2] == (data, True)
    first = next(time for time, ground, pdu in pair.log if isinstance(pdu.body, Nak))
    eof = next(time for time, ground, pdu in pair.log if pdu.body.__class__.__name__ == "Eof")
    assert (first < eof) is immediate
    assert len(lost) == 2, "asked for once"


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_most_of_a_paced_line_is_file(line):
    """In virtual time; the bench has more and larger files."""
    _, longest, frame_ns, loss, goal = LINES[line]
    assert goodput(300 * longest * 5, longest, frame_ns, loss, seed=1) > goal
