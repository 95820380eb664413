"""A board without a key says so once at its start, and in telemetry."""

from __future__ import annotations

from flight.declare import SECOND
from flight.declare.shelving import AskSigner, SignerOnBoard
from flight.modules.jobs.question import AGAIN_NS
from flight.modules.jobs.stages import Receipts
from tests.flight.modules.jobs.alone import Alone, Ground


def shown(alone: Alone) -> tuple[Receipts, int]:
    status = alone.module.status
    return Receipts(status.receipts), status.receipt_key


def test_with_a_key_telemetry_has_its_check_and_nobody_complains() -> None:
    alone = Alone()
    assert shown(alone) == (Receipts.UNKNOWN, 0)
    alone.fly()
    assert shown(alone) == (Receipts.SIGNED, 0xA1B2)
    assert alone.told("unsigned") == []


def test_without_a_key_it_is_said_once_at_each_start() -> None:
    alone = Alone(Ground(signer=SignerOnBoard(0))).begin()
    alone.hand_in(1)
    alone.fly(600)
    assert shown(alone) == (Receipts.UNSIGNED, 0)
    assert alone.told("unsigned") == [()]
    again = alone.boot()
    again.fly(5)
    assert again.told("unsigned") == [()]


def test_a_worker_that_does_not_say_is_asked_again_until_it_does() -> None:
    alone = Alone(Ground(signer=None)).begin()
    alone.fly(5)
    assert shown(alone) == (Receipts.UNKNOWN, 0)
    alone.ground.signer = SignerOnBoard(7)
    alone.fly(AGAIN_NS // SECOND + 20)
    assert shown(alone) == (Receipts.SIGNED, 7)
    asked = sum(isinstance(one, AskSigner) for one in alone.asked)
    alone.fly(200)
    assert sum(isinstance(one, AskSigner) for one in alone.asked) == asked
