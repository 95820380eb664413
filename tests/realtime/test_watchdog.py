"""The watchdog is fed while every critical module has met its deadline, and at no other time."""

from __future__ import annotations

import pytest

from flight.kernel.executive import LATE_PERIODS
from tests.realtime.flying import Flying

pytestmark = pytest.mark.slow

TICKS_A_SECOND = 10


def test_it_is_fed_while_all_is_well_and_disarmed_at_an_orderly_end(flying: Flying) -> None:
    flying.start()
    flying.until(lambda: flying.fed() >= 4, "feeding")
    assert flying.stop() == 0
    content = (flying.state / "watchdog").read_bytes()
    assert content == b"." * (len(content) - 1) + b"V"


def test_it_is_not_fed_while_a_critical_module_does_not_run(flying: Flying) -> None:
    flying.start()
    station, vital = flying.station, flying.index("vital")
    flying.until(lambda: flying.fed() >= 2, "feeding")
    station.send("vital.crash")
    flying.until(lambda: station.happened("executive.revived", vital) == 1, "a first restart")
    station.send("vital.crash")
    flying.until(lambda: station.happened("executive.isolated_module", vital) == 1, "isolation")
    flying.pass_ticks(LATE_PERIODS + 1)
    fed, pid = flying.fed(), flying.executive_pid()
    flying.pass_ticks(5 * TICKS_A_SECOND)
    assert flying.fed() == fed, "the executive ticks, and yet nobody may feed"
    assert flying.executive_pid() == pid
    station.send("executive.revive", vital)
    flying.until(lambda: flying.fed() >= fed + 2, "feeding after the module was revived")
