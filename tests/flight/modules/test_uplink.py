"""The way up on board: only authentic telecommands, each once, over reboots; a flood costs what it may."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from flight.wire import Ack, TcFrameType, append_crc, encode_tc, encode_tc_frame
from flight.wire.cop1 import SetReceiver, Unlock, encode_control
from flight.wire.packet import idle_packet
from flight.wire.sdls import KeyState, Sender, Use, secure_tc_frame
from flight.wire.telecommand_link import PROTECTED_LINK, clear_frame, segment_header
from ground.keys import Keys
from sim.keys import memory_keys, put_on_board
from tests.flight.modules.conftest import Craft, bare_mission

AD, BD, BC = TcFrameType.AD, TcFrameType.BD, TcFrameType.BC
LINK = PROTECTED_LINK


class Station:
    """Holds the keys, and keeps every frame that it radiated."""

    def __init__(self, craft: Craft) -> None:
        self.craft, self.keys = craft, Keys(memory_keys(1))
        self.sender = Sender(LINK.rule(), self.keys.vault)
        self.recorded: list[bytes] = []

    def frame(self, packet: bytes, kind: TcFrameType = BD, sequence: int = 0) -> bytes:
        for _ in range(2):
            made = secure_tc_frame(self.sender, 42, 0, packet, kind, sequence, segment_header(kind))
            self.keys.settle(0)
            if made is not None:
                self.recorded.append(made)
                return made
        raise AssertionError("no number")

    def push(self, times: int, count: int, kind: TcFrameType = BD, sequence: int = 0) -> bytes:
        apid, data = self.craft.function("toy.push", times)
        return self.frame(encode_tc(apid, count, 8, 1, data, ack=Ack.ALL), kind, sequence)

    def radiate(self, *frames: bytes) -> None:
        for frame in frames:
            self.craft.radio.uplink(LINK.unit(frame))


@pytest.fixture
def craft(tmp_path):
    mission = replace(bare_mission(tmp_path), telecommand=LINK)
    made = Craft(mission)
    made.computer.power_off()
    put_on_board(made.disk, 1)
    made.computer.power_on(0, made_orders())
    made.contact(True)
    return made


def made_orders():
    from sim.guardian import Orders

    return Orders()


def security(craft):
    packet = craft.module("uplink").security
    packet.refresh()
    return packet


def status(craft):
    packet = craft.module("uplink").status
    packet.refresh()
    return packet


def test_an_authentic_command_runs_and_one_in_the_clear_does_not(craft) -> None:
    station = Station(craft)
    station.radiate(station.push(3, 1))
    apid, data = craft.function("toy.push", 4)
    station.radiate(clear_frame(42, LINK, encode_tc(apid, 2, 8, 1, data, ack=Ack.ALL)))
    craft.fly(5)
    assert craft.module("toy").pushes == [3]
    found = security(craft)
    assert (found.verified, found.accepted) == (1, 1)
    assert found.malformed + found.unknown_spi == 1


def test_without_keys_everything_is_refused_and_said(tmp_path) -> None:
    craft: Any = Craft(replace(bare_mission(tmp_path), telecommand=LINK))
    craft.contact(True)
    station = Station(craft)
    station.radiate(station.push(3, 1))
    craft.fly(5)
    assert craft.module("toy").pushes == []
    assert security(craft).no_keys == 1
    assert "uplink.no_keys" in [label for label, _ in craft.events()]


def test_forged_replayed_and_renumbered_frames_move_nothing_over_reboots(craft) -> None:
    random, station = Random(7), Station(craft)
    station.radiate(station.push(1, 1))
    craft.fly(4)
    ran = [1]
    for life in range(3):
        before = craft.module("uplink").chain.farm.v_r, craft.module("uplink").chain.farm.state
        for old in list(station.recorded):
            renumbered = bytearray(old[:-2])
            renumbered[0] ^= 0x20  # BD as AD
            spoiled = bytearray(old[:-2])
            spoiled[-random.randint(1, 16)] ^= 1
            made_up = bytearray(old[:-2])
            made_up[19] += 50  # a number that was never used
            station.radiate(old, *(append_crc(bytes(one)) for one in (renumbered, spoiled, made_up)))
        station.radiate(encode_tc_frame(42, 0, encode_control(SetReceiver(9)), BC))
        craft.fly(6)
        assert craft.module("toy").pushes == (ran if life == 0 else [])
        farm = craft.module("uplink").chain.farm
        assert (farm.v_r, farm.state) == before
        found = security(craft)
        assert found.replayed >= len(station.recorded)
        assert found.replayed + found.forged == 4 * len(station.recorded)
        craft.reboot()
    station.sender.raise_to(craft.module("uplink").vault.sending[Use.TELEMETRY].counter.next + (1 << 22))
    station.radiate(station.push(9, 50))
    craft.fly(5)
    assert craft.module("toy").pushes == [9], "a true one gets through after all that"


def test_a_true_command_in_a_flood_at_line_rate_is_taken_in_the_step_it_comes_in(craft) -> None:
    """Work is counted, not timed: no forged frame costs more than one MAC, and none a write or an event."""
    station, random = Station(craft), Random(1)
    station.radiate(station.push(1, 1))
    craft.fly(4)
    written = craft.disk.operations
    template = station.push(2, 2)
    forged = [append_crc(template[:-18] + random.randbytes(16)) for _ in range(120)]
    station.radiate(*forged[:60], station.push(5, 3), *forged[60:])
    events = len(craft.events())
    craft.fly(2)
    found = security(craft)
    assert found.accepted == 2, "the true one, in the same second"
    craft.fly(3)
    assert craft.module("toy").pushes == [1, 5]
    assert (found.forged, found.replayed) == (60, 60), (
        "behind the true one its number is enough to refuse them"
    )
    assert len([label for label, _ in craft.events()[events:] if label.startswith("uplink")]) == 0
    assert craft.disk.operations > written  # the true one's request id


def test_a_key_is_changed_by_command_and_the_new_one_survives_a_reboot(craft) -> None:
    station = Station(craft)
    apid, data = craft.function("uplink.try_key", 2, 600)
    station.radiate(station.frame(encode_tc(apid, 1, 8, 1, data, ack=Ack.ALL)))
    craft.fly(6)
    assert security(craft).trial_spi == 2
    station.keys.try_key(2, 600 * 10**9, 0)
    station.radiate(station.push(4, 2))
    craft.fly(6)
    assert craft.module("toy").pushes == [4]
    assert (security(craft).telecommand_spi, security(craft).trial_spi) == (2, 0)
    craft.reboot()
    assert security(craft).telecommand_spi == 2


def test_a_trial_that_nobody_confirms_falls_back(craft) -> None:
    station = Station(craft)
    apid, data = craft.function("uplink.try_key", 2, 10)
    station.radiate(station.frame(encode_tc(apid, 1, 8, 1, data, ack=Ack.ALL)))
    craft.fly(20)
    assert (security(craft).telecommand_spi, security(craft).trial_spi, security(craft).reverted) == (1, 0, 1)
    assert "uplink.trial_ended" in [label for label, _ in craft.events()]
    station.radiate(station.push(6, 2))
    craft.fly(4)
    assert craft.module("toy").pushes == [6]


def test_the_ciphers_in_use_are_there_before_the_first_step(craft) -> None:
    """Loading the library takes 26 ms, and a step has 5."""
    used = [one for one in craft.module("uplink").vault.associations.values() if one.state is KeyState.ACTIVE]
    assert len(used) == 2
    assert all(one._cipher is not None for one in used)


def test_idle_packets_are_counted_and_go_no_further(craft) -> None:
    station = Station(craft)
    station.radiate(station.frame(idle_packet(20)), station.push(3, 1))
    craft.fly(4)
    counters = craft.module("uplink").chain.counters
    assert (counters.idle_packets, counters.packets) == (1, 1)
    assert craft.module("toy").pushes == [3]


def test_what_farm_does_not_take_is_counted_and_may_come_again(craft) -> None:
    """Authentic, and out of its order: its security number is not used up."""
    station = Station(craft)
    station.radiate(encode_tc_frame(42, 0, encode_control(Unlock()), BC))
    early = station.push(2, 2, AD, 1)
    first = station.push(1, 1, AD, 0)
    station.radiate(early)
    craft.fly(3)
    counters = craft.module("uplink").chain.counters
    assert (counters.controls, counters.out_of_order, counters.sequenced) == (1, 1, 0)
    assert status(craft).out_of_order == 1
    station.radiate(first, station.push(2, 2, AD, 1), station.push(7, 3))
    craft.fly(4)
    assert craft.module("toy").pushes == [1, 2, 7]
    assert (counters.out_of_order, counters.sequenced, counters.expedited) == (1, 2, 1)
