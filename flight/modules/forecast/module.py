"""The forecast module: measures slot by slot, learns, lets the planning worker look ahead, and posts the outlook."""

from __future__ import annotations

import math
from collections import namedtuple
from typing import NamedTuple, cast

from flight.declare import (
    DONE,
    SECOND,
    Access,
    Boot,
    Call,
    Failed,
    Inbox,
    Octets,
    Outbox,
    Outcome,
    Overflow,
    Refused,
    SaveDocument,
    Stored,
    Waiting,
    command,
)
from flight.modules.forecast.accuracy import Accuracy
from flight.modules.forecast.edges import EdgeWatch
from flight.modules.forecast.fits import Fits
from flight.modules.forecast.guarding import Energy
from flight.modules.forecast.loads import BoardLoad, SlotMeans, Sums
from flight.modules.forecast.loops import Loops, hottest
from flight.modules.forecast.model import Outside, model_of
from flight.modules.forecast.outlooks import Phase, Sky, harvests, learned_sky, moved_of, outlook_of, sky_of
from flight.modules.forecast.packets import Declared, Errors, Loads, Source, Status, outputs_of
from flight.modules.forecast.planned import Planned
from flight.modules.forecast.showing import show_errors, show_learned, show_loads, show_next
from flight.modules.forecast.throttle import RulesInForce
from flight.planning import Ahead, LookAhead, PlannedLoads, PlanningTable
from flight.planning.ahead import LINE_LENGTH, contact_mb, read_elements, satellite_number, two_lines

DOCUMENT = "elements"
LOOK_EVERY, POST_EVERY = 120, 20  # slots
TELL_EVERY = 5  # slots: so often a forecast is kept and compared later
LOOK_WITHIN_NS = 60 * SECOND
STORE_WITHIN_NS = 30 * SECOND
STALE_NS = 3 * SECOND  # charge of three steps ago is no measurement
LEAST_READINGS = 20  # seconds of a slot that make a mean
BEGUN_NS = 180 * SECOND  # into a look ahead: twice what an edge may be off
UTC_MOVED_NS = SECOND  # a correlation that moves UTC by less changes no slot
WHY_OCTETS = 80
LONG_AGO_S = 1e6


class ForecastInputs(NamedTuple):
    """The first inputs of every forecast module; the table's sensors of temperature follow, and where its boards have
    names what the ladder and each board are asked for."""

    array_power: float
    load_power: float
    charge: float
    charge_age: int
    sunlit: bool
    array_expected: float
    array_free: bool
    sun_edge_ns: int
    phase_left: float
    eclipse_expected: float
    orbit_period: float
    carrier: bool
    levels: tuple[int, ...]
    utc_known: bool
    utc_offset_ns: int
    utc_sure: bool


