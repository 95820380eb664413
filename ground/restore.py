"""A ground goes on where an earlier one ended: what its archive knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flight.wire import SEQUENCE_MODULO
from ground.archive import Archive
from ground.times import Point
from ground.uplink import HEARD_MAX

if TYPE_CHECKING:
    from ground.station import Ground

BOOTED = "executive.booted"
# After an unclean end: the commands of the last minute may be unknown, and their counts are spent.
COUNTS_SKIPPED = 64


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
