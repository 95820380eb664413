"""Protected frames of a recording (SDLS, 355.0-B): opened with the link's keys, and counted with or without.

Keys are only read: no counter of theirs moves, and no number that was taken before is refused but in the recording
itself.
"""

from __future__ import annotations

from pathlib import Path

from flight.wire.sdls import (
    KEYS_NAME,
    FollowingReceiver,
    KeyState,
    SecurityRejection,
    Use,
    Vault,
    open_vault,
    pack_counters,
    pack_keys,
    unpack_keys,
)
from flight.wire.telemetry_link import TelemetryLink
from ground.keys import OTHERS
from ground.recording.layout import RecordingError

_OURS = 0xFFF0  # version and spacecraft, of a frame's first two octets
NO_KEYS = "no keys"


def recording_vault(folder: Path) -> Vault:
    """All telemetry keys of a folder of `skyrack-flight keys make`, those that are no longer in use too.

    RecordingError, in one line, if there are none, or others can read them.
    """
    path = folder / KEYS_NAME
    try:
        slots = unpack_keys(path.read_bytes())
        private = not path.stat().st_mode & OTHERS
    except OSError as error:
        raise RecordingError(f"--keys {path}: {error.strerror or error}") from None
    if not private:
        raise RecordingError(f"--keys {path} is open to others: chmod 600, and think about who has read it")
    wanted = [
        slot._replace(state=KeyState.PRE_ACTIVATION, tried=False)
        for slot in slots or ()
        if slot.use is Use.TELEMETRY and slot.key
    ]
    if not wanted:
        raise RecordingError(f"--keys {path}: damaged, or no keys of telemetry in it")
    vault = Vault()
    counters = pack_counters({slot.spi: 0 for slot in wanted})
    open_vault(vault, Use.TELECOMMAND, pack_keys(wanted), counters)
    return vault


class ProtectedFrames:
    """What of a recording is protected, by the mission's table, and what became of it.  Without a vault: counted."""

    def __init__(self, spacecraft_id: int, link: TelemetryLink, vault: Vault | None) -> None:
        self._identity = spacecraft_id << 4
        self._protected = frozenset(link.protected)
        self._receiver = None if vault is None else FollowingReceiver(link.rule(), vault, {})
        self.frames = 0
        self.opened = 0
        self.refused: dict[str, int] = {}

    def covers(self, frame: bytes) -> bool:
        identity = frame[0] << 8 | frame[1]
        return identity >> 1 & 7 in self._protected and identity & _OURS == self._identity

    def open(self, frame: bytes) -> bytes | str:
        """The same frame in the clear, as long as it was; or why not."""
        self.frames += 1
        made = NO_KEYS if self._receiver is None else self._receiver.open(frame)
        if isinstance(made, bytes):
            self.opened += 1
            return made
        why = made.reason.value if isinstance(made, SecurityRejection) else made
        self.refused[why] = self.refused.get(why, 0) + 1
        return why
