"""The line to a ground station: it carries the octets of the radio both ways, and comes back by itself.

Down come CADUs, up go start sequences with telecommand frames; nothing else is on it.  So whether the spacecraft is
in sight is read from the octets themselves: `Contact` is up while they flow.
"""

from __future__ import annotations

from dataclasses import dataclass

from flight.wire.line_address import LineAddress, LineKind
from ground.outlets import Outlet, open_outlet

NS = 1_000_000_000
RETRY_FIRST_NS, RETRY_LONGEST_NS = (
    NS // 4,
    10 * NS,
)  # a world that starts takes a second; a dead one is not pressed
CONNECT_WITHIN_NS = 10 * NS
READ_OCTETS = 1 << 16
READS_AT_ONCE = 16  # one megabyte: then the operators get their turn
WAITING_MAX = 1 << 16  # octets towards the station: a minute of uplink at 9,600 bit/s
SILENCE_NS = 20 * NS  # on the ground's clock: two periods of the packets that always come, and a frame
SILENCE_REAL_NS = 3 * NS  # and on this computer's: a simulation at high speed may stall for as long


@dataclass(slots=True)
class LinkTotals:
    """For the link page; octets."""

    received: int = 0
    sent: int = 0
    discarded: int = 0  # towards the station, when the line was down or full
    connections: int = 0


class StationLink:
    """Never blocks.  `outlet` is what to poll; `now` is this computer's monotonic time in ns."""

    def __init__(self, address: LineAddress) -> None:
        self.address = address
        self.outlet: Outlet | None = None
        self.connected = False
        self.totals = LinkTotals()
        self.error = ""
        self._waiting = bytearray()
        self._retry_ns = RETRY_FIRST_NS
        self._due: int | None = 0  # when to try again, or to give up a connection that is being made

    @property
    def wants_to_write(self) -> bool:
        return self.outlet is not None and (not self.connected or bool(self._waiting))

    def next_deadline(self) -> int | None:
        return self._due

    def on_deadline(self, now: int) -> None:
        if self._due is None or now < self._due:
            return
        if self.outlet is not None:
            self._fail(TimeoutError("no answer"), now)
        else:
            self._connect(now)

    def _connect(self, now: int) -> None:
        try:
            self.outlet = open_outlet(self.address)
        except OSError as error:
            self._fail(error, now)
        else:
            self._due = now + CONNECT_WITHIN_NS

    def on_writable(self, now: int) -> None:
        outlet = self.outlet
        if outlet is None:
            return
        try:
            if not self.connected:
                outlet.ready()
                self.connected, self._due, self._retry_ns, self.error = True, None, RETRY_FIRST_NS, ""
                self.totals.connections += 1
            self._write(outlet)
        except OSError as error:
            self._fail(error, now)

    def _write(self, outlet: Outlet) -> None:
        while self._waiting and (count := outlet.write(bytes(self._waiting))):
            self.totals.sent += count
            del self._waiting[:count]

    def on_readable(self, now: int) -> bytes:
        """What has come; bounded, so that a fast line cannot starve the rest."""
        outlet, parts = self.outlet, list[bytes]()
        try:
            for _ in range(READS_AT_ONCE if outlet is not None and self.connected else 0):
                assert outlet is not None
                part = outlet.read(READ_OCTETS)
                if part is None:
                    break
                parts.append(part)
        except OSError as error:
            self._fail(error, now)
        data = b"".join(parts)
        self.totals.received += len(data)
        return data

    def send(self, data: bytes, now: int) -> None:
        """Towards the radio; what finds no line is lost, as it would be in the air, and counted."""
        if not self.connected or self.outlet is None or len(self._waiting) + len(data) > WAITING_MAX:
            self.totals.discarded += len(data)
            return
        self._waiting += data
        self.on_writable(now)

    def _fail(self, error: OSError, now: int) -> None:
        """Close, and try again: later and later, but a device that may be plugged in again at any moment at once."""
        self.close()
        self.error = error.strerror or str(error)
        self._due = now + self._retry_ns
        if self.address.kind is not LineKind.SERIAL:
            self._retry_ns = min(2 * self._retry_ns, RETRY_LONGEST_NS)

    def close(self) -> None:
        self.totals.discarded += len(self._waiting)
        self._waiting.clear()
        self.connected = False
        if self.outlet is not None:
            self.outlet.close()
            self.outlet = None


class Contact:
    """Up from the first octets until nothing has come for a while, on both clocks: ground's and this computer's."""

    def __init__(self) -> None:
        self.up = False
        self._ground_ns = self._real_ns = 0

    def heard(self, ground_ns: int, real_ns: int) -> bool:
        """Octets have come.  True if that begins a contact."""
        self._ground_ns, self._real_ns = ground_ns, real_ns
        began, self.up = not self.up, True
        return began

    def silent(self, ground_ns: int, real_ns: int) -> bool:
        """True if the contact ends now."""
        quiet = ground_ns - self._ground_ns >= SILENCE_NS and real_ns - self._real_ns >= SILENCE_REAL_NS
        if not self.up or not quiet:
            return False
        self.up = False
        return True

    def next_deadline(self, speed: float) -> int | None:
        """On this computer's clock."""
        return self._real_ns + max(SILENCE_REAL_NS, int(SILENCE_NS / speed)) if self.up else None
