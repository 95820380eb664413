from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.wire import (
    NO_PACKET_START,
    ONLY_IDLE,
    LinkCounters,
    PacketExtractor,
    PacketType,
    Reason,
    VirtualChannel,
    encode_packet,
    idle_packet,
)

ZONE = 50


def packet(number: int, size: int) -> bytes:
    return encode_packet(PacketType.TELEMETRY, 5, number, bytes([number % 251]) * (size - 6))


def zones_of(packets: list[bytes], zone_length: int = ZONE) -> list[tuple[bytes, int]]:
    channel = VirtualChannel(zone_length, capacity=10**7)
    for one in packets:
        channel.add(one)
    zones = []
    while zone := channel.take():
        zones.append(zone)
    return zones


def extract(zones: list[tuple[bytes, int]], extractor: PacketExtractor) -> list[bytes]:
    return [found for zone, pointer in zones for found in extractor.extract(zone, pointer)]


@given(st.lists(st.integers(7, 400), max_size=40), st.integers(7, 300))
def test_everything_put_in_comes_out(sizes: list[int], zone_length: int) -> None:
    packets = [packet(number, size) for number, size in enumerate(sizes)]
    counters = LinkCounters()
    extractor = PacketExtractor(counters)
    assert extract(zones_of(packets, zone_length), extractor) == packets
    assert not counters.rejections


