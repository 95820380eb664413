"""Both ends together, with a line between them that loses, flips and adds octets."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from flight.wire import (
    CRC_LENGTH,
    Ack,
    TcPacket,
    TmPacket,
    decode_tc,
    decode_tm,
    encode_tc,
    encode_tm,
    record_number,
)


def telemetry(number: int, size: int = 75) -> bytes:
    return encode_tm(
        5, number, 3, 25, number, 0, number * 10**9, record_number(1, number), bytes([number % 256]) * size
    )


def in_order(received: list[tuple[int, bytes]], sent: list[tuple[int, bytes]]) -> bool:
    """Each channel's packets are among those sent, in their order, none twice."""
    for vc in {vc for vc, _ in received}:
        remaining = iter(packet for channel, packet in sent if channel == vc)
        if not all(packet in remaining for channel, packet in received if channel == vc):
            return False
    return True


def many(count: int, seed: int = 3) -> list[tuple[int, bytes]]:
    source = random.Random(seed)
    return [
        (source.randrange(3), telemetry(number, source.choice([0, 40, 75, 180, 900])))
        for number in range(count)
    ]


def test_a_clean_line_carries_everything_in_order(connection) -> None:
    pair = connection()
    sent = many(400)
    received = []
    for start in range(0, 400, 16):
        received += pair.downlink(*sent[start : start + 16])
    assert Counter(received) == Counter(sent)
    assert in_order(received, sent)
    counters = pair.ground.counters
    assert counters.frames == pair.frames_sent
    assert counters.packets == 400
    assert (counters.skipped_octets, counters.lost_frames, counters.bad_error_control) == (0, 0, 0)
    assert not counters.rejections
    assert all(isinstance(decode_tm(packet), TmPacket) for _, packet in received)


@pytest.mark.parametrize(
    "faults",
    [
        {"flips": 3e-4},
        {"losses": 3e-4},
        {"additions": 3e-4},
        {"flips": 1e-3, "losses": 3e-4, "additions": 3e-4},
    ],
    ids="+".join,
)
@pytest.mark.parametrize("seed", range(3))
def test_a_bad_line_loses_packets_but_never_makes_or_mixes_them(connection, line, faults, seed) -> None:
    pair = connection(down=line(seed=seed, **faults))
    sent = many(300, seed)
    received = []
    for start in range(0, 300, 10):
        received += pair.downlink(*sent[start : start + 10])
    counters = pair.ground.counters
    assert 30 < len(received) < 300
    assert in_order(received, sent)
    assert counters.lost_frames > 0
    assert counters.frames * 227 + counters.skipped_octets + pair.ground.held == pair.down.octets_out
    assert pair.frames_sent - 10 < counters.frames + counters.lost_frames <= pair.frames_sent


def test_the_line_recovers_when_the_faults_stop(connection, line) -> None:
    pair = connection(down=line(seed=9, flips=0.01, losses=0.01, additions=0.01))
    sent = many(60)
    pair.downlink(*sent)
    pair.down.flips = pair.down.losses = pair.down.additions = 0.0
    pair.idle()
    pair.idle()
    pair.downlink(*((vc, telemetry(1000 + vc)) for vc in range(3)))
    before = pair.ground.counters.packets
    again = many(100, seed=4)
    assert Counter(pair.downlink(*again)) == Counter(again)
    assert pair.ground.counters.packets == before + 100


def test_commands_up_and_the_control_word_down(connection) -> None:
    pair = connection()
    commands = [encode_tc(1, number, 8, 1, bytes([number]) * 20) for number in range(10)]
    for number, command in enumerate(commands):
        assert pair.uplink(command) == [command]
        assert isinstance(decode_tc(command), TcPacket)
        pair.downlink((0, telemetry(number)))
        assert pair.ground.clcws[0].farm_b_counter == (number + 1) % 4


def test_a_bad_uplink_never_makes_a_command(connection, line) -> None:
    pair = connection(up=line(seed=2, flips=5e-3, losses=2e-3, additions=2e-3))
    sent, received = [], []
    for number in range(300):
        command = encode_tc(1, number, 8, 1, bytes([number % 256]) * 20, ack=Ack.ACCEPTANCE)
        sent.append(command)
        received += pair.uplink(command)
    received += pair.spacecraft.flush()
    assert 100 < len(received) < 300
    remaining = iter(sent)
    assert all(command in remaining for command in received)
    counters = pair.spacecraft.counters
    assert counters.rejections.total() > 0
    assert counters.frames * (len(sent[0]) + 7 + CRC_LENGTH) + counters.skipped_octets == pair.up.octets_out
