"""What it means that a spacecraft is well again, as a list of what is still missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flight.declare import COMPUTE
from flight.kernel import Kernel
from flight.kernel.supervisor import State
from flight.modules.downlink import Downlink
from flight.modules.faults.module import Faults
from ground import Ground, Stage
from sim.checks.records import RecordsKept
from sim.simulation import Simulation

TICKETS_FEW = 8  # what a healthy second leaves under way
BOX_FEW = 64  # packets in an inbox between two steps of its reader
FRESH = 200  # the newest records of a store may still be on their way


def missing_for_nominal(simulation: Simulation, ground: Ground, records: RecordsKept) -> list[str]:
    """Empty when all is well: mode, rung, modules, faults, queues, playback, gaps, commands."""
    kernel = simulation.computer.kernel
    if kernel is None:
        return ["the computer is off"]
    return [*_flight(kernel), *_backlog(kernel), *_ground(ground), *_records(ground, records)]


def _flight(kernel: Kernel) -> Iterator[str]:
    values = vars(kernel.bus)
    if values["mode"] != COMPUTE:
        yield f"mode {values['mode']}"
    if values["rung"]:
        yield f"rung {values['rung']}"
    for slot in kernel.slots:
        if slot.state is not State.RUNNING:
            yield f"{slot.name} {slot.state.value}"
        if isinstance(slot.module, Faults):
            yield from (f"fault {row.fault.name}" for row in slot.module.rows if row.active)


def _backlog(kernel: Kernel) -> Iterator[str]:
    for name, box in kernel.boxes.items():
        if len(box.items) > BOX_FEW:
            yield f"{len(box.items)} items in {name}"
    if len(kernel.tickets.pending) > TICKETS_FEW:
        yield f"{len(kernel.tickets.pending)} tickets"
    for slot in kernel.slots:
        if isinstance(slot.module, Downlink):
            playback = slot.module.playback
            if playback.backlog() or playback.ready:
                yield f"{playback.backlog()} records to play back"


def _ground(ground: Ground) -> Iterator[str]:
    missing = ground.link.missing
    if missing:
        yield f"{missing} records missing on the ground"
    if ground.uplink.queue:
        yield f"{len(ground.uplink.queue)} commands queued"
    files = ground.files.entity
    if files.senders or files.receivers:
        yield f"{len(files.senders) + len(files.receivers)} files under way"
    under_way = [record for record in ground.uplink.open.values() if record.stage is not Stage.SCHEDULED]
    if under_way:
        yield f"{len(under_way)} commands open, such as {under_way[0].text}"


def _records(ground: Ground, records: RecordsKept) -> Iterator[str]:
    """Everything that storage has acknowledged is here, or said to be absent."""
    for store, kept in records.acknowledged.items():
        coverage = ground.coverage[store]
        for first, last in kept:
            for low, high in coverage.received.holes(first, min(last, kept.highest - FRESH)):
                unknown = list(coverage.absent.holes(low, high))
                if unknown:
                    yield f"records {unknown[0][0]} to {unknown[0][1]} of store {store} never came"
                    return


def words(missing: Sequence[str]) -> str:
    return "; ".join(missing)
