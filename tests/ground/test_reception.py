"""Octets of several stations to packets, each once; what a link loses is counted where it was lost."""

from __future__ import annotations

import pytest

from flight.wire import PacketType, encode_packet
from ground.gaps import Coverage
from ground.reception import STATIONS_MAX, Reception

NS = 1_000_000_000


@pytest.fixture
def reception(dictionary):
    return Reception(dictionary, [Coverage() for _ in dictionary.stores])


def times(packets):
    return [packet.time_ns // NS for packet in packets]


def test_a_packet_and_what_stands_in_it(reception, craft):
    ((packet,), frames) = reception.receive(craft.down(craft.power(5 * NS)), 9 * NS, "Kiruna")
    assert packet[:7] == (2 << 56, 5 * NS, 9 * NS, 1, 3, 25, 2)
    assert packet.body[:2] == b"\x00\x02"
    assert len(frames) == 1
    ((other,), _) = reception.receive(craft.down(craft.report(17, 2, b"", NS)), 9 * NS, "Kiruna")
    assert (other.service, other.subtype, other.sid, other.body) == (17, 2, -1, b"")


def test_two_stations_at_once_do_not_disturb_each_other(reception, craft):
    """One hears every frame, the other every second one, and later."""
    frames = craft.frames([craft.power(second * NS) for second in range(80)])
    assert len(frames) > 10
    found = []
    for at in range(len(frames) + 3):
        found += reception.receive(b"".join(frames[at : at + 1]), NS, "Kiruna")[0]
        late = at - 3
        if late >= 0 and late % 2:
            found += reception.receive(frames[late], NS, "Svalbard")[0]
    assert times(found) == list(range(80))


def test_between_contacts_nothing_counts_as_lost(reception, craft):
    reception.begin_contact()
    reception.receive(craft.down(craft.power(0)), NS, "Kiruna")
    for _ in range(7):
        craft.down(craft.power(0))  # heard elsewhere
    reception.begin_contact()
    reception.receive(craft.down(craft.power(NS)), NS, "Kiruna")
    assert reception.link.lost_frames == 0
    craft.down(craft.power(0))
    reception.receive(craft.down(craft.power(2 * NS)), NS, "Kiruna")
    assert reception.link.lost_frames == 1
    assert reception.link.frames == 3, "of all contacts together"


def test_marks_of_a_contact(reception, craft):
    packets = [craft.power(second * NS) for second in range(10)]
    reception.receive(craft.down(packets[8], packets[9]), NS, "a")
    reception.receive(craft.down(packets[2], packets[5], packets[3], vc=1), NS, "a")
    assert reception.live_low == [-1, -1, 8]
    assert reception.played_high == [-1, -1, 5]
    assert reception.live_ns == -1, "of the last reception"
    reception.receive(craft.down(packets[7]), NS, "a")
    assert (reception.live_low[2], reception.live_ns) == (8, 7 * NS)
    reception.begin_contact()
    assert reception.live_low == reception.played_high == [-1, -1, -1]


def test_stations_are_bounded_and_none_is_uncounted(reception, craft):
    for number in range(3 * STATIONS_MAX):
        reception.receive(craft.down(craft.power(number * NS)), NS, f"station {number}")
    assert len(reception._receivers) == STATIONS_MAX
    assert reception.link.frames == 3 * STATIONS_MAX
    assert reception.counters.packets == 3 * STATIONS_MAX


def test_frames_out_of_the_archive(reception, craft, dictionary):
    octets = craft.down(*(craft.power(second * NS) for second in range(20)))
    live, frames = reception.receive(octets, 9 * NS, "Kiruna")
    again = Reception(dictionary, [Coverage() for _ in dictionary.stores])
    assert again.replay(frames, 9 * NS, "Kiruna") == live
    assert again.replay([b"short", bytes(dictionary.frame_length)], NS, "Kiruna") == []


@pytest.mark.parametrize("size", [1, 23, 24, 25, 100])
def test_packets_of_any_octets(reception, craft, size):
    packet = encode_packet(PacketType.TELEMETRY, 5, 0, bytes(size))
    assert reception.receive(craft.down(packet), NS, "")[0] == []
    assert reception.counters.bad_packets == 1
