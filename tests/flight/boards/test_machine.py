"""The machine's figures, against what the system says by other ways."""

from __future__ import annotations

import gc
import math
import os
import resource
import shutil
import sys
from pathlib import Path

import pytest

from flight.boards import machine as machines
from flight.boards.machine import MEGABYTE, Machine

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux
def test_memory_is_that_of_the_processes_of_flight(tmp_path: Path) -> None:
    own = Machine(str(tmp_path), lambda: [os.getpid()]).memory_mb()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert 5.0 < own <= peak * 1.01
    both = Machine(str(tmp_path), lambda: [os.getpid(), os.getpid()]).memory_mb()
    assert both == pytest.approx(2 * own, rel=0.05)


def test_memory_of_a_process_that_has_gone_is_not_known(tmp_path: Path) -> None:
    assert math.isnan(Machine(str(tmp_path), lambda: [os.getpid(), 2**22 + 1]).memory_mb())


def test_disk_is_that_of_the_folder(tmp_path: Path) -> None:
    free = Machine(str(tmp_path), list).disk_free_mb()
    assert free == pytest.approx(shutil.disk_usage(tmp_path).free / MEGABYTE, abs=200.0)
    assert math.isnan(Machine(str(tmp_path / "absent"), list).disk_free_mb())


@pytest.mark.parametrize(
    ("up", "idle", "cores", "percent"),
    [
        (10.0, 10.0, 1, 0.0),
        (10.0, 0.0, 1, 100.0),
        (10.0, 15.0, 2, 25.0),
        (10.0, 21.0, 2, 0.0),
        (0.0, 0.0, 1, math.nan),
    ],
)
def test_load_is_what_was_not_idle(
    monkeypatch: pytest.MonkeyPatch, up: float, idle: float, cores: int, percent: float
) -> None:
    shown = [(100.0, 50.0)]
    monkeypatch.setattr(machines, "_uptime", lambda: shown[0])
    machine = Machine("/", list)
    machine.cores = cores
    shown[0] = (100.0 + up, 50.0 + idle)
    assert machine.cpu_percent() == pytest.approx(percent, nan_ok=True)
    assert math.isnan(machine.cpu_percent()), "no time has passed since"


@linux
def test_load_of_this_machine_is_a_percentage() -> None:
    machine = Machine("/", list)
    machine.seen = (machine.seen[0] - 1000.0, machine.seen[1] - 500.0)
    assert 0.0 <= machine.cpu_percent() <= 100.0


def test_collections_are_counted() -> None:
    machine = Machine("/", list)
    before = machine.garbage_collections()
    gc.collect()
    assert machine.garbage_collections() == before + 1
