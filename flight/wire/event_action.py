"""What service 19 stores: for an event, a telecommand packet that it releases (ECSS-E-ST-70-41C 6.19).

An event is named by the APID of its module and its number, 16 bits each.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from flight.wire.packet import SHORTEST_PACKET

SERVICE = 19
ADD, DELETE, DELETE_ALL = 1, 2, 3
ENABLE, DISABLE = 4, 5
REPORT_STATUS, STATUS = 6, 7
ENABLE_FUNCTION, DISABLE_FUNCTION = 8, 9
REPORT_DEFINITIONS, DEFINITIONS = 10, 11

COUNT_MAX = 255
EVENT = struct.Struct(">HH")
SWITCH = struct.Struct(">HH?")


class EventId(NamedTuple):
    apid: int
    number: int


class EventAction(NamedTuple):
    """On `event`, while `enabled`, `packet` is released."""

    event: EventId
    enabled: bool
    packet: bytes


def pack_events(events: Sequence[EventId]) -> bytes:
    assert len(events) <= COUNT_MAX
    return bytes([len(events)]) + b"".join(EVENT.pack(*event) for event in events)


def read_events(data: bytes) -> tuple[EventId, ...] | None:
    """A count u8 and that many events; None for anything else."""
    if not data or len(data) != 1 + EVENT.size * data[0]:
        return None
    return tuple(EventId(*event) for event in EVENT.iter_unpack(data[1:]))


def pack_additions(actions: Sequence[EventAction]) -> bytes:
    """As TC[19,1] carries them: without the switch."""
    assert len(actions) <= COUNT_MAX
    return bytes([len(actions)]) + b"".join(EVENT.pack(*one.event) + one.packet for one in actions)


def read_additions(data: bytes) -> tuple[EventAction, ...] | None:
    """A count u8, then event and whole packet each, disabled; None for anything else."""
    return _read(data, EVENT)


def pack_actions(actions: Sequence[EventAction]) -> bytes:
    """With the switch, as TM[19,11] carries them, and the document on board."""
    assert len(actions) <= COUNT_MAX
    return bytes([len(actions)]) + b"".join(
        SWITCH.pack(*one.event, one.enabled) + one.packet for one in actions
    )


def read_actions(data: bytes) -> tuple[EventAction, ...] | None:
    return _read(data, SWITCH)


def _read(data: bytes, head: struct.Struct) -> tuple[EventAction, ...] | None:
    if not data:
        return None
    found = []
    at = 1
    for _ in range(data[0]):
        start = at + head.size
        if len(data) < start + SHORTEST_PACKET:
            return None
        end = start + int.from_bytes(data[start + 4 : start + 6], "big") + SHORTEST_PACKET
        if len(data) < end:
            return None
        apid, number, *switch = head.unpack_from(data, at)
        found.append(EventAction(EventId(apid, number), bool(switch and switch[0]), data[start:end]))
        at = end
    return tuple(found) if at == len(data) else None


def pack_switches(switches: Iterable[tuple[EventId, bool]]) -> bytes:
    """As TM[19,7] carries them."""
    rows = [SWITCH.pack(*event, enabled) for event, enabled in switches]
    assert len(rows) <= COUNT_MAX
    return bytes([len(rows)]) + b"".join(rows)


def read_switches(body: bytes) -> tuple[tuple[EventId, bool], ...] | None:
    if not body or len(body) != 1 + SWITCH.size * body[0]:
        return None
    return tuple((EventId(apid, number), on) for apid, number, on in SWITCH.iter_unpack(body[1:]))
