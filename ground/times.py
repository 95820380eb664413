"""UTC of a moment on the mission clock, from when packets were received, with its uncertainty.

A packet is received at least the light time after it was stamped, and at most `latency_ns` later than that if
nothing held it up; so of many offsets (received - stamped - light time) the least is the best.  The mission clock
jumps at a reboot: what lies between two reboots is one era, and no offset is used outside its own.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import NamedTuple

NS = 1_000_000_000
LATENCY_NS = (
    2_200_000_000  # a packet waits for the next step of the downlink, then for a simulated link's second
)
DRIFT_PPM = 20  # of an ordinary crystal over temperature
POINT_EVERY_NS = 600 * NS  # one point for a pass, several for a link that is always up
POINTS_MAX = 4096  # a year of four passes a day, and some
ERAS_MAX = 1024
MILLION = 1_000_000


class Utc(NamedTuple):
    """`utc_ns` since 1970 as the ground's clock counts, right within `uncertainty_ns` to both sides."""

    utc_ns: int
    uncertainty_ns: int


class Point(NamedTuple):
    """At `mission_ns` the least offset was `offset_ns`."""

    mission_ns: int
    offset_ns: int


class Correlation:
    """Offsets of one spacecraft, by mission time."""

    def __init__(self, latency_ns: int = LATENCY_NS, drift_ppm: int = DRIFT_PPM) -> None:
        self.latency_ns, self.drift_ppm = latency_ns, drift_ppm
        self.points: list[Point] = []
        self.boots: list[int] = []  # mission times of reboots, ascending
        self._best: Point | None = None  # of the window under way
        self._window_ns = self._newest_ns = 0

    def sample(self, mission_ns: int, received_ns: int, light_time_ns: int = 0) -> Point | None:
        """One packet, best the newest of a reception.  The point that it completes, if it does."""
        done = None
        if self._best is not None and mission_ns >= self._window_ns + POINT_EVERY_NS:
            done = self.close()
        offset, self._newest_ns = received_ns - mission_ns - light_time_ns, mission_ns
        if self._best is None:
            self._window_ns = mission_ns
        if self._best is None or offset < self._best.offset_ns:
            self._best = Point(mission_ns, offset)
        return done

    def close(self) -> Point | None:
        """End the window: at the end of a contact, and at a reboot."""
        done, self._best = self._best, None
        if done is not None:
            self.add(done)
        return done

    def add(self, point: Point) -> None:
        """A point that was found before."""
        insort(self.points, point)
        del self.points[:-POINTS_MAX]

    def rebooted(self, mission_ns: int) -> Point | None:
        """The mission clock began anew at this time, after a jump.  The point of a window that this ends."""
        at = bisect_left(self.boots, mission_ns)
        if at < len(self.boots) and self.boots[at] == mission_ns:
            return None
        self.boots.insert(at, mission_ns)
        del self.boots[:-ERAS_MAX]
        return self.close() if self._window_ns < mission_ns else None

    def utc(self, mission_ns: int) -> Utc | None:
        """None while nothing is known."""
        points = [*self.points, self._best] if self._best else self.points
        if not points:
            return None
        near = self._of_era(points, mission_ns)
        if near:
            return self._within(near, mission_ns)
        return self._between(points, mission_ns)

    def mission(self, utc_ns: int) -> int | None:
        """The mission time of a moment to come; None while nothing is known of the clock since its last reboot."""
        newest = self._best or (self.points[-1] if self.points else None)
        if newest is None or (self.boots and newest.mission_ns < self.boots[-1]):
            return None
        return utc_ns - newest.offset_ns + self.latency_ns // 2

    def heard(self, since_ns: int, for_ns: int) -> tuple[int, Utc] | None:
        """A mission time and its UTC, of the era of `since_ns` and by what is heard just now, for at least `for_ns`;
        None if that era is over, or was not heard for so long."""
        best = self._best
        last = self.boots[-1] if self.boots else 0
        if best is None or min(best.mission_ns, since_ns, self._window_ns) < last:
            return None
        if self._newest_ns - self._window_ns < for_ns:
            return None
        half = self.latency_ns // 2
        return best.mission_ns, Utc(best.mission_ns + best.offset_ns - half, half)

    def _of_era(self, points: list[Point], mission_ns: int) -> list[Point]:
        era = bisect_right(self.boots, mission_ns)
        first = self.boots[era - 1] if era else -1
        last = self.boots[era] if era < len(self.boots) else 2**63
        return [point for point in points if first <= point.mission_ns < last]

    def _within(self, points: list[Point], mission_ns: int) -> Utc:
        """Between two points the offset runs straight; beyond the last the crystal may have drifted."""
        at = bisect_left(points, (mission_ns, 0))
        half = self.latency_ns // 2
        if 0 < at < len(points):
            before, after = points[at - 1], points[at]
            share = (mission_ns - before.mission_ns) / (after.mission_ns - before.mission_ns)
            offset = before.offset_ns + int(share * (after.offset_ns - before.offset_ns))
            return Utc(mission_ns + offset - half, half)
        nearest = points[min(at, len(points) - 1)]
        away = abs(mission_ns - nearest.mission_ns)
        return Utc(mission_ns + nearest.offset_ns - half, half + away * self.drift_ppm // MILLION)

    def _between(self, points: list[Point], mission_ns: int) -> Utc:
        """No point of this era: the offset lies about between those of its neighbours, or nobody knows how far off."""
        at = bisect_left(points, (mission_ns, 0))
        low, high = points[max(0, at - 1)].offset_ns, points[min(at, len(points) - 1)].offset_ns
        half = self.latency_ns // 2
        spread = abs(high - low) // 2 if 0 < at < len(points) else 2**62
        return Utc(mission_ns + (low + high) // 2 - half, half + spread)
