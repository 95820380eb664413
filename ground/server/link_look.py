"""The state of the link as one map: what is counted anywhere on the way down and up, under the names of its fields.

Whatever counters the parts have appear by themselves: every number, switch, enum and count by kind in a dataclass.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from ground.protocol import NS, Plain
from ground.station import Ground

SAMPLES = 11  # one each second: rates are those of the last ten
SAMPLE_EVERY_NS = NS


class LineState(Protocol):
    """What the server's line to the station says of itself."""

    connected: bool
    error: str

    @property
    def totals(self) -> object: ...

    @property
    def address(self) -> object: ...


class Sample(NamedTuple):
    ground_ns: int
    frames: int
    packets: int
    octets: int


class Rates:
    """Of frames, packets and octets received, by the ground's clock."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)
        self._due_ns = 0  # real time

    def note(self, ground: Ground, line: LineState | None, ground_ns: int, real_ns: int) -> None:
        """Every second at most: to add up the counters of all stations takes 50 us."""
        if real_ns < self._due_ns:
            return
        self._due_ns = real_ns + SAMPLE_EVERY_NS
        octets = getattr(line.totals, "received", 0) if line else 0
        link = ground.reception.link
        self._samples.append(Sample(ground_ns, link.frames, link.packets, octets))

    def per_second(self) -> Plain:
        """Nothing before there are two samples."""
        if len(self._samples) < 2 or self._samples[-1].ground_ns <= self._samples[0].ground_ns:
            return {}
        first, last = self._samples[0], self._samples[-1]
        seconds = (last.ground_ns - first.ground_ns) / NS
        names = ("frames", "packets", "octets")
        found = {
            name: round((getattr(last, name) - getattr(first, name)) / seconds, 1)
            for name in names
            if name != "octets" or last.octets
        }
        return {**found, "over_s": round(seconds, 1)}


def link_sections(ground: Ground, line: LineState | None) -> dict[str, Plain]:
    """Title to counters; a nested map is a count by kind."""
    status = ground.link
    reception, uplink = ground.reception, ground.uplink
    sections: dict[str, Plain] = {}
    if line is not None:
        error = {"error": line.error} if line.error else {}
        sections["line"] = {
            "address": str(line.address),
            "connected": line.connected,
            **error,
            **counters_of(line.totals),
        }
    sections["telemetry"] = counters_of(status.frames)
    if reception.security_link.protected:
        sections["telemetry security"] = counters_of(reception.security)
    sections["packets"] = counters_of(status.packets)
    for station, receiver in reception.receivers.items():
        state = getattr(receiver, "state", None)
        told: Plain = {"synchronised": plain(state)} if state is not None else {}
        told["octets_held"] = receiver.held
        sections[f"station {station}" if station else "station"] = told
        for channel, clcw in receiver.clcws.items():
            sections[f"CLCW of channel {channel}"] = {
                name: value for name, value in clcw._asdict().items() if name != "virtual_channel"
            }
    sections["telecommands"] = {
        "waiting": len(uplink.queue),
        "open": len(uplink.open),
        **counters_of(uplink.counters),
    }
    fop = ground.line.fop
    sections["COP-1"] = {
        "service": status.service,
        "next_number": fop.v_s,
        "open_frames": fop.open_frames,
        **counters_of(status.command_frames),
    }
    return sections


def counters_of(holder: object) -> Plain:
    """The fields of a dataclass, or the public attributes of anything else, that are counters or states."""
    if is_dataclass(holder):
        names = [field.name for field in fields(holder)]
    else:
        names = [name for name in vars(holder) if not name.startswith("_")]
    found: Plain = {}
    for name in names:
        value = plain(getattr(holder, name))
        if value is not None:
            found[name] = value
    return found


def plain(value: object) -> object:
    """As it may cross to a client; None for what is no counter and no state."""
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name.lower()
    if isinstance(value, Mapping):
        rows = {_key(key): count for key, count in value.items() if isinstance(count, int)}
        return rows if len(rows) == len(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        return counters_of(value)
    return None


def _key(key: object) -> str:
    if isinstance(key, Enum):
        return key.value if isinstance(key.value, str) else key.name.lower()
    return str(key)
