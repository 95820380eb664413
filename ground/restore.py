"""A ground goes on where an earlier one ended: what its archive knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flight.wire import SEQUENCE_MODULO
from ground.archive import Archive
from ground.decode import event_entry, event_values
from ground.job_ledger import MODULE as JOBS
from ground.times import Point
from ground.uplink import HEARD_MAX

if TYPE_CHECKING:
    from ground.station import Ground

BOOTED = "executive.booted"
# After an unclean end: the commands of the last minute may be unknown, and their counts are spent.
COUNTS_SKIPPED = 64
ROWS_NS = 2 * 86_400 * 1_000_000_000  # 35,000 rows, read in half a second


def restore(ground: Ground, archive: Archive, now_ns: int) -> None:
    """Go on where an earlier ground ended."""
    query = archive.query
    skipped = 0 if archive.ended_cleanly else COUNTS_SKIPPED
    counts = {apid: (count + skipped) % SEQUENCE_MODULO for apid, count in query.sequence_counts().items()}
    ground.uplink.restore(query.commands(HEARD_MAX), query.next_command(), counts, now_ns)
    ground.limits.restore(query.alarms())
    for mission_ns, offset_ns in query.time_points():
        ground.times.add(Point(mission_ns, offset_ns))
    for event in query.events(prefix=BOOTED):
        ground.times.rebooted(event.time_ns)
    for entry in ground.dictionary.packets:
        packet = query.newest(entry.sid)
        if packet is not None:
            ground.latest.newest[entry.sid] = packet
    _restore_jobs(ground, archive)


def _restore_jobs(ground: Ground, archive: Archive) -> None:
    """Every event of a job, and the rows of the last days: a job that has none of those is over."""
    query, ledger = archive.query, ground.ledger
    newest = query.newest(ledger.sid)
    if newest is not None:
        for packet in query.packets_of(ledger.sid, newest.time_ns - ROWS_NS):
            ground.intake.take_row(packet)
    for packet in query.events_of(JOBS):
        entry = event_entry(ground.dictionary, packet.body)
        values = None if entry is None else event_values(entry, packet.body)
        if entry is not None and values is not None:
            ledger.event(packet.time_ns, packet.record, entry, values)
