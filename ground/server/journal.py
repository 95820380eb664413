"""Who did what, where it must stand before it counts: in the audit log, and its head in the ground's archive."""

from __future__ import annotations

from ground.audit import AuditError, AuditLog
from ground.server.ask import Ask, Moment
from ground.station import Ground

ANCHOR = "audit"  # what marks the head of the log in the archive


class Journal:
    """Without a log (a simulation that keeps nothing) only the ground's own notes are made."""

    def __init__(self, ground: Ground, log: AuditLog | None) -> None:
        self.ground, self.log = ground, log
        self.broken = ""  # why nothing may be sent any more

    def note(self, ask: Ask, did: str, what: str) -> None:
        self.write(ask.who, ask.origin, did, what, ask.now)

    def write(self, who: str, where: str, did: str, what: str, now: Moment) -> None:
        """What cannot be written stops all sending, until somebody has looked."""
        if self.log is None:
            self.ground.audit(who, f"{did}: {what}", now.ground_ns)
            return
        try:
            line = self.log.append(who, where, did, what, now.utc_ns, now.ground_ns)
        except (AuditError, OSError) as error:
            self.broken = f"the audit log cannot be written: {error}"
            return
        self.ground.audit(who, f"{ANCHOR} {line.number} {line.digest}", now.ground_ns)


def anchor_of(what: str) -> tuple[int, str] | None:
    """The number and digest in such a note."""
    words = what.split(" ")
    if len(words) != 3 or words[0] != ANCHOR or not words[1].isdigit():
        return None
    return int(words[1]), words[2]
