"""Jobs of a run for its report: what the ground has heard of them, over the eclipses and passes of the world."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flight.jobs import Fault
from flight.planning import PlanRecord, read_record
from flight.planning.ahead.anomaly import in_anomaly
from ground import Ground
from ground.job_facts import JobFacts
from ground.job_ledger import board_names
from ground.jobs import Gantt, gantt_of_run
from ground.jobs.client import PLANS, TAKE
from ground.jobs.gantt import ANOMALY, ECLIPSE, PASS, Band
from sim.observe import Observer
from sim.payload.deliveries import when_down
from sim.result import Series
from sim.world import World

RECORDS_MAX = 500  # plans that came down; one a pass


class PlansHeard:
    """Plans that came down whole, kept while the ground is open: a report is made when it is closed."""

    def __init__(self, ground: Ground) -> None:
        self.octets: list[bytes] = []
        when_down(ground, f"{PLANS}/", self._take)

    def _take(self, _name: str, octets: bytes) -> None:
        if len(self.octets) < RECORDS_MAX:
            self.octets.append(octets)

    def records(self) -> Iterator[PlanRecord]:
        """One that cannot be read is passed over here, and told by `job replay`."""
        for octets in self.octets:
            record = read_record(octets)
            if not isinstance(record, Fault):
                yield record


def jobs_of_run(
    ground: Ground, plans: PlansHeard, world: World, observer: Observer, length_s: float
) -> tuple[tuple[JobFacts, ...], Gantt | None]:
    """None for the chart of a mission that takes no jobs."""
    if TAKE not in ground.dictionary.commands_by_label:
        return (), None
    facts = tuple(ground.ledger.all_facts())
    bands = [
        *(Band(ECLIPSE, one.start_s, one.end_s) for one in world.environment.eclipses(length_s)),
        *(Band(PASS, one.start_s, one.end_s, one.station) for one in world.environment.passes(length_s)),
        *anomaly_bands(
            observer.series("time"), observer.series("latitude"), observer.series("longitude"), length_s
        ),
    ]
    boards = board_names(ground.dictionary)
    return facts, gantt_of_run(facts, tuple(plans.records()), boards, length_s, bands)


def anomaly_bands(
    times_s: Series, latitude_deg: Series, longitude_deg: Series, length_s: float
) -> Iterator[Band]:
    """From sample to sample, by the zone that flies; all series have one shape."""
    inside = np.array(
        [in_anomaly(*place) for place in zip(latitude_deg.tolist(), longitude_deg.tolist(), strict=True)],
        dtype=np.bool_,
    )
    edges = np.flatnonzero(np.diff(np.concatenate(([False], inside, [False])).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        last_s = float(times_s[end]) if end < len(times_s) else length_s
        yield Band(ANOMALY, float(times_s[start]), last_s)
