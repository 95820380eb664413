"""When to ping by itself: the board has rebooted, and takes none of our frames.

It then takes higher frame numbers than before.  What carries files and asks for gaps is not answered frame by frame,
so a command has to find the numbers out (`KeyCare`); where no operator's is there, a ping does.
"""

from __future__ import annotations

from ground.key_care import KeyCare
from ground.uplink import Uplink

NS = 1_000_000_000
AGAIN_AFTER_NS = 60 * NS  # telemetry in the clear may be forged: then a ping a minute is what it costs
PROBE = "link"  # the source of such a ping


class Probe:
    """One for each ground."""

    def __init__(self, uplink: Uplink, key_care: KeyCare) -> None:
        self.uplink, self.key_care = uplink, key_care
        self._due_ns = 0

    def due(self, now_ns: int) -> bool:
        """Call it in contact only; true once, then not again for a while."""
        if now_ns < self._due_ns or not self.uplink.idle or not self.key_care.behind:
            return False
        self._due_ns = now_ns + AGAIN_AFTER_NS
        return True
