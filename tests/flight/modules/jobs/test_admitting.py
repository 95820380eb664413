"""The table of tenants: told at a start, put in force by a command."""

from __future__ import annotations

import pytest

from flight.declare import DONE, SECOND, Call, Outcome, Refused, Waiting
from flight.declare.shelving import AskTenants, TakeTenants, TenantsInForce
from flight.modules.jobs.admitting import UNKNOWN, WITHIN_NS
from flight.modules.jobs.question import AGAIN_NS
from tests.flight.modules.jobs.alone import Alone


def put_in_force(alone: Alone, file: bytes, ident: int = 5) -> Outcome:
    outcome = alone.module.tenants(Call(alone.now, ident), alone.out, file)
    alone._perform()
    if not isinstance(outcome, Waiting):
        return outcome
    alone.until(lambda: ident in alone.finished, 200)
    return alone.finished[ident]


def shown(alone: Alone) -> tuple[int, int]:
    status = alone.module.status
    alone.module._show()
    return status.tenant_keys, status.tenant_table


def test_at_a_start_it_is_told_which_is_in_force() -> None:
    alone = Alone()
    assert shown(alone) == (UNKNOWN, 0)
    alone.fly()
    assert shown(alone) == (1, 0)
    assert alone.told("table") == [(1, 0)]
    assert alone.told("table_lost") == []


def test_a_worker_that_was_away_at_the_start_is_asked_again_and_no_more_once_it_has_said() -> None:
    alone = Alone()
    alone.lose = lambda request: isinstance(request, AskTenants)
    alone.fly(WITHIN_NS // SECOND + 5)
    assert shown(alone) == (UNKNOWN, 0)
    alone.lose = lambda request: False
    alone.fly(AGAIN_NS // SECOND + 5)
    assert shown(alone) == (1, 0)
    alone.fly(200)
    assert sum(isinstance(one, AskTenants) for one in alone.asked) == 2
    assert alone.told("table") == [(1, 0)]


def test_a_table_that_was_damaged_is_told() -> None:
    alone = Alone()
    alone.ground.table = TenantsInForce(1, 0, True)
    alone.fly()
    assert alone.told("table_lost") == [()]


def test_another_table_and_the_missions_own_again() -> None:
    alone = Alone().begin()
    assert put_in_force(alone, b"tenants.toml") == DONE
    assert shown(alone) == (2, 0xABCD)
    assert alone.told("table")[-1] == (2, 0xABCD)
    assert TakeTenants(alone.now - SECOND, "tenants.toml") in alone.asked
    assert put_in_force(alone, b"", 6) == DONE
    assert shown(alone) == (1, 0)


@pytest.mark.parametrize("name", [b"../x", b"/etc/passwd", b"a\x00b"])
def test_names_that_are_none(name: bytes) -> None:
    alone = Alone().begin()
    assert put_in_force(alone, name) == Refused("file name not allowed")
    assert not any(isinstance(one, TakeTenants) for one in alone.asked)


def test_what_the_files_worker_refuses_is_refused_with_its_words() -> None:
    alone = Alone().begin()
    alone.ground.table = None
    assert put_in_force(alone, b"tenants.toml") == Refused("there are no jobs here")
    assert shown(alone) == (1, 0)


def test_a_worker_that_does_not_answer() -> None:
    alone = Alone()
    alone.lose = lambda request: isinstance(request, AskTenants | TakeTenants)
    alone.begin()
    assert put_in_force(alone, b"tenants.toml") == Refused("the files worker does not answer")
    assert shown(alone) == (UNKNOWN, 0)
    assert alone.now >= WITHIN_NS
