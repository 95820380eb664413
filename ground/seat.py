"""The commanding seat: one operator at a time sends, everybody else looks.

A seat belongs to a name.  It is held by a lease that its holder's programs renew; when they are gone it ends by
itself.  Sans-I/O: `now` is the time of the place where the ground runs, in ns, not that of a fast simulation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

NS = 1_000_000_000
LEASE_NS = 30 * NS  # three renewals lost in a row; a shell renews every 10 s
LEASE_LONGEST_NS = 12 * 3600 * NS  # a shift; a longer one was forgotten
NAME_LONGEST = 64


class SeatError(ValueError):
    """The seat cannot be had, or is needed; one line says who has it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who sits there; times in ns."""

    name: str
    where: str
    since_ns: int
    until_ns: int


class Seat:
    """Empty, or held by one name."""

    def __init__(self) -> None:
        self.holder: Holder | None = None

    def take(self, name: str, where: str, now: int, lease_ns: int = LEASE_NS) -> Holder:
        """Sit down, or stay seated for longer.  SeatError if somebody else sits there."""
        check_name(name)
        self._check_free(name, now)
        held = self._held(now)
        until = now + min(lease_ns, LEASE_LONGEST_NS)
        if held is None:
            self.holder = Holder(name, where, now, until)
        else:
            self.holder = replace(held, until_ns=max(held.until_ns, until))
        return self.holder

    def force(self, name: str, where: str, now: int, lease_ns: int = LEASE_NS) -> Holder | None:
        """Sit down whoever sits there.  Who that was."""
        check_name(name)
        held = self._held(now)
        if held is not None and held.name != name:
            self.holder = None
        self.take(name, where, now, lease_ns)
        return held if held is not None and held.name != name else None

    def release(self, name: str, now: int) -> bool:
        """False if it was empty.  SeatError if it is somebody else's."""
        self._check_free(name, now)
        released = self._held(now) is not None
        self.holder = None
        return released

    def renew(self, name: str, now: int, lease_ns: int = LEASE_NS) -> bool:
        """A sign of life of somebody; true if it is the holder's."""
        held = self._held(now)
        if held is None or held.name != name:
            return False
        self.holder = replace(held, until_ns=max(held.until_ns, now + min(lease_ns, LEASE_LONGEST_NS)))
        return True

    def check(self, name: str, now: int) -> None:
        """SeatError unless it is this name's."""
        self._check_free(name, now)
        if self._held(now) is None:
            raise SeatError(f"nobody has the commanding seat: {name} must take it first")

    def next_deadline(self) -> int | None:
        return None if self.holder is None else self.holder.until_ns

    def on_deadline(self, now: int) -> Holder | None:
        """Whose lease has ended just now."""
        held = self.holder
        if held is None or now < held.until_ns:
            return None
        self.holder = None
        return held

    def _held(self, now: int) -> Holder | None:
        held = self.holder
        return held if held is not None and now < held.until_ns else None

    def _check_free(self, name: str, now: int) -> None:
        held = self._held(now)
        if held is not None and held.name != name:
            raise SeatError(
                f"{held.name} ({held.where}) has the commanding seat since {(now - held.since_ns) // NS} s;"
                " `seat force` takes it away"
            )


def check_name(name: str) -> None:
    """SeatError for what cannot stand in a log."""
    if not 0 < len(name) <= NAME_LONGEST or not name.isprintable() or name != name.strip():
        raise SeatError(
            f"{name[:NAME_LONGEST]!r} is no name: expected 1 to {NAME_LONGEST} printable characters"
        )
