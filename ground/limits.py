"""Limits: which values ask for an operator.  States by generation time, so that a playback rings no false bell.

A state holds after `persistence` packets in a row say so.  An alarm is latched until somebody acknowledges it, also
when the value is good again.  Packets older than the newest of their kind are looked at too: what went wrong while
nobody heard it latches the alarm, as `late`, and leaves the present state alone.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from flight.dictionary import Dictionary, Field, PacketEntry
from ground.decode import BODY_AT, packet_length
from ground.reception import Packet

PERSISTENCE = 2  # one packet may be a glitch of its sensor; the spacecraft itself looks at every sample


class State(enum.Enum):
    """INVALID is NaN: no measurement is not a good one."""

    OK = "ok"
    YELLOW_LOW = "yellow low"
    YELLOW_HIGH = "yellow high"
    INVALID = "invalid"
    RED_LOW = "red low"
    RED_HIGH = "red high"


RANK = {state: rank for rank, state in enumerate(State)}  # the later, the worse


class LimitError(ValueError):
    """There is no such alarm."""


class AlarmRow(NamedTuple):
    """One change, as it is noted: `kind` is `state`, `late` or `acknowledged`; `who` acknowledged.

    Times in ns: generation (mission clock) and ground.
    """

    time_ns: int
    received_ns: int
    label: str
    field: str
    state: str
    value: float | None
    kind: str
    who: str


@dataclass(slots=True)
class Alarm:
    """The present state of one field, and the worst since it was last acknowledged."""

    label: str
    field: str
    state: State = State.OK
    worst: State = State.OK
    since_ns: int = 0
    value: float | None = None

    @property
    def standing(self) -> bool:
        """Somebody should look: it is bad now, or was and nobody has acknowledged that."""
        return self.state is not State.OK or self.worst is not State.OK

    @property
    def acknowledged(self) -> bool:
        return self.worst is State.OK


def classify(field: Field, value: float) -> State:
    limits = field.limits
    if math.isnan(value):
        return State.INVALID
    if limits is None:
        return State.OK
    for bound, state in ((limits.red_low, State.RED_LOW), (limits.yellow_low, State.YELLOW_LOW)):
        if bound is not None and value < bound:
            return state
    for bound, state in ((limits.red_high, State.RED_HIGH), (limits.yellow_high, State.YELLOW_HIGH)):
        if bound is not None and value > bound:
            return state
    return State.OK


class Tracker:
    """Persistence of one field in one stream of ascending times."""

    __slots__ = ("count", "pending", "state")

    def __init__(self, state: State = State.OK) -> None:
        self.state = self.pending = state
        self.count = 0

    @property
    def calm(self) -> bool:
        return self.state is State.OK and self.pending is State.OK

    def step(self, seen: State, persistence: int) -> bool:
        """True if the state has changed."""
        if seen is self.state:
            self.pending, self.count = seen, 0
            return False
        self.count = self.count + 1 if seen is self.pending else 1
        self.pending = seen
        if self.count < persistence:
            return False
        self.state, self.count = seen, 0
        return True


class Stream:
    """One kind of packet in ascending order of time."""

    __slots__ = ("calm", "time_ns", "trackers")

    def __init__(self, fields: Sequence[Field]) -> None:
        self.time_ns = -1
        self.calm = True
        self.trackers = [Tracker() for _ in fields]


class PacketLimits:
    """The limited fields of one kind of packet."""

    def __init__(self, entry: PacketEntry) -> None:
        self.label = entry.label
        self.fields = [field for field in entry.fields if field.limits is not None]
        self.length = packet_length(entry)
        self.values = _reader(entry)
        self.fine = _compile_fine(entry)
        self.now = Stream(self.fields)
        self.late = Stream(self.fields)
        self.alarms = [Alarm(entry.label, field.name) for field in self.fields]


def _reader(entry: PacketEntry) -> Callable[[bytes], tuple[float, ...]]:
    """The limited fields out of a whole packet."""
    codes = "".join(field.code if field.limits else f"{field.size}x" for field in entry.fields)
    return Struct(f">{BODY_AT}x{codes}2x").unpack


def _compile_fine(entry: PacketEntry) -> Callable[[bytes], bool]:
    """Generated: true if every limited field is within its inner limits.  NaN is not, since it compares false."""
    names, tests = [], []
    for index, field in enumerate(one for one in entry.fields if one.limits is not None):
        limits = field.limits
        assert limits is not None
        low = limits.yellow_low if limits.yellow_low is not None else limits.red_low
        high = limits.yellow_high if limits.yellow_high is not None else limits.red_high
        names.append(f"v{index}")
        bounds = f"{low!r} <= " * (low is not None) + f"v{index}" + f" <= {high!r}" * (high is not None)
        tests.append(bounds if low is not None or high is not None else f"v{index} == v{index}")
    source = f"def fine(packet):\n    {', '.join(names)}, = read(packet)\n    return {' and '.join(tests)}\n"
    space: dict[str, object] = {"read": _reader(entry)}
    exec(compile(source, f"<limits of {entry.label}>", "exec"), space)  # noqa: S102  (made here, of numbers)
    fine = space["fine"]
    assert callable(fine)
    return fine


class LimitMonitor:
    """All limits of a dictionary.  `changed` is given every change once."""

    def __init__(
        self, dictionary: Dictionary, changed: Callable[[AlarmRow], None], persistence: int = PERSISTENCE
    ) -> None:
        limited = [entry for entry in dictionary.packets if any(field.limits for field in entry.fields)]
        self.changed, self.persistence = changed, persistence
        self.kinds = {entry.sid: PacketLimits(entry) for entry in limited}
        self.alarms = {(a.label, a.field): a for kind in self.kinds.values() for a in kind.alarms}
        self.other_lengths = 0  # packets of another layout: not looked at

    def take(self, packet: Packet) -> None:
        kind = self.kinds.get(packet.sid)
        if kind is None:
            return
        octets = packet.octets
        if len(octets) != kind.length:
            self.other_lengths += 1
            return
        late = packet.time_ns < kind.now.time_ns
        stream = kind.late if late else kind.now
        if late and packet.time_ns < stream.time_ns:
            stream = kind.late = Stream(kind.fields)  # another stretch of the past begins
        stream.time_ns = packet.time_ns
        if not stream.calm or not kind.fine(octets):
            self._judge(kind, stream, packet, late=late)

    def _judge(self, kind: PacketLimits, stream: Stream, packet: Packet, *, late: bool) -> None:
        rows = zip(kind.fields, kind.values(packet.octets), stream.trackers, kind.alarms, strict=True)
        for field, value, tracker, alarm in rows:
            seen = classify(field, value)
            if not late:
                alarm.value = value
            if tracker.step(seen, self.persistence):
                self._change(alarm, packet, tracker.state, value, late=late)
        stream.calm = all(tracker.calm for tracker in stream.trackers)

    def _change(self, alarm: Alarm, packet: Packet, state: State, value: float, *, late: bool) -> None:
        if not late:
            alarm.state, alarm.since_ns = state, packet.time_ns
        if RANK[state] > RANK[alarm.worst]:
            alarm.worst = state
        self.changed(
            AlarmRow(
                packet.time_ns,
                packet.received_ns,
                alarm.label,
                alarm.field,
                state.value,
                None if math.isnan(value) else value,
                "late" if late else "state",
                "",
            )
        )

    # ---------------------------------------------------------------- operators

    def standing(self) -> list[Alarm]:
        """The worst first."""
        found = [alarm for alarm in self.alarms.values() if alarm.standing]
        return sorted(found, key=lambda a: (-max(RANK[a.state], RANK[a.worst]), a.label, a.field))

    def acknowledge(self, label: str, field: str, who: str, now_ns: int) -> None:
        """LimitError if there is nothing to acknowledge."""
        alarm = self.alarms.get((label, field))
        if alarm is None or alarm.acknowledged:
            raise LimitError(f"{label}.{field}: no alarm to acknowledge")
        alarm.worst = State.OK
        time_ns = max(alarm.since_ns, 0)
        self.changed(
            AlarmRow(time_ns, now_ns, label, field, alarm.state.value, alarm.value, "acknowledged", who)
        )

    def restore(self, rows: Iterable[AlarmRow]) -> None:
        """The alarms as an earlier ground left them; `rows` in the order they were noted."""
        for row in rows:
            alarm = self.alarms.get((row.label, row.field))
            if alarm is None:
                continue
            state = State(row.state)
            if row.kind == "acknowledged":
                alarm.worst = State.OK
                continue
            if RANK[state] > RANK[alarm.worst]:
                alarm.worst = state
            if row.kind == "state":
                alarm.state, alarm.since_ns, alarm.value = state, row.time_ns, row.value
        for kind in self.kinds.values():
            kind.now.trackers = [Tracker(alarm.state) for alarm in kind.alarms]
            kind.now.calm = all(tracker.calm for tracker in kind.now.trackers)
