"""The umbilical: on a bench, simulated readings come to the board, and the board's switch commands go back.

    skyrack-flight run pathfinder --board bench --link tcp:127.0.0.1:5000 --umbilical tcp://127.0.0.1:5001

Over ZeroMQ (the world binds a ROUTER, the board connects a DEALER) or a serial line of its own: see
`flight.drivers.umbilical_pipes`.  The board says hello once a second, so that the world
knows whom to answer; the world sends readings whenever it has new ones, and after each switch command.  Nothing is
repeated: a reading is overtaken by the next, and modules check every switch by its read-back.

Messages are fixed structs in the order of the mission's tables.  `layout` is a CRC of the names in those tables: ends
that fly different missions understand nothing of each other, and count it.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from flight.drivers.umbilical_pipes import Pipe

NS = 1_000_000_000
HELLO_EVERY_NS = 1 * NS
COMMANDS_MAX = 256  # switch commands in one message; a mission has some ten switches
DRAIN_MAX = 256  # messages taken in one tick
READINGS = struct.Struct(">4sIQIBHH")
COMMANDS = struct.Struct(">4sIH")
COMMAND = struct.Struct(">HB")
READINGS_MAGIC, COMMANDS_MAGIC = b"UMR1", b"UMC1"


class Readings(NamedTuple):
    """World to board: sensors and switch levels in the mission's order, and what the transceiver says."""

    number: int  # grows by one with each message
    room: int  # octets that the transmitter takes now
    carrier: bool
    levels: tuple[int, ...]
    values: tuple[float, ...]


def layout_of(names: Sequence[str]) -> int:
    """Of all sensors, then all switches."""
    return zlib.crc32("\n".join(names).encode())


def pack_readings(layout: int, readings: Readings) -> bytes:
    levels, values = readings.levels, readings.values
    head = READINGS.pack(
        READINGS_MAGIC, layout, readings.number, readings.room, readings.carrier, len(levels), len(values)
    )
    return head + bytes(levels) + struct.pack(f">{len(values)}d", *values)


def unpack_readings(layout: int, data: bytes) -> Readings | None:
    """None for whatever is not a whole message of this layout."""
    if len(data) < READINGS.size:
        return None
    magic, found, number, room, carrier, levels, values = READINGS.unpack_from(data)
    if magic != READINGS_MAGIC or found != layout or len(data) != READINGS.size + levels + 8 * values:
        return None
    start = READINGS.size + levels
    return Readings(
        number,
        room,
        carrier == 1,
        tuple(data[READINGS.size : start]),
        struct.unpack_from(f">{values}d", data, start),
    )


def pack_commands(layout: int, commands: Sequence[tuple[int, int]]) -> bytes:
    """(switch, level) each; none is a hello."""
    assert len(commands) <= COMMANDS_MAX
    return COMMANDS.pack(COMMANDS_MAGIC, layout, len(commands)) + b"".join(
        COMMAND.pack(*one) for one in commands
    )


def unpack_commands(layout: int, data: bytes) -> list[tuple[int, int]] | None:
    """None for whatever is not a whole message of this layout."""
    if len(data) < COMMANDS.size:
        return None
    magic, found, count = COMMANDS.unpack_from(data)
    if magic != COMMANDS_MAGIC or found != layout or len(data) != COMMANDS.size + count * COMMAND.size:
        return None
    return [COMMAND.unpack_from(data, COMMANDS.size + place * COMMAND.size) for place in range(count)]


class Umbilical:
    """The board's end.  `exchange` once a tick; nothing here waits.

    `readings` are the newest, None while there are none yet; `heard` is when they came, in mission time.
    """

    def __init__(self, pipe: Pipe, names: Sequence[str]) -> None:
        self.pipe = pipe
        self.layout = layout_of(names)
        self.readings: Readings | None = None
        self.heard = 0
        self.hello_at = -math.inf
        self.commands: list[tuple[int, int]] = []
        self.received = self.rejected = 0
        self.lost_commands = 0  # the other end is away

    def exchange(self, now: int) -> None:
        self.pipe.tend(now)
        self._drain(now)
        if self.commands or now >= self.hello_at:
            self._send(now)

    def command(self, index: int, level: int) -> None:
        """Goes out with the next exchange."""
        if len(self.commands) < COMMANDS_MAX:
            self.commands.append((index, level))
        else:
            self.lost_commands += 1

    def close(self) -> None:
        self.pipe.close()

    def _drain(self, now: int) -> None:
        for _ in range(DRAIN_MAX):
            data = self.pipe.receive()
            if data is None:
                return
            readings = unpack_readings(self.layout, data)
            if readings is None:
                self.rejected += 1
            else:
                self.readings, self.heard = readings, now
                self.received += 1

    def _send(self, now: int) -> None:
        self.hello_at = now + HELLO_EVERY_NS
        if not self.pipe.send(pack_commands(self.layout, self.commands)):
            self.lost_commands += len(self.commands)
        self.commands.clear()
