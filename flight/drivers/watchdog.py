"""The hardware watchdog: `/dev/watchdog` (watchdog-api.rst of Linux) or, on a bench, a file.

    skyrack-flight run pathfinder --board pc --state /var/lib/skyrack --watchdog /dev/watchdog

Opening arms it, each octet feeds it, and `V` before closing disarms it where the driver allows that.  A process that
dies closes without `V`, and the board is reset.  On a bench the file counts what a hardware watchdog would have got.
"""

from __future__ import annotations

import os

NS = 1_000_000_000
FEED_EVERY_NS = 1 * NS  # the shortest watchdog of our boards bites after 15 s


class FileWatchdog:
    """OSError if the device or file cannot be opened."""

    def __init__(self, path: str) -> None:
        self.handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.fed_at = -FEED_EVERY_NS

    def feed(self, now: int) -> None:
        """At most once a second, however often it is called; `now` is machine time in ns."""
        if now - self.fed_at >= FEED_EVERY_NS:
            self.fed_at = now
            os.write(self.handle, b".")

    def disarm(self) -> None:
        os.write(self.handle, b"V")
        os.close(self.handle)
