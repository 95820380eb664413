"""Reports of the services that keep lists on board: as they came, for whoever shows them."""

from __future__ import annotations

from typing import NamedTuple

from flight.wire import event_action, monitoring, packet_stores

SCHEDULE, SCHEDULE_DETAIL, SCHEDULE_SUMMARY = 11, 10, 13
REPORTED = frozenset(
    {
        (SCHEDULE, SCHEDULE_DETAIL),
        (SCHEDULE, SCHEDULE_SUMMARY),
        (monitoring.SERVICE, monitoring.DEFINITIONS),
        (monitoring.SERVICE, monitoring.OUT_OF_LIMITS),
        (monitoring.SERVICE, monitoring.TRANSITIONS),
        (monitoring.SERVICE, monitoring.STATUS),
        (event_action.SERVICE, event_action.STATUS),
        (event_action.SERVICE, event_action.DEFINITIONS),
        (packet_stores.SERVICE, packet_stores.CONTENTS),
        (packet_stores.SERVICE, packet_stores.STATUS),
    }
)


class ServiceReport(NamedTuple):
    """`time_ns` on the mission clock; `body` after the headers."""

    time_ns: int
    received_ns: int
    record: int
    service: int
    subtype: int
    body: bytes
