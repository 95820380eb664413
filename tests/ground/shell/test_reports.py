"""Reports of lists as lines: a list without rows has come all the same."""

from __future__ import annotations

import pytest

from flight.wire.packet_stores import StoreContent, StoreStatus, pack_contents, pack_statuses
from ground.service_reports import REPORTED, ServiceReport
from ground.shell.reports import SHAPES, Wording

NS = 1_000_000_000


def lines(dictionary, service: int, subtype: int, body: bytes) -> list[str]:
    return Wording(dictionary, ServiceReport(0, 0, 0, service, subtype, body), None).lines()


def test_every_report_that_is_kept_can_be_worded() -> None:
    assert set(SHAPES) == REPORTED


@pytest.mark.parametrize("key", sorted(SHAPES))
def test_a_list_without_rows_says_so(dictionary, key) -> None:
    wide = key == (12, 14)
    (line,) = lines(dictionary, key[0], key[1], bytes(2 if wide else 1))
    assert line in ("nothing is scheduled", "every row is within its limits") or line.startswith(
        "there are no "
    )


@pytest.mark.parametrize("key", [*sorted(SHAPES), (99, 1)])
def test_octets_that_make_no_sense_are_said_to(dictionary, key) -> None:
    (line,) = lines(dictionary, key[0], key[1], b"\xff\xff\xff")
    assert line == f"a report TM[{key[0]},{key[1]}] of 3 octets that is not understood"


def test_stores(dictionary) -> None:
    statuses = [StoreStatus(0, True, True, False), StoreStatus(9, False, False, True)]
    assert lines(dictionary, 15, 19, pack_statuses(statuses)) == [
        "critical: on, plays back",
        "store 9: off, playback suspended, records asked for are to come",
    ]
    contents = [StoreContent(1, 0, 0, 0, 0, 0), StoreContent(2, NS, 90 * NS, 60 * NS, 4, 2)]
    empty, full = lines(dictionary, 15, 13, pack_contents(contents))
    assert empty == "event: empty"
    assert full == "housekeeping: T+00:00:01 to T+00:01:30, 4 % full, not seen from T+00:01:00 on (2 %)"
