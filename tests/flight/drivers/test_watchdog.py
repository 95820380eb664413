"""The watchdog as a file: what a hardware one would have got."""

from __future__ import annotations

from pathlib import Path

import pytest

from flight.drivers.watchdog import NS, FileWatchdog


def test_the_watchdog_is_fed_at_most_once_a_second(tmp_path: Path) -> None:
    path = tmp_path / "watchdog"
    watchdog = FileWatchdog(str(path))
    for now in range(NS, 4 * NS, NS // 10):
        watchdog.feed(now)
    assert path.read_bytes() == b"..."
    watchdog.disarm()
    assert path.read_bytes() == b"...V"


def test_the_first_feeding_waits_for_nothing(tmp_path: Path) -> None:
    watchdog = FileWatchdog(str(tmp_path / "watchdog"))
    watchdog.feed(0)
    assert (tmp_path / "watchdog").read_bytes() == b"."
    watchdog.disarm()


def test_a_device_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        FileWatchdog(str(tmp_path / "absent" / "watchdog"))
