"""A bad line: its rate and delay hold, its faults come as often as asked, and the seed says where."""

from __future__ import annotations

import random

import pytest

from sim.shaping import NS, WAITING_MAX, OctetFaults, ShapedLine, Spoiler

LONG = random.Random(1).randbytes(400_000)


def test_without_faults_nothing_changes() -> None:
    assert Spoiler(OctetFaults(), "x").spoil(LONG) == LONG


@pytest.mark.parametrize(
    "faults",
    [
        OctetFaults(loss=0.01),
        OctetFaults(flip=0.001),
        OctetFaults(burst=0.001, burst_octets=50),
        OctetFaults(console=0.001),
        OctetFaults(0.01, 0.001, 0.001, 20, 0.001),
    ],
)
def test_where_it_strikes_does_not_depend_on_the_pieces(faults: OctetFaults) -> None:
    whole = Spoiler(faults, "seed").spoil(LONG[:20_000])
    pieces, cuts = Spoiler(faults, "seed"), random.Random(2)
    out, place = b"", 0
    while place < 20_000:
        size = cuts.randint(0, 700)
        out += pieces.spoil(LONG[place : min(20_000, place + size)])
        place += size
    assert out == whole != LONG[:20_000]
    assert Spoiler(faults, "another").spoil(LONG[:20_000]) != whole


def test_as_often_as_asked() -> None:
    spoiler = Spoiler(OctetFaults(loss=0.01), "a")
    assert len(LONG) - len(spoiler.spoil(LONG)) == spoiler.lost
    assert 3_700 < spoiler.lost < 4_300
    spoiler = Spoiler(OctetFaults(flip=0.001), "b")
    out = spoiler.spoil(LONG)
    wrong = sum((one ^ other).bit_count() for one, other in zip(out, LONG, strict=True))
    assert wrong == spoiler.flipped
    assert 2_900 < wrong < 3_500
    spoiler = Spoiler(OctetFaults(burst=0.001, burst_octets=9), "c")
    out = spoiler.spoil(LONG)
    wrong = sum(one != other for one, other in zip(out, LONG, strict=True))
    assert 340 < spoiler.bursts < 460
    assert 4.0 < wrong / spoiler.bursts < 6.0


def test_console_text_stands_between_the_octets() -> None:
    spoiler = Spoiler(OctetFaults(console=0.0001), "d")
    out = spoiler.spoil(bytes(100_000))
    assert out.count(b"usb 1-1: reset") == spoiler.inserted > 0
    assert out.replace(b"\0", b"").count(b"\r\n") == 2 * spoiler.inserted
    assert out.count(b"\0") == 100_000


def test_certain_loss_and_none() -> None:
    assert Spoiler(OctetFaults(loss=1.0), "e").spoil(LONG[:100]) == b""


@pytest.mark.parametrize("bad", [{"loss": -0.1}, {"flip": 1.5}, {"burst": float("nan")}, {"burst_octets": 0}])
def test_what_is_no_probability(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        OctetFaults(**bad)  # type: ignore[arg-type]


def test_rate_and_delay() -> None:
    line = ShapedLine(octets_s=1_000, delay_ns=NS // 20)
    line.put(LONG[:100], 0)
    assert line.take(NS // 20) == b"", "the first octets take their time on the line, too"
    got, now = b"", 0
    while len(got) < 100:
        due = line.next_arrival()
        assert due is not None
        assert due > now
        now = due
        got += line.take(now)
    assert got == LONG[:100]
    assert now == NS // 10 + NS // 20
    assert line.next_arrival() is None


def test_a_line_carries_one_after_the_other_and_keeps_no_time_that_it_was_idle() -> None:
    line = ShapedLine(octets_s=1_000)
    line.put(bytes(10), 0)
    line.put(bytes(10), 0)
    assert len(line.take(15 * NS // 1_000)) == 15
    assert len(line.take(20 * NS // 1_000)) == 5
    line.put(bytes(10), NS)
    assert line.take(NS) == b"", "the second that it was idle does not come back"
    assert len(line.take(NS + NS // 100)) == 10


def test_a_line_that_is_cut_and_one_that_is_full() -> None:
    line = ShapedLine()
    line.cut = True
    line.put(b"abc", 0)
    assert (line.take(NS), line.discarded) == (b"", 3)
    line.cut = False
    line.put(bytes(WAITING_MAX), 0)
    line.put(b"more", 0)
    assert line.discarded == 7
    assert len(line.take(0)) == WAITING_MAX
