"""Faults of the disk for files and of the worker that moves them, in the middle of a file on its way up."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from flight.wire.cfdp import stored_name
from ground import connect
from ground.client import Craft, TransferFailedError
from ground.transfers import TransferState
from sim.faults import BEGIN, Begun
from sim.flying import Flying
from tests.sim.faulted import fault
from tests.sim.test_files import CONTENT, IN_SIGHT, NAME, finish, on_board, until_half

pytestmark = pytest.mark.slow


@pytest.fixture
def flying() -> Iterator[Flying]:
    with Flying(IN_SIGHT) as flying:
        yield flying


@pytest.fixture
def craft(flying: Flying) -> Iterator[Craft]:
    with connect(flying, "anna") as craft:
        craft.fly(2)
        craft.files.begin_put(CONTENT, NAME)
        until_half(flying, craft)
        yield craft


def strike(flying: Flying, target: str, kind: str) -> Begun:
    return BEGIN[target](flying.simulation, fault(target, kind), random.Random(1))


def test_a_disk_error_is_got_over_or_told(flying: Flying, craft: Craft) -> None:
    strike(flying, "disk.files", "error")
    state = finish(craft)
    assert flying.simulation.file_disk.errors >= 1
    assert (on_board(flying) == CONTENT) == (state is TransferState.DONE)
    craft.put(CONTENT, NAME)
    assert on_board(flying) == CONTENT


def test_on_a_full_disk_nothing_is_kept_until_there_is_room(flying: Flying, craft: Craft) -> None:
    full = strike(flying, "disk.files", "full")
    assert finish(craft) is TransferState.FAILED
    assert on_board(flying) is None
    full.undo()
    craft.put(CONTENT, NAME)
    assert on_board(flying) == CONTENT


def test_a_power_cut_in_the_middle_of_a_write(flying: Flying, craft: Craft) -> None:
    before = flying.simulation.file_disk
    strike(flying, "disk.files", "power_cut")
    craft.fly(60)
    assert flying.simulation.file_disk is not before
    assert flying.simulation.computer.boots == 2
    assert finish(craft) is TransferState.DONE
    assert on_board(flying) == CONTENT


def test_a_killed_worker_is_started_again(flying: Flying, craft: Craft) -> None:
    strike(flying, "process.files", "kill")
    assert finish(craft) is TransferState.DONE
    files = flying.simulation.computer.files
    assert files is not None
    assert files.lost == 1
    assert on_board(flying) == CONTENT


def test_a_stopped_worker_moves_nothing_until_it_goes_on(flying: Flying, craft: Craft) -> None:
    stopped = strike(flying, "process.files", "stop")
    craft.fly(30)
    assert on_board(flying) is None
    assert not craft.files.transfers()[-1].ended
    stopped.undo()
    assert finish(craft) is TransferState.DONE
    assert on_board(flying) == CONTENT


def test_a_bit_that_flips_on_the_disk_is_told_and_the_file_is_not_sent_for_good(
    flying: Flying, craft: Craft
) -> None:
    assert finish(craft) is TransferState.DONE
    flying.simulation.file_disk.flip(stored_name(NAME), 12_345)
    with pytest.raises(TransferFailedError, match="file checksum"):
        craft.fetch(NAME)
    event = craft.expect_event("files.damaged", 120)
    assert event.text == f"stored file {NAME} does not hold its checksum"
    craft.put(CONTENT, NAME)
    assert craft.fetch(NAME) == CONTENT
