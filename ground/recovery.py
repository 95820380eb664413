"""Closing gaps: which missing records to ask the spacecraft for, and when.

By itself the spacecraft plays back what no pass has seen, the most important store first and the oldest first, on
virtual channel 1.  So a gap is asked for only when playback has passed it, or when it lies among what was sent live
in this contact, or when nothing has come out of any gap for a while.  Every gap ends by its records or by a report
that they do not exist.  Of a store whose playback is suspended nothing is asked for until it is resumed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import islice

from flight.wire.packet_stores import RANGE
from ground.gaps import Coverage, Interval
from ground.reception import Reception
from ground.telemetry import Telemetry

NS = 1_000_000_000
LOOK_EVERY_NS = 5 * NS
STALLED_NS = 20 * NS  # a read of the recorder may take long; by then playback has begun or is over
REPEAT_NS = 30 * NS  # asked for and not come: light time, a slow read, and the records before it
OPEN_MAX = 4  # requests at once: their repeats and answers share the line with the operator
JOIN_NEAREST = 16  # gaps so near to each other are one request: some records twice cost less than a request
SPAN_MAX = 2000  # records in one request: a minute of line; a lost answer then costs no more than that
LOOKED_AT = 256  # gaps of a store in one look
RETRIEVAL, SUSPENDED = "downlink.retrieval", "suspended_"  # a packet, and how its fields for the stores begin

Asked = tuple[int, int, int]  # store, first, last


class Recovery:
    """Of one spacecraft.  Time is the ground's, in ns; only contact counts."""

    def __init__(
        self,
        coverage: Sequence[Coverage],
        reception: Reception,
        suspended: Callable[[], Collection[int]] = tuple,
    ) -> None:
        """`suspended` are stores that are not to be played back."""
        self.coverage, self.reception, self.suspended = coverage, reception, suspended
        self.open: dict[Asked, int] = {}  # request -> when it was made
        self.requests = 0
        self._look_at_ns = 0
        self._seen: set[tuple[int, int]] = set()  # (store, last) of the gaps at the look before
        self._missing = -1
        self._progress_ns = 0

    def begin_contact(self, now_ns: int) -> None:
        self.open.clear()
        self._seen.clear()
        self._progress_ns = now_ns
        self._look_at_ns = now_ns + LOOK_EVERY_NS

    def missing(self) -> int:
        """Records of all stores that are neither here nor known to be absent."""
        return sum(of.missing() for of in self.coverage)

    def due(self, now_ns: int) -> list[Asked]:
        """What to ask for now; call it often, in contact only."""
        if now_ns < self._look_at_ns:
            return []
        self._look_at_ns = now_ns + LOOK_EVERY_NS
        missing = self.missing()
        if missing < self._missing:
            self._progress_ns = now_ns
        self._missing = missing
        self.open = {asked: at for asked, at in self.open.items() if self._waits(asked, at, now_ns)}
        stalled = now_ns - self._progress_ns >= STALLED_NS
        seen, self._seen = self._seen, set()
        found: list[Asked] = []
        waiting = self.suspended()
        for store in range(len(self.coverage)):
            if store not in waiting:
                found += self._ripe(store, seen, stalled=stalled)
        chosen = [asked for asked in found if not self._overlaps(asked)][: OPEN_MAX - len(self.open)]
        self.open.update(dict.fromkeys(chosen, now_ns))
        self.requests += len(chosen)
        return chosen

    def _waits(self, asked: Asked, at: int, now_ns: int) -> bool:
        """Whether a request has still something to bring, and time."""
        store, first, last = asked
        holes = self.coverage[store].received.holes(first, last)
        unknown = any(True for hole in holes for _ in self.coverage[store].absent.holes(*hole))
        return unknown and now_ns < at + REPEAT_NS

    def _overlaps(self, asked: Asked) -> bool:
        return any(
            asked[0] == store and asked[1] <= last and first <= asked[2] for store, first, last in self.open
        )

    def _ripe(self, store: int, seen: set[tuple[int, int]], *, stalled: bool) -> list[Asked]:
        """Gaps that were there at the look before and that nothing on its way will close, joined and cut to size."""
        played, live = self.reception.played_high[store], self.reception.live_low[store]
        ripe: list[Interval] = []
        for first, last in islice(self.coverage[store].gaps(), LOOKED_AT):
            self._seen.add((store, last))
            if (store, last) in seen and (stalled or last < played or 0 <= live < first):
                if ripe and first - ripe[-1][1] <= JOIN_NEAREST and last - ripe[-1][0] < SPAN_MAX:
                    ripe[-1] = (ripe[-1][0], last)
                else:
                    ripe.append((first, last))
        return [(store, first, min(last, first + SPAN_MAX - 1)) for first, last in ripe]


def request_data(asked: Asked) -> bytes:
    """The data of TC[15,129]."""
    return RANGE.pack(*asked)


def suspended_stores(latest: Telemetry) -> list[int]:
    """As the spacecraft has last told."""
    reading = latest.get(RETRIEVAL)
    values = reading.values if reading is not None else ()
    stores = enumerate(latest.dictionary.stores)
    return [store for store, name in stores if getattr(values, SUSPENDED + name, False)]
