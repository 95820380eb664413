"""Faults of the link: each spoils its own direction, in its own way, and ends."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from sim.fault_kinds import INTRUSIONS, KINDS
from sim.line_faults import Lines
from sim.link import ECHO_FRAMES, START_SEQUENCE, Radio
from sim.simulation import Simulation
from tests.sim.faulted import fault

CHUNKS = [bytes([number]) * 40 for number in range(200)]
BITS = 8 * 40


def radio() -> tuple[Radio, Simulation]:
    made = Radio(9600.0, 9600.0, random.Random(1), random.Random(2))
    return made, SimpleNamespace(radio=made)  # type: ignore[return-value]  # all that a line's fault touches


def lost(sent: list[bytes], came: list[bytes]) -> bool:
    return 60 < len(came) < 140 and all(chunk in sent for chunk in came)


def corrupt(sent: list[bytes], came: list[bytes]) -> bool:
    differ = [
        sum((a ^ b).bit_count() for a, b in zip(one, two, strict=True))
        for one, two in zip(sent, came, strict=True)
    ]
    return set(differ) == {0, 1} and 60 < sum(differ) < 140


def duplicate(sent: list[bytes], came: list[bytes]) -> bool:
    return 260 < len(came) < 340 and list(dict.fromkeys(came)) == sent


def truncate(sent: list[bytes], came: list[bytes]) -> bool:
    shorter = [len(chunk) < 40 for chunk in came]
    return (
        len(came) == len(sent)
        and 50 < sum(shorter) < 140
        and all(a.startswith(b) for a, b in zip(sent, came, strict=True))
    )


def insert(sent: list[bytes], came: list[bytes]) -> bool:
    longer = [len(chunk) > 40 for chunk in came]
    return (
        len(came) == len(sent)
        and 60 < sum(longer) < 140
        and all(b.endswith(a) for a, b in zip(sent, came, strict=True))
    )


def silent(sent: list[bytes], came: list[bytes]) -> bool:
    return not came


LINE_EFFECTS: dict[str, Callable[[list[bytes], list[bytes]], bool]] = {
    "loss": lost,
    "corrupt": corrupt,
    "duplicate": duplicate,
    "truncate": truncate,
    "insert": insert,
    "silent": silent,
}


@pytest.mark.parametrize("target", ["link.up", "link.down"])
@pytest.mark.parametrize("kind", LINE_EFFECTS)
def test_a_line_spoils_what_it_carries_in_its_direction_alone(target, kind) -> None:
    made, simulation = radio()
    line, other = (made.up, made.down) if target == "link.up" else (made.down, made.up)
    end = Lines().begin(simulation, fault(target, kind, value=None if kind == "silent" else 0.5))
    assert LINE_EFFECTS[kind](CHUNKS, line.carry(CHUNKS))
    assert other.carry(CHUNKS) == CHUNKS
    end()
    assert line.carry(CHUNKS) == CHUNKS


def test_an_echo_brings_back_one_of_the_last_frames() -> None:
    made, simulation = radio()
    frames = [START_SEQUENCE + bytes([number]) * 20 for number in range(100)]
    end = Lines().begin(simulation, fault("link.up", "echo", value=0.5))
    echoes = 0
    for number, frame in enumerate(frames):
        came = made.up.carry([frame])
        assert came[0] == frame
        for echo in came[1:]:
            echoes += 1
            assert number - ECHO_FRAMES <= frames.index(echo) < number
    assert 30 < echoes < 70
    end()
    assert made.up.carry([]) == []


def test_faults_that_lie_over_each_other_count_by_the_largest() -> None:
    made, simulation = radio()
    made.down.spoiling.loss = 0.01
    lines = Lines()
    first = lines.begin(simulation, fault("link.down", "loss", value=0.2))
    second = lines.begin(simulation, fault("link.down", "silent"))
    assert made.down.spoiling.loss == 1.0
    first()
    assert made.down.spoiling.loss == 1.0
    second()
    assert made.down.spoiling.loss == 0.01


def test_every_kind_of_line_fault_is_tested() -> None:
    assert set(KINDS["link.down"]) == set(LINE_EFFECTS)
    assert set(KINDS["link.up"]) == {*LINE_EFFECTS, "echo", *INTRUSIONS}