@given(st.lists(st.integers(7, 120), min_size=1, max_size=40), st.data())
def test_lost_frames_cost_only_packets_with_octets_in_them(sizes: list[int], draw) -> None:
    packets = [packet(number, size) for number, size in enumerate(sizes)]
    zones = zones_of(packets)
    lost = draw.draw(st.sets(st.integers(0, len(zones) - 1), max_size=4))
    extractor = PacketExtractor()
    found = []
    for number, zone in enumerate(zones):
        if number in lost:
            extractor.lose()
        else:
            found += extractor.extract(*zone)
    position, whole = 0, []
    for one in packets:
        touched = set(range(position // ZONE, (position + len(one) - 1) // ZONE + 1))
        position += len(one)
        if not touched & lost:
            whole.append(one)
    assert found == whole


def test_a_packet_cut_by_lost_frames_is_counted_once() -> None:
    counters = LinkCounters()
    extractor = PacketExtractor(counters)
    zones = zones_of([packet(0, 30), packet(1, 100), packet(2, 15)])
    assert extractor.extract(*zones[0]) == [packet(0, 30)]
    extractor.lose()
    extractor.lose()
    assert counters.rejections == {Reason.PACKET_LOST: 1}
    assert extract(zones[1:], extractor) == [packet(2, 15)]


def test_starting_in_the_middle_waits_for_the_first_header() -> None:
    zones = zones_of([packet(0, 120), packet(1, 20)])
    assert zones[1][1] == NO_PACKET_START
    counters = LinkCounters()
    assert extract(zones[1:], PacketExtractor(counters)) == [packet(1, 20)]
    assert not counters.rejections


def test_idle_packets_are_counted_and_kept_back() -> None:
    counters = LinkCounters()
    stream = [packet(0, 20), idle_packet(60), packet(1, 20), idle_packet(50), idle_packet(100), packet(2, 50)]
    assert extract(zones_of(stream), PacketExtractor(counters)) == [
        packet(n, s) for n, s in ((0, 20), (1, 20), (2, 50))
    ]
    assert counters.idle_packets == 3


def test_only_idle_data_passes_by_a_packet_under_way() -> None:
    extractor = PacketExtractor()
    first, second = zones_of([packet(0, 80), packet(1, 20)])
    assert extractor.extract(*first) == []
    assert extractor.extract(bytes(ZONE), ONLY_IDLE) == []
    assert extractor.extract(*second) == [packet(0, 80), packet(1, 20)]


def test_a_header_cut_by_the_end_of_a_zone() -> None:
    for first in range(ZONE - 7, ZONE + 1):
        packets = [packet(0, first), packet(1, 60), packet(2, 40)]
        assert extract(zones_of(packets), PacketExtractor()) == packets


DISAGREEMENTS = {
    "pointer past the zone": ([(bytes(ZONE), ZONE)], Reason.FIRST_HEADER),
    "pointer too late": ([(packet(0, 50), 0), (packet(1, 50), 3)], Reason.FIRST_HEADER),
    "pointer inside the packet under way": (
        [zones_of([packet(0, 80), packet(1, 20)])[0], (bytes(ZONE), 20)],
        Reason.FIRST_HEADER,
    ),
    "pointer past the end of the packet under way": (
        [zones_of([packet(0, 80), packet(1, 20)])[0], (bytes(ZONE), 31)],
        Reason.FIRST_HEADER,
    ),
    "no pointer though the packet ends one octet early": (
        [(packet(0, 99)[:ZONE], 0), (packet(0, 99)[ZONE:] + b"\0", NO_PACKET_START)],
        Reason.FIRST_HEADER,
    ),
    "pointer inside its header": (
        [(packet(0, 46) + b"\x08\x05\xc0\0", 0), (bytes(ZONE), 1)],
        Reason.FIRST_HEADER,
    ),
    "no pointer after a packet's end": (
        [(packet(0, 50), 0), (packet(1, 50), NO_PACKET_START)],
        Reason.FIRST_HEADER,
    ),
    "no pointer though the packet ends": (
        [zones_of([packet(0, 80), packet(1, 20)])[0], (bytes(ZONE), NO_PACKET_START)],
        Reason.FIRST_HEADER,
    ),
    "another version": ([(b"\x28" + packet(0, 50)[1:], 0)], Reason.VERSION),
    "another version behind a cut header": (
        [(packet(0, 46) + b"\xe8\x05\xc0\0", 0), (b"\0\x40" + bytes(48), NO_PACKET_START)],
        Reason.VERSION,
    ),
    "longer than allowed": ([(packet(0, 1001)[:ZONE], 0)], Reason.TOO_LONG),
    "longer than allowed behind a cut header": (
        [(packet(0, 46) + b"\x08\x05\xc0\0", 0), (b"\xff\xff" + bytes(48), NO_PACKET_START)],
        Reason.TOO_LONG,
    ),
}


@pytest.mark.parametrize(("zones", "reason"), DISAGREEMENTS.values(), ids=DISAGREEMENTS)
def test_pointers_and_lengths_that_disagree(zones, reason) -> None:
    """One count each, and the next first header brings it back."""
    counters = LinkCounters()
    extractor = PacketExtractor(counters, longest_packet=1000)
    extract(zones, extractor)
    assert counters.rejections[reason] == 1
    recovered = extractor.extract(bytes(4) + packet(9, 46), 4)
    assert packet(9, 46) in recovered


def test_the_pointer_is_believed() -> None:
    """A packet that does not fit before it is dropped; the one it points at comes out at once."""
    extractor = PacketExtractor()
    extractor.extract(packet(0, 80)[:ZONE], 0)
    assert extractor.extract(bytes(10) + packet(1, 40), 10) == [packet(1, 40)]


def test_a_packet_with_a_cut_header_may_not_be_too_long_either() -> None:
    counters = LinkCounters()
    extractor = PacketExtractor(counters, longest_packet=50)
    extractor.extract(packet(0, 46) + packet(1, 51)[:4], 0)
    assert extractor.extract(packet(1, 51)[4:] + packet(2, 10), 47) == [packet(2, 10)]
    assert counters.rejections.total() == 1


def test_zones_shorter_than_a_header() -> None:
    """A long secondary header leaves little room."""
    short = packet(0, 7)
    for cut in range(1, 7):
        for more in range(cut, 7):
            extractor = PacketExtractor()
            zones = [(short[:cut], 0), (short[cut:more], NO_PACKET_START), (short[more:], NO_PACKET_START)]
            assert extract([zone for zone in zones if zone[0]], extractor) == [short]


@given(st.lists(st.tuples(st.binary(max_size=60), st.integers(0, 2047)), max_size=20), st.integers(7, 100))
def test_any_zones_give_packets_or_counts(zones, longest) -> None:
    extractor = PacketExtractor(longest_packet=longest)
    for zone, pointer in zones:
        for found in extractor.extract(zone, pointer):
            assert 7 <= len(found) <= longest
            assert int.from_bytes(found[4:6], "big") + 7 == len(found)
            assert found[0] >> 5 == 0
        assert len(extractor._partial) <= longest + len(zone)


@pytest.mark.parametrize("size", [7, 20, 65542])
def test_cost_is_linear(size: int, calls_of) -> None:
    def cost(count: int) -> int:
        zones = zones_of([packet(number, size) for number in range(count)])
        extractor = PacketExtractor()
        return calls_of(lambda: extract(zones, extractor))

    count = 4 if size > 1000 else 300
    assert cost(2 * count) <= 2.1 * cost(count)


def test_the_longest_packet_is_all_that_is_held() -> None:
    zones = zones_of([packet(number, 65542) for number in range(6)], 1103)
    extractor = PacketExtractor()
    tracemalloc.start()
    for zone, pointer in zones:
        extractor.extract(zone, pointer)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 65542


@pytest.mark.parametrize("identification", [0x2000, 0x2001, 0xFFFF])
def test_another_version_is_no_packet(identification: int) -> None:
    counters = LinkCounters()
    data = identification.to_bytes(2, "big") + b"\xc0\x00\x00\x00x"
    assert PacketExtractor(counters).extract(data, 0) == []
    assert counters.rejections[Reason.VERSION] == 1
