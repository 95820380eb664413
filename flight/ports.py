"""What a board must provide, as Protocols.  A call may take 1 ms at most, except on `Disk`, which only workers hold.

Every reading is a plain float; what cannot be read is NaN.  A port never raises for bad hardware: it
gives NaN, False or fewer bytes, and counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from flight.declare import Inventory, JobEntry, JobFolders, JobLimits, JobToRun, Refusal


class Clock(Protocol):
    """Monotonic mission time in integer nanoseconds, and what a step of code costs."""

    measures: bool
    """False in virtual time: steps cost nothing, and are not timed."""

    def now(self) -> int: ...

    def cost(self) -> int:
        """Nanoseconds, for the time that a step takes."""
        ...

    def waited(self) -> int:
        """Nanoseconds so far in which others had the core while this thread could have run: no step's own doing.

        One that wakes another process, by a pipe or a socket, was measured to lose the core to it for 3 to 9 ms.
        """
        ...


class Disk(Protocol):
    """One flat directory of files.  Calls block and may raise OSError; only workers hold a disk.

    A write reaches the medium for sure only after `sync` of that file; a new, renamed or removed name only after
    `sync_directory`.
    """

    def names(self) -> list[str]:
        """All file names, sorted."""
        ...

    def size(self, name: str) -> int: ...

    def read(self, name: str, offset: int, length: int) -> bytes:
        """At most `length` octets; fewer at the end of the file.  FileNotFoundError if absent."""
        ...

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write `data` at `offset`; creates the file; a hole reads as zeros."""
        ...

    def truncate(self, name: str, size: int) -> None: ...

    def sync(self, name: str) -> None: ...

    def rename(self, old: str, new: str) -> None: ...

    def remove(self, name: str) -> None: ...

    def sync_directory(self) -> None: ...


class LineState(NamedTuple):
    """What a line says of itself; octets and counts since the start."""

    connected: bool
    sent: int
    received: int
    lost: int  # handed over, and never taken by the line
    connections: int
    failures: int  # attempts that failed, and connections that broke
    queued: int  # octets below the caller, not yet sent


class Link(Protocol):
    """The space link as the board sees it: octets from and to a transceiver."""

    def carrier(self) -> bool:
        """The receiver is locked to a ground station."""
        ...

    def receive(self) -> bytes: ...

    def room(self) -> int:
        """Octets that the transmitter can take now."""
        ...

    def send(self, data: bytes) -> None:
        """Hand over at most `room()` octets."""
        ...

    def line(self) -> LineState: ...


class Sensors(Protocol):
    """All measured quantities of the board."""

    def read(self, every: int) -> Sequence[float]:
        """The readings of all sensors of that rate, in the order of the mission's table; NaN for no fresh reading."""
        ...


class Switches(Protocol):
    """All actuators of the board, in the order of the mission's switch table; levels are small integers, 0 is off."""

    def set(self, index: int, level: int) -> None: ...

    def levels(self) -> Sequence[int]:
        """Read back, not remembered."""
        ...


class Watchdog(Protocol):
    def feed(self) -> None: ...


class Computer(Protocol):
    """The machine that flight runs on: load and memory, for housekeeping."""

    def cpu_percent(self) -> float: ...

    def memory_mb(self) -> float: ...

    def disk_free_mb(self) -> float: ...

    def garbage_collections(self) -> int:
        """Runs of the interpreter's collector since the start."""
        ...


class Worker(Protocol):
    """What may block: storage, planning, signatures.  A request goes out, its result comes back in a later tick."""

    def submit(self, ticket: int, request: object, now: int) -> bool:
        """False if the worker cannot take it: its queue is full or it is being restarted."""
        ...

    def poll(self, now: int) -> Sequence[tuple[int, object]]:
        """Results that are ready, as (ticket, result)."""
        ...

    def due(self, now: int) -> int:
        """Before then `poll` has nothing, as far as is known; `now` where that cannot be known: another process."""
        ...


class JobRunner(Protocol):
    """Runs the jobs.  An order is taken or refused at once; what comes of it shows in the job's entry.

    None is "taken".  Times are absolute or spans on the caller's monotonic clock, ns.  Every order may be given twice.
    """

    def start(self, job: JobToRun, limits: JobLimits, folders: JobFolders, now: int) -> Refusal | None: ...

    def freeze(self, job: int, now: int) -> Refusal | None:
        """Not a microsecond more of processor time, memory kept.  FROZEN when read back."""
        ...

    def thaw(self, job: int, now: int) -> Refusal | None: ...

    def checkpoint(self, job: int, within_ns: int, now: int) -> Refusal | None:
        """Ask it to write one and go on."""
        ...

    def stop(self, job: int, within_ns: int, now: int) -> Refusal | None:
        """Ask it to write a checkpoint and end; killed when the time is over."""
        ...

    def kill(self, job: int, now: int) -> Refusal | None: ...

    def pace(self, job: int, speed_milli: int, now: int) -> Refusal | None:
        """Thousandths of full speed, at least 1."""
        ...

    def book(self, job: int, energy_mj: int, now: int) -> Refusal | None:
        """Add to the energy in its account, which is kept here over a restart of the executive."""
        ...

    def forget(self, job: int, now: int) -> Refusal | None:
        """Of a job that has ended: the caller has seen it."""
        ...

    def poll(self, now: int) -> Sequence[JobEntry]:
        """Entries that have changed since the last call."""
        ...

    def inventory(self, now: int) -> Inventory: ...
