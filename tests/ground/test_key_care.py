"""The ground follows the board's numbers, its keys, and a change of keys; and no liar for far."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from flight.wire import Ack, encode_tc
from flight.wire.sdls import RECEIVING_BLOCK, KeyState, Sender, Use
from flight.wire.telecommand_link import PROTECTED_LINK
from ground.commanding import CommandRecord, Stage
from ground.key_care import SKIP_MOST, TRIAL_NS, KeyCare
from ground.keys import Keys
from ground.telemetry import Telemetry
from ground.uplink import Uplink
from sim.keys import memory_keys

NS = 1_000_000_000
SID, TC_SPI, TM_SPI = 9, 1, 257


@dataclass
class Line:
    keys: Keys = field(default_factory=lambda: Keys(memory_keys(1)))

    def __post_init__(self) -> None:
        self.sender = Sender(PROTECTED_LINK.rule(), self.keys.vault)


class Scene:
    """An uplink with a command under way, and what the board said last."""

    def __init__(self, *, known: bool = True) -> None:
        self.line, self.waits, self.since_ns, self.repeated, self.key_tried_ns = Line(), True, 10 * NS, 0, 0
        labels = {"uplink.security": SimpleNamespace(sid=SID)} if known else {}
        self.dictionary = SimpleNamespace(packets_by_label=labels)
        self.newest: dict[int, object] = {}
        self.care = KeyCare(cast(Uplink, self), cast(Telemetry, self))

    # As an uplink.

    def unanswered(self, now_ns: int) -> bool:
        return self.waits

    def repeat_now(self, now_ns: int) -> None:
        self.repeated += 1

    # As telemetry.

    def read(self, packet: object) -> Any:
        return packet

    def tell(self, number: int, spi: int = TC_SPI, at_ns: int = 20 * NS) -> None:
        values = SimpleNamespace(
            telecommand_spi=spi, next_number_high=number >> 64, next_number=number & (1 << 64) - 1
        )
        self.newest[SID] = SimpleNamespace(values=values, received_ns=at_ns)

    @property
    def next(self) -> int:
        return self.line.keys.vault.sending[Use.TELECOMMAND].counter.next

    def state(self, spi: int) -> KeyState:
        return self.line.keys.vault.associations[spi].state

    def ended(self, label: str, stage: Stage, *arguments: int) -> None:
        data = b"\0\1" + b"".join(value.to_bytes(2, "big") for value in arguments)
        packet = encode_tc(3, 1, 8, 1, data, ack=Ack.ALL)
        record = CommandRecord(1, label, "", "", packet, 0, 0)
        record.stage = stage
        self.care.ended(record, 30 * NS)


@pytest.fixture
def scene() -> Scene:
    return Scene()


# ---------------------------------------------------------------- numbers


def test_after_a_reboot_the_ground_goes_where_the_board_is(scene: Scene) -> None:
    scene.line.sender.ready()  # for the command that is unanswered
    scene.tell(RECEIVING_BLOCK)
    assert scene.care.behind
    scene.care.tend(21 * NS)
    assert (scene.next, scene.repeated) == (RECEIVING_BLOCK, 1)
    assert not scene.care.behind
    assert scene.line.sender.apply(bytes(6), b"x") is not None, "the numbers there are on disk already"


def test_a_number_of_96_bits_is_read_whole(scene: Scene) -> None:
    scene.line.keys.vault.sending[Use.TELECOMMAND].counter.raise_to((1 << 64) - 5)
    scene.tell((1 << 64) + 3)
    scene.care.tend(21 * NS)
    assert scene.next == (1 << 64) + 3


@pytest.mark.parametrize("number", [0, 40, 41])
def test_a_board_that_is_not_ahead_changes_nothing(scene: Scene, number: int) -> None:
    scene.line.sender.raise_to(41)
    scene.tell(number)
    scene.care.tend(21 * NS)
    assert (scene.next, scene.repeated, scene.care.behind) == (41, 0, False)


def test_just_ahead_is_followed(scene: Scene) -> None:
    scene.tell(1)
    scene.care.tend(21 * NS)
    assert (scene.next, scene.repeated) == (1, 1)


def test_a_liar_moves_the_ground_by_no_more_than_a_board_would(scene: Scene) -> None:
    """Telemetry in the clear may be forged: each step costs him a command that he keeps unanswered."""
    assert SKIP_MOST == 5 * RECEIVING_BLOCK
    scene.tell(1 << 31)
    for step in range(1, 4):
        scene.care.tend(21 * NS)
        assert scene.next == step * SKIP_MOST


@pytest.mark.parametrize("how", ["answered", "old", "as old", "never", "unknown packet"])
def test_only_news_while_a_command_is_unanswered_counts(how: str) -> None:
    scene = Scene(known=how != "unknown packet")
    if how != "never":
        scene.tell(RECEIVING_BLOCK, at_ns={"old": 9 * NS, "as old": 10 * NS}.get(how, 20 * NS))
    scene.waits = how != "answered"
    scene.care.tend(21 * NS)
    assert (scene.next, scene.repeated) == (0, 0)


def test_a_ground_without_keys_is_behind_nobody(scene: Scene) -> None:
    scene.line.keys = Keys()
    scene.tell(RECEIVING_BLOCK)
    assert not scene.care.behind
    scene.care.tend(21 * NS)
    assert scene.repeated == 0


# ---------------------------------------------------------------- the board's key


def test_a_board_that_gave_its_key_up_is_followed_to_the_next(scene: Scene) -> None:
    scene.tell(0, spi=TC_SPI + 1)
    assert scene.care.behind
    scene.care.tend(21 * NS)
    assert scene.repeated == 1
    assert scene.line.sender.spi == TC_SPI + 1
    assert scene.state(TC_SPI + 1) is KeyState.TRIAL
    assert scene.key_tried_ns == 21 * NS
    scene.line.keys.on_time(21 * NS + TRIAL_NS - 1)
    assert scene.line.sender.spi == TC_SPI + 1
    scene.line.keys.on_time(21 * NS + TRIAL_NS)
    assert scene.line.sender.spi == TC_SPI, "nobody confirmed it: the old one comes back"


@pytest.mark.parametrize("spi", [0, 999])
def test_no_key_and_one_that_we_have_not_change_nothing(scene: Scene, spi: int) -> None:
    scene.tell(5, spi=spi)
    scene.care.tend(21 * NS)
    assert (scene.repeated, scene.line.sender.spi, scene.next) == (0, TC_SPI, 0)


def test_no_key_on_board_is_not_behind(scene: Scene) -> None:
    scene.tell(0, spi=0)
    assert not scene.care.behind


# ---------------------------------------------------------------- changes of keys by command


def test_a_key_that_the_board_tries_is_tried_here_for_as_long(scene: Scene) -> None:
    scene.ended("uplink.try_key", Stage.COMPLETED, TC_SPI + 1, 60)
    assert scene.line.sender.spi == TC_SPI + 1
    assert scene.key_tried_ns == 30 * NS
    scene.line.keys.on_time(90 * NS - 1)
    assert scene.line.sender.spi == TC_SPI + 1
    scene.line.keys.on_time(90 * NS)
    assert scene.line.sender.spi == TC_SPI


@pytest.mark.parametrize(
    ("label", "stage", "spi"),
    [
        ("uplink.try_key", Stage.FAILED, TC_SPI + 1),
        ("uplink.try_key", Stage.STARTED, TC_SPI + 1),
        ("uplink.try_key", Stage.COMPLETED, TM_SPI + 1),  # the board alone sends under it
        ("uplink.try_key", Stage.COMPLETED, 999),
        ("uplink.withdraw_key", Stage.COMPLETED, TC_SPI + 1),
    ],
)
def test_anything_else_leaves_the_key(scene: Scene, label: str, stage: Stage, spi: int) -> None:
    scene.ended(label, stage, spi, 60)
    assert scene.line.sender.spi == TC_SPI
    assert scene.key_tried_ns == 0
    assert not scene.line.keys.vault.trials


def test_a_confirmed_key_of_telemetry_gives_up_the_one_before(scene: Scene) -> None:
    scene.ended("uplink.confirm_key", Stage.COMPLETED, TM_SPI + 1)
    assert (scene.state(TM_SPI), scene.state(TM_SPI + 1)) == (KeyState.DEACTIVATED, KeyState.ACTIVE)
    assert not scene.line.keys.vault.trials
    again = Keys(scene.line.keys.store)
    assert again.vault.associations[TM_SPI + 1].state is KeyState.ACTIVE, "and it is on the disk"
    assert scene.line.sender.spi == TC_SPI


@pytest.mark.parametrize(
    ("stage", "spi"), [(Stage.REFUSED, TM_SPI + 1), (Stage.COMPLETED, TC_SPI + 1), (Stage.COMPLETED, 999)]
)
def test_what_was_not_confirmed_gives_nothing_up(scene: Scene, stage: Stage, spi: int) -> None:
    scene.ended("uplink.confirm_key", stage, spi)
    assert scene.state(TM_SPI) is KeyState.ACTIVE
    assert scene.state(TC_SPI) is KeyState.ACTIVE
    assert not scene.line.keys.vault.trials
