"""`flight.ports.Link` over whatever carries octets: a serial port, TCP, UDP.  Raw octets, byte for byte.

`tend` once each tick, ahead of everybody else, moves octets between the operating system and two bounded buffers, and
looks after the connection; `send` hands on at once what may go, or the line would idle until the next tick.  Nothing
waits.  The device may be absent at start, be pulled out and
come back: it is tried four times a second.  What was in the buffer when a connection broke is lost and counted, for
half a frame is worth nothing to the next connection.

What a transmitter holds cannot be overtaken.  So where the rate of the line is known, `room` leaves at most `ahead_ns`
of it queued below the caller, counted by what the operating system says that it still holds and by what the line can
have carried since: an adapter's own memory and a pseudo-terminal say nothing.
"""

from __future__ import annotations

from typing import Protocol

from flight.ports import LineState

NS = 1_000_000_000
AHEAD_NS = NS // 10
RETRY_NS = NS // 4  # telemetry flows again within 2 s of a plug; a look for an absent device costs some 20 us
CONNECT_WITHIN_NS = 5 * NS
WAITING_MAX = 65_536  # octets each way; half a second at 1 Mbit/s
READ_MAX = 16_384  # octets in one tick: more than 1 Mbit/s
FRAMES_AHEAD = (
    2  # where less of them fit into `ahead_ns`, one more may wait, or the line would idle between them
)


class Endpoint(Protocol):
    """What a driver adds.  OSError from any of these: the device is gone, or does not come."""

    def open(self) -> bool:
        """One step of opening; False while it is not done."""
        ...

    def read(self, count: int) -> bytes:
        """At most so many octets; none if there are none."""
        ...

    def write(self, data: bytes) -> int:
        """How many were taken."""
        ...

    def held(self) -> int:
        """Octets that were taken and, as far as one can tell, not sent."""
        ...

    def close(self) -> None: ...


class LineLink:
    """`octets_s` 0 where the rate is not known; `unit_octets` is what is handed over at once, a frame."""

    def __init__(
        self, endpoint: Endpoint, octets_s: int = 0, unit_octets: int = 1, ahead_ns: int = AHEAD_NS
    ) -> None:
        self.endpoint, self.octets_s = endpoint, octets_s
        self.connected = False
        self.connections = self.failures = 0
        self.sent_octets = self.received_octets = self.lost_octets = 0
        self.why = ""  # of the last failure
        self._limit = _queue_limit(octets_s, unit_octets, ahead_ns)
        self._below_limit = _queue_limit(octets_s, unit_octets, AHEAD_NS)
        self._outgoing, self._incoming = bytearray(), bytearray()
        self._opening = False
        self._try_at = self._give_up_at = 0
        self._now = 0  # of this tick
        self._held = 0  # below us, at the last look
        self._idle_at = 0  # when the line has carried all that was taken

    def tend(self, now: int) -> None:
        """Once each tick; `now` in ns, of any clock that only goes forward."""
        self._now = now
        try:
            if self.connected or self._open(now):
                self._look(now)
                self._pull()
                self._push(now)
        except OSError as error:
            self._fail(error, now)

    # ---------------------------------------------------------------- flight.ports.Link

    def carrier(self) -> bool:
        return self.connected

    def receive(self) -> bytes:
        data = bytes(self._incoming)
        self._incoming.clear()
        return data

    def room(self) -> int:
        if not self.connected:
            return 0
        return max(0, self._limit - len(self._outgoing) - self._held)

    def send(self, data: bytes) -> None:
        """Beyond the room it is lost, and counted."""
        if not self.connected or len(self._outgoing) + len(data) > WAITING_MAX:
            self.lost_octets += len(data)
            return
        self._outgoing += data
        try:
            self._push(self._now)
        except OSError as error:
            self._fail(error, self._now)

    def line(self) -> LineState:
        return LineState(
            self.connected,
            self.sent_octets,
            self.received_octets,
            self.lost_octets,
            self.connections,
            self.failures,
            len(self._outgoing) + self._held,
        )

    def close(self) -> None:
        self.endpoint.close()
        self.lost_octets += len(self._outgoing)
        self._outgoing.clear()
        self.connected = self._opening = False
        self._held = self._idle_at = 0

    # ---------------------------------------------------------------- connection

    def _open(self, now: int) -> bool:
        if not self._opening:
            if now < self._try_at:
                return False
            self._opening, self._give_up_at = True, now + CONNECT_WITHIN_NS
        if not self.endpoint.open():
            if now > self._give_up_at:
                raise TimeoutError("no answer")
            return False
        self.connected, self._opening, self.why = True, False, ""
        self.connections += 1
        return True

    def _fail(self, error: OSError, now: int) -> None:
        self.failures += 1
        self.why = error.strerror or str(error)
        self.close()
        self._try_at = now + RETRY_NS

    # ---------------------------------------------------------------- octets

    def _look(self, now: int) -> None:
        """How much is below us."""
        left = -(-max(0, self._idle_at - now) * self.octets_s // NS)
        self._held = max(self.endpoint.held(), left)

    def _pull(self) -> None:
        count = min(READ_MAX, WAITING_MAX - len(self._incoming))
        if count > 0:
            data = self.endpoint.read(count)
            self._incoming += data
            self.received_octets += len(data)

    def _push(self, now: int) -> None:
        outgoing = self._outgoing
        while outgoing:
            allowed = self._below_limit - self._held
            if allowed <= 0:
                return
            taken = self.endpoint.write(bytes(outgoing[:allowed]))
            if taken == 0:
                return
            del outgoing[:taken]
            self.sent_octets += taken
            if self.octets_s:
                self._held += taken
                self._idle_at = max(self._idle_at, now) + taken * NS // self.octets_s


def _queue_limit(octets_s: int, unit_octets: int, ahead_ns: int) -> int:
    if not octets_s:
        return WAITING_MAX
    ahead = octets_s * ahead_ns // NS
    wanted = ahead if ahead >= FRAMES_AHEAD * unit_octets else ahead + unit_octets
    return min(WAITING_MAX, wanted)
