"""`skyrack-hil line`: two serial ports that are joined by a bad line, for any two programs."""

from __future__ import annotations

import math
import select
import time
from collections.abc import Callable
from pathlib import Path

from hil.line import PseudoSerial, Shape
from sim.shaping import ShapedLine

POLL_MAX_MS = 200
ABSENT_MS = 20  # between looks at an end that nobody has opened


class Joined:
    """Both ends, and what is on its way between them."""

    def __init__(self, left: Path, right: Path, shape: Shape, seed: str) -> None:
        """OSError if a name is taken."""
        self.ends = [PseudoSerial(left)]
        try:
            self.ends.append(PseudoSerial(right))
        except OSError:
            self.ends[0].close()
            raise
        self.ways = [
            ShapedLine(shape.octets_s, shape.delay_ns, shape.faults, f"{seed}/{way}") for way in ("lr", "rl")
        ]

    def turn(self, now: int) -> None:
        for way, source, target in ((0, 0, 1), (1, 1, 0)):
            self.ways[way].put(self.ends[source].read(), now)
            self.ends[target].write(self.ways[way].take(now))

    def wait(self, now: int) -> None:
        """Until something comes or arrives."""
        poller = select.poll()
        for end in self.ends:
            poller.register(end.fileno(), select.POLLIN | (select.POLLOUT if end.wants_to_write else 0))
        due = [one for one in (way.next_arrival() for way in self.ways) if one is not None]
        left_ms = math.ceil((min(due) - now) / 1e6) if due else POLL_MAX_MS
        ready = poller.poll(max(0, min(left_ms, POLL_MAX_MS)))
        if ready and not any(events & (select.POLLIN | select.POLLOUT) for _, events in ready):
            time.sleep(ABSENT_MS / 1000)  # a poll of an end that is not open comes back at once

    def counts(self) -> list[str]:
        lines = []
        for name, way in zip(("left to right", "right to left"), self.ways, strict=True):
            spoiler = way.spoiler
            lines.append(
                f"{name}: {spoiler.octets:,} octets, {spoiler.lost:,} lost, {spoiler.flipped:,} bits flipped,"
                f" {spoiler.bursts:,} bursts, {spoiler.inserted:,} console lines"
            )
        return lines

    def close(self) -> None:
        for end in self.ends:
            end.close()


def join(
    left: Path, right: Path, shape: Shape, seed: str, stopped: Callable[[], bool], say: Callable[[str], None]
) -> None:
    """Until `stopped()`."""
    joined = Joined(left, right, shape, seed)
    say(f"{left} and {right} are joined; Ctrl-C ends it")
    try:
        while not stopped():
            joined.wait(time.monotonic_ns())
            joined.turn(time.monotonic_ns())
    finally:
        joined.close()
    for line in joined.counts():
        say(line)
