"""When the ground pings by itself: the board is ahead, and no command is there to find it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from flight.wire.sdls import Use
from ground import connect
from ground.client import Craft
from ground.key_care import KeyCare
from ground.probe import AGAIN_AFTER_NS, PROBE, Probe
from ground.uplink import Uplink
from sim.flying import Flying

IN_SIGHT = Path(__file__).parent / "in_sight.toml"
CONTENT = bytes(range(256)) * 40


@dataclass
class Parts:
    """Stands for the two that a probe looks at."""

    idle: bool = True
    behind: bool = True

    def probe(self) -> Probe:
        return Probe(cast(Uplink, self), cast(KeyCare, self))


def test_it_is_due_once_and_then_not_for_a_minute() -> None:
    probe = Parts().probe()
    assert [probe.due(now) for now in (0, 1, AGAIN_AFTER_NS - 1, AGAIN_AFTER_NS)] == [
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("lacks", ["idle", "behind"])
def test_it_is_due_only_when_nothing_else_would_find_out(lacks: str) -> None:
    parts = Parts(**{lacks: False})
    probe = parts.probe()
    assert not probe.due(0)
    setattr(parts, lacks, True)
    assert probe.due(1)


@pytest.fixture
def flying() -> Iterator[Flying]:
    with Flying(IN_SIGHT) as flying:
        yield flying


def pings(craft: Craft) -> list[str]:
    return [one.stage.value for one in craft.history(every=True) if one.source == PROBE]


def ahead(flying: Flying, craft: Craft, by: int) -> None:
    """Make the newest report say that the board is so far ahead, as a liar could."""
    ground = flying.ground
    sending = ground.line.keys.vault.sending[Use.TELECOMMAND]
    sid = ground.dictionary.packets_by_label["uplink.security"].sid
    packet, reading = ground.latest.newest[sid], craft.reading("uplink.security")
    names = [one.name for one in craft.dictionary.packets_by_label["uplink.security"].fields]
    assert dict(zip(names, reading.values, strict=True))["next_number"] <= sending.counter.next
    octets, at = packet.octets, len(packet.octets) - 2 - 14  # before the checksum and the fields behind it
    told = (sending.counter.next + by).to_bytes(8, "big")
    ground.latest.newest[sid] = packet._replace(octets=octets[:at] + told + octets[at + 8 :])


@pytest.mark.slow
def test_after_a_reboot_one_ping_finds_the_numbers_out(flying: Flying) -> None:
    with connect(flying, "anna") as craft:
        craft.fly(2)
        craft.files.begin_put(CONTENT, "plan")
        craft.fly(5)
        assert not flying.ground.key_care.behind
        flying.simulation.cut_power(3)
        craft.fly(20)
        assert pings(craft) == ["completed"]
        assert not flying.ground.key_care.behind
        craft.fly(60)
        assert pings(craft) == ["completed"]


@pytest.mark.slow
def test_a_liar_gets_a_ping_and_moves_no_number(flying: Flying) -> None:
    with connect(flying, "anna") as craft:
        craft.fly(12)
        craft.files.begin_put(CONTENT, "plan")
        craft.fly(3)
        number = flying.ground.line.keys.vault.sending[Use.TELECOMMAND].counter.next
        ahead(flying, craft, 1 << 20)
        assert flying.ground.key_care.behind
        craft.fly(8)
        assert pings(craft) == ["completed"]
        assert flying.ground.line.keys.vault.sending[Use.TELECOMMAND].counter.next < number + 1000


@pytest.mark.slow
def test_gaps_close_after_a_reboot_without_a_command_of_an_operator(flying: Flying) -> None:
    """What asks for them is not answered frame by frame, and would be refused as a replay for ever."""
    with connect(flying, "anna") as craft:
        craft.command("commands.nothing").wait()
        flying.simulation.cut_power(3)
        craft.fly(2)
        flying.simulation.radio.down.spoiling.loss = 0.5
        craft.fly(60)
        flying.simulation.radio.down.spoiling.loss = 0.0
        missing = flying.ground.recovery.missing()
        craft.fly(200)
        assert pings(craft)[:1] == ["completed"]
        assert flying.ground.recovery.missing() == 0 < missing
