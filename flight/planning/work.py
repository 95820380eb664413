"""What modules ask of the planning worker, and what it answers (beside `Failed`).  Times are mission time, ns."""

from __future__ import annotations

from typing import NamedTuple

from flight.planning.outlook import StationPass


class Site(NamedTuple):
    """A ground station over WGS-84, the elevation from which it hears, and what it takes down."""

    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    lowest_deg: float
    octets_per_s: int


class LookAhead(NamedTuple):
    """Where the elements lead in `slots` slots of `slot_s`, of which the first begins at `slot_0_ns`.

    `utc_0_ns` is UTC then, in ns since 1970.
    """

    slot_0_ns: int
    utc_0_ns: int
    slot_s: int
    slots: int
    line1: str
    line2: str
    sites: tuple[Site, ...]


class Ahead(NamedTuple):
    """Each slot's share in shadow, whether it touches the anomaly, and edges of shadows: (ns, into the dark).

    A pass or a shadow that is under way at either end is cut there, and such a cut is no edge.
    """

    slot_0_ns: int
    eclipse: tuple[float, ...]
    anomaly: tuple[bool, ...]
    edges: tuple[tuple[int, bool], ...]
    passes: tuple[StationPass, ...]


class MakePlan(NamedTuple):
    """A record (`flight.planning.record`) of a problem."""

    record: bytes


class Planned(NamedTuple):
    """The same record, with its plan."""

    record: bytes


PLANNING_REQUESTS = (LookAhead, MakePlan)
