from __future__ import annotations

from types import SimpleNamespace

import pytest

from flight.kernel.supervisor import State
from flight.wire import TcFrameType
from flight.wire.sdls import Sender, Verified, secure_tc_frame
from flight.wire.telecommand_link import segment_header
from ground import CommandError, Ground
from ground.commanding import Stage
from ground.keys import Keys
from sim.checks.forgery import SOURCE, THROUGH_WITHIN_S, OnlyTheGroundCommands, ThroughAfterFlood
from sim.intruders import HEADER, number_of
from sim.keys import memory_keys


class Station:
    """Makes frames as the ground does."""

    def __init__(self, simulation) -> None:
        self.mission, self.keys = simulation.mission, Keys(memory_keys(1))
        self.sender = Sender(self.mission.telecommand.rule(), self.keys.vault)

    def frame(self, packet: bytes = b"a packet") -> bytes:
        self.sender.ready()
        self.keys.settle(0)
        kind = TcFrameType.BD
        spacecraft_id = self.mission.spacecraft_id
        made = secure_tc_frame(self.sender, spacecraft_id, 0, packet, kind, 0, segment_header(kind))
        assert made is not None
        return made


@pytest.fixture
def station(booted) -> Station:
    return Station(booted)


@pytest.fixture
def only(booted):
    check = OnlyTheGroundCommands(booted)
    booted.radio.listeners.remove(check.radiated)
    return check


def handed(frame: bytes) -> Verified:
    return Verified(*number_of(frame), frame[:HEADER], b"")


def test_what_the_ground_radiated_may_be_handed_on_once(only, station) -> None:
    first, second = station.frame(), station.frame()
    only.radiated(station.mission.telecommand.unit(first) + station.mission.telecommand.unit(second))
    for frame in (first, second):
        only.checked(frame)
        only.handed_on(handed(frame))
    assert (only.exercised, only.failed) == (0, 0)
    only.checked(first)
    assert (only.exercised, only.failed) == (1, 0), "it came again, and that is no fault yet"
    only.handed_on(handed(first))
    assert only.failed == 1
    assert "once more" in only.failures[0]


def test_what_the_ground_never_sent_may_not(only, station) -> None:
    forged = station.frame()
    only.checked(forged)
    only.handed_on(handed(forged))
    assert (only.exercised, only.failed) == (1, 1)
    assert "never sent" in only.failures[0]


def test_a_true_frame_under_another_header_is_forged(only, station) -> None:
    frame = station.frame()
    only.radiated(station.mission.telecommand.unit(frame))
    other = bytes([frame[0] ^ 0x20]) + frame[1:]
    only.checked(other)
    only.handed_on(handed(other))
    assert (only.exercised, only.failed) == (1, 1)


def test_a_frame_without_room_for_a_code_is_an_intruders(only) -> None:
    only.checked(bytes(12))
    assert (only.exercised, only.failed) == (1, 0)


# ---------------------------------------------------------------- through after a flood


class FakeGround(Ground):
    def __init__(self) -> None:
        self.asked = 0
        self.refuses = False
        self.listeners = SimpleNamespace(commands=[])  # type: ignore[assignment]

    def tell(self, stage: Stage) -> None:
        for listener in self.listeners.commands:
            listener(SimpleNamespace(stage=stage))  # type: ignore[arg-type]

    def command(self, label, arguments, now_ns, source="operator", **more):
        if self.refuses:
            raise CommandError("full")
        assert (label, source) == ("commands.nothing", SOURCE)
        self.asked += 1


@pytest.fixture
def ground() -> FakeGround:
    return FakeGround()


@pytest.fixture
def contact(seen, ground):
    """So many seconds after a flood; exercise and failures."""
    check = ThroughAfterFlood(ground)
    seen.radio = SimpleNamespace(carrier=lambda: seen.up, transmitting=True)
    seen.up, seen.flooded, seen.troubles = True, 1, 0
    clock = iter(range(10**6))

    def fly(seconds: int) -> tuple[int, int]:
        for _ in range(seconds):
            check.look(seen, next(clock))
        return check.exercised, check.failed

    return fly


def test_without_a_flood_nothing_is_asked(contact, seen, ground) -> None:
    seen.flooded = 0
    assert contact(500) == (0, 0)
    assert not ground.asked


def test_accepted_in_time_is_right(contact, ground) -> None:
    contact(20)
    ground.tell(Stage.ACCEPTED)
    assert contact(500) == (1, 0)
    assert ground.asked == 1, "one for each flood"


@pytest.mark.parametrize("stage", [Stage.QUEUED, Stage.NO_ANSWER, Stage.REFUSED])
def test_anything_else_is_wrong_when_the_time_is_over(contact, ground, stage) -> None:
    contact(1)
    ground.tell(stage)
    assert contact(THROUGH_WITHIN_S) == (0, 0)
    assert contact(1) == (1, 1)


def test_it_counts_from_where_nothing_disturbs_and_begins_anew(contact, seen, ground) -> None:
    contact(THROUGH_WITHIN_S)
    seen.troubles = 1
    assert contact(500) == (0, 0)
    seen.troubles = 0
    assert contact(THROUGH_WITHIN_S) == (0, 0)
    assert ground.asked == 2
    assert contact(5) == (1, 1)


def test_what_was_accepted_before_does_not_count(contact, ground) -> None:
    ground.tell(Stage.ACCEPTED)
    assert contact(THROUGH_WITHIN_S + 2) == (1, 1)


def test_another_flood_asks_again(contact, seen, ground) -> None:
    contact(5)
    seen.flooded = 2
    contact(5)
    assert ground.asked == 2


def test_a_ground_that_cannot_queue_is_asked_later(contact, ground) -> None:
    ground.refuses = True
    assert contact(500) == (0, 0)
    ground.refuses = False
    contact(1)
    assert ground.asked == 1


@pytest.mark.parametrize("excuse", ["carrier", "transmitter", "kernel", "latched", "isolated"])
def test_what_takes_the_link_away_excuses(contact, seen, kernel, monkeypatch, excuse) -> None:
    if excuse == "carrier":
        seen.up = False
    elif excuse == "transmitter":
        seen.radio.transmitting = False
    elif excuse == "kernel":
        seen.computer.kernel = None
    elif excuse == "latched":
        seen.latched.add(1)
    else:
        slot = next(slot for slot in kernel.slots if slot.name == "uplink")
        monkeypatch.setattr(slot, "state", State.ISOLATED)
    assert contact(500) == (0, 0)
