"""`look_ahead`: what the elements say of the hours to come."""

from __future__ import annotations

from collections.abc import Callable

from flight.planning.ahead.anomaly import in_anomaly
from flight.planning.ahead.elements import Elements, Position, read_elements
from flight.planning.ahead.geometry import Horizon, above_limb, below, earth_fixed, sun_direction
from flight.planning.outlook import StationPass
from flight.planning.work import Ahead, LookAhead

NS = 1_000_000_000
STEP_NS = 30 * NS  # between two looks; a pass or a shadow that is shorter may be missed
EXACT_NS = NS // 10  # to which an edge is found
SAMPLES_MAX = 2_880  # a day
PASSES_MAX = 256
OLD_NS = 30 * 86_400 * NS  # SGP4 errs by kilometres a day; older elements are another orbit's

Spans = list[tuple[int, int]]


def look_ahead(asked: LookAhead) -> Ahead | str:
    """The answer, or one line that says why there is none."""
    elements = read_elements(asked.line1, asked.line2)
    if isinstance(elements, str):
        return elements
    if abs(asked.utc_0_ns - elements.epoch_ns) > OLD_NS:
        return "elements are more than 30 days away from their epoch"
    length_ns = asked.slots * asked.slot_s * NS
    if not 0 < length_ns <= SAMPLES_MAX * STEP_NS:
        return "a horizon that is none, or too long"
    return _Looking(asked, elements, length_ns).answer()


class _Looking:
    """Times inside are ns since slot 0."""

    def __init__(self, asked: LookAhead, elements: Elements, length_ns: int) -> None:
        self.asked, self.elements = asked, elements
        self.length_ns = length_ns
        self.times = [*range(0, length_ns, STEP_NS), length_ns]
        self.sun_0, self.sun_1 = sun_direction(asked.utc_0_ns), sun_direction(asked.utc_0_ns + length_ns)

    def answer(self) -> Ahead | str:
        asked = self.asked
        places = [self.elements.at(asked.utc_0_ns + at) for at in self.times]
        track = [place for place in places if place is not None]
        if len(track) < len(places):
            return "SGP4 has no answer for all of these hours"
        fixed = [earth_fixed(place, asked.utc_0_ns + at) for place, at in zip(track, self.times, strict=True)]
        dark = self._spans(
            [-self._lit(at, place) for at, place in zip(self.times, track, strict=True)], self._dark
        )
        edges = [
            (asked.slot_0_ns + at, into)
            for span in dark
            for at, into in zip(span, (True, False), strict=True)
        ]
        whole = (asked.slot_0_ns, asked.slot_0_ns + self.length_ns)
        return Ahead(
            asked.slot_0_ns,
            self._shares(dark),
            self._anomaly(fixed),
            tuple(edge for edge in edges if edge[0] not in whole),
            self._passes(fixed),
        )

    def _place(self, at: int) -> Position:
        place = self.elements.at(self.asked.utc_0_ns + at)
        return (
            place if place is not None else (0.0, 0.0, 2.0 * 6378.137)
        )  # between two times that had an answer

    def _lit(self, at: int, place: Position) -> float:
        """The Sun moves by a degree in a day: straight between its two ends it is right to 0.002 degrees."""
        share = at / self.length_ns
        (x0, y0, z0), (x1, y1, z1) = self.sun_0, self.sun_1
        return above_limb(place, (x0 + share * (x1 - x0), y0 + share * (y1 - y0), z0 + share * (z1 - z0)))

    def _dark(self, at: int) -> float:
        return -self._lit(at, self._place(at))

    def _spans(self, values: list[float], condition: Callable[[int], float]) -> Spans:
        """Where the condition is above zero, cut at both ends; `values` are its values at the times looked at."""
        found: Spans = []
        begin = 0 if values[0] > 0.0 else -1
        for index in range(1, len(values)):
            if (values[index] > 0.0) is (values[index - 1] > 0.0):
                continue
            at = self._crossing(self.times[index - 1], self.times[index], condition)
            if values[index] > 0.0:
                begin = at
            else:
                found.append((begin, at))
                begin = -1
        if begin >= 0:
            found.append((begin, self.length_ns))
        return found

    @staticmethod
    def _crossing(low: int, high: int, condition: Callable[[int], float]) -> int:
        rising = condition(high) > 0.0
        while high - low > EXACT_NS:
            middle = (low + high) // 2
            if (condition(middle) > 0.0) is rising:
                high = middle
            else:
                low = middle
        return (low + high) // 2

    def _shares(self, dark: Spans) -> tuple[float, ...]:
        slot_ns = self.asked.slot_s * NS
        shares = [0.0] * self.asked.slots
        for begin, end in dark:
            for slot in range(begin // slot_ns, min(self.asked.slots, -(-end // slot_ns))):
                covered = min(end, (slot + 1) * slot_ns) - max(begin, slot * slot_ns)
                shares[slot] += covered / slot_ns
        return tuple(min(1.0, round(share, 6)) for share in shares)

    def _anomaly(self, fixed: list[Position]) -> tuple[bool, ...]:
        """A slot counts if any look at it, both ends included, is inside."""
        slot_ns = self.asked.slot_s * NS
        touched = [False] * self.asked.slots
        for at, place in zip(self.times, fixed, strict=True):
            if in_anomaly(*below(place)):
                touched[min(at // slot_ns, self.asked.slots - 1)] = True
                if at and at % slot_ns == 0:
                    touched[at // slot_ns - 1] = True
        return tuple(touched)

    def _passes(self, fixed: list[Position]) -> tuple[StationPass, ...]:
        """In order of rise.  While two stations see it, there is one line down: the first one's."""
        found: list[tuple[int, int, int]] = []
        for station, site in enumerate(self.asked.sites):
            horizon = Horizon.of(site)

            def clear(at: int, horizon: Horizon = horizon) -> float:
                return horizon.clearance(earth_fixed(self._place(at), self.asked.utc_0_ns + at))

            spans = self._spans([horizon.clearance(place) for place in fixed], clear)
            found += [(begin, end, station) for begin, end in spans]
        counted, covered = [], 0
        for begin, end, station in sorted(found)[:PASSES_MAX]:
            seconds = max(0, end - max(begin, covered)) / NS
            covered = max(covered, end)
            octets = int(seconds * self.asked.sites[station].octets_per_s)
            counted.append(
                StationPass(self.asked.slot_0_ns + begin, self.asked.slot_0_ns + end, station, octets)
            )
        return tuple(counted)


def contact_mb(passes: tuple[StationPass, ...], slot_0_ns: int, slot_s: int, slots: int) -> tuple[float, ...]:
    """What each slot brings down, in MB.  `passes` are in order of rise; where two overlap, the first one counts."""
    volume, slot_ns = [0.0] * slots, slot_s * NS
    covered_ns = 0
    for one in passes:
        begin, end = max(one.first_ns, covered_ns) - slot_0_ns, one.last_ns - slot_0_ns
        covered_ns = max(covered_ns, one.last_ns)
        for slot in range(max(0, begin // slot_ns), min(slots, -(-end // slot_ns))):
            covered = min(end, (slot + 1) * slot_ns) - max(begin, slot * slot_ns)
            volume[slot] += one.octets / 1e6 * covered / (end - begin)
    return tuple(volume)
