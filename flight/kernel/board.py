"""A board: the ports that the kernel runs on, joined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flight.ports import Clock, Computer, Link, Sensors, Switches, Worker


@dataclass(frozen=True, slots=True)
class Board:
    """`crash(module, error)` keeps what is known of a crash where a person can find it."""

    clock: Clock
    link: Link
    sensors: Sensors
    switches: Switches
    worker: Worker
    computer: Computer
    crash: Callable[[str, Exception], None]
