"""Switches that a response has set: verified by read-back, and rails that are being cycled."""

from flight.declare import SECOND, Boot, Event, Outbox
from flight.modules.faults.memory import Memory

OBEY_WITHIN_NS = 5 * SECOND  # levels are read back once a second


class Switching:
    """One rail at a time is cycled, so that inrush currents never add up and one kept state is enough."""

    def __init__(self, kept: Memory, not_obeyed: Event) -> None:
        self.kept = kept
        self.not_obeyed = not_obeyed
        self.expected: dict[
            int, tuple[int, int]
        ] = {}  # switch -> (level, since); as many as there are switches
        self.off_since = self.off_until = 0
        self.seen_off = False
        self.disobeyed = 0
        self.boot_count = 0

    @property
    def cycling(self) -> bool:
        return self.kept.cycled_switch != 0

    @property
    def busy(self) -> bool:
        return bool(self.expected) or self.kept.cycled_switch != 0

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        """A crash of the module in the middle of a cycle ends it; a boot has set the switches itself."""
        self.boot_count = boot.count
        if self.cycling and self.kept.boot_count == boot.count:
            self._end_cycle(now, out)
        elif self.cycling:
            self._forget_cycle(out)

    def set(self, now: int, switch: int, level: int, out: Outbox) -> None:
        """Also ends a cycle of this switch: the later and lasting decision counts."""
        if self.kept.cycled_switch == switch + 1:
            self._forget_cycle(out)
        out.set(switch, level)
        self.expected[switch] = (level, now)

    def cycle(self, now: int, switch: int, level: int, off_ns: int, out: Outbox) -> None:
        assert not self.cycling
        self.expected.pop(switch, None)
        self.kept.cycled_switch, self.kept.cycled_level, self.kept.boot_count = (
            switch + 1,
            level,
            self.boot_count,
        )
        self.off_since, self.off_until = now, now + off_ns
        self.seen_off = False
        out.set(switch, 0)
        out.keep()

    def follow(self, now: int, levels: tuple[int, ...], out: Outbox) -> None:
        """Once a step while busy: go on with the cycle, set again what does not obey, and give up with an event."""
        if self.cycling:
            self._follow_cycle(now, levels, out)
        for switch, (level, since) in list(self.expected.items()):
            reads = reading(levels, switch)
            if reads == level or now - since >= OBEY_WITHIN_NS:
                del self.expected[switch]
                if reads != level:
                    self._tell(switch, reads, level, out)
            elif now > since:
                out.set(switch, level)

    def _follow_cycle(self, now: int, levels: tuple[int, ...], out: Outbox) -> None:
        switch = self.kept.cycled_switch - 1
        reads = reading(levels, switch)
        self.seen_off = self.seen_off or reads == 0
        if now >= self.off_until:
            if not self.seen_off:
                self._tell(switch, reads, 0, out)
            self._end_cycle(now, out)
        elif reads and now > self.off_since:
            out.set(switch, 0)

    def _end_cycle(self, now: int, out: Outbox) -> None:
        self.set(now, self.kept.cycled_switch - 1, self.kept.cycled_level, out)

    def _forget_cycle(self, out: Outbox) -> None:
        self.kept.cycled_switch = self.kept.cycled_level = 0
        out.keep()

    def _tell(self, switch: int, reads: int, level: int, out: Outbox) -> None:
        self.disobeyed += 1
        out.event(self.not_obeyed, switch, reads, level)


def reading(levels: tuple[int, ...], switch: int) -> int:
    """255 for a switch that cannot be read."""
    return levels[switch] if switch < len(levels) else 0xFF
