"""What a satellite in orbit has on board when a run begins: its elements, and UTC as the ground has correlated it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flight.boot import BOOT_STATE, CLOCK_STATE, pack_boot, pack_clock
from flight.drivers.posix_disk import PosixDisk
from flight.kernel.kept import pack_kept
from flight.mission import Mission
from flight.modules.timekeeping import Correlation
from flight.ports import Disk
from flight.store import Document, Slots
from sim.scenario import Scenario

NS = 1_000_000_000
UNCERTAINTY_US = 1_000
COPIES = 4  # of a state: one in each slot


def put_sky_on_board(disk: Disk, mission: Mission, scenario: Scenario) -> None:
    """Nothing for a mission that does not look ahead.  Mission time 0 is the scenario's epoch.

    Beside a kept state flight expects its clock and its count of boots: as the last life left them, in order.
    """
    if mission.planning is None:
        return
    correlation = Correlation()
    correlation.utc_ns = scenario.epoch_ns
    correlation.uncertainty_us = UNCERTAINTY_US
    Document(disk, "table-elements").save(f"{scenario.line1}\n{scenario.line2}".encode())
    states = {
        "timekeeping": pack_kept(correlation),
        BOOT_STATE: pack_boot(0),
        CLOCK_STATE: pack_clock(0, clean=True),
    }
    put_states(disk, states)


def leave_sky_for(state: Path, mission: Mission, scenario: Scenario) -> None:
    """For processes of their own, into the board's state."""
    with storage_of(state) as disk:
        put_sky_on_board(disk, mission, scenario)


def put_states(disk: Disk, states: Mapping[str, bytes]) -> None:
    """Each whole, in all of its slots."""
    for name, body in states.items():
        slots = Slots(disk, f"state-{name}")
        for _ in range(COPIES):
            slots.save(body)


@contextmanager
def storage_of(state: Path) -> Iterator[Disk]:
    """The store in a board's folder, made if it is missing."""
    folder = state / "storage"
    folder.mkdir(parents=True, exist_ok=True)
    disk = PosixDisk(folder)
    try:
        yield disk
    finally:
        disk.close()
