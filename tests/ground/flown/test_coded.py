"""Flight, a spoiled line and the ground, with each coding: what the line does, Reed-Solomon undoes."""

from __future__ import annotations

import random

import pytest

from flight.wire.coding import TmCoding, TmRandomisation
from ground.station import Ground

pytestmark = pytest.mark.slow

CODINGS = [
    TmCoding(223, 0, TmRandomisation.SHORT),
    TmCoding(223, 1, TmRandomisation.SHORT),
    TmCoding(1115, 5, TmRandomisation.LONG),
    TmCoding(892, 4),
    TmCoding(1600, 8, TmRandomisation.SHORT),  # 23 symbols of virtual fill to a codeword
    TmCoding(600, 6, TmRandomisation.LONG),  # 123
]


@pytest.mark.parametrize("coding", CODINGS)
def test_a_good_line_brings_everything(make_flown, coding: TmCoding) -> None:
    flown = make_flown(Ground, coding=coding)
    flown.fly(120)
    flown.contact(True)
    flown.fly(60)
    link = flown.ground.link
    assert link.frames.frames > 50
    assert (link.missing, link.frames.lost_frames, link.frames.skipped_octets) == (0, 0, 0)
    assert link.frames.corrected_symbols == 0


@pytest.mark.parametrize("coding", CODINGS[1:])
def test_a_wrong_bit_in_every_frame_costs_nothing_with_reed_solomon(make_flown, coding: TmCoding) -> None:
    flown = make_flown(Ground, coding=coding)
    flown.radio.down.spoiling.flip = 1.0
    flown.contact(True)
    flown.fly(60)
    counters = flown.ground.link.frames
    assert counters.lost_frames == 0
    # A wrong bit in the marker is no wrong symbol.
    assert counters.corrected_frames + counters.damaged_markers == counters.frames > 30
    assert counters.corrected_symbols == counters.corrected_frames


def test_without_it_the_same_line_brings_next_to_nothing(make_flown) -> None:
    flown = make_flown(Ground, coding=CODINGS[0])
    flown.radio.down.spoiling.flip = 1.0
    flown.contact(True)
    flown.fly(60)
    counters = flown.ground.link.frames
    assert counters.frames <= 5, "those whose wrong bit met the marker, behind a good one"
    assert counters.bad_error_control > 30


def spoil(rng: random.Random, sent: list[bytes]) -> bytes:
    """Console text, octets lost and added, bits flipped and whole frames lost."""
    line = bytearray()
    for cadu in sent:
        luck, octets = rng.random(), bytearray(cadu)
        if luck < 0.05:
            continue
        if luck < 0.10:
            del octets[rng.randrange(len(octets))]
        elif luck < 0.15:
            octets[rng.randrange(len(octets)) :] = b""
        elif luck < 0.20:
            octets = bytearray(b"U-Boot 2024.01 (Jan 08 2024)\r\nDRAM: ") + octets
        elif luck < 0.60:
            for _ in range(rng.randrange(1, 12)):
                octets[rng.randrange(len(octets))] ^= 1 << rng.randrange(8)
        line += octets
    return bytes(line)


@pytest.mark.parametrize("coding", [CODINGS[0], CODINGS[1], CODINGS[2]])
def test_over_a_foul_line_everything_comes_in_the_end(make_flown, coding: TmCoding) -> None:
    """What is lost is asked for again, until nothing is missing."""
    flown = make_flown(Ground, coding=coding)
    rng = random.Random(7)
    flown.radio.down.carry = lambda sent: [spoil(rng, sent)]
    flown.fly(200)
    flown.contact(True)
    flown.fly(240)
    foul = flown.ground.link
    assert foul.frames.lost_frames > 10
    assert foul.packets.bad_packets == 0, "the checksum of a frame lets nothing wrong through here"
    flown.radio.down.carry = lambda sent: sent
    flown.fly(90)
    assert flown.ground.link.missing == 0