class Forecasting(Declared):
    """Made by `forecast`."""

    def __init__(self, table: PlanningTable, boards: tuple[BoardLoad, ...], outlook: str) -> None:
        self.loops = Loops(table, boards, len(ForecastInputs._fields))
        fields = [*ForecastInputs._fields, *table.sensors, *self.loops.signals]
        self.Inputs = namedtuple("Inputs", fields)  # type: ignore[misc]  # noqa: PYI024
        self.in_force = RulesInForce()
        self.table, self.inbox = table, outlook
        self.limits, self.slot_ns = table.limits(), table.slot_s * SECOND
        self.outputs, self.status, self.errors = outputs_of(table.loops)(), Status(), Errors()
        self.status.refresh, self.errors.refresh = self._show, self._show_errors
        self.loads = Loads()
        self.loads.refresh = self._show_loads
        self.outputs.planning_energy_wh = self.hottest_c = math.nan
        self.loop_names = [f"planning_loop_{loop + 1}_c" for loop in range(table.loops)]
        vars(self.outputs).update(dict.fromkeys(self.loop_names, math.nan))
        self.outputs.in_anomaly = True
        self.fits = Fits(table, self.loops.ladder.most_w())
        self.edges, self.accuracy = EdgeWatch(), Accuracy(table.slot_s)
        self.sums = Sums(table.loops)
        self.planned: Inbox[PlannedLoads] = Inbox(1, Overflow.DROP_OLDEST)
        self.plan = Planned([len(board.watts) - 1 for board in boards])
        self.lines: tuple[str, str] | None = None
        self.epoch_ns = 0
        self.ahead: Ahead | None = None
        self.sky: Sky | None = None  # of the outlook that was posted last
        self.posted_with = (0.0, 0.0, 0.0, 0.0)
        self.slot = -1  # the one under way
        self.look_at = 0  # the slot from which the next look is due
        self.looking = 0  # its ticket
        self.post_at = 0  # the slot from which an outlook is posted, whatever has moved
        self.offset_ns: int | None = None  # of UTC, as the last look was taken with
        self.saving: tuple[int, int, str, str] | None = None  # ticket, command, lines
        self.sunrise_at: int | None = None
        self.lit = False
        self.failed = False  # the last look; said once
        self.document: bytes | None = None
        self.seen: ForecastInputs | None = None
        self.now = 0

    def connect(self, access: Access) -> None:
        self.document = access.documents.get(DOCUMENT)
        self.in_force = RulesInForce(access.parameters)

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        self.now = now
        if self.document is not None and (kept := two_lines(self.document)) is not None:
            self._use(*kept)

    # ---------------------------------------------------------------- each second

    def step(self, now: int, sees: tuple[object, ...], out: Outbox) -> None:
        seen = self.seen = cast("ForecastInputs", sees)
        self.now = now
        outputs = self.outputs
        fresh = seen.charge_age <= STALE_NS
        outputs.planning_energy_wh = seen.charge * self.table.capacity_wh if fresh else math.nan
        loops = self.loops
        loops.see(now, sees, seen.levels)
        self.hottest_c = hottest(loops.hot_c)
        vars(outputs).update(zip(self.loop_names, loops.slow_c(now), strict=True))
        if seen.sunlit is not self.lit:
            self.lit = seen.sunlit
            self.sunrise_at = now if seen.sunlit else None
        slot = now // self.slot_ns
        if slot != self.slot:
            self._turn(now, slot, seen, out)
        elif seen.utc_known and self.offset_ns is None:  # from now on
            self._watch_utc(seen)
            self._look(slot, seen, out)
        self.sums.add(
            seen.array_power, seen.load_power, loops.watts, seen.sunlit, seen.array_free, seen.carrier
        )
        if seen.sun_edge_ns != self.edges.seen_at and self.ahead is not None:
            self._edge(seen, out)

    def _turn(self, now: int, slot: int, seen: ForecastInputs, out: Outbox) -> None:
        """One slot is over, another begins."""
        temperature_c = self.hottest_c
        if slot == self.slot + 1:
            means = self.sums.means(LEAST_READINGS)
            self._learn(means, seen.charge)
            self.accuracy.see(means, self._charge(), temperature_c)
            self._compare(self.slot, means, out)
        else:
            self.accuracy.begin()  # a hole in time: what was forecast is not measured
        self.sums.begin()
        self.slot = slot
        self.loops.begin_slot(self.now)
        self._watch_utc(seen)
        if slot >= self.look_at:
            self._look(slot, seen, out)
        if slot >= self.post_at or self._moved() or self._source() is not self.source:
            self._post(out)
        if slot % TELL_EVERY:
            self.accuracy.tell_nothing()
        else:
            self._tell()
        self.outputs.in_anomaly = self._in_anomaly(slot)

    def _charge(self) -> float:
        return self.outputs.planning_energy_wh / self.table.capacity_wh

    def _learn(self, means: SlotMeans, charge: float) -> None:
        since_s = (self.now - self.sunrise_at) / SECOND if self.sunrise_at is not None else LONG_AGO_S
        self.fits.learn(means, since_s)
        self.fits.learn_heat(means, self.loops.before_c, self.loops.slow_c(self.now))
        self.fits.learn_taper(means, charge)

    # ---------------------------------------------------------------- the sky

    def _watch_utc(self, seen: ForecastInputs) -> None:
        """What was looked at with another UTC is forgotten."""
        if not seen.utc_known:
            self.ahead, self.offset_ns = None, None
        elif self.offset_ns is None or abs(seen.utc_offset_ns - self.offset_ns) > UTC_MOVED_NS:
            self.offset_ns, self.look_at = seen.utc_offset_ns, 0
            self.edges.forget()

    def _look(self, slot: int, seen: ForecastInputs, out: Outbox) -> None:
        """Ask for a look ahead; without elements or UTC the learned sky is as far as one sees."""
        if self.looking or self.lines is None or not seen.utc_known:
            return
        self.look_at = slot + LOOK_EVERY
        slot_0_ns = slot * self.slot_ns
        late_ns = round(self.edges.shift_s * SECOND)
        utc_0_ns = slot_0_ns + seen.utc_offset_ns - late_ns
        table = self.table
        slots = table.slots + LOOK_EVERY
        asked = LookAhead(slot_0_ns, utc_0_ns, table.slot_s, slots, *self.lines, table.sites)
        self.looking = out.submit(asked, LOOK_WITHIN_NS)
        self.status.looks += 1

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        if self.saving is not None and ticket == self.saving[0]:
            self._saved(result, out)
        if ticket != self.looking:
            return
        self.looking = 0
        if isinstance(result, Ahead):
            self.ahead, self.failed = result, False
            self._post(out)
            return
        self.status.looks_failed += 1
        self.look_at = self.slot + 1 if not isinstance(result, Failed) else self.look_at
        if not self.failed:
            self.failed = True
            why = result.reason if isinstance(result, Failed) else type(result).__name__
            out.event(self.not_looked, why.encode("ascii", "replace")[:WHY_OCTETS])
        if self.sky is None:
            self._post(out)

    def _edge(self, seen: ForecastInputs, out: Outbox) -> None:
        assert self.ahead is not None
        if seen.sun_edge_ns < self.ahead.slot_0_ns + BEGUN_NS:  # the look may have begun behind it
            self.edges.seen_at = seen.sun_edge_ns
            return
        was = self.edges.contradicted
        if self.edges.edge(seen.sun_edge_ns, not seen.sunlit, self.ahead):
            self.look_at = 0
        self._said(was, out)

    def _compare(self, slot: int, means: SlotMeans, out: Outbox) -> None:
        """The slot that is over, as it was expected and as it was."""
        if self.ahead is None or not math.isfinite(means.array_w):
            return
        place = slot - self.ahead.slot_0_ns // self.slot_ns
        if 0 <= place < len(self.ahead.eclipse):
            was = self.edges.contradicted
            self.edges.slot(self.ahead.eclipse[place], means.lit)
            self._said(was, out)

    def _said(self, was: bool, out: Outbox) -> None:
        if self.edges.contradicted is not was:
            out.event(self.agreed if was else self.contradicted, round(self.edges.error_s))

    def _source(self) -> Source:
        """What an outlook made now would be from."""
        ahead = self.ahead
        if ahead is None or self.edges.contradicted:
            return Source.LEARNED
        left = ahead.slot_0_ns // self.slot_ns + len(ahead.eclipse) - self.slot
        return Source.ELEMENTS if left >= self.table.slots // 2 else Source.LEARNED

    @property
    def source(self) -> Source:
        return Source(self.status.source)

    def _phase(self) -> Phase:
        seen = self.seen
        assert seen is not None
        return Phase(seen.sunlit, seen.phase_left, seen.eclipse_expected, max(1.0, seen.orbit_period))

    def _in_anomaly(self, slot: int) -> bool:
        """What is not known counts as inside."""
        sky = self.sky
        place = slot - sky.slot_0_ns // self.slot_ns if sky is not None else -1
        return sky is None or not 0 <= place < len(sky.anomaly) or sky.anomaly[place]

    # ---------------------------------------------------------------- the outlook

    def _post(self, out: Outbox) -> None:
        if self.seen is None:
            return
        source, table = self._source(), self.table
        if source is Source.ELEMENTS and self.ahead is not None:
            place = self.slot - self.ahead.slot_0_ns // self.slot_ns
            sky = sky_of(self.ahead, place, table, sure=self.seen.utc_sure)
        else:
            sky = learned_sky(self.now, self._phase(), table.slot_s, table.slots)
        if source is not self.source:
            self.status.source = source
            out.event(self.source_changed, source)
        self.sky, self.posted_with, self.post_at = sky, moved_of(self.fits), self.slot + POST_EVERY
        utc_0_s = (sky.slot_0_ns + self.seen.utc_offset_ns) // SECOND if self.seen.utc_known else 0
        outlook = outlook_of(sky, self.fits, self.limits, self._since_sunrise_s(sky.slot_0_ns), utc_0_s)
        if self.inbox:
            out.post(self.inbox, outlook)
        self.status.posted = (self.status.posted + 1) & 0xFFFF
        self.outputs.in_anomaly = self._in_anomaly(self.slot)

    def _since_sunrise_s(self, at: int) -> float:
        if self.sunrise_at is None:
            return 0.0
        return max(0.0, (at - self.sunrise_at) / SECOND)

    def _moved(self) -> bool:
        pairs = zip(moved_of(self.fits), self.posted_with, strict=True)
        return any(abs(now - then) > 1.0 for now, then in pairs)

    def _tell(self) -> None:
        """For the account of errors: the next 30 minutes as they are expected now."""
        table, slots = self.table, self.accuracy.slots
        if self._source() is Source.ELEMENTS and self.sky is not None:
            place = self.slot - self.sky.slot_0_ns // self.slot_ns
            eclipse = self.sky.eclipse[place : place + slots]
            begin, end = self.slot * self.slot_ns, (self.slot + slots) * self.slot_ns
            near = tuple(one for one in self.sky.passes if one.last_ns > begin and one.first_ns < end)
            contact = contact_mb(near, begin, table.slot_s, slots)
        else:
            eclipse = learned_sky(self.now, self._phase(), table.slot_s, slots).eclipse
            contact = (0.0,) * slots
        harvest_w = harvests(eclipse, self.fits, self._since_sunrise_s(self.now), table.slot_s)
        base_w = tuple(self.fits.contact_w if volume else self.fits.base_w for volume in contact)
        model = model_of(self.fits, self.limits)
        outside = Outside(harvest_w, base_w, tuple(eclipse))
        rules, charge = self.in_force.now(), self._charge()
        loops = self.loops.warm(self.now)
        ladder = self.loops.ladder
        self.plan.take(self.planned.drain())
        course = self.plan.course(self.now, [board.aim for board in ladder.boards], self.slot_ns, slots)
        energy = Energy(self._phase(), self.seen.array_expected) if self.seen is not None else None
        loops_w = ladder.ahead(self.now, rules, model, charge, loops, outside, course, energy)
        self.accuracy.tell(model, charge, loops, outside, loops_w)

    # ---------------------------------------------------------------- elements

    @command()
    def elements(self, call: Call, out: Outbox, lines: Octets) -> Outcome:
        """Take a two-line element set, both lines behind each other, with a line break or without."""
        found = two_lines(lines)
        if found is None:
            return Refused(f"not two lines of {LINE_LENGTH} plain characters")
        elements = read_elements(*found)
        if isinstance(elements, str):
            return Refused(elements)
        if self.saving is not None:
            return Refused("elements are being stored")
        ticket = out.submit(SaveDocument(DOCUMENT, "\n".join(found).encode()), STORE_WITHIN_NS)
        self.saving = (ticket, call.ident, *found)
        return Waiting(2 * STORE_WITHIN_NS)

    def _saved(self, result: object, out: Outbox) -> None:
        assert self.saving is not None
        _, ident, line1, line2 = self.saving
        self.saving = None
        if not isinstance(result, Stored):
            out.finish(ident, Refused("not stored, so not taken"))
            return
        self._use(line1, line2)
        out.event(self.elements_taken, satellite_number(line1))
        out.finish(ident, DONE)

    def _use(self, line1: str, line2: str) -> None:
        elements = read_elements(line1, line2)
        if isinstance(elements, str):  # kept ones that do not hold their checksum
            return
        self.lines, self.epoch_ns, self.look_at = (line1, line2), elements.epoch_ns, 0
        self.failed = False
        self.edges.forget()

    # ---------------------------------------------------------------- telemetry

    def _show(self) -> None:
        status, edges = self.status, self.edges
        status.elements_kept, status.contradicted = self.lines is not None, edges.contradicted
        status.elements_age = 0
        if self.seen is not None and self.seen.utc_known and self.lines is not None:
            age_s = (self.now + self.seen.utc_offset_ns - self.epoch_ns) // SECOND
            status.elements_age = min(max(0, age_s), 0xFFFF_FFFF)
        status.edges_compared = edges.compared & 0xFFFF
        status.edge_error, status.shift = round(edges.error_s), round(edges.shift_s)
        status.in_anomaly = self.outputs.in_anomaly
        status.energy, status.temperature = (
            self.outputs.planning_energy_wh,
            self.hottest_c,
        )
        show_learned(status, self.fits)
        show_next(status, self.sky, self.now, self.table.slot_s)

    def _show_errors(self) -> None:
        show_errors(self.errors, self.accuracy)

    def _show_loads(self) -> None:
        show_loads(self.loads, self.plan)


def forecast(
    table: PlanningTable, boards: tuple[BoardLoad, ...], outlook: str = "jobs.outlook"
) -> Forecasting:
    """The forecast module of a mission; `outlook` is the inbox that gets its outlooks, "" for none."""
    return Forecasting(table, boards, outlook)
