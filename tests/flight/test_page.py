"""The shared page: what one process writes, another reads whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.page import BODY, COPIES, COPY_SIZE, CRC, NOBODY, NoPage, SharedPage, Shown

USED = BODY.size + CRC.size


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "page")


@pytest.fixture
def page(path: str) -> Iterator[SharedPage]:
    shared = SharedPage(path)
    yield shared
    shared.close()


def test_another_mapping_sees_what_was_shown(page: SharedPage, path: str) -> None:
    reader = SharedPage(path)
    assert reader.read() is None, "nobody has written yet"
    page.enter(3, 500)
    assert reader.read() == Shown(os.getpid(), 1, 0, 0, 3, 500, 0, ending=False)
    page.leave(600)
    page.beat(700, 42, 9_000)
    assert reader.read() == Shown(os.getpid(), 3, 42, 700, NOBODY, 700, 9_000, ending=False)
    page.enter(0, 800)
    assert reader.read() == Shown(os.getpid(), 4, 42, 700, 0, 800, 9_000, ending=False), "the beat stands"
    page.end(900)
    assert reader.read() == Shown(os.getpid(), 5, 42, 700, NOBODY, 900, 0, ending=True)
    reader.wipe()
    assert page.read() is None
    reader.close()


def test_copies_fit_and_do_not_overlap() -> None:
    assert USED <= COPY_SIZE


@given(st.integers(0, COPIES * COPY_SIZE - 1), st.integers(0, 7))
def test_a_flipped_bit_costs_at_most_one_showing(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    page = SharedPage(str(tmp_path_factory.getbasetemp() / "flipped"))
    page.beat(1, 1, 1)
    page.beat(2, 2, 2)
    page.memory[place] ^= 1 << bit
    shown = page.read()
    assert shown is not None
    assert shown.ticks in {1, 2}
    page.beat(3, 3, 3)
    shown = page.read()
    assert shown is not None
    assert shown.ticks == 3, "and is healed by the next"
    page.wipe()
    page.close()


@given(st.integers(0, USED - 1))
def test_a_reader_in_the_middle_of_a_write_gets_the_copy_before(
    tmp_path_factory: pytest.TempPathFactory, written: int
) -> None:
    page = SharedPage(str(tmp_path_factory.getbasetemp() / "torn"))
    page.beat(1, 1, 1)
    page.beat(2, 2, 2)
    before = bytes(page.memory[: COPIES * COPY_SIZE])
    page.beat(3, 3, 3)
    after = bytes(page.memory[: COPIES * COPY_SIZE])
    start = 3 % COPIES * COPY_SIZE
    page.memory[: COPIES * COPY_SIZE] = before
    page.memory[start : start + written] = after[start : start + written]
    shown = page.read()
    assert shown is not None
    assert shown.ticks in {2, 3}
    assert shown.ticks == 2 or before[start + written :] == after[start + written :] or written == USED
    page.wipe()
    page.close()


@given(st.binary(min_size=COPIES * COPY_SIZE, max_size=COPIES * COPY_SIZE))
def test_any_octets_are_read_as_nothing(tmp_path_factory: pytest.TempPathFactory, octets: bytes) -> None:
    page = SharedPage(str(tmp_path_factory.getbasetemp() / "any"))
    page.memory[: len(octets)] = octets
    assert page.read() is None
    page.close()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """The page lies in a folder that anybody may write to."""
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "page").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        SharedPage(str(tmp_path / "page"))
    assert (tmp_path / "victim").read_bytes() == b"precious"


def test_in_virtual_time_nobody_watches() -> None:
    page = NoPage()
    page.enter(1, 2)
    page.leave(3)
    page.beat(4, 5, 6)
