"""The check of files sees a wrong one at either end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ground import Craft, connect
from ground.protocol import CraftError
from sim.checks.files import FilesWhole
from sim.checks.probe import Probe
from sim.flying import Flying

IN_SIGHT = Path(__file__).parents[2] / "ground" / "in_sight.toml"
ORDER_OPERATIONS = range(3, 7)  # of the disk, about the one that puts it into the journal
ARRIVAL_OPERATIONS = range(16, 20)  # ... about the one that gives a received file its name
REMOVAL_OPERATIONS = range(1, 5)  # ... of a file
pytestmark = pytest.mark.slow


@contextmanager
def sending() -> Iterator[tuple[Flying, Craft, FilesWhole]]:
    """With a small file on its way up."""
    with Flying(IN_SIGHT) as flying, connect(flying, "anna") as craft:
        check = FilesWhole(flying.ground)
        Probe(flying.simulation, [check])
        craft.fly(2)
        stage = flying.ground.files.stage()
        flying.ground.files.write(stage, 0, b"some octets")
        flying.ground.files.put(stage, "name", True, flying.now_ns)
        yield flying, craft, check


def flown(spoil: str = "") -> FilesWhole:
    """One file up and down; `spoil`: where an octet of it is changed behind everybody's back."""
    with sending() as (flying, craft, check):
        if spoil == "untold":
            vars(check)["_turned"] = lambda result: None
        if spoil in ("board", "untold"):
            for transaction, digest in check.sent.items():
                check.sent[transaction] = digest[::-1]
        craft.fly(15)
        if spoil == "held":
            flying.simulation.file_disk.flip("name", 3)
        if spoil in ("held", "kept"):
            flying.simulation.cut_power(3)
            craft.fly(20)
        if spoil == "ground":
            read = flying.ground.files.read
            vars(flying.ground.files)["read"] = lambda *words: (read(*words)[0][:-1], 10)
            craft.send("get_file", file="name")
            craft.fly(15)
        return check


def test_a_whole_file_holds() -> None:
    check = flown()
    assert (check.exercised, check.failed) == (2, 0)  # received, and delivered


def test_after_a_boot_it_is_looked_at_again() -> None:
    check = flown("kept")
    assert (check.exercised, check.failed) == (3, 0)


def test_an_order_cut_short_by_the_power_is_the_same_file_after_the_boot() -> None:
    """From the operation on that puts it into the journal it goes on, though nobody was told that it began."""
    went_on = lost = 0
    for operation in ORDER_OPERATIONS:
        with sending() as (flying, craft, check):
            craft.fly(12)
            disk = flying.simulation.file_disk
            disk.kill_at(disk.operations + operation)
            with suppress(CraftError):  # what the power cut
                craft.send("get_file", file="name")
            craft.fly(20)
            files = flying.simulation.computer.files
            assert files is not None
            lost += files.lost
            assert check.failed == 0, operation
            went_on += check.exercised > 2
    assert lost == len(ORDER_OPERATIONS)
    assert 0 < went_on < len(ORDER_OPERATIONS)


def test_a_file_whose_name_came_as_the_power_went_is_on_board_and_was_never_told() -> None:
    never_told = 0
    for operation in ARRIVAL_OPERATIONS:
        with sending() as (flying, craft, check):
            disk = flying.simulation.file_disk
            disk.cut_at(disk.operations + operation)
            craft.fly(60)
            assert (list(check.held), check.failed) == (["name"], 0), operation
            assert check.exercised > 0
            never_told += not check.arrived
    assert 0 < never_told < len(ARRIVAL_OPERATIONS)


def test_a_removal_cut_short_by_the_power_leaves_the_file_or_none() -> None:
    held = set()
    for operation in REMOVAL_OPERATIONS:
        with sending() as (flying, craft, check):
            craft.fly(15)
            disk = flying.simulation.file_disk
            disk.cut_at(disk.operations + operation)
            with suppress(CraftError):  # what the power cut
                craft.send("remove_file", file="name")
            craft.fly(20)
            assert check.failed == 0, operation
            held.add(len(check.held))
    assert held == {0, 1}


def test_a_file_that_the_disk_did_not_remove_is_watched_on() -> None:
    with sending() as (flying, craft, check):
        craft.fly(15)
        disk = flying.simulation.file_disk
        disk.fail_at(disk.operations + 1)
        craft.send("remove_file", file="name")
        craft.fly(5)
        assert disk.errors == 1
        assert list(check.held) == ["name"]


@pytest.mark.parametrize("spoil", ["board", "untold", "held", "ground"])
def test_a_wrong_file_is_seen(spoil: str) -> None:
    assert flown(spoil).failed == 1
